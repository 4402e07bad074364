// SPDX-License-Identifier: MIT
//
// Scenario: an agent asks, an agent in another thread or process answers, and the answer is handled. One at a time.
//
// "Active": both sides look for more for a while before they park. "Parked": 3 ms pass before each question, so that both
// sides sleep. The channels of Node always sleep in the event loop.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Neuron, type NeuronHandle } from 'neuronbus';
import { RoundTrips } from './harness/measure.js';
import type { OtherSide } from './harness/other_side.js';
import { type Pair, type Place, say, startEcho, startPair } from './harness/pair.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

const PARKED_MS = 3;

/** Asks again as soon as the answer is there, or after a pause. */
class Asker extends Neuron {
  begin = 0;
  target = -1;
  /** Somebody else, who gets every 64th spike. */
  aside = -1;
  #asked = 0;
  done: () => void = () => {};

  constructor(
    readonly trips: RoundTrips,
    readonly pauseMs: number,
  ) {
    super();
  }

  ask(handle: NeuronHandle): void {
    this.begin = performance.now();
    handle.fireTo(this.target);
    if (this.aside >= 0 && ++this.#asked % 64 === 0) handle.fireTo(this.aside);
  }

  onSpike(_spike: unknown, handle: NeuronHandle): void {
    if (!this.trips.add(this.begin, performance.now())) this.done();
    else if (this.pauseMs === 0) this.ask(handle);
    else setTimeout(() => this.ask(handle), this.pauseMs);
  }
}

/** A third thread, which is asked now and then and blocks for 50 ms at a time. */
async function startBlocked({ bus, from }: Pair): Promise<{ id: number; stop(): Promise<void> }> {
  const known = new Set(bus.discover('sink').map(({ id }) => id));
  const workerData: OtherSide = { bus: bus.handle, pollMs: 1, role: 'block' };
  const worker = new Worker(new URL('./harness/other_side.js', import.meta.url), { workerData });
  await once(worker, 'message');
  const { id } = bus.discover('sink').find((card) => !known.has(card.id))!;
  bus.connect(from, id).weight(0.5).build();
  return {
    id,
    stop: async () => {
      worker.postMessage('stop');
      await once(worker, 'exit');
    },
  };
}

async function overBus(effort: Effort, place: Place, pauseMs: number, blocked = false): Promise<Sample> {
  const trips = new RoundTrips(effort);
  const asker = new Asker(trips, pauseMs);
  const pair = await startPair(place, asker, pauseMs === 0 ? 100 : 0.1);
  const { bus, from, echo, stop } = pair;
  const third = blocked ? await startBlocked(pair) : undefined;
  asker.target = echo;
  asker.aside = third?.id ?? -1;
  bus.start();
  const finished = new Promise<void>((resolve) => {
    asker.done = resolve;
  });
  asker.begin = performance.now();
  bus.fire(from, { target: echo });
  await finished;
  await third?.stop();
  await stop();
  return { ...trips.sample };
}

async function overChannel(effort: Effort, place: Place, pauseMs: number): Promise<Sample> {
  const trips = new RoundTrips(effort);
  const other: Worker | ChildProcess = await startEcho(place);
  await new Promise<void>((resolve) => {
    let begin = performance.now();
    const ask = (): void => {
      begin = performance.now();
      say(other, { source: 1, target: 2, sequence: 3 });
    };
    other.on('message', () => {
      if (!trips.add(begin, performance.now())) resolve();
      else if (pauseMs === 0) ask();
      else setTimeout(ask, pauseMs);
    });
    ask();
  });
  say(other, 'stop');
  await once(other, 'exit');
  return { ...trips.sample };
}

const ours = (name: string, place: Place, pauseMs: number, blocked = false): Variant => ({
  name,
  role: 'neuronbus',
  run: (effort) => overBus(effort, place, pauseMs, blocked),
});

const peer = (name: string, against: string, place: Place, pauseMs: number): Variant => ({
  name,
  role: 'peer',
  against,
  run: (effort) => overChannel(effort, place, pauseMs),
});

export const scenario: Scenario = {
  name: 'bus_round_trip',
  title: 'Question and answer between two agents',
  note: 'From fireTo() to the onSpike of the answer, both ways over learning synapses. The channels carry an object of three numbers.',
  metrics: [
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  variants: [
    ours('two threads, active', 'thread', 0),
    peer('worker.postMessage', 'two threads, active', 'thread', 0),
    ours('two threads, active, a third is blocked', 'thread', 0, true),
    ours('two threads, parked', 'thread', PARKED_MS),
    peer('worker.postMessage, after a pause', 'two threads, parked', 'thread', PARKED_MS),
    ours('two processes, active', 'process', 0),
    peer('process.send', 'two processes, active', 'process', 0),
    ours('two processes, parked', 'process', PARKED_MS),
    peer('process.send, after a pause', 'two processes, parked', 'process', PARKED_MS),
  ],
};
