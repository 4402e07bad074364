// SPDX-License-Identifier: MIT
//
// What onMessage and onRequest get. Called on the thread of the bus. These objects stay valid: a message is copied out of the
// ring before its turn comes.

import * as L from '../../memory/layout.js';
import type { Frame } from '../../memory/message_frame.js';
import type { SpikeType } from '../../memory/spike.js';
import type { MessageOptions, Outgoing, RequestOptions, To } from './options.js';
import type { Reply } from './reply.js';
import type { TokenStream } from './token_stream.js';
import type { Content } from './value.js';

const TYPE_SHIFT = L.MESSAGE_TYPE_SHIFT;
const STREAM = L.MESSAGE_STREAM;

/** What a message can do with the bus. */
export interface IncomingHost {
  answer(request: Request, value: unknown): boolean;
  fail(request: Request, error: unknown): boolean;
  /** It needs no answer any more; once for each. */
  finished(request: Request): void;
  request<T, R>(from: number, to: To, value: Outgoing<T, R>, options: RequestOptions): Promise<Reply<R>>;
  stream<T, R>(from: number, to: To, value: Outgoing<T, R>, options: RequestOptions): TokenStream<R>;
  send(from: number, to: To, value: unknown, options: MessageOptions): boolean;
  now(): number;
}

/** A message without a question: what `send()` sends. */
export class Message {
  /** Id of the neuron that sent it. */
  readonly from: number;
  /** Id of the neuron that got it. */
  readonly to: number;
  /** Of the conversation that it belongs to; 0 = none. */
  readonly correlationId: number;
  readonly type: SpikeType;
  /** 0..255 */
  readonly priority: number;
  /** When it was sent, ns on the clock of the bus. */
  readonly timestamp: number;
  /** W3C trace context of the sender, if it had one. */
  readonly traceparent: string | undefined;
  /** @internal Trace context of its handling, if that is traced: what comes of it goes with this. */
  context: string | undefined = undefined;
  readonly #content: Content;
  /** @internal */
  protected readonly host: IncomingHost;

  /** @internal What `frame` says, from neuron `from`; it is not kept. */
  constructor(
    host: IncomingHost,
    content: Content,
    frame: Frame,
    from: number,
    to: number,
    priority: number,
    sentNs: number,
  ) {
    this.host = host;
    this.#content = content;
    this.from = from;
    this.to = to;
    this.correlationId = frame.correlation;
    this.type = (frame.flags >>> TYPE_SHIFT) as SpikeType;
    this.priority = priority;
    this.timestamp = sentNs;
    this.traceparent = content.traceparent;
  }

  /** What was sent: a string, a Uint8Array, whatever JSON expresses, or undefined. ERR_NB_BAD_PAYLOAD. */
  get value(): unknown {
    return this.#content.value;
  }

  /** Name of the channel it came over, if any. */
  get channel(): string | undefined {
    return this.#content.channel;
  }

  /** Bytes of the value as it was sent. */
  get length(): number {
    return this.#content.length;
  }

  text(): string {
    return this.#content.text();
  }

  // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse(), so that a field can be read without a cast
  json<T = any>(): T {
    return this.#content.json() as T;
  }

  /** Asks somebody else within the same conversation. As `NeuronHandle.request`. */
  request<T, R = unknown>(to: To, value: Outgoing<T, R>, options: RequestOptions = {}): Promise<Reply<R>> {
    return this.host.request(this.to, to, value, this.inherit(options));
  }

  /** As request(), for an answer in parts. */
  stream<T, R = unknown>(to: To, value: Outgoing<T, R>, options: RequestOptions = {}): TokenStream<R> {
    return this.host.stream(this.to, to, value, this.inherit(options));
  }

  /** Tells somebody else within the same conversation. As `NeuronHandle.send`. */
  send(to: To, value: unknown, options: MessageOptions = {}): boolean {
    return this.host.send(this.to, to, value, {
      correlationId: this.correlationId,
      traceparent: this.context ?? this.traceparent,
      ...options,
    });
  }

  protected inherit(options: RequestOptions): RequestOptions {
    const correlationId = this.correlationId === 0 ? undefined : this.correlationId;
    return { correlationId, traceparent: this.context ?? this.traceparent, ...options };
  }
}

/** A question. It is answered by what `onRequest` returns, or by reply(). */
export class Request extends Message {
  /** @internal */
  readonly exchange: number;
  /** @internal What the asker is used to, as it is on the wire. */
  readonly scale: number;
  /** @internal Whether the asker wants parts. */
  readonly wantsParts: boolean;
  /** @internal Nothing more can be answered. */
  done = false;
  /** @internal From question to answer, or to the first part, ns; -1 = there was none. */
  answeredAfterNs = -1;
  /** @internal What the roster said of the asker when it was kept. */
  fromEntry = 0;
  #deadline: number;
  #extended = 0; // ns: when the deadline was set last, 0 = by the asker
  #cancelled = false;
  #abort: AbortController | undefined;

  /** @internal */
  constructor(
    host: IncomingHost,
    content: Content,
    frame: Frame,
    from: number,
    to: number,
    priority: number,
    sentNs: number,
    deadlineNs: number,
  ) {
    super(host, content, frame, from, to, priority, sentNs);
    this.#deadline = deadlineNs;
    this.exchange = frame.exchange;
    this.scale = frame.scale;
    this.wantsParts = frame.what === STREAM;
  }

  /** Until when the asker waits, ns on the clock of the bus; Infinity = for ever. Of a stream: for the next part. */
  get deadline(): number {
    return this.#deadline;
  }

  /** How long the asker still waits, ms. */
  get remainingMs(): number {
    return Math.max(0, (this.deadline - this.host.now()) / 1e6);
  }

  /** Aborted when the asker gives up: not when it has its answer. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#cancelled) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Whether it was answered, or needs no answer any more. */
  get answered(): boolean {
    return this.done;
  }

  /** The answer. False when there was one already, or nobody waits, or it was dropped. @throws as the value says. */
  reply(value?: unknown): boolean {
    return this.host.answer(this, value);
  }

  /** In place of an answer: the asker gets ERR_NB_REMOTE with name and message of the error. */
  reject(error: unknown): boolean {
    return this.host.fail(this, error);
  }

  /** @internal A part went at `now`: the asker's patience begins anew. */
  extend(now: number): void {
    this.#deadline = now + (this.#deadline - Math.max(this.timestamp, this.#extended));
    this.#extended = now;
  }

  /** @internal Whether the asker gave up. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** @internal Nothing more can be answered. */
  finish(): void {
    if (this.done) return;
    this.done = true;
    this.host.finished(this);
  }

  /** @internal The asker gave up. */
  cancel(): void {
    if (!this.done) this.abort();
  }

  /** @internal What its handler still does is for nobody. */
  abort(): void {
    this.#cancelled = true;
    this.finish();
    this.#abort?.abort();
  }

  /** What comes of it before it is answered inherits the deadline and the signal, too. */
  protected override inherit(options: RequestOptions): RequestOptions {
    const inherited = super.inherit(options);
    if (this.done && !this.#cancelled) return inherited;
    if (options.timeoutMs === undefined && this.deadline !== Number.POSITIVE_INFINITY) {
      inherited.timeoutMs = Math.max(1e-3, this.remainingMs);
    }
    if (options.signal === undefined) inherited.signal = this.signal;
    return inherited;
  }
}
