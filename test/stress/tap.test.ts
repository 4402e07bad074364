// Taps on the traffic of another thread, which tap.worker.mjs makes: it is seen, in order, and what is not seen is counted.

import { Worker } from 'node:worker_threads';
import { type BusHandle, Neuron, NeuronBus, type NeuronBusOptions, type Spike } from 'neuronbus';
import { expect, it, onTestFinished } from 'vitest';

interface Sent {
  id: number;
  twin: number;
  accepted: number;
}

interface Job {
  handle: BusHandle;
  count: number;
  target?: number;
  long?: number;
}

/** Runs a worker to its last spike; it stays on the bus until leave(). */
async function send(job: Job): Promise<{ sent: Sent; leave: () => Promise<void> }> {
  const worker = new Worker(new URL('./tap.worker.mjs', import.meta.url), { workerData: job });
  const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  onTestFinished(async () => void (await worker.terminate()));
  const sent = await new Promise<Sent>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const leave = () => {
    worker.postMessage('leave');
    return exit;
  };
  return { sent, leave };
}

function makeBus(options: NeuronBusOptions = {}): NeuronBus {
  const bus = NeuronBus.create({ maxNeurons: 64, maxSynapses: 64, arenaCapacity: 1 << 20, ...options });
  onTestFinished(() => bus.close());
  return bus;
}

class Sink extends Neuron {
  count = 0;
  onSpike() {
    this.count++;
  }
}

const numbers = (spikes: readonly Spike[]) => spikes.map((spike) => Number(spike.text()));
const inOrder = (values: readonly number[]) => values.every((value, i) => i === 0 || value > values[i - 1]!);

it('sees what another thread sends to itself, by its region, from the first spike on', async () => {
  const bus = makeBus();
  const spikes: Spike[] = [];
  const tap = bus.tap({ region: 'far' }, (spike) => spikes.push(spike));
  const { sent, leave } = await send({ handle: bus.handle, count: 2000 });
  tap.poll();
  expect(spikes.every(({ source, target }) => source === sent.id && target === sent.twin)).toBe(true);
  expect(tap.seen + tap.lost).toBe(sent.accepted);
  expect(numbers(spikes)[0]).toBe(0);
  expect(inOrder(numbers(spikes))).toBe(true);
  await leave();
});

it('sees what crosses between threads, and axons that are used again by the next thread', async () => {
  const bus = makeBus();
  const sink = new Sink();
  const target = bus.register(sink, { name: 'sink' });
  bus.start();
  const seen: number[] = [];
  const tap = bus.tap({ target }, (spike) => seen.push(Number(spike.text())));
  for (let round = 0; round < 3; round++) {
    seen.length = 0;
    const before = tap.lost;
    const { sent, leave } = await send({ handle: bus.handle, count: 1000, target });
    tap.poll();
    expect(seen.length + tap.lost - before).toBe(sent.accepted);
    expect(seen[0]).toBe(0);
    expect(inOrder(seen)).toBe(true);
    await leave();
  }
  expect(tap.seen).toBeGreaterThan(0);
});

it('counts exactly what small rings overwrote', async () => {
  const bus = makeBus({ axonCapacity: 8 });
  const tap = bus.tap({ intervalMs: 60_000 });
  const { sent, leave } = await send({ handle: bus.handle, count: 3000 });
  tap.poll();
  expect(sent.accepted).toBeGreaterThan(8);
  expect(tap.lost).toBeGreaterThan(0);
  expect(tap.seen + tap.lost).toBe(sent.accepted);
  await leave();
});

it('never shows a wrong long payload, whenever its block is used again', async () => {
  const bus = makeBus({ arenaCapacity: 1 << 16 });
  const counts = { whole: 0, gone: 0, torn: 0 };
  const tap = bus.tap({ intervalMs: 60_000 }, (spike) => {
    try {
      const bytes = spike.bytes();
      if (bytes.length === 1500 && bytes.every((byte) => byte === bytes[0])) counts.whole++;
      else counts.torn++;
    } catch (error) {
      expect((error as { code: string }).code).toBe('ERR_NB_STALE_REFERENCE');
      counts.gone++;
    }
  });
  let looking = true;
  const look = () => {
    tap.poll();
    if (looking) setImmediate(look);
  };
  look();
  const { sent, leave } = await send({ handle: bus.handle, count: 100_000, long: 1500 });
  looking = false;
  tap.poll();
  expect(counts.torn).toBe(0);
  expect(counts.whole).toBeGreaterThan(0);
  expect(counts.gone).toBeGreaterThan(0);
  expect(tap.seen + tap.lost).toBe(sent.accepted);
  await leave();
});
