// SPDX-License-Identifier: MIT
//
// One ganglion among others: sharing the segment, sleeping and being woken, clearing away after the dead. Called on the one
// thread that owns the ganglion.

import * as L from '../memory/layout.js';
import { callNative, type SegmentHandle } from '../memory/native.js';
import type { Emitter } from './emitter.js';
import type { Registry } from './registry.js';
import { C, type Workspace } from './workspace.js';

const PARKED = L.GANGLION_PARKED >> 2;

/** Names a bus within one process. Structured-cloneable: for `workerData` and `postMessage`. */
export type BusHandle = SegmentHandle;

export class Membership {
  readonly #ws: Workspace;
  readonly #registry: Registry;
  readonly #emitter: Emitter;
  readonly #rounds: NodeJS.Timeout | undefined;
  readonly #parked: number;
  readonly #lost: (error: unknown) => void;
  #shared = false;
  #listening = false;

  /** `roundsMs`: how often to look for dead processes. `lost` is called when the memory is gone, and ends the bus. */
  constructor(
    workspace: Workspace,
    registry: Registry,
    emitter: Emitter,
    roundsMs: number,
    lost: (error: unknown) => void,
  ) {
    this.#ws = workspace;
    this.#registry = registry;
    this.#emitter = emitter;
    this.#lost = lost;
    this.#parked = workspace.ganglionWord(workspace.index) + PARKED;
    if (workspace.native.named !== 0) this.#rounds = setInterval(() => this.makeRounds(), roundsMs).unref();
  }

  /** Others are here, or may come. */
  get shared(): boolean {
    return this.#shared;
  }

  /** Lets others come. */
  share(): BusHandle {
    if (!this.#shared) {
      this.#shared = true;
      this.#registry.share();
    }
    return this.#ws.memory.handle;
  }

  /** `wake` is called soon after others sent something to this ganglion while it was parked. */
  listen(wake: () => void): void {
    if (this.#listening) return;
    this.#listening = true;
    callNative(() => this.#ws.native.onWake(wake));
  }

  /** Others must wake this ganglion from now on. False when there is something to do after all. */
  park(): boolean {
    const { native, u32, control } = this.#ws;
    native.park();
    return u32[control + C.STATUS] === 0;
  }

  unpark(): void {
    if (this.#ws.u32[this.#parked] !== 0) Atomics.store(this.#ws.u32, this.#parked, 0); // SYNC ganglion-park
  }

  /** Looks whether the memory is still there, for participants that died, and for axons that lead nowhere. */
  makeRounds(): void {
    try {
      callNative(() => this.#ws.native.makeRounds());
    } catch (error) {
      this.#lost(error);
      return;
    }
    this.#emitter.tend();
  }

  close(): void {
    clearInterval(this.#rounds);
  }
}
