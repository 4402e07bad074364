// Nothing is closed: a worker ends with an axon and a bus open, then the main thread does. Leaving must not crash.
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Axon, Neuron, NeuronBus, SpikeBuilder } from 'neuronbus';
import { runtime } from './exercise.mjs';

class Listener extends Neuron {
  onSpike() {}
}

function openBus() {
  const bus = NeuronBus.create({ clock: 'virtual' });
  const id = bus.register(new Listener(), { name: 'listener' });
  bus.fire(id, { target: id, payload: 'x'.repeat(1000) });
  return bus;
}

globalThis.kept = openBus();

if (isMainThread) {
  const axon = new Axon({ capacity: 64 });
  globalThis.axon = axon;
  const worker = new Worker(new URL(import.meta.url), { workerData: axon.handle });
  worker.on('error', (error) => {
    throw error;
  });
  worker.on('exit', () => {
    const text = axon.reader().next()?.text();
    if (text !== 'last words') throw new Error(`the worker's spike is lost: ${text}`);
    console.log(`works on ${runtime()}`);
  });
} else {
  globalThis.axon = Axon.attach(workerData);
  globalThis.axon.publish(new SpikeBuilder().target(1).payload('last words').build());
}
