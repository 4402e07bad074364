// Threads that share a segment in a SharedArrayBuffer. This project runs with NEURONBUS_COPY=1.

import { Worker } from 'node:worker_threads';
import { Axon, NeuronBus } from 'neuronbus';
import { expect, it, onTestFinished } from 'vitest';

const COUNT = 2000;
const soon = () => new Promise((resolve) => setTimeout(resolve, 1));

function worker(file: string, workerData: object): Worker {
  const started = new Worker(new URL(file, import.meta.url), { workerData });
  onTestFinished(async () => void (await started.terminate()));
  return started;
}

const message = <T>(from: Worker) =>
  new Promise<T>((resolve, reject) => {
    from.once('message', resolve);
    from.once('error', reject);
  });

it('two workers exchange spikes, short ones and long ones', async () => {
  const bus = NeuronBus.create({ axonCapacity: 64, arenaCapacity: 1 << 20, maxNeurons: 16, maxSynapses: 16 });
  onTestFinished(() => bus.close());
  const tap = bus.tap({ intervalMs: 1 }, () => {});
  const { handle } = bus;
  const [asker, echo] = ['asker', 'echo'].map((role) =>
    worker('./exchange.worker.mjs', { handle, role, count: COUNT }),
  ) as [Worker, Worker];
  expect(await message(asker)).toEqual({ answers: COUNT, wrong: 0, memory: 'borrowed' });
  tap.poll();
  expect(tap.seen + tap.lost).toBe(2 * COUNT);
  while (bus.stats().delivered < 2 * COUNT) await soon(); // the last one is counted when its handler returned
  const { published, delivered, ganglia } = bus.stats();
  expect({ published, delivered, ganglia }).toEqual({
    published: 2 * COUNT,
    delivered: 2 * COUNT,
    ganglia: 3,
  });
  for (const one of [asker, echo]) {
    one.postMessage('leave');
    await new Promise((resolve) => one.once('exit', resolve));
  }
  expect(bus.stats().ganglia).toBe(1);
});

it('the creator may close while others go on, and threads may end without a word', async () => {
  const bus = NeuronBus.create({ maxNeurons: 16, maxSynapses: 16 });
  const { handle } = bus;
  const [asker, echo] = ['asker', 'echo'].map((role) =>
    worker('./exchange.worker.mjs', { handle, role, count: COUNT }),
  ) as [Worker, Worker];
  await new Promise((resolve) => echo.once('online', resolve));
  while (bus.discover('echo').length === 0) await soon();
  const done = message<{ answers: number }>(asker);
  while (bus.stats().ganglia < 3) await soon();
  bus.close();
  expect((await done).answers).toBe(COUNT);
  await echo.terminate();
  await asker.terminate();
});

it('an axon leads from one thread to another', async () => {
  const axon = new Axon({ capacity: 8 });
  const reader = axon.reader();
  onTestFinished(() => axon.close());
  const count = 20_000;
  const producer = worker('../stress/axon.worker.mjs', {
    role: 'produce',
    handle: axon.handle,
    count,
    burst: 5,
  });
  const done = message(producer);
  const sequences: number[] = [];
  while (sequences.length < count) {
    reader.drain(({ sequence }) => sequences.push(sequence));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  expect(sequences.every((sequence, i) => sequence === i)).toBe(true);
});
