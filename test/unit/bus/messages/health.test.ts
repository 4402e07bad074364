import { describe, expect, it } from 'vitest';
import { Health } from '../../../../lib/bus/messages/health.js';

const SECOND = 1e9;

function exchanges(health: Health, answered: boolean, count: number, now = 0): void {
  for (let i = 0; i < count; i++) health.ended(7, answered, now);
}

describe('the health of an agent', () => {
  it('is perfect before anybody asked', () => {
    expect(new Health(0.95).of(7)).toEqual({ score: 1, out: false, exchanges: 0, answeredNs: 0, trialNs: 0 });
  });

  it('falls by a twentieth of the rest with each failure, and rises likewise', () => {
    const health = new Health(0.1);
    exchanges(health, false, 2);
    expect(health.of(7).score).toBeCloseTo(0.95 ** 2, 12);
    exchanges(health, true, 1, 5);
    expect(health.of(7)).toMatchObject({ score: 0.95 ** 2 + (1 - 0.95 ** 2) / 20, answeredNs: 5 });
  });

  it('is not judged before five exchanges', () => {
    const health = new Health(0.95);
    exchanges(health, false, 4);
    expect(health.of(7).out).toBe(false);
    exchanges(health, false, 1);
    expect(health.of(7).out).toBe(true);
  });

  it('lets one out be asked on trial after a second, then after twice as long, up to a minute', () => {
    const health = new Health(0.95);
    exchanges(health, false, 5);
    let due = SECOND;
    let wait = SECOND;
    for (let trial = 0; trial < 8; trial++) {
      expect(health.of(7).trialNs).toBe(due);
      expect(health.mayAsk(7, due - 1)).toBe(false);
      expect(health.mayAsk(7, due)).toBe(true);
      health.asked(7, () => due);
      expect(health.mayAsk(7, due)).toBe(false);
      health.ended(7, false, due + 5);
      wait = Math.min(60 * SECOND, 2 * wait);
      due += wait;
    }
    expect(wait).toBe(60 * SECOND);
  });

  it('is perfect again after an answer on trial, and is judged anew', () => {
    const health = new Health(0.95);
    exchanges(health, false, 9);
    health.asked(7, () => SECOND);
    health.ended(7, true, SECOND + 3);
    expect(health.of(7)).toMatchObject({ out: false, score: 1, trialNs: 0, answeredNs: SECOND + 3 });
    expect(health.anyOut).toBe(false);
    exchanges(health, false, 4);
    expect(health.of(7).out).toBe(false);
  });

  it('is forgotten with the agent', () => {
    const health = new Health(0.95);
    exchanges(health, false, 9);
    health.forget(7);
    expect(health.anyOut).toBe(false);
    expect(health.mayAsk(7, 0)).toBe(true);
    expect(health.of(7).exchanges).toBe(0);
  });
});
