// SPDX-License-Identifier: MIT
//
// An observing end of a ring: reads along without slowing anybody, and says exactly how many spikes it was too slow for.
//
// One thread: the one that made it; any number of observers. Spikes are copied out, a few at a time, and handed out only if
// the producer had not announced, until after the copy, that it would write to their slots. So nothing torn or wrong is ever
// handed out.

import { type AxonReader, checkMax } from './axon_reader.js';
import { type AxonPlace, fence, readCursor } from './cursor.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import { copyWords, expireSpike, pointSpike, type Spike, viewSpike } from './spike.js';

/** Spikes copied at a time: the check after the copy costs more than the copy of one. */
const COPIES = 16;
/** From this many on, TypedArray.set is faster than word by word. */
const BULK = 4;

const HEAD = L.AXON_HEAD >> 2;
const INTENT = L.AXON_INTENT >> 2;

export class AxonObserver implements AxonReader {
  readonly #words: Uint32Array;
  readonly #header: number;
  readonly #slots: number;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #copies = new Uint32Array((COPIES * L.SPIKE_BYTES) / 4);
  readonly #view: Spike;
  // Positions are whole 63-bit positions, so that one who slept for more than 2^32 spikes counts right; exact below 2^53.
  #position: number; // the next to hand out
  #first = 0; // of the copies
  #end = 0; // the copies from #position to here are good
  #head: number; // as last seen
  #lost = 0;
  #closed = false;
  readonly #onClose: (reader: AxonReader) => void;

  /** Starts at the head, to see what is published from now on, or at position `from`. */
  constructor(place: AxonPlace, onClose: (reader: AxonReader) => void, from?: number) {
    this.#onClose = onClose;
    this.#words = place.memory.u32;
    this.#header = place.header;
    this.#slots = place.slots;
    this.#capacity = place.capacity;
    this.#mask = place.capacity - 1;
    this.#view = viewSpike(this.#copies, -1, place.memory);
    this.#head = readCursor(this.#words, this.#header + HEAD);
    this.#position = from ?? this.#head;
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
      while (count < max && this.#position < end && this.#take()) {
        count++;
        fn(this.#view);
      }
    } finally {
      expireSpike(this.#view);
    }
    return count;
  }

  /** Spikes between this observer and the head; some of them may be lost by the time they are read. */
  get available(): number {
    return this.#look() - this.#position;
  }

  close(): void {
    this.#closed = true;
    this.#position = this.#end = this.#head;
    expireSpike(this.#view);
    this.#onClose(this);
  }

  #take(): boolean {
    if (this.#position >= this.#end && !this.#copy()) {
      expireSpike(this.#view);
      return false;
    }
    pointSpike(this.#view, this.#position++ - this.#first);
    return true;
  }

  // Copies what comes next; false when there is nothing.
  #copy(): boolean {
    for (let lapped = 0; ; lapped++) {
      const first = this.#position;
      const end = Math.min(this.#look(), first + Math.min(COPIES, this.#capacity));
      if (first >= end) return false;
      this.#read(first & this.#mask, end - first);
      fence();
      const safe = readCursor(this.#words, this.#header + INTENT) - this.#capacity; // SYNC axon-intent
      if (safe < end) {
        this.#first = first;
        this.#end = end;
        this.#skip(Math.max(first, safe));
        return true;
      }
      // On to the oldest spike that is still there; lapped again at once, well ahead of it.
      const head = this.#look();
      this.#skip(Math.min(lapped === 0 ? safe : Math.floor((safe + head) / 2), head));
    }
  }

  // Copies `count` slots from `index` on to the front of the copies, around the end of the ring if need be.
  #read(index: number, count: number): void {
    const words = this.#words;
    if (count < BULK) {
      for (let i = 0; i < count; i++) {
        copyWords(words, (this.#slots + ((index + i) & this.#mask)) * 16, this.#copies, i * 16);
      }
      return;
    }
    const straight = Math.min(count, this.#capacity - index);
    const { buffer } = words;
    this.#copies.set(new Uint32Array(buffer, (this.#slots + index) * L.SPIKE_BYTES, straight * 16));
    if (straight < count) {
      const rest = new Uint32Array(buffer, this.#slots * L.SPIKE_BYTES, (count - straight) * 16);
      this.#copies.set(rest, straight * 16);
    }
  }

  #skip(target: number): void {
    this.#lost += target - this.#position;
    this.#position = target;
  }

  #look(): number {
    if (this.#closed) throw new NeuronBusError('CLOSED');
    this.#head = readCursor(this.#words, this.#header + HEAD); // SYNC axon-publish
    return this.#head;
  }
}
