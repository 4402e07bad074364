// SPDX-License-Identifier: MIT
//
// Neurons that several scenarios put on their buses, and the account of a bus. Each is used by the thread of its bus.

import { type BusStats, Neuron, type NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { expectEqual, RoundTrips } from './measure.js';
import type { Effort, Sample } from './types.js';

/** What arrived: how many, and the sum of their numbers (modulo 2^32, signed). */
export interface Receipt {
  readonly count: number;
  readonly sum: number;
}

/** Reads and sums, and says nothing. */
export class Sink extends Neuron {
  #count = 0;
  #sum = 0;

  get receipt(): Receipt {
    return { count: this.#count, sum: this.#sum };
  }

  onSpike(spike: Spike): void {
    this.#count++;
    this.#sum = (this.#sum + spike.sequence) | 0;
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
  #answer = -1;
  #done: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(pauseMs: number) {
    super();
    this.#pauseMs = pauseMs;
  }

  /**
   * Asks `target`, for as long as the effort says; every 64th time `aside` gets a spike, too, if that is a neuron. The first
   * question is fired from here, so that the bus must be started. Rejects when an answer is lost or comes twice: who answers
   * must fire nothing else meanwhile.
   */
  async ask(effort: Effort, bus: NeuronBus, from: number, target: number, aside = -1): Promise<Sample> {
    const trips = new RoundTrips(effort, this.#pauseMs);
    this.#trips = trips;
    this.#target = target;
    this.#aside = aside;
    const finished = new Promise<void>((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    this.#begin = performance.now();
    bus.fire(from, { target });
    await finished;
    this.#trips = undefined;
    return { ...trips.sample };
  }

  onSpike({ sequence }: Spike, handle: NeuronHandle): void {
    if (this.#trips === undefined) return;
    const last = this.#answer;
    this.#answer = sequence;
    if (last >= 0 && sequence !== (last + 1) >>> 0)
      this.#failed(new Error(`after answer ${last} came ${sequence}`));
    else if (!this.#trips.add(this.#begin, performance.now())) this.#done();
    else if (this.#pauseMs === 0) this.#again(handle);
    else this.#trips.next(() => this.#again(handle));
  }

  #again(handle: NeuronHandle): void {
    this.#begin = performance.now();
    handle.fireTo(this.#target);
    if (this.#aside >= 0 && ++this.#asked % 64 === 0) handle.fireTo(this.#aside);
  }
}

/** Spikes that each relay sets going. */
const SPIKES_EACH = 2048;

/** Passes each spike on to the next of the others, so that as many go round as were set going. */
export class Relay extends Neuron {
  #others: number[] = [];
  #next = 0;

  /** Sends spikes to all other relays of the bus, over learning synapses; `id` is its own. */
  go(bus: NeuronBus, id: number): void {
    this.#others = bus.discover('relay').flatMap((card) => (card.id === id ? [] : [card.id]));
    for (const other of this.#others) bus.connect(id, other).weight(0.8).build();
    for (let i = 0; i < SPIKES_EACH; i++) bus.fire(id, { target: this.#others[i % this.#others.length] });
  }

  /** What comes from now on ends here. */
  rest(): void {
    this.#others = [];
  }

  onSpike(_spike: unknown, handle: NeuronHandle): void {
    const others = this.#others;
    if (others.length === 0) return;
    const next = this.#next + 1 < others.length ? this.#next + 1 : 0;
    this.#next = next;
    handle.fireTo(others[next]);
  }
}

/** Throws unless every spike of the bus is accounted for. */
export function expectReconciled({ published, delivered, queued, dropped }: BusStats): void {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expectEqual('spikes accounted for', delivered + queued + lost, published);
}
