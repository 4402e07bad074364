// SPDX-License-Identifier: MIT
//
// Populations of a network: model neurons, and sources of spikes. Handles; the numbers live in native code.
//
// On the thread of the network. Methods throw ERR_NB_CLOSED after net.close(), and ERR_NB_RUNNING while native threads compute.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Engine, Periodic } from './engine.js';
import { type ModelName, rangeOf, type StateVariable, VARIABLES } from './models.js';
import { VARIABLE } from './native_network.js';
import {
  allocate,
  checkIndices,
  checkNumber,
  checkNumbers,
  isList,
  NOT_NEGATIVE,
  randomFor,
  resolveValues,
  type Values,
} from './validation.js';

export type PopulationKind = ModelName | 'spike-source' | 'poisson';

/** Some neurons of one model, numbered from 0. */
export class Population {
  /** Its number in the network, in order of creation: `net.populations[id]`. */
  readonly id: number;
  /** How many neurons. */
  readonly size: number;
  /** What they are. */
  readonly kind: PopulationKind;
  /** As it was named when it was made, or undefined. */
  readonly name: string | undefined;
  /** @internal */
  readonly engine: Engine;

  /** @internal */
  constructor(engine: Engine, id: number, size: number, kind: PopulationKind, name: string | undefined) {
    this.engine = engine;
    this.id = id;
    this.size = size;
    this.kind = kind;
    this.name = name;
  }

  /**
   * A copy of a state variable, one number for each neuron.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (the model has no such variable), ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  state(variable: StateVariable): Float64Array {
    this.#check(variable);
    const out = allocate('state', Float64Array, this.size);
    this.engine.call((native) => native.getState(this.id, VARIABLE[variable], out));
    return out;
  }

  /**
   * Sets a state variable: of all neurons, of each, or drawn from a distribution (the same one for the same seed, population
   * and variable). @throws as {@link state}.
   */
  setState(variable: StateVariable, values: Values): void {
    this.#check(variable);
    const random = randomFor(this.engine.seed, this.id, variable);
    const resolved = resolveValues(variable, values, this.size, rangeOf(this.kind, variable), random);
    this.engine.call((native) => native.setState(this.id, VARIABLE[variable], resolved));
  }

  #check(variable: StateVariable): void {
    const known = VARIABLES[this.kind];
    if (!known.includes(variable))
      throw invalidArgument(
        'variable',
        variable,
        known.length > 0 ? `one of ${known.join(', ')}` : 'left alone',
      );
  }

  /** These neurons never fire again. Killing one twice is no error. @throws ERR_NB_INVALID_ARGUMENT naming the index. */
  kill(indices: ArrayLike<number>): void {
    const neurons = checkIndices('indices', indices, this.size);
    this.engine.call((native) => native.kill(this.id, neurons));
  }

  /** One byte for each neuron: 1 alive, 0 killed. */
  get alive(): Uint8Array {
    const out = allocate('alive', Uint8Array, this.size);
    this.engine.call((native) => native.alive(this.id, out));
    return out;
  }

  /** The indices of the killed neurons, in order. */
  get killed(): Uint32Array {
    const { alive } = this;
    let count = 0;
    for (const one of alive) count += 1 - one;
    const killed = new Uint32Array(count);
    for (let i = alive.length - 1; count > 0; i--) if (alive[i] === 0) killed[--count] = i;
    return killed;
  }

  /** How often each neuron has fired since it was made. */
  get spikeCounts(): Uint32Array {
    const out = allocate('spikeCounts', Uint32Array, this.size);
    this.engine.call((native) => native.spikeCounts(this.id, out));
    return out;
  }

  toJSON(): object {
    const { id, name, kind, size } = this;
    return { id, name, kind, size };
  }
}

export interface SpikeTime {
  readonly neuron: number;
  readonly timeMs: number;
}

/** Spikes to come: one object each, or two arrays of the same length. A time goes to the step that contains it. */
export type SpikeTimes =
  | readonly SpikeTime[]
  | { readonly neurons: ArrayLike<number>; readonly timesMs: ArrayLike<number> };

/** @internal @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming what is wrong. */
export function resolveSpikes(
  engine: Engine,
  spikes: SpikeTimes,
  size: number,
  now: number,
): { neurons: Uint32Array; steps: Float64Array } {
  if (typeof spikes !== 'object' || spikes === null)
    throw invalidArgument('spikes', spikes, 'an array of { neuron, timeMs }, or { neurons, timesMs }');
  if (Array.isArray(spikes)) {
    spikes.forEach((spike, i) => {
      if (typeof spike !== 'object' || spike === null)
        throw invalidArgument(`spikes[${i}]`, spike, 'an object { neuron, timeMs }');
    });
    const neurons = spikes.map((spike) => spike.neuron);
    return resolveSpikes(engine, { neurons, timesMs: spikes.map((spike) => spike.timeMs) }, size, now);
  }
  const { neurons, timesMs } = spikes as { neurons: ArrayLike<number>; timesMs: ArrayLike<number> };
  const indices = checkIndices('spikes.neurons', neurons, size);
  if (!isList(timesMs) || timesMs.length !== indices.length)
    throw invalidArgument(
      'spikes.timesMs',
      timesMs,
      `an array of ${indices.length} times, as many as neurons`,
    );
  const steps = allocate('spikes', Float64Array, indices.length);
  for (let i = 0; i < steps.length; i++) {
    steps[i] = engine.stepAt('spikes.timesMs', timesMs[i], i);
    if (steps[i] < now)
      throw invalidArgument(
        `spikes.timesMs[${i}]`,
        timesMs[i],
        `${engine.timeOf(now)} ms or later, which is now`,
      );
  }
  return { neurons: indices, steps };
}

/** Neurons that fire at given times. */
export class SpikeSource extends Population {
  /** @internal */
  constructor(engine: Engine, id: number, size: number, name: string | undefined) {
    super(engine, id, size, 'spike-source', name);
  }

  /**
   * Further spikes, at `net.timeMs` or later, in any order. Two of one neuron in one step are one.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the spike, ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  add(spikes: SpikeTimes): void {
    const { neurons, steps } = resolveSpikes(this.engine, spikes, this.size, this.engine.now);
    this.engine.call((native) => native.addSpikes(this.id, neurons, steps));
  }
}

/** Gives the rate of all neurons, or of each, in Hz, from `timeMs` on until it is asked again. */
export type RateFunction = (timeMs: number) => number | ArrayLike<number>;

/** Hz, 0 or more: one for all, one for each neuron, drawn once from a distribution, or a function of time. */
export type Rates = Values | RateFunction;

const RATE_KEYS: ReadonlySet<string> = new Set(['rateIntervalMs']);

/** Neurons that fire at random, each on its own: a Poisson process on the steps, at most one spike a step. */
export class PoissonSource extends Population {
  #rates: RatesInTime | undefined;

  /** @internal */
  constructor(engine: Engine, id: number, size: number, name: string | undefined) {
    super(engine, id, size, 'poisson', name);
  }

  /**
   * Changes the rates, Hz. A function is asked while the network runs, at the times that are multiples of `rateIntervalMs`, with
   * that time; its answer holds until the next one. It runs on the thread of the network, between slices.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  setRate(rateHz: Rates, options: { rateIntervalMs?: number } = {}): void {
    this.engine.rest();
    checkKeys('an option of setRate()', options, RATE_KEYS);
    const { rateIntervalMs = defaultInterval(this.engine) } = options;
    if (typeof rateHz !== 'function') {
      this.setState('rateHz', rateHz);
      this.#forget();
      return;
    }
    const every = this.engine.steps('rateIntervalMs', rateIntervalMs, 1);
    this.#forget();
    this.#rates = new RatesInTime(this, rateHz, every);
    this.engine.periodic.add(this.#rates);
  }

  #forget(): void {
    if (this.#rates !== undefined) this.engine.periodic.delete(this.#rates);
    this.#rates = undefined;
  }
}

/** 1 ms, or a step where that is no whole number of steps. */
function defaultInterval(engine: Engine): number {
  const steps = Math.round(1 / engine.dtMs);
  return Math.abs(steps * engine.dtMs - 1) < 1e-9 ? 1 : engine.dtMs;
}

class RatesInTime implements Periodic {
  readonly looksAhead = true;
  next: number;
  readonly #source: PoissonSource;
  readonly #rate: RateFunction;
  readonly #every: number;

  constructor(source: PoissonSource, rate: RateFunction, every: number) {
    this.#source = source;
    this.#rate = rate;
    this.#every = every;
    this.next = source.engine.now; // so that it counts at once, also between two multiples
  }

  run(): void {
    const { engine, size, id } = this.#source;
    const start = Math.floor(this.next / this.#every) * this.#every;
    const answer = this.#rate(engine.timeOf(start));
    const rates =
      typeof answer === 'number'
        ? Float64Array.of(checkNumber('what rateHz() returns', answer, NOT_NEGATIVE))
        : checkNumbers('what rateHz() returns', answer, NOT_NEGATIVE, size);
    engine.call((native) => native.setState(id, VARIABLE.rateHz, rates));
    this.next = start + this.#every;
  }
}

/** @internal */
export function checkName(name: unknown): string | undefined {
  if (name !== undefined && (typeof name !== 'string' || name.length === 0 || name.length > 200))
    throw invalidArgument('name', name, 'a string of 1 to 200 characters');
  return name;
}

/** @internal A population of this very network. */
export function checkPopulation(name: string, population: unknown, engine: Engine): Population {
  if (!(population instanceof Population))
    throw invalidArgument(name, population, 'a population of the network');
  if (population.engine !== engine)
    throw new NeuronBusError('INVALID_ARGUMENT', `${name} is a population of another network`);
  return population;
}
