// SPDX-License-Identifier: MIT
//
// The integrate-and-fire side of a neuron: checked parameters in, state out. Pure functions; any thread may read.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import type { Memory } from '../memory/memory.js';
import type { NeuronDynamics } from './neuron.js';

/** State of a membrane as of its last input; the leak since then is not yet applied. */
export interface Membrane {
  potential: number;
  threshold: number;
  rest: number;
  /** Until when excitatory input is dropped, ns of the bus clock. */
  refractoryUntil: number;
  /** Spikes handed over. */
  received: number;
  /** Threshold crossings. */
  firings: number;
}

const DYNAMICS_KEYS: ReadonlySet<string> = new Set(['threshold', 'rest', 'leakMs', 'refractoryMs']);

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter. */
export function dynamicsInNs(dynamics: NeuronDynamics) {
  checkKeys('dynamics', dynamics, DYNAMICS_KEYS);
  const { threshold = 1, rest = 0, leakMs = 20, refractoryMs = 0 } = dynamics;
  const check = (name: string, value: number, ok: boolean, expected: string) => {
    if (typeof value !== 'number' || !ok) throw invalidArgument(`dynamics.${name}`, value, expected);
  };
  check('rest', rest, Number.isFinite(rest), 'a finite number');
  check(
    'threshold',
    threshold,
    Number.isFinite(threshold) && threshold > rest,
    'a finite number above dynamics.rest',
  );
  check('leakMs', leakMs, leakMs > 0, 'a number of milliseconds above 0, or Infinity');
  check(
    'refractoryMs',
    refractoryMs,
    refractoryMs >= 0 && refractoryMs <= 1e12,
    'a number of milliseconds from 0',
  );
  return { threshold, rest, leakNs: leakMs * 1e6, refractoryNs: refractoryMs * 1e6 };
}

export function readMembrane(memory: Memory, id: number): Membrane {
  const record = memory.u64At(L.HEADER_NEURONS_OFFSET) + id * L.NEURON_BYTES;
  return {
    potential: memory.f64[(record + L.NEURON_POTENTIAL) / 8],
    threshold: memory.f64[(record + L.NEURON_THRESHOLD) / 8],
    rest: memory.f64[(record + L.NEURON_REST) / 8],
    refractoryUntil: memory.u64At(record + L.NEURON_REFRACTORY_UNTIL_NS),
    received: memory.u64At(record + L.NEURON_RECEIVED),
    firings: memory.u64At(record + L.NEURON_CROSSINGS),
  };
}
