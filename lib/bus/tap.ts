// SPDX-License-Identifier: MIT
//
// A tap: live traffic of a whole bus, seen by observers for whom no sender waits. Called on the thread of its bus.
//
// One observer for each axon number that was ever open, own axons and those between all ganglia. When an axon is given up and
// its number used again, the cursors go on, and so does the observer: the last spikes of the one and the first of the other
// are both seen. An axon that is opened after the tap is read from its beginning. So, short of what a ring overwrote before
// the tap came to it, nothing is missed, and that is counted.

import { AxonObserver } from '../memory/axon_observer.js';
import { axonPlace } from '../memory/cursor.js';
import { invalidArgument } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import type { Memory } from '../memory/memory.js';
import { BROADCAST, type Spike, SpikeType } from '../memory/spike.js';
import type { Cortex } from './cortex.js';
import { checkInteger, checkMs, given } from './options.js';

/** Which spikes a tap shows; all of what is given must hold. */
export interface TapFilter {
  /** Source or target is in this region or one below it, by the cards at the time of the look. */
  region?: string;
  /** Neuron id. */
  source?: number;
  /** Neuron id, or BROADCAST for the broadcasts. */
  target?: number;
  /** SpikeType.Message: messages, questions and answers. */
  type?: SpikeType;
  /** An integer n: of the spikes that match, the first and every n-th after it. Default 1, all. */
  sample?: number;
}

export interface TapOptions extends TapFilter {
  /** How often to look, ms, 1 or more. The timer does not keep the process alive. Default 5. */
  intervalMs?: number;
  /** Spikes that wait for the iterator at most; further ones are lost. Default 10,000. */
  queue?: number;
  /** Ends the tap as close() does. */
  signal?: AbortSignal;
}

/** What a tap needs of its bus. */
export interface TapHost {
  readonly memory: Memory;
  /** Up to date. */
  readonly cortex: Cortex;
  /** The callback of a tap threw. */
  failed(error: unknown): void;
  /** Keeps the tap until forget(). */
  keep(tap: Tap): void;
  forget(tap: Tap): void;
}

const DEFAULTS = { sample: 1, intervalMs: 5, queue: 10_000 };
const NONE = { region: undefined, source: undefined, target: undefined, type: undefined, signal: undefined };

export type CheckedTapOptions = TapOptions & typeof DEFAULTS;

/** Options with all defaults filled in. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkTapOptions(options: TapOptions): CheckedTapOptions {
  const checked: CheckedTapOptions = { ...DEFAULTS, ...given('', options, { ...NONE, ...DEFAULTS }) };
  const { region, source, target, type, sample, intervalMs, queue, signal } = checked;
  if (region !== undefined) checkRegion(region);
  if (source !== undefined) checkInteger('source', source, 0, L.MAX_NEURONS - 1);
  if (target !== undefined && target !== BROADCAST) checkInteger('target', target, 0, L.MAX_NEURONS - 1);
  if (type !== undefined) checkShown(type);
  checkInteger('sample', sample, 1, 2 ** 31);
  checkMs('intervalMs', intervalMs, 1);
  if (intervalMs > MAX_INTERVAL_MS) throw invalidArgument('intervalMs', intervalMs, 'at most 2^31 - 1');
  checkInteger('queue', queue, 1, 2 ** 24);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', signal, 'an AbortSignal');
  return checked;
}

const MAX_INTERVAL_MS = 2 ** 31 - 1; // of a timer

function checkShown(type: number): void {
  if (!Object.values<number>(SpikeType).includes(type))
    throw invalidArgument('type', type, 'SpikeType.Excitatory, Inhibitory, Modulatory or Message');
}

function checkRegion(region: string): void {
  if (typeof region !== 'string' || region.split('/').some((segment) => segment.trim() === ''))
    throw invalidArgument('region', region, "segments that are not empty, as in 'a/b/c'");
}

/** Live traffic of a bus; see {@link NeuronBus.tap}. */
export class Tap {
  readonly #host: TapHost;
  readonly #filter: CheckedTapOptions;
  readonly #hand: (spike: Spike) => boolean;
  readonly #observers: AxonObserver[] = []; // by axon number
  readonly #axonsUsed: number; // index of nb_commons.axons_used in u32
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = () => this.close();
  #seen = 0;
  #refused = 0;
  #closed = false;
  #looking = false;

  /** @internal `hand` copies each spike that is shown; false: it had no room. */
  constructor(host: TapHost, options: CheckedTapOptions, hand: (spike: Spike) => boolean) {
    this.#host = host;
    this.#filter = options;
    this.#hand = hand;
    const { memory } = host;
    this.#axonsUsed = (memory.u64At(L.HEADER_COMMONS_OFFSET) + L.COMMONS_AXONS_USED) / 4;
    this.#observeUpTo(this.#used());
    host.keep(this);
    this.#timer = everyMs(options.intervalMs, new WeakRef(this));
    if (options.signal?.aborted) this.stop();
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Spikes that matched the filter, sampled or not. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Spikes that this tap missed, as of its last look: those that their ring overwrote before (whether they matched, nobody
   * knows), and those that found the queue of the iterator full.
   */
  get lost(): number {
    return this.#observers.reduce((sum, observer) => sum + observer.lost, this.#refused);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Looks at once, instead of at the next interval. Returns how many spikes matched. */
  poll(): number {
    if (this.#closed || this.#looking) return 0;
    const before = this.#seen;
    this.#looking = true;
    try {
      this.#observeUpTo(this.#used(), 0);
      const cortex = this.#filter.region === undefined ? undefined : this.#host.cortex;
      for (const observer of this.#observers) {
        if (this.#closed) break; // by the callback
        observer.drain((spike) => this.#look(spike, cortex));
      }
    } finally {
      this.#looking = false;
    }
    return this.#seen - before;
  }

  /** Ends the tap. May be called again. */
  close(): void {
    this.stop();
  }

  /** @internal The bus closes: a last look, while the memory is there. */
  finish(): void {
    this.poll();
    this.stop();
  }

  protected stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#filter.signal?.removeEventListener('abort', this.#onAbort);
    for (const observer of this.#observers) observer.close();
    this.#host.forget(this);
  }

  #look(spike: Spike, cortex: Cortex | undefined): void {
    if (!this.#matches(spike, cortex)) return;
    if (this.#seen++ % this.#filter.sample !== 0) return;
    try {
      if (!this.#hand(spike)) this.#refused++;
    } catch (error) {
      this.#host.failed(error);
    }
  }

  #matches(spike: Spike, cortex: Cortex | undefined): boolean {
    const { region, source, target, type } = this.#filter;
    if (source !== undefined && spike.source !== source) return false;
    if (target !== undefined && spike.target !== target) return false;
    if (type !== undefined && spike.type !== type) return false;
    return (
      cortex === undefined ||
      region === undefined ||
      cortex.isIn(spike.source, region) ||
      cortex.isIn(spike.target, region)
    );
  }

  // No axon from this number on was ever open. SYNC inbox-open
  #used(): number {
    const { u32, maxAxons } = this.#host.memory;
    return Math.min(Atomics.load(u32, this.#axonsUsed), maxAxons);
  }

  #observeUpTo(end: number, from?: number): void {
    for (let number = this.#observers.length; number < end; number++) {
      this.#observers.push(new AxonObserver(axonPlace(this.#host.memory, number), () => {}, from));
    }
  }
}

// A forgotten bus is collected with its taps.
function everyMs(intervalMs: number, tap: WeakRef<Tap>): NodeJS.Timeout {
  const timer = setInterval(() => {
    const alive = tap.deref();
    if (alive === undefined) clearInterval(timer);
    else alive.poll();
  }, intervalMs);
  return timer.unref();
}
