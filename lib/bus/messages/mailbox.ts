// SPDX-License-Identifier: MIT
//
// What waits at one receiver, most urgent first. Called on the thread of the bus.
//
// The order: higher priority first, and within a priority the order of arrival, which is each sender's own. So that nobody
// starves, waiting counts: `ageingMs` of it make up for one step of priority. With t the time of arrival and p the priority,
// whoever has the smaller t - p * ageing goes first. That difference does not change while a message waits, so an ordinary heap
// keeps the order. Most come in that order already: then they stand in line, and nothing is moved. A line is a heap, too, and
// becomes one with the first that comes out of order, until the mailbox is empty.
//
// What is withdrawn leaves its place empty; when withdrawing makes more places empty than not, the others move together. It is
// found by its key, in an index that is made when it is first needed and kept until the mailbox is empty: who withdraws nothing
// pays nothing.

export interface Waiting {
  readonly priority: number;
  /** By which it can be withdrawn. */
  readonly key?: number | undefined;
}

interface Entry<T> {
  readonly rank: number;
  readonly turn: number;
  /** undefined: withdrawn. */
  item: T | undefined;
}

/** An empty mailbox keeps no more places than this. */
const KEPT_PLACES = 1024;

export class Mailbox<T extends Waiting> {
  readonly #ageingNs: number;
  #entries: (Entry<T> | undefined)[] = []; // from #first to before #end; what lies outside is undefined
  #first = 0; // 0 in a heap
  #end = 0;
  #inLine = true;
  #turn = 0;
  #withdrawn = 0; // of the places, those that are empty: taking may make them more than the others
  #byKey: Map<number, Entry<T>> | undefined;
  /** Handlers that run; kept by those who own the mailbox, as are the next ones. */
  busy = 0;
  /** Its neuron left. */
  closed = false;
  /** It is in a row of mailboxes, before this one. */
  inRow = false;
  next: Mailbox<T> | undefined = undefined;

  /** `ageingNs` Infinity: strict, and a low priority may wait for ever. `id`: of the receiver. */
  constructor(
    ageingNs: number,
    readonly id: number = -1,
  ) {
    this.#ageingNs = ageingNs;
  }

  get size(): number {
    return this.#end - this.#first - this.#withdrawn;
  }

  /** `now`: the time of arrival, ns. */
  add(item: T, now: number): void {
    const { priority } = item;
    const strict = this.#ageingNs === Number.POSITIVE_INFINITY;
    const entry = { rank: strict ? -priority : now - priority * this.#ageingNs, turn: this.#turn++, item };
    const end = this.#end;
    const entries = this.#entries;
    const inOrder =
      end === this.#first || (this.#inLine && (entries[end - 1] as Entry<T>).rank <= entry.rank);
    if (inOrder && end < entries.length) {
      entries[end] = entry;
      this.#end = end + 1;
    } else {
      this.#addMoving(entry, inOrder);
    }
    if (this.#byKey !== undefined && item.key !== undefined) this.#byKey.set(item.key, entry);
  }

  /** The most urgent one, which leaves. */
  take(): T | undefined {
    if (this.#withdrawn !== 0 || !this.#inLine || this.#byKey !== undefined) return this.#takeSearching();
    const first = this.#first;
    if (first === this.#end) return undefined;
    const entries = this.#entries;
    const { item } = entries[first] as Entry<T>;
    entries[first] = undefined;
    this.#first = first + 1;
    if (first + 1 === this.#end) this.#restart();
    return item;
  }

  /** The one with this key, if it waits, which leaves. */
  withdraw(key: number): T | undefined {
    if (this.size === 0) return undefined;
    this.#byKey ??= this.#indexed();
    const entry = this.#byKey.get(key);
    if (entry === undefined) return undefined;
    const { item } = entry;
    this.#empty(entry);
    this.#moveTogether();
    return item;
  }

  /** All that `fit`, which leave. */
  withdrawAll(fits: (item: T) => boolean): T[] {
    const found = this.#entries.filter((entry) => entry?.item !== undefined && fits(entry.item));
    const items = found.map((entry) => (entry as Entry<T>).item as T);
    for (const entry of found) this.#empty(entry as Entry<T>);
    this.#moveTogether();
    return items;
  }

  /** Empties it. */
  clear(): T[] {
    const items = this.#entries.flatMap((entry) => (entry?.item === undefined ? [] : [entry.item]));
    this.#entries = [];
    this.#restart();
    return items;
  }

  #takeSearching(): T | undefined {
    while (this.#end > this.#first) {
      const item = this.#takeFirst().item;
      if (item === undefined) {
        this.#withdrawn--;
        continue;
      }
      if (this.#end === this.#first) this.#restart();
      else if (this.#byKey !== undefined && item.key !== undefined) this.#byKey.delete(item.key);
      return item;
    }
    return undefined;
  }

  #takeFirst(): Entry<T> {
    const entries = this.#entries;
    const first = entries[this.#first] as Entry<T>;
    if (this.#inLine) {
      entries[this.#first++] = undefined;
    } else {
      const last = entries[--this.#end] as Entry<T>;
      entries[this.#end] = undefined;
      if (this.#end > 0) this.#sink(last);
    }
    return first;
  }

  #indexed(): Map<number, Entry<T>> {
    const index = new Map<number, Entry<T>>();
    for (const entry of this.#entries) if (entry?.item?.key !== undefined) index.set(entry.item.key, entry);
    return index;
  }

  #empty(entry: Entry<T>): void {
    const key = entry.item?.key;
    if (key !== undefined) this.#byKey?.delete(key);
    entry.item = undefined;
    this.#withdrawn++;
  }

  #moveTogether(): void {
    if (this.#withdrawn <= this.size) return;
    const left = this.#entries.filter((entry) => entry?.item !== undefined) as Entry<T>[];
    if (!this.#inLine) left.sort((one, other) => (before(one, other) ? -1 : 1));
    this.#entries = left;
    this.#first = this.#withdrawn = 0;
    this.#end = left.length;
    this.#inLine = true;
    if (left.length === 0) this.#restart();
  }

  #addMoving(entry: Entry<T>, inOrder: boolean): void {
    if (!inOrder && this.#inLine) {
      this.#moveUp();
      this.#inLine = false;
    } else if (this.#first * 2 > this.#end) {
      this.#moveUp();
    }
    const end = this.#end++;
    // The array keeps its length when messages leave: to make it shorter takes longer than all the rest.
    if (end === this.#entries.length) this.#entries.push(entry);
    else this.#entries[end] = entry;
    if (!this.#inLine) this.#rise(entry, end);
  }

  /** Moves the line to the beginning. */
  #moveUp(): void {
    const size = this.#end - this.#first;
    this.#entries.copyWithin(0, this.#first, this.#end);
    this.#entries.fill(undefined, size, this.#end);
    this.#first = 0;
    this.#end = size;
  }

  #restart(): void {
    this.#first = this.#end = this.#withdrawn = 0;
    this.#inLine = true;
    this.#byKey = undefined;
    if (this.#entries.length > KEPT_PLACES) this.#entries = [];
  }

  #rise(entry: Entry<T>, at: number): void {
    const entries = this.#entries;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = entries[parent] as Entry<T>;
      if (!before(entry, above)) break;
      entries[at] = above;
      at = parent;
    }
    entries[at] = entry;
  }

  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    const size = this.#end;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(entries[child + 1] as Entry<T>, entries[child] as Entry<T>)) child++;
      const below = entries[child] as Entry<T>;
      if (!before(below, entry)) break;
      entries[at] = below;
      at = child;
    }
    entries[at] = entry;
  }
}

function before(one: Entry<unknown>, other: Entry<unknown>): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.turn < other.turn);
}
