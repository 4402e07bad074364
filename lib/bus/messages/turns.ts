// SPDX-License-Identifier: MIT
//
// A message has its turn: its neuron's handler runs, and what it returns, throws, resolves to or yields is taken from it, in
// whatever shape that comes. Called on the thread of the bus.

import { NeuronBusError } from '../../memory/errors.js';
import type { Resident, Workspace } from '../workspace.js';
import type { AnsweringHost } from './answering_host.js';
import { type Message, Request } from './incoming.js';
import type { Mailbox } from './mailbox.js';
import { asParts, Kind, kindOf, observe } from './results.js';

/** Where results go. */
export interface Answers {
  /** The question outlives its handler. */
  keep(request: Request): void;
  answer(request: Request, value: unknown): boolean;
  fail(request: Request, error: unknown): boolean;
  /** All parts, as there is room for them. */
  parts(request: Request, parts: AsyncIterable<unknown>): Promise<void>;
  /** A handler ended, which took one of the places of its neuron. */
  freed(mailbox: Mailbox<Message>): void;
}

export class Turns {
  readonly #ws: Workspace;
  readonly #host: AnsweringHost;
  readonly #answers: Answers;

  constructor(workspace: Workspace, host: AnsweringHost, answers: Answers) {
    this.#ws = workspace;
    this.#host = host;
    this.#answers = answers;
  }

  /** Hands a message that came out of `mailbox` to its neuron. */
  hand(message: Message, { neuron, handle }: Resident, mailbox: Mailbox<Message>): void {
    const isRequest = message instanceof Request;
    if (!isRequest) this.#host.handled(message);
    let result: unknown;
    let kind: Kind;
    try {
      if ((isRequest ? neuron.onRequest : neuron.onMessage) === undefined)
        throw new NeuronBusError('NO_HANDLER', `neuron ${message.to} (${handle.card.name})`);
      result = isRequest ? neuron.onRequest!(message, handle) : neuron.onMessage!(message, handle);
      this.#ws.restamp(0); // what an answer teaches is when it was given
      kind = kindOf(result);
      if (kind === Kind.later) result = Promise.resolve(result);
    } catch (error) {
      this.#ws.restamp(0);
      this.#threw(message, error);
      return;
    }
    if (isRequest) this.#result(message, result, kind, mailbox);
    else if (kind === Kind.later) this.#receivedLater(message, result as Promise<unknown>, mailbox);
    else this.#host.received(message);
  }

  // Functions have a method of their own: what they refer to would be on the heap for each message, with or without them.
  #receivedLater(message: Message, result: Promise<unknown>, mailbox: Mailbox<Message>): void {
    const settled = observe(
      result,
      () => this.#host.received(message),
      (error) => this.#threw(message, error),
    );
    this.#run(mailbox, message, settled);
  }

  #result(request: Request, result: unknown, kind: Kind, mailbox: Mailbox<Message>): void {
    if (kind === Kind.later) {
      this.#answerLater(request, result as Promise<unknown>, mailbox);
    } else if (kind === Kind.parts) {
      this.#answers.keep(request);
      this.#run(mailbox, request, this.#answers.parts(request, asParts(result)));
    } else if (result === undefined) {
      this.#answers.keep(request); // reply() comes later
    } else {
      this.#answerOnce(request, result);
    }
  }

  #answerLater(request: Request, result: Promise<unknown>, mailbox: Mailbox<Message>): void {
    this.#answers.keep(request);
    const settled = observe(
      result,
      (value) =>
        kindOf(value) === Kind.parts
          ? this.#answers.parts(request, asParts(value))
          : this.#answerOnce(request, value),
      (error) => this.#threw(request, error),
    );
    this.#run(mailbox, request, settled);
  }

  // A handler that goes on takes one of the places that the neuron has.
  #run(mailbox: Mailbox<Message>, message: Message, settled: Promise<unknown>): void {
    mailbox.busy++;
    this.#ws.awaited = true;
    const free = () => this.#answers.freed(mailbox);
    settled.then(free, (error) => {
      free();
      this.#threw(message, error);
    });
  }

  #threw(message: Message, error: unknown): void {
    if (!(message instanceof Request)) this.#host.received(message, { error });
    if (this.#ws.closed) return;
    if (!(message instanceof Request)) this.#host.handlerFailed(error, message.to);
    else if (!message.done) this.#answers.fail(message, error);
    else if (!message.cancelled) this.#host.handlerFailed(error, message.to); // after it had answered
  }

  #answerOnce(request: Request, value: unknown): void {
    try {
      this.#answers.answer(request, value);
    } catch (error) {
      this.#answers.fail(request, error); // a value that cannot be sent
    }
  }
}
