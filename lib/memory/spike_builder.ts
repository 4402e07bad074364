// SPDX-License-Identifier: MIT
//
// Builds spikes field by field, each checked where it is set.
//
// Any thread, each with its own builder. A builder can be used again; what it built does not change.

import { invalidArgument } from './errors.js';
import { BROADCAST, INLINE_BYTES, LENGTH_ARENA } from './layout.js';
import { encodeBytes, encodeText, TOO_LONG } from './payload.js';
import { ownSpike, type Spike, type SpikeType } from './spike.js';
import {
  checkPriority,
  checkSequence,
  checkSource,
  checkTarget,
  checkTimestamp,
  checkType,
  jsonText,
  writeHeader,
} from './spike_writer.js';

const encoder = new TextEncoder();

export class SpikeBuilder {
  #source = 0;
  #target: number = BROADCAST;
  #type = 0;
  #priority = 0;
  #sequence = 0;
  #timestamp = 0;
  #payload: string | Uint8Array | undefined;
  readonly #words = new Uint32Array(16);

  /** Neuron id; left out: BROADCAST. */
  target(target: number): this {
    this.#target = checkTarget(target);
    return this;
  }

  /** Left out: Excitatory. */
  type(type: SpikeType): this {
    this.#type = checkType(type);
    return this;
  }

  /** 0..255; left out: 0. */
  priority(priority: number): this {
    this.#priority = checkPriority(priority);
    return this;
  }

  /** Left out: 0. */
  sequence(sequence: number): this {
    this.#sequence = checkSequence(sequence);
    return this;
  }

  /** Neuron id of the sender. A bus replaces it by the neuron that fires; an Axon keeps it. Left out: 0. */
  source(source: number): this {
    this.#source = checkSource(source);
    return this;
  }

  /** ns on the base of `clock`. A bus replaces it by the time of firing; an Axon keeps it. Left out: 0. */
  timestamp(ns: number): this {
    this.#timestamp = checkTimestamp(ns);
    return this;
  }

  /** Text (sent as UTF-8) or bytes (read when build() is called). Replaces what json() set. */
  payload(payload: string | Uint8Array): this {
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
      throw invalidArgument('payload', payload, 'a string or a Uint8Array');
    }
    this.#payload = payload;
    return this;
  }

  /** Any value that JSON can express, sent as text. Replaces what payload() set. */
  json(value: unknown): this {
    this.#payload = jsonText(value);
    return this;
  }

  build(): Spike {
    const words = this.#words.fill(0);
    const high = Math.floor(this.#timestamp / 4294967296);
    writeHeader(
      words,
      0,
      this.#timestamp,
      high,
      this.#sequence,
      this.#source,
      this.#target,
      this.#type,
      this.#priority,
    );
    return ownSpike(words, 0, this.#fillPayload(words));
  }

  // Writes what fits into the slot; a longer payload is returned instead.
  #fillPayload(words: Uint32Array): Uint8Array | null {
    const payload = this.#payload;
    const low = this.#type | (this.#priority << 8);
    if (payload === undefined) return null;
    if (typeof payload === 'string') {
      if (encodeText(words, 4, low, payload) !== TOO_LONG) return null;
    } else if (payload.length <= INLINE_BYTES) {
      encodeBytes(words, 4, low, payload);
      return null;
    }
    words.fill(0, 5);
    words[4] = low | (LENGTH_ARENA << 2);
    return typeof payload === 'string' ? encoder.encode(payload) : payload.slice();
  }
}
