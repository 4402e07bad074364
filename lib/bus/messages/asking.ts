// SPDX-License-Identifier: MIT
//
// The asker's side: sends questions, knows which are open, and gives each its answer or its error. Called on the thread of the
// bus. Answers are told apart by the number of their exchange and never wait behind other messages.

import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import type { Frame } from '../../memory/message_frame.js';
import type { Workspace } from '../workspace.js';
import { Aborts } from './aborts.js';
import { ChannelValue } from './channel.js';
import type { Courier } from './courier.js';
import { Deadlines } from './deadlines.js';
import type { ExchangeObserver } from './observer.js';
import type { MessageOptions, Outgoing, RequestOptions } from './options.js';
import { Pending, PendingTable } from './pending.js';
import { type Post, stampOf, wireTime } from './post.js';
import { Reply } from './reply.js';
import { aborted } from './retries.js';
import { type Destination, type Route, startedOn } from './router.js';
import type { TimeScale } from './time_scale.js';
import { iterate, partsLost, StreamPending, type TokenStream } from './token_stream.js';
import { type Content, contentIn } from './value.js';

export interface AskingHost {
  now(): number;
  observer(): ExchangeObserver | undefined;
  /** A message was sent, or (`went` false) dropped. */
  sent(from: number, to: number, bytes: number, options: MessageOptions, went: boolean): void;
  /** A question is about to be sent. Returns the trace context that goes with it. */
  asks(pending: Pending, traceparent: string | undefined): string | undefined;
  /** Of what neuron `from` asks neuron `to` by its id; `entry` as in Pending. */
  scaleOf(from: number, to: number, entry: number): TimeScale;
  /** How an exchange ended; `latencyNs` from question to answer or end, `error` what the asker gets. */
  ended(pending: Pending, outcome: Outcome, latencyNs: number, error?: Error): void;
}

/** 'dropped': the question was not sent. */
export type Outcome = 'answered' | 'failed' | 'timeout' | 'aborted' | 'dead' | 'closed' | 'dropped';

export class Asking {
  readonly #ws: Workspace;
  readonly #post: Post;
  readonly #courier: Courier;
  readonly #host: AskingHost;
  readonly #timeoutMs: number;
  readonly #table = new PendingTable<Pending>();
  readonly #deadlines: Deadlines<Pending>;
  readonly #aborts = new Aborts();
  readonly #lifts = new Map<Pending, () => void>(); // of those with an AbortSignal
  #conversations = 0;
  #late = 0;

  constructor(
    workspace: Workspace,
    post: Post,
    courier: Courier,
    timeoutMs: number,
    virtual: boolean,
    host: AskingHost,
  ) {
    this.#ws = workspace;
    this.#post = post;
    this.#courier = courier;
    this.#host = host;
    this.#timeoutMs = timeoutMs;
    this.#deadlines = new Deadlines<Pending>(host.now, (open) => this.#timedOut(open), virtual);
  }

  /** Questions without an answer so far. */
  get pending(): number {
    return this.#table.size;
  }

  /** Answers that came after their question had ended. */
  get late(): number {
    return this.#late;
  }

  /** A number for a conversation: of this ganglion, and not used for 2^26 others. */
  conversation(): number {
    this.#conversations = (this.#conversations % (2 ** 26 - 1)) + 1;
    return ((this.#ws.index << 26) | this.#conversations) >>> 0;
  }

  /** A message without a question. As `Post.send`. */
  send(from: number, to: number, value: unknown, options: MessageOptions): boolean {
    const observer = this.#host.observer();
    if (observer === undefined) return this.#send(from, to, value, options, options.traceparent);
    return observer.sending(from, to, options, (traceparent) =>
      this.#send(from, to, value, options, traceparent),
    );
  }

  #send(
    from: number,
    to: number,
    value: unknown,
    options: MessageOptions,
    traceparent: string | undefined,
  ): boolean {
    const { type = 0, priority = 0, correlationId = 0 } = options;
    const what = L.MESSAGE_SEND;
    const deadlineNs = Number.POSITIVE_INFINITY;
    const went = this.#post.send(
      { from, to, what, exchange: 0, correlation: correlationId, type, priority, deadlineNs, traceparent },
      value,
    );
    this.#host.sent(from, to, this.#post.bytes, options, went);
    return went;
  }

  /** One attempt, which ends at `until`, ns, at the latest. Rejects with what is documented at `NeuronHandle.request`. */
  request<R>(
    from: number,
    to: Destination,
    value: unknown,
    options: RequestOptions,
    until: number = Number.POSITIVE_INFINITY,
  ): Promise<Reply<R>> {
    return new Promise<Reply<R>>((resolve, reject) => {
      const check =
        value instanceof ChannelValue ? (answer: unknown) => value.channel.readAnswer(answer) : undefined;
      const { correlationId = this.conversation() } = options;
      const entry = this.#entryOf(to.id);
      const answer = resolve as (reply: Reply) => void;
      const pending = new Pending(from, to.id, entry, correlationId, answer, reject, check);
      this.#ask(pending, L.MESSAGE_REQUEST, value, options, to.route, until);
    });
  }

  /** The answer in parts. What goes wrong is thrown to who iterates. */
  stream<T, R>(
    from: number,
    to: Destination,
    value: Outgoing<T, R>,
    options: RequestOptions,
  ): TokenStream<R> {
    const check =
      value instanceof ChannelValue ? (part: unknown) => value.channel.readAnswer(part) : undefined;
    const patienceNs = (options.timeoutMs ?? this.#timeoutMs) * 1e6;
    const host = { credit: this.#credit, stopped: this.#stopped };
    const { correlationId: correlation = this.conversation() } = options;
    const about = { from, to: to.id, toEntry: this.#entryOf(to.id), correlation };
    const pending = new StreamPending(host, about, patienceNs, check);
    pending.lift = () => this.#remove(pending);
    this.#ask(pending, L.MESSAGE_STREAM, value, options, to.route, Number.POSITIVE_INFINITY);
    return iterate<R>(pending);
  }

  /** An answer of `source` came, in slot `at`, of which `frame` was read. */
  answered(frame: Frame, source: number, at: number): void {
    const { what, exchange, deadline: count } = frame;
    this.#ws.awaited = true;
    const open = this.#table.get(exchange);
    if (open === undefined || open.to !== source) {
      this.#late++;
      return;
    }
    let value: Content;
    try {
      value = contentIn(frame, this.#ws, at);
    } catch (error) {
      this.#end(open, 'failed', error as Error); // it cannot be read, and will not come again
      return;
    }
    if (what === L.MESSAGE_ERROR) {
      this.#end(open, 'failed', remoteError(value));
      return;
    }
    const first = what === L.MESSAGE_REPLY || (what === L.MESSAGE_PART && count === 0);
    if (first) open.scale?.answered(stampOf(this.#ws.u32, at) - open.sentNs);
    if (open instanceof StreamPending) this.#streamed(open, what, count, value);
    else if (what === L.MESSAGE_REPLY) this.#replied(open, value);
  }

  #replied(open: Pending, content: Content): void {
    this.#remove(open);
    const now = this.#ws.lastReading();
    const latencyNs = Math.max(0, now - open.sentNs);
    open.resolve(new Reply(this.#judge, content, open, latencyNs, now));
    this.#host.ended(open, 'answered', latencyNs);
  }

  /** Ends the questions to neurons that are not there any more, and those of askers that went. */
  forgetGone(): void {
    for (const open of this.#table.all()) {
      if (this.#ws.residents[open.from] === undefined)
        this.#end(open, 'closed', new NeuronBusError('UNKNOWN_NEURON', `The asker ${open.from} left`));
      else if (this.#entryOf(open.to) !== open.toEntry)
        this.#end(open, 'dead', new NeuronBusError('DEAD_TARGET', `neuron ${open.to}`));
    }
  }

  /** Tells what is due, with a virtual clock. */
  expire(): void {
    this.#deadlines.expire(this.#host.now());
  }

  close(error: Error): void {
    for (const open of this.#table.all()) this.#end(open, 'closed', error);
    this.#deadlines.close();
  }

  #entryOf(id: number): number {
    return this.#ws.u32[this.#ws.roster + id] | 0; // as a small integer
  }

  #ask(
    pending: Pending,
    what: number,
    value: unknown,
    options: RequestOptions,
    route: Route | undefined,
    until: number,
  ): void {
    const { timeoutMs = this.#timeoutMs, signal, type = 0, priority = 0 } = options;
    const { from, to } = pending;
    if (signal?.aborted) {
      pending.fail(aborted(signal));
      return;
    }
    const now = this.#host.now();
    pending.deadlineNs = wireTime(Math.min(now + timeoutMs * 1e6, until));
    pending.what = what;
    pending.type = type;
    pending.priority = priority;
    pending.scale = route === undefined ? this.#host.scaleOf(from, to, pending.toEntry) : route.scale;
    pending.sentNs = now; // it may end before it is sent: by what runs to make room
    this.#table.add(pending);
    const { exchange, scale } = pending;
    const traceparent = this.#host.asks(pending, options.traceparent);
    try {
      const went = this.#post.ask(pending, scale.byte, traceparent, value);
      if (!went) throw new NeuronBusError('FULL', `The question to neuron ${to} was dropped`);
    } catch (error) {
      if (this.#table.get(exchange) !== pending) return;
      this.#table.remove(pending);
      this.#host.ended(pending, 'dropped', 0, error as Error);
      pending.fail(error as Error);
      return;
    }
    if (this.#table.get(exchange) !== pending) return;
    pending.sentNs = this.#ws.lastReading();
    pending.bytes = this.#post.bytes;
    if (route !== undefined) pending.ticket = startedOn(route, to, pending.sentNs);
    this.#deadlines.add(pending, now);
    if (signal !== undefined) this.#heed(signal, pending);
  }

  #heed(signal: AbortSignal, pending: Pending): void {
    const abort = () => this.#giveUp(pending, 'aborted', aborted(signal));
    // It may have been while room was made, and is told once.
    if (signal.aborted) abort();
    else this.#lifts.set(pending, this.#aborts.heed(signal, abort));
  }

  // One answer is a stream of one part.
  #streamed(open: StreamPending, what: number, count: number, content: Content): void {
    const alone = what === L.MESSAGE_REPLY;
    const good = what === L.MESSAGE_END ? open.end(count) : open.part(alone ? 0 : count, content);
    if (!good) {
      this.#giveUp(open, 'failed', partsLost());
    } else if (what === L.MESSAGE_END || (alone && open.end(1))) {
      this.#host.ended(open, 'answered', Math.max(0, this.#ws.lastReading() - open.sentNs));
    } else {
      this.#expect(open);
    }
  }

  // The time for the next part begins: when one came, or when there is room for one again.
  #expect(open: StreamPending): void {
    this.#deadlines.remove(open);
    if (open.full) return;
    const now = this.#host.now();
    open.deadlineNs = now + open.patienceNs;
    this.#deadlines.add(open, now);
  }

  #timedOut(open: Pending): void {
    this.#giveUp(
      open,
      'timeout',
      new NeuronBusError('TIMEOUT', `neuron ${open.to} did not answer neuron ${open.from}`),
    );
  }

  // The answerer is told, who may have begun.
  #giveUp(open: Pending, outcome: Outcome, error: Error): void {
    this.#end(open, outcome, error);
    this.#tell(open, L.MESSAGE_CANCEL, undefined, outcome === 'timeout' ? 1 : 0);
  }

  #end(open: Pending, outcome: Outcome, error: Error): void {
    this.#remove(open);
    this.#host.ended(open, outcome, Math.max(0, this.#host.now() - open.sentNs), error);
    open.fail(error);
  }

  #remove(open: Pending): void {
    this.#table.remove(open);
    this.#deadlines.remove(open);
    if (this.#lifts.size === 0) return;
    this.#lifts.get(open)?.();
    this.#lifts.delete(open);
  }

  readonly #credit = (open: StreamPending, parts: number): boolean => {
    const wasFull = open.full;
    const told = this.#tell(open, L.MESSAGE_CREDIT, String(parts));
    if (told && wasFull) queueMicrotask(() => this.#table.get(open.exchange) === open && this.#expect(open));
    return told;
  };
  readonly #stopped = (open: StreamPending): void => {
    this.#remove(open);
    this.#host.ended(open, 'aborted', Math.max(0, this.#host.now() - open.sentNs));
    this.#tell(open, L.MESSAGE_CANCEL, undefined);
  };
  readonly #judge = {
    now: () => this.#host.now(),
    reward: ({ from, to, exchange, correlation }: Pending, signal: number) => {
      this.#tell({ from, to, exchange, correlation }, L.MESSAGE_REWARD, String(signal));
    },
  };

  // What the answerer should know. False: it cannot be sent; then it finds out by itself, or need not know.
  #tell(
    open: { from: number; to: number; exchange: number; correlation: number },
    what: number,
    value: string | undefined,
    count = 0,
  ): boolean {
    const { from, to, exchange, correlation } = open;
    if (this.#ws.closed || this.#ws.residents[from] === undefined || this.#ws.ganglionOf(to) < 0)
      return false;
    const type = what === L.MESSAGE_REWARD ? L.TYPE_MODULATORY : L.TYPE_EXCITATORY;
    const letter = { from, to, what, exchange, correlation, type, priority: 0, deadlineNs: 0, count };
    try {
      return open instanceof StreamPending || what === L.MESSAGE_CANCEL
        ? this.#courier.urgent(letter, value)
        : this.#post.send(letter, value);
    } catch (error) {
      if (!(error instanceof NeuronBusError)) throw error;
      return false;
    }
  }
}

/** What the answerer's error was. */
function remoteError(content: Content): NeuronBusError {
  let told: { name?: unknown; message?: unknown; code?: unknown };
  try {
    told = (content.json() ?? {}) as typeof told;
  } catch {
    told = {};
  }
  const { name = 'Error', message = '', code } = told;
  const cause = Object.assign(
    new Error(String(message)),
    { name: String(name) },
    code === undefined ? {} : { code },
  );
  return new NeuronBusError('REMOTE', `${String(name)}: ${String(message)}`, { cause });
}
