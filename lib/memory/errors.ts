// SPDX-License-Identifier: MIT
//
// The one error class of the library. Codes, numbers and messages come from include/neuronbus/errors.h.
//
// Any thread.

import { ERROR_TABLE, type ErrorName } from './error_table.js';

export type { ErrorName };
export type ErrorCode = `ERR_NB_${ErrorName}`;

/** Every error that NeuronBus throws. `code` is stable; the message says what was wrong and what to do. */
export class NeuronBusError extends Error {
  override readonly name = 'NeuronBusError';
  readonly code: ErrorCode;

  /**
   * @param detail what was wrong in this case; goes before the message of the table.
   * @param options `advice`: what to say instead of that message, where it would mislead.
   */
  constructor(name: ErrorName, detail?: string, options?: { cause?: unknown; advice?: string }) {
    const message = options?.advice ?? ERROR_TABLE[name].message;
    super(detail ? `${detail}. ${message}` : message, options);
    this.code = `ERR_NB_${name}`;
  }
}

const NAME_BY_NUMBER = new Map<number, ErrorName>();
for (const name of Object.keys(ERROR_TABLE) as ErrorName[])
  NAME_BY_NUMBER.set(ERROR_TABLE[name].number, name);

/** The name of a native status; one that is not in the table is INTERNAL. */
export function errorNameOf(status: number): ErrorName {
  return NAME_BY_NUMBER.get(status) ?? 'INTERNAL';
}

/** Instead of messages of the table, where these would mislead. */
export type Advice = Readonly<Partial<Record<ErrorName, string>>>;

/** Turns what native code threw (an Error with a numeric `status` and a `detail`) into a NeuronBusError. */
export function fromNative(error: unknown, advice: Advice = {}): NeuronBusError {
  if (error instanceof NeuronBusError) return error;
  const { status, detail } = (error ?? {}) as { status?: unknown; detail?: unknown };
  if (typeof status === 'number') {
    const name = errorNameOf(status);
    const instead = advice[name];
    return new NeuronBusError(name, typeof detail === 'string' ? detail : undefined, {
      cause: error,
      ...(instead === undefined ? {} : { advice: instead }),
    });
  }
  return new NeuronBusError('INTERNAL', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

/** ERR_NB_INVALID_ARGUMENT that names the argument, what it was and what it must be. */
export function invalidArgument(argument: string, value: unknown, expected: string): NeuronBusError {
  return new NeuronBusError('INVALID_ARGUMENT', `${argument} is ${describe(value)}, but must be ${expected}`);
}

/** Refuses what is no object, keys that nobody would read, and null, which is no default. ERR_NB_INVALID_ARGUMENT. */
export function checkKeys(argument: string, options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) throw invalidArgument(argument, options, 'an object');
  for (const [key, value] of Object.entries(options)) {
    if (!known.has(key)) throw invalidArgument(argument, key, `made of ${[...known].join(', ')}`);
    if (value === null) throw invalidArgument(key, null, 'a value, or left out');
  }
}

/** A value, for a message. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'an array' : `an object (${value.constructor?.name ?? 'no prototype'})`;
  }
  return String(value);
}
