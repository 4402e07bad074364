// SPDX-License-Identifier: MIT
//
// Worker of axon_echo: sends every message back, spinning where the order says so.

import {
  BroadcastChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { Axon } from 'neuronbus';
import type { EchoOrder } from './axon_echo.js';
import { Control } from './harness/threads.js';
import { SabRing } from './peers/sab_ring.js';

const order = workerData as EchoOrder;
const control = new Control(order.control);

function echoRings(there: SabRing, back: SabRing): void {
  const answer = new Int32Array(16);
  const visit = (words: Int32Array, at: number): void => {
    for (let i = 0; i < 16; i++) answer[i] = words[at + i];
  };
  while (!control.stopped) if (there.drain(visit, 1) > 0) back.push(answer);
}

function echoAxons(there: Axon, back: Axon): void {
  const reader = there.reader();
  while (!control.stopped) {
    const spike = reader.next();
    if (spike !== undefined) back.publish(spike);
  }
}

function echoPolled(port: MessagePort): void {
  while (!control.stopped) {
    const received = receiveMessageOnPort(port) as { message: Int32Array } | undefined;
    if (received !== undefined) port.postMessage(received.message);
  }
}

const ready = (): void => parentPort?.postMessage('ready');

if (order.rings !== undefined) {
  const [there, back] = order.rings;
  ready();
  echoRings(new SabRing(there), new SabRing(back));
} else if (order.axons !== undefined) {
  const [there, back] = order.axons;
  ready();
  echoAxons(Axon.attach(there), Axon.attach(back));
} else if (order.port !== undefined && order.poll === true) {
  ready();
  echoPolled(order.port);
} else if (order.port !== undefined) {
  const port = order.port;
  port.on('message', (words: Int32Array) => port.postMessage(words));
  ready();
} else {
  const channel = new BroadcastChannel(order.broadcast as string);
  channel.onmessage = (event) => channel.postMessage((event as { data: Int32Array }).data);
  ready();
}
