// SPDX-License-Identifier: MIT
//
// The other end of the bus_* scenarios: a thread or a process with the agents that answer or count.
//
// As a worker it gets workerData, as a process its name in argv. It ends when it is told to stop, and says how many arrived.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';

export interface OtherSide {
  /** Of a bus in this process, or the name of one in another. */
  readonly bus: NeuronBus['handle'] | string;
  readonly pollMs: number;
}

class Sink extends Neuron {
  received = 0;
  onSpike(): void {
    this.received++;
  }
}

class Echo extends Neuron {
  onSpike(spike: Spike, handle: NeuronHandle): void {
    handle.reply(spike);
  }
}

function serve({ bus: where, pollMs }: OtherSide, tell: (message: unknown) => void): () => void {
  const bus =
    typeof where === 'string' ? NeuronBus.open(where, { pollMs }) : NeuronBus.attach(where, { pollMs });
  const sink = new Sink();
  bus.register(sink, { name: 'sink', capabilities: ['sink'] });
  bus.register(new Echo(), { name: 'echo', capabilities: ['echo'] });
  bus.start();
  tell('ready');
  return () => {
    bus.close();
    tell(sink.received);
  };
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const order = workerData as OtherSide | { echo: true };
  if ('echo' in order) {
    port.on('message', (message: unknown) => {
      if (message === 'stop') port.close();
      else port.postMessage(message);
    });
    port.postMessage('ready');
  } else {
    const stop = serve(order, (message) => port.postMessage(message));
    port.once('message', stop);
  }
} else if (process.send !== undefined) {
  const tell = (message: unknown): void => void process.send?.(message);
  const [name, pollMs] = process.argv.slice(2);
  if (name === '--echo') {
    process.on('message', (message) => (message === 'stop' ? process.disconnect() : tell(message)));
    tell('ready');
  } else {
    const stop = serve({ bus: name, pollMs: Number(pollMs) }, tell);
    process.once('message', () => {
      stop();
      process.disconnect();
    });
  }
}
