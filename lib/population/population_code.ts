// SPDX-License-Identifier: MIT
//
// Population code: a number becomes the activity of neurons that each prefer another one. Any thread; see encoders.ts.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import { checkCode, type Encoder, type Intensities, type SpikeTrain } from './encoders.js';
import { checkBoolean, checkInteger, checkNumber, isList, POSITIVE } from './validation.js';

export interface PopulationEncoderOptions {
  /** Neurons for each of the numbers, 2 or more. */
  neurons: number;
  /** The least and the greatest number. */
  min: number;
  max: number;
  /** How many numbers an input has. Default 1. */
  dimensions?: number;
  /** Width of a tuning curve (its standard deviation), in units of the numbers. Default: the distance of two neighbours. */
  sigma?: number;
  /** The numbers go round: `max` is `min` again, as of angles. Default false. */
  circular?: boolean;
  /** How activities from 0 to 1 become spikes: an encoder of neurons x dimensions intensities, of maximum 1. */
  code: Encoder<Intensities>;
}

/**
 * Population code with Gaussian tuning curves: of a number s, the neuron that prefers c has the activity
 *
 *     f(s) = exp(-(s - c)^2 / (2 sigma^2))
 *
 * (Dayan and Abbott 2001, Theoretical Neuroscience, equation 1.14, with the rate at the peak left to `code`). The preferred
 * numbers are evenly spaced, from `min` to `max`, both included; around the circle `max` is left out. For number d of an input
 * the neurons are `d * neurons` to `(d + 1) * neurons - 1`. {@link PopulationVectorDecoder} reads it.
 */
export class PopulationEncoder implements Encoder<Intensities> {
  readonly size: number;
  readonly neurons: number;
  readonly dimensions: number;
  readonly min: number;
  readonly max: number;
  readonly sigma: number;
  readonly circular: boolean;
  /** What each neuron of a number prefers. */
  readonly preferred: Float64Array;
  readonly #code: Encoder<Intensities>;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option; also of a code of another size. */
  constructor(options: PopulationEncoderOptions) {
    const known = ['neurons', 'min', 'max', 'dimensions', 'sigma', 'circular', 'code'];
    checkKeys('options', options, new Set(known));
    const { neurons, min, max, dimensions = 1, sigma, circular = false, code } = options;
    this.neurons = checkInteger('neurons', neurons, 2, 2 ** 24);
    this.dimensions = checkInteger('dimensions', dimensions, 1, 2 ** 24);
    this.size = this.neurons * this.dimensions;
    this.min = checkNumber('min', min);
    this.max = checkNumber('max', max, { above: min });
    this.circular = checkBoolean('circular', circular);
    const spacing = (max - min) / (circular ? neurons : neurons - 1);
    this.sigma = sigma === undefined ? spacing : checkNumber('sigma', sigma, POSITIVE);
    this.preferred = Float64Array.from({ length: neurons }, (_, i) => min + i * spacing);
    this.#code = checkCode(code, this.size);
  }

  /** The activities, from 0 to 1. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
  activities(input: Intensities): Float64Array {
    const values = typeof input === 'number' ? [input] : input;
    if (!isList(values)) throw invalidArgument('input', values, `an array of ${this.dimensions} numbers`);
    if (values.length !== this.dimensions)
      throw invalidArgument('the length of input', values.length, `${this.dimensions}`);
    const activities = new Float64Array(this.size);
    for (let d = 0; d < this.dimensions; d++) {
      const value = checkNumber(`input[${d}]`, values[d], { min: this.min, max: this.max });
      for (let i = 0; i < this.neurons; i++) {
        const distance = this.#distance(value, this.preferred[i]) / this.sigma;
        activities[d * this.neurons + i] = Math.exp(-0.5 * distance * distance);
      }
    }
    return activities;
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: not `dimensions` numbers from `min` to `max`, or as `code` throws. */
  encode(input: Intensities, windowMs: number): SpikeTrain {
    return this.#code.encode(this.activities(input), windowMs);
  }

  #distance(a: number, b: number): number {
    const distance = Math.abs(a - b);
    return this.circular ? Math.min(distance, this.max - this.min - distance) : distance;
  }
}
