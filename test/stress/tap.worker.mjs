// Another thread on the bus of the tap stress tests. It runs the built library, as a user's worker would.

import { parentPort, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus } from '../../dist/index.js';

const { handle, count, target, long } = workerData;

class Sender extends Neuron {
  onSpike() {}
}

const bus = NeuronBus.attach(handle);
const id = bus.register(new Sender(), { name: 'sender', regions: ['far/away'] });
const twin = bus.register(new Sender(), { name: 'twin' });
let accepted = 0;
const burst = long > 0 ? 8 : 50;
for (let i = 0; i < count; i++) {
  const payload = long > 0 ? new Uint8Array(long).fill(i & 0xff) : `${i}`;
  // to a neuron of this thread, or of the one that watches
  if (bus.fire(id, { target: target ?? twin, payload })) accepted++;
  if (i % burst !== burst - 1) continue;
  bus.tick();
  if (!(long > 0)) await new Promise((resolve) => setTimeout(resolve, 1)); // else: blocks are used again at once
}
bus.tick();
bus.stats();
parentPort.postMessage({ id, twin, accepted });
parentPort.once('message', () => bus.close());
