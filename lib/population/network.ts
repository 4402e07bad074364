// SPDX-License-Identifier: MIT
//
// A spiking network: populations, projections between them, a clock of fixed steps. The facade of `neuronbus/population`.
//
// Belongs to the thread that made it. run() computes on native threads; until it is done, or between its slices, everything else
// that touches the network throws ERR_NB_RUNNING.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import { archive, restoreProjections, unarchive } from './archive.js';
import { type ConnectOptions, resolveConnection } from './connections.js';
import { Engine } from './engine.js';
import { checkModel, type NeuronModel, rangeOf, type StateVariable, VARIABLES } from './models.js';
import { createNetwork, EVERYWHERE, kernels, loadNetwork, MODEL, VARIABLE } from './native_network.js';
import {
  checkName,
  checkPopulation,
  PoissonSource,
  Population,
  type Rates,
  resolveSpikes,
  SpikeSource,
  type SpikeTimes,
} from './neurons.js';
import { PopulationNeuron } from './population_neuron.js';
import type { PopulationNeuronOptions } from './population_neuron_options.js';
import { checkProjection, Projection } from './projection.js';
import { Recording, type RecordOptions, WeightRecording, type WeightRecordOptions } from './recording.js';
import { Runner, type RunOptions, type RunResult } from './running.js';
import {
  allocate,
  checkInteger,
  checkNumber,
  NOT_NEGATIVE,
  randomFor,
  resolveValues,
  type Values,
  WEIGHT,
} from './validation.js';

export interface SpikingNetworkOptions {
  /** Length of a step, ms, above 0 and at most 1000. Default 0.1. */
  dtMs?: number;
  /** Of all random numbers: an integer from 0 to 2^53 - 1. Default 1. */
  seed?: number;
  /** Native threads that compute, 1 to 256. The results do not depend on it. Default 1. */
  threads?: number;
}

/** State at the beginning, by name: a number, one for each neuron, or a seeded distribution. Default: at rest. */
export type InitialState = { readonly [variable in StateVariable]?: Values };

export interface PopulationOptions {
  initial?: InitialState;
  /** To find it again after a load; no two populations have the same. */
  name?: string;
}

export interface PoissonOptions {
  /** Hz, 0 or more; see {@link PoissonSource.setRate}. */
  rateHz: Rates;
  /** How often a rate function is asked, ms of simulated time, a whole number of steps. Default 1, or a step where that is none. */
  rateIntervalMs?: number;
  name?: string;
}

const NETWORK_KEYS: ReadonlySet<string> = new Set(['dtMs', 'seed', 'threads']);
const LOAD_KEYS: ReadonlySet<string> = new Set(['threads']);
const POPULATION_KEYS: ReadonlySet<string> = new Set(['initial', 'name']);
const SOURCE_KEYS: ReadonlySet<string> = new Set(['name']);
const POISSON_KEYS: ReadonlySet<string> = new Set(['rateHz', 'rateIntervalMs', 'name']);
const MAX_SIZE = 2 ** 31 - 1;
const MAX_THREADS = 256;

/**
 * A network of model neurons with spike sources and plastic synapses.
 *
 * ```ts
 * const net = new SpikingNetwork({ dtMs: 0.1, seed: 1 });
 * const noise = net.poisson(1000, { rateHz: 15 });
 * const out = net.population(100, lif());
 * const synapses = net.connect(noise, out, { pattern: 'all-to-all', weightMv: 0.5, plasticity: pairStdp() });
 * const recording = net.record(out, { spikes: true });
 * await net.run(1000);
 * recording.spikes; // { neuron: Uint32Array, timeMs: Float64Array }
 * ```
 *
 * The same seed and the same calls give the same spikes, for any number of threads and however runs are sliced.
 */
export class SpikingNetwork {
  readonly #engine: Engine;
  readonly #runner: Runner;
  readonly #populations: Population[] = [];
  readonly #projections: Projection[] = [];

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option, ERR_NB_NO_MEMORY, ERR_NB_NO_BINARY. */
  constructor(options: SpikingNetworkOptions = {}) {
    if (options instanceof Engine) {
      this.#engine = options;
    } else {
      checkKeys('an option of SpikingNetwork', options, NETWORK_KEYS);
      const dtMs = checkNumber('dtMs', options.dtMs ?? 0.1, { min: 1e-6, max: 1000 });
      const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
      const threads = checkInteger('threads', options.threads ?? 1, 1, MAX_THREADS);
      this.#engine = new Engine(createNetwork(dtMs, threads, seed), dtMs, seed, threads);
    }
    this.#runner = new Runner(this.#engine);
  }

  get dtMs(): number {
    return this.#engine.dtMs;
  }

  get seed(): number {
    return this.#engine.seed;
  }

  get threads(): number {
    return this.#engine.threads;
  }

  /** Simulated time, ms. May be asked at any moment. */
  get timeMs(): number {
    return this.#engine.timeOf(this.#engine.now);
  }

  /** Whether a run() is not done yet. */
  get running(): boolean {
    return this.#runner.running;
  }

  get closed(): boolean {
    return this.#engine.closed;
  }

  /** What native code computes with: 'scalar', 'avx2', 'avx512' or 'neon'. `NEURONBUS_KERNELS` chooses among what the processor has. */
  get kernels(): string {
    return kernels();
  }

  /** Memory that it occupies outside of JavaScript, bytes. */
  get bytes(): number {
    return this.#engine.call((native) => native.bytes());
  }

  /** All populations, in order of creation. */
  get populations(): readonly Population[] {
    return [...this.#populations];
  }

  /** All projections, in order of creation. */
  get projections(): readonly Projection[] {
    return [...this.#projections];
  }

  /**
   * Model neurons.
   *
   * @param size how many, 1 to 2^31 - 1.
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter, ERR_NB_NO_MEMORY, ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  population(size: number, model: NeuronModel, options: PopulationOptions = {}): Population {
    const engine = this.#begin(size, 'population()', options, POPULATION_KEYS);
    const { name } = checkModel(model);
    const id = this.#populations.length;
    const { counts, values } = model.resolve(engine, id, size);
    const initial = this.#resolveInitial(id, size, name, options.initial ?? {});
    this.#checkId(engine.call((native) => native.addPopulation(MODEL[name], size, counts, values)));
    const population = new Population(engine, id, size, name, options.name);
    this.#populations.push(population);
    for (const [variable, state] of initial)
      engine.call((native) => native.setState(id, VARIABLE[variable], state));
    return population;
  }

  /**
   * Neurons that fire at given times; {@link SpikeSource.add} gives them more.
   *
   * @throws as {@link population}.
   */
  spikeSource(size: number, spikes: SpikeTimes = [], options: { name?: string } = {}): SpikeSource {
    const engine = this.#begin(size, 'spikeSource()', options, SOURCE_KEYS);
    const { neurons, steps } = resolveSpikes(engine, spikes, size, engine.now);
    const id = engine.call((native) => native.addSpikeSource(size, neurons, steps));
    this.#checkId(id);
    const source = new SpikeSource(engine, id, size, options.name);
    this.#populations.push(source);
    return source;
  }

  /**
   * Neurons that fire at random, as a Poisson process each.
   *
   * @throws as {@link population}.
   */
  poisson(size: number, options: PoissonOptions): PoissonSource {
    const engine = this.#begin(size, 'poisson()', options, POISSON_KEYS);
    const { rateHz, rateIntervalMs } = options;
    if (rateIntervalMs !== undefined) engine.steps('rateIntervalMs', rateIntervalMs, 1);
    const id = this.#populations.length;
    const rates = typeof rateHz === 'function' ? 0 : rateHz;
    const values = resolveValues('rateHz', rates, size, NOT_NEGATIVE, randomFor(engine.seed, id, 'rateHz'));
    const counts = Uint32Array.of(values.length);
    this.#checkId(engine.call((native) => native.addPopulation(MODEL.poisson, size, counts, values)));
    const source = new PoissonSource(engine, id, size, options.name);
    this.#populations.push(source);
    if (typeof rateHz === 'function')
      source.setRate(rateHz, rateIntervalMs === undefined ? {} : { rateIntervalMs });
    return source;
  }

  /**
   * Synapses from `pre` to `post`.
   *
   * @throws as {@link SpikingNetwork.population}; and ERR_NB_TOO_LARGE for more than 2^32 synapses of one delay onto a shard of the
   * posts (65,536 neurons, or fewer, so that each thread has some). All-to-all with `self` has no such limit.
   */
  connect(pre: Population, post: Population, options: ConnectOptions): Projection {
    const engine = this.#engine;
    engine.rest();
    checkPopulation('pre', pre, engine);
    checkPopulation('post', post, engine);
    const resolved = resolveConnection(engine, pre, post, options);
    this.#checkNewName(this.#projections, options.name);
    const { numbers, weights, delays } = resolved;
    const id = engine.call((native) => native.connect(numbers, resolved.pre, resolved.post, weights, delays));
    const { name, pattern, plasticity } = options;
    const facts = {
      ...{ name, pattern, rule: plasticity?.name ?? ('static' as const) },
      ...{ wMin: plasticity?.wMin ?? 0, wMax: plasticity?.wMax ?? 1 },
    };
    const projection = new Projection(engine, id, pre, post, facts);
    this.#projections.push(projection);
    projection.maintain(options.homeostasis, options.rewiring);
    return projection;
  }

  /**
   * Keeps spikes and state of a population, or weights of a projection, from now on.
   *
   * @throws as {@link SpikingNetwork.population}.
   */
  record(population: Population, options?: RecordOptions): Recording;
  record(projection: Projection, options: WeightRecordOptions): WeightRecording;
  record(
    target: Population | Projection,
    options?: RecordOptions | WeightRecordOptions,
  ): Recording | WeightRecording {
    this.#engine.rest();
    if (target instanceof Projection)
      return new WeightRecording(
        checkProjection('projection', target, this.#engine),
        (options ?? {}) as WeightRecordOptions,
      );
    return new Recording(checkPopulation('population', target, this.#engine), options as RecordOptions);
  }

  /**
   * Simulates `ms`, a whole number of steps. Native threads compute; the event loop goes on. Until it is settled a second run is
   * refused, and so is everything else that touches the network, but `timeMs`, `close()`, and what `onProgress`, a rate function
   * or {@link atRest} does. A run that ends early leaves the network at a step boundary, from where another one goes on.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_RUNNING, ERR_NB_ABORTED, ERR_NB_CLOSED; and what `onProgress` or a
   * rate function throws.
   */
  run(ms: number, options: RunOptions = {}): Promise<RunResult> {
    return this.#runner.run(ms, options);
  }

  /**
   * Calls `what` when the network rests: at once, or between the slices of a run. So neurons are killed, inputs added and
   * weights looked at in mid-run. Resolves to what it returns.
   */
  atRest<T>(what: () => T): Promise<T> {
    return this.#runner.atRest(what);
  }

  /** Adds `amount` of dopamine for all projections with `rewardStdp()`; negative: punishment. @throws ERR_NB_INVALID_ARGUMENT. */
  reward(amount: number): void {
    checkNumber('amount', amount, WEIGHT);
    this.#engine.call((native) => native.reward(EVERYWHERE, amount));
  }

  /**
   * Writes everything to a file: beside it first, then in its place, so that there is always a whole one. Recordings and rate
   * functions stay behind (a Poisson source keeps the rates it has). Synchronous.
   *
   * @throws NeuronBusError ERR_NB_FILE_IO (an older file is as it was), ERR_NB_NO_MEMORY, ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  save(path: string): void {
    checkPath(path);
    const extra = archive(this.#engine, this.#populations, this.#projections);
    this.#engine.call((native) => native.save(path, extra));
  }

  /**
   * The network that {@link save} wrote: it goes on as that one would have, spike by spike. `populations` and `projections` are
   * in the order in which they were made, and have their names.
   *
   * @param options threads: default 1, however many the saved one had.
   * @throws NeuronBusError ERR_NB_FILE_IO, ERR_NB_BAD_FILE (truncated, damaged, none of ours), ERR_NB_VERSION, ERR_NB_NO_MEMORY;
   * ERR_NB_TOO_LARGE as {@link connect}, where shards of fewer threads are larger.
   */
  static load(path: string, options: { threads?: number } = {}): SpikingNetwork {
    checkPath(path);
    checkKeys('an option of load()', options, LOAD_KEYS);
    const threads = checkInteger('threads', options.threads ?? 1, 1, MAX_THREADS);
    const native = loadNetwork(path, threads);
    try {
      const extra = allocate('the file', Uint8Array, native.extraBytes());
      native.takeExtra(extra);
      const saved = unarchive(extra);
      const engine = new Engine(native, saved.dtMs, saved.seed, threads);
      const net = new SpikingNetwork(engine as SpikingNetworkOptions);
      const counts = new Float64Array(2);
      native.counts(counts);
      if (counts[0] !== saved.populations.length || counts[1] !== saved.projections.length)
        throw new NeuronBusError('BAD_FILE');
      saved.populations.forEach(({ kind, size, name }, id) => {
        if (native.size(id) !== size || native.model(id) !== MODEL[kind])
          throw new NeuronBusError('BAD_FILE');
        net.#populations.push(restorePopulation(engine, id, size, kind, name));
      });
      net.#projections.push(...restoreProjections(engine, net.#populations, saved.projections));
      return net;
    } catch (error) {
      native.close();
      throw error;
    }
  }

  /**
   * The network as a neuron for `bus.register()`: what comes to it is encoded into spikes of `input`, and what `output` fires in
   * the window after that is decoded and sent back. See {@link PopulationNeuron}.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option, ERR_NB_CLOSED, ERR_NB_RUNNING.
   */
  asNeuron<Input, Output>(options: PopulationNeuronOptions<Input, Output>): PopulationNeuron<Input, Output> {
    return new PopulationNeuron(this, options);
  }

  /** Frees the network. A run ends with ERR_NB_CLOSED. Afterwards everything throws that; closing twice does nothing. */
  close(): void {
    this.#engine.stop();
    this.#engine.close();
  }

  #begin(size: number, what: string, options: { name?: string }, keys: ReadonlySet<string>): Engine {
    this.#engine.rest();
    checkInteger('size', size, 1, MAX_SIZE);
    checkKeys(`an option of ${what}`, options, keys);
    this.#checkNewName(this.#populations, options.name);
    return this.#engine;
  }

  #checkNewName(others: readonly { name: string | undefined }[], name: string | undefined): void {
    checkName(name);
    if (name !== undefined && others.some((other) => other.name === name))
      throw invalidArgument('name', name, 'one that no other has');
  }

  #resolveInitial(id: number, size: number, kind: NeuronModel['name'], initial: InitialState) {
    checkKeys('initial', initial, new Set(VARIABLES[kind]));
    return (Object.keys(initial) as StateVariable[])
      .filter((variable) => initial[variable] !== undefined)
      .map((variable) => {
        const random = randomFor(this.#engine.seed, id, `initial.${variable}`);
        const range = rangeOf(kind, variable);
        return [
          variable,
          resolveValues(`initial.${variable}`, initial[variable]!, size, range, random),
        ] as const;
      });
  }

  #checkId(id: number): void {
    if (id !== this.#populations.length)
      throw new NeuronBusError('INTERNAL', `Population ${id} is out of turn`);
  }
}

function restorePopulation(
  engine: Engine,
  id: number,
  size: number,
  kind: Population['kind'],
  name?: string,
) {
  if (kind === 'spike-source') return new SpikeSource(engine, id, size, name);
  return kind === 'poisson'
    ? new PoissonSource(engine, id, size, name)
    : new Population(engine, id, size, kind, name);
}

function checkPath(path: unknown): void {
  if (typeof path !== 'string' || path.length === 0 || path.includes('\0'))
    throw invalidArgument('path', path, 'the path of a file');
}
