// Two and more threads on one axon: every spike exactly once, in order, whole, and counted, in rings so small that they wrap
// all the time. The other thread is axon.worker.mjs.

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Axon, type AxonHandle, type AxonStats } from '../../lib/memory/axon.js';
import type { AxonReader } from '../../lib/memory/axon_reader.js';
import type { Spike } from '../../lib/memory/spike.js';
import { fill, isWhole } from './axon.pattern.mjs';

interface Job {
  role: 'produce' | 'observe' | 'echo';
  handle: AxonHandle;
  back?: AxonHandle;
  count?: number;
  burst?: number;
  once?: boolean;
}

interface Observed {
  received: number;
  torn: number;
  disordered: number;
  last: number;
  lost: number;
}

/** Starts a worker; `done` is settled with its result, `ready` when it posted something before. */
function start<T>(job: Job): { ready: Promise<void>; done: Promise<T>; isDone: () => boolean } {
  const worker = new Worker(new URL('./axon.worker.mjs', import.meta.url), { workerData: job });
  let finished = false;
  let signal = () => {};
  const ready = new Promise<void>((resolve) => {
    signal = resolve;
  });
  const done = new Promise<T>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message: 'observing' | { done: T }) => {
      signal();
      if (typeof message === 'object') resolve(message.done);
    });
  });
  void done.finally(() => {
    finished = true;
  });
  return { ready, done, isDone: () => finished };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

class Checker {
  received = 0;
  torn = 0;
  gaps = 0;
  last = -1;

  readonly look = (spike: Spike) => {
    this.received++;
    if (!isWhole(spike)) this.torn++;
    if (spike.sequence !== this.last + 1) this.gaps++;
    this.last = spike.sequence;
  };

  /** Reads with next() and drain() in turns; returns whether there was anything. */
  read(reader: AxonReader): boolean {
    const before = this.received;
    for (let i = 0; i < 3; i++) {
      const spike = reader.next();
      if (spike) this.look(spike);
    }
    reader.drain(this.look, 50);
    return this.received > before;
  }
}

describe.each([
  { capacity: 2, burst: 5, count: 150_000 },
  { capacity: 4, burst: 3, count: 200_000 },
  { capacity: 1024, burst: 300, count: 1_000_000 },
])('a ring of $capacity between two threads, $count spikes', ({ capacity, burst, count }) => {
  it.each(['drop-newest', 'block'] as const)(
    'delivers each exactly once, in order, whole (%s)',
    async (backpressure) => {
      const axon = new Axon({ capacity, backpressure, blockMs: 60_000 });
      const reader = axon.reader();
      const producer = start<AxonStats>({ role: 'produce', handle: axon.handle, count, burst });
      const checker = new Checker();
      while (checker.received < count) {
        for (let i = 0; i < 1000 && checker.read(reader); i++);
        if (producer.isDone() && reader.available === 0) break;
        await turn();
      }
      await producer.done;
      expect({ received: checker.received, torn: checker.torn, gaps: checker.gaps }).toEqual({
        received: count,
        torn: 0,
        gaps: 0,
      });
      const { published, queued, dropped } = axon.stats();
      expect(queued).toBe(0);
      expect(published).toBe(count + dropped.full);
      axon.close();
    },
  );

  it('delivers or counts each in drop-oldest mode, whole and in order', async () => {
    const axon = new Axon({ capacity, backpressure: 'drop-oldest' });
    const reader = axon.reader();
    const producer = start<AxonStats>({ role: 'produce', handle: axon.handle, count, burst });
    const checker = new Checker();
    let disordered = 0;
    let last = -1;
    const look = (spike: Spike) => {
      if (spike.sequence <= last) disordered++;
      last = spike.sequence;
      checker.look(spike);
    };
    while (!producer.isDone() || reader.available > 0) {
      const before = checker.received;
      reader.drain(look, 7);
      const spike = reader.next();
      if (spike) look(spike);
      if (checker.received === before || checker.received % 64 === 0) await turn();
    }
    await producer.done;
    const { published, queued, dropped } = axon.stats();
    expect({ torn: checker.torn, disordered, last, queued }).toEqual({
      torn: 0,
      disordered: 0,
      last: count - 1,
      queued: 0,
    });
    expect(published).toBe(count);
    expect(checker.received + dropped.oldest).toBe(count);
    expect(reader.lost).toBe(dropped.oldest);
    axon.close();
  });

  it('shows observers nothing torn while they are lapped, and received + lost = published', async () => {
    const axon = new Axon({ capacity, backpressure: 'drop-oldest' });
    const observers = [1, 2].map(() => start<Observed>({ role: 'observe', handle: axon.handle, count }));
    const own = axon.observer();
    await Promise.all(observers.map((observer) => observer.ready));
    const checker = new Checker();
    let sent = 0;
    for (let size = 1; sent < count; size = (size % burst) + 1) {
      const base = sent;
      sent += axon.publishWith(Math.min(size, count - sent), (slot, i) => fill(slot, base + i));
      if (sent % 100 < burst) checker.read(own);
    }
    while (checker.read(own));
    expect(checker.torn).toBe(0);
    expect(checker.received + own.lost).toBe(count);
    for (const observer of observers) {
      const { received, torn, disordered, last, lost } = await observer.done;
      expect({ torn, disordered, total: received + lost, last }).toEqual({
        torn: 0,
        disordered: 0,
        total: count,
        last: count - 1,
      });
      expect(received).toBeGreaterThan(0);
    }
    axon.close();
  });

  it('lets observers read along without slowing the gating reader', async () => {
    const axon = new Axon({ capacity, backpressure: 'drop-newest' });
    const reader = axon.reader();
    const observer = start<Observed>({ role: 'observe', handle: axon.handle, count });
    await observer.ready;
    const producer = start<AxonStats>({ role: 'produce', handle: axon.handle, count, burst });
    const checker = new Checker();
    while (checker.received < count) {
      for (let i = 0; i < 1000 && checker.read(reader); i++);
      await turn();
    }
    await producer.done;
    const { received, torn, disordered, lost } = await observer.done;
    expect({ torn, disordered, total: received + lost }).toEqual({ torn: 0, disordered: 0, total: count });
    expect({ torn: checker.torn, gaps: checker.gaps }).toEqual({ torn: 0, gaps: 0 });
    axon.close();
  });
});

describe('payloads that go to another thread and back', () => {
  it('are what they were: empty, 46 bytes, non-ASCII, lone surrogates, zeros at the end', async () => {
    const there = new Axon({ capacity: 8 });
    const back = new Axon({ capacity: 8 });
    const reader = back.reader();
    const worker = start({ role: 'echo', handle: there.handle, back: back.handle });
    const roundTrip = async (payload: string | Uint8Array): Promise<Spike> => {
      there.publish({ payload });
      for (;;) {
        const spike = reader.next();
        if (spike) return spike;
        await turn();
      }
    };
    for (const text of [
      '',
      'x',
      'a'.repeat(46),
      'é'.repeat(23),
      '日本語',
      '🧠'.repeat(11),
      '\u0000',
      'a\u0000\u0000',
    ]) {
      expect((await roundTrip(text)).text()).toBe(text);
    }
    expect((await roundTrip('<\ud800>')).text()).toBe('<\ufffd>');
    for (const bytes of [
      [],
      [0],
      [0, 0, 0],
      [1, 0],
      [255, 254, 0, 0],
      Array.from({ length: 46 }, (_, i) => (i < 40 ? 255 : 0)),
    ]) {
      expect([...(await roundTrip(Uint8Array.from(bytes))).bytes()]).toEqual(bytes);
    }
    for (const payload of ['a'.repeat(47), 'é'.repeat(24), new Uint8Array(47)]) {
      expect(() => there.publish({ payload })).toThrow(expect.objectContaining({ code: 'ERR_NB_TOO_LARGE' }));
    }
    expect((await roundTrip('still works')).text()).toBe('still works');
    there.publish({ type: 2 });
    await worker.done;
    there.close();
    back.close();
  });
});
