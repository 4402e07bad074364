// SPDX-License-Identifier: MIT
//
// Slots for agents: small dense numbers, so that what is known of an agent is in columns of typed arrays. One owner, one
// thread.

import type { Candidates } from './strategy.js';

/** Columns with one value for each slot, grown together. */
export interface Columns {
  grow(slots: number): void;
  /** The slot is this agent's from now on. */
  clear(slot: number, agent: number): void;
}

export class Directory {
  readonly #slotById = new Map<number, number>();
  readonly #free: number[] = [];
  readonly #columns: Columns;
  #ids = new Int32Array(0);
  #used = 0;
  #slotsByCandidates = new WeakMap<Candidates, Int32Array>();
  #lastCandidates: Candidates | undefined;
  #lastSlots: Int32Array = this.#ids;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** All slots in use are below this. */
  get used(): number {
    return this.#used;
  }

  /** The agent in a slot; -1 in a free one. */
  idOf(slot: number): number {
    return this.#ids[slot];
  }

  /** The slot of an agent; a new one if it is unknown. */
  slotOf(id: number): number {
    const known = this.#slotById.get(id);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? this.#used++;
    if (slot >= this.#ids.length) this.#grow(Math.max(16, 2 * this.#ids.length));
    this.#slotById.set(id, slot);
    this.#ids[slot] = id;
    this.#columns.clear(slot, id);
    return slot;
  }

  /** Slots of all candidates, by position. Valid until the next `release`. */
  slotsOf(candidates: Candidates): Int32Array {
    if (candidates === this.#lastCandidates) return this.#lastSlots;
    let slots = this.#slotsByCandidates.get(candidates);
    if (slots === undefined) {
      slots = candidates.ids.map((id) => this.slotOf(id));
      this.#slotsByCandidates.set(candidates, slots);
    }
    this.#lastCandidates = candidates;
    this.#lastSlots = slots;
    return slots;
  }

  release(id: number): void {
    const slot = this.#slotById.get(id);
    if (slot === undefined) return;
    this.#slotById.delete(id);
    this.#ids[slot] = -1;
    this.#columns.clear(slot, -1);
    this.#free.push(slot);
    this.#slotsByCandidates = new WeakMap();
    this.#lastCandidates = undefined;
  }

  #grow(slots: number): void {
    this.#ids = grownInts(this.#ids, slots);
    this.#columns.grow(slots);
  }
}

export function grownInts(column: Int32Array, slots: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(slots);
  grown.set(column);
  return grown;
}

export function grownFloats(column: Float64Array, slots: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(slots);
  grown.set(column);
  return grown;
}
