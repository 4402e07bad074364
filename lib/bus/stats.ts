// SPDX-License-Identifier: MIT
//
// Counters of a bus, read from the shared records of its ganglion and axon. Called on the thread of the bus.
//
// The account: `published` counts what is owed, one for each receiver of each spike. A spike to one neuron counts one
// when it is fired; a broadcast counts one until it is fanned out, then one per receiver. At every moment
// published = delivered + sum of dropped + queued, from counters that are kept apart from each other.

import * as layout from '../memory/layout.js';

export type DropReason =
  | 'full'
  | 'oldest'
  | 'sampled'
  | 'deadline'
  | 'filtered'
  | 'refractory'
  | 'noReceiver'
  | 'deadTarget'
  | 'corrupt';

/** In the order of NB_DROP_*; the first four happen at the axon, the others at the receiver. */
export const DROP_REASONS: readonly DropReason[] = [
  'full',
  'oldest',
  'sampled',
  'deadline',
  'filtered',
  'refractory',
  'noReceiver',
  'deadTarget',
  'corrupt',
];
const AXON_REASONS = 4;

/** Quantiles of fire-to-`onSpike` latency, ns; each at most 1/16 too large. 0 before the first delivery. */
export interface LatencyStats {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

export interface BusStats {
  name: string;
  /** Deliveries owed: see the account in this file. */
  published: number;
  /** Handed to an `onSpike` that returned or threw. */
  delivered: number;
  /** Waiting, the spike in hand included. */
  queued: number;
  dropped: Record<DropReason, number>;
  latencyNs: LatencyStats;
  neurons: number;
  synapses: number;
  /** Handlers that threw or rejected. */
  handlerErrors: number;
  pruned: number;
  potentiations: number;
  depressions: number;
  arena: { capacityBytes: number; usedBytes: number; blocks: number };
  /** 'tsc', 'cntvct', 'monotonic' or 'virtual'. */
  clock: string;
  /** ns since the bus was made, on its clock. */
  uptimeNs: number;
}

/** Reads 64-bit words of the shared memory as numbers. */
export type WordReader = (byteOffset: number) => number;

/** Drops by reason from the axon's record (byte offset) and the ganglion's. */
export function readDrops(read: WordReader, axon: number, ganglion: number): Record<DropReason, number> {
  const entries = DROP_REASONS.map((reason, code) => {
    const offset = code < AXON_REASONS ? axon + layout.AXON_DROPPED : ganglion + layout.GANGLION_DROPPED;
    return [reason, read(offset + 8 * code)] as const;
  });
  return Object.fromEntries(entries) as Record<DropReason, number>;
}

/** The largest value that falls into a bucket of native/core/histogram.h. */
function bucketTop(bucket: number): number {
  const sub = 1 << layout.HISTOGRAM_SUB_BITS;
  if (bucket < sub) return bucket;
  const shift = (bucket >> layout.HISTOGRAM_SUB_BITS) - 1;
  return ((bucket & (sub - 1)) + sub + 1) * 2 ** shift - 1;
}

export function readLatency(read: WordReader, ganglion: number): LatencyStats {
  const count = read(ganglion + layout.GANGLION_LATENCY_COUNT);
  const max = read(ganglion + layout.GANGLION_LATENCY_MAX_NS);
  const quantile = (share: number) => {
    if (count === 0) return 0;
    let left = Math.ceil(share * count);
    for (let bucket = 0; bucket < layout.HISTOGRAM_BUCKETS; bucket++) {
      left -= read(ganglion + layout.GANGLION_LATENCY + 8 * bucket);
      if (left <= 0) return Math.min(bucketTop(bucket), max);
    }
    return max;
  };
  return { count, p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max };
}
