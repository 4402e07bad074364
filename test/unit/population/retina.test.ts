// Images to contrast, contrast to spikes.
import { LatencyEncoder, RateEncoder, Retina } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf, randomFrom } from '../bus/support.js';

const [width, height] = [9, 7];
const retina = (options: object = {}) =>
  new Retina({ width, height, code: new LatencyEncoder({ size: width * height * 2 }), ...options });
const on = (x: number, y: number) => 2 * (y * width + x);
const off = (x: number, y: number) => on(x, y) + 1;

/** The difference of Gaussians written as two sums over the whole image, for what is inside of it. */
function contrastAt(
  image: ArrayLike<number>,
  x: number,
  y: number,
  centre: number,
  surround: number,
): number {
  const blurred = (sigma: number) => {
    let [sum, weight] = [0, 0];
    const reach = Math.ceil(3 * sigma);
    for (let v = 0; v < height; v++) {
      for (let u = 0; u < width; u++) {
        if (Math.abs(u - x) > reach || Math.abs(v - y) > reach) continue;
        const k = Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * sigma ** 2));
        sum += k * image[v * width + u]!;
        weight += k;
      }
    }
    return sum / weight;
  };
  return blurred(centre) - blurred(surround);
}

describe('a retina', () => {
  it('sees the difference of two Gaussians, in ON and OFF cells', () => {
    const random = randomFrom(3);
    const image = Float64Array.from({ length: width * height }, random);
    const contrasts = retina({ normalize: false, centreSigma: 0.8, surroundSigma: 1.7 }).contrasts(image);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const expected = contrastAt(image, x, y, 0.8, 1.7);
        expect(contrasts[on(x, y)]).toBeCloseTo(Math.max(expected, 0), 12);
        expect(contrasts[off(x, y)]).toBeCloseTo(Math.max(-expected, 0), 12);
      }
    }
  });

  it.each([0, 0.3, 1])(
    'sees nothing in an even image of brightness %s, not even at its border',
    (brightness) => {
      const { neurons } = retina().encode(new Float64Array(width * height).fill(brightness), 50);
      expect(neurons).toHaveLength(0);
    },
  );

  it('has its ON cells at a bright point and its OFF cells around it, and the other way round', () => {
    const image = new Float64Array(width * height);
    image[3 * width + 4] = 1;
    const bright = retina().contrasts(image);
    expect(bright[on(4, 3)]).toBe(1);
    expect(bright[off(4, 3)]).toBe(0);
    expect(bright[off(7, 3)]).toBeGreaterThan(0);
    const dark = retina().contrasts(image.map((one) => 1 - one));
    for (let cell = 0; cell < bright.length; cell += 2) {
      expect(dark[cell + 1]).toBeCloseTo(bright[cell]!, 9);
      expect(dark[cell]).toBeCloseTo(bright[cell + 1]!, 9);
    }
  });

  it('sees a dim image as a bright one, but if it is told not to', () => {
    const image = Float64Array.from({ length: width * height }, (_, i) => (i % width < 4 ? 0.8 : 0.1));
    const dim = image.map((one) => one / 4);
    const [bright, dimmed] = [retina().contrasts(image), retina().contrasts(dim)];
    for (let i = 0; i < bright.length; i++) expect(dimmed[i]).toBeCloseTo(bright[i]!, 9);
    expect(Math.max(...bright)).toBe(1);
    const plain = retina({ normalize: false });
    expect(Math.max(...plain.contrasts(dim))).toBeCloseTo(Math.max(...plain.contrasts(image)) / 4, 12);
  });

  it('takes bytes, and gives latencies or rates', () => {
    const bytes = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 4 ? 200 : 10));
    const latency = retina({ maximum: 255 });
    const { neurons, timesMs } = latency.encode(bytes, 40);
    const contrasts = latency.contrasts(bytes);
    for (const [i, cell] of neurons.entries()) expect(timesMs[i]).toBeCloseTo(40 * (1 - contrasts[cell]!), 9);
    const code = new RateEncoder({ size: width * height * 2, maxRateHz: 200, seed: 2 });
    const rates = retina({ maximum: 255, code }).encode(bytes, 10_000);
    const edge = rates.neurons.filter(
      (cell) => cell === neurons[timesMs.indexOf(Math.min(...timesMs))],
    ).length;
    expect(Math.abs(edge - 2000)).toBeLessThan(4 * Math.sqrt(2000));
  });

  it.each([
    ['an image of another size', 'the length of image', () => retina().encode([1, 2], 10)],
    ['NaN', 'image[5]', () => retina().contrasts(new Float64Array(width * height).fill(Number.NaN, 5, 6))],
    ['too bright', 'image[0]', () => retina().contrasts(new Float64Array(width * height).fill(2))],
    ['a surround within the centre', 'surroundSigma', () => retina({ surroundSigma: 1 })],
    ['a code of another size', 'code.size', () => retina({ code: new RateEncoder({ size: 3 }) })],
    ['no code', 'code', () => retina({ code: undefined })],
    ['no width', 'width', () => retina({ width: 0 })],
  ] as [string, string, () => unknown][])('refuses %s, naming %s', (_what, name, call) => {
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain(name);
  });
});
