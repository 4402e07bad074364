// SPDX-License-Identifier: MIT
//
// An answer, as who asked sees it. Called on the thread of the bus.

import { invalidArgument } from '../../memory/errors.js';
import { settled } from './channel.js';
import type { Ticket } from './router.js';
import type { Content } from './value.js';

/** How long after an answer its judgement still counts for half, ns: time enough to look at it. */
const ELIGIBILITY_NS = 10e9;

export interface ReplyHost {
  /** Tells the one who answered; `signal` in [-1, 1]. */
  reward(reply: Reply<unknown>, signal: number): void;
  now(): number;
}

/** What a request resolves to. */
export class Reply<T = unknown> {
  /** Id of the neuron that answered. */
  readonly from: number;
  /** From the request to here, ns. */
  readonly latencyNs: number;
  /** Of the conversation. */
  readonly correlationId: number;
  /** @internal Id of the neuron that asked, and the number of the exchange. */
  readonly asker: number;
  /** @internal */
  readonly exchange: number;
  readonly #content: Content;
  readonly #check: ((value: unknown) => T | PromiseLike<T>) | undefined;
  readonly #host: ReplyHost;
  readonly #sentNs: number;
  readonly #answeredNs: number;
  readonly #ticket: Ticket | undefined;
  #rewarded = false;

  /** @internal */
  constructor(
    host: ReplyHost,
    content: Content,
    check: ((value: unknown) => T | PromiseLike<T>) | undefined,
    about: {
      from: number;
      asker: number;
      exchange: number;
      correlationId: number;
      latencyNs: number;
      sentNs: number;
      now: number;
      ticket: Ticket | undefined;
    },
  ) {
    this.#host = host;
    this.#content = content;
    this.#check = check;
    this.#sentNs = about.sentNs;
    this.#answeredNs = about.now;
    this.#ticket = about.ticket;
    this.from = about.from;
    this.asker = about.asker;
    this.exchange = about.exchange;
    this.correlationId = about.correlationId;
    this.latencyNs = about.latencyNs;
  }

  /**
   * What was answered.
   *
   * @throws NeuronBusError ERR_NB_BAD_PAYLOAD, also when the channel's check of answers refuses it, or is asynchronous.
   */
  get value(): T {
    return settled(this.#checked(), 'The check of answers is asynchronous; use valueAsync()');
  }

  /** The value, where the channel's check of answers is asynchronous too. */
  async valueAsync(): Promise<T> {
    return await this.#checked();
  }

  text(): string {
    return this.#content.text();
  }

  json(): unknown {
    return this.#content.json();
  }

  #checked(): T | PromiseLike<T> {
    const { value } = this.#content;
    return this.#check === undefined ? (value as T) : this.#check(value);
  }

  /**
   * How good the answer was, from -1 to 1: dopamine for the synapse from who asked to who answered, which so learns quality and
   * not only speed. The longer ago the answer came, the less it counts (half after ten seconds). The first judgement counts,
   * further ones are ignored: false.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT.
   */
  reward(amount: number): boolean {
    if (typeof amount !== 'number' || !(amount >= -1 && amount <= 1))
      throw invalidArgument('amount', amount, 'a number from -1 to 1');
    if (this.#rewarded) return false;
    this.#rewarded = true;
    const now = this.#host.now();
    this.#ticket?.strategy.rewarded(this.from, amount, this.#sentNs, this.#answeredNs, now);
    const eligibility = 2 ** (-(now - this.#answeredNs) / ELIGIBILITY_NS);
    this.#host.reward(this, amount * eligibility);
    return true;
  }
}
