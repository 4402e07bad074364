// A full ring: each of the five modes, at capacities small enough to be full all the time.
import type { Backpressure, NeuronBus, NeuronBusOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, dropped, expectReconciled, makeBus, messageOf, type Probe } from './support.js';

function full(backpressure: Backpressure, axonCapacity: number, options: NeuronBusOptions = {}) {
  const bus = makeBus({ backpressure, axonCapacity, ...options });
  return { bus, probe: add(bus) };
}

const fire = (bus: NeuronBus, probe: Probe, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    bus.fire(probe.id, { target: probe.id, payload: `${from + i}` }),
  );

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);

describe.each([2, 4, 8])('with a ring of %d', (capacity) => {
  it('drop-newest keeps the first ones and says false for the others', () => {
    const { bus, probe } = full('drop-newest', capacity);
    const results = fire(bus, probe, 0, capacity + 3);
    expect(results).toEqual([...Array(capacity).fill(true), false, false, false]);
    expect(expectReconciled(bus)).toMatchObject({
      published: capacity + 3,
      queued: capacity,
      dropped: { full: 3 },
    });
    bus.tick();
    expect(probe.texts).toEqual(range(0, capacity));
    expect(fire(bus, probe, 100, 101)).toEqual([true]);
  });

  it('drop-oldest keeps the last ones and says true for all', () => {
    const { bus, probe } = full('drop-oldest', capacity);
    expect(fire(bus, probe, 0, capacity + 3)).toEqual(Array(capacity + 3).fill(true));
    expect(expectReconciled(bus)).toMatchObject({ queued: capacity, dropped: { oldest: 3 } });
    bus.tick();
    expect(probe.texts).toEqual(range(3, capacity + 3));
    expectReconciled(bus);
  });

  it('fail throws ERR_NB_FULL, counts, and keeps what is queued', () => {
    const { bus, probe } = full('fail', capacity);
    fire(bus, probe, 0, capacity);
    for (let i = 0; i < 3; i++) expect(codeOf(() => fire(bus, probe, 0, 1))).toBe('ERR_NB_FULL');
    expect(messageOf(() => fire(bus, probe, 0, 1))).toMatch(
      new RegExp(`axonCapacity is ${capacity}.*tick\\(\\)`),
    );
    expect(expectReconciled(bus)).toMatchObject({ queued: capacity, dropped: { full: 4 } });
    bus.tick();
    expect(probe.texts).toEqual(range(0, capacity));
  });

  it('block delivers what is queued to make room, in order, so nothing is dropped', () => {
    const { bus, probe } = full('block', capacity, { blockMs: 10_000 });
    expect(fire(bus, probe, 0, 10 * capacity)).toEqual(Array(10 * capacity).fill(true));
    expect(dropped(expectReconciled(bus))).toBe(0);
    bus.tick();
    expect(probe.texts).toEqual(range(0, 10 * capacity));
  });

  it('block inside a handler, where waiting cannot help, is a counted false at once', () => {
    const { bus, probe } = full('block', capacity, { blockMs: 1e12 });
    const results: boolean[] = [];
    probe.react = (_, handle) => {
      while (results.length < capacity + 2) results.push(handle.fireTo(probe.id, 'x'));
    };
    fire(bus, probe, 0, 1);
    bus.tick();
    const sent = results.filter(Boolean).length;
    expect(sent).toBeGreaterThanOrEqual(capacity - 1);
    expect(expectReconciled(bus).dropped.deadline).toBe(capacity + 2 - sent);
  });

  it('block with a deadline of 0 waits for nobody', () => {
    const { bus, probe } = full('block', capacity, { blockMs: 0 });
    expect(fire(bus, probe, 0, capacity + 2)).toEqual([...Array(capacity).fill(true), false, false]);
    expect(probe.spikes).toEqual([]);
    expect(expectReconciled(bus).dropped.deadline).toBe(2);
  });

  it('sample thins out over half, one in sampleEvery, and drops when full', () => {
    const { bus, probe } = full('sample', capacity, { sampleEvery: 2 });
    const results = fire(bus, probe, 0, capacity + 4);
    const half = capacity / 2;
    expect(results.slice(0, half)).toEqual(Array(half).fill(true));
    const stats = expectReconciled(bus);
    expect(stats.queued).toBe(results.filter(Boolean).length);
    expect(stats.dropped.sampled + stats.dropped.full).toBe(results.filter((kept) => !kept).length);
    if (capacity > 2) expect(stats.dropped.sampled).toBeGreaterThan(0);
    bus.tick();
    expect(probe.texts).toEqual(range(0, capacity + 4).filter((_, i) => results[i]));
    expect(fire(bus, probe, 100, 100 + half)).toEqual(Array(half).fill(true));
  });
});

describe('sample', () => {
  it('keeps one in sampleEvery of what comes under pressure', () => {
    const { bus, probe } = full('sample', 64, { sampleEvery: 10 });
    const results = fire(bus, probe, 0, 32 + 200);
    expect(results.slice(32).filter(Boolean)).toHaveLength(20);
    expect(expectReconciled(bus).dropped).toMatchObject({ sampled: 180, full: 0 });
  });

  it('with sampleEvery 1 is only bounded by the ring', () => {
    const { bus, probe } = full('sample', 8, { sampleEvery: 1 });
    expect(fire(bus, probe, 0, 10).filter(Boolean)).toHaveLength(8);
    expect(expectReconciled(bus).dropped).toMatchObject({ sampled: 0, full: 2 });
  });
});

describe('block', () => {
  it('with a handler that fires as much as it gets ends at the deadline', () => {
    const { bus, probe } = full('block', 2, { blockMs: 5 });
    probe.react = (_, handle) => {
      handle.fireTo(probe.id);
      handle.fireTo(probe.id);
    };
    for (let i = 0; i < 10; i++) bus.fire(probe.id, { target: probe.id });
    expectReconciled(bus);
  });

  it('that makes a handler unregister the sender is ERR_NB_UNKNOWN_NEURON for who fires, and nothing is sent', () => {
    const { bus, probe } = full('block', 2);
    const sender = add(bus);
    probe.react = () => {
      if (bus.card(sender.id) !== undefined) bus.unregister(sender.id);
    };
    fire(bus, probe, 0, 2);
    expect(codeOf(() => bus.fire(sender.id, { target: probe.id }))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(expectReconciled(bus)).toMatchObject({ published: 2, queued: 0 });
  });

  it('that makes a handler unregister the target sends to nobody, which is counted', () => {
    const { bus, probe } = full('block', 2);
    const target = add(bus);
    probe.react = () => {
      if (bus.card(target.id) !== undefined) bus.unregister(target.id);
    };
    fire(bus, probe, 0, 2);
    codeOf(() => bus.fire(probe.id, { target: target.id }));
    bus.tick();
    const { published, dropped } = expectReconciled(bus);
    expect(dropped.deadTarget).toBe(published - 2);
  });

  it('reports what fails in the handlers it runs', () => {
    const { bus, probe } = full('block', 2);
    const errors: string[] = [];
    bus.on('error', (error) => errors.push((error as Error).message));
    probe.react = () => {
      throw new Error('on purpose');
    };
    expect(fire(bus, probe, 0, 5)).toEqual(Array(5).fill(true));
    expect(errors.length).toBeGreaterThan(0);
    expectReconciled(bus);
  });
});

describe('long payloads', () => {
  it.each<Backpressure>(['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'])(
    'that %s refuses or takes back leave no block behind',
    (backpressure) => {
      const { bus, probe } = full(backpressure, 4, { sampleEvery: 2, blockMs: 1000 });
      const text = (i: number) => `${i} `.repeat(50);
      for (let i = 0; i < 30; i++) {
        codeOf(() => bus.fire(probe.id, { target: probe.id, payload: text(i) }));
        expect(bus.stats().arena.blocks).toBeLessThanOrEqual(4);
        if (i % 7 === 0) bus.tick();
      }
      bus.tick();
      for (const got of probe.texts) expect(got).toBe(text(Number(got.split(' ')[0])));
      expect(expectReconciled(bus).arena.blocks).toBe(0);
    },
  );

  it('drop-oldest inside a handler does not touch the spikes of the running batch', () => {
    const { bus, probe } = full('drop-oldest', 4);
    const seen: string[] = [];
    probe.react = (spike, handle) => {
      const before = spike.text();
      if (before.startsWith('batch')) {
        for (let i = 0; i < 10; i++) handle.fireTo(probe.id, `new ${i} `.repeat(20));
      }
      seen.push(spike.text() === before ? before.slice(0, 7) : 'changed');
    };
    for (let i = 0; i < 4; i++) bus.fire(probe.id, { target: probe.id, payload: `batch ${i} `.repeat(20) });
    bus.tick();
    expect(seen).toEqual(['batch 0', 'batch 1', 'batch 2', 'batch 3']);
    expectReconciled(bus);
    bus.tick();
    expect(seen.slice(4)).toEqual(['new 6 n', 'new 7 n', 'new 8 n', 'new 9 n']);
    expect(expectReconciled(bus).arena.blocks).toBe(0);
  });
});

describe('inside a handler', () => {
  it.each<Backpressure>(['drop-newest', 'fail', 'block', 'sample'])(
    'the slots of the running batch are not overwritten (%s)',
    (backpressure) => {
      const { bus, probe } = full(backpressure, 8, { sampleEvery: 1 });
      const wrong: string[] = [];
      let seen = 0;
      probe.react = (spike, handle) => {
        const before = spike.text();
        for (let i = 0; i < 8; i++) codeOf(() => handle.fireTo(probe.id, 'overwritten?'));
        if (spike.text() !== before || (seen < 6 && before !== `${seen}`)) wrong.push(spike.text());
        seen++;
      };
      fire(bus, probe, 0, 6);
      bus.tick();
      expect(wrong).toEqual([]);
      expectReconciled(bus);
    },
  );
});
