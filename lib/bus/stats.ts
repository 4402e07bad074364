// SPDX-License-Identifier: MIT
//
// Counters of a bus, read from the shared records of its ganglion and axon. Called on the thread of the bus.
//
// The account: `published` counts what is owed, one for each receiver of each spike. A spike to one neuron counts one
// when it is fired; a broadcast counts one until it is fanned out, then one per receiver. At every moment
// published = delivered + sum of dropped + queued, from counters that are kept apart from each other.

import * as layout from '../memory/layout.js';
import type { Workspace } from './workspace.js';

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

/**
 * Quantiles of fire-to-`onSpike` latency, ns; each at most 1/16 too large. 0 before the first delivery. Within a group of
 * at most 64 hand-overs between two clock readings (one where handlers take microseconds) the starts are interpolated.
 */
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
  /** `capacityBytes` is what blocks can use: the arena less its own records. */
  arena: { capacityBytes: number; usedBytes: number; blocks: number };
  /** 'tsc', 'cntvct', 'monotonic' or 'virtual'. */
  clock: string;
  /** ns since the bus was made, on its clock. */
  uptimeNs: number;
}

/** Drops by reason, as of the last settle(). */
export function readDrops({ memory, axonRecord, ganglionRecord }: Workspace): Record<DropReason, number> {
  const entries = DROP_REASONS.map((reason, code) => {
    const field =
      code < AXON_REASONS ? axonRecord + layout.AXON_DROPPED : ganglionRecord + layout.GANGLION_DROPPED;
    return [reason, memory.u64At(field + 8 * code)] as const;
  });
  return Object.fromEntries(entries) as Record<DropReason, number>;
}

/** All counters; `routed` = what settle() returned just before. `about` is the bus' to know. */
export function readStats(
  workspace: Workspace,
  routed: number,
  about: Pick<BusStats, 'name' | 'clock' | 'uptimeNs'>,
): BusStats {
  const { memory, axonRecord, ganglionRecord } = workspace;
  const state = workspace.account();
  const ganglion = (field: number) => memory.u64At(ganglionRecord + field);
  const dropped = readDrops(workspace);
  const head = memory.u32At(axonRecord + layout.AXON_HEAD);
  const written = memory.u32At(axonRecord + layout.AXON_HEAD_HIGH) * 2 ** 31 + (head % 2 ** 31);
  return {
    ...about,
    published: written + dropped.full + dropped.sampled + dropped.deadline + ganglion(layout.GANGLION_FANNED),
    delivered: ganglion(layout.GANGLION_DELIVERED),
    queued: state.queued + routed,
    dropped,
    latencyNs: readLatency(workspace),
    neurons: state.neurons,
    synapses: state.synapses,
    handlerErrors: ganglion(layout.GANGLION_HANDLER_ERRORS),
    pruned: ganglion(layout.GANGLION_PRUNED),
    potentiations: ganglion(layout.GANGLION_POTENTIATIONS),
    depressions: ganglion(layout.GANGLION_DEPRESSIONS),
    arena: state.arena,
  };
}

/** The largest value that falls into a bucket of native/core/histogram.h. */
function bucketTop(bucket: number): number {
  const sub = 1 << layout.HISTOGRAM_SUB_BITS;
  if (bucket < sub) return bucket;
  const shift = (bucket >> layout.HISTOGRAM_SUB_BITS) - 1;
  return ((bucket & (sub - 1)) + sub + 1) * 2 ** shift - 1;
}

function readLatency({ memory, ganglionRecord }: Workspace): LatencyStats {
  const read = (field: number) => memory.u64At(ganglionRecord + field);
  const count = read(layout.GANGLION_LATENCY_COUNT);
  const max = read(layout.GANGLION_LATENCY_MAX_NS);
  const quantile = (share: number) => {
    if (count === 0) return 0;
    let left = Math.ceil(share * count);
    for (let bucket = 0; bucket < layout.HISTOGRAM_BUCKETS; bucket++) {
      left -= read(layout.GANGLION_LATENCY + 8 * bucket);
      if (left <= 0) return Math.min(bucketTop(bucket), max);
    }
    return max;
  };
  return { count, p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max };
}
