// SPDX-License-Identifier: MIT
//
// What a full ring does, and how large a ring may be: the vocabulary that a bus and a public axon share. Pure, any thread.

import { invalidArgument, NeuronBusError } from './errors.js';
import * as L from './layout.js';

/** What becomes of a spike that finds the ring full; docs/architecture.md describes each. */
export type Backpressure = 'drop-newest' | 'drop-oldest' | 'fail' | 'block' | 'sample';

const MODES: Readonly<Record<Backpressure, number>> = {
  'drop-newest': L.MODE_DROP_NEWEST,
  'drop-oldest': L.MODE_DROP_OLDEST,
  fail: L.MODE_FAIL,
  block: L.MODE_BLOCK,
  sample: L.MODE_SAMPLE,
};

const MAX_CAPACITY = 2 ** 26;

/** The MODE_* of a name. ERR_NB_INVALID_ARGUMENT. */
export function checkBackpressure(value: Backpressure): number {
  if (!Object.hasOwn(MODES, value)) {
    throw invalidArgument('backpressure', value, `one of ${Object.keys(MODES).join(', ')}`);
  }
  return MODES[value];
}

/** The name of a MODE_*. */
export function backpressureName(mode: number): Backpressure {
  return (Object.keys(MODES) as Backpressure[]).find((name) => MODES[name] === mode)!;
}

/** ERR_NB_CAPACITY unless it is a power of two from 2 to 2^26. */
export function checkCapacity(argument: string, value: number): number {
  if (!Number.isInteger(value) || value < 2 || value > MAX_CAPACITY || (value & (value - 1)) !== 0) {
    throw new NeuronBusError('CAPACITY', `${argument} is ${String(value)}`);
  }
  return value;
}
