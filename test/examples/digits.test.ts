// The images of the digits example, and what a classifier without neurons makes of them.
import { describe, expect, it } from 'vitest';
import { nearestCentroid } from '../../examples/digits/baseline.js';
import { asText, type Digits, drawDigits } from '../../examples/digits/drawing.js';
import { DIGITS } from '../../examples/digits/font.js';
import { Random } from '../../examples/digits/random.js';

/** Each image as text that is the same only for the same pixels. */
function imagesOf({ pixels, size, count }: Digits): string[] {
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(pixels.slice(i * size * size, (i + 1) * size * size).buffer).toString('base64'),
  );
}

describe('the font', () => {
  it('has ten digits, each in one piece', () => {
    expect(DIGITS).toHaveLength(10);
    for (const { x, strokes } of DIGITS) {
      const reached = new Set([0]);
      for (let before = 0; before < reached.size; ) {
        before = reached.size;
        for (const [from, to] of strokes) if (reached.has(from) || reached.has(to)) reached.add(from).add(to);
      }
      expect(reached.size).toBe(x.length);
    }
  });
});

describe('drawn digits', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(drawDigits('train', 50, 3)).toEqual(drawDigits('train', 50, 3));
    expect(imagesOf(drawDigits('train', 50, 3))).not.toEqual(imagesOf(drawDigits('train', 50, 4)));
  });

  it('do not depend on how many are drawn', () => {
    const few = drawDigits('test', 25, 1);
    const many = drawDigits('test', 40, 1);
    expect(imagesOf(many).slice(0, 25)).toEqual(imagesOf(few));
    expect(many.labels.slice(0, 25)).toEqual(few.labels);
  });

  it('are never the same in both splits, nor twice in one', () => {
    const images = [1, 2, 3].flatMap((seed) =>
      (['train', 'test'] as const).flatMap((split) => imagesOf(drawDigits(split, 300, seed))),
    );
    expect(new Set(images).size).toBe(images.length);
  });

  it('have as many of each digit, not in order', () => {
    for (const split of ['train', 'test'] as const) {
      const { labels } = drawDigits(split, 200, 5);
      const counts = new Array(10).fill(0);
      for (const label of labels) counts[label]++;
      expect(counts).toEqual(new Array(10).fill(20));
      expect(labels).not.toEqual(labels.toSorted());
      expect(labels.slice(0, 10)).not.toEqual(labels.slice(10, 20));
    }
  });

  it.each([12, 16, 20])('have ink from 0 to 1 in images of %i pixels, some of both', (size) => {
    const { pixels } = drawDigits('train', 20, 1, size);
    expect(pixels).toHaveLength(20 * size * size);
    let [least, most] = [1, 0];
    for (const ink of pixels) [least, most] = [Math.min(least, ink), Math.max(most, ink)];
    expect([least, most]).toEqual([0, 1]);
  });

  it('without any variation are the bitmap', () => {
    const none = { turn: 0, shift: 0, stretch: 0, slant: 0, bend: 0, pen: [1, 1] as const, noise: 0 };
    const digits = drawDigits('train', 10, 1, 28, none);
    const zero = asText(digits, digits.labels.indexOf(0)).map((line) => line.trimEnd());
    // The upper and the lower bar of the zero, one dot (3 pixels) narrower than its sides.
    expect(zero[0]).toBe('');
    expect(zero.findIndex((line) => line !== '')).toBe(27 - zero.findLastIndex((line) => line !== ''));
    const dark = digits.pixels.reduce((sum, ink) => sum + ink, 0) / 10;
    expect(dark).toBeGreaterThan(28);
    expect(dark).toBeLessThan(100);
  });
});

describe('the nearest centroid', () => {
  it.each([1, 2, 3])('is right for most images, but not nearly for all (seed %i)', (seed) => {
    const accuracy = nearestCentroid(drawDigits('train', 1000, seed), drawDigits('test', 500, seed));
    expect(accuracy).toBeGreaterThan(0.7);
    expect(accuracy).toBeLessThan(0.9);
  });

  it('is right for all images without variation but noise', () => {
    const still = { turn: 0, shift: 0, stretch: 0, slant: 0, bend: 0, pen: [2, 2] as const, noise: 0.1 };
    const images = (split: 'train' | 'test') => drawDigits(split, 100, 1, 16, still);
    expect(nearestCentroid(images('train'), images('test'))).toBe(1);
  });
});

describe('random numbers', () => {
  it('are uniform, and those of neighbouring seeds have nothing in common', () => {
    const bins = new Array(10).fill(0);
    let product = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const one = new Random(seed, 1).uniform();
      bins[Math.floor(one * 10)]++;
      product += (one - 0.5) * (new Random(seed + 1, 1).uniform() - 0.5);
    }
    // 2,000 in ten bins: five standard deviations are 67; a correlation of 0.1 would be far beyond chance.
    for (const count of bins) expect(Math.abs(count - 200)).toBeLessThan(67);
    expect(Math.abs((product / 2000) * 12)).toBeLessThan(0.1);
  });

  it('normal ones have mean 0 and variance 1', () => {
    const random = new Random(9);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 20_000; i++) {
      const value = random.normal();
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(sum / 20_000)).toBeLessThan(0.035);
    expect(Math.abs(squares / 20_000 - 1)).toBeLessThan(0.05);
  });
});
