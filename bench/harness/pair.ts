// SPDX-License-Identifier: MIT
//
// Two participants of one bus, this thread and another thread or process, with a learning synapse to each agent there. Options
// that decide about speed are the defaults.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Neuron, NeuronBus } from 'neuronbus';
import { say } from '../peers/link.js';
import type { Receipt } from './agents.js';
import type { OtherSide } from './other_side.js';

export type Place = 'thread' | 'process';

const script = new URL('./other_side.js', import.meta.url);

export interface Pair {
  readonly bus: NeuronBus;
  readonly from: number;
  readonly sink: number;
  readonly echo: number;
  /** Ends the other side; returns what its sink received. */
  stop(): Promise<Receipt>;
}

export async function startPair(place: Place, neuron: Neuron): Promise<Pair> {
  const name = `bench-${process.pid}`;
  const options = { maxNeurons: 64, ...(place === 'process' ? { name } : {}) };
  const bus = NeuronBus.create(options);
  const from = bus.register(neuron, { name: 'here' });
  const other =
    place === 'thread'
      ? new Worker(script, { workerData: { bus: bus.handle } satisfies OtherSide })
      : fork(fileURLToPath(script), [name]);
  await once(other, 'message');
  const [sink] = bus.discover('sink');
  const [echo] = bus.discover('echo');
  for (const { id } of [sink, echo]) bus.connect(from, id).weight(0.8).build();
  const stop = async (): Promise<Receipt> => {
    const exited = once(other, 'exit'); // which may come in the same turn as the last message
    say(other, 'stop');
    const [receipt] = (await once(other, 'message')) as [Receipt];
    await exited;
    bus.close();
    return receipt;
  };
  return { bus, from, sink: sink.id, echo: echo.id, stop };
}
