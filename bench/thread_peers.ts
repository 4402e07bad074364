// SPDX-License-Identifier: MIT
//
// Scenario: what Node itself offers between two threads, one producer and one consumer, 64-byte messages.
//
// The channels queue without bound, so the producer keeps at most a few thousand messages under way. The consumer is the
// main thread and sleeps in its event loop, as these channels want it.

import { BroadcastChannel, MessageChannel, type MessagePort } from 'node:worker_threads';
import { throughAxon } from './axon_two_threads.js';
import { RateMeter } from './harness/measure.js';
import { Control, startWorker } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

/** Words of one message, and the word that is summed. */
const messageWords = 16;
const sequenceWord = 2;

export interface ChannelOrder {
  readonly control: SharedArrayBuffer;
  readonly messagesPerPost: number;
  readonly port?: MessagePort;
  readonly broadcast?: string;
}

async function receive(effort: Effort, messagesPerPost: number, kind: 'port' | 'broadcast'): Promise<Sample> {
  const control = new Control();
  const meter = new RateMeter(effort);
  let count = 0;
  let sum = 0;
  let enough: () => void = () => {};
  const measured = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const take = (words: Int32Array): void => {
    for (let at = sequenceWord; at < words.length; at += messageWords) sum = (sum + words[at]) | 0;
    count += words.length / messageWords;
    control.credit(count);
    if (meter.done(count)) enough();
  };

  const script = new URL('./thread_peers.worker.js', import.meta.url);
  const order = { control: control.buffer, messagesPerPost };
  let close: () => void;
  if (kind === 'port') {
    const channel = new MessageChannel();
    channel.port1.on('message', take);
    close = () => channel.port1.close();
    await startWorker(script, { ...order, port: channel.port2 } satisfies ChannelOrder, [channel.port2]);
  } else {
    const name = 'neuronbus-bench';
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event) => take((event as { data: Int32Array }).data);
    close = () => channel.close();
    await startWorker(script, { ...order, broadcast: name } satisfies ChannelOrder);
  }
  await measured;
  control.stop();
  while (!control.finished || count < control.sent) await new Promise((resolve) => setImmediate(resolve));
  control.check(count, sum);
  close();
  return { rate: meter.megaPerSecond };
}

const each = 'axon, publish each, spinning';
const batch = 'axon, publishBatch of 64, spinning';

function peer(name: string, against: string, kind: 'port' | 'broadcast', messagesPerPost: number): Variant {
  return { name, role: 'peer', against, run: (effort) => receive(effort, messagesPerPost, kind) };
}

export const scenario: Scenario = {
  name: 'thread_peers',
  title: 'Between two threads, the channels of Node',
  note: 'Throughput of 64-byte messages, each summed by the consumer. Both ends of the axon spin and have a core each; the channels sleep in the event loop when there is nothing to do.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [
    { name: each, role: 'neuronbus', run: (effort) => throughAxon(effort, 'each') },
    peer('MessageChannel, 1 per post', each, 'port', 1),
    peer('BroadcastChannel, 1 per post', each, 'broadcast', 1),
    { name: batch, role: 'neuronbus', run: (effort) => throughAxon(effort, 'batch') },
    peer('MessageChannel, 64 per post', batch, 'port', 64),
    peer('BroadcastChannel, 64 per post', batch, 'broadcast', 64),
  ],
};
