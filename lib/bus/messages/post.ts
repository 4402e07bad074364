// SPDX-License-Identifier: MIT
//
// The one way out of messages: a frame is filled and handed to the emitter. Called on the thread of the bus.

import * as L from '../../memory/layout.js';
import { Frame } from '../../memory/message_frame.js';
import { checkPriority } from '../../memory/spike_writer.js';
import { type Emitter, OWN_SEQUENCE } from '../emitter.js';
import { ChannelValue } from './channel.js';
import type { Request } from './incoming.js';
import type { Pending } from './pending.js';
import { TRACE_LENGTH } from './traceparent.js';
import { putTrace, putValue } from './value.js';

const UNIT_NS = 2 ** L.MESSAGE_DEADLINE_SHIFT;

/** All that a message says beside its value. */
export interface Letter {
  readonly from: number;
  readonly to: number;
  /** MESSAGE_SEND .. */
  readonly what: number;
  readonly exchange: number;
  readonly correlation: number;
  readonly type: number;
  readonly priority: number;
  readonly deadlineNs: number;
  /** What else to put where the deadline goes. */
  readonly count?: number;
  readonly traceparent?: string | undefined;
}

export class Post {
  readonly #emitter: Emitter;
  // One for all, but that making room (backpressure 'block') may run handlers that send, too.
  #frame: Frame | undefined;

  /** Of the value that was sent last; 0 if it was dropped. */
  bytes = 0;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  /** How many letters for neuron `to` have room now, as `Emitter.roomTo`. */
  roomTo(to: number): number {
    return this.#emitter.roomTo(to);
  }

  /**
   * False: dropped, and counted.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_FULL (backpressure 'fail'), ERR_NB_ARENA_FULL, ERR_NB_TOO_LARGE,
   * ERR_NB_DEAD_TARGET.
   */
  send(letter: Letter, value: unknown): boolean {
    const { from, to, type, priority, traceparent } = letter;
    const frame = this.#begin(letter.what, letter.exchange, letter.correlation, type);
    frame.deadline = letter.count ?? toWire(letter.deadlineNs);
    return this.#send(frame, from, to, priority, traceparent, value);
  }

  /** A question. `scale`: see TimeScale. As send(). */
  ask(question: Pending, scale: number, traceparent: string | undefined, value: unknown): boolean {
    const { from, to, type, priority } = question;
    const frame = this.#begin(question.what, question.exchange, question.correlation, type);
    frame.deadline = toWire(question.deadlineNs);
    frame.scale = scale;
    return this.#send(frame, from, to, priority, traceparent, value);
  }

  /** What answers a question; `what` and `count` as in a letter. As send(). */
  answer(request: Request, what: number, count: number, value: unknown): boolean {
    const { from, to, type, priority } = request;
    const frame = this.#begin(what, request.exchange, request.correlationId, type);
    frame.deadline = count;
    return this.#send(frame, to, from, priority, undefined, value);
  }

  #begin(what: number, exchange: number, correlation: number, type: number): Frame {
    const frame = this.#frame ?? new Frame();
    this.#frame = undefined;
    frame.what = what;
    frame.flags = type << L.MESSAGE_TYPE_SHIFT;
    frame.exchange = exchange;
    frame.correlation = correlation;
    frame.scale = 0;
    return frame;
  }

  #send(
    frame: Frame,
    from: number,
    to: number,
    priority: number,
    traceparent: string | undefined,
    value: unknown,
  ): boolean {
    putValue(frame, value);
    if (traceparent !== undefined) putTrace(frame, traceparent);
    const went = this.#emitter.post(from, to, L.TYPE_MESSAGE, checkPriority(priority), frame, OWN_SEQUENCE);
    this.bytes = went ? frame.bytes - bytesBefore(traceparent, value) : 0;
    frame.value = ''; // keeps nothing alive
    this.#frame = frame;
    return went;
  }
}

/** The first moment from `ns` on that a frame can name: both sides go by the same one. */
export function wireTime(ns: number): number {
  return Math.ceil(ns / UNIT_NS) * UNIT_NS;
}

// What a frame has in front of its value: see Content.
function bytesBefore(traceparent: string | undefined, value: unknown): number {
  const trace = traceparent === undefined ? 0 : TRACE_LENGTH;
  return value instanceof ChannelValue ? trace + Buffer.byteLength(value.channel.name) + 1 : trace;
}

function toWire(deadlineNs: number): number {
  if (deadlineNs === Number.POSITIVE_INFINITY) return 0;
  return Math.ceil(deadlineNs / UNIT_NS) | 0 || 1; // modulo 2^32, as is all that a frame says
}

/** When the spike in slot `at` was sent, ns. */
export function stampOf(words: Uint32Array, at: number): number {
  return words[at * 16 + 1] * 4294967296 + words[at * 16];
}

/** The deadline in a frame that came at about `now`, ns; Infinity = none. */
export function fromWire(units: number, now: number): number {
  if (units === 0) return Number.POSITIVE_INFINITY;
  const here = Math.floor(now / UNIT_NS);
  const ahead = (units - (here | 0)) | 0; // up to 2^31 units on either side
  return (here + ahead) * UNIT_NS;
}
