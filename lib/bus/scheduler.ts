// SPDX-License-Identifier: MIT
//
// The event-driven form of a bus: when to drain, so that spikes flow and the event loop keeps its turn.
//
// One drain is bounded by the budget of the bus, or by less where handlers are slow; the next one is a setImmediate away, so
// timers and I/O run in between.
// While a bus is started it keeps the process alive, like a listening server.

import { performance } from 'node:perf_hooks';
import type { WaitStrategy } from './options.js';

/** Timers take no more; whoever asks for longer intervals will not notice. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** How long one turn may poll before the event loop has its own, ms. */
const SLICE_MS = 1;
/** Hand-overs of the first drain, before it is known how long they take. */
const FIRST_BUDGET = 64;
/** How often one that polls looks in vain, some microseconds, before it lets other threads have the processor. */
const LOOKS = 32;
/** Turns of the event loop that 'yield' looks again before it parks. */
const YIELD_TURNS = 1000;

export interface Drain {
  /** Delivers at most `budget` spikes. Returns whether more may be waiting. */
  drain(budget: number): boolean;
  /** Runs `tick(handle)` of the neurons that have it, then drains. */
  beat(): void;
  /** Others must wake us from now on; false when there is something to do after all. */
  park(): boolean;
  unpark(): void;
  /** Nothing came: others may have the processor. */
  giveWay(): void;
  /** Whether, since it was last asked, something was handed over that goes on in the next turn of the event loop. */
  awaited(): boolean;
  /** Whether spikes may come from other threads. */
  shared(): boolean;
  /** Whether any neuron wants beats. */
  wantsBeats(): boolean;
}

export interface SchedulerOptions {
  strategy: WaitStrategy;
  tickIntervalMs: number;
  housekeepingMs: number;
  pollMs: number;
  /** Hand-overs in a row at most; exactly so many, however long they take, if `steady`. */
  budget: number;
  steady: boolean;
}

export class Scheduler {
  readonly #target: Drain;
  readonly #options: SchedulerOptions;
  #immediate: NodeJS.Immediate | undefined;
  #beats: NodeJS.Timeout | undefined;
  #housekeeping: NodeJS.Timeout | undefined;
  #idleTurns = 0;
  #lastSpike = 0; // ms
  #budget: number;

  constructor(target: Drain, options: SchedulerOptions) {
    this.#target = target;
    this.#options = options;
    this.#budget = options.steady ? options.budget : Math.min(FIRST_BUDGET, options.budget);
  }

  get running(): boolean {
    return this.#housekeeping !== undefined;
  }

  start(): void {
    if (this.running) return;
    // Decay and pruning go on while nothing is fired; this timer is also what keeps the process alive.
    this.#housekeeping = every(this.#options.housekeepingMs, () => this.#look());
    this.update();
    this.wake();
  }

  stop(): void {
    clearInterval(this.#housekeeping);
    clearInterval(this.#beats);
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#housekeeping = this.#beats = this.#immediate = undefined;
  }

  /** A spike was fired, or there may be other work. Cheap when a drain is scheduled already. */
  wake(): void {
    if (this.#immediate === undefined && this.running) {
      this.#stir();
      this.#immediate = setImmediate(this.#turn);
    }
  }

  /** Another thread woke this one, in a turn of the event loop of its own: no need to wait for the next. */
  ring(): void {
    if (this.#immediate === undefined && this.running) {
      this.#stir();
      this.#goOn(true);
    }
  }

  #stir(): void {
    this.#idleTurns = 0;
    this.#lastSpike = performance.now();
  }

  // Nobody called: there is no reason to poll for what follows, which on an idle bus would be most of its cost.
  #look(): void {
    if (this.#immediate === undefined) this.#goOn(false);
  }

  /** The set of neurons changed: start or stop the beats. */
  update(): void {
    const wanted = this.running && this.#target.wantsBeats();
    if (wanted && this.#beats === undefined) {
      this.#beats = every(this.#options.tickIntervalMs, () => this.#target.beat());
    } else if (!wanted && this.#beats !== undefined) {
      clearInterval(this.#beats);
      this.#beats = undefined;
    }
  }

  readonly #turn = (): void => {
    this.#immediate = undefined;
    this.#goOn(true);
  };

  #goOn(poll: boolean): void {
    this.#target.unpark();
    const more = poll && this.#target.shared() ? this.#poll() : this.#drainOnce();
    if (!this.running || this.#immediate !== undefined) return;
    const { strategy } = this.#options;
    this.#idleTurns = more ? 0 : this.#idleTurns + 1;
    const again = more || strategy === 'spin' || (strategy === 'yield' && this.#idleTurns < YIELD_TURNS);
    if (again || !this.#target.park()) this.#immediate = setImmediate(this.#turn);
  }

  // Drains until nothing came for a while, or until it is the event loop's turn again: true.
  #poll(): boolean {
    const { pollMs, strategy } = this.#options;
    const begin = performance.now();
    let looks = 0;
    for (let now = begin; now - begin < SLICE_MS; ) {
      const came = this.#target.drain(this.#budget);
      const end = performance.now();
      this.#pace(end - now);
      now = end;
      if (came) {
        this.#lastSpike = end;
        looks = 0;
      } else if (++looks > LOOKS) {
        this.#target.giveWay(); // perhaps to whom we wait for: there may be more threads than processors
      }
      if (!this.running) return false;
      if (this.#target.awaited()) return true; // continuations of promises do not run before this returns
      if (end - this.#lastSpike >= pollMs && strategy !== 'spin') return false;
    }
    return true;
  }

  #drainOnce(): boolean {
    const begin = performance.now();
    const more = this.#target.drain(this.#budget);
    this.#pace(performance.now() - begin);
    return more;
  }

  // A thousand quick handlers are microseconds, a thousand slow ones would be somebody else's second.
  #pace(tookMs: number): void {
    if (this.#options.steady) return;
    const share = tookMs / SLICE_MS;
    if (share > 1) this.#budget = Math.max(1, Math.floor(this.#budget / share));
    else if (share < 0.5) this.#budget = Math.min(this.#options.budget, this.#budget * 2);
  }
}

function every(ms: number, call: () => void): NodeJS.Timeout {
  return setInterval(call, Math.min(ms, MAX_TIMER_MS));
}
