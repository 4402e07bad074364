// SPDX-License-Identifier: MIT
//
// Options of a bus: what they mean, their defaults, and the checks. Pure functions, any thread.

import {
  type Backpressure,
  backpressureName,
  checkBackpressure,
  checkCapacity,
} from '../memory/backpressure.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as layout from '../memory/layout.js';
import type { Memory } from '../memory/memory.js';
import type { SegmentOptions } from '../memory/native.js';
import { type RoutingChoice, resolveChoice } from '../routing/strategies.js';
import { checkName } from './bus_name.js';
import { checkTimeout } from './messages/options.js';

export type WaitStrategy = 'park' | 'yield' | 'spin';

/** Times are in ms. Everything has a default; an unknown name is refused. */
export interface NeuronBusOptions {
  /** Bytes for payloads over 46 bytes; a power of two from 64 KiB to 4 GiB. Default 16 MiB. */
  arenaCapacity?: number;
  /** Spikes that wait at most; a power of two from 2 to 2^26. Default 16,384. */
  axonCapacity?: number;
  /** Neurons at one time, 1..65,534. Default 4,096. */
  maxNeurons?: number;
  /** Synapses at one time, 48 bytes each once used. Default 131,072. */
  maxSynapses?: number;
  /**
   * What `start()` does while nothing is queued: `park` (default) waits for the next fire without using the processor;
   * `yield` looks again after every turn of the event loop for a while, then parks; `spin` looks again for ever.
   */
  waitStrategy?: WaitStrategy;
  /** What a full axon does with the next spike. Default 'drop-newest'. */
  backpressure?: Backpressure;
  /** backpressure 'block': how long a fire outside of handlers works the queue off to make room. Default 100. */
  blockMs?: number;
  /** backpressure 'sample': while the axon is over half full, one spike in this many is kept. Default 10. */
  sampleEvery?: number;
  /**
   * Threads and other participants that can be on the bus at once, 1..64. Each has tables and rings of the given sizes, which
   * cost address space, and memory once they are used. Default 16, fewer when those are large.
   */
  maxGanglia?: number;
  /**
   * 1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot. A bus with a name can be joined by other processes of this user
   * (`NeuronBus.open(name)`, the C API); on Linux, and not with a virtual clock. Default: a bus of this process alone.
   */
  name?: string;
  /** After activity, how long to look for more before parking, ms: waking a parked thread takes longer. Default 0.1. */
  pollMs?: number;
  /** How long the sudden death of another process may go unnoticed, ms. Default 1,000. */
  deathMs?: number;
  /** 'real' (default), or 'virtual': time stands still except for `bus.clock.advance(ms)`. */
  clock?: 'real' | 'virtual';
  /** Seed of `handle.random()`, an unsigned 32-bit integer. Default 1. */
  seed?: number;
  /**
   * Hand-overs in a row before `start()` gives the event loop its turn, at most; fewer while handlers are slow, so that it comes
   * about once a millisecond. Default 1,024.
   */
  budget?: number;
  /** How often `start()` calls `tick(handle)` of the neurons that have it. Default 10. */
  tickIntervalMs?: number;
  /**
   * 'burst' (default): spikes fired in one go share a clock reading (renewed at least every 64 spikes and every few
   * microseconds of handler time). 'each': every spike reads the clock, about 20 ns more.
   */
  stamps?: 'burst' | 'each';
  /**
   * 'development': every spike gets its own view, which throws ERR_NB_STALE_SPIKE when it is used after `onSpike`
   * returned. 'production': one view is re-used and nothing is allocated. Default: by NODE_ENV.
   */
  checks?: 'development' | 'production';
  /** How long a request waits for its answer unless it says otherwise, ms; Infinity = for ever. Default 30,000. */
  requestTimeoutMs?: number;
  /**
   * Waiting this long makes up for one step of priority among the messages that wait at a neuron, ms; so nobody starves.
   * Infinity: strict. Default 1,000.
   */
  ageingMs?: number;
  /** How many messages and exchanges `bus.history()` remembers at most; 0: none. Default 4,096. */
  historyCapacity?: number;
  /**
   * 'spikes': everything that this thread's neurons fire is written to the file `tracePath`, in order, so that
   * {@link replayTrace} can fire it again; 'verbose': also how each message and exchange went. Each spike then takes several
   * times as long, and the file is written by synchronous calls. Default 'off'.
   */
  trace?: 'off' | 'spikes' | 'verbose';
  /** The file of the trace; an older one is replaced. */
  tracePath?: string;
  /**
   * How one of several agents is chosen: a name, `{ name, ... }` with options such as `exploration` or `budgetPerSecond`, or a
   * function. Default 'learned'. See docs/routing.md.
   */
  routing?: RoutingChoice;
  /** An agent that answers a smaller share of its questions is left out, but for trials. 0 to 1, default 0.95; 0 = never. */
  healthThreshold?: number;
  plasticity?: {
    /** Half-life of the weight of an unused synapse. Default 600,000 (10 minutes). */
    halfLifeMs?: number;
    /** A synapse that lay idle for this long is unused: it fades from then on, and is pruned at its minimum. Default 60,000. */
    pruneGraceMs?: number;
    /** How often unused synapses are looked at. Default 1,000. */
    sweepIntervalMs?: number;
  };
}

export interface ResolvedOptions extends Required<Omit<NeuronBusOptions, 'plasticity'>> {
  plasticity: Required<NonNullable<NeuronBusOptions['plasticity']>>;
}

const MIN_ARENA_BYTES = 65_536;
/** Different sets of plasticity parameters, and of filters, that synapses can share. */
const MAX_RULES = 1024;
const MAX_FILTERS = 4096;

function defaults(): ResolvedOptions {
  return {
    arenaCapacity: 1 << 24,
    axonCapacity: 1 << 14,
    maxNeurons: 4096,
    maxSynapses: 1 << 17,
    waitStrategy: 'park',
    backpressure: 'drop-newest',
    blockMs: 100,
    sampleEvery: 10,
    maxGanglia: 16,
    name: 'neuronbus',
    pollMs: 0.1,
    deathMs: 1000,
    clock: 'real',
    seed: 1,
    budget: 1024,
    tickIntervalMs: 10,
    stamps: 'burst',
    checks: process.env.NODE_ENV === 'production' ? 'production' : 'development',
    requestTimeoutMs: 30_000,
    ageingMs: 1000,
    historyCapacity: 4096,
    trace: 'off',
    tracePath: '',
    routing: 'learned',
    healthThreshold: 0.95,
    plasticity: { halfLifeMs: 600_000, pruneGraceMs: 60_000, sweepIntervalMs: 1000 },
  };
}

export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalidArgument(name, value, `an integer from ${min} to ${max}`);
  }
}

export function checkMs(name: string, value: number, min: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > 1e12) {
    throw invalidArgument(name, value, `a number of milliseconds from ${min}`);
  }
}

function checkArena(bytes: number): void {
  const [min, max] = [MIN_ARENA_BYTES, 2 ** 32];
  if (!Number.isInteger(bytes) || bytes < min || bytes > max || !Number.isInteger(Math.log2(bytes))) {
    throw new NeuronBusError(
      'CAPACITY',
      `arenaCapacity is ${String(bytes)}, but must be a power of two from ${min} to ${max} bytes`,
    );
  }
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw invalidArgument(name, value, `one of ${choices.join(', ')}`);
}

/** Refuses keys that `known` does not have, and drops those that are undefined. */
export function given<T extends object>(prefix: string, options: T, known: object): Partial<T> {
  if (options === null || typeof options !== 'object')
    throw invalidArgument(prefix || 'options', options, 'an object');
  const result: Partial<T> = {};
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, key)) {
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        `There is no option ${prefix}${key}, but ${Object.keys(known).join(', ')}`,
      );
    }
    if (value !== undefined) result[key as keyof T] = value as T[keyof T];
  }
  return result;
}

/**
 * Options with all defaults filled in.
 *
 * @throws NeuronBusError ERR_NB_CAPACITY, ERR_NB_INVALID_ARGUMENT naming the option.
 */
export function resolveOptions(options: NeuronBusOptions): ResolvedOptions {
  const base = defaults();
  const top = given('', options, base);
  const plasticity = given('plasticity.', options.plasticity ?? {}, base.plasticity);
  const resolved = { ...base, ...top, plasticity: { ...base.plasticity, ...plasticity } } as ResolvedOptions;

  checkCapacity('axonCapacity', resolved.axonCapacity);
  checkArena(resolved.arenaCapacity);
  checkInteger('maxNeurons', resolved.maxNeurons, 1, layout.MAX_NEURONS);
  checkMs('pollMs', resolved.pollMs, 0);
  checkMs('deathMs', resolved.deathMs, 10);
  checkInteger('maxSynapses', resolved.maxSynapses, 1, 2 ** 28);
  checkChoice('waitStrategy', resolved.waitStrategy, ['park', 'yield', 'spin']);
  if (top.maxGanglia === undefined) resolved.maxGanglia = affordableGanglia(resolved);
  checkInteger('maxGanglia', resolved.maxGanglia, 1, layout.MAX_GANGLIA);
  checkBackpressure(resolved.backpressure);
  checkChoice('clock', resolved.clock, ['real', 'virtual']);
  checkChoice('stamps', resolved.stamps, ['burst', 'each']);
  checkChoice('checks', resolved.checks, ['development', 'production']);
  checkInteger('seed', resolved.seed, 0, 2 ** 32 - 1);
  checkInteger('budget', resolved.budget, 1, layout.DISPATCH_SLACK);
  checkInteger('sampleEvery', resolved.sampleEvery, 1, 2 ** 31);
  checkMs('blockMs', resolved.blockMs, 0);
  checkMs('tickIntervalMs', resolved.tickIntervalMs, 1);
  checkTimeout('requestTimeoutMs', resolved.requestTimeoutMs);
  checkTimeout('ageingMs', resolved.ageingMs);
  checkInteger('historyCapacity', resolved.historyCapacity, 0, 2 ** 24);
  checkChoice('trace', resolved.trace, ['off', 'spikes', 'verbose']);
  if (typeof resolved.tracePath !== 'string' || (resolved.trace !== 'off' && resolved.tracePath === ''))
    throw invalidArgument('tracePath', resolved.tracePath, 'the path of a file');
  resolveChoice('routing', resolved.routing); // throws what is wrong with it
  const { healthThreshold } = resolved;
  if (!(typeof healthThreshold === 'number' && healthThreshold >= 0 && healthThreshold <= 1)) {
    throw invalidArgument('healthThreshold', healthThreshold, 'a number from 0 to 1');
  }
  checkMs('plasticity.halfLifeMs', resolved.plasticity.halfLifeMs, 1e-6);
  checkMs('plasticity.pruneGraceMs', resolved.plasticity.pruneGraceMs, 0);
  checkMs('plasticity.sweepIntervalMs', resolved.plasticity.sweepIntervalMs, 1e-6);
  checkName(resolved.name);
  return resolved;
}

/** What each participant decides for itself; the rest is the creator's. */
export type AttachOptions = Pick<
  NeuronBusOptions,
  | 'waitStrategy'
  | 'pollMs'
  | 'deathMs'
  | 'seed'
  | 'budget'
  | 'tickIntervalMs'
  | 'stamps'
  | 'checks'
  | 'requestTimeoutMs'
  | 'ageingMs'
  | 'historyCapacity'
  | 'trace'
  | 'tracePath'
  | 'routing'
  | 'healthThreshold'
  | 'plasticity'
>;

const OWN_OPTIONS: readonly (keyof AttachOptions)[] = [
  'waitStrategy',
  'pollMs',
  'deathMs',
  'seed',
  'budget',
  'tickIntervalMs',
  'stamps',
  'checks',
  'requestTimeoutMs',
  'ageingMs',
  'historyCapacity',
  'trace',
  'tracePath',
  'routing',
  'healthThreshold',
  'plasticity',
];

/** Options of a bus that somebody else created. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function attachedOptions(memory: Memory, own: AttachOptions): ResolvedOptions {
  const base = defaults();
  const theirs = Object.fromEntries(OWN_OPTIONS.map((name) => [name, base[name]]));
  return resolveOptions({
    ...given('', own, theirs),
    arenaCapacity: memory.arenaChunkCount * layout.ARENA_CHUNK_BYTES,
    axonCapacity: memory.axonCapacity,
    maxNeurons: memory.maxNeurons,
    maxSynapses: memory.maxSynapses,
    maxGanglia: memory.maxGanglia,
    backpressure: backpressureName(memory.u32At(layout.HEADER_BACKPRESSURE)),
    blockMs: memory.u64At(layout.HEADER_BLOCK_NS) / 1e6,
    sampleEvery: memory.u64At(layout.HEADER_DROP_SAMPLE_EVERY),
    name: memory.name,
    clock: memory.virtualClock ? 'virtual' : 'real',
  });
}

// All parts of a segment together must fit one ArrayBuffer, of which Node.js 20 has them up to 4 GiB.
const BUDGET_BYTES = 2 ** 30;

function axonBytes({ axonCapacity }: ResolvedOptions): number {
  return layout.AXON_BYTES + axonCapacity * layout.SPIKE_BYTES;
}

/** As many participants as 1 GiB of tables and own axons allows, at most the default. */
function affordableGanglia(options: ResolvedOptions): number {
  const tables = options.maxSynapses * layout.SYNAPSE_BYTES + options.maxNeurons * layout.DISPATCH_BYTES;
  const each = tables + axonBytes(options);
  return Math.max(1, Math.min(options.maxGanglia, Math.floor(BUDGET_BYTES / each)));
}

/** One for each ordered pair of ganglia, or as many as fit into 1 GiB, and always each one's own. */
function affordableAxons(options: ResolvedOptions): number {
  const { maxGanglia } = options;
  const affordable = Math.floor(BUDGET_BYTES / axonBytes(options));
  return Math.min(maxGanglia ** 2, Math.max(maxGanglia, affordable));
}

/** Whether a bus of these options can be joined by its name. */
export function isNamed(options: NeuronBusOptions): boolean {
  return options.name !== undefined && options.clock !== 'virtual' && process.platform === 'linux';
}

/** The segment that a bus of these options lives in. */
export function segmentOptions(options: ResolvedOptions, named: boolean): SegmentOptions {
  return {
    named,
    maxGanglia: options.maxGanglia,
    maxAxons: affordableAxons(options),
    axonCapacity: options.axonCapacity,
    mode: checkBackpressure(options.backpressure),
    sampleEvery: options.sampleEvery,
    blockMs: options.blockMs,
    maxNeurons: options.maxNeurons,
    maxSynapses: options.maxSynapses,
    maxRules: MAX_RULES,
    maxFilters: MAX_FILTERS,
    arenaChunks: options.arenaCapacity / layout.ARENA_CHUNK_BYTES,
    virtualClock: options.clock === 'virtual',
    name: options.name,
  };
}
