// SPDX-License-Identifier: MIT
//
// The gating end of a ring, for all modes in which the producer never overwrites an unread slot: spikes are read in place.
//
// One thread: the one that made the reader. A slot is given back to the producer by the next call after the one that handed
// it out, so what a spike shows stays until then.

import { type AxonPlace, claimToken, dropClaim, takeClaim } from './cursor.js';
import { invalidArgument, NeuronBusError } from './errors.js';
import * as L from './layout.js';
import { expireSpike, pointSpike, type Spike, viewSpike } from './spike.js';

/** Slots that drain() reads before it gives them back, because that costs an atomic store. */
const RELEASE_STRIDE = 256;

const HEAD = L.AXON_HEAD >> 2;
const TAIL = L.AXON_TAIL >> 2;

/** What reader() and observer() of an Axon give. Spikes that it hands out are valid until its next call. */
export interface AxonReader {
  /** The next spike, or undefined when there is none now. ERR_NB_CLOSED. */
  next(): Spike | undefined;
  /**
   * Hands out what is there when it is called, `max` spikes at most; returns how many. If `fn` throws, the spike it was
   * given is consumed and the others stay. ERR_NB_CLOSED.
   */
  drain(fn: (spike: Spike) => void, max?: number): number;
  /** Spikes that this reader was too slow for: 0 for the gating reader, unless the mode is drop-oldest. */
  readonly lost: number;
  /** Spikes that are there to be read. ERR_NB_CLOSED. */
  readonly available: number;
  /** Ends reading; the gating reader's place becomes free, unread spikes stay. May be called again. */
  close(): void;
}

export function checkMax(max: number): void {
  if (!(max >= 0)) throw invalidArgument('max', max, 'a number, 0 or more');
}

export class InPlaceReader implements AxonReader {
  readonly lost = 0;

  readonly #words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #header: number = 0;
  readonly #slots: number = 0;
  readonly #mask: number = 0;
  readonly #stride: number = 0;
  readonly #token = claimToken();
  readonly #view: Spike;
  // Positions are 32-bit integers that wrap.
  #position = 0; // the next to hand out
  #released = 0; // the producer may write below it + capacity
  #head = 0; // as last seen
  #closed = false;
  readonly #onClose: (reader: AxonReader) => void;

  /** ERR_NB_READER_TAKEN */
  constructor(place: AxonPlace, onClose: (reader: AxonReader) => void) {
    this.#onClose = onClose;
    this.#words = place.memory.u32;
    this.#signed = place.memory.i32;
    this.#header = place.header;
    this.#slots = place.slots;
    this.#mask = place.capacity - 1;
    this.#stride = Math.max(1, Math.min(RELEASE_STRIDE, place.capacity >> 2));
    takeClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token, 'READER_TAKEN');
    this.#view = viewSpike(this.#words, -1, place.memory);
    this.#position = this.#released = this.#head = Atomics.load(this.#signed, this.#header + TAIL);
  }

  next(): Spike | undefined {
    const position = this.#position;
    if (position !== this.#released) this.#release(position);
    if (position === this.#head && !this.#look()) {
      expireSpike(this.#view);
      return undefined;
    }
    this.#position = (position + 1) | 0;
    pointSpike(this.#view, this.#slots + (position & this.#mask));
    return this.#view;
  }

  drain(fn: (spike: Spike) => void, max = Infinity): number {
    checkMax(max);
    if (this.#position !== this.#released) this.#release(this.#position);
    if (((this.#head - this.#position) | 0) < max)
      this.#look(); // the line belongs to the producer: ask for it rarely
    else if (this.#closed) throw new NeuronBusError('CLOSED');
    const view = this.#view;
    const end = this.#head;
    let count = 0;
    try {
      // The fields are read again after each call of fn, which may itself read from, or close, this reader.
      while (count < max && ((end - this.#position) | 0) > 0) {
        const position = this.#position;
        this.#position = (position + 1) | 0;
        count++;
        pointSpike(view, this.#slots + (position & this.#mask));
        fn(view);
        if (((this.#position - this.#released) | 0) >= this.#stride) this.#release(this.#position);
      }
    } finally {
      expireSpike(view);
      if (this.#position !== this.#released) this.#release(this.#position);
    }
    return count;
  }

  get available(): number {
    this.#look();
    return (this.#head - this.#position) | 0;
  }

  /** Spikes handed out that still occupy their slots. */
  get held(): number {
    return (this.#position - this.#released) | 0;
  }

  close(): void {
    if (this.#closed) return;
    if (this.#position !== this.#released) this.#release(this.#position);
    this.#closed = true;
    this.#position = this.#released = this.#head;
    expireSpike(this.#view);
    dropClaim(this.#words, this.#header + (L.AXON_READER >> 2), this.#token);
    this.#onClose(this);
  }

  // Whether there is anything to read.
  #look(): boolean {
    if (this.#closed) throw new NeuronBusError('CLOSED');
    this.#head = Atomics.load(this.#signed, this.#header + HEAD); // SYNC axon-publish
    return this.#head !== this.#position;
  }

  #release(position: number): void {
    this.#released = position;
    Atomics.store(this.#signed, this.#header + TAIL, position); // SYNC axon-release
  }
}
