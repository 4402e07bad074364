// SPDX-License-Identifier: MIT
//
// What onMessage and onRequest get. Called on the thread of the bus. These objects stay valid: a message is copied out of the
// ring before its turn comes.

import { setMaxListeners } from 'node:events';
import { NeuronBusError } from '../../memory/errors.js';
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
  /** `until`: no attempt lasts longer, ns. */
  request<T, R>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options: RequestOptions,
    until: number,
  ): Promise<Reply<R>>;
  stream<T, R>(from: number, to: To, value: Outgoing<T, R>, options: RequestOptions): TokenStream<R>;
  send(from: number, to: To, value: unknown, options: MessageOptions): boolean;
  now(): number;
  /** Nothing can be sent any more, and no clock read. */
  readonly closed: boolean;
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

  /** @internal By which it can be withdrawn while it waits. */
  get key(): number | undefined {
    return undefined;
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
    if (this.host.closed) return Promise.reject(new NeuronBusError('CLOSED'));
    return this.host.request(this.to, to, value, this.inherit(options), this.until(options));
  }

  /** As request(), for an answer in parts. */
  stream<T, R = unknown>(to: To, value: Outgoing<T, R>, options: RequestOptions = {}): TokenStream<R> {
    this.checkOpen();
    return this.host.stream(this.to, to, value, this.inherit(options));
  }

  /** Tells somebody else within the same conversation. As `NeuronHandle.send`. */
  send(to: To, value: unknown, options: MessageOptions = {}): boolean {
    this.checkOpen();
    return this.host.send(this.to, to, value, {
      correlationId: this.correlationId,
      traceparent: this.context ?? this.traceparent,
      ...options,
    });
  }

  protected checkOpen(): void {
    if (this.host.closed) throw new NeuronBusError('CLOSED');
  }

  /** How long what comes of it may last, however often it is tried, ns on the clock of the bus. */
  protected until(_options: RequestOptions): number {
    return Number.POSITIVE_INFINITY;
  }

  protected inherit(options: RequestOptions): RequestOptions {
    const correlationId = this.correlationId === 0 ? undefined : this.correlationId;
    return { correlationId, traceparent: this.context ?? this.traceparent, ...options };
  }
}

/** A question among all that come to a thread. */
export function exchangeKey(from: number, exchange: number): number {
  return from * 2 ** 32 + exchange;
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
  /** @internal From question to answer, or to the first part, ns, also of one that came too late; -1 = there was none. */
  answeredAfterNs = -1;
  /** @internal What the roster said of the asker when it came: another word, and nobody waits for the answer. */
  fromEntry = 0;
  /** @internal Of the wheel of deadlines (`Timed`), as are the next three. */
  deadlineNs: number;
  /** @internal */
  wheelSlot = -1;
  /** @internal */
  later: Request | undefined = undefined;
  /** @internal */
  sooner: Request | undefined = undefined;
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
    this.deadlineNs = deadlineNs;
    this.exchange = frame.exchange;
    this.scale = frame.scale;
    this.wantsParts = frame.what === STREAM;
  }

  /** @internal */
  override get key(): number {
    return exchangeKey(this.from, this.exchange);
  }

  /** Until when the asker waits, ns on the clock of the bus; Infinity = for ever. Of a stream: for the next part. */
  get deadline(): number {
    return this.deadlineNs;
  }

  /** How long the asker still waits, ms. */
  get remainingMs(): number {
    if (this.host.closed) return 0;
    return Math.max(0, (this.deadline - this.host.now()) / 1e6);
  }

  /** Aborted when the asker gives up: not when it has its answer. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal); // whatever comes of the question may heed it
    }
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
    this.deadlineNs = now + (this.deadlineNs - Math.max(this.timestamp, this.#extended));
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

  protected override until({ timeoutMs }: RequestOptions): number {
    const free = timeoutMs !== undefined || (this.done && !this.#cancelled);
    return free ? Number.POSITIVE_INFINITY : this.deadline;
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
