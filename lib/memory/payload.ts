// SPDX-License-Identifier: MIT
//
// Text and bytes into and out of the 46 payload bytes of a slot.
//
// Any thread that owns the slot. `words` is a Uint32Array over the mapping and `w` the index of the word at byte 16 of the
// slot, which holds kind, priority and the first two payload bytes; the other 44 bytes fill the eleven words after it.
// Short text is packed and unpacked four characters to a word right here, because a call into the runtime's encoders costs
// more than the work; long or non-ASCII text takes them, by way of a scratch buffer.
//
// Slots are written, never read back: the reader's core asks for lines just ahead of the producer, and whenever it takes one
// from which the producer has read, the producer's pipeline starts over. That halves the throughput between two cores.

import { Buffer } from 'node:buffer';
import { INLINE_BYTES } from './layout.js';

const PACKED_MAX = 24; // characters; above this the runtime's encoder wins
const UNPACKED_MAX = 16; // likewise, for its decoder
const LOOPED_MAX = 20; // bytes; above this TypedArray.set wins

const scratch = new ArrayBuffer(48);
const scratchWords = new Uint32Array(scratch);
const scratchPayload = new Uint8Array(scratch, 2, INLINE_BYTES);
const scratchText = Buffer.from(scratch);
const encoder = new TextEncoder();
const fromCharCode = String.fromCharCode;

/** What encodeText() returns for a text of more bytes than there is room. No slot has this word: its length would be 63. */
export const TOO_LONG = -1;

/**
 * Writes `text` as UTF-8, of at most `room` bytes. `low` is type and priority, the rest of the word at `w`; returns that word as
 * it was written. After TOO_LONG nothing useful is in the slot.
 */
export function encodeText(
  words: Uint32Array,
  w: number,
  low: number,
  text: string,
  room: number = INLINE_BYTES,
): number {
  const n = text.length;
  if (n > PACKED_MAX) return n > room ? TOO_LONG : encodeByRuntime(words, w, low, text, room);
  let all = 0;
  let first = 0;
  if (n > 1) {
    const a = text.charCodeAt(0);
    const b = text.charCodeAt(1);
    all = a | b;
    first = (a << 16) | (b << 24);
  } else if (n === 1) {
    all = text.charCodeAt(0);
    first = all << 16;
  }
  let word = w;
  let i = 2;
  for (; i + 4 <= n; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    all |= a | b | c | d;
    words[++word] = a | (b << 8) | (c << 16) | (d << 24);
  }
  if (i < n) {
    let rest = 0;
    for (let shift = 0; i < n; i++, shift += 8) {
      const a = text.charCodeAt(i);
      all |= a;
      rest |= a << shift;
    }
    words[++word] = rest;
  }
  if (all >= 0x80) return encodeByRuntime(words, w, low, text, room);
  const head = low | (n << 2) | first;
  words[w] = head;
  return head;
}

function encodeByRuntime(words: Uint32Array, w: number, low: number, text: string, room: number): number {
  const { read, written } = encoder.encodeInto(text, scratchPayload);
  return read < text.length || written > room ? TOO_LONG : fromScratch(words, w, low, written);
}

/** Writes at most 46 bytes; otherwise as encodeText(). */
export function encodeBytes(words: Uint32Array, w: number, low: number, bytes: Uint8Array): number {
  const n = bytes.length;
  if (n <= LOOPED_MAX) for (let i = 0; i < n; i++) scratchPayload[i] = bytes[i];
  else scratchPayload.set(bytes);
  return fromScratch(words, w, low, n);
}

/** The first `n` (0..46) payload bytes as text. Bytes that are not UTF-8 become U+FFFD. */
export function decodeText(words: Uint32Array, w: number, n: number): string {
  const last = (n + 1) >> 2; // the word of the last payload byte
  let all = 0;
  let word = words[w] & 0xffff0000;
  scratchWords[0] = word;
  for (let i = 1; i <= last; i++) {
    all |= word;
    word = words[w + i];
    scratchWords[i] = word;
  }
  const used = n + 2 - last * 4; // bytes of that word that are payload, or before it
  all |= used === 4 ? word : word & ((1 << (used * 8)) - 1);
  const ascii = (all & 0x80808080) === 0;
  if (ascii && n <= UNPACKED_MAX) return n === 0 ? '' : unpack(scratchPayload, n);
  return scratchText.toString(ascii ? 'latin1' : 'utf8', 2, 2 + n);
}

/** Bytes of any length as text. */
export function decodeLongText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Bytes of `text` as UTF-8. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Fills `target`, which has textBytes(text) bytes. */
export function encodeLongText(target: Uint8Array, text: string): void {
  encoder.encodeInto(text, target);
}

function fromScratch(words: Uint32Array, w: number, low: number, n: number): number {
  const count = (n + 1) >> 2;
  for (let i = 1; i <= count; i++) words[w + i] = scratchWords[i];
  const head = low | (n << 2) | (scratchWords[0] & 0xffff0000);
  words[w] = head;
  return head;
}

// One call of fromCharCode with all characters: several, or an argument array, cost two to five times as much.
// biome-ignore format: a table
function unpack(u: Uint8Array, n: number): string {
  switch (n) {
    case 1: return fromCharCode(u[0]);
    case 2: return fromCharCode(u[0], u[1]);
    case 3: return fromCharCode(u[0], u[1], u[2]);
    case 4: return fromCharCode(u[0], u[1], u[2], u[3]);
    case 5: return fromCharCode(u[0], u[1], u[2], u[3], u[4]);
    case 6: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5]);
    case 7: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6]);
    case 8: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7]);
    case 9: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8]);
    case 10: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9]);
    case 11: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10]);
    case 12: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11]);
    case 13: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
      u[12]);
    case 14: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
      u[12], u[13]);
    case 15: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
      u[12], u[13], u[14]);
    default: return fromCharCode(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
      u[12], u[13], u[14], u[15]);
  }
}
