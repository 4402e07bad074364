// SPDX-License-Identifier: MIT
//
// What somebody who watches the messages, questions and answers of a bus is told; for telemetry. Called on the thread of the bus.

import type { Outcome } from './asking.js';
import type { Message, Request } from './incoming.js';
import type { MessageOptions } from './options.js';
import type { Pending } from './pending.js';

/** What it throws goes to who asked, or answers: it should not. */
export interface ExchangeObserver {
  /**
   * A message is to be sent: `send` does that, with the W3C trace context that is to go with it, and says whether it went. What
   * `send` throws goes to the sender.
   */
  sending(
    from: number,
    to: number,
    options: MessageOptions,
    send: (traceparent: string | undefined) => boolean,
  ): boolean;
  /** A message from anywhere has its turn; `handle` hands it to its neuron. */
  receiving(message: Message, handle: () => void): void;
  /** The handler of that message is through; `failure` has what it threw or rejected with. */
  received(message: Message, failure: { readonly error: unknown } | undefined): void;
  /** A question is about to be sent. Returns the W3C trace context that goes with it. */
  asking(question: Pending, traceparent: string | undefined): string | undefined;
  /** A question that it was told of ended; `error` is what its asker gets. */
  ended(question: Pending, outcome: Outcome, error: Error | undefined): void;
  /** A question from anywhere has its turn; `handle` hands it to its neuron. */
  answering(request: Request, handle: () => void): void;
  /** That question ended; `error` is what it was rejected with. */
  answered(request: Request, outcome: RequestOutcome, error: unknown): void;
}

/** How a question ended, as who was asked knows. */
export type RequestOutcome = 'served' | 'failed' | 'timeout' | 'aborted' | 'closed';
