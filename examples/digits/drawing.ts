// Images of digits that no two times look the same: the strokes of a bitmap font, bent, turned, stretched, moved by parts of a pixel,
// drawn with pens of any width, and covered with noise. Pure functions of a seed.

import { COLUMNS, DIGITS, ROWS } from './font.js';
import { Random } from './random.js';

/** How much digits vary; each a most, in both directions, unless said otherwise. */
export interface Variation {
  /** Degrees. */
  turn: number;
  /** Pixels, in each direction. */
  shift: number;
  /** Share of the size, in each direction by itself. */
  stretch: number;
  /** Share of the height that a column leans. */
  slant: number;
  /** Dots of the font that a dot strays from its place. */
  bend: number;
  /** Width of the pen in pixels, from and to. */
  pen: readonly [number, number];
  /** Standard deviation of what is added to each pixel. */
  noise: number;
}

export const VARIATION: Variation = {
  turn: 14,
  shift: 1.6,
  stretch: 0.14,
  slant: 0.15,
  bend: 0.35,
  pen: [1.3, 2.6],
  noise: 0.12,
};

export interface Digits {
  /** Pixels to a side. */
  readonly size: number;
  readonly count: number;
  /** Ink from 0 to 1: image by image, row by row from the top. */
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
}

/** Images of the two splits come from different random numbers; nothing but chance could draw one of them twice. */
export type Split = 'train' | 'test';

/**
 * `count` images of `size` x `size` pixels, as many of each digit (when count is a multiple of ten) in random order. Image i is the
 * same however many there are.
 */
export function drawDigits(
  split: Split,
  count: number,
  seed: number,
  size = 16,
  variation: Variation = VARIATION,
): Digits {
  const pixels = new Float32Array(count * size * size);
  const labels = new Uint8Array(count);
  const stream = split === 'train' ? 1 : 2;
  for (let first = 0; first < count; first += DIGITS.length) {
    const ten = Uint8Array.from(DIGITS, (_, digit) => digit);
    new Random(seed, stream, first).shuffle(ten);
    for (let i = first; i < Math.min(count, first + DIGITS.length); i++) {
      labels[i] = ten[i - first]!;
      const image = pixels.subarray(i * size * size, (i + 1) * size * size);
      drawDigit(image, size, labels[i]!, new Random(seed, stream, i, 7), variation);
    }
  }
  return { size, count, pixels, labels };
}

function drawDigit(image: Float32Array, size: number, digit: number, random: Random, how: Variation): void {
  const { x, y, strokes } = DIGITS[digit]!;
  const angle = (random.around(how.turn) * Math.PI) / 180;
  const slant = random.around(how.slant);
  // The font fills three quarters of the image.
  const dot = (0.75 * size) / ROWS;
  const across = dot * (1 + random.around(how.stretch));
  const down = dot * (1 + random.around(how.stretch));
  const left = (size - 1) / 2 + random.around(how.shift);
  const top = (size - 1) / 2 + random.around(how.shift);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const px = new Float64Array(x.length);
  const py = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const v = (y[i]! - (ROWS - 1) / 2 + random.around(how.bend)) * down;
    const u = (x[i]! - (COLUMNS - 1) / 2 + random.around(how.bend)) * across - slant * v;
    px[i] = left + u * cos - v * sin;
    py[i] = top + u * sin + v * cos;
  }
  const pen = how.pen[0] + random.uniform() * (how.pen[1] - how.pen[0]);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let nearest = Number.POSITIVE_INFINITY;
      for (const [from, to] of strokes) {
        const dx = px[to]! - px[from]!;
        const dy = py[to]! - py[from]!;
        const along = ((column - px[from]!) * dx + (row - py[from]!) * dy) / (dx * dx + dy * dy || 1);
        const share = Math.min(1, Math.max(0, along));
        const ux = column - px[from]! - share * dx;
        const uy = row - py[from]! - share * dy;
        nearest = Math.min(nearest, ux * ux + uy * uy);
      }
      // The edge of the ink is a pixel wide, which is what makes parts of a pixel count.
      const ink = Math.min(1, Math.max(0, pen / 2 + 0.5 - Math.sqrt(nearest)));
      const noisy = ink + how.noise * random.normal();
      image[row * size + column] = Math.min(1, Math.max(0, noisy));
    }
  }
}

/** An image in characters, two to a pixel. */
export function asText({ pixels, size }: Digits, image: number): string[] {
  const shades = ' .:-=+*#%@';
  return Array.from({ length: size }, (_, row) => {
    const start = (image * size + row) * size;
    const shade = (ink: number) => shades[Math.min(shades.length - 1, Math.floor(ink * shades.length))]!;
    return Array.from(pixels.subarray(start, start + size), (ink) => shade(ink).repeat(2)).join('');
  });
}
