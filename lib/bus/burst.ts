// SPDX-License-Identifier: MIT
//
// Clock readings for what is sent: one per burst. Called on the one thread that owns the ganglion.
//
// Inside of a tick a burst ends where the dispatcher says so, outside with the running job: whatever comes later reads the
// clock anew.

import type { ResolvedOptions } from './options.js';
import type { Workspace } from './workspace.js';

/** Spikes that may share one clock reading. */
export const STAMPS_PER_READING = 64;

// Its reactions run when the job does, as those of queueMicrotask(), which takes several times as long: it tells async hooks.
const jobDone = Promise.resolve();

export class Burst {
  readonly #ws: Workspace;
  readonly #ended: () => void;
  readonly #stamps: number;
  #ends = false;

  /** `ended` is called when the job of a burst is done, while the bus is open. */
  constructor(workspace: Workspace, options: ResolvedOptions, ended: () => void) {
    this.#ws = workspace;
    this.#ended = ended;
    this.#stamps = options.stamps === 'each' ? 1 : STAMPS_PER_READING;
  }

  /** Reads the clock for the next spikes. */
  begin(): void {
    const ws = this.#ws;
    ws.native.stamp();
    ws.restamp(this.#stamps);
    if (ws.running || this.#ends) return;
    this.#ends = true;
    jobDone.then(this.#end);
  }

  /** The time, ns, of a reading that the next spikes are stamped with. */
  now(): number {
    if (this.#ws.stamps === 0) this.begin();
    return this.#ws.lastReading();
  }

  readonly #end = (): void => {
    this.#ends = false;
    if (this.#ws.closed) return;
    this.#ws.restamp(0);
    this.#ended();
  };
}
