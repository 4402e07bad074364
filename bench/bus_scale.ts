// SPDX-License-Identifier: MIT
//
// Scenario: many threads on one bus, each with a neuron that passes every spike on to the next of the others, over learning
// synapses. All of it event-driven, as by default.
//
// The rate is that of all deliveries together. The main thread of the measuring process takes part and keeps the time.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { NeuronBus } from 'neuronbus';
import { expectReconciled, Relay } from './harness/agents.js';
import { expectEqual } from './harness/measure.js';
import type { OtherSide } from './harness/other_side.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { WarmUp } from './harness/warm_up.js';

const script = new URL('./harness/other_side.js', import.meta.url);

async function allToAll(effort: Effort, threads: number): Promise<Sample> {
  const bus = NeuronBus.create({ maxNeurons: 64 });
  // Alone, there is somebody to talk to all the same.
  const here = Array.from({ length: threads === 1 ? 2 : 1 }, () => new Relay());
  const ids = here.map((relay) => bus.register(relay, { name: 'relay', capabilities: ['relay'] }));
  bus.start();
  const workers = Array.from({ length: threads - 1 }, () => {
    const workerData: OtherSide = { bus: bus.handle, role: 'relay' };
    return new Worker(script, { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const tell = (order: string, answer: 'message' | 'exit') =>
    Promise.all(
      workers.map((worker) => {
        worker.postMessage(order);
        return once(worker, answer);
      }),
    );
  const told = tell('go', 'message');
  here.forEach((relay, i) => {
    relay.go(bus, ids[i]);
  });
  await told;
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const warmUp = new WarmUp({ warmupMs: effort.warmupMs * (effort.quick ? 1 : threads) });
  while (!warmUp.over(bus.stats().delivered)) await sleep(effort.blockMs);
  const [begin, before] = [performance.now(), bus.stats().delivered];
  await sleep(effort.quick ? 200 : Math.max(500, effort.blockMs * effort.blocks));
  const [end, after] = [performance.now(), bus.stats().delivered];
  for (const relay of here) relay.rest();
  await tell('rest', 'message');
  while (bus.stats().queued > 0) await sleep(1);
  expectReconciled(bus.stats());
  expectEqual('spikes dropped', bus.stats().published - bus.stats().delivered, 0);
  await tell('stop', 'exit');
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
    'Deliveries of all threads together. 2,048 spikes for each thread go round, each from neuron to neuron in turn; one thread ' +
    'alone has two neurons. With more threads than cores the scheduler of the system decides who runs: what that costs is what the ' +
    'rows with more threads lack of the row with as many threads as cores.',
  repetitions: 3,
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [1, 2, 4, 8].map(variant),
};
