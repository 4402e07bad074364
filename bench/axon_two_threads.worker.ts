// SPDX-License-Identifier: MIT
//
// Worker of axon_two_threads: publishes until told to stop, spins while the ring is full.

import { parentPort, workerData } from 'node:worker_threads';
import { Axon, SpikeBuilder } from 'neuronbus';
import type { ProducerOrder } from './axon_two_threads.js';
import { Control } from './harness/threads.js';
import { SabRing } from './peers/sab_ring.js';

const batch = 64;
const order = workerData as ProducerOrder;
const control = new Control(order.control);

interface Account {
  count: number;
  sum: number;
}

function publishToRing(ring: SabRing, way: ProducerOrder['way']): Account {
  const messages = Array.from({ length: batch }, (_, i) =>
    Int32Array.from({ length: 16 }, (_, word) => i * word),
  );
  let count = 0;
  let sum = 0;
  while (!control.stopped) {
    if (way === 'batch') {
      for (let done = 0; done < batch; ) done += ring.pushBatch(messages, done);
    } else if (way === 'each') {
      for (let i = 0; i < batch; i++) while (!ring.push(messages[i]));
    } else {
      for (let i = 0; i < batch; i++) while (!ring.pushHeader(i, 0, i * 2, i, 0)) ring.publish();
      ring.publish();
    }
    count += batch;
    sum = (sum + batch * (batch - 1)) | 0;
  }
  return { count, sum };
}

function publishToAxon(axon: Axon, way: ProducerOrder['way']): Account {
  const spikes = Array.from({ length: batch }, (_, i) =>
    new SpikeBuilder()
      .target(1)
      .sequence(i * 2)
      .build(),
  );
  const rests = spikes.map((_, i) => spikes.slice(i));
  let first = 0;
  const fill = (slot: Parameters<Parameters<Axon['publishWith']>[1]>[0], index: number): void => {
    slot.target = 1;
    slot.sequence = (first + index) << 1;
  };
  let count = 0;
  let sum = 0;
  while (!control.stopped) {
    if (way === 'header') {
      for (first = 0; first < batch; ) first += axon.publishWith(batch - first, fill);
    } else if (way === 'batch') {
      for (let done = 0; done < batch; ) done += axon.publishBatch(rests[done]);
    } else {
      for (let i = 0; i < batch; i++) while (!axon.publish(spikes[i]));
    }
    count += batch;
    sum = (sum + batch * (batch - 1)) | 0;
  }
  return { count, sum };
}

parentPort?.postMessage('ready');
const account =
  order.axon === undefined
    ? publishToRing(new SabRing(order.ring as SharedArrayBuffer), order.way)
    : publishToAxon(Axon.attach(order.axon), order.way);
control.finish(account.count, account.sum);
