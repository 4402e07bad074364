// SPDX-License-Identifier: MIT
//
// Scenario: a neuron fires, and onSpike of a neuron in another thread or process runs, with synapse lookup, plasticity and
// integration on the way. One sender, one receiver; the sender waits where the ring is full, so nothing is dropped.
//
// The main thread of the measuring process sends: ours ticks after each batch of 64 or after each spike, the peers send as many
// at a time as their names say.

import { expectReconciled, Sink } from './harness/agents.js';
import { expectEqual, RateMeter, sumOfFirst } from './harness/measure.js';
import { type Place, startPair } from './harness/pair.js';
import { pause } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { ackEvery, type Channel, channelUnavailable, startFarEnd, window } from './peers/link.js';
import { zeromqAddress } from './peers/zeromq.js';

async function oneWay(effort: Effort, place: Place, perTick: number): Promise<Sample> {
  const { bus, from, sink, stop } = await startPair(place, new Sink());
  const meter = new RateMeter(effort);
  let sent = 0;
  while (!meter.done(sent)) {
    for (let i = 0; i < perTick; ) {
      if (bus.fire(from, { target: sink })) i++;
      else pause();
    }
    sent += perTick;
    bus.tick();
  }
  while (bus.stats().queued > 0) pause();
  const stats = bus.stats();
  expectEqual('spikes delivered', stats.delivered, sent);
  expectReconciled(stats);
  const receipt = await stop();
  expectEqual('spikes received', receipt.count, sent);
  expectEqual('checksum', receipt.sum, sumOfFirst(sent));
  return { rate: meter.megaPerSecond };
}

async function overLink(effort: Effort, place: Place, channel: Channel, perSend: number): Promise<Sample> {
  const { link, stop } = await startFarEnd(place, channel, 'count');
  let acked = 0;
  let wake: () => void = () => {};
  link.receive((_, received) => {
    acked = received;
    wake();
  });
  const acknowledgement = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const meter = new RateMeter(effort);
  let [sent, sum] = [0, 0];
  let enough = false;
  while (!enough || sent % ackEvery !== 0) {
    const room = link.send(sent, perSend);
    if (room !== undefined) await room;
    for (const end = sent + perSend; sent < end; sent++) sum = (sum + sent) | 0;
    while (sent - acked >= window) await acknowledgement();
    enough ||= meter.done(sent);
  }
  while (acked < sent) await acknowledgement();
  const received = await stop();
  expectEqual('messages', received.count, sent);
  expectEqual('checksum', received.sum, sum);
  return { rate: meter.megaPerSecond };
}

const places = { thread: 'two threads', process: 'two processes' } as const;
const nameOf = (place: Place, perTick: number): string =>
  `${places[place]}, ${perTick === 1 ? 'one spike per tick' : `batches of ${perTick}`}`;

const ours = (place: Place, perTick: number): Variant => ({
  name: nameOf(place, perTick),
  role: 'neuronbus',
  run: (effort) => oneWay(effort, place, perTick),
});

const peer = (name: string, place: Place, channel: Channel, perSend: number): Variant => ({
  name,
  role: 'peer',
  against: nameOf(place, perSend),
  run: (effort) => overLink(effort, place, channel, perSend),
  unavailable: () => channelUnavailable(channel),
});

const node = { kind: 'node' } as const;
const zeromq = (between: 'ipc' | 'inproc'): Channel => ({ kind: 'zeromq', address: zeromqAddress(between) });

export const scenario: Scenario = {
  name: 'bus_one_way',
  title: 'From fire to onSpike in another thread or process',
  note:
    'One sender, one receiver. Ours: every spike over a synapse that learns; a tick, which makes it visible, after each or after ' +
    '64 of them. The others: 64 bytes, or an object of three numbers, without any of that. Batches are compared with batches, ' +
    'single messages with single ones, though the clients of ZeroMQ and NATS write what piles up in one go. Two cores: sender ' +
    'and receiver have one each, and a server shares them.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [
    ours('thread', 64),
    peer('worker.postMessage, 64 per post', 'thread', node, 64),
    peer('ZeroMQ inproc, 64 per frame', 'thread', zeromq('inproc'), 64),
    ours('thread', 1),
    peer('worker.postMessage', 'thread', node, 1),
    peer('ZeroMQ inproc', 'thread', zeromq('inproc'), 1),
    ours('process', 64),
    peer('ZeroMQ ipc, 64 per frame', 'process', zeromq('ipc'), 64),
    ours('process', 1),
    peer('process.send', 'process', node, 1),
    peer('ZeroMQ ipc', 'process', zeromq('ipc'), 1),
    peer('NATS server', 'process', { kind: 'nats' }, 1),
  ],
};
