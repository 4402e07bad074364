// SPDX-License-Identifier: MIT
//
// The events of a bus, and how counters and failures become events. Called on the thread of the bus.

import { EventEmitter } from 'node:events';
import type { RegisteredCard } from './agent_card.js';
import { describeError, UNREADABLE } from './messages/results.js';
import type { WorkerEnd } from './spawn.js';
import { DROP_REASONS, type DropReason } from './stats.js';

/** Events of a bus and what their listeners get. */
export interface BusEvents {
  /**
   * A handler threw or rejected; or, with neuron -1, the callback of a tap threw, the trace or a file of checkpoint() could not be
   * written, what load() keeps for a neuron of another thread found no place, or a worker of spawn() failed (its number is
   * `worker`). Without a listener it becomes a process warning; delivery goes on either way. But for ERR_NB_BAD_SEGMENT:
   * somebody cut the file of a bus with a name, and the bus is closed.
   */
  error: [error: unknown, info: { neuron: number; card: RegisteredCard | undefined; worker?: number }];
  /** A worker that spawn() started ended without being asked; after its 'error'. */
  worker: [end: WorkerEnd];
  /** An unused synapse reached its minimum and was removed. */
  prune: [info: { pre: number; post: number; weight: number }];
  /** Spikes were dropped since the last tick, or since the first listener came. */
  drop: [info: { reason: DropReason; count: number }];
  register: [card: RegisteredCard];
  unregister: [card: RegisteredCard];
  close: [];
}

type Drops = Record<DropReason, number>;

/** The observable side of a bus. */
export abstract class BusEventSource extends EventEmitter<BusEvents> {
  #wantsDrops = false;
  #dropsBefore: Drops | undefined;

  constructor() {
    super();
    this.#watchListeners();
  }

  /** Counters of dropped spikes, current; undefined once the bus is closed. */
  protected abstract currentDrops(): Drops | undefined;

  override removeAllListeners(event?: keyof BusEvents): this {
    if (event !== undefined) return super.removeAllListeners(event);
    super.removeAllListeners();
    this.#wantsDrops = false;
    if (this.currentDrops() !== undefined) this.#watchListeners();
    return this;
  }

  /** Emits 'drop' for each reason that grew, if anybody listens. */
  protected reportDrops(): void {
    if (!this.#wantsDrops) return;
    const before = this.#dropsBefore;
    const now = this.currentDrops();
    this.#dropsBefore = now;
    if (now === undefined) return;
    for (const reason of DROP_REASONS) {
      const count = now[reason] - (before?.[reason] ?? 0);
      if (count > 0) this.emit('drop', { reason, count });
    }
  }

  protected reportFailure(error: unknown, neuron: number, card: RegisteredCard | undefined): void {
    const who = neuron < 0 ? 'The bus' : `neuron ${neuron} (${card?.name ?? 'unregistered'})`;
    this.#report(error, { neuron, card }, who);
  }

  protected reportWorker(end: WorkerEnd, error: unknown): void {
    const info = { neuron: -1, card: undefined, worker: end.index };
    this.#report(error, info, `worker ${end.index} of ${end.pool.url}`);
    this.emit('worker', end);
  }

  #report(thrown: unknown, info: BusEvents['error'][1], who: string): void {
    // What was thrown is anybody's object: where reading it throws, too, it is told of by another one.
    const unreadable = describeError(thrown) === UNREADABLE;
    const error = unreadable ? new Error(UNREADABLE.message, { cause: thrown }) : thrown;
    if (this.listenerCount('error') > 0) {
      this.emit('error', error, info);
      return;
    }
    process.emitWarning(`${who} failed: ${shown(error)}`, 'NeuronBusWarning');
  }

  // The first listener to 'drop' hears of what is dropped from then on.
  #watchListeners(): void {
    (this as EventEmitter).on('newListener', (event) => {
      if (event !== 'drop' || this.#wantsDrops) return;
      this.#wantsDrops = true;
      this.#dropsBefore = this.currentDrops();
    });
    (this as EventEmitter).on('removeListener', (event) => {
      if (event === 'drop') this.#wantsDrops = this.listenerCount('drop') > 0;
    });
  }
}

function shown(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error.message) : String(error);
  } catch {
    return describeError(error).message;
  }
}
