// SPDX-License-Identifier: MIT
//
// Room in the ganglion's own axon: how many slots the emitter may write next, and what happens when there are none. Called on
// the one thread that owns the ganglion.

import { checkBackpressure } from '../memory/backpressure.js';
import { highWord, readCursor, storeCursor } from '../memory/cursor.js';
import { NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import type { ResolvedOptions } from './options.js';
import type { Workspace } from './workspace.js';

const INTENT_STRIDE = 64;
const INTENT = L.AXON_INTENT >> 2;

export interface RoomHost {
  /** Position of the next spike to write. Handlers that run in makeRoom() move it. */
  head(): number;
  /** Backpressure 'block': deliver something now. */
  makeRoom(): void;
  /** Why a neuron cannot send any more. */
  gone(source: number): NeuronBusError;
}

export class Room {
  readonly #ws: Workspace;
  readonly #host: RoomHost;
  readonly #capacity: number;
  readonly #softLimit: number;
  readonly #mode: number;
  readonly #sampleEvery: number;
  readonly #blockMs: number;
  readonly #word: number = 0; // of the intent cursor
  #intent = 0; // position, modulo 2^32
  #intentHigh = 0;
  #pressed = 0; // sample mode: spikes offered under pressure

  constructor(workspace: Workspace, options: ResolvedOptions, host: RoomHost) {
    this.#ws = workspace;
    this.#host = host;
    this.#capacity = options.axonCapacity;
    this.#mode = checkBackpressure(options.backpressure);
    this.#softLimit = this.#mode === L.MODE_SAMPLE ? this.#capacity / 2 + 1 : this.#capacity;
    this.#sampleEvery = options.sampleEvery;
    this.#blockMs = options.blockMs;
    this.#word = workspace.axonRecord / 4 + INTENT;
    const intent = readCursor(workspace.u32, this.#word);
    this.#intent = intent | 0;
    this.#intentHigh = highWord(intent);
  }

  /**
   * Slots from the head on that may be written without asking again; 0: by the backpressure mode the spike of `source` is
   * dropped, and counted.
   *
   * @throws NeuronBusError ERR_NB_FULL (backpressure 'fail', counted).
   */
  find(source: number): number {
    let used = this.#used();
    if (used >= this.#softLimit) {
      if (!this.#admit(source)) return 0;
      used = this.#used();
    }
    const ahead = (this.#intent - this.#host.head()) | 0;
    const announced = ahead > 0 ? ahead : this.#advanceIntent();
    return Math.max(1, Math.min(this.#softLimit - used, announced));
  }

  /** How many spikes fit before the backpressure mode decides. */
  free(): number {
    // Slots that only the last batch holds would look taken to whoever asks for more than one.
    if (this.#used() * 2 >= this.#softLimit && !this.#ws.running) this.#ws.native.finish();
    return Math.max(0, this.#softLimit - this.#used());
  }

  // Observers learn which slots may be under writing before they are. SYNC axon-intent: the load behind the store makes
  // it a full fence.
  #advanceIntent(): number {
    const { i32 } = this.#ws.memory;
    const stride = Math.max(1, Math.min(INTENT_STRIDE, this.#capacity >> 2));
    const before = this.#intent;
    this.#intent = (before + stride) | 0;
    this.#intentHigh = storeCursor(i32, this.#word, before, this.#intent, this.#intentHigh);
    Atomics.load(i32, this.#word);
    return stride;
  }

  /** Too many spikes wait: make room, or decide by the backpressure mode. */
  #admit(source: number): boolean {
    if (!this.#ws.running) {
      this.#ws.native.finish(); // the last batch may still hold its slots
      if (this.#used() < this.#softLimit) return true;
    }
    switch (this.#mode) {
      case L.MODE_DROP_OLDEST:
        this.#ws.native.dropOldest();
        return this.#used() < this.#capacity;
      case L.MODE_FAIL:
        this.#countDrop(L.DROP_FULL);
        throw new NeuronBusError('FULL', `axonCapacity is ${this.#capacity}`);
      case L.MODE_BLOCK:
        return this.#block(source);
      case L.MODE_SAMPLE:
        return this.#sample();
      default:
        this.#countDrop(L.DROP_FULL);
        return false;
    }
  }

  /** On one thread waiting is working: deliver what is queued. Inside a handler nothing can make room. */
  #block(source: number): boolean {
    const deadline = performance.now() + this.#blockMs;
    while (this.#ws.patient && !this.#ws.running && performance.now() < deadline) {
      this.#host.makeRoom();
      if (this.#ws.residents[source] === undefined) throw this.#host.gone(source); // a handler closed the bus, or it left
      if (this.#used() < this.#capacity) return true;
    }
    this.#countDrop(L.DROP_DEADLINE);
    return false;
  }

  /** Over half full: each `sampleEvery`-th. Full: none. */
  #sample(): boolean {
    if (this.#used() === this.#capacity) {
      this.#countDrop(L.DROP_FULL);
      return false;
    }
    if (++this.#pressed % this.#sampleEvery === 0) return true;
    this.#countDrop(L.DROP_SAMPLED);
    return false;
  }

  #used(): number {
    const tail = Atomics.load(this.#ws.u32, (this.#ws.axonRecord + L.AXON_TAIL) / 4); // SYNC axon-release
    return (this.#host.head() - tail) >>> 0;
  }

  #countDrop(reason: number): void {
    this.#ws.count(this.#ws.axonRecord + L.AXON_DROPPED + 8 * reason);
  }
}
