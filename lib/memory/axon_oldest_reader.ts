// SPDX-License-Identifier: MIT
//
// The gating end of a ring in drop-oldest mode, where the producer may take unread spikes away.
//
// One thread: the one that made the reader. A spike is copied out first and then claimed by moving the tail over it with a
// compare-and-swap, which the producer does too when it wants the slot: whoever succeeds owns the spike, so each is either
// handed out, whole, or counted as dropped.

import { type AxonReader, checkMax } from './axon_reader.js';
import { type AxonPlace, claimToken, dropClaim, takeClaim } from './cursor.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import { copyWords, expireSpike, pointSpike, type Spike, viewSpike } from './spike.js';

const HEAD = L.AXON_HEAD >> 2;
const TAIL = L.AXON_TAIL >> 2;
const OLDEST = L.AXON_DROPPED + 8 * L.DROP_OLDEST;

export class OldestReader implements AxonReader {
  readonly held = 0;

  readonly #words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #header: number;
  readonly #slots: number;
  readonly #mask: number;
  readonly #token = claimToken();
  readonly #copy = new Uint32Array(L.SPIKE_BYTES / 4);
  readonly #view: Spike;
  readonly #evicted: () => number;
  readonly #evictedBefore: number;
  readonly #onClose: (reader: AxonReader) => void;
  // Positions are 32-bit integers that wrap; head and tail of one moment are at most the capacity apart.
  #position: number; // where the tail was last seen
  #head: number; // as seen since then
  #lost = -1; // once closed

  /** ERR_NB_READER_TAKEN */
  constructor(place: AxonPlace, onClose: (reader: AxonReader) => void) {
    this.#words = place.memory.u32;
    this.#signed = place.memory.i32;
    this.#header = place.header;
    this.#slots = place.slots;
    this.#mask = place.capacity - 1;
    takeClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token, 'READER_TAKEN');
    this.#view = viewSpike(this.#copy, -1, place.memory);
    this.#onClose = onClose;
    this.#evicted = () => place.memory.u64At(place.header * 4 + OLDEST);
    this.#evictedBefore = this.#evicted();
    this.#position = this.#head = Atomics.load(this.#signed, this.#header + TAIL);
  }

  /** What the producer took away since this reader began. Its own count: positions alone do not tell after 2^32. */
  get lost(): number {
    return this.#lost >= 0 ? this.#lost : this.#evicted() - this.#evictedBefore;
  }

  next(): Spike | undefined {
    return this.#take() ? this.#view : undefined;
  }

  drain(fn: (spike: Spike) => void, max = Infinity): number {
    checkMax(max);
    this.#sync();
    const end = this.#look();
    let count = 0;
    try {
      while (count < max && ((end - this.#position) | 0) > 0 && this.#take()) {
        count++;
        fn(this.#view);
      }
    } finally {
      expireSpike(this.#view);
    }
    return count;
  }

  get available(): number {
    this.#sync();
    return (this.#look() - this.#position) | 0;
  }

  close(): void {
    if (this.#lost >= 0) return;
    this.#lost = this.lost;
    this.#position = this.#head;
    expireSpike(this.#view);
    dropClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token);
    this.#onClose(this);
  }

  #take(): boolean {
    for (;;) {
      this.#sync();
      const position = this.#position;
      if (((this.#head - position) | 0) <= 0 && ((this.#look() - position) | 0) <= 0) {
        expireSpike(this.#view);
        return false;
      }
      copyWords(this.#words, (this.#slots + (position & this.#mask)) * 16, this.#copy, 0);
      const next = (position + 1) | 0;
      // SYNC axon-release: success means that the slot was ours while it was copied; the copy does not move behind it.
      if (Atomics.compareExchange(this.#signed, this.#header + TAIL, position, next) !== position) continue;
      this.#position = next;
      pointSpike(this.#view, 0);
      return true;
    }
  }

  // The producer may have moved the tail, by any distance. Then what was seen of the head says nothing any more.
  #sync(): void {
    if (this.#lost >= 0) throw new NeuronBusError('CLOSED');
    const tail = Atomics.load(this.#signed, this.#header + TAIL); // SYNC axon-release
    if (tail === this.#position) return;
    this.#position = tail;
    this.#look();
  }

  #look(): number {
    this.#head = Atomics.load(this.#signed, this.#header + HEAD); // SYNC axon-publish
    return this.#head;
  }
}
