// SPDX-License-Identifier: MIT
//
// A spike: a view of one 64-byte slot, read in place, or of a slot of its own.
//
// Any thread, each with its own objects. A received spike is valid until the handler returns (or until the next call on the
// reader that handed it out); clone() gives one that stays. Nothing here allocates except bytes(), text(), json(), clone().

import { type ArenaRef, arenaBytes, arenaCopy } from './arena.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import type { Memory } from './memory.js';
import { decodeLongText, decodeText } from './payload.js';

/** Kinds of spikes. Message: it carries what send(), request() and their answers say; taps show such spikes, nobody fires them. */
export const SpikeType = { Excitatory: 0, Inhibitory: 1, Modulatory: 2, Message: 3 } as const;
export type SpikeType = (typeof SpikeType)[keyof typeof SpikeType];

/** Target of a spike that is meant for every neuron with a synapse from its source. */
export const BROADCAST: 0xffff = L.BROADCAST;

/** What a spike is made of. `payload` and `json` exclude each other. */
export interface SpikeInit {
  /** Neuron id; left out: BROADCAST. */
  target?: number;
  /** Left out: Excitatory. */
  type?: SpikeType;
  /** 0..255; left out: 0. */
  priority?: number;
  /** Left out: counted by the bus per source. */
  sequence?: number;
  payload?: string | Uint8Array;
  json?: unknown;
}

// Slots of owned spikes come from slabs of 8 KB, the size of Node's own buffer pool: a slab lives while one of its spikes
// does, so a larger one would keep more memory for a single kept clone.
const SLAB_SLOTS = 128;
const NO_WORDS = new Uint32Array(0);
/** In place of a long payload that was gone when the spike was copied. */
const GONE = new Uint8Array(0);
let slab: Uint32Array = new Uint32Array(0);
let slabUsed = SLAB_SLOTS;

/** @internal A view of slot `at` (byte offset / 64) of `words`. `memory` holds its long payload, if it has one. */
export let viewSpike: (words: Uint32Array, at: number, memory: Memory | null) => Spike;

/** @internal Makes an existing view show another slot of the same words. */
export let pointSpike: (spike: Spike, at: number) => void;

/** @internal From now on every accessor throws ERR_NB_STALE_SPIKE. */
export let expireSpike: (spike: Spike) => void;

/** @internal A spike over a slot of its own, copied from slot `at` of `words`. `long`: its payload of over 46 bytes. */
export let ownSpike: (words: Uint32Array, at: number, long: Uint8Array | null) => Spike;

/**
 * @internal A copy like clone(), made by somebody who holds no reference on a payload in the arena: if that is gone, the copy
 * throws ERR_NB_STALE_REFERENCE when the payload is read, and all else of it is good.
 */
export let salvageSpike: (spike: Spike) => Spike;

/** @internal Copies the 64 bytes of a spike to slot `at` of `words`; a long payload stays where it is. */
export let copySlot: (spike: Spike, words: Uint32Array, at: number) => void;

/** @internal The payload bytes when they are outside the slot, else null. */
export let longPayload: (spike: Spike) => Uint8Array | null;

export class Spike {
  readonly #words: Uint32Array = NO_WORDS;
  readonly #memory: Memory | null;
  readonly #long: Uint8Array | null;
  #at = -1;

  private constructor(words: Uint32Array, at: number, memory: Memory | null, long: Uint8Array | null) {
    this.#words = words;
    this.#memory = memory;
    this.#long = long;
    this.#at = at;
  }

  /** Neuron id of the sender. */
  get source(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    return this.#words[at * 16 + 3] & 0xffff;
  }

  /** Neuron id of the receiver, or BROADCAST. */
  get target(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    return this.#words[at * 16 + 3] >>> 16;
  }

  get type(): SpikeType {
    const at = this.#at;
    if (at < 0) throw stale();
    return (this.#words[at * 16 + 4] & L.TYPE_MASK) as SpikeType;
  }

  /** 0..255 */
  get priority(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    return (this.#words[at * 16 + 4] >>> 8) & 0xff;
  }

  /** Counted per source, modulo 2^32. */
  get sequence(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    return this.#words[at * 16 + 2];
  }

  /** When it was fired: ns, on the base of `clock`. */
  get timestamp(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    return this.#words[at * 16 + 1] * 4294967296 + this.#words[at * 16];
  }

  /** Bytes of the payload. */
  get length(): number {
    const at = this.#at;
    if (at < 0) throw stale();
    const n = (this.#words[at * 16 + 4] >>> 2) & 63;
    if (n <= L.INLINE_BYTES) return n;
    const long = this.#long;
    return long !== null && long !== GONE ? long.length : payloadWord(this.#words, at, L.ARENA_REF_LENGTH);
  }

  /**
   * The payload in place: valid as long as this spike, so nothing for an asynchronous API; slice() it or clone().
   * ERR_NB_STALE_REFERENCE, ERR_NB_BAD_PAYLOAD.
   */
  bytes(): Uint8Array {
    const at = this.#at;
    if (at < 0) throw stale();
    const n = (this.#words[at * 16 + 4] >>> 2) & 63;
    if (n > L.INLINE_BYTES) return this.#longBytes(at, n);
    return new Uint8Array(this.#words.buffer, at * L.SPIKE_BYTES + L.SPIKE_PAYLOAD, n);
  }

  /** The payload as UTF-8; bytes that are not become U+FFFD. ERR_NB_STALE_REFERENCE, ERR_NB_BAD_PAYLOAD. */
  text(): string {
    const at = this.#at;
    if (at < 0) throw stale();
    const words = this.#words;
    const n = (words[at * 16 + 4] >>> 2) & 63;
    if (n > L.INLINE_BYTES) return decodeLongText(this.#longBytes(at, n));
    return decodeText(words, at * 16 + 4, n);
  }

  /** The payload as JSON. ERR_NB_BAD_PAYLOAD, with the parser's error as cause. */
  // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse(), so that a field can be read without a cast
  json<T = any>(): T {
    const text = this.text();
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new NeuronBusError('BAD_PAYLOAD', `The payload (${this.length} bytes) is not JSON`, { cause });
    }
  }

  /** A spike that stays valid, with a copy of the whole payload. */
  clone(): Spike {
    const long = longPayload(this);
    return ownSpike(this.#words, this.#at, long === null ? null : long.slice());
  }

  /** What console.log and JSON.stringify show. */
  toJSON(): Record<string, unknown> {
    if (this.#at < 0) return { stale: true };
    const { source, target, type, priority, sequence, timestamp, length } = this;
    return { source, target, type, priority, sequence, timestamp, length };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): Record<string, unknown> {
    return { ...this.toJSON() };
  }

  #longBytes(at: number, n: number): Uint8Array {
    if (this.#long === GONE) throw new NeuronBusError('STALE_REFERENCE');
    if (this.#long !== null) return this.#long;
    if (n !== L.LENGTH_ARENA || this.#memory === null) {
      throw new NeuronBusError('BAD_PAYLOAD', `The slot says ${n} payload bytes, more than fit`);
    }
    return arenaBytes(this.#memory, referenceAt(this.#words, at));
  }

  static {
    viewSpike = (words, at, memory) => new Spike(words, at, memory, null);
    pointSpike = (spike, at) => {
      spike.#at = at;
    };
    expireSpike = (spike) => {
      spike.#at = -1;
    };
    ownSpike = (words, at, long) => {
      if (slabUsed === SLAB_SLOTS) {
        slab = new Uint32Array(SLAB_SLOTS * 16);
        slabUsed = 0;
      }
      copyWords(words, at * 16, slab, slabUsed * 16);
      return new Spike(slab, slabUsed++, null, long);
    };
    salvageSpike = (spike) => {
      if (spike.#at < 0) throw stale();
      const reference = longReference(spike.#words, spike.#at);
      const inArena = reference !== undefined && spike.#long === null && spike.#memory !== null;
      const long = inArena ? (arenaCopy(spike.#memory, reference) ?? GONE) : spike.#long;
      return ownSpike(spike.#words, spike.#at, long);
    };
    copySlot = (spike, words, at) => {
      if (spike.#at < 0) throw stale();
      copyWords(spike.#words, spike.#at * 16, words, at * 16);
    };
    longPayload = (spike) => {
      const at = spike.#at;
      if (at < 0) throw stale();
      const n = (spike.#words[at * 16 + 4] >>> 2) & 63;
      return n > L.INLINE_BYTES ? spike.#longBytes(at, n) : null;
    };
  }
}

/** @internal Copies the sixteen words of a slot. Unrolled: half the time of a loop. */
export function copyWords(from: Uint32Array, i: number, to: Uint32Array, j: number): void {
  to[j] = from[i];
  to[j + 1] = from[i + 1];
  to[j + 2] = from[i + 2];
  to[j + 3] = from[i + 3];
  to[j + 4] = from[i + 4];
  to[j + 5] = from[i + 5];
  to[j + 6] = from[i + 6];
  to[j + 7] = from[i + 7];
  to[j + 8] = from[i + 8];
  to[j + 9] = from[i + 9];
  to[j + 10] = from[i + 10];
  to[j + 11] = from[i + 11];
  to[j + 12] = from[i + 12];
  to[j + 13] = from[i + 13];
  to[j + 14] = from[i + 14];
  to[j + 15] = from[i + 15];
}

function stale(): NeuronBusError {
  return new NeuronBusError('STALE_SPIKE');
}

// The payload begins in the middle of a word, so a 32-bit field of it spans two words.
/** The reference in slot `at`; only for a slot whose length is LENGTH_ARENA. */
function referenceAt(words: Uint32Array, at: number): ArenaRef {
  return {
    grain: payloadWord(words, at, L.ARENA_REF_GRAIN),
    generation: payloadWord(words, at, L.ARENA_REF_GENERATION),
    length: payloadWord(words, at, L.ARENA_REF_LENGTH),
    owner: payloadWord(words, at, L.ARENA_REF_OWNER),
  };
}

/** @internal Where the payload of slot `at` (byte offset / 64) lies, if it is in the arena. */
export function longReference(words: Uint32Array, at: number): ArenaRef | undefined {
  const isLong = ((words[at * 16 + 4] >>> 2) & 63) === L.LENGTH_ARENA;
  return isLong ? referenceAt(words, at) : undefined;
}

function payloadWord(words: Uint32Array, at: number, byteOffset: number): number {
  const w = at * 16 + 4 + byteOffset / 4;
  return ((words[w] >>> 16) | (words[w + 1] << 16)) >>> 0;
}
