// SPDX-License-Identifier: MIT
//
// What everything that belongs to a network shares: the native half while it may be touched, and the clock of steps.
//
// On the thread of the network. While native threads compute, only `nowMs` may be asked; everything else throws ERR_NB_RUNNING.

import { fromNative, invalidArgument, NeuronBusError } from '../memory/errors.js';
import { ADVICE, type Done, type NativeNetwork } from './native_network.js';
import { ANY, checkNumber, nameAt, type Range } from './validation.js';

/** How far from a whole number of steps a time may be that should be one, and how far below a step one that is in it. */
const TOLERANCE_STEPS = 1e-6;
const MAX_STEPS = 2 ** 52;

/** Something to do whenever the network has reached a certain step. */
export interface Periodic {
  /** Step at which it is due next. */
  next: number;
  /** It is for the steps to come: not done where a run ends, but where the next one begins. */
  readonly looksAhead?: boolean;
  /** Does it, and moves `next` on. A promise: other threads do it, and the network rests when it is settled. */
  run(): void | Promise<void>;
}

/** @internal Calls all of them, whatever one of them throws; then throws what the first one threw. */
export function tellAll(all: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const told of all) {
    try {
      told();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Whose work is under way. A process that exits waits for the threads that do it. */
const working = new Set<NativeNetwork>();
let listens = false;

function abandonAtExit(): void {
  if (listens) return;
  listens = true;
  process.on('exit', () => {
    for (const native of working) native.abandon();
  });
}

export class Engine {
  readonly dtMs: number;
  readonly seed: number;
  readonly threads: number;
  /** Done when the network reaches their step, before it computes that step; in order. */
  readonly periodic = new Set<Periodic>();
  /** Told when the network is closed. */
  readonly closing = new Set<() => void>();
  #native: NativeNetwork | undefined;
  #computing = false;
  readonly #perMs: number;
  readonly #times: Range;

  constructor(native: NativeNetwork, dtMs: number, seed: number, threads: number) {
    this.#native = native;
    this.dtMs = dtMs;
    this.seed = seed;
    this.threads = threads;
    this.#times = { min: 0, max: MAX_STEPS * dtMs };
    const perMs = Math.round(1 / dtMs);
    this.#perMs = Math.abs(perMs * dtMs - 1) < 1e-12 ? perMs : 0;
  }

  get closed(): boolean {
    return this.#native === undefined;
  }

  get computing(): boolean {
    return this.#computing;
  }

  /** Steps that are done. */
  get now(): number {
    return this.#open().now();
  }

  /** A call of native code, while the network rests. @throws NeuronBusError ERR_NB_CLOSED, ERR_NB_RUNNING, or the call's. */
  call<T>(what: (native: NativeNetwork) => T): T {
    const native = this.rest();
    try {
      return what(native);
    } catch (error) {
      throw fromNative(error, ADVICE);
    }
  }

  /** @throws NeuronBusError ERR_NB_CLOSED, ERR_NB_RUNNING. */
  rest(): NativeNetwork {
    const native = this.#open();
    if (this.#computing) throw new NeuronBusError('RUNNING');
    return native;
  }

  #open(): NativeNetwork {
    if (this.#native === undefined) throw new NeuronBusError('CLOSED', 'The network is closed');
    return this.#native;
  }

  /** Computes up to `steps` steps: see work(). */
  advance(steps: number): Promise<void> {
    return this.work((native, done) => native.advance(steps, done));
  }

  /**
   * Native work on other threads, started by `start`, which passes `done` on. Resolves when the network rests again, also when it was
   * closed meanwhile, which work does not outlive for long; rejects with the NeuronBusError of what failed.
   */
  work(start: (native: NativeNetwork, done: Done) => void): Promise<void> {
    const native = this.rest();
    return new Promise((resolve, reject) => {
      const done: Done = (error) => {
        this.#computing = false;
        working.delete(native);
        if (error === undefined || this.closed) resolve();
        else reject(fromNative(error, ADVICE));
      };
      this.#computing = true;
      abandonAtExit();
      working.add(native);
      try {
        start(native, done);
      } catch (error) {
        done(error);
      }
    });
  }

  /** Whoever computes ends at the next step boundary. */
  stop(): void {
    this.#native?.stop();
  }

  close(): void {
    this.#native?.close();
    this.#native = undefined;
    this.periodic.clear();
    const all = [...this.closing];
    this.closing.clear();
    tellAll(all);
  }

  timeOf(step: number): number {
    return this.#perMs > 0 ? step / this.#perMs : step * this.dtMs;
  }

  timesOf(steps: Float64Array): Float64Array {
    const factor = this.#perMs;
    for (let i = 0; i < steps.length; i++) steps[i] = factor > 0 ? steps[i] / factor : steps[i] * this.dtMs;
    return steps;
  }

  /** The step that contains a time from 0 on. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name`. */
  stepAt(name: string, timeMs: unknown, index?: number): number {
    const steps = checkNumber(name, timeMs, this.#times, index) / this.dtMs;
    const nearest = Math.round(steps);
    return Math.abs(steps - nearest) < TOLERANCE_STEPS ? nearest : Math.floor(steps);
  }

  /** A duration that must be a whole number of steps, `min` or more. @throws as stepAt(). */
  steps(name: string, ms: unknown, min: number, max = MAX_STEPS, index?: number): number {
    const steps = checkNumber(name, ms, ANY, index) / this.dtMs;
    const nearest = Math.round(steps);
    if (Math.abs(steps - nearest) > TOLERANCE_STEPS || nearest < min || nearest > max) {
      const range = `${min} to ${max === MAX_STEPS ? 'any number of' : max} steps`;
      throw invalidArgument(nameAt(name, index), ms, `a whole number of steps of ${this.dtMs} ms, ${range}`);
    }
    return nearest;
  }
}
