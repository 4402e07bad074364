// SPDX-License-Identifier: MIT
//
// An answer, as who asked sees it. Called on the thread of the bus.

import { invalidArgument } from '../../memory/errors.js';
import { settled } from './channel.js';
import type { Pending } from './pending.js';
import type { Content } from './value.js';

/** How long after an answer its judgement still counts for half, ns: time enough to look at it. */
const ELIGIBILITY_NS = 10e9;

export interface ReplyHost {
  /** Tells the one who answered; `signal` in [-1, 1]. */
  reward(question: Pending, signal: number): void;
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
  readonly #content: Content;
  readonly #host: ReplyHost;
  readonly #question: Pending;
  readonly #answeredNs: number;
  #rewarded = false;

  /** @internal */
  constructor(host: ReplyHost, content: Content, question: Pending, latencyNs: number, now: number) {
    this.#host = host;
    this.#content = content;
    this.#question = question;
    this.#answeredNs = now;
    this.from = question.to;
    this.correlationId = question.correlation;
    this.latencyNs = latencyNs;
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

  // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse(), so that a field can be read without a cast
  json<T = any>(): T {
    return this.#content.json() as T;
  }

  #checked(): T | PromiseLike<T> {
    const { value } = this.#content;
    const { check } = this.#question;
    return check === undefined ? (value as T) : (check(value) as T | PromiseLike<T>);
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
    const { sentNs, ticket } = this.#question;
    ticket?.strategy.rewarded(this.from, amount, sentNs, this.#answeredNs, now);
    const eligibility = 2 ** (-(now - this.#answeredNs) / ELIGIBILITY_NS);
    this.#host.reward(this.#question, amount * eligibility);
    return true;
  }
}
