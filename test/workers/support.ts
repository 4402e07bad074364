// What the tests with worker threads share. Not a test itself.

import { BroadcastChannel } from 'node:worker_threads';
import {
  type AgentCardInit,
  type Blackboard,
  type BusStats,
  Neuron,
  NeuronBus,
  type NeuronBusOptions,
  type NeuronHandle,
  type SpawnOptions,
  type Spike,
  type WorkerPool,
} from 'neuronbus';
import { expect, onTestFinished } from 'vitest';
import { codeOfPromise, dropped, until } from '../support.js';

export { dropped, sleep, turn, until } from '../support.js';

type React = (spike: Spike, handle: NeuronHandle) => void;

/** What a function that runs in a worker gets; see puppet.mjs. */
export interface Stage {
  bus: NeuronBus;
  index: number;
  Neuron: typeof Neuron;
  Blackboard: typeof Blackboard;
  Probe: new (react?: React) => Neuron & { texts: string[] };
  Counter: new () => Neuron & { count: number };
  // biome-ignore lint/suspicious/noExplicitAny: each test keeps there what it wants
  state: any;
}

export const PUPPET = new URL('./puppet.mjs', import.meta.url);
let channels = 0;

/** A bus that is started, and workers that do what they are told. */
export class Colony {
  readonly bus: NeuronBus;
  readonly pool: WorkerPool;
  readonly #channel: BroadcastChannel;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #number = 0;

  constructor(bus: NeuronBus, threads: number, options: SpawnOptions = {}) {
    const channel = `neuronbus ${process.pid} ${channels++}`;
    this.bus = bus;
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = (event: unknown) => {
      const { number, value, failure } = (event as MessageEvent).data;
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (failure === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(failure));
    };
    this.pool = bus.spawn(PUPPET, { threads, data: { channel }, ...options });
  }

  /** Runs `call`, which sees nothing of this module, in a worker. Rejects with the code of what it threw. */
  on<A, R>(index: number, call: (stage: Stage, argument: A) => R, argument?: A): Promise<Awaited<R>> {
    const number = this.#number++;
    this.#channel.postMessage({ to: index, number, code: String(call), argument });
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  async end(): Promise<void> {
    this.#channel.close();
    await this.pool.terminate();
    this.bus.close();
  }
}

/** `threads` puppets on a started bus, ended with the test. */
export async function colony(
  threads: number,
  options: NeuronBusOptions = {},
  spawn: SpawnOptions = {},
): Promise<Colony> {
  const bus = NeuronBus.create(options);
  const made = new Colony(bus, threads, spawn);
  onTestFinished(() => made.end());
  bus.start();
  await made.pool.ready;
  return made;
}

/** As in puppet.mjs. */
export class Probe extends Neuron {
  readonly texts: string[] = [];
  react: React;

  constructor(react: React = () => {}) {
    super();
    this.react = react;
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    this.texts.push(spike.text());
    this.react(spike, handle);
  }
}

export class Counter extends Neuron {
  count = 0;

  onSpike(): void {
    this.count++;
  }
}

export function add(bus: NeuronBus, card: AgentCardInit = { name: 'probe' }, react?: React) {
  const probe = new Probe(react);
  return { probe, id: bus.register(probe, card) };
}

/** Waits until nothing is under way, which the account must come to say by itself. */
export async function quiet(bus: NeuronBus): Promise<BusStats> {
  let before = -1;
  await until(
    () => {
      const { published, queued } = bus.stats();
      const still = queued === 0 && published === before;
      before = published;
      return still;
    },
    `queued = 0 (${JSON.stringify(bus.stats())})`,
  ).catch((error) => {
    throw new Error(`${(error as Error).message}, now ${JSON.stringify(bus.stats())}`);
  });
  const stats = bus.stats();
  expect({ ...stats, published: stats.delivered + dropped(stats) + stats.queued }).toEqual(stats);
  return stats;
}

/** The code of what a call throws. */
export function codeOf(call: () => unknown): Promise<string> {
  return codeOfPromise((async () => call())());
}
