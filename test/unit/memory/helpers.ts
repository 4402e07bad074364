// What the tests of lib/memory share.

import { expect } from 'vitest';
import { NeuronBusError } from '../../../lib/memory/errors.js';

/** Runs `act`, which must throw a NeuronBusError with this code; returns it. */
export function failure(code: string, act: () => unknown): NeuronBusError {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `nothing was thrown instead of ${code}`).toBeInstanceOf(NeuronBusError);
  expect((thrown as NeuronBusError).code).toBe(code);
  return thrown as NeuronBusError;
}

/** A text of exactly `n` ASCII characters, different for each n. */
export function ascii(n: number): string {
  return Array.from({ length: n }, (_, i) => String.fromCharCode(33 + ((i * 7 + n) % 94))).join('');
}
