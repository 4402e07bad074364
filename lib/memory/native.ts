// SPDX-License-Identifier: MIT
//
// What the native addon offers to lib/memory, and the one place that loads it.
//
// Any thread; each JavaScript thread loads its own instance. Loading is put off until the first use, so that a program can
// import NeuronBus and handle the error of a missing binary itself.

import { type Advice, fromNative } from './errors.js';
import { loadNative } from './load_native.js';

export interface SegmentOptions {
  maxGanglia: number;
  maxAxons: number;
  /** Slots of each ring, a power of two. */
  axonCapacity: number;
  /** MODE_* of layout.ts. */
  mode: number;
  sampleEvery: number;
  blockMs: number;
  maxNeurons: number;
  maxSynapses: number;
  maxRules: number;
  maxFilters: number;
  /** Chunks of ARENA_CHUNK_BYTES. */
  arenaChunks: number;
  virtualClock: boolean;
  name: string;
  /** Other processes may join by the name. */
  named: boolean;
}

/** The numbers of the options in the order in which native/addon/segment_wrap.cc reads them. */
export function segmentNumbers(o: SegmentOptions): Float64Array {
  const rings = [o.maxGanglia, o.maxAxons, o.axonCapacity, o.mode, o.sampleEvery, o.blockMs];
  const tables = [
    o.maxNeurons,
    o.maxSynapses,
    o.maxRules,
    o.maxFilters,
    o.arenaChunks,
    Number(o.virtualClock),
  ];
  return Float64Array.from([...rings, ...tables]);
}

/** Names a segment within one process. Structured-cloneable. */
export interface SegmentHandle {
  readonly id: number;
  readonly key: number;
  /** The segment itself, where it is JavaScript's; see memory.ts. */
  readonly memory?: SharedArrayBuffer;
}

/** Borrowed memory in the hands of native code. */
export type Lease = object;

export interface ClockInfo {
  source: 'tsc' | 'cntvct' | 'monotonic';
  frequencyHz: number;
}

/**
 * The native half of a ganglion (native/core/ganglion.h). The calls without arguments are the hot ones: theirs lie in
 * nb_control. After close() they do nothing, and the others throw ERR_NB_CLOSED.
 */
export interface NativeGanglion {
  /** Number of the ganglion and of the axon from it to itself. */
  readonly index: number;
  readonly axon: number;
  /** 1: other processes may be here. */
  readonly named: number;
  route(): void;
  settle(): void;
  finish(): void;
  stamp(): void;
  /** Applies control.lesson to a synapse that ends here. */
  teach(): void;
  /** Lets another thread have the processor, if one waits for it. */
  giveWay(): void;
  dropOldest(): void;
  /** control.status is 0 when it parked. */
  park(): void;
  /** Wakes ganglion control.peer if it is parked. */
  wake(): void;
  account(): void;
  arenaAllocate(): void;
  arenaRetain(): void;
  arenaRelease(): void;
  register(
    wanted: number,
    threshold: number,
    rest: number,
    leakNs: number,
    refractoryNs: number,
    hasCard: boolean,
  ): number;
  unregister(id: number): void;
  /** `parameters`: the seven doubles of nb_rule in order; `typeMask` 0 = no filter. */
  connect(
    pre: number,
    post: number,
    weight: number,
    kind: number,
    parameters: Float64Array,
    typeMask: number,
    minPriority: number,
    prefix: Uint8Array,
  ): void;
  disconnect(pre: number, post: number): void;
  /** Index of the synapse in the table of the ganglion of `post`, or -1. */
  find(pre: number, post: number): number;
  setWeight(pre: number, post: number, weight: number): void;
  /** Number of the axon to another ganglion. ERR_NB_DEAD_TARGET, ERR_NB_NO_ROOM, ERR_NB_TOO_MANY_GANGLIA. */
  openAxon(to: number): number;
  /** Its receiver is gone: counts what was not read. */
  abandonAxon(to: number): void;
  /** Clears away after dead processes. ERR_NB_BAD_SEGMENT when the memory was cut; from then on touching it is safe, and vain. */
  makeRounds(): void;
  /** `callback` runs soon after somebody woke this ganglion. */
  onWake(callback: () => void): void;
  setIdle(pre: number, post: number, idleNs: number): void;
  /** How long connect, disconnect and setWeight wait for the owner of another ganglion, ns. */
  setPatience(ns: number): void;
  close(): void;
}

export interface NativeAddon {
  /** A fresh segment with one reference, held by the buffer. `numbers`: as segmentNumbers(); `identity` takes id and key. */
  createSegment(numbers: Float64Array, name: string, identity: Uint32Array, named: boolean): ArrayBuffer;
  /** Joins the named segment of another process; null if this thread has it open, under the identity. */
  openSegment(name: string, identity: Uint32Array): ArrayBuffer | null;
  /** A buffer over an open segment; one more reference. At most once per segment and thread: see memory.ts. */
  attachSegment(id: number, key: number): ArrayBuffer;
  /** Bytes of a segment of these options. */
  segmentSize(numbers: Float64Array, name: string): number;
  /** Makes a segment of zeroed memory that JavaScript has; one reference, held by the lease. */
  adoptSegment(memory: Uint8Array, numbers: Float64Array, name: string, identity: Uint32Array): Lease;
  /** The same memory in another thread; one more reference. */
  shareSegment(memory: Uint8Array, id: number, key: number): Lease;
  /** Drops the reference of the buffer, and detaches it, or that of the lease on the memory of the view. */
  closeSegment(buffer: ArrayBuffer | Uint8Array): void;
  /** ns, CLOCK_MONOTONIC based. */
  clockNow(): number;
  clockInfo(): ClockInfo;
  /** Joins the segment that begins where `memory` does. ERR_NB_TOO_MANY_GANGLIA. */
  Ganglion: new (
    memory: ArrayBuffer | Uint8Array,
    halfLifeNs: number,
    graceNs: number,
    sweepNs: number,
  ) => NativeGanglion;
}

let loaded: NativeAddon | undefined;

/** The addon. ERR_NB_NO_BINARY or ERR_NB_NODE_API where it cannot be loaded. */
export function native(): NativeAddon {
  if (loaded === undefined) loaded = loadNative() as NativeAddon;
  return loaded;
}

/** Runs a native call; what it throws becomes a NeuronBusError: see fromNative(). */
export function callNative<T>(call: (addon: NativeAddon) => T, advice?: Advice): T {
  const addon = native();
  try {
    return call(addon);
  } catch (error) {
    throw fromNative(error, advice);
  }
}
