// How long an agent takes: the estimate, its shrinking towards the others, its forgetting and its alarms.
import { describe, expect, it } from 'vitest';
import { Paces } from '../../../lib/routing/pace.js';
import { randomFrom } from '../bus/support.js';
import { ms } from './support.js';

describe('the pace of an agent', () => {
  it('is at first the mean of latency / (load + 1)', () => {
    const paces = new Paces();
    paces.observe(7, 10 * ms, 0);
    paces.observe(7, 60 * ms, 2);
    paces.observe(7, 60 * ms, 1);
    expect(paces.measuredOf(7)).toBeCloseTo(20 * ms, 3);
  });

  it('is unknown before the first answer', () => {
    expect(new Paces().measuredOf(1)).toBe(0);
    expect(new Paces().expectedOf(1)).toBe(1);
  });

  it('follows the last fifty answers with equal weight', () => {
    const paces = new Paces();
    for (let i = 0; i < 200; i++) paces.observe(1, 10 * ms, 0);
    let oracle = 10 * ms;
    for (const latency of [12, 9, 14, 11]) {
      paces.observe(1, latency * ms, 0);
      oracle += (latency * ms - oracle) / 50;
    }
    expect(paces.measuredOf(1)).toBeCloseTo(oracle, 3);
  });

  it('is expected between its mean and the harmonic mean of all, as if that were eight times scatter answers', () => {
    const paces = new Paces();
    for (let i = 0; i < 60; i++) {
      paces.observe(1, 10 * ms, 0);
      paces.observe(2, 40 * ms, 0);
    }
    // Times that do not vary take a two-hundredth from the scatter, 1 at first, with each answer but the first of an agent.
    const prior = 8 * (1 - 1 / 200) ** 118;
    const expected = [paces.expectedOf(1), paces.expectedOf(2)];
    const pool = 2 / (1 / expected[0]! + 1 / expected[1]!);
    for (const [i, meanNs] of [10 * ms, 40 * ms].entries()) {
      const oracle = (prior * pool + 50 * meanNs) / (prior + 50);
      expect(Math.abs(expected[i]! / oracle - 1)).toBeLessThan(0.005);
    }
  });

  it('of a newcomer is taken for more where times scatter less', () => {
    const [constant, scattered] = [new Paces(), new Paces()];
    const random = randomFrom(2);
    for (let i = 0; i < 2000; i++) {
      constant.observe(i % 4, 10 * ms, 0);
      scattered.observe(i % 4, (random() < 0.02 ? 500 : 0.1) * ms, 0);
    }
    const shares = [constant, scattered].map((paces) => {
      const known = paces.expectedOf(0);
      for (let i = 0; i < 3; i++) paces.observe(9, 5 * known, 0);
      return (paces.expectedOf(9) - known) / (4 * known);
    });
    expect(shares[0]).toBeGreaterThan(0.9);
    expect(shares[1]).toBeLessThan(0.5);
  });

  it('of one that does not answer any more drifts towards the others', () => {
    const paces = new Paces();
    for (let i = 0; i < 50; i++) paces.observe(2, 100 * ms, 0);
    for (let i = 0; i < 50; i++) paces.observe(1, 10 * ms, 0);
    const before = paces.expectedOf(2);
    for (let i = 0; i < 400; i++) paces.observe(1, 10 * ms, 0);
    expect(paces.expectedOf(2)).toBeLessThan(before / 3);
    expect(paces.measuredOf(2)).toBeCloseTo(100 * ms, -2);
  });

  it.each([
    ['slower', 10, 80],
    ['faster', 80, 10],
  ])('is that of the last answers soon after the agent became eight times %s', (_, before, after) => {
    const paces = new Paces();
    for (let i = 0; i < 100; i++) paces.observe(1, before * ms, 0);
    let answers = 0;
    while (Math.abs(paces.measuredOf(1) / (after * ms) - 1) > 0.05 && answers < 100) {
      paces.observe(1, after * ms, 0);
      answers++;
    }
    // Averaging over fifty would need a hundred and more.
    expect(answers).toBeLessThan(20);
  });

  it('of an agent with exponential times is right to a third nearly always', () => {
    const random = randomFrom(11);
    const paces = new Paces();
    let wrong = 0;
    for (let i = 0; i < 20_000; i++) {
      paces.observe(1, -Math.log(1 - random()) * 10 * ms, 0);
      if (i > 50 && Math.abs(paces.measuredOf(1) / (10 * ms) - 1) > 1 / 3) wrong++;
    }
    expect(wrong / 20_000).toBeLessThan(0.02);
  });

  it('is nobody’s once the agent is forgotten', () => {
    const paces = new Paces();
    paces.observe(1, 10 * ms, 0);
    paces.forget(1);
    expect(paces.measuredOf(1)).toBe(0);
  });
});
