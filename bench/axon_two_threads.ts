// SPDX-License-Identifier: MIT
//
// Scenario: one thread publishes 64-byte messages, another reads them; both spin, nothing is lost.
//
// The main thread of the measuring process reads, its worker publishes. The C++ ring runs in a process of its own.

import { Axon, type Spike } from 'neuronbus';
import { RateMeter } from './harness/measure.js';
import { nativeUnavailable, runNative } from './harness/native.js';
import { Control, pause, startWorker } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';
import { SabRing } from './peers/sab_ring.js';

/** 1 MiB of slots, what a bus has by default. */
const capacity = 1 << 14;
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
    sum = (sum + words[at + 2]) | 0;
  };
  return consume(
    effort,
    control,
    () => ring.drain(visit, drainLimit),
    () => sum,
  );
}

/** Also what thread_peers compares with. */
export async function throughAxon(effort: Effort, way: ProducerOrder['way']): Promise<Sample> {
  const control = new Control();
  const axon = new Axon({ capacity, backpressure: 'block', blockMs: 10_000 });
  const reader = axon.reader();
  await startWorker(script, { control: control.buffer, way, axon: axon.handle } satisfies ProducerOrder);
  let sum = 0;
  const visit = (spike: Spike): void => {
    sum = (sum + spike.sequence) | 0;
  };
  return consume(
    effort,
    control,
    () => reader.drain(visit, drainLimit),
    () => sum,
  );
}

/**
 * Spins on `drain` until the rate is known, then takes the rest and compares accounts. A reader that looks again at once
 * when there is nothing only takes the cache line away from the producer, and JavaScript has no pause instruction.
 */
function consume(effort: Effort, control: Control, drain: () => number, sum: () => number): Sample {
  const meter = new RateMeter(effort);
  let count = 0;
  while (!meter.done(count)) {
    const read = drain();
    count += read;
    if (read === 0) pause();
  }
  control.stop();
  while (!control.finished) count += drain();
  for (let more = drain(); more > 0; more = drain()) count += more;
  control.check(count, sum());
  return { rate: meter.megaPerSecond };
}

const batchOfSpikes = 'axon, publishBatch of 64';
const batchInPlace = 'axon, publishWith 64';
const each = 'axon, publish each';

function native(name: string, against: string, test: string): Variant {
  return {
    name,
    role: 'limit',
    against,
    unavailable: nativeUnavailable,
    run: (effort) => ({ rate: runNative(test, effort).perSecond / 1e6 }),
  };
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
    'Both threads spin; a full ring makes the producer wait; a reader that finds nothing counts to 2,000 before it looks again; it reads in place. "Batch" and "each" copy 64 bytes ' +
    'of finished messages; "in place" writes the five words of a message without payload right into its slot. The ' +
    'hand-written ring is bench/peers/sab_ring.ts; the C++ ring is that of the native core, threads pinned.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [
    ours(batchOfSpikes, 'batch'),
    rival('SharedArrayBuffer ring, batch 64', batchOfSpikes, 'batch'),
    ours(batchInPlace, 'header'),
    rival('SharedArrayBuffer ring, batch 64 in place', batchInPlace, 'header'),
    native('C++ ring, batch 64', batchInPlace, 'axon, 2 threads, batches of 64'),
    ours(each, 'each'),
    rival('SharedArrayBuffer ring, publish each', each, 'each'),
    native('C++ ring, publish each', each, 'axon, 2 threads, publish each'),
  ],
};
