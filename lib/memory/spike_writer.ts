// SPDX-License-Identifier: MIT
//
// Writes spikes into slots.
//
// Only the thread that claimed the slot, before it publishes it. A slot is named by `words`, a Uint32Array over the memory,
// and `at`, its byte offset / 64. Whoever writes a header and then fails at the payload (it does not fit, the arena is full)
// has changed nothing but a slot that nobody can see yet. Slots are not read back; payload.ts says why.

import { type ArenaPort, type ArenaRef, arenaTarget } from './arena.js';
import { invalidArgument, NeuronBusError } from './errors.js';
import { BROADCAST, INLINE_BYTES, LENGTH_ARENA } from './layout.js';
import { Frame } from './message_frame.js';
import { encodeBytes, encodeLongText, encodeText, TOO_LONG, textBytes } from './payload.js';
import { copySlot, longPayload, type Spike, type SpikeInit } from './spike.js';

/** What a slot can carry beside its header. */
export type Payload = string | Uint8Array | Frame;

/** Everything but the payload, whose length becomes 0. Arguments are not checked; the stamp is ns in two 32-bit halves. */
export function writeHeader(
  words: Uint32Array,
  at: number,
  stampLow: number,
  stampHigh: number,
  sequence: number,
  source: number,
  target: number,
  type: number,
  priority: number,
): void {
  const w = at * 16;
  words[w] = stampLow;
  words[w + 1] = stampHigh;
  words[w + 2] = sequence;
  words[w + 3] = source | (target << 16);
  words[w + 4] = type | (priority << 8);
}

/**
 * The payload. `w` is the index of the slot's fifth word (16 * at + 4), `low` its type | priority << 8; returns what that
 * word is now. What does not fit into 46 bytes goes to the arena, if there is one.
 * ERR_NB_INVALID_ARGUMENT, ERR_NB_TOO_LARGE, ERR_NB_ARENA_FULL.
 */
export function writeBody(
  words: Uint32Array,
  w: number,
  low: number,
  payload: Payload,
  arena: ArenaPort | null,
): number {
  if (typeof payload === 'string') {
    const head = encodeText(words, w, low, payload);
    return head === TOO_LONG ? writeLong(words, w, low, payload, textBytes(payload), arena) : head;
  }
  // That it has no length is seen sooner than that it is no array of bytes.
  if ((payload as { length?: number } | null)?.length === undefined) {
    return writeFrame(words, w, low, payload as Frame, arena);
  }
  if (payload instanceof Uint8Array) {
    const n = payload.length;
    if (n > INLINE_BYTES) return writeLong(words, w, low, payload, n, arena);
    return encodeBytes(words, w, low, payload);
  }
  throw refusal(payload);
}

function writeFrame(
  words: Uint32Array,
  w: number,
  low: number,
  frame: Frame,
  arena: ArenaPort | null,
): number {
  if (!(frame instanceof Frame)) throw refusal(frame);
  const head = frame.writeShort(words, w, low);
  if (head !== TOO_LONG) return head;
  const { value } = frame;
  const n = typeof value === 'string' ? textBytes(value) : value.length;
  const long = writeLong(words, w, low, value, n, arena);
  frame.writeBehindReference(words, w);
  frame.bytes = n;
  return long;
}

function refusal(payload: unknown): NeuronBusError {
  return invalidArgument('payload', payload, 'a string or a Uint8Array');
}

/**
 * A whole spike from what a user wrote. Every field is checked. `source` and `sequence` are the defaults of the caller.
 * ERR_NB_INVALID_ARGUMENT, ERR_NB_TOO_LARGE, ERR_NB_ARENA_FULL.
 */
export function writeInit(
  words: Uint32Array,
  at: number,
  stampLow: number,
  stampHigh: number,
  sequence: number,
  source: number,
  init: SpikeInit,
  arena: ArenaPort | null,
): void {
  const { target = BROADCAST, type = 0, priority = 0, payload, json } = init;
  checkTarget(target);
  checkType(type);
  checkPriority(priority);
  if (init.sequence !== undefined) sequence = checkSequence(init.sequence);
  writeHeader(words, at, stampLow, stampHigh, sequence, source, target, type, priority);
  if (payload !== undefined) {
    if (json !== undefined) throw invalidArgument('json', json, 'left out when payload is given');
    writeBody(words, at * 16 + 4, type | (priority << 8), payload, arena);
  } else if (json !== undefined) {
    writeBody(words, at * 16 + 4, type | (priority << 8), jsonText(json), arena);
  }
}

/**
 * Target, type, priority and payload of an existing spike, under a new stamp, sequence and source.
 * ERR_NB_STALE_SPIKE, ERR_NB_STALE_REFERENCE, ERR_NB_TOO_LARGE, ERR_NB_ARENA_FULL.
 */
export function writeCopy(
  words: Uint32Array,
  at: number,
  stampLow: number,
  stampHigh: number,
  sequence: number,
  source: number,
  spike: Spike,
  arena: ArenaPort | null,
): void {
  const long = longPayload(spike);
  const { target, type, priority } = spike;
  if (long === null) copySlot(spike, words, at);
  const w = at * 16;
  words[w] = stampLow;
  words[w + 1] = stampHigh;
  words[w + 2] = sequence;
  words[w + 3] = source | (target << 16);
  if (long !== null) writeLong(words, w + 4, type | (priority << 8), long, long.length, arena);
}

/** The text that stands for a value. ERR_NB_INVALID_ARGUMENT, which names the argument, for what JSON cannot say. */
export function jsonText(value: unknown, argument: string = 'json'): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new NeuronBusError('INVALID_ARGUMENT', `${argument} cannot be turned into JSON`, { cause });
  }
  if (text === undefined) throw invalidArgument(argument, value, 'a value that JSON can express');
  return text;
}

export function checkTarget(value: number): number {
  if ((value & 0xffff) !== value || value === 0xfffe) {
    throw invalidArgument('target', value, 'a neuron id (an integer from 0 to 65533) or BROADCAST');
  }
  return value;
}

export function checkSource(value: number): number {
  if ((value & 0xffff) !== value || value >= 0xfffe) {
    throw invalidArgument('source', value, 'a neuron id (an integer from 0 to 65533)');
  }
  return value;
}

export function checkType(value: number): number {
  if (value !== 0 && value !== 1 && value !== 2) {
    throw invalidArgument('type', value, 'SpikeType.Excitatory, Inhibitory or Modulatory');
  }
  return value;
}

export function checkPriority(value: number): number {
  if ((value & 0xff) !== value) throw invalidArgument('priority', value, 'an integer from 0 to 255');
  return value;
}

export function checkSequence(value: number): number {
  if (value >>> 0 !== value) throw invalidArgument('sequence', value, 'an integer from 0 to 4294967295');
  return value;
}

export function checkTimestamp(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalidArgument('timestamp', value, 'a whole number of ns, 0 or more');
  return value;
}

// Length 63 and, in place of the payload, where it is.
function writeLong(
  words: Uint32Array,
  w: number,
  low: number,
  payload: string | Uint8Array,
  length: number,
  arena: ArenaPort | null,
): number {
  if (arena === null) {
    throw new NeuronBusError('TOO_LARGE', `The payload has ${length} bytes, and ${INLINE_BYTES} fit here`);
  }
  const ref: ArenaRef = arena.allocate(length);
  const target = arenaTarget(arena.memory, ref);
  if (typeof payload === 'string') encodeLongText(target, payload);
  else target.set(payload);
  const head = low | (LENGTH_ARENA << 2) | (ref.grain << 16);
  words[w] = head;
  words[w + 1] = (ref.grain >>> 16) | (ref.generation << 16);
  words[w + 2] = (ref.generation >>> 16) | (ref.length << 16);
  words[w + 3] = (ref.length >>> 16) | (ref.owner << 16);
  words[w + 4] = ref.owner >>> 16;
  return head;
}
