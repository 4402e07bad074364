// SPDX-License-Identifier: MIT
//
// The other process of idle_cpu, and each of its workers: joins the bus if there is one, and waits.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { NeuronBus } from 'neuronbus';
import { type IdleOrder, idleWorkers, Listener, usedMicros } from './idle_cpu.js';

function join(bus: NeuronBus): NeuronBus {
  bus.register(new Listener(), { name: 'there' });
  bus.start();
  return bus;
}

if (!isMainThread && parentPort !== null) {
  const { bus } = workerData as IdleOrder;
  if (bus !== 'none') join(NeuronBus.attach(bus));
  parentPort.on('message', () => {}); // keeps a worker without a bus
  parentPort.postMessage('ready');
} else if (process.send !== undefined) {
  const [name] = process.argv.slice(2);
  const bus = name === '' ? undefined : join(NeuronBus.open(name));
  const workers = await idleWorkers(bus?.handle ?? 'none');
  process.on('message', async (order) => {
    if (order === 'used') return void process.send?.(usedMicros());
    await Promise.all(workers.map((worker) => worker.terminate()));
    bus?.close();
    process.disconnect();
  });
  process.send('ready');
}
