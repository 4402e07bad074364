// Worker threads that end without a word, at any moment: the others go on, the books balance, nothing stays behind.
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type BusHandle, NeuronBus, type NeuronBusOptions } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { add, Colony, Counter, quiet, sleep, until } from './support.js';

const FLOODER = new URL('./flooder.mjs', import.meta.url);

function residentMiB(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
}

function open(options: NeuronBusOptions = {}): NeuronBus {
  const bus = NeuronBus.create(options);
  onTestFinished(() => bus.close());
  bus.on('error', (error) => {
    throw error;
  });
  bus.start();
  return bus;
}

const names = (bus: NeuronBus) =>
  bus
    .neurons()
    .map(({ name }) => name)
    .sort();

describe('a worker that is terminated under load', () => {
  it.each<[string, number, NeuronBusOptions]>([
    ['drop-newest', 100, {}],
    ['drop-oldest', 30, { backpressure: 'drop-oldest', axonCapacity: 128 }],
    ['block', 30, { backpressure: 'block', blockMs: 5, axonCapacity: 64 }],
  ])(
    '%s: %i times, leaves discovery, a balanced account, and no memory behind',
    async (_, rounds, options) => {
      const bus = open({ arenaCapacity: 1 << 22, maxGanglia: 5, ...options });
      const counter = new Counter();
      bus.register(counter, { name: 'main' });
      const steady = new Colony(bus, 1);
      await steady.pool.ready;
      await steady.on(0, ({ bus, Counter }) => bus.register(new Counter(), { name: 'steady' }));
      let warm = 0;
      for (let round = 0; round < rounds; round++) {
        const pool = bus.spawn(FLOODER, { threads: 2, data: { connect: round % 2 === 1 } });
        if (round % 10 !== 9) await pool.ready;
        await sleep(Math.random() * 15);
        await pool.terminate();
        expect(names(bus)).toEqual(['main', 'steady']);
        if (round === rounds >> 2) warm = residentMiB();
      }
      const stats = await quiet(bus);
      expect(stats.ganglia).toBe(2);
      expect(stats.delivered).toBeGreaterThanOrEqual(counter.count);
      expect(counter.count).toBeGreaterThan(0);
      await until(() => bus.synapses().length === 0, 'the end of the last synapse');
      // Two cards. What a worker had not published when it ended is given back, but in drop-oldest, where nobody knows who still
      // reads it: there at most MAX_PENDING in outboxes.ts for each of its four axons.
      const leftBehind = bus.options.backpressure === 'drop-oldest' ? rounds * 2 * 4 * 64 : 0;
      expect(bus.stats().arena.blocks).toBeLessThanOrEqual(2 + leftBehind);
      expect(await steady.on(0, ({ bus }) => bus.neurons().length)).toBe(2);
      expect(residentMiB() - warm).toBeLessThan(100); // a thread takes about 5 MiB, and a heap what it likes
      await steady.end();
    },
  );

  it('in the middle of a request of another thread: that one gets an answer or an error, and goes on', async () => {
    const bus = open();
    const { id } = add(bus);
    const codes = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const colony = new Colony(bus, 1);
      await colony.pool.ready;
      const there = await colony.on(0, ({ bus, Probe }) => bus.register(new Probe(), { name: 'there' }));
      void colony.on(0, () => {
        for (;;);
      });
      await sleep(Math.random() * 5);
      const ended = round % 6 !== 5 ? colony.pool.terminate() : undefined;
      try {
        bus.connect(id, there).build();
        codes.add('ok');
      } catch (error) {
        codes.add((error as { code: string }).code);
      }
      await (ended ?? colony.pool.terminate());
    }
    for (const code of codes)
      expect(['ok', 'ERR_NB_TIMEOUT', 'ERR_NB_DEAD_TARGET', 'ERR_NB_UNKNOWN_NEURON']).toContain(code);
    await quiet(bus);
    expect(names(bus)).toEqual(['probe']);
  });
});

describe('a worker that ends without close()', () => {
  // Plain threads: attach, register, and the end of the script or process.exit() or an exception, at once.
  const SCRIPT = `
    const { workerData: { handle, how, library } } = require('node:worker_threads');
    import(library).then(({ NeuronBus, Neuron }) => {
      class Mute extends Neuron { onSpike() {} }
      const bus = NeuronBus.attach(handle);
      const id = bus.register(new Mute(), { name: how, description: 'x'.repeat(300) });
      for (const other of bus.neurons()) {
        if (other.name === 'main') bus.fire(id, { target: other.id, payload: 'y'.repeat(100) });
      }
      if (how === 'started') { bus.start(); process.exit(); }
      if (how === 'exit') process.exit();
      if (how === 'throw') throw new Error('on purpose');
    });`;
  const library = new URL('../../dist/index.js', import.meta.url).href;

  function endOf(handle: BusHandle, how: string): Promise<number> {
    const worker = new Worker(SCRIPT, { eval: true, workerData: { handle, how, library } });
    worker.on('error', () => {});
    return new Promise((resolve) => worker.once('exit', resolve));
  }

  it('gives its ganglion back: 200 times with room for four', async () => {
    const bus = open({ maxGanglia: 4 });
    const counter = new Counter();
    bus.register(counter, { name: 'main' });
    for (let round = 0; round < 67; round++) {
      const codes = await Promise.all(['end', 'exit', 'throw'].map((how) => endOf(bus.handle, how)));
      expect(codes).toEqual([0, 0, 1]);
      expect(names(bus)).toEqual(['main']);
    }
    expect(await endOf(bus.handle, 'started')).toBe(0);
    const stats = await quiet(bus);
    // What was fired right before process.exit() may never have been published; the others had a turn of their loop.
    expect(counter.count).toBeGreaterThanOrEqual(67);
    expect([stats.ganglia, stats.delivered]).toEqual([1, counter.count]);
  });
});
