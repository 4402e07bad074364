import { describe, expect, it } from 'vitest';
import { Health } from '../../../../lib/bus/messages/health.js';

const SECOND = 1e9;
const ENTRY = 5;

/** Of agents that stay. */
function makeHealth(threshold: number): Health {
  return new Health(threshold, () => ENTRY);
}

function exchanges(health: Health, answered: boolean, count: number, now = 0): void {
  for (let i = 0; i < count; i++) health.ended(7, ENTRY, answered, now);
}

describe('the health of an agent', () => {
  it('is perfect before anybody asked', () => {
    expect(makeHealth(0.95).of(7)).toEqual({ score: 1, out: false, exchanges: 0, answeredNs: 0, trialNs: 0 });
  });

  it('falls by a twentieth of the rest with each failure, and rises likewise', () => {
    const health = makeHealth(0.1);
    exchanges(health, false, 2);
    expect(health.of(7).score).toBeCloseTo(0.95 ** 2, 12);
    exchanges(health, true, 1, 5);
    expect(health.of(7)).toMatchObject({ score: 0.95 ** 2 + (1 - 0.95 ** 2) / 20, answeredNs: 5 });
  });

  it('is not judged before five exchanges', () => {
    const health = makeHealth(0.95);
    exchanges(health, false, 4);
    expect(health.of(7).out).toBe(false);
    exchanges(health, false, 1);
    expect(health.of(7).out).toBe(true);
  });

  it('lets one out be asked on trial after a second, then after twice as long, up to a minute', () => {
    const health = makeHealth(0.95);
    exchanges(health, false, 5);
    let due = SECOND;
    let wait = SECOND;
    for (let trial = 0; trial < 8; trial++) {
      expect(health.of(7).trialNs).toBe(due);
      expect(health.mayAsk(7, due - 1)).toBe(false);
      expect(health.mayAsk(7, due)).toBe(true);
      health.asked(7, () => due);
      expect(health.mayAsk(7, due)).toBe(false);
      health.ended(7, ENTRY, false, due + 5);
      wait = Math.min(60 * SECOND, 2 * wait);
      due += wait;
    }
    expect(wait).toBe(60 * SECOND);
  });

  it('is perfect again after an answer on trial, and is judged anew', () => {
    const health = makeHealth(0.95);
    exchanges(health, false, 9);
    health.asked(7, () => SECOND);
    health.ended(7, ENTRY, true, SECOND + 3);
    expect(health.of(7)).toMatchObject({ out: false, score: 1, trialNs: 0, answeredNs: SECOND + 3 });
    expect(health.anyOut).toBe(false);
    expect(health.of(7).exchanges).toBe(10);
    exchanges(health, false, 4);
    expect(health.of(7).out).toBe(false);
  });

  it.each(['asked', 'looked at', 'all'])('is not that of who had the id before, when it is %s', (how) => {
    let entry = ENTRY;
    const health = new Health(0.95, () => entry);
    exchanges(health, false, 9);
    expect(health.of(7).out).toBe(true);
    entry++;
    if (how === 'asked') expect(health.mayAsk(7, 1)).toBe(true);
    if (how === 'all') health.forgetGone();
    expect(health.of(7)).toMatchObject({ out: false, score: 1, exchanges: 0 });
    expect(health.anyOut).toBe(false);
    exchanges(health, false, 9); // with the one before: they end late
    expect(health.of(7)).toMatchObject({ out: false, exchanges: 0 });
    health.ended(7, entry, true, 2);
    expect(health.of(7)).toMatchObject({ exchanges: 1, answeredNs: 2 });
  });

  it('is forgotten with the agent', () => {
    const health = makeHealth(0.95);
    exchanges(health, false, 9);
    health.forget(7);
    expect(health.anyOut).toBe(false);
    expect(health.mayAsk(7, 0)).toBe(true);
    expect(health.of(7).exchanges).toBe(0);
  });
});
