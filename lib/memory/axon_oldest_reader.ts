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
  // Positions are 32-bit integers that wrap.
  #position: number; // where the tail was left
  #head: number; // as last seen
  #lost = 0;
  #closed = false;

  /** ERR_NB_READER_TAKEN */
  constructor(place: AxonPlace) {
    this.#words = place.memory.u32;
    this.#signed = place.memory.i32;
    this.#header = place.header;
    this.#slots = place.slots;
    this.#mask = place.capacity - 1;
    takeClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token, 'READER_TAKEN');
    this.#view = viewSpike(this.#copy, -1, place.memory);
    this.#position = this.#head = Atomics.load(this.#signed, this.#header + TAIL);
  }

  get lost(): number {
    return this.#lost;
  }

  next(): Spike | undefined {
    return this.#take() ? this.#view : undefined;
  }

  drain(fn: (spike: Spike) => void, max = Infinity): number {
    checkMax(max);
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
    const head = this.#look();
    return (head - Atomics.load(this.#signed, this.#header + TAIL)) | 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#position = this.#head;
    expireSpike(this.#view);
    dropClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token);
  }

  #take(): boolean {
    for (;;) {
      const position = this.#position;
      if (((this.#head - position) | 0) <= 0 && ((this.#look() - position) | 0) <= 0) {
        expireSpike(this.#view);
        return false;
      }
      copyWords(this.#words, (this.#slots + (position & this.#mask)) * 16, this.#copy, 0);
      const next = (position + 1) | 0;
      // SYNC axon-release: success means that the slot was ours while it was copied; the copy does not move behind it.
      const seen = Atomics.compareExchange(this.#signed, this.#header + TAIL, position, next);
      if (seen === position) {
        this.#position = next;
        pointSpike(this.#view, 0);
        return true;
      }
      this.#lost += (seen - position) | 0;
      this.#position = seen;
    }
  }

  #look(): number {
    if (this.#closed) throw new NeuronBusError('CLOSED');
    this.#head = Atomics.load(this.#signed, this.#header + HEAD); // SYNC axon-publish
    return this.#head;
  }
}
