// SPDX-License-Identifier: MIT
//
// Counters of a bus, read from the shared records of its ganglia and axons. Called on the thread of the bus.
//
// The account: `published` counts what is owed, one for each receiver of each spike. A spike to one neuron counts one
// when it is fired; a broadcast counts one until it is fanned out, then one per receiver. At every moment
// published = delivered + sum of dropped + queued. On one thread the four come from counters that are kept apart from each
// other. With several threads they cannot be read at one instant, so what is published is read last and `queued` is the rest;
// when nothing is under way it must come out as 0.

import { readCursor } from '../memory/cursor.js';
import * as layout from '../memory/layout.js';
import { bucketTop, quantileBucket } from './histogram.js';
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
  /** Handed to an `onSpike` that returned or threw; of messages, those that had their turn, or were withdrawn before it. */
  delivered: number;
  /** Waiting, the spike in hand included, and messages in the mailboxes of their receivers. */
  queued: number;
  dropped: Record<DropReason, number>;
  latencyNs: LatencyStats;
  neurons: number;
  /** Those from neurons that left count until the thread at their other end clears them away (`sweepIntervalMs`). */
  synapses: number;
  /** Threads that are on the bus now, of all processes. */
  ganglia: number;
  /** Handlers that threw or rejected. */
  handlerErrors: number;
  /** Questions of this thread's neurons that wait for an answer. */
  pending: number;
  /** Of `queued`: messages and questions that wait for their turn at a neuron of this thread. */
  waiting: number;
  /** Answers that came to this thread, or were given by its neurons and not sent, after their question had ended. */
  late: number;
  pruned: number;
  potentiations: number;
  depressions: number;
  /** `capacityBytes` is what blocks can use: the arena less its own records. */
  arena: { capacityBytes: number; usedBytes: number; blocks: number };
  /** 'tsc', 'cntvct', 'monotonic' or 'virtual'. */
  clock: string;
  /** 'borrowed': from JavaScript, because the runtime forbids buffers over native memory, or NEURONBUS_COPY=1. */
  memory: 'external' | 'borrowed';
  /** ns since the bus was made, on its clock. */
  uptimeNs: number;
}

interface Records {
  /** Byte offsets of the ganglia that were ever used, and of the control blocks of those that live. */
  readonly ganglia: number[];
  readonly controls: number[];
  /** Byte offsets of the axons that were ever used. */
  readonly axons: number[];
}

function records(workspace: Workspace): Records {
  const { memory } = workspace;
  const all = Array.from({ length: memory.maxGanglia }, (_, i) => i);
  const used = all.filter(
    (i) => memory.u32[workspace.ganglionWord(i) + (layout.GANGLION_GENERATION >> 2)] > 0,
  );
  const axons = memory.u32At(memory.u64At(layout.HEADER_COMMONS_OFFSET) + layout.COMMONS_AXONS_USED);
  return {
    ganglia: used.map((i) => 4 * workspace.ganglionWord(i)),
    controls: used.filter((i) => workspace.generationOf(i) >= 0).map((i) => memory.workspaceAt(i)),
    axons: Array.from({ length: Math.min(axons, memory.maxAxons) }, (_, i) => memory.axonOffset(i)),
  };
}

/** Drops by reason, as of the last settle(). */
export function readDrops(workspace: Workspace): Record<DropReason, number> {
  return dropsIn(workspace, records(workspace));
}

function dropsIn({ memory }: Workspace, { axons, ganglia }: Records): Record<DropReason, number> {
  const entries = DROP_REASONS.map((reason, code) => {
    const atAxon = code < AXON_REASONS;
    const field = (atAxon ? layout.AXON_DROPPED : layout.GANGLION_DROPPED) + 8 * code;
    return [reason, sum(atAxon ? axons : ganglia, (record) => memory.u64At(record + field))] as const;
  });
  return Object.fromEntries(entries) as Record<DropReason, number>;
}

function sum(records: readonly number[], read: (record: number) => number): number {
  return records.reduce((total, record) => total + read(record), 0);
}

/** All counters; `routed` = what settle() returned just before. `about` is the bus' to know. */
export function readStats(
  workspace: Workspace,
  routed: number,
  { pending, waiting, late }: Pick<BusStats, 'pending' | 'waiting' | 'late'>,
  about: Pick<BusStats, 'name' | 'clock' | 'uptimeNs'>,
): BusStats {
  const { memory } = workspace;
  const state = workspace.account();
  const found = records(workspace);
  const total = (field: number) => sum(found.ganglia, (record) => memory.u64At(record + field));
  const delivered = total(layout.GANGLION_DELIVERED);
  const dropped = dropsIn(workspace, found);
  const refused = dropped.full + dropped.sampled + dropped.deadline;
  const fanned = total(layout.GANGLION_FANNED);
  const written = sum(found.axons, (axon) => readCursor(memory.u32, (axon + layout.AXON_HEAD) / 4));
  const published = written + refused + fanned;
  const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
  const alone = found.ganglia.length === 1;
  return {
    ...about,
    published,
    delivered,
    queued: alone ? state.queued + routed + waiting : Math.max(0, published - delivered - lost),
    dropped,
    latencyNs: readLatency(workspace, found.ganglia),
    neurons: sum(found.controls, (control) => memory.u64At(control + layout.CONTROL_NEURONS)),
    synapses: sum(found.controls, (control) => memory.u64At(control + layout.CONTROL_SYNAPSES)),
    ganglia: sum(found.ganglia, (record) => Number(memory.u32At(record) === layout.LIVE)),
    handlerErrors: total(layout.GANGLION_HANDLER_ERRORS),
    pending,
    waiting,
    late,
    pruned: total(layout.GANGLION_PRUNED),
    potentiations: total(layout.GANGLION_POTENTIATIONS),
    depressions: total(layout.GANGLION_DEPRESSIONS),
    arena: state.arena,
    memory: memory.borrowed ? 'borrowed' : 'external',
  };
}

function readLatency({ memory }: Workspace, ganglia: readonly number[]): LatencyStats {
  const read = (field: number) => sum(ganglia, (record) => memory.u64At(record + field));
  const count = read(layout.GANGLION_LATENCY_COUNT);
  const max = Math.max(...ganglia.map((record) => memory.u64At(record + layout.GANGLION_LATENCY_MAX_NS)));
  const quantile = (share: number) => {
    if (count === 0) return 0;
    const at = (bucket: number) => read(layout.GANGLION_LATENCY + 8 * bucket);
    const bucket = quantileBucket(share, count, layout.HISTOGRAM_BUCKETS, at);
    return Math.min(bucketTop(bucket, layout.HISTOGRAM_SUB_BITS), max);
  };
  return { count, p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max };
}
