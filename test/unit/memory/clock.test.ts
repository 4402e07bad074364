import { describe, expect, it } from 'vitest';
import { clock } from '../../../lib/memory/clock.js';

const osNow = () => Number(process.hrtime.bigint());

describe('clock', () => {
  it('never goes back', () => {
    let last = clock.now();
    let backwards = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const now = clock.now();
      if (now < last) backwards++;
      last = now;
    }
    expect(backwards).toBe(0);
  });

  it('is on the base of the monotonic clock of the operating system', () => {
    // Between two readings of the other clock, whatever the machine does meanwhile; the tolerance is calibration error.
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 1000; i++) {
      const before = osNow();
      const now = clock.now();
      const after = osNow();
      best = Math.min(best, Math.max(before - now, now - after, 0));
    }
    expect(best).toBeLessThan(1e6);
  });

  it('runs as fast as that clock', async () => {
    const span = async () => {
      const [from, osFrom] = [clock.now(), osNow()];
      await new Promise((resolve) => setTimeout(resolve, 200));
      const [to, osTo] = [clock.now(), osNow()];
      return Math.abs((to - from) / (osTo - osFrom) - 1);
    };
    // A preemption between the two readings spoils one span, so the best of several counts.
    const drifts = [await span(), await span(), await span(), await span(), await span()];
    expect(Math.min(...drifts)).toBeLessThan(1e-3);
  });

  it('names its source and its frequency', () => {
    expect(['tsc', 'cntvct', 'monotonic']).toContain(clock.source);
    expect(clock.frequencyHz).toBeGreaterThan(1e6);
  });
});
