// SPDX-License-Identifier: MIT
//
// Decoders: from the spikes of a population within a window to a number, a class, a vector. They take what a recording gives,
// keep nothing, and may be used on any thread.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import { Classes } from './classes.js';
import type { Spikes } from './recording.js';
import {
  checkBoolean,
  checkChoice,
  checkInteger,
  checkNumber,
  checkNumbers,
  isList,
  POSITIVE,
} from './validation.js';

/** From spikes to an output. Write your own as an object with these two. */
export interface Decoder<Output = unknown> {
  /** How many neurons the population must have. */
  readonly size: number;
  /**
   * What these spikes of a window say; times are from its beginning. `undefined`: nothing. On the bus, that is no spike back, and
   * an answer without a value.
   */
  decode(spikes: Spikes, windowMs: number): Output | undefined;
  /** The class that each neuron stands for, -1 for none, if it knows of classes. */
  readonly classes?: ArrayLike<number>;
}

const MAX_SIZE = 2 ** 31 - 1;

/** @internal Spikes of each neuron. @throws ERR_NB_INVALID_ARGUMENT: no spikes, or of a neuron that is not there. */
export function countSpikes(spikes: Spikes, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const index of checkSpikes(spikes, size).neuron) counts[index]++;
  return counts;
}

/** @internal */
export function checkSpikes(spikes: Spikes, size: number): Spikes {
  const { neuron, timeMs } = (spikes ?? {}) as Partial<Spikes>;
  if (!isList(neuron) || !isList(timeMs))
    throw invalidArgument('spikes', spikes, 'an object { neuron, timeMs }');
  if (timeMs.length !== neuron.length)
    throw invalidArgument(
      'the length of spikes.timeMs',
      timeMs.length,
      `${neuron.length}, as of spikes.neuron`,
    );
  for (let i = 0; i < neuron.length; i++) {
    if (!(neuron[i] < size)) throw invalidArgument(`spikes.neuron[${i}]`, neuron[i], `below ${size}`);
    if (!Number.isFinite(timeMs[i]))
      throw invalidArgument(`spikes.timeMs[${i}]`, timeMs[i], 'a finite number');
  }
  return spikes;
}

function sizeFrom(options: { size: number }): number {
  checkKeys('options', options, new Set(['size']));
  return checkInteger('size', options.size, 1, MAX_SIZE);
}

/** When each neuron fired first; Infinity: never. */
function firstTimes({ neuron, timeMs }: Spikes, size: number): Float64Array {
  const first = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < neuron.length; i++) first[neuron[i]] = Math.min(first[neuron[i]], timeMs[i]);
  return first;
}

export interface Winner {
  readonly neuron: number;
  /** Its spikes. */
  readonly spikes: number;
  /** When it fired first, ms. */
  readonly timeMs: number;
}

function winner(spikes: Spikes, size: number, better: (a: Winner, b: Winner) => boolean): Winner | undefined {
  const counts = countSpikes(spikes, size);
  const first = firstTimes(spikes, size);
  let best: Winner | undefined;
  for (let neuron = 0; neuron < size; neuron++) {
    if (counts[neuron] === 0) continue;
    const one = { neuron, spikes: counts[neuron], timeMs: first[neuron] };
    if (best === undefined || better(one, best)) best = one;
  }
  return best;
}

/** Who fires most wins; of equals who fired first, then the lower index. Nobody fired: undefined. */
export class CountDecoder implements Decoder<Winner> {
  readonly size: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: { size: number }) {
    this.size = sizeFrom(options);
  }

  decode(spikes: Spikes): Winner | undefined {
    return winner(
      spikes,
      this.size,
      (a, b) => a.spikes > b.spikes || (a.spikes === b.spikes && a.timeMs < b.timeMs),
    );
  }
}

/** Who fires first wins; of equals who fired more, then the lower index. Nobody fired: undefined. */
export class FirstSpikeDecoder implements Decoder<Winner> {
  readonly size: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: { size: number }) {
    this.size = sizeFrom(options);
  }

  decode(spikes: Spikes): Winner | undefined {
    return winner(
      spikes,
      this.size,
      (a, b) => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.spikes > b.spikes),
    );
  }
}

/** The rate of each neuron, Hz: its spikes by the length of the window. */
export class RateDecoder implements Decoder<Float64Array> {
  readonly size: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: { size: number }) {
    this.size = sizeFrom(options);
  }

  decode(spikes: Spikes, windowMs: number): Float64Array {
    checkNumber('windowMs', windowMs, POSITIVE);
    return Float64Array.from(countSpikes(spikes, this.size), (count) => (count * 1000) / windowMs);
  }
}

export interface PopulationVectorOptions {
  /** The number that each neuron prefers: as many as there are neurons. See {@link PopulationEncoder.preferred}. */
  preferred: ArrayLike<number>;
  /** The numbers go round with this period: 360 for degrees. Default: they do not. */
  period?: number;
}

/**
 * The population vector: of spikes n_i of neurons that prefer c_i the mean sum(n_i c_i) / sum(n_i); around a circle the direction
 * of the sum of unit vectors towards c_i, each n_i long (Georgopoulos, Schwartz and Kettner 1986, Science 233:1416), from 0 to
 * `period`. Nobody fired, or the vectors sum to nothing: undefined.
 */
export class PopulationVectorDecoder implements Decoder<number> {
  readonly size: number;
  readonly preferred: Float64Array;
  readonly period: number | undefined;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: PopulationVectorOptions) {
    checkKeys('options', options, new Set(['preferred', 'period']));
    this.preferred = checkNumbers('preferred', options.preferred, {});
    this.size = checkInteger('the length of preferred', this.preferred.length, 1, MAX_SIZE);
    this.period = options.period === undefined ? undefined : checkNumber('period', options.period, POSITIVE);
  }

  decode(spikes: Spikes): number | undefined {
    const counts = countSpikes(spikes, this.size);
    const total = spikes.neuron.length;
    if (total === 0) return undefined;
    const { preferred, period } = this;
    if (period === undefined) return counts.reduce((sum, n, i) => sum + n * preferred[i], 0) / total;
    const radians = (2 * Math.PI) / period;
    const x = counts.reduce((sum, n, i) => sum + n * Math.cos(preferred[i] * radians), 0);
    const y = counts.reduce((sum, n, i) => sum + n * Math.sin(preferred[i] * radians), 0);
    if (Math.hypot(x, y) < total * 1e-9) return undefined;
    const angle = Math.atan2(y, x) / radians;
    return angle < 0 ? angle + period : angle;
  }
}

export interface ClassDecoderOptions {
  /** The class of each neuron, from 0; -1: none. As {@link assignClasses} gives it. */
  classes: ArrayLike<number>;
  /** 'rate': which class fires most for its size; 'first-spike': which fires first. Default 'rate'. */
  by?: 'rate' | 'first-spike';
  /** Whether spikes of unassigned neurons are errors. Default false: they count for nobody. */
  strict?: boolean;
}

export interface ClassOutput {
  readonly class: number;
  /** The share of each class in the sum of mean rates: 0 to 1, together 1. */
  readonly shares: readonly number[];
  /** When the class fired first, ms. */
  readonly timeMs: number;
}

const BY = { rate: true, 'first-spike': true };

/**
 * The class of an input. By rate: the class whose neurons have the highest mean spike count, as Diehl and Cook 2015 (Front. Comput.
 * Neurosci. 9:99) read their network; of equals the one that fired first, then the lower one. By first spike: the class of who
 * fired first; of equals the one with the higher mean, then the lower one. No neuron with a class fired: undefined.
 */
export class ClassDecoder implements Decoder<ClassOutput> {
  readonly size: number;
  readonly classes: Int32Array;
  readonly by: 'rate' | 'first-spike';
  readonly #groups: Classes;
  readonly #strict: boolean;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: ClassDecoderOptions) {
    checkKeys('options', options, new Set(['classes', 'by', 'strict']));
    this.#groups = new Classes(options.classes);
    this.classes = this.#groups.of;
    this.size = this.classes.length;
    this.by = checkChoice('by', options.by ?? 'rate', BY);
    this.#strict = checkBoolean('strict', options.strict ?? false);
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: spikes of neurons that are not there or, if strict, that have no class. */
  decode(spikes: Spikes): ClassOutput | undefined {
    const { neuron, timeMs } = checkSpikes(spikes, this.size);
    const { of, count } = this.#groups;
    const counts = new Float64Array(count);
    const first = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < neuron.length; i++) {
      const group = of[neuron[i]];
      if (group >= 0) {
        counts[group]++;
        first[group] = Math.min(first[group], timeMs[i]);
      } else if (this.#strict) {
        throw invalidArgument(`spikes.neuron[${i}]`, neuron[i], 'a neuron that has a class');
      }
    }
    const shares = this.#groups.shares(counts);
    if (shares === undefined) return undefined;
    const [a, b] =
      this.by === 'rate' ? [shares.map((share) => -share), first] : [first, shares.map((share) => -share)];
    let best = 0;
    for (let i = 1; i < count; i++) if (a[i] < a[best] || (a[i] === a[best] && b[i] < b[best])) best = i;
    return { class: best, shares: [...shares], timeMs: first[best] };
  }
}
