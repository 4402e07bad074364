// SPDX-License-Identifier: MIT
//
// A tap to iterate over: what it shows waits in a bounded queue. Called on the thread of its bus.

import { type Spike, salvageSpike } from '../memory/spike.js';
import { type CheckedTapOptions, Tap, type TapHost } from './tap.js';

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** `for await (const spike of bus.tap(filter))`; one loop at a time. */
export class TapStream extends Tap implements AsyncIterableIterator<Spike, undefined> {
  readonly #queue: Queue;

  /** @internal */
  constructor(host: TapHost, options: CheckedTapOptions) {
    const queue = new Queue(options.queue);
    super(host, options, (spike) => queue.offer(spike));
    this.#queue = queue;
    if (this.closed) queue.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next spike: at once if there is one, else when there is; done once the tap is closed. */
  next(): Promise<IteratorResult<Spike, undefined>> {
    if (this.#queue.empty) this.poll();
    return this.#queue.take();
  }

  return(): Promise<IteratorResult<Spike, undefined>> {
    this.close();
    return Promise.resolve(DONE);
  }

  /** Ends the tap and the iteration; what was waiting is discarded. May be called again. */
  override close(): void {
    super.close();
    this.#queue.clear();
    this.#queue.end();
  }

  /** @internal The bus closes: what was waiting can still be had. */
  override finish(): void {
    super.finish();
    this.#queue.end();
  }
}

type Waiter = (result: IteratorResult<Spike, undefined>) => void;

class Queue {
  readonly #capacity: number;
  readonly #waiters: Waiter[] = [];
  #spikes: Spike[] = [];
  #first = 0;
  #ended = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get empty(): boolean {
    return this.#first === this.#spikes.length;
  }

  /** Keeps a copy. False: full. */
  offer(spike: Spike): boolean {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter({ done: false, value: salvageSpike(spike) });
    else if (this.#spikes.length - this.#first >= this.#capacity) return false;
    else this.#spikes.push(salvageSpike(spike));
    return true;
  }

  take(): Promise<IteratorResult<Spike, undefined>> {
    if (this.empty) {
      return this.#ended ? Promise.resolve(DONE) : new Promise((resolve) => this.#waiters.push(resolve));
    }
    const value = this.#spikes[this.#first++];
    if (this.#first * 2 > this.#spikes.length) {
      this.#spikes = this.#spikes.slice(this.#first); // half of it is read: cheap for each
      this.#first = 0;
    }
    return Promise.resolve({ done: false, value });
  }

  clear(): void {
    this.#spikes = [];
    this.#first = 0;
  }

  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter(DONE);
  }
}
