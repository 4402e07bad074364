// SPDX-License-Identifier: MIT
//
// Two participants of one bus, this thread and another thread or process, with a learning synapse to each agent there.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Neuron, NeuronBus } from 'neuronbus';
import { say } from '../peers/link.js';
import type { OtherSide } from './other_side.js';

export type Place = 'thread' | 'process';

const script = new URL('./other_side.js', import.meta.url);

export interface Pair {
  readonly bus: NeuronBus;
  readonly from: number;
  readonly sink: number;
  readonly echo: number;
  /** Ends the other side; returns how many spikes its sink received. */
  stop(): Promise<number>;
}

export async function startPair(place: Place, neuron: Neuron, pollMs: number): Promise<Pair> {
  const name = `bench-${process.pid}`;
  const options = { maxNeurons: 64, pollMs, ...(place === 'process' ? { name } : {}) };
  const bus = NeuronBus.create(options);
  const from = bus.register(neuron, { name: 'here' });
  const other =
    place === 'thread'
      ? new Worker(script, { workerData: { bus: bus.handle, pollMs } satisfies OtherSide })
      : fork(fileURLToPath(script), [name, String(pollMs)]);
  await once(other, 'message');
  const [sink] = bus.discover('sink');
  const [echo] = bus.discover('echo');
  for (const { id } of [sink, echo]) bus.connect(from, id).weight(0.8).build();
  const stop = async (): Promise<number> => {
    const exited = once(other, 'exit'); // which may come in the same turn as the last message
    say(other, 'stop');
    const [received] = (await once(other, 'message')) as [number];
    await exited;
    bus.close();
    return received;
  };
  return { bus, from, sink: sink.id, echo: echo.id, stop };
}
