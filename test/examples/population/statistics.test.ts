// What the experiments ask of numbers, against values that were found in other ways.
import { describe, expect, it } from 'vitest';
import { Random } from '../../../examples/population/random.js';
import { dip, dipProbability, mean, shareInterval, tenths } from '../../../examples/population/statistics.js';

describe('the dip', () => {
  // Found by linear programming (scipy.optimize.linprog) from the definition: for each mode, the least distance from the data
  // at which there is a function that is convex up to it and concave from there.
  it.each<[number[], number]>([
    [[2, 1, 3, 5, 0], 0.1],
    [[0.19, -0.4, 1.04, 0.25, 0.89, 0.57, -0.9, -0.97], 0.11368534482759],
    [[4, 4, 3, 0, 1, 0, 4, 6, 1, 2], 0.125],
    [[3.31, 3.39, 1.04, 0.78, 4.29, 0.91, -1.23, 3.03, 2.06, 2.44, 0.43, -1.49], 0.09308510638298],
    [[0, 4, 2, 4, 3, 2, 5, 3, 2, 4, 0, 0], 0.125],
    [[3.47, 3.79, 4.44, 3.36, 2.55, 1.74, 1.29, 0.97, 1.44, 3.58, 2.57, 0.96, 0.87, -0.34], 0.0979094076655],
    [[3, 0, 1, 6, 2, 1, 5, 1, 3, 3, 6, 3, 0, 1, 3], 0.13333333333333],
    [[1.1, 1.2, 1.2, 1.3, 1.6, 2.9, 3.4, 3.5, 3.5, 3.6, 3.9, 6.2, 6.4, 6.4, 6.5, 7.0], 0.11592741935484],
  ])('of %j is %d', (values, expected) => {
    expect(dip(values)).toBeCloseTo(expected, 12);
  });

  it('does not depend on order, scale, place or direction', () => {
    const random = new Random(3);
    const values = Array.from({ length: 200 }, () => random.normal() + (random.uniform() < 0.3 ? 4 : 0));
    const expected = dip(values);
    expect(dip(values.toReversed())).toBe(expected);
    expect(dip(values.map((value) => 7 * value - 3))).toBeCloseTo(expected, 12);
    expect(dip(values.map((value) => -value))).toBeCloseTo(expected, 12);
  });

  it('lies between 1 / 2n and 1 / 4', () => {
    expect(dip([1, 2, 3, 4])).toBe(1 / 8);
    expect(dip([5, 5, 5])).toBe(1 / 6);
    expect(dip([0, 0, 1, 1])).toBe(0.25);
  });

  it('is rarely as great by chance as for two modes, and often as great as for one', () => {
    const random = new Random(4);
    const one = Array.from({ length: 300 }, () => random.normal());
    const two = one.map((value, i) => value + (i % 2 === 0 ? 6 : 0));
    expect(dipProbability(dip(one), 300, 199, 1)).toBeGreaterThan(0.5);
    expect(dipProbability(dip(two), 300, 199, 1)).toBe(1 / 200);
  });

  it('of uniform numbers is exceeded as often as it should be', () => {
    const random = new Random(5);
    const chances = Array.from({ length: 100 }, () => {
      const sample = Array.from({ length: 50 }, () => random.uniform());
      return dipProbability(dip(sample), 50, 99, 2);
    });
    expect(mean(chances)).toBeGreaterThan(0.4);
    expect(mean(chances)).toBeLessThan(0.6);
  });
});

describe('shares', () => {
  it('of tenths sum to one, and the greatest value is in the last', () => {
    expect(tenths([0, 0.05, 0.55, 1, 1], 1)).toEqual([0.4, 0, 0, 0, 0, 0.2, 0, 0, 0, 0.4]);
  });

  // Newcombe 1998 (Stat. Med. 17:857), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%d of %d come from a share between %d and %d', (successes, runs, low, high) => {
    const interval = shareInterval(successes, runs);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });
});

describe('random numbers', () => {
  it('repeat with their seed and have the moments of their distribution', () => {
    const draw = (seed: number, kind: 'uniform' | 'normal' | 'exponential') => {
      const random = new Random(seed);
      return Array.from({ length: 20_000 }, () => random[kind]());
    };
    for (const [kind, expected, variance] of [
      ['uniform', 0.5, 1 / 12],
      ['normal', 0, 1],
      ['exponential', 1, 1],
    ] as const) {
      const values = draw(1, kind);
      expect(draw(1, kind)).toEqual(values);
      expect(draw(2, kind)).not.toEqual(values);
      expect(Math.abs(mean(values) - expected)).toBeLessThan(0.03);
      expect(Math.abs(mean(values.map((value) => (value - expected) ** 2)) - variance)).toBeLessThan(0.06);
    }
  });
});
