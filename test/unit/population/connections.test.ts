// Who is connected to whom, how strongly and how late.
import { type ConnectOptions, lif, type Projection, pairStdp } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, pairs, refusal, relay } from './support.js';

function connected(pre: number, post: number, options: ConnectOptions): Projection {
  const net = makeNet();
  return net.connect(net.spikeSource(pre), net.population(post, lif()), options);
}

const joined = (projection: Projection): string[] =>
  Array.from(projection.endpoints.pre, (pre, i) => `${pre}-${projection.endpoints.post[i]}`);

describe('patterns', () => {
  it('all-to-all: row by pre', () => {
    const projection = connected(2, 3, { pattern: 'all-to-all', weightMv: [0, 1, 2, 3, 4, 5] });
    expect(joined(projection)).toEqual(['0-0', '0-1', '0-2', '1-0', '1-1', '1-2']);
    expect([...projection.weights]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(projection.synapses).toBe(6);
    expect(projection.bytesPerSynapse).toBe(projection.bytes / 6);
  });

  it('one-to-one', () => {
    expect(joined(connected(3, 3, { pattern: 'one-to-one', weightMv: 1 }))).toEqual(['0-0', '1-1', '2-2']);
    expect(refusal(() => connected(3, 4, { pattern: 'one-to-one', weightMv: 1 }))).toContain(
      'the size of post is 4',
    );
  });

  it('fixed-probability: about as many as the probability says, none at 0, all at 1', () => {
    const some = connected(300, 200, { pattern: 'fixed-probability', probability: 0.1, weightMv: 1 });
    // 6,000 with a standard deviation of 73.
    expect(Math.abs(some.synapses - 6000)).toBeLessThan(440);
    expect(new Set(joined(some)).size).toBe(some.synapses);
    expect(connected(10, 10, { pattern: 'fixed-probability', probability: 0, weightMv: 1 }).synapses).toBe(0);
    expect(connected(10, 10, { pattern: 'fixed-probability', probability: 1, weightMv: 1 }).synapses).toBe(
      100,
    );
  });

  it.each([
    ['fixed-in-degree', 'post', 100],
    ['fixed-out-degree', 'pre', 50],
  ] as const)('%s: each %s has so many, all different', (pattern, side, size) => {
    const projection = connected(50, 100, { pattern, degree: 7, weightMv: 1 });
    const degrees = new Uint32Array(size);
    for (const neuron of projection.endpoints[side]) degrees[neuron]++;
    expect([...new Set(degrees)]).toEqual([7]);
    expect(new Set(joined(projection)).size).toBe(7 * size);
  });

  it('list: in the order given come weights and delays, by pre and post they are read', () => {
    const options = { pattern: 'list', pre: [1, 0, 1], post: [2, 1, 0], weightMv: [1, 2, 3] } as const;
    const projection = connected(2, 3, { ...options, delayMs: [0.1, 0.2, 0.3] });
    expect(joined(projection)).toEqual(['0-1', '1-0', '1-2']);
    expect([...projection.weights]).toEqual([2, 3, 1]);
    expect([...projection.delaysMs]).toEqual([0.2, 0.3, 0.1]);
  });

  it('convolution: a naive one finds the same synapses and weights', () => {
    const [height, width, channels, kernel, stride, padding, filters] = [5, 6, 2, 3, 2, 1, 2];
    const rows = Math.floor((height + 2 * padding - kernel) / stride) + 1;
    const columns = Math.floor((width + 2 * padding - kernel) / stride) + 1;
    const weights = Float32Array.from({ length: filters * kernel * kernel * channels }, (_, i) => i + 1);
    const projection = connected(height * width * channels, rows * columns * filters, {
      pattern: 'convolution',
      input: { height, width, channels },
      kernel: { height: kernel, width: kernel },
      channels: filters,
      stride,
      padding,
      weightMv: weights,
    });
    const expected = new Map<string, number>();
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        for (let f = 0; f < filters; f++)
          for (let dy = 0; dy < kernel; dy++)
            for (let dx = 0; dx < kernel; dx++)
              for (let c = 0; c < channels; c++) {
                const [iy, ix] = [y * stride + dy - padding, x * stride + dx - padding];
                if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
                const pre = (iy * width + ix) * channels + c;
                const post = (y * columns + x) * filters + f;
                expected.set(`${pre}-${post}`, weights[((f * kernel + dy) * kernel + dx) * channels + c]);
              }
    const { weights: found } = projection;
    expect(new Map(joined(projection).map((pair, i) => [pair, found[i]]))).toEqual(expected);
  });

  it('within one population leave out the neuron itself, unless asked', () => {
    const net = makeNet();
    const out = net.population(10, lif());
    const self = (options: ConnectOptions) =>
      joined(net.connect(out, out, options)).filter((pair) => pair.split('-')[0] === pair.split('-')[1])
        .length;
    expect(self({ pattern: 'all-to-all', weightMv: 1 })).toBe(0);
    expect(self({ pattern: 'all-to-all', weightMv: 1, self: true })).toBe(10);
    expect(self({ pattern: 'fixed-probability', probability: 1, weightMv: 1 })).toBe(0);
    expect(self({ pattern: 'fixed-in-degree', degree: 9, weightMv: 1 })).toBe(0);
    expect(refusal(() => self({ pattern: 'fixed-in-degree', degree: 10, weightMv: 1 }))).toContain(
      'degree is 10',
    );
    expect(self({ pattern: 'one-to-one', weightMv: 1 })).toBe(10);
  });

  it('that are random are the same for the same seed, and others for another', () => {
    const drawn = (seed: number) => {
      const net = makeNet({ seed });
      const options = {
        pattern: 'fixed-probability',
        probability: 0.2,
        weightMv: { normal: [2, 1] },
      } as const;
      const projection = net.connect(net.spikeSource(30), net.population(30, lif()), options);
      return [joined(projection), [...projection.weights]];
    };
    expect(drawn(4)).toEqual(drawn(4));
    expect(drawn(4)[0]).not.toEqual(drawn(5)[0]);
  });
});

describe('weights', () => {
  it('are drawn as asked for', () => {
    const uniform = connected(100, 100, { pattern: 'all-to-all', weightMv: { uniform: [0.2, 0.4] } }).weights;
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(Math.fround(0.2));
    expect(Math.max(...uniform)).toBeLessThanOrEqual(Math.fround(0.4));
    const mean = uniform.reduce((sum, weight) => sum + weight, 0) / uniform.length;
    expect(Math.abs(mean - 0.3)).toBeLessThan(0.005);
    const normal = connected(100, 100, { pattern: 'all-to-all', weightMv: { normal: [0.5, 0.1] } }).weights;
    const average = normal.reduce((sum, weight) => sum + weight, 0) / normal.length;
    const spread = Math.sqrt(
      normal.reduce((sum, weight) => sum + (weight - average) ** 2, 0) / normal.length,
    );
    expect(Math.abs(average - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(spread - 0.1)).toBeLessThan(0.01);
  });

  it('can be set, all to one or each, and stay within the bounds of their rule', () => {
    const plastic = connected(2, 2, {
      pattern: 'all-to-all',
      weightMv: 0.3,
      plasticity: pairStdp({ wMin: 0.1, wMax: 0.3 }),
    });
    plastic.setWeights(0.2);
    expect([...plastic.weights]).toEqual(Array(4).fill(Math.fround(0.2)));
    plastic.weights = [0.1, 0.2, 0.3, 0.3];
    expect([...plastic.weights]).toEqual([0.1, 0.2, 0.3, 0.3].map(Math.fround));
    plastic.setWeights(plastic.weights);
    expect(refusal(() => plastic.setWeights([0.1, 0.2, 0.3, 0.31]))).toContain('weights[3] is 0.3');
    expect(refusal(() => plastic.setWeights([0.1]))).toContain('the length of weights is 1');
    expect(refusal(() => plastic.setWeights(Number.NaN))).toContain('weights is NaN');
    expect(refusal(() => plastic.setWeights('1111' as unknown as number[]))).toContain('weights is "1111"');
    expect([...plastic.weights]).toEqual([0.1, 0.2, 0.3, 0.3].map(Math.fround));
  });

  it('given to a getter are a copy', () => {
    const projection = connected(2, 2, { pattern: 'all-to-all', weightMv: 1 });
    projection.weights[0] = 9;
    expect(projection.weights[0]).toBe(1);
  });
});

describe('delays', () => {
  it('are what passes between a spike and its arrival, also of 0 and different ones', async () => {
    const net = makeNet({ dtMs: 1 });
    const input = net.spikeSource(1, [{ neuron: 0, timeMs: 10 }]);
    const out = relay(net, 4);
    net.connect(input, out, {
      pattern: 'list',
      pre: [0, 0, 0, 0],
      post: [0, 1, 2, 3],
      weightMv: 30,
      delayMs: [0, 1, 2, 17],
    });
    const recording = net.record(out);
    await net.run(50);
    const fired = new Map(pairs(recording.spikes));
    // Who is pushed over the threshold in step t fires in step t + 1: thresholds come first in a step.
    expect([0, 1, 2, 3].map((neuron) => fired.get(neuron))).toEqual([11, 12, 13, 28]);
  });

  it('are drawn within their range', () => {
    const options = { pattern: 'all-to-all', weightMv: 1, delayMs: { uniform: [0.5, 2] } } as const;
    const { delaysMs } = connected(40, 40, options);
    expect(Math.min(...delaysMs)).toBe(0.5);
    expect(Math.max(...delaysMs)).toBe(2);
    expect(new Set(delaysMs).size).toBe(16);
  });

  it.each([
    [0.15, 'delayMs is 0.15'],
    [-1, 'delayMs is -1'],
    [Number.NaN, 'delayMs is NaN'],
    [1e9, 'delayMs is 1000000000'],
    [[0.1], 'delayMs is an array'],
    [{ uniform: [1, 0.5] }, 'delayMs.uniform[1]'],
    [{ normal: [1, 0.5] }, 'delayMs is an object'],
    ['soon', 'delayMs is "soon"'],
  ])('%j are refused', (delayMs, message) => {
    const options = { pattern: 'all-to-all', weightMv: 1, delayMs } as ConnectOptions;
    expect(refusal(() => connected(2, 2, options))).toContain(message);
  });
});
