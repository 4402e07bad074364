// SPDX-License-Identifier: MIT
//
// What handlers return, and what they throw: anybody's objects, of which reading a property may throw. Any thread.

import { inspect } from 'node:util';

/** An error as it travels. */
export interface ErrorTold {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
}

/** Of an error whose own properties throw. */
export const UNREADABLE: ErrorTold = Object.freeze({
  name: 'Error',
  message: 'What was thrown cannot be read',
});

/** Never throws. */
export function describeError(error: unknown): ErrorTold {
  try {
    return described(error);
  } catch {
    return UNREADABLE;
  }
}

function described(error: unknown): ErrorTold {
  if (!(error instanceof Error))
    return { name: 'Error', message: typeof error === 'string' ? error : inspect(error) };
  const [name, message] = [String(error.name), String(error.message)];
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' || typeof code === 'number' ? { name, message, code } : { name, message };
}

/** What is to become of a result: it is the answer, it will be known later, or it is a generator of parts. */
export enum Kind {
  value,
  later,
  parts,
}

/** Throws what reading its properties throws. */
export function kindOf(result: unknown): Kind {
  // A property of a text is looked up in a slow way.
  if ((typeof result !== 'object' || result === null) && typeof result !== 'function') return Kind.value;
  if (typeof (result as Partial<PromiseLike<unknown>>).then === 'function') return Kind.later;
  if (typeof (result as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function')
    return Kind.parts;
  return isGenerator(result) ? Kind.parts : Kind.value;
}

/** The parts of a generator. */
export function asParts(result: unknown): AsyncIterable<unknown> {
  return isGenerator(result) ? inTurns(result) : (result as AsyncIterable<unknown>);
}

// Arrays can be iterated, too, but have no next().
function isGenerator(result: unknown): result is IterableIterator<unknown> {
  const { next } = result as Partial<Iterator<unknown>>;
  return typeof next === 'function' && typeof (result as Iterable<unknown>)[Symbol.iterator] === 'function';
}

async function* inTurns(parts: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* parts;
}

const { then } = Promise.prototype;

/** `promise.then()`, also where somebody gave it another one. */
export function observe(
  promise: Promise<unknown>,
  resolved: (value: unknown) => unknown,
  rejected: (error: unknown) => unknown,
): Promise<unknown> {
  return then.call(promise, resolved, rejected);
}
