// SPDX-License-Identifier: MIT
//
// What this thread asked and got no answer to yet. Called on the thread of the bus.
//
// An exchange is named by a number that this thread counts, which is also its place in the table: an answer finds its question
// by one comparison, and a number comes back only after 2^32 others.

import type { Timed } from './deadlines.js';
import type { Reply } from './reply.js';
import type { Ticket } from './router.js';
import type { TimeScale } from './time_scale.js';

/** A question under way. With one answer it is of this class, which costs less to make than one that extends another. */
export class Pending implements Timed {
  exchange = -1;
  deadlineNs = Number.POSITIVE_INFINITY;
  wheelSlot = -1;
  later: Timed | undefined = undefined;
  sooner: Timed | undefined = undefined;
  /** When it was sent, ns. */
  sentNs = 0;
  /** MESSAGE_REQUEST or MESSAGE_STREAM, and what its options say. */
  what = 0;
  type = 0;
  priority = 0;
  /** Of the value that was sent. */
  bytes = 0;
  /** For the strategy that chose the target, if one did. */
  ticket: Ticket | undefined = undefined;
  /** Which its answer belongs to. */
  scale: TimeScale | undefined = undefined;

  constructor(
    readonly from: number,
    readonly to: number,
    /** What the roster said of the target: another word, another neuron. */
    readonly toEntry: number,
    readonly correlation: number,
    readonly resolve: (reply: Reply) => void,
    readonly reject: (error: Error) => void,
    /** What the channel says of the answer. */
    readonly check: ((value: unknown) => unknown) | undefined,
  ) {}

  /** It ends without an answer. Called after it left the table. */
  fail(error: Error): void {
    this.reject(error);
  }
}

const FIRST_SIZE = 1024;

export class PendingTable<T extends Pending> {
  #places: (T | undefined)[] = new Array<T | undefined>(FIRST_SIZE).fill(undefined);
  #mask = FIRST_SIZE - 1;
  #next = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives it a number. */
  add(pending: T): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    while (this.#places[this.#next & this.#mask] !== undefined) this.#next = (this.#next + 1) >>> 0;
    pending.exchange = this.#next;
    this.#places[this.#next & this.#mask] = pending;
    this.#next = (this.#next + 1) >>> 0;
    this.#size++;
  }

  /** The question with this number, if it is still open. */
  get(exchange: number): T | undefined {
    const found = this.#places[exchange & this.#mask];
    return found !== undefined && found.exchange === exchange ? found : undefined;
  }

  remove(pending: T): void {
    const place = pending.exchange & this.#mask;
    if (this.#places[place] !== pending) return;
    this.#places[place] = undefined;
    this.#size--;
  }

  /** A copy of the list. */
  all(): T[] {
    return this.#places.filter((pending) => pending !== undefined);
  }

  // Numbers that differ in their low bits still do with more of them.
  #grow(): void {
    const old = this.#places;
    this.#mask = old.length * 2 - 1;
    this.#places = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (const pending of old)
      if (pending !== undefined) this.#places[pending.exchange & this.#mask] = pending;
  }
}
