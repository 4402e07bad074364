import { describe, expect, it } from 'vitest';
import { numbered, open, rest } from './axon_helpers.js';
import { failure } from './helpers.js';

describe('a full axon', () => {
  it('drops the newest and says so, when asked to', () => {
    const axon = open({ capacity: 4, backpressure: 'drop-newest' });
    const reader = axon.reader();
    expect(axon.publishBatch(numbered(0, 6))).toBe(4);
    expect(axon.publish({})).toBe(false);
    expect(axon.stats()).toEqual({
      published: 7,
      queued: 4,
      dropped: { full: 3, oldest: 0, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([0, 1, 2, 3]);
  });

  it('drops the oldest, also when a batch is larger than the ring', () => {
    const axon = open({ capacity: 4, backpressure: 'drop-oldest' });
    const reader = axon.reader();
    expect(axon.publishBatch(numbered(0, 3))).toBe(3);
    expect(axon.publishBatch(numbered(3, 7))).toBe(7);
    expect(axon.publish({ sequence: 10 })).toBe(true);
    expect(axon.stats()).toEqual({
      published: 11,
      queued: 4,
      dropped: { full: 0, oldest: 7, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([7, 8, 9, 10]);
    expect(reader.lost).toBe(7);
  });

  it('throws ERR_NB_FULL; a batch that does not fit is refused whole', () => {
    const axon = open({ capacity: 4, backpressure: 'fail' });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 3));
    failure('ERR_NB_FULL', () => axon.publishBatch(numbered(3, 2)));
    failure('ERR_NB_FULL', () => axon.publishWith(2, () => {}));
    axon.publish({ sequence: 3 });
    failure('ERR_NB_FULL', () => axon.publish({}));
    expect(axon.stats()).toEqual({
      published: 9,
      queued: 4,
      dropped: { full: 5, oldest: 0, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([0, 1, 2, 3]);
  });

  it('waits for its deadline and then drops', () => {
    const axon = open({ capacity: 2, backpressure: 'block', blockMs: 30 });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 2));
    const before = performance.now();
    expect(axon.publish({})).toBe(false);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
    expect(axon.stats().dropped.deadline).toBe(1);
    expect(rest(reader)).toEqual([0, 1]);
    expect(axon.publish({})).toBe(true);
  });

  it('is sampled: over half full, one spike in sampleEvery passes; full, none', () => {
    const axon = open({ capacity: 8, backpressure: 'sample', sampleEvery: 3 });
    const reader = axon.reader();
    const accepted = Array.from({ length: 20 }, (_, i) => axon.publish({ sequence: i }));
    // Five until it is over half full, then every third, until it is full.
    expect(accepted.flatMap((yes, i) => (yes ? [i] : []))).toEqual([0, 1, 2, 3, 4, 7, 10, 13]);
    expect(axon.stats().dropped).toEqual({ full: 6, oldest: 0, sampled: 6, deadline: 0 });
    expect(rest(reader)).toEqual([0, 1, 2, 3, 4, 7, 10, 13]);
    expect(axon.publishBatch(numbered(20, 5))).toBe(5);
  });

  it('has room again as soon as the reader asks for more', () => {
    const axon = open({ capacity: 2 });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 2));
    expect(reader.next()?.sequence).toBe(0);
    expect(axon.publish({ sequence: 2 })).toBe(false); // the first is still being looked at
    expect(reader.next()?.sequence).toBe(1);
    expect(axon.publish({ sequence: 3 })).toBe(true);
    expect(rest(reader)).toEqual([3]);
  });
});
