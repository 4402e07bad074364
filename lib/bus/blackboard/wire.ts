// SPDX-License-Identifier: MIT
//
// What a blackboard and its users say to each other: one line of JSON, then bytes. Pure functions, any thread.
//
// JSON writes control characters, quotes and lone surrogates of a key as escapes, so the first line feed ends the line. Values
// come behind it as they are: their owner never looks into them.

import { Buffer } from 'node:buffer';
import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import { VALUE_JSON } from '../../memory/layout.js';
import { Frame } from '../../memory/message_frame.js';
import { jsonText } from '../../memory/spike_writer.js';
import { ChannelValue } from '../messages/channel.js';
import { putValue } from '../messages/value.js';

/** The capability by which the one blackboard of a bus is found. */
export const BLACKBOARD = 'neuronbus/blackboard';

/** A text or bytes; 'a' and the byte 0x61 are two keys. */
export type BoardKey = string | Uint8Array;
export type ValueKind = 'json' | 'bytes';

/** A key as one string, which says of what kind it is; a prefix of the key gives a prefix of the name. */
export type KeyName = string;

/** What to look at: one key, or all that begin with `prefix`. */
export type Selector = { readonly key: KeyName } | { readonly prefix: KeyName };

export type Question =
  | { readonly op: 'get'; readonly key: KeyName }
  | { readonly op: 'set'; readonly key: KeyName; readonly kind: ValueKind; readonly expected?: number }
  | { readonly op: 'delete'; readonly key: KeyName; readonly expected?: number }
  | ChangesQuestion;

/** What changed after version `since`; -1 asks for everything. */
export type ChangesQuestion = Selector & {
  readonly op: 'changes';
  readonly since: number;
  /** The asker needs to hear of no deletion up to this version. */
  readonly settled: number;
  /** Only names and versions, of what is there. */
  readonly names?: boolean;
  /** Answer when there is something to tell. */
  readonly wait?: boolean;
};

export interface StateAnswer {
  readonly ok: boolean;
  /** Of the key; 0 = it is not there. */
  readonly version: number;
  /** There is a value behind the line. */
  readonly kind?: ValueKind;
}

export interface ChangesAnswer {
  /** Another one: the owner was replaced. */
  readonly board: number;
  /** Ask for what comes after this next time. */
  readonly upTo: number;
  /** The last version given to anything. */
  readonly revision: number;
  /** Deletions up to this version are forgotten, the asker may have missed some: then there are no items. */
  readonly gap?: number;
  /** By ascending version. `length`: bytes of its value, behind the line; none without a kind. */
  readonly items: readonly ChangedItem[];
}

export interface ChangedItem {
  readonly key: KeyName;
  readonly version: number;
  /** None: it was deleted. */
  readonly kind?: ValueKind;
  readonly length?: number;
}

/** A refusal. `error` is a name of the table of errors. */
export interface Refusal {
  readonly error: 'TOO_LARGE' | 'BOARD_FULL' | 'BAD_PAYLOAD';
  readonly detail: string;
}

const LINE_FEED = 10;
const NOTHING = new Uint8Array(0);

export function encode(header: object, ...values: readonly Uint8Array[]): Uint8Array {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  return values.length === 0 ? line : Buffer.concat([line, ...values]);
}

/** @throws NeuronBusError ERR_NB_BAD_PAYLOAD. */
export function decode(message: unknown): { header: unknown; body: Uint8Array } {
  if (message instanceof Uint8Array) {
    const end = message.indexOf(LINE_FEED);
    const line = Buffer.from(message.buffer, message.byteOffset, Math.max(0, end)).toString();
    try {
      return { header: JSON.parse(line), body: message.subarray(end + 1) };
    } catch {
      // said below
    }
  }
  throw new NeuronBusError('BAD_PAYLOAD', 'This is not what a blackboard and its users say to each other');
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function nameOf(argument: string, key: BoardKey): KeyName {
  if (typeof key === 'string') return `t${key}`;
  if (key instanceof Uint8Array) return `b${Buffer.from(key).toString('latin1')}`;
  throw invalidArgument(argument, key, 'a string or a Uint8Array');
}

export function keyOf(name: KeyName): BoardKey {
  return name[0] === 't' ? name.slice(1) : new Uint8Array(Buffer.from(name.slice(1), 'latin1'));
}

export function lengthOf(name: KeyName): number {
  return name[0] === 't' ? Buffer.byteLength(name) - 1 : name.length - 1;
}

export function matches(selector: Selector, name: KeyName): boolean {
  return 'key' in selector ? name === selector.key : name.startsWith(selector.prefix);
}

/** What messages can carry, but undefined and what goes over a channel. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function encodeValue(value: unknown): { kind: ValueKind; bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: value };
  if (value === undefined || value instanceof ChannelValue) {
    throw invalidArgument('value', value, 'bytes or a value that JSON can express');
  }
  const frame = new Frame();
  putValue(frame, value);
  const text = frame.encoding === VALUE_JSON ? (frame.value as string) : jsonText(value);
  return { kind: 'json', bytes: Buffer.from(text) };
}

/** @throws NeuronBusError ERR_NB_BAD_PAYLOAD. */
export function decodeValue(kind: ValueKind | undefined, bytes: Uint8Array): unknown {
  if (kind === undefined) return undefined;
  if (kind === 'bytes') return bytes.length === 0 ? NOTHING : bytes.slice();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NeuronBusError('BAD_PAYLOAD', `The value (${bytes.length} bytes) is not JSON`, { cause });
  }
}
