// SPDX-License-Identifier: MIT
//
// What a loaded snapshot leaves to be done: its neurons that are not registered, and its synapses that wait for them or for a thread
// that has no time. Called on the thread of the bus.
//
// Inside, everybody has the id of the snapshot, so that nobody who takes the id of one that left is taken for it; outside, the
// live one.

import type { RegisteredCard } from './agent_card.js';
import type { SavedNeuron, SavedSynapse, SnapshotBody } from './snapshot.js';

export class Remainder {
  /** Neurons that are not registered, under the ids of the snapshot and in their order. */
  readonly absent: readonly SavedNeuron[];
  readonly #live: Map<number, number>; // those of the snapshot that are there, and
  readonly #saved: Map<number, number>; // the other way round
  readonly #waiting: Map<number, SavedSynapse>; // by pair, in the order in which they are to be tried

  private constructor(
    absent: readonly SavedNeuron[],
    live: Map<number, number>,
    waiting: Map<number, SavedSynapse>,
  ) {
    this.absent = absent;
    this.#live = live;
    this.#saved = new Map(Array.from(live, ([saved, id]) => [id, saved]));
    this.#waiting = waiting;
  }

  static nothing(): Remainder {
    return new Remainder([], new Map(), new Map());
  }

  /** All of a snapshot, for those who are there. */
  static of({ neurons, synapses }: SnapshotBody, there: readonly RegisteredCard[]): Remainder {
    const free = [...there].sort((a, b) => a.id - b.id);
    const live = new Map<number, number>();
    const absent = [...neurons]
      .sort((a, b) => a.id - b.id)
      .filter((saved) => {
        const match = free.findIndex((card) => card.name === saved.card.name);
        if (match >= 0) live.set(saved.id, free.splice(match, 1)[0].id);
        return match < 0;
      });
    return new Remainder(absent, live, new Map(synapses.map((synapse) => [pairOf(synapse), synapse])));
  }

  /** Neurons of the snapshot that are there. */
  get found(): number {
    return this.#live.size;
  }

  /** Synapses that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** When the first that is absent under this name is there; undefined: none is. What waits is the same, also later. */
  with({ id, name }: RegisteredCard): Remainder | undefined {
    const match = this.absent.find((saved) => saved.card.name === name);
    if (match === undefined) return undefined;
    const absent = this.absent.filter((saved) => saved !== match);
    return new Remainder(absent, new Map(this.#live).set(match.id, id), this.#waiting);
  }

  /** A neuron left: whoever has its id next is another one, and its synapses no longer wait. */
  left(id: number): void {
    const saved = this.#saved.get(id);
    if (saved === undefined) return;
    this.#saved.delete(id);
    this.#live.delete(saved);
    for (const [pair, { pre, post }] of this.#waiting)
      if (pre === saved || post === saved) this.#waiting.delete(pair);
  }

  /** What waits though both its ends are there, under their live ids. */
  ready(): SavedSynapse[] {
    const ready: SavedSynapse[] = [];
    for (const synapse of this.#waiting.values()) {
      if (this.#live.has(synapse.pre) && this.#live.has(synapse.post))
        ready.push(renamed(synapse, this.#live));
    }
    return ready;
  }

  /** A synapse between live ids no longer waits, if it did. */
  settled(pre: number, post: number): void {
    this.#waiting.delete(this.#pairOf(pre, post));
  }

  /** A synapse between live ids waits behind all others from now on. */
  refused(pre: number, post: number): void {
    const pair = this.#pairOf(pre, post);
    const synapse = this.#waiting.get(pair);
    if (synapse === undefined) return;
    this.#waiting.delete(pair);
    this.#waiting.set(pair, synapse);
  }

  /** For a snapshot in which `taken` are the live ids: who is absent gets one that is free. */
  body(taken: ReadonlySet<number>): Pick<SnapshotBody, 'neurons' | 'synapses'> {
    const ids = new Map(this.#live);
    let next = 0;
    const neurons = this.absent.map((saved) => {
      while (taken.has(next)) next++;
      ids.set(saved.id, next);
      return { ...saved, id: next++ };
    });
    return { neurons, synapses: Array.from(this.#waiting.values(), (synapse) => renamed(synapse, ids)) };
  }

  /** NaN, which is no pair, when one of them is not of the snapshot. */
  #pairOf(pre: number, post: number): number {
    return pairOf({ pre: this.#saved.get(pre) ?? Number.NaN, post: this.#saved.get(post) ?? Number.NaN });
  }
}

/** A number for two ids. */
export function pairOf({ pre, post }: Pick<SavedSynapse, 'pre' | 'post'>): number {
  return pre * 65536 + post;
}

function renamed(synapse: SavedSynapse, ids: ReadonlyMap<number, number>): SavedSynapse {
  return { ...synapse, pre: ids.get(synapse.pre)!, post: ids.get(synapse.post)! };
}
