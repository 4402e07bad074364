// SPDX-License-Identifier: MIT
//
// Scenario: an agent asks, an agent in another thread or process answers, and the answer is handled. One at a time.
//
// "Active": the next question follows the answer, so that both sides are still looking for more (pollMs, 0.1 by default) when it
// comes. "Parked": 3 ms pass before each question, so that both sides sleep; before that, all of them have talked without pauses
// for a while. The peers always sleep in the event loop.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Asker } from './harness/agents.js';
import { expectEqual, RoundTrips } from './harness/measure.js';
import type { OtherSide } from './harness/other_side.js';
import { type Pair, type Place, startPair } from './harness/pair.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { type Channel, channelUnavailable, startFarEnd } from './peers/link.js';
import { zeromqAddress } from './peers/zeromq.js';

const PARKED_MS = 3;

/** A third thread, which is asked now and then and blocks for 50 ms at a time. */
async function startBlocked({ bus, from }: Pair): Promise<{ id: number; stop(): Promise<void> }> {
  const known = new Set(bus.discover('sink').map(({ id }) => id));
  const workerData: OtherSide = { bus: bus.handle, role: 'block' };
  const worker = new Worker(new URL('./harness/other_side.js', import.meta.url), { workerData });
  await once(worker, 'message');
  const { id } = bus.discover('sink').find((card) => !known.has(card.id))!;
  bus.connect(from, id).weight(0.5).build();
  return {
    id,
    stop: async () => {
      worker.postMessage('stop');
      await once(worker, 'exit');
    },
  };
}

async function overBus(effort: Effort, place: Place, pauseMs: number, blocked = false): Promise<Sample> {
  const asker = new Asker(pauseMs);
  const pair = await startPair(place, asker);
  const { bus, from, echo, stop } = pair;
  const third = blocked ? await startBlocked(pair) : undefined;
  bus.start();
  const sample = await asker.ask(effort, bus, from, echo, third?.id);
  await third?.stop();
  await stop();
  return sample;
}

async function overLink(effort: Effort, place: Place, channel: Channel, pauseMs: number): Promise<Sample> {
  const { link, stop } = await startFarEnd(place, channel, 'echo');
  const trips = new RoundTrips(effort, pauseMs);
  let asked = 0;
  await new Promise<void>((resolve, reject) => {
    let begin = 0;
    const ask = (): void => {
      begin = performance.now();
      link.send(asked, 1)?.catch(reject);
    };
    link.receive((_, answered) => {
      if (answered !== asked++) reject(new Error(`message ${asked - 1} was answered with ${answered}`));
      else if (!trips.add(begin, performance.now())) resolve();
      else trips.next(ask);
    });
    ask();
  });
  expectEqual('messages', (await stop()).count, asked);
  return { ...trips.sample };
}

const ours = (name: string, place: Place, pauseMs: number, blocked = false): Variant => ({
  name,
  role: 'neuronbus',
  run: (effort) => overBus(effort, place, pauseMs, blocked),
});

const peer = (name: string, against: string, place: Place, pauseMs: number, channel: Channel): Variant => ({
  name,
  role: 'peer',
  against,
  run: (effort) => overLink(effort, place, channel, pauseMs),
  unavailable: () => channelUnavailable(channel),
});

const node = { kind: 'node' } as const;
const inproc: Channel = { kind: 'zeromq', address: zeromqAddress('inproc') };
const ipc: Channel = { kind: 'zeromq', address: zeromqAddress('ipc') };

export const scenario: Scenario = {
  name: 'bus_round_trip',
  title: 'Question and answer between two agents',
  note:
    'From fireTo() to the onSpike of the answer, both ways over learning synapses. Active: the next question follows at once, and ' +
    'a bus looks for 0.1 ms before it sleeps, so it does not; the peers sleep whenever nothing is there. Parked, or after a pause: ' +
    '3 ms pass first, and all sleep; what runs then was compiled in a conversation without pauses before. The channels of Node carry an object of three numbers, ZeroMQ and NATS 64 bytes.',
  metrics: [
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  variants: [
    ours('two threads, active', 'thread', 0),
    peer('worker.postMessage', 'two threads, active', 'thread', 0, node),
    peer('ZeroMQ inproc', 'two threads, active', 'thread', 0, inproc),
    ours('two threads, active, a third is blocked', 'thread', 0, true),
    ours('two threads, parked', 'thread', PARKED_MS),
    peer('worker.postMessage, after a pause', 'two threads, parked', 'thread', PARKED_MS, node),
    ours('two processes, active', 'process', 0),
    peer('process.send', 'two processes, active', 'process', 0, node),
    peer('ZeroMQ ipc', 'two processes, active', 'process', 0, ipc),
    peer('NATS server', 'two processes, active', 'process', 0, { kind: 'nats' }),
    ours('two processes, parked', 'process', PARKED_MS),
    peer('process.send, after a pause', 'two processes, parked', 'process', PARKED_MS, node),
  ],
};
