// SPDX-License-Identifier: MIT
//
// What waits at one receiver, most urgent first. Called on the thread of the bus.
//
// The order: higher priority first, and within a priority the order of arrival, which is each sender's own. So that nobody
// starves, waiting counts: `ageingMs` of it make up for one step of priority. With t the time of arrival and p the priority,
// whoever has the smaller t - p * ageing goes first. That difference does not change while a message waits, so an ordinary heap
// keeps the order.

export interface Waiting {
  readonly priority: number;
}

export class Mailbox<T extends Waiting> {
  readonly #ageingNs: number;
  readonly #heap: { readonly rank: number; readonly turn: number; readonly item: T }[] = [];
  #turn = 0;
  /** Handlers that run; kept by the owner of the mailbox. */
  busy = 0;

  /** `ageingNs` Infinity: strict, and a low priority may wait for ever. */
  constructor(ageingNs: number) {
    this.#ageingNs = ageingNs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** `now`: the time of arrival, ns. */
  add(item: T, now: number): void {
    const { priority } = item;
    const strict = this.#ageingNs === Number.POSITIVE_INFINITY;
    const entry = { rank: strict ? -priority : now - priority * this.#ageingNs, turn: this.#turn++, item };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** The most urgent one, which leaves. */
  take(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    const size = heap.length;
    if (size > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = last;
    }
    return first.item;
  }

  /** One that waits and `fits`, which stays. */
  find(fits: (item: T) => boolean): T | undefined {
    return this.#heap.find(({ item }) => fits(item))?.item;
  }

  /** Empties it. */
  clear(): T[] {
    return this.#heap.splice(0).map(({ item }) => item);
  }
}

type Entry = { readonly rank: number; readonly turn: number };

function before(one: Entry, other: Entry): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.turn < other.turn);
}
