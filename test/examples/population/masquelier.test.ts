// The hidden pattern: the input is what the paper describes, the score is its criterion, and a short run meets it.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  PATTERN_MS,
  QUICK,
  type Result,
  runTrial,
} from '../../../examples/population/masquelier/experiment.js';
import { type Input, makeInput } from '../../../examples/population/masquelier/input.js';
import { foundMs, latencies, scoreOf } from '../../../examples/population/masquelier/score.js';

describe('the input', () => {
  const options = {
    ...{ seed: 11, durationMs: 6000, dtMs: 0.1, afferents: 400, patternAfferents: 200 },
    ...{ patternMs: 50, patternShare: 0.25, jitterMs: 1 },
  };
  let input: Input;
  /** Times of each afferent, ms, in order. */
  let trains: number[][];
  beforeAll(() => {
    input = makeInput(options);
    trains = Array.from({ length: 400 }, () => []);
    for (let step = 0; step < 60_000; step++) {
      for (let at = input.offsets[step]!; at < input.offsets[step + 1]!; at++)
        trains[input.neurons[at]!]!.push(step / 10);
    }
  });
  const between = (train: readonly number[], fromMs: number, untilMs: number) =>
    train.filter((time) => time >= fromMs && time < untilMs);

  it('is the same for the same seed only', () => {
    expect(makeInput(options)).toEqual(input);
    expect(makeInput({ ...options, seed: 12 }).neurons).not.toEqual(input.neurons);
  });

  it('has the rates of the paper: 54 Hz that wander, and 10 Hz of noise', () => {
    const rates = trains.map((train) => train.length / 6);
    const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    expect(average).toBeGreaterThan(61);
    expect(average).toBeLessThan(67);
  });

  it('leaves nobody outside of the pattern silent for more than 51 ms', () => {
    for (const train of trains.slice(200)) {
      const gaps = train.slice(1).map((time, i) => time - train[i]!);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(51);
    }
  });

  it('has the pattern a quarter of the time, never twice in a row', () => {
    expect(input.patternsMs).toHaveLength(30);
    for (let i = 1; i < 30; i++)
      expect(input.patternsMs[i]! - input.patternsMs[i - 1]!).toBeGreaterThanOrEqual(100);
  });

  it('repeats the pattern in the first half of the afferents, within jitter, and nothing in the other half', () => {
    // Of the spikes within one pattern, the share that has a partner within 4 standard deviations in the next pattern.
    const repeated = (afferents: readonly number[][]) => {
      let [all, partnered] = [0, 0];
      for (let i = 1; i < 30; i++) {
        const shift = input.patternsMs[i]! - input.patternsMs[i - 1]!;
        for (const train of afferents) {
          for (const time of between(train, input.patternsMs[i - 1]! + 5, input.patternsMs[i - 1]! + 45)) {
            all++;
            if (train.some((other) => Math.abs(other - time - shift) < 4)) partnered++;
          }
        }
      }
      return partnered / all;
    };
    expect(repeated(trains.slice(0, 200))).toBeGreaterThan(0.85);
    expect(repeated(trains.slice(200))).toBeLessThan(0.55);
  });

  it('is as dense in the pattern as outside', () => {
    const inside = input.patternsMs.reduce(
      (sum, begin) =>
        sum + trains.reduce((spikes, train) => spikes + between(train, begin, begin + 50).length, 0),
      0,
    );
    const all = trains.reduce((sum, train) => sum + train.length, 0);
    expect(inside / all / 0.25).toBeGreaterThan(0.93);
    expect(inside / all / 0.25).toBeLessThan(1.07);
  });
});

describe('the score', () => {
  const patterns = Float64Array.of(100, 200, 400);

  it('knows how long the pattern has been on', () => {
    expect([...latencies(Float64Array.of(50, 100, 103, 151, 249, 405), patterns, 50)]).toEqual([
      Number.NaN,
      0,
      3,
      Number.NaN,
      49,
      5,
    ]);
  });

  it('counts hits once, false alarms each, and latencies of hits', () => {
    const spikes = Float64Array.of(20, 103, 110, 160, 204, 300);
    const score = scoreOf(spikes, patterns, 50, 0);
    expect(score).toEqual({ hitRate: 2 / 3, falseAlarms: 3, latencyMs: (3 + 10 + 4) / 3, success: false });
    expect(scoreOf(spikes, patterns, 50, 190)).toMatchObject({ hitRate: 0.5, falseAlarms: 1, latencyMs: 4 });
    expect(foundMs(spikes, patterns, 50)).toBe(300);
  });

  it.each([
    ['all patterns at once', [101, 202, 403], true],
    ['a pattern missed', [101, 202], false],
    ['a false alarm', [101, 202, 350, 403], false],
    ['10 ms late', [110, 210, 410], false],
    ['silence', [], false],
  ])('of %s', (_, spikes, success) => {
    expect(scoreOf(Float64Array.from(spikes), patterns, 50, 0).success).toBe(success);
  });
});

describe('the neuron', () => {
  let result: Result;
  beforeAll(async () => {
    result = await runTrial(1, QUICK);
  });

  it('finds the pattern, by the criterion of the paper', () => {
    expect(result.success).toBe(true);
    expect(result.firstRateHz).toBeGreaterThan(40);
    expect(result.foundMs).toBeLessThan(45_000);
    expect(result.spikesMs.length).toBeGreaterThan(result.patternsMs.length);
  });

  it('keeps synapses of the pattern, and few others', () => {
    const average = (weights: Float32Array) =>
      weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    expect(average(result.weights.subarray(0, 1000))).toBeGreaterThan(
      5 * average(result.weights.subarray(1000)),
    );
    expect(result.weights.filter((weight) => weight > 0.9).length).toBeGreaterThan(100);
  });

  it('does not know patterns that it never heard', async () => {
    const { patternsMs } = await runTrial(2, { ...QUICK, repeats: 1 });
    const last = 5 * QUICK.inputMs;
    const never = patternsMs.map((begin) => begin + last);
    const score = scoreOf(result.spikesMs, never, PATTERN_MS, last);
    expect(score.hitRate).toBeLessThan(0.7);
    expect(score.falseAlarms).toBeGreaterThan(20);
  });

  it.each(['all', 'nearest'] as const)('falls silent with pairs of the kind %j', async (pairing) => {
    const { spikesMs } = await runTrial(1, { inputMs: 5000, repeats: 1 }, pairing);
    expect(spikesMs.length).toBeGreaterThan(0);
    expect(spikesMs.at(-1)).toBeLessThan(2000);
  });

  it('fires the same spikes for the same seed', async () => {
    const short = { inputMs: 5000, repeats: 1 };
    const first = await runTrial(3, short);
    expect(await runTrial(3, short)).toEqual(first);
    expect((await runTrial(4, short)).spikesMs).not.toEqual(first.spikesMs);
  });
});
