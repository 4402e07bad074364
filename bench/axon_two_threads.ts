// SPDX-License-Identifier: MIT
//
// Scenario: one thread publishes 64-byte messages, another reads them; both spin, nothing is lost.
//
// The main thread of the measuring process reads, its worker publishes. The C++ ring runs in a process of its own.

import { Axon } from 'neuronbus';
import { RateMeter } from './harness/measure.js';
import { nativeAvailability, runNative } from './harness/native.js';
import { Control, startWorker } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { SabRing } from './peers/sab_ring.js';

/** 1024 slots are 64 KiB: the ring stays in the second-level cache of both cores. */
const capacity = 1024;
const drainLimit = 256;

export interface ProducerOrder {
  readonly control: SharedArrayBuffer;
  readonly way: 'batch' | 'each' | 'header';
  readonly ring?: SharedArrayBuffer;
  readonly axon?: Axon['handle'];
}

const script = new URL('./axon_two_threads.worker.js', import.meta.url);

async function throughRing(effort: Effort, way: ProducerOrder['way']): Promise<Sample> {
  const control = new Control();
  const ring = SabRing.create(capacity);
  await startWorker(script, { control: control.buffer, way, ring: ring.buffer } satisfies ProducerOrder);
  let sum = 0;
  const visit = (words: Int32Array, at: number): void => {
    sum = (sum + (words[at + 2])) | 0;
  };
  return consume(
    effort,
    control,
    () => ring.drain(visit, drainLimit),
    () => sum,
  );
}

async function throughAxon(effort: Effort, way: ProducerOrder['way']): Promise<Sample> {
  const control = new Control();
  const axon = new Axon({ capacity, backpressure: 'drop-newest' });
  const reader = axon.reader();
  await startWorker(script, { control: control.buffer, way, axon: axon.handle } satisfies ProducerOrder);
  let sum = 0;
  const sample = consume(
    effort,
    control,
    () =>
      reader.drain((spike) => {
        sum = (sum + spike.sequence) | 0;
      }, drainLimit),
    () => sum,
  );
  return sample;
}

/** Spins on `drain` until the rate is known, then takes the rest and compares accounts. */
function consume(effort: Effort, control: Control, drain: () => number, sum: () => number): Sample {
  const meter = new RateMeter(effort);
  let count = 0;
  while (!meter.done(count)) count += drain();
  control.stop();
  while (!control.finished) count += drain();
  for (let more = drain(); more > 0; more = drain()) count += more;
  control.check(count, sum());
  return { rate: meter.megaPerSecond };
}

function native(name: string, against: string, test: string): Variant {
  return { name, role: 'limit', against, run: (effort) => ({ rate: runNative(test, effort) }) };
}

const ours = (name: string, way: ProducerOrder['way']): Variant => ({
  name,
  role: 'neuronbus',
  run: (effort) => throughAxon(effort, way),
});

const rival = (name: string, against: string, way: ProducerOrder['way']): Variant => ({
  name,
  role: 'peer',
  against,
  run: (effort) => throughRing(effort, way),
});

export const scenario: Scenario = {
  name: 'axon_two_threads',
  title: 'Between two threads, through a ring',
  note:
    'Both threads spin; a full ring makes the producer wait. The hand-written ring (bench/peers/sab_ring.ts) copies the 64 ' +
    'bytes of each message; its header-only row writes five words of them, the least that identifies a message.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [
    ours('axon, batch 64', 'batch'),
    rival('SharedArrayBuffer ring, batch 64', 'axon, batch 64', 'batch'),
    rival('SharedArrayBuffer ring, batch 64, header only', 'axon, batch 64', 'header'),
    ...(nativeAvailability() === undefined ? [native('C++ ring, batch 64', 'axon, batch 64', 'two_threads_batch')] : []),
    ours('axon, publish each', 'each'),
    rival('SharedArrayBuffer ring, publish each', 'axon, publish each', 'each'),
    ...(nativeAvailability() === undefined
      ? [native('C++ ring, publish each', 'axon, publish each', 'two_threads_each')]
      : []),
  ],
};
