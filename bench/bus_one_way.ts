// SPDX-License-Identifier: MIT
//
// Scenario: a neuron fires, and onSpike of a neuron in another thread or process runs, with synapse lookup, plasticity and
// integration on the way. One sender, one receiver; the sender waits where the ring is full, so nothing is dropped.
//
// The main thread of the measuring process sends: ours in batches of 64 and ticks, the peers as their names say.

import { expectReconciled, Sink } from './harness/agents.js';
import { expectEqual, RateMeter } from './harness/measure.js';
import { type Place, startPair } from './harness/pair.js';
import { pause } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { ackEvery, type Channel, channelUnavailable, startFarEnd, window } from './peers/link.js';
import { zeromqAddress } from './peers/zeromq.js';

async function oneWay(effort: Effort, place: Place): Promise<Sample> {
  const { bus, from, sink, stop } = await startPair(place, new Sink(), 100);
  const meter = new RateMeter(effort);
  let sent = 0;
  while (!meter.done(sent)) {
    for (let i = 0; i < 64; ) {
      if (bus.fire(from, { target: sink })) i++;
      else pause();
    }
    sent += 64;
    bus.tick();
  }
  while (bus.stats().queued > 0) pause();
  const stats = bus.stats();
  expectEqual('spikes delivered', stats.delivered, sent);
  expectReconciled(stats);
  expectEqual('spikes received', await stop(), sent);
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

const ours = (name: string, place: Place): Variant => ({
  name,
  role: 'neuronbus',
  run: (effort) => oneWay(effort, place),
});

const places = { thread: 'two threads', process: 'two processes' } as const;

const peer = (name: string, place: Place, channel: Channel, perSend = 1): Variant => ({
  name,
  role: 'peer',
  against: places[place],
  run: (effort) => overLink(effort, place, channel, perSend),
  unavailable: () => channelUnavailable(channel),
});

const node = { kind: 'node' } as const;
const zeromq = (between: 'ipc' | 'inproc'): Channel => ({ kind: 'zeromq', address: zeromqAddress(between) });

export const scenario: Scenario = {
  name: 'bus_one_way',
  title: 'From fire to onSpike in another thread or process',
  note:
    'One sender, one receiver. Ours: batches of 64, every spike over a synapse that learns. The others: 64 bytes, or an object ' +
    'of three numbers, without any of that; ZeroMQ with and without 64 messages in a frame. Two cores: sender and receiver ' +
    'have one each, and a server shares them.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [
    ours(places.thread, 'thread'),
    peer('worker.postMessage', 'thread', node),
    peer('worker.postMessage, 64 per post', 'thread', node, 64),
    peer('ZeroMQ inproc', 'thread', zeromq('inproc')),
    peer('ZeroMQ inproc, 64 per frame', 'thread', zeromq('inproc'), 64),
    ours(places.process, 'process'),
    peer('process.send', 'process', node),
    peer('ZeroMQ ipc', 'process', zeromq('ipc')),
    peer('ZeroMQ ipc, 64 per frame', 'process', zeromq('ipc'), 64),
    peer('NATS server', 'process', { kind: 'nats' }),
  ],
};
