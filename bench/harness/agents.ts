// SPDX-License-Identifier: MIT
//
// Neurons that several scenarios put on their buses, and the account of a bus. Each is used by the thread of its bus.

import { type BusStats, Neuron, type NeuronBus, type NeuronHandle } from 'neuronbus';
import { expectEqual, RoundTrips } from './measure.js';
import type { Effort, Sample } from './types.js';

/** Counts, and says nothing. */
export class Sink extends Neuron {
  received = 0;
  onSpike(): void {
    this.received++;
  }
}

/** Asks again as soon as the answer is there, or after a pause. */
export class Asker extends Neuron {
  readonly #pauseMs: number;
  #trips: RoundTrips | undefined;
  #begin = 0;
  #target = -1;
  #aside = -1;
  #asked = 0;
  #done: () => void = () => {};

  constructor(pauseMs: number) {
    super();
    this.#pauseMs = pauseMs;
  }

  /**
   * Asks `target`, for as long as the effort says; every 64th time `aside` gets a spike, too, if that is a neuron. The first
   * question is fired from here, so that the bus must be started.
   */
  async ask(effort: Effort, bus: NeuronBus, from: number, target: number, aside = -1): Promise<Sample> {
    const trips = new RoundTrips(effort);
    this.#trips = trips;
    this.#target = target;
    this.#aside = aside;
    const finished = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#begin = performance.now();
    bus.fire(from, { target });
    await finished;
    this.#trips = undefined;
    return { ...trips.sample };
  }

  onSpike(_spike: unknown, handle: NeuronHandle): void {
    if (this.#trips === undefined) return;
    if (!this.#trips.add(this.#begin, performance.now())) this.#done();
    else if (this.#pauseMs === 0) this.#again(handle);
    else setTimeout(() => this.#again(handle), this.#pauseMs);
  }

  #again(handle: NeuronHandle): void {
    this.#begin = performance.now();
    handle.fireTo(this.#target);
    if (this.#aside >= 0 && ++this.#asked % 64 === 0) handle.fireTo(this.#aside);
  }
}

/** Fires at every other sink of the bus, in bursts, until it is stopped; with a turn of the event loop in between. */
export function chatter(bus: NeuronBus, from: number, running: () => boolean): void {
  const turn = (): void => {
    if (!running()) return;
    const others = bus.discover('sink').filter(({ id }) => id !== from);
    const end = performance.now() + 2;
    while (performance.now() < end) {
      for (const { id } of others) for (let i = 0; i < 64 && bus.fire(from, { target: id }); i++);
      bus.tick();
    }
    setImmediate(turn);
  };
  turn();
}

/** Throws unless every spike of the bus is accounted for. */
export function expectReconciled({ published, delivered, queued, dropped }: BusStats): void {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expectEqual('spikes accounted for', delivered + queued + lost, published);
}
