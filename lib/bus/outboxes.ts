// SPDX-License-Identifier: MIT
//
// The way out to neurons of other ganglia: one axon to each ganglion that this one ever sent to, opened at the first spike.
// Called on the one thread that owns the ganglion.
//
// Spikes become visible in bursts: when flush() is called (at the end of a tick and of the running job, by the emitter), or
// when MAX_PENDING wait, or half a ring: who waits for room must have woken who can make it. Whoever is parked is woken then;
// outside of a tick already by the first spike of a burst, because waking takes longer than the rest of most bursts.

import { AxonProducer } from '../memory/axon_producer.js';
import { axonPlace } from '../memory/cursor.js';
import { NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { longReference } from '../memory/spike.js';
import { C, type Workspace } from './workspace.js';

// As in emitter.ts: own constants are part of the instructions.
const STATE = L.GANGLION_STATE >> 2;
const GENERATION = L.GANGLION_GENERATION >> 2;
const LIVE = L.LIVE;
const MAX_PENDING = 64;
const PARKED = L.GANGLION_PARKED >> 2;

export interface Outbox {
  readonly ganglion: number;
  /** Index of the receiver's nb_ganglion in u32. */
  readonly word: number;
  /** Of the receiver when the axon was opened, as int32: with another one it is somebody else. */
  readonly generation: number;
  readonly producer: AxonProducer;
  /** It is in the list of those that wait for flush(). */
  waiting: boolean;
}

export class Outboxes {
  readonly #ws: Workspace;
  readonly #u32: Uint32Array = new Uint32Array(0);
  readonly #boxes: (Outbox | undefined)[] = [];
  readonly #dirty: Outbox[] = [];
  readonly #maxPending: number;

  constructor(workspace: Workspace) {
    this.#ws = workspace;
    this.#u32 = workspace.u32;
    this.#maxPending = Math.min(MAX_PENDING, workspace.memory.axonCapacity / 2);
  }

  /** Spikes wait for flush(). */
  get dirty(): boolean {
    return this.#dirty.length > 0;
  }

  /**
   * What leads to ganglion `to`. @throws NeuronBusError ERR_NB_DEAD_TARGET, ERR_NB_NO_ROOM, ERR_NB_TOO_MANY_GANGLIA.
   */
  to(to: number): Outbox {
    const box = this.#boxes[to];
    return box !== undefined && this.#alive(box) ? box : this.#open(to);
  }

  /** A spike was committed to `box`. */
  sent(box: Outbox): void {
    if (!box.waiting) this.#wait(box);
    else if (box.producer.pending >= this.#maxPending) this.#publish(box);
  }

  /** How many spikes for ganglion `to` fit before the backpressure mode decides; Infinity when to() would throw. */
  free(to: number): number {
    try {
      return this.to(to).producer.free;
    } catch (error) {
      if (error instanceof NeuronBusError) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  /** Makes everything visible, and wakes who is parked. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    for (let box = this.#dirty.pop(); box !== undefined; box = this.#dirty.pop()) {
      box.waiting = false;
      this.#publish(box);
    }
  }

  /** Ends sending. */
  close(): void {
    this.#dirty.length = 0;
    for (const box of this.#boxes) box?.producer.close();
    this.#boxes.length = 0;
  }

  /** Gives up the axons to ganglia that are gone. */
  forgetGone(): void {
    for (const box of this.#boxes) if (box !== undefined && !this.#alive(box)) this.#forget(box);
  }

  #publish({ producer, ganglion, word }: Outbox): void {
    const { u32, native, control } = this.#ws;
    producer.publish();
    // SYNC ganglion-park: the store of the head and this load are sequentially consistent
    if (Atomics.load(u32, word + PARKED) === 0) return;
    u32[control + C.PEER] = ganglion;
    native.wake();
  }

  #wait(box: Outbox): void {
    // A hint: #publish() looks for certain.
    if (!this.#ws.running && this.#u32[box.word + PARKED] !== 0) {
      this.#publish(box);
    } else {
      box.waiting = true;
      this.#dirty.push(box);
    }
  }

  #alive(box: Outbox): boolean {
    const u32 = this.#u32;
    return u32[box.word + STATE] === LIVE && (u32[box.word + GENERATION] | 0) === box.generation;
  }

  #forget(box: Outbox): void {
    const waiting = this.#dirty.indexOf(box);
    if (waiting >= 0) this.#dirty.splice(waiting, 1);
    box.producer.publish(); // whoever frees the axon counts what is in it, and releases its blocks
    box.producer.close();
    this.#boxes[box.ganglion] = undefined;
    this.#ws.native.abandonAxon(box.ganglion);
  }

  #open(to: number): Outbox {
    const known = this.#boxes[to];
    if (known !== undefined) this.#forget(known);
    const generation = this.#ws.generationOf(to);
    if (generation < 0) throw new NeuronBusError('DEAD_TARGET');
    const place = axonPlace(this.#ws.memory, this.#ws.openAxon(to));
    const word = this.#ws.ganglionWord(to);
    const producer = new AxonProducer(place, this.#ws);
    const box = { ganglion: to, word, generation: generation | 0, producer, waiting: false };
    box.producer.evicted = (at) => {
      const reference = longReference(this.#ws.u32, at);
      if (reference !== undefined) this.#ws.release(reference);
    };
    this.#boxes[to] = box;
    return box;
  }
}
