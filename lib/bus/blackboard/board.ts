// SPDX-License-Identifier: MIT
//
// The blackboard of the bus as one of its neurons sees it. Called on the thread of the bus.

import { checkKeys, invalidArgument, NeuronBusError } from '../../memory/errors.js';
import { checkSignal, type RequestOptions, type To } from '../messages/options.js';
import type { Reply } from '../messages/reply.js';
import { BoardWatch } from './board_watch.js';
import {
  BLACKBOARD,
  type BoardKey,
  type ChangesAnswer,
  decode,
  decodeValue,
  encode,
  encodeValue,
  keyOf,
  nameOf,
  type Question,
  type Refusal,
  type Selector,
  type StateAnswer,
} from './wire.js';

/** A value and its version: an integer above 0, later ones are greater, none is given twice. */
export interface BoardEntry<T = unknown> {
  readonly value: T;
  readonly version: number;
}

export type CompareAndSet<T = unknown> =
  | { readonly ok: true; readonly version: number }
  /** What is there; version 0 and no value: nothing. */
  | { readonly ok: false; readonly version: number; readonly value: T | undefined };

/** What a watcher sees: `value` undefined = the key is not there (any more). */
export interface BoardChange<T = unknown> {
  readonly key: BoardKey;
  readonly value: T | undefined;
  readonly version: number;
}

/** How long to wait for the owner of the blackboard, and when to give up. */
export type BoardOptions = Pick<RequestOptions, 'timeoutMs' | 'signal'>;

/** What a board needs of the bus. */
export interface BoardHost {
  request(from: number, to: To, value: Uint8Array, options: RequestOptions): Promise<Reply>;
}

const WATCH_KEYS: ReadonlySet<string> = new Set(['signal']);
const OWNER = Object.freeze({ capability: BLACKBOARD });

/**
 * Made by {@link NeuronHandle.blackboard} or {@link NeuronBus.blackboard}; the same state from every thread and process. Keys are
 * texts or bytes, values whatever JSON expresses, or bytes; both come back as they went, with quotes, line feeds and zeros.
 *
 * Everything here rejects with a NeuronBusError: ERR_NB_NO_ROUTE (nobody registered a {@link Blackboard}), ERR_NB_DEAD_TARGET
 * (its thread or process ended), ERR_NB_TIMEOUT, ERR_NB_ABORTED, ERR_NB_CLOSED, ERR_NB_INVALID_ARGUMENT, and as
 * {@link NeuronHandle.request}. After ERR_NB_TIMEOUT or ERR_NB_DEAD_TARGET a write may have been done: compareAndSet() again, and
 * its version tells.
 */
export class Board {
  readonly #host: BoardHost;
  readonly #from: number;

  /** @internal */
  constructor(host: BoardHost, from: number) {
    this.#host = host;
    this.#from = from;
  }

  /** undefined: the key is not there. */
  async get<T = unknown>(key: BoardKey, options?: BoardOptions): Promise<BoardEntry<T> | undefined> {
    const [answer, body] = await this.#state({ op: 'get', key: nameOf('key', key) }, undefined, options);
    if (!answer.ok) return undefined;
    return { value: decodeValue(answer.kind, body) as T, version: answer.version };
  }

  /** Whatever was there. Returns the version. Also rejects with ERR_NB_TOO_LARGE, ERR_NB_BOARD_FULL: nothing changed. */
  async set(key: BoardKey, value: unknown, options?: BoardOptions): Promise<number> {
    const { kind, bytes } = encodeValue(value);
    const [answer] = await this.#state({ op: 'set', key: nameOf('key', key), kind }, bytes, options);
    return answer.version;
  }

  /**
   * Sets it if its version is still `expected`; 0: if it is not there. Otherwise tells what is there, to try again with. Also
   * rejects as set().
   */
  async compareAndSet<T = unknown>(
    key: BoardKey,
    expected: number,
    value: T,
    options?: BoardOptions,
  ): Promise<CompareAndSet<T>> {
    const { kind, bytes } = encodeValue(value);
    const name = nameOf('key', key);
    checkVersion(expected);
    const [answer, body] = await this.#state({ op: 'set', key: name, kind, expected }, bytes, options);
    const { ok, version } = answer;
    return ok ? { ok, version } : { ok, version, value: decodeValue(answer.kind, body) as T | undefined };
  }

  /**
   * Sets it to what `change` makes of what is there, as often as it takes until nobody else wrote in between. `change` may be
   * called several times. Returns what it set. Also rejects as set().
   */
  async update<T = unknown>(
    key: BoardKey,
    change: (value: T | undefined) => T,
    options?: BoardOptions,
  ): Promise<BoardEntry<T>> {
    let now: { value: T | undefined; version: number } = (await this.get<T>(key, options)) ?? {
      value: undefined,
      version: 0,
    };
    for (;;) {
      const value = change(now.value);
      const done = await this.compareAndSet(key, now.version, value, options);
      if (done.ok) return { value, version: done.version };
      now = done;
    }
  }

  /** True: it was there, with version `expected` if that is given, and is not any more. */
  async delete(key: BoardKey, expected?: number, options?: BoardOptions): Promise<boolean> {
    const name = nameOf('key', key);
    if (expected !== undefined) checkVersion(expected);
    const question = { op: 'delete', key: name, ...(expected !== undefined && { expected }) } as const;
    return (await this.#state(question, undefined, options))[0].ok;
  }

  /** Keys that are there and begin with `prefix` (a text finds texts, bytes find bytes, '' all), longest unchanged first. */
  async keys(prefix: BoardKey = '', options?: BoardOptions): Promise<BoardKey[]> {
    const selector = { prefix: prefixName(prefix) };
    const found = new Set<string>(); // one that is written meanwhile comes twice
    for (let since = -1; ; ) {
      const question = { ...selector, op: 'changes', since, settled: 0, names: true } as const;
      const [{ items, upTo, revision }] = await this.#changes(question, options);
      for (const { key } of items) {
        found.delete(key);
        found.add(key);
      }
      if (upTo >= revision) return Array.from(found, keyOf);
      since = upTo;
    }
  }

  /**
   * What a key, or every key that begins with `prefix`, is and becomes: first what is there (of a single key also that it is not
   * there, with version 0), then changes, each key's in the order of its versions. Who reads slowly may miss a value that was
   * replaced, never the last one; nothing piles up. Ends when the loop is left. Throws what calls reject with, so
   * ERR_NB_ABORTED by `signal`, ERR_NB_DEAD_TARGET when the owner ended, and ERR_NB_BOARD_FULL above `maxWatchers`.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming what is wrong, at once.
   */
  watch<T = unknown>(
    what: BoardKey | { readonly prefix: BoardKey },
    options: { signal?: AbortSignal } = {},
  ): AsyncIterableIterator<BoardChange<T>> {
    checkKeys('options', options, WATCH_KEYS);
    const { signal } = options;
    if (signal !== undefined) checkSignal(signal);
    const selector: Selector =
      typeof what === 'object' && !(what instanceof Uint8Array) && what !== null && 'prefix' in what
        ? { prefix: prefixName(what.prefix) }
        : { key: nameOf('what', what as BoardKey) };
    return new BoardWatch<T>((question, options) => this.#changes(question, options), selector, signal);
  }

  async #state(
    question: Question,
    body: Uint8Array | undefined,
    options: BoardOptions | undefined,
  ): Promise<[StateAnswer, Uint8Array]> {
    return (await this.#ask(question, body, options)) as [StateAnswer, Uint8Array];
  }

  async #changes(question: Question, options?: BoardOptions): Promise<[ChangesAnswer, Uint8Array]> {
    return (await this.#ask(question, undefined, options)) as [ChangesAnswer, Uint8Array];
  }

  async #ask(
    question: Question,
    body: Uint8Array | undefined,
    options: BoardOptions = {},
  ): Promise<unknown[]> {
    const message = body === undefined ? encode(question) : encode(question, body);
    const reply = await this.#host.request(this.#from, OWNER, message, options);
    const answer = decode(reply.value);
    const { error, detail } = answer.header as Partial<Refusal>;
    if (error !== undefined) throw new NeuronBusError(error, detail);
    return [answer.header, answer.body];
  }
}

function prefixName(prefix: BoardKey): string {
  return prefix === '' ? '' : nameOf('prefix', prefix);
}

function checkVersion(expected: number): void {
  if (!(Number.isSafeInteger(expected) && expected >= 0))
    throw invalidArgument('expected', expected, 'a version, or 0 for a key that is not there');
}
