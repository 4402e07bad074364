// start() and stop(): delivery by itself, without starving the rest of the program.
import { Neuron, type NeuronHandle, type WaitStrategy } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { add, expectReconciled, makeBus, turn } from './support.js';

const strategies: WaitStrategy[] = ['park', 'yield', 'spin'];

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe.each(strategies)('a started bus that waits by %s', (waitStrategy) => {
  it('delivers what is fired before and after start()', async () => {
    const bus = makeBus({ waitStrategy });
    const probe = add(bus);
    bus.fire(probe.id, { target: probe.id, payload: 'before' });
    bus.start();
    bus.fire(probe.id, { target: probe.id, payload: 'after' });
    expect(probe.texts).toEqual([]);
    await until(() => probe.spikes.length === 2);
    expect(probe.texts).toEqual(['before', 'after']);
  });

  it('wakes up again after it was idle for long', async () => {
    const bus = makeBus({ waitStrategy });
    const probe = add(bus);
    bus.start();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1500; i++) await turn();
      bus.fire(probe.id, { target: probe.id });
      await until(() => probe.spikes.length === round + 1);
    }
    expectReconciled(bus);
  });

  it('carries on a conversation', async () => {
    const bus = makeBus({ waitStrategy });
    let rounds = 0;
    const pong = add(bus, (spike, handle) => {
      if (++rounds < 1000) handle.reply(spike);
    });
    bus.start();
    bus.fire(pong.id, { target: pong.id });
    await until(() => rounds === 1000);
    await until(() => bus.stats().queued === 0);
    expect(expectReconciled(bus).delivered).toBe(1000);
  });
});

describe('start', () => {
  it('gives the event loop its turn after each budget, so that timers and I/O run', async () => {
    const bus = makeBus({ budget: 4, axonCapacity: 1024 });
    const seen: number[] = [];
    const probe = add(bus);
    for (let i = 0; i < 100; i++) bus.fire(probe.id, { target: probe.id });
    bus.start();
    while (probe.spikes.length < 100) {
      await turn();
      seen.push(probe.spikes.length);
    }
    const steps = seen.map((count, i) => count - (seen[i - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(4);
    expect(probe.spikes.length).toBe(100);
  });

  it('gives it more turns where handlers are slow, whatever the budget', async () => {
    const bus = makeBus({ axonCapacity: 1024, clock: 'real' });
    const probe = add(bus, () => {
      for (const end = performance.now() + 1; performance.now() < end; );
    });
    for (let i = 0; i < 400; i++) bus.fire(probe.id, { target: probe.id });
    bus.start();
    let turns = 0;
    for (; probe.spikes.length < 400; turns++) await turn();
    // 64 in the first go, then as many as take a millisecond: by budget alone it would be one turn.
    expect(turns).toBeGreaterThan(100);
    expectReconciled(bus);
  });

  it('keeps to its budget with a virtual clock, so that a run can be repeated', async () => {
    const bus = makeBus({ axonCapacity: 1024, clock: 'virtual' });
    const probe = add(bus, () => {
      for (const end = performance.now() + 1; performance.now() < end; );
    });
    for (let i = 0; i < 100; i++) bus.fire(probe.id, { target: probe.id });
    bus.start();
    await until(() => probe.spikes.length > 0);
    expect(probe.spikes.length).toBe(100);
  });

  it('twice is once, stop() twice too, and it can start again', async () => {
    const bus = makeBus();
    const probe = add(bus);
    bus.start();
    bus.start();
    bus.stop();
    bus.stop();
    bus.fire(probe.id, { target: probe.id });
    for (let i = 0; i < 10; i++) await turn();
    expect(probe.spikes).toEqual([]);
    bus.start();
    await until(() => probe.spikes.length === 1);
  });

  it('without neurons or spikes can be stopped and closed', async () => {
    const bus = makeBus();
    bus.start();
    await turn();
    bus.stop();
    bus.close();
  });

  it('calls tick(handle) of neurons at the interval, also of those that come later, until they leave', async () => {
    const bus = makeBus({ tickIntervalMs: 1 });
    class Beating extends Neuron {
      beats = 0;
      onSpike() {}
      override tick(_handle: NeuronHandle) {
        this.beats++;
      }
    }
    const [early, late] = [new Beating(), new Beating()];
    const id = bus.register(early, { name: 'early' });
    bus.start();
    await until(() => early.beats >= 3);
    bus.unregister(id);
    const beats = early.beats;
    bus.register(late, { name: 'late' });
    await until(() => late.beats >= 3);
    expect(early.beats).toBe(beats);
    bus.stop();
    const stopped = late.beats;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(late.beats).toBe(stopped);
  });

  it('accepts every interval that the options accept, without a warning of the timer', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));
    const bus = makeBus({ tickIntervalMs: 1e12, plasticity: { sweepIntervalMs: 1e12 } });
    let beats = 0;
    class Rare extends Neuron {
      onSpike() {}
      override tick() {
        beats++;
      }
    }
    bus.register(new Rare(), { name: 'rare' });
    bus.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([warnings, beats]).toEqual([[], 0]);
  });

  it('can be followed by tick() by hand', async () => {
    const bus = makeBus();
    const probe = add(bus);
    bus.start();
    bus.fire(probe.id, { target: probe.id });
    expect(bus.tick()).toBe(1);
    await turn();
    expect(probe.spikes.length).toBe(1);
  });

  it('can be called in a handler, as can stop()', async () => {
    const bus = makeBus();
    const probe = add(bus, (spike) => {
      if (spike.text() === 'start') bus.start();
      if (spike.text() === 'stop') bus.stop();
    });
    bus.fire(probe.id, { target: probe.id, payload: 'start' });
    bus.tick();
    bus.fire(probe.id, { target: probe.id, payload: 'stop' });
    await until(() => probe.spikes.length === 2);
    bus.fire(probe.id, { target: probe.id, payload: 'never' });
    for (let i = 0; i < 10; i++) await turn();
    expect(probe.texts).toEqual(['start', 'stop']);
  });

  it('keeps decaying and pruning while nothing is fired', async () => {
    const bus = makeBus({
      clock: 'real',
      plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 },
    });
    const [a, b] = [add(bus), add(bus)];
    const pruned: number[] = [];
    bus.on('prune', ({ pre }) => pruned.push(pre));
    const synapse = bus.connect(a.id, b.id).build();
    bus.start();
    await until(() => pruned.length === 1);
    expect([pruned, synapse.alive]).toEqual([[a.id], false]);
  });

  it('with backpressure and errors reports them as a tick does', async () => {
    const bus = makeBus({ axonCapacity: 2 });
    const drops: unknown[] = [];
    const errors: unknown[] = [];
    bus.on('drop', (info) => drops.push(info));
    bus.on('error', (error) => errors.push((error as Error).message));
    const probe = add(bus, () => {
      throw new Error('on purpose');
    });
    bus.start();
    for (let i = 0; i < 3; i++) bus.fire(probe.id, { target: probe.id });
    await until(() => probe.spikes.length === 2);
    expect([drops, errors]).toEqual([[{ reason: 'full', count: 1 }], ['on purpose', 'on purpose']]);
  });
});
