// SPDX-License-Identifier: MIT
//
// net.run(): native threads compute slice after slice; between them the thread of the network sees to progress, abort, rates that
// change, and upkeep. On the thread of the network.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Engine } from './engine.js';
import { checkNumber } from './validation.js';

export interface RunOptions {
  /**
   * Called between slices, at least once and at last when all is done. The network rests meanwhile: it may be looked at and
   * changed. What it throws ends the run.
   */
  onProgress?: (progress: RunProgress) => void;
  /** Ends the run at the next step boundary; run() then rejects with ERR_NB_ABORTED. */
  signal?: AbortSignal;
  /**
   * How long native threads compute before they look up, ms of real time, 0.1 to 1000. A step is never divided, nor is one pass of
   * homeostasis, rewiring or recording over a projection, unless the network is closed; the event loop goes on meanwhile. Default 10.
   */
  sliceMs?: number;
}

export interface RunProgress {
  /** Simulated time of the network, ms. */
  readonly timeMs: number;
  /** Simulated time of this run so far, and of all of it, ms. */
  readonly ranMs: number;
  readonly totalMs: number;
}

export interface RunResult {
  /** Simulated time of this run, ms. */
  readonly ranMs: number;
  readonly steps: number;
  /** Simulated time of the network, ms. */
  readonly timeMs: number;
  /** Real time, ms. */
  readonly wallMs: number;
}

const KEYS: ReadonlySet<string> = new Set(['onProgress', 'signal', 'sliceMs']);
/** Of the slice that was allowed; the rest is for what is slower than the last one. */
const SHARE = 0.7;
const FASTEST_GROWTH = 8;
/** Below this a measured duration says more about the wake-up than about the steps, ms. */
const LEAST_MEASURED_MS = 0.02;

/** Runs one network: one run at a time. */
export class Runner {
  readonly #engine: Engine;
  #running = false;
  /** Steps that a slice of a millisecond has. */
  #stepsPerMs = 1;
  #waiting: (() => void)[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get running(): boolean {
    return this.#running;
  }

  async run(ms: number, options: RunOptions = {}): Promise<RunResult> {
    const engine = this.#engine;
    checkKeys('an option of run()', options, KEYS);
    const { onProgress, signal, sliceMs = 10 } = options;
    const total = engine.steps('ms', ms, 0);
    checkNumber('sliceMs', sliceMs, { min: 0.1, max: 1000 });
    if (onProgress !== undefined && typeof onProgress !== 'function')
      throw invalidArgument('onProgress', onProgress, 'a function');
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw invalidArgument('signal', signal, 'an AbortSignal');
    if (this.#running) throw new NeuronBusError('RUNNING', 'run() was called before the last one was done');
    engine.rest();

    this.#running = true;
    const stop = () => engine.stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this.#slices(total, sliceMs, signal, onProgress);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#running = false;
    }
  }

  async #slices(
    total: number,
    sliceMs: number,
    signal: AbortSignal | undefined,
    onProgress: RunOptions['onProgress'],
  ): Promise<RunResult> {
    const engine = this.#engine;
    const begin = engine.now;
    const end = begin + total;
    const begunMs = performance.now();
    let toldMs = begunMs;
    for (let now = begin; ; ) {
      if (engine.closed)
        throw new NeuronBusError('CLOSED', `close() ended a run of ${engine.timeOf(total)} ms`);
      if (signal?.aborted) {
        const ran = `run() ended after ${engine.timeOf(now - begin)} of ${engine.timeOf(total)} ms`;
        throw new NeuronBusError('ABORTED', ran, { cause: signal.reason });
      }
      const upkeep = this.#maintain(now, end);
      if (upkeep !== undefined) {
        await this.#done(upkeep);
        continue; // it may have been closed or aborted meanwhile; what was done is not due any more
      }
      if (now === end) break;
      const before = performance.now();
      await this.#done(engine.advance(this.#steps(now, end, sliceMs)));
      const after = performance.now();
      if (engine.closed) continue;
      this.#learnPace(engine.now - now, after - before);
      now = engine.now;
      if (onProgress !== undefined && now < end && after - toldMs >= sliceMs / 2) {
        toldMs = after;
        onProgress(this.#progress(begin, now, total));
      }
    }
    onProgress?.(this.#progress(begin, end, total));
    const wallMs = performance.now() - begunMs;
    return { ranMs: engine.timeOf(total), steps: total, timeMs: engine.timeOf(end), wallMs };
  }

  #progress(begin: number, now: number, total: number): RunProgress {
    const { timeOf } = this.#engine;
    const of = timeOf.bind(this.#engine);
    return { timeMs: of(now), ranMs: of(now - begin), totalMs: of(total) };
  }

  /**
   * What is due at this step, or up to where a promise has to be waited for. At the end of a run only what looks back, so that a
   * function is asked when its answer is used.
   */
  #maintain(now: number, end: number): Promise<void> | undefined {
    for (const task of this.#engine.periodic) {
      if (task.next > now || (now === end && task.looksAhead)) continue;
      const under = task.run();
      if (under !== undefined) return under;
    }
    return undefined;
  }

  #steps(now: number, end: number, sliceMs: number): number {
    let until = Math.min(end, now + Math.max(1, Math.floor(this.#stepsPerMs * sliceMs * SHARE)));
    for (const { next } of this.#engine.periodic) if (next > now) until = Math.min(until, next);
    return until - now;
  }

  #learnPace(steps: number, tookMs: number): void {
    if (steps === 0) return;
    const measured = steps / Math.max(tookMs, LEAST_MEASURED_MS);
    this.#stepsPerMs = Math.min(measured, this.#stepsPerMs * FASTEST_GROWTH);
  }

  /** Calls `what` when the network rests: now, or between two slices. */
  atRest<T>(what: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const serve = () => {
        try {
          resolve(what());
        } catch (error) {
          reject(error);
        }
      };
      if (this.#engine.computing) this.#waiting.push(serve);
      else serve();
    });
  }

  /** Work of other threads; whoever waited for the network to rest has its turn then, also when the work has failed. */
  async #done(work: Promise<void>): Promise<void> {
    try {
      await work;
    } finally {
      this.#serveWaiting();
    }
  }

  #serveWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const serve of waiting) serve();
  }
}
