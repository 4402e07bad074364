// SPDX-License-Identifier: MIT
//
// A slot that is being written: what publishWith() hands to its callback.
//
// Only inside the callback, on the thread that called. One object serves all slots and allocates nothing.

import { NeuronBusError } from './errors.js';
import { BROADCAST, MAX_NEURONS, TYPE_MASK } from './layout.js';
import type { SpikeType } from './spike.js';
import {
  checkPriority,
  checkSequence,
  checkSource,
  checkTarget,
  checkTimestamp,
  checkType,
  writeBody,
} from './spike_writer.js';

const MAX_ID = MAX_NEURONS - 1;
const TO_ALL = BROADCAST << 16;
const NO_WORDS = new Uint32Array(0);
const LOW_BITS = 0xff00 | TYPE_MASK; // priority and type

/** @internal Makes the slot write to `at` (byte offset / 64), its header cleared. */
export let beginSlot: (slot: SpikeSlot, at: number, sequence: number) => void;

/** @internal From now on every setter throws. */
export let endSlot: (slot: SpikeSlot) => void;

/**
 * Write-only. What is not set is 0; the target BROADCAST, the sequence the spike's position in the axon.
 * Setters throw ERR_NB_INVALID_ARGUMENT, and ERR_NB_STALE_SPIKE outside the callback.
 */
export class SpikeSlot {
  readonly #words: Uint32Array = NO_WORDS;
  #w = -16; // index of its first word
  // The two words that several fields share, as last written: a slot is not read back, see payload.ts.
  #addresses = 0;
  #kinds = 0;

  /** @internal */
  constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** Neuron id of the sender. */
  set source(value: number) {
    const w = this.#w;
    if (w < 0 || value >>> 0 !== value || value > MAX_ID) this.#refuse(checkSource, value);
    this.#words[w | 3] = this.#addresses = (this.#addresses & 0xffff0000) | value;
  }

  /** Neuron id, or BROADCAST. */
  set target(value: number) {
    const w = this.#w;
    if (w < 0 || value >>> 0 !== value || value > MAX_ID) this.#refuse(checkTarget, value);
    this.#words[w | 3] = this.#addresses = (this.#addresses & 0xffff) | (value << 16);
  }

  set type(value: SpikeType) {
    const w = this.#w;
    if (w < 0 || (value !== 0 && value !== 1 && value !== 2)) this.#refuse(checkType, value);
    this.#words[w | 4] = this.#kinds = (this.#kinds & ~TYPE_MASK) | value;
  }

  /** 0..255 */
  set priority(value: number) {
    const w = this.#w;
    if (w < 0 || (value & 0xff) !== value) this.#refuse(checkPriority, value);
    this.#words[w | 4] = this.#kinds = (this.#kinds & 0xffff00ff) | (value << 8);
  }

  /** 0..4294967295 */
  set sequence(value: number) {
    const w = this.#w;
    if (w < 0 || value >>> 0 !== value) this.#refuse(checkSequence, value);
    this.#words[w | 2] = value;
  }

  /** ns, on the base of `clock`. */
  set timestamp(value: number) {
    const w = this.#w;
    if (w < 0) this.#refuse(checkTimestamp, value);
    this.#words[w] = checkTimestamp(value);
    this.#words[w | 1] = value / 4294967296;
  }

  /** Text (sent as UTF-8) or bytes: at most 46 bytes, ERR_NB_TOO_LARGE. */
  set payload(value: string | Uint8Array) {
    const w = this.#w;
    if (w < 0) this.#refuse(String, value);
    this.#kinds = writeBody(this.#words, w + 4, this.#kinds & LOW_BITS, value, null);
  }

  // Out of the way of the setters, which are small enough to be inlined. Returns for BROADCAST only.
  #refuse<T>(check: (value: T) => unknown, value: T): void {
    if (this.#w < 0) {
      throw new NeuronBusError('STALE_SPIKE', 'A slot can be written only inside publishWith()');
    }
    check(value);
  }

  static {
    beginSlot = (slot, at, sequence) => {
      const w = at << 4; // an axon ends below 2^31 words
      const words = slot.#words;
      slot.#w = w;
      slot.#addresses = TO_ALL;
      slot.#kinds = 0;
      words[w] = 0;
      words[w | 1] = 0;
      words[w | 2] = sequence | 0;
      words[w | 3] = TO_ALL;
      words[w | 4] = 0;
    };
    endSlot = (slot) => {
      slot.#w = -16;
    };
  }
}
