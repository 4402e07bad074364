// SPDX-License-Identifier: MIT
//
// The native half of a network (native/core/population/network.h, by native/addon/network_wrap.cc): numbers and typed arrays.
//
// On the thread that made it. Between the start of work and its callback nothing but stop() and now() may be called.

import type { Advice } from '../memory/errors.js';
import { callNative, native } from '../memory/native.js';

/** The order is that of the enums of network.h. */
export const MODEL = { lif: 0, 'lif-conductance': 1, izhikevich: 2, 'spike-source': 3, poisson: 4 } as const;
export const VARIABLE = {
  potentialMv: 0,
  excitatory: 1,
  inhibitory: 2,
  thresholdOffsetMv: 3,
  recovery: 4,
  rateHz: 5,
} as const;
export const PATTERN = {
  'all-to-all': 0,
  'one-to-one': 1,
  'fixed-probability': 2,
  'fixed-in-degree': 3,
  'fixed-out-degree': 4,
  list: 5,
  convolution: 6,
} as const;
export const WEIGHTS = { constant: 0, uniform: 1, normal: 2, given: 3 } as const;
export const RECEPTOR = { 'by-sign': 0, excitatory: 1, inhibitory: 2 } as const;
export const RULE = { static: 0, pair: 1, triplet: 2, reward: 3 } as const;
export const PAIRING = { all: 0, nearest: 1, 'reduced-nearest': 2 } as const;
export const BOUNDS = { additive: 0, multiplicative: 1 } as const;

/** A reward for every projection. */
export const EVERYWHERE = 0xffffffff;

/** Growth of as many synapses as were removed. */
export const REGROW = -1;

/** Work is over on another thread, or has failed. */
export type Done = (error?: unknown) => void;

/** A call that is given `done` is work for another thread, and calls back on this one; else it is done when it returns. */
export interface NativeNetwork {
  /** `values`: those of all parameters in a row, `counts[i]` of parameter i (1, or one for each neuron). Gives the id. */
  addPopulation(model: number, size: number, counts: Uint32Array, values: Float64Array): number;
  addSpikeSource(size: number, neurons: Uint32Array, steps: Float64Array): number;
  addSpikes(source: number, neurons: Uint32Array, steps: Float64Array): void;
  /** `numbers`: as connectionNumbers() of connections.ts; arrays that do not apply are empty. Gives the id. */
  connect(
    numbers: Float64Array,
    pre: Uint32Array,
    post: Uint32Array,
    weights: Float32Array,
    delays: Uint32Array,
  ): number;

  /** Ends early at a step boundary after stop(). */
  advance(steps: number, done: Done): void;
  stop(): void;
  /** Whatever work is under way ends soon, half done: for who leaves the process. */
  abandon(): void;
  /** Steps since creation. */
  now(): number;
  /** Gives how many populations and projections there are; what names one must be below. */
  counts(out: Float64Array): void;
  model(population: number): number;
  size(population: number): number;

  getState(population: number, variable: number, out: Float64Array): void;
  /** One value for all, or one for each. */
  setState(population: number, variable: number, values: Float64Array): void;
  kill(population: number, neurons: Uint32Array): void;
  alive(population: number, out: Uint8Array): void;
  spikeCounts(population: number, out: Uint32Array): void;

  /** Gives pre, post, synapses, bytes, rule. */
  info(projection: number, out: Float64Array): void;
  weights(projection: number, out: Float32Array, done?: Done): void;
  setWeights(projection: number, weights: Float32Array): void;
  endpoints(projection: number, pre: Uint32Array, post: Uint32Array): void;
  delays(projection: number, out: Uint32Array): void;
  reward(projection: number, amount: number): void;
  normalize(projection: number, total: number, done?: Done): void;
  /** `out` takes how many were removed and grown; `grow` may be REGROW. */
  rewire(
    projection: number,
    below: number,
    dead: boolean,
    grow: number,
    weight: number,
    out: Float64Array,
    done?: Done,
  ): void;
  setLearning(projection: number, on: boolean): void;

  /** `variable` -1: spikes. `neurons` empty: of all. Gives the id. */
  record(
    population: number,
    variable: number,
    everySteps: number,
    capacity: number,
    neurons: Uint32Array,
  ): number;
  /** Gives how many are kept and how many were lost. */
  recordedCount(record: number, out: Float64Array): void;
  /** Copies what is kept; of spikes neurons and steps, of a variable steps and values. */
  recorded(record: number, neurons: Uint32Array, steps: Float64Array, values: Float32Array): void;
  clearRecord(record: number): void;

  save(path: string, extra: Uint8Array): void;
  /** What save() was given, once, after a load. */
  extraBytes(): number;
  takeExtra(out: Uint8Array): void;
  /** What it occupies. */
  bytes(): number;
  /** Frees it; work that is under way ends soon, half done, and frees it then. */
  close(): void;
}

/** @internal What is not said well by the table of errors, which is that of the bus. */
export const ADVICE: Advice = {
  TOO_LARGE:
    'Of one delay, a projection has room for 2^32 synapses onto a shard, which is 65,536 neurons at most; divide it, or give it more delays',
};

interface NetworkAddon {
  Network: new (dtMsOrPath: number | string, threads: number, seed: number) => NativeNetwork;
  networkKernels(): string;
}

const addon = () => native() as unknown as NetworkAddon;

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT for a misspelt $NEURONBUS_KERNELS, ERR_NB_NO_MEMORY, ERR_NB_NO_BINARY. */
export function createNetwork(dtMs: number, threads: number, seed: number): NativeNetwork {
  return callNative(() => new (addon().Network)(dtMs, threads, seed));
}

/** @throws NeuronBusError ERR_NB_FILE_IO, ERR_NB_BAD_FILE, ERR_NB_VERSION, ERR_NB_NO_MEMORY, ERR_NB_TOO_LARGE; and as {@link createNetwork}. */
export function loadNetwork(path: string, threads: number): NativeNetwork {
  return callNative(() => new (addon().Network)(path, threads, 0), ADVICE);
}

/** 'scalar', 'avx2', 'avx512' or 'neon'. */
export function kernels(): string {
  return callNative(() => addon().networkKernels());
}
