// SPDX-License-Identifier: MIT
//
// Scenario: a message to another thread and its answer back, one at a time.
//
// The measuring process' main thread asks and holds the watch, its worker echoes. "Spinning" means that both threads poll
// and neither sleeps; the channels of Node sleep in the event loop unless polled.

import {
  BroadcastChannel,
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
} from 'node:worker_threads';
import { Axon, SpikeBuilder } from 'neuronbus';
import { RoundTrips } from './harness/measure.js';
import { nativeUnavailable, runNative } from './harness/native.js';
import { Control, startWorker } from './harness/threads.js';
import type { Effort, Sample, Scenario } from './harness/types.js';
import { SabRing } from './peers/sab_ring.js';

export interface EchoOrder {
  readonly control: SharedArrayBuffer;
  readonly rings?: readonly [SharedArrayBuffer, SharedArrayBuffer];
  readonly axons?: readonly [Axon['handle'], Axon['handle']];
  readonly port?: MessagePort;
  readonly poll?: boolean;
  readonly broadcast?: string;
}

const script = new URL('./axon_echo.worker.js', import.meta.url);
const capacity = 1024;

/** `exchange` sends one message, spins for its answer, and returns what the answer carries. */
function spin(effort: Effort, control: Control, exchange: (sequence: number) => number): Sample {
  const trips = new RoundTrips(effort);
  let sequence = 0;
  for (let more = true; more; ) {
    sequence = (sequence + 1) & 0xffff;
    const begin = performance.now();
    const answer = exchange(sequence);
    more = trips.add(begin, performance.now());
    if (answer !== sequence) throw new Error(`sent ${sequence}, got ${answer}`);
  }
  control.stop();
  return trips.sample;
}

async function ringEcho(effort: Effort): Promise<Sample> {
  const control = new Control();
  const there = SabRing.create(capacity);
  const back = SabRing.create(capacity);
  await startWorker(script, {
    control: control.buffer,
    rings: [there.buffer, back.buffer],
  } satisfies EchoOrder);
  const message = new Int32Array(16);
  let answer = 0;
  const visit = (words: Int32Array, at: number): void => {
    answer = words[at + 2];
  };
  return spin(effort, control, (sequence) => {
    message[2] = sequence;
    there.push(message);
    while (back.drain(visit, 1) === 0);
    return answer;
  });
}

async function axonEcho(effort: Effort): Promise<Sample> {
  const control = new Control();
  const there = new Axon({ capacity });
  const back = new Axon({ capacity });
  const reader = back.reader();
  await startWorker(script, {
    control: control.buffer,
    axons: [there.handle, back.handle],
  } satisfies EchoOrder);
  const spikes = Array.from({ length: 0x10000 }, (_, i) => new SpikeBuilder().target(1).sequence(i).build());
  return spin(effort, control, (sequence) => {
    there.publish(spikes[sequence]);
    for (;;) {
      const spike = reader.next();
      if (spike !== undefined) return spike.sequence;
    }
  });
}

async function pollEcho(effort: Effort): Promise<Sample> {
  const control = new Control();
  const { port1, port2 } = new MessageChannel();
  await startWorker(script, { control: control.buffer, port: port2, poll: true } satisfies EchoOrder, [
    port2,
  ]);
  const message = new Int32Array(16);
  return spin(effort, control, (sequence) => {
    message[2] = sequence;
    port1.postMessage(message);
    for (;;) {
      const received = receiveMessageOnPort(port1) as { message: Int32Array } | undefined;
      if (received !== undefined) return received.message[2];
    }
  });
}

async function channelEcho(effort: Effort, kind: 'port' | 'broadcast'): Promise<Sample> {
  const control = new Control();
  const message = new Int32Array(16);
  let answered: (words: Int32Array) => void = () => {};
  let send: () => void;
  if (kind === 'port') {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (words: Int32Array) => answered(words));
    send = () => port1.postMessage(message);
    await startWorker(script, { control: control.buffer, port: port2 } satisfies EchoOrder, [port2]);
  } else {
    const broadcast = 'neuronbus-bench';
    const channel = new BroadcastChannel(broadcast);
    channel.onmessage = (event) => answered((event as { data: Int32Array }).data);
    send = () => channel.postMessage(message);
    await startWorker(script, { control: control.buffer, broadcast } satisfies EchoOrder);
  }
  const trips = new RoundTrips(effort);
  return new Promise((resolve, reject) => {
    let begin = 0;
    const ask = (): void => {
      message[2] = (message[2] + 1) & 0xffff;
      begin = performance.now();
      send();
    };
    answered = (words) => {
      const more = trips.add(begin, performance.now());
      if (words[2] !== message[2]) reject(new Error(`sent ${message[2]}, got ${words[2]}`));
      else if (more) ask();
      else resolve(trips.sample);
    };
    ask();
  });
}

const against = 'axon, spinning';

function nativeEcho(effort: Effort): Sample {
  const { p50Ns, p99Ns } = runNative('axon, 2 threads, echo round trip', effort);
  if (p50Ns === undefined || p99Ns === undefined) throw new Error('bench_core gave no percentiles');
  return { p50: p50Ns / 1e3, p99: p99Ns / 1e3 };
}

export const scenario: Scenario = {
  name: 'axon_echo',
  title: 'There and back between two threads',
  note:
    'Time of one round trip, one message under way, 64-byte messages; each contains one reading of `performance.now()` (about ' +
    '0.04 µs). Spinning rows compare with spinning rows. The others pay for waking a sleeping thread, which nothing of ours ' +
    'does here; the bus does in bus_round_trip.',
  metrics: [
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  variants: [
    { name: against, role: 'neuronbus', run: axonEcho },
    { name: 'SharedArrayBuffer ring, spinning', role: 'peer', against, run: ringEcho },
    { name: 'C++ ring, spinning', role: 'limit', against, unavailable: nativeUnavailable, run: nativeEcho },
    { name: 'MessageChannel, spinning', role: 'peer', against, run: pollEcho },
    { name: 'MessageChannel, sleeping', role: 'peer', run: (effort) => channelEcho(effort, 'port') },
    { name: 'BroadcastChannel, sleeping', role: 'peer', run: (effort) => channelEcho(effort, 'broadcast') },
  ],
};
