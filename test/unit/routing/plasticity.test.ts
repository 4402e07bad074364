// The formulas of the weight, against plain arithmetic, and their bounds.
import { describe, expect, it } from 'vitest';
import {
  depressed,
  eligibility,
  modulated,
  plasticityDefaults,
  plasticityOf,
  potentiated,
  relaxed,
} from '../../../lib/routing/plasticity.js';

const rule = plasticityDefaults;
const { E } = Math;

describe('the weight of a synapse to a responder', () => {
  it('rises by A+ exp(-dt / tau) of what is missing to the maximum when an answer comes', () => {
    expect(potentiated(0.5, 0, 10, rule)).toBeCloseTo(0.5 + 0.2 * 0.5, 12);
    expect(potentiated(0.5, 10, 10, rule)).toBeCloseTo(0.5 + (0.2 / E) * 0.5, 12);
    expect(potentiated(0.9, 20, 10, rule)).toBeCloseTo(0.9 + (0.2 / E ** 2) * 0.1, 12);
  });

  it('falls by A- of what is above the minimum when none comes', () => {
    expect(depressed(0.501, rule)).toBeCloseTo(0.251, 12);
    expect(depressed(rule.min, rule)).toBe(rule.min);
  });

  it('comes to rest where gains and losses are equal', () => {
    let weight = 0.5;
    let sum = 0;
    for (let i = 0; i < 4000; i++) {
      weight = i % 4 === 3 ? depressed(weight, rule) : potentiated(weight, 5, 10, rule);
      if (i >= 2000) sum += weight;
    }
    // The exact cycle: three gains towards 1 with factor k, one loss towards min with factor 1 - A-.
    const k = 1 - 0.2 * Math.exp(-0.5);
    const loss = 1 - rule.aMinus;
    const low = (loss * (1 - k ** 3) + rule.min * (1 - loss)) / (1 - loss * k ** 3);
    const cycle = [1, 2, 3].map((n) => 1 - (1 - low) * k ** n);
    expect(sum / 2000).toBeCloseTo((low + cycle[0]! + cycle[1]! + cycle[2]!) / 4, 9);
  });

  it('is moved by dopamine in proportion to surprise and trace, towards the bound of its sign', () => {
    const small = { ...rule, aReward: 0.5 };
    expect(modulated(0.4, 0.5, 0.2, small)).toBeCloseTo(0.4 + 0.05 * 0.6, 12);
    expect(modulated(0.4, -0.5, 0.2, small)).toBeCloseTo(0.4 - 0.05 * (0.4 - rule.min), 12);
    expect(modulated(0.4, 0, 1, small)).toBe(0.4);
  });

  it('goes at most nine tenths of the way at once', () => {
    expect(modulated(0.5, 1, 1, { ...rule, aReward: 50 })).toBeCloseTo(0.95, 12);
    expect(modulated(0.501, -1, 1, { ...rule, aReward: 50 })).toBeCloseTo(0.051, 12);
  });

  it('stays within its bounds whatever happens', () => {
    let weight = 0.5;
    for (let i = 0; i < 2000; i++) {
      weight = [
        () => potentiated(weight, i % 7, 1, rule),
        () => depressed(weight, rule),
        () => modulated(weight, Math.sin(i), 1, { ...rule, aReward: 50 }),
        () => relaxed(weight, i, rule),
      ][(i * 7919) % 4]!();
      expect(weight).toBeGreaterThanOrEqual(rule.min);
      expect(weight).toBeLessThanOrEqual(rule.max);
    }
  });

  it('forgets half of what it learned in each half-life, in both directions', () => {
    expect(relaxed(0.9, rule.halfLifeNs, rule)).toBeCloseTo(0.7, 12);
    expect(relaxed(0.1, rule.halfLifeNs, rule)).toBeCloseTo(0.3, 12);
    expect(relaxed(0.1, 2 * rule.halfLifeNs, rule)).toBeCloseTo(0.4, 12);
    expect(relaxed(0.9, 0, rule)).toBe(0.9);
  });
});

describe('the eligibility trace', () => {
  it('is the window of the answer, decayed since', () => {
    expect(eligibility(0, 10, 0, rule)).toBe(1);
    expect(eligibility(10, 10, 0, rule)).toBeCloseTo(1 / E, 12);
    expect(eligibility(10, 10, rule.tauTraceNs, rule)).toBeCloseTo(1 / E ** 2, 12);
  });
});

describe('parameters', () => {
  it.each([
    ['aPlus', -0.1],
    ['aPlus', 1],
    ['aMinus', 1],
    ['aReward', -1],
    ['min', 0],
    ['max', 0.0001],
    ['rest', 2],
    ['halfLifeNs', 0],
    ['tauTraceNs', Number.NaN],
  ] as const)('%s of %d is refused, by name', (name, value) => {
    expect(() => plasticityOf({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    );
  });

  it('that nobody would read are refused', () => {
    expect(() => plasticityOf({ tau: 3 } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT' }),
    );
  });
});
