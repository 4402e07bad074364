// SPDX-License-Identifier: MIT
//
// Worker of large_bus: registers its share of the agents when it is told to, some of which receive the broadcasts; or listens
// to a channel with as many listeners.

import { EventEmitter } from 'node:events';
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus } from 'neuronbus';
import { nowNs } from './harness/measure.js';
import { residentBytes } from './harness/resident.js';
import { cardOf, Idle, type LargeOrder } from './large_bus.js';

const { done, index, receivers, bus: handle, agents, from, channel } = workerData as LargeOrder;
const port = parentPort!;
let received = 0;

function receive(): void {
  if (++received % receivers !== 0) return;
  Atomics.store(done, index, received / receivers);
  Atomics.notify(done, index);
}

class Receiver extends Neuron {
  onSpike(): void {
    receive();
  }
}

if (handle === undefined) {
  const emitter = new EventEmitter().setMaxListeners(receivers);
  for (let i = 0; i < receivers; i++) emitter.on('spike', receive);
  const listener = new BroadcastChannel(channel!);
  listener.onmessage = (event) => emitter.emit('spike', (event as MessageEvent).data);
} else {
  const bus = NeuronBus.attach(handle);
  const warm = bus.register(new Idle(), cardOf(agents[0]));
  bus.unregister(warm);
  port.once('message', () => {
    const ids: number[] = [];
    const begin = nowNs();
    for (let agent = agents[0]; agent < agents[1]; agent++) {
      ids.push(
        bus.register(
          agent % 2 === 0 && ids.length < 2 * receivers ? new Receiver() : new Idle(),
          cardOf(agent),
        ),
      );
    }
    const took = nowNs() - begin;
    for (let i = 0; i < receivers; i++)
      bus
        .connect(from, ids[2 * i])
        .weight(0.5)
        .build();
    bus.start();
    residentBytes(); // collects
    port.postMessage(took);
  });
}
port.postMessage('ready');
