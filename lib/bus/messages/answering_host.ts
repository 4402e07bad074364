// SPDX-License-Identifier: MIT
//
// What the answerer's side needs of the bus, and who wants to know of what it does. Called on the thread of the bus.

import type { Message, Request } from './incoming.js';
import type { ExchangeObserver, RequestOutcome } from './observer.js';

export interface AnsweringHost {
  now(): number;
  /** A handler of onMessage threw or rejected. */
  handlerFailed(error: unknown, id: number): void;
  /** A message got its turn. */
  handled(message: Message): void;
  /** The handler of a message is through; `failure` has what it threw or rejected with. */
  received(message: Message, failure?: { readonly error: unknown }): void;
  /** A message's neuron left before its turn. */
  lost(message: Message): void;
  /** A question ended; `error` is what it was rejected with. */
  finished(request: Request, outcome: RequestOutcome, error?: unknown): void;
  observer(): ExchangeObserver | undefined;
  /** Runs handlers, which are not on the stack now. */
  turn(call: () => void): void;
}
