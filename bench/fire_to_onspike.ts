// SPDX-License-Identifier: MIT
//
// Scenario: one thread, a neuron fires and another's onSpike runs.
//
// Ours: fire → ring → route with synapse lookup, filter, plasticity and integration → onSpike. The peers hand a message to
// one listener. Everything happens on the main thread of the measuring process.

import { EventEmitter } from 'node:events';
import mittModule from 'mitt';
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { expectEqual, nsPerOperation, sumOfFirst } from './harness/measure.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { type PlainMessage, textSum, textSums, texts } from './harness/workloads.js';

// mitt declares its types for CommonJS and ships a module; this is the function that the module exports.
const createMitt = mittModule as unknown as typeof mittModule.default;

/** Sums what it receives; the sum is compared with that of what was sent. */
class Counter extends Neuron {
  received = 0;
  sum = 0;
  onSpike(spike: Spike): void {
    this.received++;
    this.sum = (this.sum + spike.sequence) | 0;
  }
}

class Reader extends Neuron {
  received = 0;
  sum = 0;
  onSpike(spike: Spike): void {
    this.received++;
    this.sum = (this.sum + textSum(spike.text())) | 0;
  }
}

/** Answers every spike at once, as a pair of agents in conversation does. */
class Talker extends Neuron {
  received = 0;
  sum = 0;
  onSpike(spike: Spike, handle: NeuronHandle): void {
    this.received++;
    this.sum = (this.sum + spike.sequence) | 0;
    handle.reply(spike);
  }
}

class Silent extends Neuron {
  onSpike(): void {}
}

function newBus(
  receiver: Neuron,
  sender: Neuron = new Silent(),
): { bus: NeuronBus; from: number; to: number } {
  const bus = NeuronBus.create({ axonCapacity: 1 << 14, maxNeurons: 32, maxSynapses: 64 });
  const from = bus.register(sender, { name: 'sender' });
  const to = bus.register(receiver, { name: 'receiver' });
  bus.connect(from, to).weight(0.8).build();
  bus.connect(to, from).weight(0.8).build();
  return { bus, from, to };
}

/** Every spike arrived, none was dropped, and the synapse has learnt, so learning was not skipped. */
function verify(bus: NeuronBus, from: number, to: number, fired: number, received: number): void {
  expectEqual('spikes received', received, fired);
  const stats = bus.stats();
  expectEqual('spikes delivered', stats.delivered, stats.published);
  const weight = bus.synapse(from, to)?.weight;
  if (weight === undefined || weight === 0.8) throw new Error(`the synapse did not learn: weight ${weight}`);
  bus.close();
}

function batches(effort: Effort, size: number): Sample {
  const receiver = new Counter();
  const { bus, from, to } = newBus(receiver);
  let fired = 0;
  const time = nsPerOperation(effort, size, (operations) => {
    for (let done = 0; done < operations; done += size) {
      for (let i = 0; i < size; i++) bus.fire(from, { target: to });
      bus.tick();
    }
    fired += operations;
  });
  verify(bus, from, to, fired, receiver.received);
  expectEqual('checksum', receiver.sum, sumOfFirst(fired));
  return { time };
}

function textBatches(effort: Effort): Sample {
  const receiver = new Reader();
  const { bus, from, to } = newBus(receiver);
  let fired = 0;
  let sum = 0;
  const perBatch = textSums.reduce((total, value) => total + value, 0);
  const time = nsPerOperation(effort, texts.length, (operations) => {
    for (let done = 0; done < operations; done += texts.length) {
      for (let i = 0; i < texts.length; i++) bus.fire(from, { target: to, payload: texts[i] });
      bus.tick();
      sum = (sum + perBatch) | 0;
    }
    fired += operations;
  });
  expectEqual('text checksum', receiver.sum, sum);
  verify(bus, from, to, fired, receiver.received);
  return { time };
}

function pingPong(effort: Effort): Sample {
  const one = new Talker();
  const other = new Talker();
  const { bus, from, to } = newBus(other, one);
  let delivered = 0;
  bus.fire(from, { target: to });
  const time = nsPerOperation(effort, 1, (operations) => {
    for (let i = 0; i < operations; i++) delivered += bus.tick();
  });
  expectEqual('spikes received', one.received + other.received, delivered);
  for (const { received, sum } of [one, other]) expectEqual('checksum', sum, sumOfFirst(received));
  expectEqual('spikes dropped', bus.stats().published - bus.stats().delivered - bus.stats().queued, 0);
  bus.close();
  return { time };
}

/** Times `emit` of one message; `tally` is the listener's, and `worth` is what a message adds to its sum. */
function emitting(
  effort: Effort,
  tally: Tally,
  emit: (sequence: number) => void,
  worth: (sequence: number) => number,
): Sample {
  const sent: number[] = [];
  const time = nsPerOperation(effort, 64, (operations) => {
    for (let i = 0; i < operations; i++) emit(i);
    sent.push(operations);
  });
  expectEqual(
    'messages received',
    tally.count,
    sent.reduce((all, count) => all + count, 0),
  );
  let sum = 0;
  for (const count of sent) for (let i = 0; i < count; i++) sum = (sum + worth(i)) | 0;
  expectEqual('checksum', tally.sum, sum);
  return { time };
}

class Tally {
  count = 0;
  sum = 0;
  readonly message = (message: PlainMessage): void => {
    this.count++;
    this.sum = (this.sum + message.sequence) | 0;
  };
  readonly bytes = (bytes: Uint8Array): void => {
    this.count++;
    this.sum = (this.sum + bytes[8]) | 0;
  };
}

function eventEmitter(effort: Effort): Sample {
  const emitter = new EventEmitter();
  const tally = new Tally();
  emitter.on('spike', tally.message);
  return emitting(
    effort,
    tally,
    (sequence) => emitter.emit('spike', { source: 1, target: 2, type: 0, priority: 0, sequence }),
    (sequence) => sequence,
  );
}

function eventEmitterWithBytes(effort: Effort): Sample {
  const emitter = new EventEmitter();
  const tally = new Tally();
  emitter.on('spike', tally.bytes);
  return emitting(
    effort,
    tally,
    (sequence) => {
      const bytes = new Uint8Array(64);
      bytes[8] = sequence;
      emitter.emit('spike', bytes);
    },
    (sequence) => sequence & 0xff,
  );
}

function mitt(effort: Effort): Sample {
  const emitter = createMitt<{ spike: PlainMessage }>();
  const tally = new Tally();
  emitter.on('spike', tally.message);
  return emitting(
    effort,
    tally,
    (sequence) => emitter.emit('spike', { source: 1, target: 2, type: 0, priority: 0, sequence }),
    (sequence) => sequence,
  );
}

/** What one writes first when agents need ids and turns: a queue, a map of handlers, a map of links. */
function queueAndMaps(effort: Effort): Sample {
  const tally = new Tally();
  const handlers = new Map<number, (message: PlainMessage) => void>([[2, tally.message]]);
  const links = new Map<string, { weight: number }>([['1>2', { weight: 0.8 }]]);
  let queue: PlainMessage[] = [];
  let sent = 0;
  const time = nsPerOperation(effort, 64, (operations) => {
    for (let done = 0; done < operations; done += 64) {
      for (let i = 0; i < 64; i++) queue.push({ source: 1, target: 2, type: 0, priority: 0, sequence: i });
      const turn = queue;
      queue = [];
      for (const message of turn) {
        const link = links.get(`${message.source}>${message.target}`);
        if (link !== undefined) link.weight += (0.5 - link.weight) * 0.01;
        handlers.get(message.target)?.(message);
      }
    }
    sent += operations;
  });
  expectEqual('messages received', tally.count, sent);
  expectEqual('checksum', tally.sum, ((sent / 64) * sumOfFirst(64)) | 0);
  return { time };
}

function eventEmitterWithText(effort: Effort): Sample {
  const emitter = new EventEmitter();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const tally = new Tally();
  emitter.on('spike', (bytes: Uint8Array) => {
    tally.count++;
    tally.sum = (tally.sum + textSum(decoder.decode(bytes.subarray(18, 18 + bytes[16])))) | 0;
  });
  return emitting(
    effort,
    tally,
    (sequence) => {
      const bytes = new Uint8Array(64);
      bytes[16] = encoder.encodeInto(texts[sequence & 63], bytes.subarray(18)).written;
      emitter.emit('spike', bytes);
    },
    (sequence) => textSums[sequence & 63],
  );
}

const ours = (name: string, run: Variant['run']): Variant => ({ name, role: 'neuronbus', run });
const peer = (name: string, against: string, run: Variant['run']): Variant => ({
  name,
  role: 'peer',
  against,
  run,
});

export const scenario: Scenario = {
  name: 'fire_to_onspike',
  title: 'In one thread, from fire to onSpike',
  note:
    'Time per message. Each row of NeuronBus looks the synapse up, filters, integrates and learns; EventEmitter and mitt call ' +
    'one listener and do nothing else. "Queue and maps" defers, finds the link by a key and the handler by an id, and adjusts ' +
    'a weight by one multiplication. A reply counts as a message.',
  metrics: [{ name: 'time', unit: 'ns', better: 'lower' }],
  variants: [
    ours('batch 64', (effort) => batches(effort, 64)),
    ours('batch 1024', (effort) => batches(effort, 1024)),
    peer('EventEmitter', 'batch 64', eventEmitter),
    peer('mitt', 'batch 64', mitt),
    peer('EventEmitter, fresh 64-byte array', 'batch 64', eventEmitterWithBytes),
    peer('queue and maps, batch 64', 'batch 64', queueAndMaps),
    ours('batch 64, text of 11 characters', textBatches),
    peer(
      'EventEmitter, text in a fresh 64-byte array',
      'batch 64, text of 11 characters',
      eventEmitterWithText,
    ),
    ours('one spike per tick', (effort) => batches(effort, 1)),
    ours('ping-pong, reply per tick', pingPong),
  ],
};
