// SPDX-License-Identifier: MIT
//
// A message in a slot: sixteen bytes that say what it is and to which exchange it belongs, then a value. The bytes are drawn at
// NB_MESSAGE_* in layout.h.
//
// A frame is written like any payload, by the thread that claimed the slot, and read by the receiver before the slot is given
// back. One Frame object serves many messages.

import { arenaBytes } from './arena.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import type { Memory } from './memory.js';
import { decodeLongText, decodeText, encodeBytes, encodeText, TOO_LONG } from './payload.js';
import { longReference } from './spike.js';

const NO_VALUE = new Uint8Array(0);
/** Words from the one with the first payload byte to the same word of a header that follows an arena reference. */
const AFTER_REFERENCE = L.ARENA_REF_BYTES / 4;
/** Words from there to the one with the last two bytes of the header, after which the value begins. */
const TO_VALUE = L.MESSAGE_BYTES / 4;

export class Frame {
  /** MESSAGE_SEND .. */
  what = 0;
  flags = 0;
  exchange = 0;
  correlation = 0;
  /** As on the wire: units of 2^16 ns, or what an answer uses the field for. */
  deadline = 0;
  /** VALUE_TEXT .. */
  encoding = 0;
  /** The byte behind it: what the asker is used to. */
  scale = 0;
  /** Text and JSON as a string. */
  value: string | Uint8Array = '';
  /** Of the value, once it is written. */
  bytes = 0;

  /** Fills the slot whose fifth word is at `w`, as writeBody(), unless the value is too long for it: TOO_LONG. */
  writeShort(words: Uint32Array, w: number, low: number): number {
    const { value } = this;
    const tail = w + TO_VALUE;
    let written = TOO_LONG;
    if (typeof value === 'string') {
      written = encodeText(words, tail, this.encoding, value, L.MESSAGE_VALUE_BYTES);
    } else if (value.length <= L.MESSAGE_VALUE_BYTES) {
      written = encodeBytes(words, tail, this.encoding, value);
    }
    if (written === TOO_LONG) return TOO_LONG;
    if (this.scale !== 0) words[tail] |= this.scale << 8;
    this.bytes = (written >>> 2) & 63;
    return this.#writeHeader(words, w, low | ((L.MESSAGE_BYTES + this.bytes) << 2));
  }

  /** Everything but the value, behind the reference to it that is in the slot already. */
  writeBehindReference(words: Uint32Array, w: number): void {
    // The word has the last half of the reference, too: the high part of the number of a ganglion, which is 0.
    this.#writeHeader(words, w + AFTER_REFERENCE, 0);
    words[w + AFTER_REFERENCE + TO_VALUE] = this.encoding | (this.scale << 8);
  }

  /** What the message in slot `at` says of itself; its value is read with readValue(). */
  read(words: Uint32Array, at: number): this {
    const w = headerWord(words, at);
    const first = words[w] >>> 16;
    this.what = first & 0xff;
    this.flags = first >>> 8;
    this.exchange = words[w + 1];
    this.correlation = words[w + 2];
    this.deadline = words[w + 3] | 0; // a small integer
    const last = words[w + TO_VALUE];
    this.encoding = last & 3;
    this.scale = (last >>> 8) & 0xff;
    return this;
  }

  #writeHeader(words: Uint32Array, w: number, low: number): number {
    const head = low | (this.what << 16) | (this.flags << 24);
    words[w] = head;
    words[w + 1] = this.exchange;
    words[w + 2] = this.correlation;
    words[w + 3] = this.deadline;
    return head;
  }
}

/** The value of the message in slot `at`: text and JSON as a string, bytes as a copy. ERR_NB_STALE_REFERENCE, ERR_NB_BAD_PAYLOAD. */
export function readValue(words: Uint32Array, at: number, memory: Memory): string | Uint8Array {
  const w = headerWord(words, at) + TO_VALUE;
  const asBytes = (words[w] & 3) === L.VALUE_BYTES;
  const reference = longReference(words, at);
  if (reference !== undefined) {
    const bytes = arenaBytes(memory, reference);
    return asBytes ? bytes.slice() : decodeLongText(bytes);
  }
  const n = (words[w] >>> 2) & 63;
  if (n > L.MESSAGE_VALUE_BYTES) throw new NeuronBusError('BAD_PAYLOAD', `A message of ${n} bytes in a slot`);
  if (!asBytes) return decodeText(words, w, n);
  if (n === 0) return NO_VALUE;
  const begin = w * 4 + 2;
  return new Uint8Array(words.buffer, words.byteOffset + begin, n).slice();
}

function headerWord(words: Uint32Array, at: number): number {
  const w = at * 16 + 4;
  return ((words[w] >>> 2) & 63) === L.LENGTH_ARENA ? w + AFTER_REFERENCE : w;
}
