// SPDX-License-Identifier: MIT
//
// What the two ends of a ring share in JavaScript: cursors of 63 bits in two words, fences, claims.
//
// Any thread. A cursor is read exactly whenever it is read, also while its one writer moves it.

import { threadId } from 'node:worker_threads';
import type { ErrorName } from './error_table.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import type { Memory } from './memory.js';

/** Where one axon lies in its segment; the numbers that every end of it computes with. */
export interface AxonPlace {
  readonly memory: Memory;
  /** Index of the first word of nb_axon. */
  readonly header: number;
  /** Slot 0: byte offset / 64. */
  readonly slots: number;
  readonly capacity: number;
  readonly mode: number;
}

/** The place of axon number `index`. The capacity comes from the segment's checked header. */
export function axonPlace(memory: Memory, index: number): AxonPlace {
  const offset = memory.axonOffset(index);
  return {
    memory,
    header: small(offset / 4),
    slots: small((offset + L.AXON_BYTES) / L.SPIKE_BYTES),
    capacity: memory.axonCapacity,
    mode: memory.u32At(offset + L.AXON_MODE),
  };
}

// An integer that V8 keeps as one, not as a double, whenever it can: everything computed from it is twice as fast.
function small(value: number): number {
  const integer = value | 0;
  return integer === value ? integer : value;
}

/**
 * The 63-bit position of a cursor: `low` is the index of its low word, the high word (position >> 31) follows. The writer
 * stores the high word first. So a low word read while the high word stood still is either of its time, or the one before
 * it, which the bit that both words share tells. Needs no other step of the writer, so one that died is no obstacle.
 */
export function readCursor(words: Uint32Array, low: number): number {
  for (;;) {
    const high = Atomics.load(words, low + 1);
    const bits = Atomics.load(words, low);
    if (Atomics.load(words, low + 1) !== high) continue; // it moves once in 2^31 spikes
    const period = (high & 1) === bits >>> 31 ? high : high - 1;
    return period * 2147483648 + (bits & 0x7fffffff);
  }
}

/** The high word of a position that readCursor() gave; `position | 0` is the low one. */
export function highWord(position: number): number {
  return Math.floor(position / 2147483648) | 0;
}

/** Stores a cursor that moved from `before` to `after` (low words); returns the high word. For its only writer. */
export function storeCursor(
  words: Int32Array,
  low: number,
  before: number,
  after: number,
  high: number,
): number {
  if ((before ^ after) < 0) {
    high = (high + 1) | 0;
    Atomics.store(words, low + 1, high);
  }
  Atomics.store(words, low, after);
  return high;
}

const fenceWord = new Int32Array(1);

/**
 * A sequentially consistent store; with the sequentially consistent load that must follow it, a full fence: plain reads
 * before it do not move behind that load (xchg on x86-64, stlr and ldar on ARM64).
 */
export function fence(): void {
  Atomics.store(fenceWord, 0, 0);
}

let tokens = 0;

/** Non-zero, and another one for every end of an axon that this process opens (short of a million in one thread). */
export function claimToken(): number {
  tokens = (tokens + 1) & 0xfffff;
  return ((threadId << 20) | tokens) >>> 0 || 1;
}

/** Takes the producer's or reader's place: `word` is its index. */
export function takeClaim(words: Uint32Array, word: number, token: number, taken: ErrorName): void {
  // SYNC axon-claim
  if (Atomics.compareExchange(words, word, 0, token) !== 0) throw new NeuronBusError(taken);
}

export function dropClaim(words: Uint32Array, word: number, token: number): void {
  Atomics.compareExchange(words, word, token, 0); // SYNC axon-claim
}
