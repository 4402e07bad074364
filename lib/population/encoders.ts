// SPDX-License-Identifier: MIT
//
// Encoders: from numbers to the spikes of a source. Each gives the spikes of one window, with times from its beginning, ready for
// `source.add()` once they are moved to now. Any thread; those with a seed belong to one caller.
//
// Nothing is rounded or clamped: a number that is out of range is ERR_NB_INVALID_ARGUMENT.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import { seededRandom } from '../memory/random.js';
import { checkChoice, checkInteger, checkNumber, isList, NOT_NEGATIVE, POSITIVE } from './validation.js';

/** Spikes of a window: neuron `neurons[i]` fires `timesMs[i]` after its beginning. In no particular order. */
export interface SpikeTrain {
  readonly neurons: Uint32Array;
  readonly timesMs: Float64Array;
}

/** From an input to spikes. Write your own as an object with these two. */
export interface Encoder<Input = unknown> {
  /** How many neurons the source must have. */
  readonly size: number;
  /** The spikes of a window of this length, all within [0, windowMs). @throws what it does not like of the input. */
  encode(input: Input, windowMs: number): SpikeTrain;
}

/** One number for each neuron; for one neuron also the number itself. */
export type Intensities = number | ArrayLike<number>;

const MAX_SIZE = 2 ** 32 - 2;

/** Collects the spikes of a window. */
export class TrainBuilder {
  readonly #neurons: number[] = [];
  readonly #timesMs: number[] = [];

  add(neuron: number, timeMs: number): void {
    this.#neurons.push(neuron);
    this.#timesMs.push(timeMs);
  }

  get train(): SpikeTrain {
    return { neurons: Uint32Array.from(this.#neurons), timesMs: Float64Array.from(this.#timesMs) };
  }
}

/** @internal `size` numbers from 0 to `maximum`, as fractions of it. @throws ERR_NB_INVALID_ARGUMENT naming the number. */
export function fractionsOf(name: string, input: Intensities, size: number, maximum: number): Float64Array {
  const values = typeof input === 'number' ? [input] : input;
  if (!isList(values)) throw invalidArgument(name, values, `an array of ${size} numbers`);
  if (values.length !== size) throw invalidArgument(`the length of ${name}`, values.length, `${size}`);
  const range = { min: 0, max: maximum };
  const fractions = new Float64Array(size);
  for (let i = 0; i < size; i++) fractions[i] = checkNumber(name, values[i], range, i) / maximum;
  return fractions;
}

/** @internal A code of intensities that another encoder makes; its size must be `size`. */
export function checkCode(code: Encoder<Intensities>, size: number): Encoder<Intensities> {
  if (typeof code?.encode !== 'function') throw invalidArgument('code', code, 'an encoder of intensities');
  if (code.size !== size)
    throw invalidArgument('code.size', code.size, `${size}, a neuron for each intensity`);
  return code;
}

export interface RateEncoderOptions {
  /** Neurons. */
  size: number;
  /** The intensity at which a neuron fires at `maxRateHz`. Default 1. */
  maximum?: number;
  /** At intensity 0. Default 0. */
  minRateHz?: number;
  /** At intensity `maximum`. Default 100. */
  maxRateHz?: number;
  /** Default 1. The same seed and the same inputs in the same order give the same spikes. */
  seed?: number;
}

/**
 * Rate code: neuron i fires as a Poisson process of rate
 *
 *     minRateHz + (maxRateHz - minRateHz) x_i / maximum
 *
 * so that intervals are exponential (Dayan and Abbott 2001, Theoretical Neuroscience, section 1.4).
 */
export class RateEncoder implements Encoder<Intensities> {
  readonly size: number;
  readonly maximum: number;
  readonly minRateHz: number;
  readonly maxRateHz: number;
  readonly #random: () => number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: RateEncoderOptions) {
    checkKeys('options', options, new Set(['size', 'maximum', 'minRateHz', 'maxRateHz', 'seed']));
    const { size, maximum = 1, minRateHz = 0, maxRateHz = 100, seed = 1 } = options;
    this.size = checkInteger('size', size, 1, MAX_SIZE);
    this.maximum = checkNumber('maximum', maximum, POSITIVE);
    this.minRateHz = checkNumber('minRateHz', minRateHz, NOT_NEGATIVE);
    this.maxRateHz = checkNumber('maxRateHz', maxRateHz, { min: minRateHz });
    this.#random = seededRandom(checkInteger('seed', seed, 0, 2 ** 32 - 1));
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: not `size` numbers from 0 to `maximum`; then no random number is used. */
  encode(input: Intensities, windowMs: number): SpikeTrain {
    checkNumber('windowMs', windowMs, POSITIVE);
    const fractions = fractionsOf('input', input, this.size, this.maximum);
    const train = new TrainBuilder();
    for (let neuron = 0; neuron < this.size; neuron++) {
      const rateHz = this.minRateHz + (this.maxRateHz - this.minRateHz) * fractions[neuron];
      if (rateHz === 0) continue;
      const meanMs = 1000 / rateHz;
      for (let at = this.#interval(meanMs); at < windowMs; at += this.#interval(meanMs))
        train.add(neuron, at);
    }
    return train.train;
  }

  #interval(meanMs: number): number {
    return -meanMs * Math.log(1 - this.#random());
  }
}

export interface LatencyEncoderOptions {
  /** Neurons. */
  size: number;
  /** The strongest intensity. Default 1. */
  maximum?: number;
  /** Fraction of `maximum`, below 1: who is not above it stays silent. Default 0; the curve 'membrane' needs one above 0. */
  threshold?: number;
  /** Default 'linear'. */
  curve?: 'linear' | 'membrane';
  /** 'linear': when the strongest fires. Default 0. */
  firstMs?: number;
  /** 'linear': where the weakest would. Default: the end of the window. */
  lastMs?: number;
  /** 'membrane': its time constant. Default 20. */
  tauMs?: number;
}

const CURVES = { linear: true, membrane: true };

/**
 * Latency code: each neuron fires at most once, the stronger the earlier (Thorpe, Fize and Marlot 1996, Nature 381:520, on why a
 * spike per neuron must do). With x = intensity / maximum, above `threshold`:
 *
 *     linear     t = firstMs + (lastMs - firstMs) (1 - x)
 *     membrane   t = tauMs ln(x / (x - threshold))
 *
 * The second is when a leaky membrane that x drives from rest, v = x (1 - exp(-t / tau)), reaches `threshold` (Gerstner, Kistler,
 * Naud and Paninski 2014, Neuronal Dynamics, section 1.3). Who would fire at the end of the window or later stays silent.
 */
export class LatencyEncoder implements Encoder<Intensities> {
  readonly size: number;
  readonly maximum: number;
  readonly threshold: number;
  readonly curve: 'linear' | 'membrane';
  readonly firstMs: number;
  readonly lastMs: number | undefined;
  readonly tauMs: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: LatencyEncoderOptions) {
    const known = ['size', 'maximum', 'threshold', 'curve', 'firstMs', 'lastMs', 'tauMs'];
    checkKeys('options', options, new Set(known));
    const { size, maximum = 1, threshold = 0, curve = 'linear', firstMs = 0, lastMs, tauMs = 20 } = options;
    this.size = checkInteger('size', size, 1, MAX_SIZE);
    this.maximum = checkNumber('maximum', maximum, POSITIVE);
    this.curve = checkChoice('curve', curve, CURVES);
    const lowest = this.curve === 'membrane' ? POSITIVE : NOT_NEGATIVE;
    this.threshold = checkNumber('threshold', threshold, { ...lowest, below: 1 });
    this.firstMs = checkNumber('firstMs', firstMs, NOT_NEGATIVE);
    this.lastMs = lastMs === undefined ? undefined : checkNumber('lastMs', lastMs, { above: firstMs });
    this.tauMs = checkNumber('tauMs', tauMs, POSITIVE);
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: not `size` numbers from 0 to `maximum`, or a window before `firstMs`. */
  encode(input: Intensities, windowMs: number): SpikeTrain {
    checkNumber('windowMs', windowMs, { above: this.curve === 'linear' ? this.firstMs : 0 });
    const fractions = fractionsOf('input', input, this.size, this.maximum);
    const lastMs = this.lastMs ?? windowMs;
    const train = new TrainBuilder();
    for (let neuron = 0; neuron < this.size; neuron++) {
      const x = fractions[neuron];
      if (!(x > this.threshold)) continue;
      const at =
        this.curve === 'linear'
          ? this.firstMs + (lastMs - this.firstMs) * (1 - x)
          : this.tauMs * Math.log(x / (x - this.threshold));
      if (at < windowMs) train.add(neuron, at);
    }
    return train.train;
  }
}

/** Neurons that fire at once, by their index; or neurons and when they fire. */
export type DirectInput =
  | number
  | ArrayLike<number>
  | readonly { readonly neuron: number; readonly timeMs: number }[]
  | { readonly neurons: ArrayLike<number>; readonly timesMs: ArrayLike<number> };

/** No code at all: the input says who fires, and perhaps when. */
export class DirectEncoder implements Encoder<DirectInput> {
  readonly size: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  constructor(options: { size: number }) {
    checkKeys('options', options, new Set(['size']));
    this.size = checkInteger('size', options.size, 1, MAX_SIZE);
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: no such neuron, or a time outside of the window. */
  encode(input: DirectInput, windowMs: number): SpikeTrain {
    checkNumber('windowMs', windowMs, POSITIVE);
    const list = typeof input === 'number' ? [input] : input;
    if (isList(list) || Array.isArray(list)) return this.#each(list as ArrayLike<unknown>, windowMs);
    const { neurons, timesMs } = (list ?? {}) as { neurons?: unknown; timesMs?: unknown };
    if (!isList(neurons) || !isList(timesMs))
      throw invalidArgument(
        'input',
        input,
        'an array of indices, of { neuron, timeMs }, or { neurons, timesMs }',
      );
    if (timesMs.length !== neurons.length)
      throw invalidArgument(
        'the length of input.timesMs',
        timesMs.length,
        `${neurons.length}, as of neurons`,
      );
    const train = new TrainBuilder();
    for (let i = 0; i < neurons.length; i++)
      this.#add(train, [`input.neurons[${i}]`, neurons[i]], [`input.timesMs[${i}]`, timesMs[i]], windowMs);
    return train.train;
  }

  #each(list: ArrayLike<unknown>, windowMs: number): SpikeTrain {
    const train = new TrainBuilder();
    for (let i = 0; i < list.length; i++) {
      const one = list[i] as number | { neuron?: number; timeMs?: number } | null;
      const isSpike = typeof one === 'object' && one !== null;
      const who = isSpike ? ([`input[${i}].neuron`, one.neuron] as const) : ([`input[${i}]`, one] as const);
      this.#add(train, who, [`input[${i}].timeMs`, isSpike ? one.timeMs : 0], windowMs);
    }
    return train.train;
  }

  #add(
    train: TrainBuilder,
    [who, neuron]: readonly [string, unknown],
    [when, timeMs]: readonly [string, unknown],
    windowMs: number,
  ): void {
    const index = checkInteger(who, neuron, 0, this.size - 1);
    train.add(index, checkNumber(when, timeMs, { min: 0, below: windowMs }));
  }
}
