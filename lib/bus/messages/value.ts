// SPDX-License-Identifier: MIT
//
// Values of messages: text, bytes, JSON, or any of these over a channel; and what they are in a frame. Any thread.

import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import { type Frame, readValue } from '../../memory/message_frame.js';
import { jsonText } from '../../memory/spike_writer.js';
import type { Workspace } from '../workspace.js';
import { ChannelValue } from './channel.js';
import { isTraceparent, TRACE_LENGTH } from './traceparent.js';

/** Makes `value` the frame's. ERR_NB_INVALID_ARGUMENT for what JSON cannot say. */
export function putValue(frame: Frame, value: unknown): void {
  if (typeof value === 'string') {
    frame.encoding = L.VALUE_TEXT;
    frame.value = value;
  } else if (value instanceof ChannelValue) {
    putPlain(frame, value.value);
    frame.flags |= L.MESSAGE_HAS_CHANNEL;
    putBefore(frame, `${value.channel.name}\0`);
  } else {
    putPlain(frame, value);
  }
}

function putPlain(frame: Frame, value: unknown): void {
  if (typeof value === 'string') {
    frame.encoding = L.VALUE_TEXT;
    frame.value = value;
  } else if (value === undefined) {
    frame.encoding = L.VALUE_NONE;
    frame.value = '';
  } else if (value instanceof Uint8Array) {
    frame.encoding = L.VALUE_BYTES;
    frame.value = value;
  } else {
    frame.encoding = L.VALUE_JSON;
    frame.value = jsonOf(value);
  }
}

/** A value that is JSON already. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT that names `value`. */
export function jsonOf(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (!isJson(value))
    throw invalidArgument('value', value, 'text, bytes (a Uint8Array) or a value that JSON can express');
  return jsonText(value, 'value');
}

// JSON would make the others undefined, or objects that nobody wants back.
function isJson(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return true;
  return !isOpaque(value);
}

// Something that JSON shows nothing of, and that does not say itself how it is to be shown.
function isOpaque(value: object): boolean {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isPromise(value) ||
    value instanceof Error ||
    types.isRegExp(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value)
  );
}

function putBefore(frame: Frame, text: string): void {
  const { value } = frame;
  frame.value = typeof value === 'string' ? text + value : Buffer.concat([Buffer.from(text), value]);
}

/** What a message carries, as it came; decoded when it is asked for. */
export class Content {
  readonly #encoding: number;
  readonly #raw: string | Uint8Array;
  /** Name of the channel it came over, if any. */
  readonly channel: string | undefined;
  /** W3C trace context of the sender, if it had one. */
  readonly traceparent: string | undefined;
  #parsed: unknown;
  #isParsed = false;

  /** ERR_NB_BAD_PAYLOAD: there is no name of a channel where one should be. */
  constructor(encoding: number, flags: number, raw: string | Uint8Array) {
    this.#encoding = encoding;
    if ((flags & L.MESSAGE_HAS_TRACE) !== 0) {
      const trace = textOf(raw.slice(0, TRACE_LENGTH));
      this.traceparent = isTraceparent(trace) ? trace : undefined;
      raw = raw.slice(TRACE_LENGTH);
    }
    if ((flags & L.MESSAGE_HAS_CHANNEL) !== 0) {
      const end = typeof raw === 'string' ? raw.indexOf('\0') : raw.indexOf(0);
      if (end <= 0) throw new NeuronBusError('BAD_PAYLOAD', 'A message without the name of its channel');
      this.channel = textOf(raw.slice(0, end));
      raw = raw.slice(end + 1);
    }
    this.#raw = raw;
  }

  /** Bytes of the value as it was sent. */
  get length(): number {
    return typeof this.#raw === 'string' ? Buffer.byteLength(this.#raw) : this.#raw.length;
  }

  /** What was sent: a string, a Uint8Array, whatever JSON expresses, or undefined. ERR_NB_BAD_PAYLOAD. */
  get value(): unknown {
    if (this.#encoding === L.VALUE_TEXT || this.#encoding === L.VALUE_BYTES) return this.#raw;
    if (this.#encoding === L.VALUE_NONE) return undefined;
    if (!this.#isParsed) {
      this.#parsed = parse(this.text());
      this.#isParsed = true;
    }
    return this.#parsed;
  }

  /** As text: JSON as it was sent, bytes as UTF-8. */
  text(): string {
    return textOf(this.#raw);
  }

  /** As JSON, also of a text that is JSON. ERR_NB_BAD_PAYLOAD. */
  json(): unknown {
    return this.#encoding === L.VALUE_JSON ? this.value : parse(this.text());
  }
}

/** What the message in slot `at` carries, of which `frame` was read. ERR_NB_STALE_REFERENCE, ERR_NB_BAD_PAYLOAD. */
export function contentIn(frame: Frame, { u32, memory }: Workspace, at: number): Content {
  return new Content(frame.encoding, frame.flags, readValue(u32, at, memory));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NeuronBusError('BAD_PAYLOAD', `The value (${text.length} characters) is not JSON`, { cause });
  }
}

/** Puts a W3C traceparent before the frame's value. */
export function putTrace(frame: Frame, traceparent: string): void {
  frame.flags |= L.MESSAGE_HAS_TRACE;
  putBefore(frame, traceparent);
}

function textOf(raw: string | Uint8Array): string {
  return typeof raw === 'string' ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('utf8');
}
