// SPDX-License-Identifier: MIT
//
// A retina: from an image to the spikes of cells that see contrast. Any thread; see encoders.ts.

import { checkKeys } from '../memory/errors.js';
import { checkCode, type Encoder, fractionsOf, type Intensities, type SpikeTrain } from './encoders.js';
import { checkBoolean, checkInteger, checkNumber, POSITIVE } from './validation.js';

export interface RetinaOptions {
  width: number;
  height: number;
  /** Brightness of white. Default 1; 255 for bytes. */
  maximum?: number;
  /** Standard deviation of the centre, pixels. Default 1. */
  centreSigma?: number;
  /** Standard deviation of the surround, pixels, above that of the centre. Default 2. */
  surroundSigma?: number;
  /** Whether the strongest contrast of each image counts as 1, be the image bright or dim. Default true. */
  normalize?: boolean;
  /** How contrasts from 0 to 1 become spikes: an encoder of width x height x 2 intensities, of maximum 1. */
  code: Encoder<Intensities>;
}

/** What a uniform image leaves of rounding, far below any step of 8 bits. */
const NO_CONTRAST = 1e-9;
/** Beyond so many standard deviations a Gaussian is nothing. */
const REACH = 3;

/**
 * ON and OFF cells with centre and surround: with the image blurred by two Gaussians,
 *
 *     contrast = centre - surround,   ON = max(contrast, 0),   OFF = max(-contrast, 0)
 *
 * the difference of Gaussians of Rodieck 1965 (Vision Research 5:583); sigmas of 1 and 2 pixels before a latency code are those of
 * Kheradpisheh et al. 2018 (Neural Networks 99:56). At a border the part of a Gaussian that lies in the image counts for all of
 * it: an even image has no contrast anywhere, and gives no spike.
 *
 * Cells are numbered as planes of height x width x 2, the channel fastest: the ON cell of pixel (x, y) is 2 (y width + x), its
 * OFF cell the next one. That is how a 'convolution' with 2 channels takes them.
 */
export class Retina implements Encoder<ArrayLike<number>> {
  readonly size: number;
  readonly width: number;
  readonly height: number;
  readonly maximum: number;
  readonly normalize: boolean;
  readonly #centre: Float64Array;
  readonly #surround: Float64Array;
  readonly #code: Encoder<Intensities>;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option; also of a code of another size. */
  constructor(options: RetinaOptions) {
    const known = ['width', 'height', 'maximum', 'centreSigma', 'surroundSigma', 'normalize', 'code'];
    checkKeys('options', options, new Set(known));
    const {
      width,
      height,
      maximum = 1,
      centreSigma = 1,
      surroundSigma = 2,
      normalize = true,
      code,
    } = options;
    this.width = checkInteger('width', width, 1, 2 ** 14);
    this.height = checkInteger('height', height, 1, 2 ** 14);
    this.size = width * height * 2;
    this.maximum = checkNumber('maximum', maximum, POSITIVE);
    this.normalize = checkBoolean('normalize', normalize);
    this.#centre = gaussian(checkNumber('centreSigma', centreSigma, POSITIVE));
    this.#surround = gaussian(
      checkNumber('surroundSigma', surroundSigma, { above: centreSigma, max: 2 ** 12 }),
    );
    this.#code = checkCode(code, this.size);
  }

  /** Of each cell, from 0 to 1. `image`: brightness from 0 to `maximum`, row by row. @throws ERR_NB_INVALID_ARGUMENT. */
  contrasts(image: ArrayLike<number>): Float64Array {
    const { width, height } = this;
    const bright = fractionsOf('image', image, width * height, this.maximum);
    const centre = blur(bright, width, height, this.#centre);
    const surround = blur(bright, width, height, this.#surround);
    const contrasts = new Float64Array(this.size);
    let strongest = 0;
    for (let i = 0; i < centre.length; i++) {
      const contrast = centre[i] - surround[i];
      const strength = Math.abs(contrast);
      if (strength < NO_CONTRAST) continue;
      contrasts[2 * i + (contrast > 0 ? 0 : 1)] = strength;
      strongest = Math.max(strongest, strength);
    }
    if (this.normalize && strongest > 0) for (let i = 0; i < this.size; i++) contrasts[i] /= strongest;
    return contrasts;
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: not width x height numbers from 0 to `maximum`, or as `code` throws. */
  encode(image: ArrayLike<number>, windowMs: number): SpikeTrain {
    return this.#code.encode(this.contrasts(image), windowMs);
  }
}

/** One half of a Gaussian, from its peak on. */
function gaussian(sigma: number): Float64Array {
  const reach = Math.max(1, Math.ceil(REACH * sigma));
  return Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp((-i * i) / (2 * sigma * sigma)));
}

function blur(image: Float64Array, width: number, height: number, kernel: Float64Array): Float64Array {
  const rows = new Float64Array(image.length);
  for (let y = 0; y < height; y++) smooth(image, rows, y * width, 1, width, kernel);
  const both = new Float64Array(image.length);
  for (let x = 0; x < width; x++) smooth(rows, both, x, width, height, kernel);
  return both;
}

/** Smooths one line of `count` pixels that are `stride` apart. */
function smooth(
  from: Float64Array,
  to: Float64Array,
  start: number,
  stride: number,
  count: number,
  kernel: Float64Array,
): void {
  const reach = kernel.length - 1;
  for (let at = 0; at < count; at++) {
    let sum = 0;
    let weight = 0;
    for (let i = Math.max(0, at - reach); i <= Math.min(count - 1, at + reach); i++) {
      const k = kernel[Math.abs(i - at)];
      sum += k * from[start + i * stride];
      weight += k;
    }
    to[start + at * stride] = sum / weight;
  }
}
