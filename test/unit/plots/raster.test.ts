// Raster plots: each spike is where it belongs, and very many become rates.
import { rasterPlot } from 'neuronbus/plots';
import { describe, expect, it } from 'vitest';
import { description, failure, outlines, randomSpikes, texts } from './support.js';

/** Beginning and length of each stroke. */
function strokes(path: string) {
  return [...path.matchAll(/M([\d.-]+),([\d.-]+)v([\d.]+)/g)].map(([, x, y, length]) => ({
    x: Number(x),
    middle: Number(y) + Number(length) / 2,
  }));
}

describe('a raster plot', () => {
  it('has a stroke at the time and in the row of each spike, neuron 0 at the bottom', async () => {
    const spikes = { neuron: Uint32Array.of(0, 9, 4), timeMs: Float64Array.of(0, 50, 100) };
    const svg = await rasterPlot(spikes, { neurons: 10, toMs: 200, widthPx: 400, heightPx: 100 });
    const drawn = strokes(outlines(svg)[0]!.path);
    expect(drawn.map(({ x }) => x)).toEqual([0, 100, 200]);
    for (const [i, row] of [95, 5, 55].entries()) expect(drawn[i]!.middle).toBeCloseTo(row, 0);
  });

  it('has labels with units, and says what it shows', async () => {
    const svg = await rasterPlot(randomSpikes(50, 8, 90), { title: 'Retina <left> & right', neurons: 8 });
    expect(texts(svg)).toEqual(expect.arrayContaining(['time (ms)', 'neuron']));
    expect(svg).toContain('role="img"');
    expect(svg).toContain('<title>Retina &lt;left> &amp; right</title>');
    expect(description(svg)).toMatch(/^Raster plot: 50 spikes of 8 neurons from 0 to [\d.]+ ms\.$/);
  });

  it('leaves out what is before fromMs, and what is at toMs or later', async () => {
    const spikes = { neuron: [1, 1, 1, 1], timeMs: [9, 10, 19, 20] };
    const svg = await rasterPlot(spikes, { fromMs: 10, toMs: 20, widthPx: 100 });
    expect(strokes(outlines(svg)[0]!.path).map(({ x }) => x)).toEqual([0, 90]);
  });

  it('is the same for the same spikes, also when several are drawn at once', async () => {
    const spikes = randomSpikes(3000, 60, 500);
    const first = await rasterPlot(spikes, { maxMarks: 100 });
    const others = await Promise.all([1, 2, 3].map(() => rasterPlot(spikes, { maxMarks: 100 })));
    for (const other of others) expect(other).toBe(first);
  });

  it('of no spikes at all has axes', async () => {
    const svg = await rasterPlot({ neuron: new Uint32Array(0), timeMs: new Float64Array(0) });
    expect(description(svg)).toBe('Raster plot: 0 spikes of 1 neurons from 0 to 1 ms.');
    expect(texts(svg)).toContain('time (ms)');
  });
});

describe('several populations', () => {
  const rows = [
    { name: 'below', spikes: { neuron: [0], timeMs: [5] }, neurons: 10 },
    { name: 'above', spikes: { neuron: [0], timeMs: [5] }, neurons: 30 },
  ];

  it('stand one above the other, each with its name and colour', async () => {
    const svg = await rasterPlot(rows, { heightPx: 400, toMs: 10 });
    const spikes = outlines(svg).filter(({ path }) => path.includes('v'));
    expect(spikes.flatMap(({ path }) => strokes(path).map(({ middle }) => middle))).toEqual([395, 295]);
    expect(new Set(spikes.map(({ stroke }) => stroke)).size).toBe(2);
    expect(texts(svg)).toEqual(expect.arrayContaining(['below', 'above']));
  });

  it('keep their names where there are too many spikes for strokes', async () => {
    const svg = await rasterPlot(rows, { maxMarks: 1, toMs: 10 });
    expect(texts(svg)).toEqual(expect.arrayContaining(['below', 'above', 'rate (Hz)']));
  });
});

describe('a million spikes', () => {
  it('become rates in a picture below 1 MB', async () => {
    const svg = await rasterPlot(randomSpikes(1_000_000, 10_000, 10_000), { neurons: 10_000 });
    expect(svg.length).toBeLessThan(1_000_000);
    expect(description(svg)).toContain('1,000,000 spikes of 10,000 neurons');
    expect(description(svg)).toContain('as mean rates');
  });

  it('have the mean rate of the neurons of a cell as their scale', async () => {
    // 3 neurons in 2 rows: the lower row stands for neurons 0 and 1. Cells of 500 ms.
    const spikes = { neuron: [0, 0, 0, 1, 2, 2], timeMs: [0, 1, 2, 3, 600, 601] };
    const options = { neurons: 3, widthPx: 50, heightPx: 50, toMs: 25_000, maxMarks: 0 };
    const svg = await rasterPlot(spikes, options);
    // 50 columns of 500 ms: neuron 0 has 3 spikes in one, 6 Hz, and no cell has more.
    expect(texts(svg)).toEqual(expect.arrayContaining(['0', '3', '6', 'rate (Hz)']));
  });
});

describe('a raster plot refuses', () => {
  const good = { neuron: [0, 1], timeMs: [0, 1] };
  it.each<[string, unknown, object]>([
    ['spikes is null', null, {}],
    ['spikes is an array', [], {}],
    ['spikes.neuron is undefined', { timeMs: [1] }, {}],
    ['spikes.timeMs is undefined', { neuron: [1] }, {}],
    ['spikes.neuron[1] is 5', { neuron: [0, 5], timeMs: [0, 1] }, { neurons: 5 }],
    ['spikes.neuron[0] is -1', { neuron: [-1], timeMs: [0] }, {}],
    ['spikes.neuron[0] is 0.5', { neuron: [0.5], timeMs: [0] }, {}],
    ['spikes.timeMs[1] is NaN', { neuron: [0, 0], timeMs: [0, Number.NaN] }, {}],
    ['spikes.timeMs.length is 1', { neuron: [0, 0], timeMs: [0] }, {}],
    ['spikes.timeMs is an object (BigInt64Array)', { neuron: [0], timeMs: new BigInt64Array(1) }, {}],
    ['neurons is 0', good, { neurons: 0 }],
    ['toMs is 3', good, { fromMs: 3, toMs: 3 }],
    ['fromMs is NaN', good, { fromMs: Number.NaN }],
    ['maxMarks is -1', good, { maxMarks: -1 }],
    ['widthPx is 0', good, { widthPx: 0 }],
    ['heightPx is 1e', good, { heightPx: 1e30 }],
    ['title is 7', good, { title: 7 }],
    ['options is "colour"', good, { colour: 'red' }],
    ['options is null', good, null as unknown as object],
    ['neurons is 3', [{ name: 'a', spikes: good }], { neurons: 3 }],
    ['spikes[0].name is undefined', [{ spikes: good }], {}],
    ['spikes[0].name is undefined', [null], {}],
    ['spikes[0].spikes is undefined', [{ name: 'a' }], {}],
  ])('%s', async (message, spikes, options) => {
    expect(await failure(rasterPlot(spikes as never, options as never))).toContain(
      `ERR_NB_INVALID_ARGUMENT: ${message}`,
    );
  });
});
