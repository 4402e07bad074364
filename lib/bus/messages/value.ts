// SPDX-License-Identifier: MIT
//
// Values of messages: text, bytes, JSON, or any of these over a channel; and what they are in a frame. Any thread.

import { Buffer } from 'node:buffer';
import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import type { Frame } from '../../memory/message_frame.js';
import { jsonText } from '../../memory/spike_writer.js';
import { ChannelValue } from './channel.js';

/** Makes `value` the frame's. ERR_NB_INVALID_ARGUMENT for what JSON cannot say. */
export function putValue(frame: Frame, value: unknown): void {
  frame.flags &= ~L.MESSAGE_HAS_CHANNEL;
  if (typeof value === 'string') {
    frame.encoding = L.VALUE_TEXT;
    frame.value = value;
  } else if (value === undefined) {
    frame.encoding = L.VALUE_NONE;
    frame.value = '';
  } else if (value instanceof Uint8Array) {
    frame.encoding = L.VALUE_BYTES;
    frame.value = value;
  } else if (value instanceof ChannelValue) {
    frame.flags |= L.MESSAGE_HAS_CHANNEL;
    frame.encoding = L.VALUE_JSON;
    frame.value = jsonText([value.channel.name, value.value]);
  } else {
    if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
      throw invalidArgument('value', value, 'text, bytes or a value that JSON can express');
    }
    frame.encoding = L.VALUE_JSON;
    frame.value = jsonText(value);
  }
}

/** What a message carries, as it came; decoded when it is asked for. */
export class Content {
  readonly #encoding: number;
  readonly #raw: string | Uint8Array;
  readonly #overChannel: boolean;
  /** Of the value as it was sent. */
  readonly length: number;
  #parsed: unknown;
  #isParsed = false;

  constructor(encoding: number, flags: number, raw: string | Uint8Array, bytes: number) {
    this.#encoding = encoding;
    this.#raw = raw;
    this.#overChannel = (flags & L.MESSAGE_HAS_CHANNEL) !== 0;
    this.length = bytes;
  }

  /** Name of the channel it came over, if any. ERR_NB_BAD_PAYLOAD. */
  get channel(): string | undefined {
    if (!this.#overChannel) return undefined;
    const whole = this.#whole();
    if (!Array.isArray(whole) || typeof whole[0] !== 'string')
      throw new NeuronBusError('BAD_PAYLOAD', 'A message without the name of its channel');
    return whole[0];
  }

  /** What was sent: a string, a Uint8Array, whatever JSON expresses, or undefined. ERR_NB_BAD_PAYLOAD. */
  get value(): unknown {
    if (this.#encoding === L.VALUE_TEXT || this.#encoding === L.VALUE_BYTES) return this.#raw;
    if (this.#encoding === L.VALUE_NONE) return undefined;
    return this.channel === undefined ? this.#whole() : (this.#whole() as unknown[])[1];
  }

  /** As text: JSON as it was sent, bytes as UTF-8. */
  text(): string {
    const raw = this.#raw;
    return typeof raw === 'string' ? raw : new TextDecoder().decode(raw);
  }

  /** As JSON, also of a text that is JSON. ERR_NB_BAD_PAYLOAD. */
  json(): unknown {
    return this.#encoding === L.VALUE_JSON ? this.value : parse(this.text());
  }

  #whole(): unknown {
    if (!this.#isParsed) {
      this.#parsed = parse(this.text());
      this.#isParsed = true;
    }
    return this.#parsed;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NeuronBusError('BAD_PAYLOAD', `The value (${text.length} characters) is not JSON`, { cause });
  }
}

/** Bytes of a traceparent. */
export const TRACE_LENGTH = 55;

/** Puts a W3C traceparent before the frame's value. */
export function putTrace(frame: Frame, traceparent: string): void {
  const { value } = frame;
  frame.flags |= L.MESSAGE_HAS_TRACE;
  if (typeof value === 'string') {
    frame.value = traceparent + value;
  } else {
    frame.value = new Uint8Array(TRACE_LENGTH + value.length);
    frame.value.set(Buffer.from(traceparent, 'latin1'));
    frame.value.set(value, TRACE_LENGTH);
  }
}

/** The traceparent before a value, and the value. */
export function takeTrace(raw: string | Uint8Array): [traceparent: string, raw: string | Uint8Array] {
  const trace = raw.slice(0, TRACE_LENGTH);
  const text = typeof trace === 'string' ? trace : Buffer.from(trace).toString('latin1');
  return [text, raw.slice(TRACE_LENGTH)];
}
