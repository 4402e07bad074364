// SPDX-License-Identifier: MIT
//
// Scenario: many threads on one bus. Each fires at a neuron of each other one, in bursts, and delivers what comes.
//
// The rate is that of all deliveries together. The main thread of the measuring process takes part and keeps the time.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { NeuronBus } from 'neuronbus';
import { chatter, expectReconciled, Sink } from './harness/agents.js';
import type { OtherSide } from './harness/other_side.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

const script = new URL('./harness/other_side.js', import.meta.url);

async function allToAll(effort: Effort, threads: number): Promise<Sample> {
  const bus = NeuronBus.create({ maxNeurons: 64 });
  const own = bus.register(new Sink(), { name: 'sink', capabilities: ['sink'] });
  // Alone, there is somebody to talk to all the same.
  if (threads === 1) bus.register(new Sink(), { name: 'second', capabilities: ['sink'] });
  const workers = Array.from({ length: threads - 1 }, () => {
    const workerData: OtherSide = { bus: bus.handle, pollMs: 1, role: 'chatter' };
    return new Worker(script, { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  let running = true;
  chatter(bus, own, () => running);
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await sleep(effort.warmupMs);
  const [begin, before] = [performance.now(), bus.stats().delivered];
  await sleep(Math.max(500, effort.blockMs * effort.blocks));
  const [end, after] = [performance.now(), bus.stats().delivered];
  running = false;
  for (const order of ['quiet', 'stop'] as const) {
    for (const worker of workers) {
      worker.postMessage(order);
      await once(worker, order === 'quiet' ? 'message' : 'exit');
    }
  }
  while (bus.tick() > 0);
  expectReconciled(bus.stats());
  bus.close();
  return { rate: (after - before) / (end - begin) / 1e3 };
}

const variant = (threads: number): Variant => ({
  name: threads === 1 ? '1 thread' : `${threads} threads`,
  role: 'neuronbus',
  run: (effort) => allToAll(effort, threads),
});

export const scenario: Scenario = {
  name: 'bus_scale',
  title: 'All to all',
  note:
    'Deliveries of all threads together; every thread fires at every other one. With more threads than cores the scheduler of ' +
    'the system decides who runs, and a ring fills while its reader does not: what is refused then is not counted here.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [1, 2, 4, 8].map(variant),
};
