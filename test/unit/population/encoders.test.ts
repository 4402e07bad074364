// From numbers to spikes: each code against its formula.
import {
  DirectEncoder,
  type Encoder,
  type Intensities,
  LatencyEncoder,
  PopulationEncoder,
  RateEncoder,
  type SpikeTrain,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from '../bus/support.js';

/** Times by neuron. */
function byNeuron({ neurons, timesMs }: SpikeTrain, size: number): number[][] {
  const times: number[][] = Array.from({ length: size }, () => []);
  for (const [i, neuron] of neurons.entries()) times[neuron]!.push(timesMs[i]!);
  return times;
}

describe('a rate code', () => {
  const size = 3;
  const encoder = () => new RateEncoder({ size, maximum: 255, minRateHz: 10, maxRateHz: 110, seed: 5 });
  const windowMs = 100_000;

  it('fires at the rate that the formula says, within four standard deviations', () => {
    const times = byNeuron(encoder().encode([0, 127.5, 255], windowMs), size);
    for (const [neuron, expected] of [1000, 6000, 11_000].entries())
      expect(Math.abs(times[neuron]!.length - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it('has the intervals of a Poisson process: their standard deviation is their mean', () => {
    const times = byNeuron(encoder().encode([255, 255, 255], windowMs), size)[1]!;
    const intervals = times.slice(1).map((time, i) => time - times[i]!);
    const mean = intervals.reduce((sum, one) => sum + one, 0) / intervals.length;
    const variance = intervals.reduce((sum, one) => sum + (one - mean) ** 2, 0) / intervals.length;
    expect(mean).toBeCloseTo(1000 / 110, 0);
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.95);
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.05);
  });

  it('gives the same spikes for the same seed and inputs, others for another seed and for the next input', () => {
    const [one, same] = [encoder(), encoder()];
    const first = one.encode([255, 0, 9], 1000);
    expect(same.encode([255, 0, 9], 1000)).toEqual(first);
    expect(one.encode([255, 0, 9], 1000)).not.toEqual(first);
    const other = new RateEncoder({ size, maximum: 255, minRateHz: 10, maxRateHz: 110, seed: 6 });
    expect(other.encode([255, 0, 9], 1000)).not.toEqual(first);
  });

  it('uses no random number for an input that it refuses', () => {
    const [one, same] = [encoder(), encoder()];
    expect(codeOf(() => one.encode([255, 255, 256], 1000))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(one.encode([255, 0, 9], 1000)).toEqual(same.encode([255, 0, 9], 1000));
  });

  it('is silent at 0 Hz, and keeps within the window', () => {
    const silent = new RateEncoder({ size: 2, maxRateHz: 1000 });
    const { neurons, timesMs } = silent.encode([0, 1], 50);
    expect(new Set(neurons)).toEqual(new Set([1]));
    expect(Math.min(...timesMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...timesMs)).toBeLessThan(50);
  });
});

describe('a latency code', () => {
  it('fires linearly earlier the stronger, once, and not at all for nothing', () => {
    const encoder = new LatencyEncoder({ size: 4, maximum: 200, firstMs: 5, lastMs: 25 });
    expect(byNeuron(encoder.encode([200, 100, 50, 0], 40), 4)).toEqual([[5], [15], [20], []]);
  });

  it('reaches to the end of the window if it is not told otherwise', () => {
    expect([...new LatencyEncoder({ size: 1 }).encode(0.25, 80).timesMs]).toEqual([60]);
  });

  it('is silent at the threshold and below, and past the window', () => {
    const encoder = new LatencyEncoder({ size: 3, threshold: 0.5, lastMs: 100 });
    expect(byNeuron(encoder.encode([0.5, 0.6, 1], 30), 3)).toEqual([[], [], [0]]);
  });

  it('fires when a membrane that the input drives would reach the threshold', () => {
    const encoder = new LatencyEncoder({ size: 3, curve: 'membrane', threshold: 0.2, tauMs: 10 });
    const times = byNeuron(encoder.encode([1, 0.4, 0.2], 100), 3);
    expect(times[0]![0]).toBeCloseTo(10 * Math.log(1 / 0.8), 12);
    expect(times[1]![0]).toBeCloseTo(10 * Math.log(2), 12);
    expect(times[2]).toEqual([]);
    // The membrane itself, in small steps.
    let [v, ms] = [0, 0];
    for (; v < 0.2; ms += 1e-4) v += ((0.4 - v) / 10) * 1e-4;
    expect(Math.abs(ms - times[1]![0]!)).toBeLessThan(1e-3);
  });
});

describe('a population code', () => {
  const code = (size: number): Encoder<Intensities> => new LatencyEncoder({ size });

  it('has Gaussian tuning curves around evenly spaced preferred numbers', () => {
    const encoder = new PopulationEncoder({ neurons: 5, min: -1, max: 1, sigma: 0.25, code: code(5) });
    expect([...encoder.preferred]).toEqual([-1, -0.5, 0, 0.5, 1]);
    const activities = encoder.activities(0.25);
    for (const [i, preferred] of encoder.preferred.entries())
      expect(activities[i]).toBeCloseTo(Math.exp(-((0.25 - preferred) ** 2) / (2 * 0.25 ** 2)), 12);
    expect(encoder.sigma).toBe(0.25);
  });

  it('goes round: 350 degrees is as near to 0 as 10 degrees is', () => {
    const encoder = new PopulationEncoder({ neurons: 36, min: 0, max: 360, circular: true, code: code(36) });
    expect(encoder.preferred.at(-1)).toBe(350);
    const [above, below] = [encoder.activities(10), encoder.activities(350)];
    expect(above[0]).toBeCloseTo(below[0]!, 12);
    expect(encoder.activities(360)).toEqual(encoder.activities(0));
  });

  it('has the neurons of each number of an input one after the other, and the strongest first', () => {
    const encoder = new PopulationEncoder({ neurons: 3, dimensions: 2, min: 0, max: 2, code: code(6) });
    const times = byNeuron(encoder.encode([0, 2], 10), 6);
    expect(times[0]).toEqual([0]);
    expect(times[5]).toEqual([0]);
    expect(times[1]![0]).toBeCloseTo(10 * (1 - Math.exp(-0.5)), 12);
    expect(times[3]![0]).toBeGreaterThan(times[4]![0]!);
  });
});

describe('no code', () => {
  it('takes an index, indices, spikes one by one, or in two arrays', () => {
    const encoder = new DirectEncoder({ size: 4 });
    expect(byNeuron(encoder.encode(3, 10), 4)).toEqual([[], [], [], [0]]);
    expect(byNeuron(encoder.encode(Uint8Array.of(0, 2), 10), 4)).toEqual([[0], [], [0], []]);
    const spikes = [
      { neuron: 1, timeMs: 2.5 },
      { neuron: 1, timeMs: 9 },
    ];
    expect(byNeuron(encoder.encode(spikes, 10), 4)).toEqual([[], [2.5, 9], [], []]);
    expect(byNeuron(encoder.encode({ neurons: [0], timesMs: [4] }, 10), 4)).toEqual([[4], [], [], []]);
    expect(encoder.encode([], 10).neurons).toHaveLength(0);
  });
});

describe('bad input names what is wrong:', () => {
  const rate = new RateEncoder({ size: 2 });
  const latency = new LatencyEncoder({ size: 2, firstMs: 5 });
  const direct = new DirectEncoder({ size: 2 });
  const population = new PopulationEncoder({
    neurons: 2,
    min: 0,
    max: 1,
    code: new RateEncoder({ size: 2 }),
  });
  const bad: [string, string, () => unknown][] = [
    ['too few numbers', 'the length of input', () => rate.encode([1], 10)],
    ['one number for two', 'the length of input', () => rate.encode(1, 10)],
    ['NaN', 'input[1]', () => rate.encode([0, Number.NaN], 10)],
    ['more than the maximum', 'input[0]', () => rate.encode([1.01, 0], 10)],
    ['less than nothing', 'input[0]', () => latency.encode([-1, 0], 10)],
    ['text', 'input', () => rate.encode('12' as never, 10)],
    ['nothing', 'input', () => rate.encode(undefined as never, 10)],
    ['a window of nothing', 'windowMs', () => rate.encode([0, 0], 0)],
    ['a window before the first spike', 'windowMs', () => latency.encode([1, 1], 5)],
    ['an index beyond', 'input[1]', () => direct.encode([0, 2], 10)],
    ['half an index', 'input[0]', () => direct.encode([0.5], 10)],
    ['a time past the window', 'input[0].timeMs', () => direct.encode([{ neuron: 0, timeMs: 10 }], 10)],
    ['times that are too few', 'input.timesMs', () => direct.encode({ neurons: [0], timesMs: [] }, 10)],
    ['an object', 'input', () => direct.encode({} as never, 10)],
    ['a number out of range', 'input[0]', () => population.encode(1.5, 10)],
    ['a size of 0', 'size', () => new RateEncoder({ size: 0 })],
    ['rates in the wrong order', 'maxRateHz', () => new RateEncoder({ size: 1, minRateHz: 5, maxRateHz: 4 })],
    ['an unknown option', 'options', () => new RateEncoder({ size: 1, rateHz: 4 } as never)],
    ['a seed of text', 'seed', () => new RateEncoder({ size: 1, seed: 'x' as never })],
    ['a membrane without threshold', 'threshold', () => new LatencyEncoder({ size: 1, curve: 'membrane' })],
    ['a threshold of all', 'threshold', () => new LatencyEncoder({ size: 1, threshold: 1 })],
    ['an unknown curve', 'curve', () => new LatencyEncoder({ size: 1, curve: 'round' as never })],
    ['a last before the first', 'lastMs', () => new LatencyEncoder({ size: 1, firstMs: 5, lastMs: 5 })],
    [
      'a negative sigma',
      'sigma',
      () => new PopulationEncoder({ neurons: 2, min: 0, max: 1, sigma: -1, code: rate }),
    ],
    [
      'a code of another size',
      'code.size',
      () => new PopulationEncoder({ neurons: 3, min: 0, max: 1, code: rate }),
    ],
    ['an empty range', 'max', () => new PopulationEncoder({ neurons: 2, min: 1, max: 1, code: rate })],
  ];
  it.each(bad)('%s: %s', (_what, name, call) => {
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain(name);
  });
});
