// SPDX-License-Identifier: MIT
//
// An answer in parts, at who asked. Called on the thread of the bus.
//
// Parts come over the ring and are kept until they are read. Backpressure is by credit: who answers may send STREAM_WINDOW parts
// ahead of what was read, and gets credit for half a window at a time.

import { NeuronBusError } from '../../memory/errors.js';
import { isPromise } from './channel.js';
import { Pending } from './pending.js';
import type { Content } from './value.js';

/** Parts that may be under way. */
export const STREAM_WINDOW = 32;

export interface TokenStreamHost {
  /** Lets the answerer send so many more. False: it could not be told. */
  credit(stream: StreamPending, parts: number): boolean;
  /** Nobody reads any more. */
  stopped(stream: StreamPending): void;
}

type Waiter<T> = { resolve(result: IteratorResult<T>): void; reject(error: unknown): void };

/** For `for await`. Leaving the loop early tells the answerer to stop. */
export interface TokenStream<T = unknown> extends AsyncIterableIterator<T> {
  /** Of the conversation. */
  readonly correlationId: number;
  return(): Promise<IteratorResult<T>>;
}

const nothing = (): void => {};

export class StreamPending extends Pending {
  readonly #host: TokenStreamHost;
  readonly #parts: Content[] = [];
  readonly #waiters: Waiter<unknown>[] = [];
  #arrived = 0;
  #read = 0;
  #credited = 0;
  #ended = false;
  #error: Error | undefined;
  /** From part to part, ns. */
  readonly patienceNs: number;
  lift: () => void = () => {};

  constructor(
    host: TokenStreamHost,
    about: { from: number; to: number; toEntry: number; correlation: number },
    patienceNs: number,
    check: ((value: unknown) => unknown) | undefined,
  ) {
    super(about.from, about.to, about.toEntry, about.correlation, nothing, nothing, check);
    this.#host = host;
    this.patienceNs = patienceNs;
  }

  /** Whether the answerer used up its credit: it waits, not we. */
  get full(): boolean {
    return this.#arrived === STREAM_WINDOW + this.#credited;
  }

  /** Part number `index` came. False: one before it was lost. */
  part(index: number, content: Content): boolean {
    if (index !== this.#arrived) return false;
    this.#arrived++;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#parts.push(content);
    else this.#give(waiter, content);
    return true;
  }

  /** The last part came; `count` in all. False: some were lost. */
  end(count: number): boolean {
    if (count !== this.#arrived) return false;
    this.#finish(undefined);
    return true;
  }

  override fail(error: Error): void {
    this.#finish(error);
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const content = this.#parts.shift();
      if (content !== undefined) this.#give(waiter, content);
      else if (!this.#ended) this.#waiters.push(waiter);
      else this.#last(waiter);
    });
  }

  stop(): Promise<IteratorResult<unknown>> {
    if (!this.#ended) {
      this.#finish(undefined);
      this.#host.stopped(this);
    }
    this.#parts.length = 0;
    this.#error = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(waiter: Waiter<unknown>, content: Content): void {
    const owed = ++this.#read - this.#credited;
    if (owed >= STREAM_WINDOW / 2 && !this.#ended && this.#host.credit(this, owed)) this.#credited += owed;
    try {
      const value = this.check === undefined ? content.value : this.check(content.value);
      if (this.check === undefined || !isPromise(value)) waiter.resolve({ done: false, value });
      else
        value.then(
          (checked) => waiter.resolve({ done: false, value: checked }),
          (error) => this.#refuse(waiter, error),
        );
    } catch (error) {
      queueMicrotask(() => this.#refuse(waiter, error)); // whoever brought the part has more to note down
    }
  }

  // A loop whose next() rejects does not call return(): so a part that is not valid ends the stream as return() does.
  #refuse(waiter: Waiter<unknown>, error: unknown): void {
    this.stop();
    waiter.reject(error);
  }

  #last(waiter: Waiter<unknown>): void {
    const error = this.#error;
    this.#error = undefined; // told once, as a generator does
    if (error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.lift();
    for (const waiter of this.#waiters.splice(0)) this.#last(waiter);
  }
}

/** What a lost part means. */
export function partsLost(): NeuronBusError {
  return new NeuronBusError('FULL', 'Parts of the stream were dropped on their way');
}

/** The iterator of a stream under way. */
export function iterate<T>(stream: StreamPending): TokenStream<T> {
  return {
    correlationId: stream.correlation,
    next: () => stream.next() as Promise<IteratorResult<T>>,
    return: () => stream.stop() as Promise<IteratorResult<T>>,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
