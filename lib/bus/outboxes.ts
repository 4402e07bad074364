// SPDX-License-Identifier: MIT
//
// The way out to neurons of other ganglia: one axon to each ganglion that this one ever sent to, opened at the first spike.
// Called on the one thread that owns the ganglion.
//
// Spikes become visible in bursts: when flush() is called (at the end of a tick and of the running job, by the emitter), or
// when MAX_PENDING wait, or half a ring: who waits for room must have woken who can make it. Whoever is parked is woken then.

import { AxonProducer } from '../memory/axon_producer.js';
import { axonPlace } from '../memory/cursor.js';
import { NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { longReference } from '../memory/spike.js';
import { type Payload, writeBody } from '../memory/spike_writer.js';
import { C, type Workspace } from './workspace.js';

const { NOW_LO, NOW_HI } = C;
const MAX_PENDING = 64;
const PARKED = L.GANGLION_PARKED >> 2;

interface Outbox {
  readonly ganglion: number;
  /** Of the receiver when the axon was opened: with another one it is somebody else. */
  readonly generation: number;
  readonly producer: AxonProducer;
  /** It is in the list of those that wait for flush(). */
  waiting: boolean;
}

export class Outboxes {
  readonly #ws: Workspace;
  readonly #boxes: (Outbox | undefined)[] = [];
  readonly #dirty: Outbox[] = [];
  readonly #maxPending: number;

  constructor(workspace: Workspace) {
    this.#ws = workspace;
    this.#maxPending = Math.min(MAX_PENDING, workspace.memory.axonCapacity / 2);
  }

  /** Spikes wait for flush(). */
  get dirty(): boolean {
    return this.#dirty.length > 0;
  }

  /**
   * Writes a spike, stamped with the last clock reading, for ganglion `to`. False: dropped, and counted.
   *
   * @throws NeuronBusError ERR_NB_FULL (backpressure 'fail', counted), ERR_NB_DEAD_TARGET, ERR_NB_NO_ROOM,
   * ERR_NB_TOO_MANY_GANGLIA, and as writeBody(); then nothing was written.
   */
  write(
    to: number,
    sequence: number,
    source: number,
    target: number,
    type: number,
    priority: number,
    payload: Payload | undefined,
  ): boolean {
    const box = this.#box(to);
    const { producer } = box;
    const { u32, control } = this.#ws;
    producer.patient = this.#ws.patient;
    const at = producer.claim();
    if (at < 0) return false;
    const w = at << 4;
    const low = type | (priority << 8);
    u32[w] = u32[control + NOW_LO];
    u32[w | 1] = u32[control + NOW_HI];
    u32[w | 2] = sequence;
    u32[w | 3] = source | (target << 16);
    u32[w | 4] = low;
    if (payload !== undefined) writeBody(u32, w | 4, low, payload, this.#ws);
    this.#ws.recorder?.abroad(at);
    producer.commit();
    if (!box.waiting) {
      box.waiting = true;
      this.#dirty.push(box);
    } else if (producer.pending >= this.#maxPending) {
      this.#publish(box);
    }
    return true;
  }

  /** How many spikes for ganglion `to` fit before the backpressure mode decides; Infinity when write() would throw. */
  free(to: number): number {
    try {
      return this.#box(to).producer.free;
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

  #publish({ producer, ganglion }: Outbox): void {
    const { u32, native, control } = this.#ws;
    producer.publish();
    // SYNC ganglion-park: the store of the head and this load are sequentially consistent
    if (Atomics.load(u32, this.#ws.ganglionWord(ganglion) + PARKED) === 0) return;
    u32[control + C.PEER] = ganglion;
    native.wake();
  }

  #alive({ ganglion, generation }: Outbox): boolean {
    return this.#ws.generationOf(ganglion) === generation;
  }

  #forget(box: Outbox): void {
    const waiting = this.#dirty.indexOf(box);
    if (waiting >= 0) this.#dirty.splice(waiting, 1);
    box.producer.publish(); // whoever frees the axon counts what is in it, and releases its blocks
    box.producer.close();
    this.#boxes[box.ganglion] = undefined;
    this.#ws.native.abandonAxon(box.ganglion);
  }

  #box(to: number): Outbox {
    const known = this.#boxes[to];
    if (known !== undefined && this.#alive(known)) return known;
    if (known !== undefined) this.#forget(known);
    const generation = this.#ws.generationOf(to);
    if (generation < 0) throw new NeuronBusError('DEAD_TARGET');
    const place = axonPlace(this.#ws.memory, this.#ws.openAxon(to));
    const box = { ganglion: to, generation, producer: new AxonProducer(place), waiting: false };
    box.producer.evicted = (at) => {
      const reference = longReference(this.#ws.u32, at);
      if (reference !== undefined) this.#ws.release(reference);
    };
    this.#boxes[to] = box;
    return box;
  }
}
