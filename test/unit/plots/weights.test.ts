// Histograms and matrices of weights.
import { weightHistogram, weightMatrix } from 'neuronbus/plots';
import { describe, expect, it } from 'vitest';
import { description, failure, numbers, outlines, texts } from './support.js';

describe('a weight histogram', () => {
  it('has bars as high as its bins are full, the last bin with its right edge', async () => {
    const weights = Float32Array.of(0, 0, 0.25, 0.5, 1, 1);
    const svg = await weightHistogram(weights, { bins: 4, range: [0, 1], widthPx: 400, heightPx: 105 });
    const bars = [...outlines(svg)[0]!.path.matchAll(/M([\d.]+),105V([\d.]+)H([\d.]+)/g)];
    // The tallest is 2 of 2.1: 100 px.
    expect(bars.map(([, left, top, right]) => [left, top, right].map(Number))).toEqual([
      [0, 5, 100],
      [100, 55, 200],
      [200, 55, 300],
      [300, 5, 400],
    ]);
    expect(texts(svg)).toEqual(expect.arrayContaining(['weight (mV)', 'synapses']));
  });

  it('says how many weights are out of its range', async () => {
    const svg = await weightHistogram([-1, 0, 0.5, 1, 2, 3], { range: [0, 1], unit: '' });
    expect(description(svg)).toBe('Histogram of 6 weights in 50 bins from 0 to 1; 3 lie outside.');
    expect(texts(svg)).toContain('weight');
  });

  it('of a million weights is small, and the same for the same weights', async () => {
    const next = numbers(3);
    const weights = Float32Array.from({ length: 1_000_000 }, () => next() ** 3);
    const svg = await weightHistogram(weights);
    expect(svg.length).toBeLessThan(30_000);
    expect(await weightHistogram(weights)).toBe(svg);
  });

  it.each([[[]], [[0.4, 0.4, 0.4]], [[0, 0]], [[-2]]])('of %j has axes', async (weights) => {
    expect(texts(await weightHistogram(weights))).toContain('weight (mV)');
  });

  it.each<[string, unknown, object]>([
    ['weights is undefined', undefined, {}],
    ['weights is "abc"', 'abc', {}],
    ['weights[2] is NaN', [0, 1, Number.NaN], {}],
    ['weights[0] is Infinity', [Number.POSITIVE_INFINITY], {}],
    ['bins is 0', [1], { bins: 0 }],
    ['bins is 1.5', [1], { bins: 1.5 }],
    ['range is "2, 1"', [1], { range: [2, 1] }],
    ['range is an array', [1], { range: [1] }],
    ['range[1] is NaN', [1], { range: [0, Number.NaN] }],
    ['unit is 1', [1], { unit: 1 }],
    ['options is "rows"', [1], { rows: 1 }],
  ])('refuses: %s', async (message, weights, options) => {
    expect(await failure(weightHistogram(weights as never, options))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message}`,
    );
  });
});

/** Colour by its place (px) of what is drawn in cells, the scale of colours left out. */
function rectangles(svg: string, widthPx: number) {
  return outlines(svg).flatMap(({ path, fill }) =>
    [...path.matchAll(/M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)/g)]
      .map(([, left, top, right, bottom]) => ({ at: [left, top, right, bottom].map(Number), fill }))
      .filter(({ at }) => at[0]! < widthPx),
  );
}

describe('a weight matrix', () => {
  const small = { rows: 2, columns: 3, widthPx: 300, heightPx: 200 };

  it('has the first presynaptic neuron at the top, and the colours from low to high', async () => {
    const svg = await weightMatrix(Float32Array.of(0, 1, 0, 0, 0, 0.5), small);
    const cells = rectangles(svg, 300);
    const low = 'rgb(68, 1, 84)';
    const high = 'rgb(253, 231, 37)';
    expect(cells.filter(({ fill }) => fill === low).map(({ at }) => at)).toEqual([
      [0, 0, 100, 100],
      [200, 0, 300, 100],
      [0, 100, 200, 200],
    ]);
    expect(cells.filter(({ fill }) => fill === high).map(({ at }) => at)).toEqual([[100, 0, 200, 100]]);
    const middle = cells.filter(({ fill }) => fill !== low && fill !== high);
    expect(middle.map(({ at }) => at)).toEqual([[200, 100, 300, 200]]);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['presynaptic neuron', 'postsynaptic neuron', 'weight (mV)', '0', '0.5', '1']),
    );
  });

  it('leaves pairs without a synapse empty', async () => {
    const svg = await weightMatrix([0.1, 0.9], { ...small, pre: [0, 1], post: Uint32Array.of(2, 0) });
    expect(rectangles(svg, 300).map(({ at }) => at)).toEqual([
      [200, 0, 300, 100],
      [0, 100, 100, 200],
    ]);
  });

  it('of a million weights shows means of neighbours in a picture below 1 MB', async () => {
    const next = numbers(5);
    const weights = Float32Array.from({ length: 1_000_000 }, () => next());
    const svg = await weightMatrix(weights, { rows: 1000, columns: 1000 });
    expect(svg.length).toBeLessThan(1_000_000);
    expect(description(svg)).toContain('as means of neighbours');
    expect(await weightMatrix(weights, { rows: 1000, columns: 1000 })).toBe(svg);
  });

  it('that is coarser than its weights has their mean as its colour', async () => {
    // 320 rows in 160 lines: each line has one row of 0 and one of 1.
    const weights = Float32Array.from({ length: 320 }, (_, i) => i % 2);
    const options = { rows: 320, columns: 1, widthPx: 100, heightPx: 160, range: [0, 1] as const };
    const means = new Set(rectangles(await weightMatrix(weights, options), 100).map(({ fill }) => fill));
    const half = await weightMatrix([0.5], { rows: 1, columns: 1, widthPx: 100, range: [0, 1] });
    expect([...means]).toEqual([rectangles(half, 100)[0]!.fill]);
  });

  it.each<[string, unknown, object]>([
    ['weights[1] is NaN', [0, Number.NaN], { rows: 1, columns: 2 }],
    ['weights.length is 5', [1, 2, 3, 4, 5], { rows: 2, columns: 3 }],
    ['rows is undefined', [1], { columns: 1 }],
    ['columns is 0', [], { rows: 1, columns: 0 }],
    ['pre is undefined', [1], { rows: 1, columns: 1, post: [0] }],
    ['post is undefined', [1], { rows: 1, columns: 1, pre: [0] }],
    ['pre[0] is 2', [1], { rows: 2, columns: 2, pre: [2], post: [0] }],
    ['post.length is 2', [1], { rows: 2, columns: 2, pre: [0], post: [0, 1] }],
    ['rowLabel is 1', [1], { rows: 1, columns: 1, rowLabel: 1 }],
    ['options is undefined', [1], undefined as unknown as object],
  ])('refuses: %s', async (message, weights, options) => {
    expect(await failure(weightMatrix(weights as never, options as never))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message}`,
    );
  });
});
