// A worker attaches to an axon of the main thread and fills it; the main thread reads every spike, once and in order.
import assert from 'node:assert/strict';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Axon, SpikeBuilder } from 'neuronbus';
import { runtime } from './exercise.mjs';

const COUNT = 10_000;

if (isMainThread) {
  const axon = new Axon({ capacity: 64, backpressure: 'block', blockMs: 60_000 });
  const reader = axon.reader();
  const worker = new Worker(new URL(import.meta.url), { workerData: axon.handle });
  let next = 0;
  const read = () => reader.drain((spike) => assert.equal(spike.sequence, next++));
  const timer = setInterval(read, 1);
  worker.on('error', (error) => {
    throw error;
  });
  worker.on('exit', () => {
    clearInterval(timer);
    read();
    assert.equal(next, COUNT);
    axon.close();
    console.log(`works on ${runtime()}`);
  });
} else {
  const axon = Axon.attach(workerData);
  const spike = (sequence) =>
    new SpikeBuilder().target(1).sequence(sequence).payload('from the worker').build();
  for (let sequence = 0; sequence < COUNT; sequence++) assert.equal(axon.publish(spike(sequence)), true);
  axon.close();
}
