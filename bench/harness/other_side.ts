// SPDX-License-Identifier: MIT
//
// The other end of the bus_* scenarios: a thread or a process with the agents that answer or count.
//
// As a worker it gets workerData, as a process its name in argv. It ends when it is told to stop, and says how many arrived.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus, type NeuronHandle, type Request, type Spike } from 'neuronbus';
import { Relay, Sink } from './agents.js';

export interface OtherSide {
  /** Of a bus in this process, or the name of one in another. */
  readonly bus: NeuronBus['handle'] | string;
  /** 'serve' (default), 'relay' spikes when told to go, or 'block' the thread for 50 ms again and again. */
  readonly role?: 'serve' | 'relay' | 'block';
}

class Echo extends Neuron {
  onRequest(request: Request): unknown {
    return request.value;
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    handle.reply(spike);
  }
}

function serve({ bus: where, role }: OtherSide, tell: (message: unknown) => void): (order: unknown) => void {
  const bus = typeof where === 'string' ? NeuronBus.open(where) : NeuronBus.attach(where);
  const sink = new Sink();
  const relay = new Relay();
  let running = true;
  let id = -1;
  if (role === 'relay') {
    id = bus.register(relay, { name: 'relay', capabilities: ['relay'] });
  } else {
    bus.register(sink, { name: 'sink', capabilities: ['sink'] });
  }
  if (role === 'block') {
    const never = new Int32Array(new SharedArrayBuffer(4));
    const block = (): void => {
      Atomics.wait(never, 0, 0, 50);
      if (running) setImmediate(block);
    };
    setImmediate(block);
  } else if (role !== 'relay') {
    bus.register(new Echo(), { name: 'echo', capabilities: ['echo'] });
  }
  bus.start();
  tell('ready');
  return (order) => {
    if (order === 'go' || order === 'rest') {
      if (order === 'go') relay.go(bus, id);
      else relay.rest();
      tell(order);
      return;
    }
    running = false;
    bus.close();
    tell(sink.receipt);
  };
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const stop = serve(workerData as OtherSide, (message) => port.postMessage(message));
  port.on('message', (message: unknown) => {
    stop(message);
    if (message === 'stop') port.close();
  });
} else if (process.send !== undefined) {
  const [name] = process.argv.slice(2);
  const stop = serve({ bus: name }, (message) => void process.send?.(message));
  process.once('message', (message) => {
    stop(message);
    process.disconnect();
  });
}
