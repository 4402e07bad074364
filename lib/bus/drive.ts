// SPDX-License-Identifier: MIT
//
// What makes a bus go: ticks, beats, deliveries, and the end that a handler may have asked for meanwhile. Called on the thread
// of the bus.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import type { Dispatcher } from './dispatcher.js';
import type { Emitter } from './emitter.js';
import type { Registry } from './registry.js';
import type { Workspace } from './workspace.js';

export interface DriveHost {
  closed(): boolean;
  /** Gives everything back; the bus was closed while handlers ran. */
  dispose(): void;
  reportDrops(): void;
  /** Spikes were delivered, and what comes of that can be sent. */
  rested(): void;
}

export class Drive {
  readonly #workspace: Workspace;
  readonly #registry: Registry;
  readonly #emitter: Emitter;
  readonly #dispatcher: Dispatcher;
  readonly #host: DriveHost;

  constructor(
    workspace: Workspace,
    registry: Registry,
    emitter: Emitter,
    dispatcher: Dispatcher,
    host: DriveHost,
  ) {
    this.#workspace = workspace;
    this.#registry = registry;
    this.#emitter = emitter;
    this.#dispatcher = dispatcher;
    this.#host = host;
  }

  /** As `NeuronBus.tick`. */
  tick(): number {
    if (this.#workspace.running) throw new NeuronBusError('REENTRANT');
    if (this.#registry.ticking.size > 0) for (const id of this.#registry.ticking) this.#beat(id);
    return this.#host.closed() ? 0 : this.deliver(L.DISPATCH_SLACK, true);
  }

  /** As `NeuronBus.run`. */
  run(n: number): number {
    if (!Number.isInteger(n) || n < 0) throw invalidArgument('n', n, 'an integer, 0 or more');
    let delivered = 0;
    for (let i = 0; i < n && !this.#host.closed(); i++) delivered += this.tick();
    return delivered;
  }

  /** As `Dispatcher.deliver`, for what is queued now. What was fired for other threads before and meanwhile is on its way after. */
  deliver(budget: number, all: boolean): number {
    const { recorder } = this.#workspace;
    let delivered = -1; // unless a listener throws
    try {
      this.#emitter.flush();
      recorder?.deliver(budget, all);
      delivered = this.#dispatcher.deliver(this.#emitter.head, budget, all);
      return delivered;
    } finally {
      recorder?.delivered(delivered);
      if (this.#host.closed()) {
        this.#host.dispose();
      } else {
        this.#host.rested();
        this.#emitter.flush();
        this.#host.reportDrops();
      }
    }
  }

  #beat(id: number): void {
    const resident = this.#workspace.residents[id];
    if (resident === undefined || this.#host.closed()) return;
    this.within(() => this.#dispatcher.guarded(id, () => resident.neuron.tick!(resident.handle)));
  }

  /** Runs handlers outside of a delivery, with the same rights: a bus that one of them closes ends after them. */
  within(call: () => void): void {
    this.#workspace.running = true;
    try {
      call();
    } finally {
      this.#workspace.running = false;
      if (this.#host.closed()) this.#host.dispose();
    }
  }
}
