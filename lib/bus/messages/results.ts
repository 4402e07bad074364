// SPDX-License-Identifier: MIT
//
// What handlers return, and what they throw. Any thread.

import { inspect } from 'node:util';

/** An error as it travels. */
export function describeError(error: unknown): { name: string; message: string; code?: unknown } {
  if (!(error instanceof Error))
    return { name: 'Error', message: typeof error === 'string' ? error : inspect(error) };
  const [name, message] = [String(error.name), String(error.message)];
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' || typeof code === 'number' ? { name, message, code } : { name, message };
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    isObject(value) && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
  );
}

// A property of a text is looked up in a slow way.
function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
