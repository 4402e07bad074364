// SPDX-License-Identifier: MIT
//
// The state of a blackboard: values by key, what was deleted, versions, limits. No I/O; one thread.
//
// One counter gives out the versions of all keys, so that a key that was deleted and written again is never mistaken for what it
// was. A Map keeps the order in which keys were last written, which is the order of their versions: what changed after a version
// is the end of that list.

import { NeuronBusError } from '../../memory/errors.js';
import {
  type ChangedItem,
  type ChangesAnswer,
  type ChangesQuestion,
  type KeyName,
  lengthOf,
  matches,
  type StateAnswer,
  type ValueKind,
} from './wire.js';

export interface BlackboardLimits {
  /** Keys at one time. So many deletions are remembered, too, for watchers that are slow. Default 4,096. */
  maxKeys: number;
  /** Bytes of a key. Default 1,024. */
  maxKeyBytes: number;
  /** Bytes of a value; of JSON, as UTF-8. Default 65,536. */
  maxValueBytes: number;
  /** Bytes of all keys and values together. Default 8 MiB. */
  maxBytes: number;
  /** Watchers that wait at one time. Default 1,024. */
  maxWatchers: number;
}

export interface Stored {
  readonly kind: ValueKind;
  readonly bytes: Uint8Array;
  readonly version: number;
}

export interface Changes {
  readonly answer: ChangesAnswer;
  readonly values: readonly Uint8Array[];
}

/** An answer stops at the item that takes it over this many bytes. */
const PAGE_BYTES = 32_768;

export class BoardStore {
  readonly #limits: BlackboardLimits;
  readonly #entries = new Map<KeyName, Stored>();
  readonly #deleted = new Map<KeyName, number>(); // in the order of their versions
  readonly #first: number;
  #revision: number;
  #forgotten = 0; // deletions up to this version
  #bytes = 0;

  /** Versions begin above `revision`. */
  constructor(limits: BlackboardLimits, revision: number) {
    this.#limits = limits;
    this.#first = revision;
    this.#revision = revision;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: KeyName): Stored | undefined {
    return this.#entries.get(key);
  }

  /**
   * Keeps `bytes`, if the key has the expected version: 0 = it is not there, undefined = whatever it is.
   *
   * @throws NeuronBusError ERR_NB_TOO_LARGE, ERR_NB_BOARD_FULL; nothing changed.
   */
  set(key: KeyName, kind: ValueKind, bytes: Uint8Array, expected: number | undefined): StateAnswer {
    const before = this.#entries.get(key);
    const had = before?.version ?? 0;
    if (expected !== undefined && expected !== had) return { ok: false, version: had };
    this.#check(key, bytes, before);
    this.#bytes += sizeOf(key, bytes) - (before === undefined ? 0 : sizeOf(key, before.bytes));
    const version = ++this.#revision;
    this.#entries.delete(key); // to the end of the order
    this.#entries.set(key, { kind, bytes, version });
    this.#deleted.delete(key);
    return { ok: true, version };
  }

  delete(key: KeyName, expected: number | undefined): StateAnswer {
    const before = this.#entries.get(key);
    if (before === undefined) return { ok: false, version: 0 };
    if (expected !== undefined && expected !== before.version) return { ok: false, version: before.version };
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, before.bytes);
    const version = ++this.#revision;
    this.#deleted.set(key, version);
    for (const [oldest, at] of this.#deleted) {
      if (this.#deleted.size <= this.#limits.maxKeys) break;
      this.#deleted.delete(oldest);
      this.#forgotten = at;
    }
    return { ok: true, version };
  }

  /** What changed, a page of it; undefined: nothing. */
  changes(question: ChangesQuestion): Changes | undefined {
    const { since, settled, names = false } = question;
    if (!names && since >= 0 && Math.max(since, settled) < this.#forgotten) {
      return this.#answer([], this.#revision, [], this.#forgotten);
    }
    const items = this.#itemsAfter(question);
    const values: Uint8Array[] = [];
    let bytes = 0;
    let count = 0;
    while (count < items.length && bytes < PAGE_BYTES) {
      const { key, length = 0 } = items[count++];
      bytes += lengthOf(key) + length;
      if (!names) values.push(this.#entries.get(key)?.bytes ?? new Uint8Array(0));
    }
    const upTo = count < items.length ? items[count - 1].version : this.#revision;
    if (count === 0 && since >= 0) return undefined;
    return this.#answer(items.slice(0, count), upTo, values);
  }

  /** The last change of a key, for whoever waited for it. */
  latest(key: KeyName): Changes {
    const stored = this.#entries.get(key);
    const version = stored?.version ?? this.#deleted.get(key) ?? 0;
    return this.#answer([itemOf(key, stored, version, false)], this.#revision, stored ? [stored.bytes] : []);
  }

  /** That nothing changed. */
  nothing(): Changes {
    return this.#answer([], this.#revision, []);
  }

  #answer(items: ChangedItem[], upTo: number, values: Uint8Array[], gap?: number): Changes {
    const answer = { board: this.#first, upTo, revision: this.#revision, items };
    return { answer: gap === undefined ? answer : { ...answer, gap }, values };
  }

  #itemsAfter(question: ChangesQuestion): ChangedItem[] {
    const { since, names = false } = question;
    const items: ChangedItem[] = [];
    if ('key' in question) {
      const stored = this.#entries.get(question.key);
      const version = stored?.version ?? this.#deleted.get(question.key) ?? 0;
      if (version > since) items.push(itemOf(question.key, stored, version, names));
      return items;
    }
    for (const [key, stored] of this.#entries) {
      if (stored.version > since && matches(question, key))
        items.push(itemOf(key, stored, stored.version, names));
    }
    if (names || since < 0) return items;
    for (const [key, version] of this.#deleted) {
      if (version > since && matches(question, key)) items.push({ key, version });
    }
    return items.sort((one, other) => one.version - other.version);
  }

  #check(key: KeyName, bytes: Uint8Array, before: Stored | undefined): void {
    const { maxKeys, maxKeyBytes, maxValueBytes, maxBytes } = this.#limits;
    const keyBytes = lengthOf(key);
    if (keyBytes > maxKeyBytes)
      throw new NeuronBusError('TOO_LARGE', `A key of ${keyBytes} bytes, above maxKeyBytes (${maxKeyBytes})`);
    if (bytes.length > maxValueBytes)
      throw new NeuronBusError(
        'TOO_LARGE',
        `A value of ${bytes.length} bytes, above maxValueBytes (${maxValueBytes})`,
      );
    if (before === undefined && this.#entries.size >= maxKeys)
      throw new NeuronBusError('BOARD_FULL', `maxKeys is ${maxKeys}`);
    const grown = sizeOf(key, bytes) - (before === undefined ? 0 : sizeOf(key, before.bytes));
    if (this.#bytes + grown > maxBytes) throw new NeuronBusError('BOARD_FULL', `maxBytes is ${maxBytes}`);
  }
}

function itemOf(key: KeyName, stored: Stored | undefined, version: number, names: boolean): ChangedItem {
  if (stored === undefined) return { key, version };
  const { kind, bytes } = stored;
  return { key, version, kind, length: names ? 0 : bytes.length };
}

function sizeOf(key: KeyName, bytes: Uint8Array): number {
  return lengthOf(key) + bytes.length;
}
