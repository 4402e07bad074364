// The hidden pattern: the input is what the paper describes, the score is its criterion, and a short run meets it.
import { beforeAll, describe, expect, it } from 'vitest';
import { PATTERN_MS, QUICK, runTrial } from '../../../examples/population/masquelier/experiment.js';
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
  it('finds the pattern within a minute, and the same seed gives the same spikes', async () => {
    const result = await runTrial(1, QUICK);
    expect(result.success).toBe(true);
    expect(result.firstRateHz).toBeGreaterThan(40);
    expect(result.foundMs).toBeLessThan(45_000);
    // Synapses of afferents outside of the pattern are gone, some of those in it are at their greatest.
    expect(Math.max(...result.weights.subarray(1000))).toBeLessThan(0.5);
    expect(result.weights.subarray(0, 1000).filter((weight) => weight > 0.9).length).toBeGreaterThan(100);
    expect((await runTrial(1, QUICK)).spikesMs).toEqual(result.spikesMs);
  });

  it('finds nothing where nothing is repeated', async () => {
    // Scored against patterns that were not played: those of another seed.
    const { spikesMs } = await runTrial(1, QUICK);
    const { patternsMs } = await runTrial(2, { ...QUICK, repeats: 1 });
    const shifted = patternsMs.map((begin) => begin + 3 * QUICK.inputMs);
    expect(scoreOf(spikesMs, shifted, PATTERN_MS, 3 * QUICK.inputMs).success).toBe(false);
  });
});
