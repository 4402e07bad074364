// SPDX-License-Identifier: MIT
//
// `bus.clock`: the time of one bus, real or virtual. Called on the thread of the bus.

import { clock } from '../memory/clock.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Workspace } from './workspace.js';

const NS_PER_MS = 1e6;
const MAX_NS = 2n ** 63n;

export class BusClock {
  readonly virtual: boolean;
  readonly #workspace: () => Workspace;
  readonly #advanced: () => void;

  /** @internal `workspace` throws ERR_NB_CLOSED once the bus is closed; `advanced` is told after each advance(). */
  constructor(virtual: boolean, workspace: () => Workspace, advanced: () => void) {
    this.virtual = virtual;
    this.#workspace = workspace;
    this.#advanced = advanced;
  }

  /** ns; of the real clock as `clock.now()`, of the virtual one since the bus was made (rounded to a double). */
  now(): number {
    const workspace = this.#workspace();
    return this.virtual ? Number(workspace.virtualNs) : clock.now();
  }

  /**
   * Moves the virtual clock forward, ms; fractions down to a nanosecond count.
   *
   * @throws NeuronBusError ERR_NB_NOT_VIRTUAL, ERR_NB_INVALID_ARGUMENT.
   */
  advance(ms: number): void {
    const workspace = this.#workspace();
    if (!this.virtual) throw new NeuronBusError('NOT_VIRTUAL');
    if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0) {
      throw invalidArgument('ms', ms, 'a number of milliseconds, 0 or more');
    }
    const now = workspace.virtualNs + BigInt(Math.round(ms * NS_PER_MS));
    if (now >= MAX_NS) throw invalidArgument('ms', ms, 'short enough for 2^63 ns in all');
    workspace.virtualNs = now;
    this.#advanced();
  }
}
