// SPDX-License-Identifier: MIT
//
// The answerer's side: what came waits in a mailbox per neuron, most urgent first, and is handed to onMessage or onRequest; what
// those return goes back. Called on the thread of the bus.

import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import type { Resident, Workspace } from '../workspace.js';
import { type About, type IncomingHost, Message, Request } from './incoming.js';
import { Mailbox } from './mailbox.js';
import type { ExchangeObserver, RequestOutcome } from './observer.js';
import type { Post } from './post.js';
import type { Teacher } from './teacher.js';
import { STREAM_WINDOW } from './token_stream.js';
import type { Content } from './value.js';

export interface AnsweringHost {
  now(): number;
  /** A handler of onMessage threw or rejected. */
  handlerFailed(error: unknown, id: number): void;
  /** A message or question got its turn. */
  handled(message: Message): void;
  /** A question ended; `error` is what it was rejected with. */
  finished(request: Request, outcome: RequestOutcome, error?: unknown): void;
  observer(): ExchangeObserver | undefined;
}

export class Answering {
  readonly #ws: Workspace;
  readonly #post: Post;
  readonly #teacher: Teacher;
  readonly #host: AnsweringHost;
  readonly #voice: () => IncomingHost;
  readonly #ageingNs: number;
  readonly #mailboxes = new Map<number, Mailbox<Message>>();
  readonly #touched = new Set<number>(); // neurons whose mailbox may have something to hand over
  readonly #open = new Map<number, Map<number, Request>>(); // by neuron that asked and number; only those that outlive their handler
  readonly #credits = new Map<Request, { parts: number; granted: () => void }>();

  /** `voice`: what requests can do with the bus. */
  constructor(
    workspace: Workspace,
    post: Post,
    teacher: Teacher,
    ageingNs: number,
    host: AnsweringHost,
    voice: () => IncomingHost,
  ) {
    this.#ws = workspace;
    this.#post = post;
    this.#teacher = teacher;
    this.#ageingNs = ageingNs;
    this.#host = host;
    this.#voice = voice;
  }

  /** Messages that have not had their turn. */
  get waiting(): number {
    let waiting = 0;
    for (const { size } of this.#mailboxes.values()) waiting += size;
    return waiting;
  }

  /** A message or a question for a neuron of this thread. */
  arrived(about: About, content: Content, now: number): void {
    const id = about.to;
    const message =
      about.what === L.MESSAGE_SEND
        ? new Message(this.#voice(), content, about)
        : new Request(this.#voice(), content, about, about.what === L.MESSAGE_STREAM);
    let mailbox = this.#mailboxes.get(id);
    if (mailbox === undefined) {
      mailbox = new Mailbox(this.#ageingNs);
      this.#mailboxes.set(id, mailbox);
    }
    mailbox.add(message, now);
    this.#touched.add(id);
  }

  /** What an asker tells of a question that it asked neuron `id`. */
  told(what: number, from: number, id: number, exchange: number, content: () => Content): void {
    if (what === L.MESSAGE_REWARD) {
      const signal = Number(content().text());
      if (signal >= -1 && signal <= 1) this.#teacher.rewarded(from, id, signal);
      return;
    }
    const request = this.#open.get(from)?.get(exchange);
    if (request === undefined || request.to !== id) return;
    if (what === L.MESSAGE_CREDIT) {
      const credit = this.#credits.get(request);
      const parts = Number(content().text());
      if (credit === undefined || !(parts > 0)) return;
      credit.parts += parts;
      credit.granted();
    } else {
      this.#teacher.failed(from, id);
      this.#forget(request);
      request.cancel();
      this.#host.finished(request, 'aborted');
      this.#credits.get(request)?.granted();
    }
  }

  /** Hands over what waits, to those that have time. */
  drain(): void {
    for (const id of this.#touched) {
      this.#touched.delete(id);
      const mailbox = this.#mailboxes.get(id);
      const resident = this.#ws.residents[id];
      if (mailbox === undefined) continue;
      if (resident === undefined) {
        this.#mailboxes.delete(id);
        continue;
      }
      const places = resident.neuron.concurrency ?? Number.POSITIVE_INFINITY;
      while (mailbox.busy < places) {
        const message = mailbox.take();
        if (message === undefined || this.#ws.closed) break;
        const observer = this.#host.observer();
        if (observer === undefined || !(message instanceof Request)) this.#handle(message, resident, mailbox);
        else observer.answering(message, () => this.#handle(message, resident, mailbox));
      }
    }
  }

  /** A neuron of this thread left: what waited for it is answered. */
  left(id: number): void {
    const gone = new NeuronBusError('DEAD_TARGET', `neuron ${id}`);
    const waiting = this.#mailboxes.get(id)?.clear() ?? [];
    this.#mailboxes.delete(id);
    for (const requests of this.#open.values()) {
      for (const request of requests.values()) if (request.to === id) waiting.push(request);
    }
    for (const message of waiting) if (message instanceof Request) this.fail(message, gone);
  }

  answer(request: Request, value: unknown): boolean {
    return this.#finish(request, L.MESSAGE_REPLY, value);
  }

  fail(request: Request, error: unknown): boolean {
    return this.#finish(request, L.MESSAGE_ERROR, describeError(error));
  }

  close(): void {
    for (const requests of this.#open.values()) {
      for (const request of requests.values()) {
        request.cancel();
        this.#host.finished(request, 'closed');
      }
    }
    for (const { granted } of this.#credits.values()) granted();
  }

  #handle(message: Message, { neuron, handle }: Resident, mailbox: Mailbox<Message>): void {
    const isRequest = message instanceof Request;
    if (isRequest && message.deadline <= this.#host.now()) {
      this.#tooLate(message);
      return;
    }
    if (!isRequest) this.#host.handled(message);
    let result: unknown;
    try {
      if (!isRequest) result = neuron.onMessage?.(message, handle);
      else if (neuron.onRequest === undefined)
        throw new NeuronBusError('NO_HANDLER', `neuron ${message.to} (${handle.card.name})`);
      else result = neuron.onRequest(message, handle);
    } catch (error) {
      this.#threw(message, error);
      return;
    }
    if (isRequest) this.#result(message, result, mailbox);
    else if (isThenable(result))
      this.#run(
        mailbox,
        message,
        result.then(undefined, (error) => this.#threw(message, error)),
      );
  }

  #result(request: Request, result: unknown, mailbox: Mailbox<Message>): void {
    if (isThenable(result)) {
      this.#keep(request);
      const settled = result.then(
        (value) =>
          isAsyncIterable(value) ? this.#sendParts(request, value) : this.#answerOnce(request, value),
        (error) => this.#threw(request, error),
      );
      this.#run(mailbox, request, settled);
    } else if (isAsyncIterable(result)) {
      this.#keep(request);
      this.#run(mailbox, request, this.#sendParts(request, result));
    } else if (result === undefined) {
      if (!request.done) this.#keep(request); // reply() comes later
    } else {
      this.#answerOnce(request, result);
    }
  }

  // A handler that goes on takes one of the places that the neuron has.
  #run(mailbox: Mailbox<Message>, message: Message, settled: PromiseLike<unknown>): void {
    mailbox.busy++;
    const free = () => {
      mailbox.busy--;
      if (mailbox.size === 0 || this.#ws.closed) return;
      this.#touched.add(message.to);
      this.drain();
    };
    settled.then(free, (error) => {
      free();
      this.#threw(message, error);
    });
  }

  #threw(message: Message, error: unknown): void {
    if (this.#ws.closed) return;
    if (message instanceof Request) this.fail(message, error);
    else this.#host.handlerFailed(error, message.to);
  }

  #tooLate(request: Request): void {
    request.cancel();
    this.#teacher.failed(request.from, request.to);
    this.#host.finished(request, 'timeout');
  }

  #answerOnce(request: Request, value: unknown): void {
    if (request.done) return;
    try {
      if (!request.wantsParts) this.answer(request, value);
      else if (this.#part(request, 0, value)) this.#finish(request, L.MESSAGE_END, undefined, 1);
    } catch (error) {
      this.fail(request, error); // a value that cannot be sent
    }
  }

  /** Parts as they come, as fast as they are read; all in one where one answer is wanted. */
  async #sendParts(request: Request, parts: AsyncIterable<unknown>): Promise<void> {
    if (!request.wantsParts) {
      const all: unknown[] = [];
      for await (const part of parts) all.push(part);
      return this.#answerOnce(request, all);
    }
    const credit = { parts: STREAM_WINDOW, granted: () => {} };
    this.#credits.set(request, credit);
    let count = 0;
    try {
      for await (const part of parts) {
        while (credit.parts === 0 && !request.done) {
          await new Promise<void>((resolve) => {
            credit.granted = resolve;
          });
        }
        if (request.done || this.#ws.closed) return;
        credit.parts--;
        if (!this.#part(request, count++, part))
          throw new NeuronBusError('FULL', 'A part of the stream was dropped');
      }
      this.#finish(request, L.MESSAGE_END, undefined, count);
    } finally {
      this.#credits.delete(request);
    }
  }

  #part(request: Request, index: number, value: unknown): boolean {
    return this.#send(request, L.MESSAGE_PART, value, index);
  }

  #finish(request: Request, what: number, value: unknown, count = 0): boolean {
    if (request.done || this.#ws.closed) return false;
    const sent = this.#send(request, what, value, count);
    request.done = true;
    this.#forget(request);
    if (what === L.MESSAGE_ERROR) this.#host.finished(request, 'failed', value);
    else this.#host.finished(request, 'served');
    if (what === L.MESSAGE_ERROR) this.#teacher.failed(request.from, request.to);
    else
      this.#teacher.answered(
        request.from,
        request.to,
        Math.max(0, this.#ws.lastReading() - request.timestamp),
      );
    return sent;
  }

  #send(request: Request, what: number, value: unknown, count: number): boolean {
    const { from: asker, to: from, exchange, correlationId: correlation, type, priority } = request;
    if (this.#ws.residents[from] === undefined) return false;
    const letter = { from, to: asker, what, exchange, correlation, type, priority, deadlineNs: 0, count };
    try {
      return this.#post.send(letter, value);
    } catch (error) {
      if (error instanceof NeuronBusError && error.code === 'ERR_NB_DEAD_TARGET') return false;
      throw error;
    }
  }

  #keep(request: Request): void {
    const { from, exchange } = request;
    const known = this.#open.get(from);
    if (known === undefined) this.#open.set(from, new Map([[exchange, request]]));
    else known.set(exchange, request);
  }

  #forget({ from, exchange }: Request): void {
    const known = this.#open.get(from);
    if (known?.delete(exchange) && known.size === 0) this.#open.delete(from);
  }
}

function describeError(error: unknown): { name: string; message: string; code?: unknown } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' || typeof code === 'number' ? { name, message, code } : { name, message };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null | undefined)?.[Symbol.asyncIterator] === 'function';
}
