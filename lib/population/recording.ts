// SPDX-License-Identifier: MIT
//
// What a network keeps for people to look at: spikes, state variables, weights; in typed arrays, within a bound.
//
// On the thread of the network. Methods throw ERR_NB_CLOSED after net.close(), and ERR_NB_RUNNING while native threads compute.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Engine } from './engine.js';
import { type StateVariable, VARIABLES } from './models.js';
import { VARIABLE } from './native_network.js';
import type { Population } from './neurons.js';
import type { Projection } from './projection.js';
import { Every } from './upkeep.js';
import { allocate, checkBoolean, checkIndices, checkInteger, isList } from './validation.js';

export interface RecordOptions {
  /** Keep spikes. Default: if nothing else is asked for. */
  spikes?: boolean;
  /** Spikes kept at most; what comes later is counted in `lost`. Default 1,000,000 (12 bytes each). */
  maxSpikes?: number;
  /** Keep potentials, mV: short for `state: ['potentialMv']`. */
  potentials?: boolean;
  /** Keep these state variables. */
  state?: readonly StateVariable[];
  /** How often state is kept, ms; a whole number of steps. Default: every step. */
  everyMs?: number;
  /** Samples of each variable kept at most, each of all the neurons asked for. Default 10,000. */
  maxSamples?: number;
  /** Of these neurons only. Default: of all. */
  neurons?: ArrayLike<number>;
}

/** In the order in which they were fired; within a step by neuron. */
export interface Spikes {
  readonly neuron: Uint32Array;
  readonly timeMs: Float64Array;
}

/** A state variable at `timeMs[sample]`: `values[sample * neuron.length + i]` is that of `neuron[i]`. */
export interface Samples {
  readonly neuron: Uint32Array;
  readonly timeMs: Float64Array;
  readonly values: Float32Array;
}

const RECORD_KEYS: ReadonlySet<string> = new Set([
  'spikes',
  'maxSpikes',
  'potentials',
  'state',
  'everyMs',
  'maxSamples',
  'neurons',
]);
const SPIKES = -1;

/** A recording of a population. The getters give fresh copies of what was kept since it began or was cleared. */
export class Recording {
  readonly population: Population;
  readonly #engine: Engine;
  readonly #neurons: Uint32Array;
  /** Native records by variable. */
  readonly #records = new Map<StateVariable | typeof SPIKES, number>();

  /** @internal @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(population: Population, options: RecordOptions = {}) {
    const { engine, size } = population;
    this.population = population;
    this.#engine = engine;
    checkKeys('an option of record()', options, RECORD_KEYS);
    const { potentials = false, state = [], maxSpikes = 1_000_000, maxSamples = 10_000 } = options;
    checkBoolean('potentials', potentials);
    if (!Array.isArray(state)) throw invalidArgument('state', state, 'an array of names of variables');
    const variables = new Set<StateVariable>(potentials ? ['potentialMv', ...state] : state);
    const known = VARIABLES[population.kind];
    for (const variable of variables) {
      if (!known.includes(variable))
        throw invalidArgument(
          'state',
          variable,
          `made of what the model has: ${known.join(', ') || 'nothing'}`,
        );
    }
    const spikes = checkBoolean('spikes', options.spikes ?? variables.size === 0);
    checkInteger('maxSpikes', maxSpikes, 1, 2 ** 32);
    checkInteger('maxSamples', maxSamples, 1, 2 ** 32);
    const every = engine.steps('everyMs', options.everyMs ?? engine.dtMs, 1, 2 ** 32 - 1);
    const chosen = options.neurons === undefined ? undefined : checkIndices('neurons', options.neurons, size);
    if (chosen !== undefined && new Set(chosen).size !== chosen.length)
      throw new NeuronBusError('INVALID_ARGUMENT', 'neurons has an index twice');
    if (chosen?.length === 0)
      throw new NeuronBusError('INVALID_ARGUMENT', 'neurons is empty; leave it out for all');
    this.#neurons = chosen ?? Uint32Array.from({ length: size }, (_, i) => i);
    const asked = chosen ?? new Uint32Array(0);
    const begin = (variable: number, capacity: number) =>
      engine.call((native) => native.record(population.id, variable, every, capacity, asked));
    if (spikes) this.#records.set(SPIKES, begin(SPIKES, maxSpikes));
    for (const variable of variables) this.#records.set(variable, begin(VARIABLE[variable], maxSamples));
  }

  /** The spikes kept. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT if spikes are not recorded. */
  get spikes(): Spikes {
    const record = this.#record(SPIKES);
    const count = this.#count(record)[0];
    const neuron = allocate('spikes', Uint32Array, count);
    const steps = allocate('spikes', Float64Array, count);
    this.#engine.call((native) => native.recorded(record, neuron, steps, new Float32Array(0)));
    return { neuron, timeMs: this.#engine.timesOf(steps) };
  }

  /** Spikes that came when there was no room for them. 0 if spikes are not recorded. */
  get lost(): number {
    const record = this.#records.get(SPIKES);
    return record === undefined ? 0 : this.#count(record)[1];
  }

  /** Samples that came when there was no room for them. */
  get lostSamples(): number {
    let most = 0;
    for (const [variable, record] of this.#records) {
      if (variable !== SPIKES) most = Math.max(most, this.#count(record)[1]);
    }
    return most;
  }

  /** The potentials kept, mV. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT if they are not recorded. */
  get potentials(): Samples {
    return this.samples('potentialMv');
  }

  /** A state variable. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT if it is not recorded. */
  samples(variable: StateVariable): Samples {
    const record = this.#record(variable);
    const count = this.#count(record)[0];
    const steps = allocate('samples', Float64Array, count);
    const values = allocate('samples', Float32Array, count * this.#neurons.length);
    this.#engine.call((native) => native.recorded(record, new Uint32Array(0), steps, values));
    return { neuron: this.#neurons.slice(), timeMs: this.#engine.timesOf(steps), values };
  }

  /** Forgets what was kept, and what was lost; there is room again. */
  clear(): void {
    for (const record of this.#records.values()) this.#engine.call((native) => native.clearRecord(record));
  }

  #record(variable: StateVariable | typeof SPIKES): number {
    const record = this.#records.get(variable);
    if (record !== undefined) return record;
    const what = variable === SPIKES ? 'spikes' : String(variable);
    throw new NeuronBusError('INVALID_ARGUMENT', `This recording has no ${what}; ask record() for it`);
  }

  #count(record: number): Float64Array {
    const out = new Float64Array(2);
    this.#engine.call((native) => native.recordedCount(record, out));
    return out;
  }
}

export interface WeightRecordOptions {
  /** How often, ms of simulated time; a whole number of steps. */
  everyMs: number;
  /** Samples kept at most; what comes later is counted in `lostSamples`. Default 1,000. */
  maxSamples?: number;
  /** Of these synapses only, by their place in `projection.weights`. Default: of all. */
  synapses?: ArrayLike<number>;
}

/** Weights at `timeMs[sample]`: `values[sample * synapse.length + i]` is that of synapse[i]. */
export interface WeightSamples {
  readonly synapse: Uint32Array;
  readonly timeMs: Float64Array;
  readonly values: Float32Array;
}

const WEIGHT_KEYS: ReadonlySet<string> = new Set(['everyMs', 'maxSamples', 'synapses']);

/** A recording of the weights of a projection: as they are when it begins, and then at the multiples of its interval. */
export class WeightRecording {
  readonly projection: Projection;
  readonly #synapses: Uint32Array;
  readonly #maxSamples: number;
  readonly #all: boolean;
  readonly #samples: { step: number; weights: Float32Array }[] = [];
  #lost = 0;

  /** @internal @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(projection: Projection, options: WeightRecordOptions) {
    const { engine } = projection;
    checkKeys('an option of record()', options, WEIGHT_KEYS);
    this.projection = projection;
    this.#maxSamples = checkInteger('maxSamples', options.maxSamples ?? 1000, 1, 2 ** 32);
    const every = engine.steps('everyMs', options.everyMs, 1);
    const { synapses } = projection;
    this.#all = options.synapses === undefined;
    this.#synapses = isList(options.synapses)
      ? checkIndices('synapses', options.synapses, synapses)
      : Uint32Array.from({ length: this.#all ? synapses : 0 }, (_, i) => i);
    if (!this.#all && this.#synapses.length === 0)
      throw invalidArgument(
        'synapses',
        options.synapses,
        'an array of places in weights, or left out for all',
      );
    this.#keep(engine.now, projection.weights);
    engine.periodic.add(new Every(engine, every, () => this.#sample()));
  }

  #sample(): void | Promise<void> {
    if (this.#samples.length >= this.#maxSamples) {
      this.#lost++;
      return;
    }
    const { engine, synapses } = this.projection;
    const step = engine.now;
    const weights = allocate('weights', Float32Array, synapses);
    const under = this.projection.copyWeights(weights);
    if (under === undefined) this.#keep(step, weights);
    else return under.then(() => this.#keep(step, weights));
  }

  #keep(step: number, weights: Float32Array): void {
    const chosen = this.#all ? weights : Float32Array.from(this.#synapses, (synapse) => weights[synapse]);
    this.#samples.push({ step, weights: chosen });
  }

  /**
   * What was kept. Rewiring changes which synapses there are: a place that no longer exists has NaN, and new places are left
   * out.
   */
  get weights(): WeightSamples {
    const width = this.#synapses.length;
    const values = allocate('weights', Float32Array, this.#samples.length * width).fill(Number.NaN);
    this.#samples.forEach(({ weights }, sample) => {
      values.set(weights.subarray(0, width), sample * width);
    });
    const { engine } = this.projection;
    const timeMs = Float64Array.from(this.#samples, ({ step }) => engine.timeOf(step));
    return { synapse: this.#synapses.slice(), timeMs, values };
  }

  /** Samples that came when there was no room for them. */
  get lostSamples(): number {
    return this.#lost;
  }

  /** Forgets what was kept, and what was lost; there is room again. */
  clear(): void {
    this.#samples.length = 0;
    this.#lost = 0;
  }
}
