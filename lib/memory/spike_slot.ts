// SPDX-License-Identifier: MIT
//
// A slot that is being written: what publishWith() hands to its callback.
//
// Only inside the callback, on the thread that called. One object serves all slots and allocates nothing.

import { NeuronBusError } from './errors.js';
import { BROADCAST, TYPE_MASK } from './layout.js';
import type { SpikeType } from './spike.js';
import {
  checkPriority,
  checkSequence,
  checkSource,
  checkTarget,
  checkTimestamp,
  checkType,
  LENGTH_BITS,
  writeHeader,
  writePayload,
} from './spike_writer.js';

/** @internal Makes the slot write to `at` (byte offset / 64), its header cleared. */
export let beginSlot: (slot: SpikeSlot, at: number, sequence: number) => void;

/** @internal From now on every setter throws. */
export let endSlot: (slot: SpikeSlot) => void;

/**
 * Write-only. What is not set is 0; the target BROADCAST, the sequence the spike's position in the axon.
 * Setters throw ERR_NB_INVALID_ARGUMENT, and ERR_NB_STALE_SPIKE outside the callback.
 */
export class SpikeSlot {
  readonly #words: Uint32Array;
  #at = -1;

  /** @internal */
  constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** Neuron id of the sender. */
  set source(value: number) {
    const w = this.#word(3);
    this.#words[w] = (this.#words[w] & 0xffff0000) | checkSource(value);
  }

  /** Neuron id, or BROADCAST. */
  set target(value: number) {
    const w = this.#word(3);
    this.#words[w] = (this.#words[w] & 0xffff) | (checkTarget(value) << 16);
  }

  set type(value: SpikeType) {
    const w = this.#word(4);
    this.#words[w] = (this.#words[w] & ~TYPE_MASK) | checkType(value);
  }

  /** 0..255 */
  set priority(value: number) {
    const w = this.#word(4);
    this.#words[w] = (this.#words[w] & 0xffff00ff) | (checkPriority(value) << 8);
  }

  set sequence(value: number) {
    this.#words[this.#word(2)] = checkSequence(value);
  }

  /** ns, on the base of `clock`. */
  set timestamp(value: number) {
    const w = this.#word(0);
    this.#words[w] = checkTimestamp(value);
    this.#words[w + 1] = value / 4294967296;
  }

  /** Text (sent as UTF-8) or bytes: at most 46 bytes, ERR_NB_TOO_LARGE. */
  set payload(value: string | Uint8Array) {
    this.#words[this.#word(4)] &= ~LENGTH_BITS;
    writePayload(this.#words, this.#at, value, null);
  }

  #word(index: number): number {
    if (this.#at < 0)
      throw new NeuronBusError('STALE_SPIKE', 'A slot can be written only inside publishWith()');
    return this.#at * 16 + index;
  }

  static {
    beginSlot = (slot, at, sequence) => {
      slot.#at = at;
      writeHeader(slot.#words, at, 0, 0, sequence, 0, BROADCAST, 0, 0);
    };
    endSlot = (slot) => {
      slot.#at = -1;
    };
  }
}
