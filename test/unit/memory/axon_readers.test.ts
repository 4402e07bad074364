import { describe, expect, it } from 'vitest';
import type { Axon } from '../../../lib/memory/axon.js';
import type { AxonReader } from '../../../lib/memory/axon_reader.js';
import { open } from './axon_helpers.js';
import { failure } from './helpers.js';

const publish = (axon: Axon, from: number, count: number) =>
  axon.publishWith(count, (slot, i) => {
    slot.sequence = from + i;
    slot.payload = `spike ${from + i}`;
  });
const drained = (reader: AxonReader, max?: number) => {
  const texts: string[] = [];
  reader.drain((spike) => texts.push(spike.text()), max);
  return texts;
};

describe.each([
  ['the gating reader', 'drop-newest', (axon: Axon) => axon.reader()],
  ['the gating reader of a drop-oldest axon', 'drop-oldest', (axon: Axon) => axon.reader()],
  ['an observer', 'drop-newest', (axon: Axon) => axon.observer()],
  ['an observer of a drop-oldest axon', 'drop-oldest', (axon: Axon) => axon.observer()],
] as const)('%s', (_, backpressure, make) => {
  it('drains what is there, at most as many as asked for', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 10);
    expect(drained(reader, 0)).toEqual([]);
    expect(drained(reader, 3)).toEqual(['spike 0', 'spike 1', 'spike 2']);
    expect(reader.available).toBe(7);
    expect(drained(reader)).toHaveLength(7);
    expect(drained(reader)).toEqual([]);
    expect(reader.lost).toBe(0);
  });

  it('does not hand out in one drain() what is published during it', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 2);
    let count = 0;
    expect(reader.drain(() => publish(axon, 100 + count++, 1))).toBe(2);
    expect(reader.available).toBe(2);
  });

  it('consumes the spike whose handler throws, and only that one', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 4);
    expect(() =>
      reader.drain((spike) => {
        if (spike.sequence === 1) throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(drained(reader)).toEqual(['spike 2', 'spike 3']);
  });

  it('makes the spike stale when it goes on to nothing', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 1);
    const spike = reader.next();
    const clone = spike?.clone();
    expect(reader.next()).toBeUndefined();
    failure('ERR_NB_STALE_SPIKE', () => spike?.text());
    expect(clone?.text()).toBe('spike 0');
    publish(axon, 1, 1);
    let kept: unknown;
    reader.drain((drainedSpike) => {
      kept = drainedSpike;
    });
    failure('ERR_NB_STALE_SPIKE', () => (kept as { text(): string }).text());
  });

  it('can be read, drained and closed from inside its own drain()', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 6);
    const seen: number[] = [];
    reader.drain((spike) => {
      seen.push(spike.sequence);
      if (seen.length === 1) seen.push(reader.next()?.sequence ?? -1);
      if (seen.length === 3) reader.drain((inner) => seen.push(inner.sequence), 1);
    });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    publish(axon, 6, 3);
    expect(reader.drain(() => reader.close())).toBe(1);
    failure('ERR_NB_CLOSED', () => reader.next());
  });

  it('survives that the whole axon is closed from inside its drain()', () => {
    const axon = open({ capacity: 64, backpressure });
    const reader = make(axon);
    publish(axon, 0, 6);
    expect(reader.drain(() => axon.close())).toBe(1);
    failure('ERR_NB_CLOSED', () => reader.next());
  });

  it('refuses a max that is no count', () => {
    const reader = make(open({ capacity: 4, backpressure }));
    for (const max of [-1, Number.NaN, 'all'])
      failure('ERR_NB_INVALID_ARGUMENT', () => reader.drain(() => {}, max as number));
  });
});

describe('an observer', () => {
  it('sees what is published after it was made', () => {
    const axon = open({ capacity: 8 });
    publish(axon, 0, 3);
    const observer = axon.observer();
    expect(observer.available).toBe(0);
    publish(axon, 3, 2);
    expect(drained(observer)).toEqual(['spike 3', 'spike 4']);
  });

  it('does not keep the ring full, nor is it disturbed by the gating reader', () => {
    const axon = open({ capacity: 4 });
    const [reader, ...observers] = [axon.reader(), axon.observer(), axon.observer(), axon.observer()];
    for (let i = 0; i < 100; i++) {
      publish(axon, i, 1);
      expect(reader.next()?.sequence).toBe(i);
      for (const observer of observers) expect(observer.next()?.text()).toBe(`spike ${i}`);
    }
    expect(axon.stats().dropped.full).toBe(0);
    expect(observers.map((observer) => observer.lost)).toEqual([0, 0, 0]);
  });

  it.each([2, 4, 64, 1024])('of a ring of %i counts exactly what it lost when it was lapped', (capacity) => {
    const axon = open({ capacity, backpressure: 'drop-oldest' });
    const observer = axon.observer();
    let received = 0;
    let last = -1;
    for (let round = 0, published = 0; round < 20; round++) {
      const count = (round * 37 * Math.max(1, capacity >> 4)) % (3 * capacity);
      publish(axon, published, count);
      published += count;
      for (let spike = observer.next(); spike; spike = observer.next()) {
        expect(spike.sequence).toBeGreaterThan(last);
        last = spike.sequence;
        expect(spike.text()).toBe(`spike ${last}`);
        received++;
      }
      expect(received + observer.lost).toBe(published);
      if (count > 0) expect(last).toBe(published - 1);
    }
    expect(observer.lost).toBeGreaterThan(0);
  });

  it('keeps its count of losses after close()', () => {
    const axon = open({ capacity: 2, backpressure: 'drop-oldest' });
    const observer = axon.observer();
    publish(axon, 0, 10);
    drained(observer);
    const { lost } = observer;
    expect(lost).toBeGreaterThanOrEqual(8);
    observer.close();
    expect(observer.lost).toBe(lost);
  });
});
