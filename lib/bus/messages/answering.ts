// SPDX-License-Identifier: MIT
//
// The answerer's side: what came waits in a mailbox per neuron, most urgent first, and is handed to onMessage or onRequest; what
// those return goes back. Called on the thread of the bus.

import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import type { Frame } from '../../memory/message_frame.js';
import type { Resident, Workspace } from '../workspace.js';
import type { AnsweringHost } from './answering_host.js';
import { collect } from './collected.js';
import type { Courier } from './courier.js';
import { Deadlines } from './deadlines.js';
import { exchangeKey, type IncomingHost, Message, Request } from './incoming.js';
import { countLoad } from './load.js';
import type { Mailbox } from './mailbox.js';
import { Mailroom } from './mailroom.js';
import type { ExchangeObserver, RequestOutcome } from './observer.js';
import { OpenQuestions } from './open_questions.js';
import { PartsOut } from './parts_out.js';
import { fromWire, type Letter, type Post, stampOf } from './post.js';
import { describeError, type ErrorTold, UNREADABLE } from './results.js';
import type { Teacher } from './teacher.js';
import { Turns } from './turns.js';
import { Content, contentIn } from './value.js';

const { MESSAGE_SEND } = L;
/** Of the name of an error that travels alone, `{"name":"…"}`. */
const MAX_INLINE_NAME = L.INLINE_BYTES - L.MESSAGE_BYTES - '{"name":""}'.length;
const NOTHING = new Content(L.VALUE_NONE, 0, '');

export class Answering {
  readonly #ws: Workspace;
  readonly #post: Post;
  readonly #courier: Courier;
  readonly #teacher: Teacher;
  readonly #host: AnsweringHost;
  readonly #voice: () => IncomingHost;
  readonly #mailroom: Mailroom<Message>;
  readonly #open = new OpenQuestions();
  // Of what waits for its turn at a neuron that may have no time, and of what outlives its handler.
  readonly #deadlines: Deadlines<Request>;
  readonly #parts: PartsOut;
  readonly #turns: Turns;
  readonly #maxBytes: number;
  #late = 0;

  /** `voice`: what requests can do with the bus. */
  constructor(
    workspace: Workspace,
    post: Post,
    courier: Courier,
    teacher: Teacher,
    { ageingNs, virtual }: { readonly ageingNs: number; readonly virtual: boolean },
    host: AnsweringHost,
    voice: () => IncomingHost,
  ) {
    this.#ws = workspace;
    this.#post = post;
    this.#courier = courier;
    this.#teacher = teacher;
    this.#mailroom = new Mailroom(ageingNs);
    this.#host = host;
    this.#voice = voice;
    this.#deadlines = new Deadlines<Request>(host.now, (request) => this.#expired(request), virtual, false);
    this.#turns = new Turns(workspace, host, {
      keep: (request) => this.#keep(request),
      answer: (request, value) => this.answer(request, value),
      fail: (request, error) => this.fail(request, error),
      parts: (request, parts) => this.#sendParts(request, parts),
      freed: (mailbox) => this.#freed(mailbox),
    });
    this.#maxBytes = workspace.memory.arenaChunkCount * L.CHUNK_GRAINS * L.ARENA_GRAIN_BYTES;
    this.#parts = new PartsOut((request, index, value) => this.#part(request, index, value));
  }

  /** Whether there are questions whose askers may leave before they are answered. */
  get busy(): boolean {
    return !this.#open.none || this.#mailroom.waiting > 0;
  }

  /** Messages that have not had their turn. */
  get waiting(): number {
    return this.#mailroom.waiting;
  }

  /** Answers that were given when their asker did not wait any more, and were not sent. */
  get late(): number {
    return this.#late;
  }

  /**
   * A message or a question for neuron `id` of this thread, in slot `at`, of which `frame` was read. Throws when its value cannot
   * be read; then a question is answered. Returns whether it waits for its turn: a question whose asker has left does not.
   */
  arrived(frame: Frame, from: number, id: number, at: number, now: number): boolean {
    const isMessage = frame.what === MESSAGE_SEND;
    const priority = (this.#ws.u32[at * 16 + 4] >>> 8) & 0xff;
    if (!isMessage && this.#ws.ganglionOf(from) < 0) return false;
    const sentNs = stampOf(this.#ws.u32, at);
    let content: Content;
    try {
      content = contentIn(frame, this.#ws, at);
    } catch (error) {
      if (!isMessage) this.fail(this.#request(NOTHING, frame, from, id, priority, sentNs, now), error);
      throw error;
    }
    if (isMessage) {
      this.#mailroom.add(id, new Message(this.#voice(), content, frame, from, id, priority, sentNs), now);
      return true;
    }
    const request = this.#request(content, frame, from, id, priority, sentNs, now);
    this.#mailroom.add(id, request, now);
    if (this.#ws.residents[id]?.neuron.concurrency !== undefined) this.#deadlines.add(request, now);
    return true;
  }

  #request(
    content: Content,
    frame: Frame,
    from: number,
    to: number,
    priority: number,
    sentNs: number,
    now: number,
  ): Request {
    countLoad(this.#ws, to, 1);
    const deadlineNs = fromWire(frame.deadline, now);
    const request = new Request(this.#voice(), content, frame, from, to, priority, sentNs, deadlineNs);
    request.fromEntry = this.#entryOf(from);
    return request;
  }

  /** What asker `from` tells of a question that it asked neuron `id`, in slot `at`, of which `frame` was read. */
  told(frame: Frame, from: number, id: number, at: number): void {
    const { what, exchange, deadline: count } = frame; // see NB_MESSAGE_CANCEL
    const text = () => contentIn(frame, this.#ws, at).text();
    if (what === L.MESSAGE_REWARD) {
      const signal = Number.parseFloat(text());
      if (signal >= -1 && signal <= 1) this.#teacher.rewarded(from, id, signal);
      return;
    }
    const open = this.#open.find(from, exchange);
    const request = open?.to === id ? open : undefined;
    if (what === L.MESSAGE_CREDIT) {
      if (request !== undefined) this.#parts.grant(request, Number.parseInt(text(), 10));
      return;
    }
    const timedOut = count !== 0; // who does not need an answer any more blames nobody
    const ended = request ?? this.#withdraw(id, exchangeKey(from, exchange));
    if (ended === undefined) return;
    if (timedOut) this.#teacher.failed(from, id);
    this.#cancel(ended, timedOut && request === undefined ? 'timeout' : 'aborted');
  }

  /** Nobody waits for the answers to those who left. */
  forgetGone(): void {
    for (const request of this.#open.all((open) => this.#askerLeft(open))) this.#cancel(request);
    const gone = (message: object) => message instanceof Request && this.#askerLeft(message);
    const waiting = this.#mailroom.withdrawAll(gone);
    for (const request of waiting as Request[]) {
      this.#ws.count(this.#ws.ganglionRecord + L.GANGLION_DELIVERED);
      this.#cancel(request);
    }
  }

  /** Ends what is due, with a virtual clock. */
  expire(): void {
    this.#deadlines.expire(this.#host.now());
  }

  // Its asker sees the same moment pass, and its cancellation finds nothing any more.
  #expired(request: Request): void {
    const { from, to, key } = request;
    const waited = this.#withdraw(to, key) !== undefined;
    this.#teacher.failed(from, to);
    this.#cancel(request, waited ? 'timeout' : 'aborted');
  }

  #withdraw(id: number, key: number): Request | undefined {
    const waiting = this.#mailroom.withdraw(id, key) as Request | undefined; // only they have a key
    if (waiting !== undefined) this.#ws.count(this.#ws.ganglionRecord + L.GANGLION_DELIVERED);
    return waiting;
  }

  /** Hands over what waits, to those that have time. Returns whether somebody still waits for something. */
  drain(): boolean {
    const ws = this.#ws;
    let waits = false;
    for (let mailbox = this.#mailroom.first; mailbox !== undefined; mailbox = this.#mailroom.first) {
      // A handler may unregister its neuron.
      for (;;) {
        const resident = ws.residents[mailbox.id];
        if (mailbox.closed || resident === undefined || ws.closed) break;
        const { concurrency } = resident.neuron;
        if (concurrency !== undefined && mailbox.busy >= concurrency) {
          waits ||= mailbox.size > 0;
          break;
        }
        const message = mailbox.take();
        if (message === undefined) break;
        ws.count(ws.ganglionRecord + L.GANGLION_DELIVERED);
        const observer = this.#host.observer();
        if (observer === undefined) this.#handle(message, resident, mailbox);
        else this.#handleWatched(observer, message, resident, mailbox);
      }
      this.#mailroom.done(); // not when a listener to 'error' threw: then the rest waits for the next time
    }
    return waits || !this.#open.none;
  }

  #handleWatched(
    observer: ExchangeObserver,
    message: Message,
    resident: Resident,
    mailbox: Mailbox<Message>,
  ): void {
    const handle = () => this.#handle(message, resident, mailbox);
    if (message instanceof Request) observer.answering(message, handle);
    else observer.receiving(message, handle);
  }

  /** A neuron of this thread left: questions that waited for it are answered, and all that waited is dropped. */
  left(id: number): void {
    const gone = new NeuronBusError('DEAD_TARGET', `neuron ${id}`);
    const waiting = this.#mailroom.close(id);
    for (const message of waiting) {
      this.#ws.count(this.#ws.ganglionRecord + L.GANGLION_DROPPED + 8 * L.DROP_DEAD_TARGET);
      if (!(message instanceof Request)) this.#host.lost(message);
    }
    for (const open of this.#open.all(({ to }) => to === id)) waiting.push(open); // more, maybe, than a call takes arguments
    for (const message of waiting) {
      if (!(message instanceof Request)) continue;
      this.fail(message, gone);
      message.abort(); // its handler may still run
    }
  }

  /** One answer; to who wants parts, as the only one. */
  answer(request: Request, value: unknown): boolean {
    if (!request.wantsParts) return this.#finish(request, L.MESSAGE_REPLY, value);
    if (request.done || this.#ws.closed || this.#parts.has(request)) return this.#dropped(request);
    if (!this.#send(request, L.MESSAGE_PART, value, 0)) {
      if (this.#askerLeft(request)) this.#cancel(request);
      else this.fail(request, new NeuronBusError('FULL', 'The answer was dropped')); // which waits for room
      return false;
    }
    this.#partSent(request, 0);
    return this.#finish(request, L.MESSAGE_END, undefined, 1);
  }

  fail(request: Request, error: unknown): boolean {
    if (request.done) return false;
    const told = describeError(error);
    const sent = this.#finish(request, L.MESSAGE_ERROR, told);
    if (told === UNREADABLE) this.#host.handlerFailed(error, request.to); // somebody should see it
    return sent;
  }

  close(): void {
    this.#deadlines.close();
    for (const request of this.#open.all(() => true)) this.#cancel(request, 'closed');
  }

  #handle(message: Message, resident: Resident, mailbox: Mailbox<Message>): void {
    if (message instanceof Request && message.deadline <= this.#host.now()) {
      this.#teacher.failed(message.from, message.to);
      this.#cancel(message, 'timeout');
      return;
    }
    this.#turns.hand(message, resident, mailbox);
  }

  // A handler ended: the next message may have its place.
  #freed(mailbox: Mailbox<Message>): void {
    if (this.#mailroom.freed(mailbox) && !this.#ws.closed) this.#host.turn(() => this.drain());
  }

  async #sendParts(request: Request, parts: AsyncIterable<unknown>): Promise<void> {
    if (request.wantsParts) {
      const count = await this.#parts.send(request, parts);
      if (count >= 0) this.#finish(request, L.MESSAGE_END, undefined, count);
    } else {
      const all = await collect(parts, () => !request.done, this.#maxBytes);
      if (all !== undefined) this.answer(request, all);
    }
  }

  #part(request: Request, index: number, value: unknown): boolean | Promise<boolean> {
    const sent = this.#courier.part(letterTo(request, L.MESSAGE_PART, index), value, () => !request.done);
    if (typeof sent !== 'boolean') return sent.then((went) => went && this.#partSent(request, index));
    return sent && this.#partSent(request, index);
  }

  #partSent(request: Request, index: number): true {
    const now = this.#ws.lastReading();
    if (index === 0) {
      request.answeredAfterNs = Math.max(0, now - request.timestamp);
      this.#deadlines.remove(request); // from here on only the asker knows when its patience ends
    }
    request.extend(now);
    return true;
  }

  #finish(request: Request, what: number, value: unknown, count = 0): boolean {
    if (request.done || this.#ws.closed) return this.#dropped(request);
    const sent = this.#send(request, what, value, count);
    request.finish();
    this.#forget(request);
    if (what === L.MESSAGE_ERROR) this.#host.finished(request, 'failed', value);
    else this.#host.finished(request, 'served');
    this.#parts.wake(request);
    const { from, to, timestamp, answeredAfterNs, scale } = request;
    if (what === L.MESSAGE_ERROR) this.#teacher.failed(from, to);
    else if (answeredAfterNs >= 0) this.#teacher.answered(from, to, answeredAfterNs, scale);
    else this.#teacher.answered(from, to, Math.max(0, this.#ws.lastReading() - timestamp), scale);
    return sent;
  }

  // An error for which the arena has no room is told by its name; one that cannot be sent at all is as good as silence.
  #send(request: Request, what: number, value: unknown, count: number): boolean {
    if (this.#ws.residents[request.to] === undefined) return false;
    const endsStream = request.wantsParts && what !== L.MESSAGE_PART;
    try {
      return endsStream
        ? this.#courier.urgent(letterTo(request, what, count), value)
        : this.#post.answer(request, what, count, value);
    } catch (error) {
      if (!(error instanceof NeuronBusError)) throw error;
      const noBlock = error.code === 'ERR_NB_ARENA_FULL' || error.code === 'ERR_NB_TOO_LARGE';
      if (what === L.MESSAGE_ERROR) return noBlock && this.#sendName(request, value as ErrorTold);
      if (error.code === 'ERR_NB_DEAD_TARGET') return false;
      throw error;
    }
  }

  #sendName(request: Request, { name, message }: Partial<ErrorTold>): boolean {
    if (message === undefined) return false; // that was tried
    return this.#send(request, L.MESSAGE_ERROR, { name: name?.slice(0, MAX_INLINE_NAME) }, 0);
  }

  #cancel(request: Request, outcome: RequestOutcome = 'aborted'): void {
    if (request.done) return; // a listener to the signal of another one answered it
    this.#forget(request);
    request.cancel();
    this.#host.finished(request, outcome);
    this.#parts.wake(request);
  }

  // What was answered when the asker had gone is a late answer, once.
  #dropped(request: Request): false {
    const { cancelled, answeredAfterNs, timestamp, to } = request;
    if (!cancelled || answeredAfterNs >= 0 || this.#ws.residents[to] === undefined) return false;
    request.answeredAfterNs = Math.max(0, this.#ws.lastReading() - timestamp);
    this.#late++;
    return false;
  }

  #keep(request: Request): void {
    if (request.done) return; // its handler replied, and goes on
    this.#open.add(request);
    if (request.wheelSlot < 0) this.#deadlines.add(request, this.#ws.lastReading());
  }

  #forget(request: Request): void {
    this.#open.remove(request);
    if (request.wheelSlot >= 0) this.#deadlines.remove(request);
  }

  #askerLeft(request: Request): boolean {
    return this.#entryOf(request.from) !== request.fromEntry;
  }

  #entryOf(id: number): number {
    return this.#ws.u32[this.#ws.roster + id] | 0; // as a small integer
  }
}

function letterTo(request: Request, what: number, count: number): Letter {
  const { from: to, to: from, exchange, correlationId: correlation, type, priority } = request;
  return { from, to, what, exchange, correlation, type, priority, deadlineNs: 0, count };
}
