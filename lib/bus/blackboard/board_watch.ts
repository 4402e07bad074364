// SPDX-License-Identifier: MIT
//
// A watcher of the blackboard: asks for what changed since what it knows, when it is read. Called on the thread of the bus.
//
// A question waits at the owner until there is something to tell. When it or its answer is lost on a full ring, it times out and is
// asked again, from the same place: so nothing lost is lost for good.

import { setTimeout as sleep } from 'node:timers/promises';
import { NeuronBusError } from '../../memory/errors.js';
import type { BoardChange, BoardOptions } from './board.js';
import {
  type ChangesAnswer,
  type ChangesQuestion,
  decodeValue,
  type KeyName,
  keyOf,
  type Selector,
} from './wire.js';

/** How long a question waits at the owner, at most, ms. */
const PATIENCE_MS = 10_000;
/** Pause after a question found no room, ms. */
const PAUSE_MS = 10;
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

type Ask = (question: ChangesQuestion, options: BoardOptions) => Promise<[ChangesAnswer, Uint8Array]>;

export class BoardWatch<T> implements AsyncIterableIterator<BoardChange<T>> {
  readonly #ask: Ask;
  readonly #selector: Selector;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = new AbortController();
  readonly #known = new Set<KeyName>(); // that were told and not told to be gone
  readonly #queue: BoardChange<T>[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #board: number | undefined;
  #since = -1;
  #settled = -1;
  #ended = false;

  constructor(ask: Ask, selector: Selector, signal: AbortSignal | undefined) {
    this.#ask = ask;
    this.#selector = selector;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
    if (signal?.aborted) this.#aborted();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<BoardChange<T>>> {
    const result = this.#turn.then(() => this.#next());
    this.#turn = result.catch(() => {});
    return result;
  }

  return(): Promise<IteratorResult<BoardChange<T>>> {
    this.#end();
    this.#abort.abort();
    return Promise.resolve(DONE);
  }

  async #next(): Promise<IteratorResult<BoardChange<T>>> {
    try {
      while (!this.#ended) {
        if (this.#signal?.aborted) throw aborted(this.#signal);
        const value = this.#queue.shift();
        if (value !== undefined) return { done: false, value };
        await this.#fetch();
      }
      return DONE;
    } catch (error) {
      if (this.#ended) return DONE; // nobody reads any more
      this.#end();
      throw error;
    }
  }

  async #fetch(): Promise<void> {
    const question = { ...this.#selector, since: this.#since, settled: this.#settled };
    try {
      const [answer, body] = await this.#ask({ ...question, op: 'changes', wait: true }, this.#options());
      if (answer.board !== (this.#board ?? answer.board))
        throw new NeuronBusError('DEAD_TARGET', 'The blackboard was replaced by another one');
      this.#board = answer.board;
      if (answer.gap === undefined) this.#take(answer, body);
      else await this.#fill(answer.gap);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'ERR_NB_FULL' || code === 'ERR_NB_ARENA_FULL') await sleep(PAUSE_MS);
      else if (code === 'ERR_NB_NO_ROUTE' && this.#board !== undefined)
        throw new NeuronBusError('DEAD_TARGET', 'The blackboard is gone', { cause: error });
      else if (code !== 'ERR_NB_TIMEOUT') throw error;
    }
  }

  #take({ items, upTo, revision }: ChangesAnswer, body: Uint8Array): void {
    if (this.#since < 0) this.#settled = revision; // who knew nothing missed no deletion
    this.#since = upTo;
    let at = 0;
    for (const { key, version, kind, length = 0 } of items) {
      const bytes = body.subarray(at, at + length);
      at += length;
      if (kind !== undefined) this.#known.add(key);
      else if (!this.#known.delete(key) && 'prefix' in this.#selector) continue; // it came and went unseen
      this.#queue.push({ key: keyOf(key), value: decodeValue(kind, bytes) as T | undefined, version });
    }
  }

  // The owner forgot deletions up to `gap`: whatever is not there now was deleted.
  async #fill(gap: number): Promise<void> {
    const gone = new Set(this.#known);
    for (let since = -1; ; ) {
      const question = { ...this.#selector, since, settled: gap, names: true };
      const [{ items, upTo, revision }] = await this.#ask({ ...question, op: 'changes' }, this.#options());
      for (const { key, kind } of items) if (kind !== undefined) gone.delete(key);
      if (upTo >= revision) break;
      since = upTo;
    }
    for (const key of gone) {
      this.#known.delete(key);
      this.#queue.push({ key: keyOf(key), value: undefined, version: gap });
    }
    this.#settled = gap;
  }

  #options(): BoardOptions {
    return { timeoutMs: PATIENCE_MS, signal: this.#abort.signal };
  }

  #end(): void {
    this.#ended = true;
    this.#queue.length = 0;
    this.#signal?.removeEventListener('abort', this.#aborted);
  }

  readonly #aborted = (): void => this.#abort.abort(this.#signal?.reason);
}

function aborted(signal: AbortSignal): NeuronBusError {
  return new NeuronBusError('ABORTED', undefined, { cause: signal.reason });
}
