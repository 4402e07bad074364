// SPDX-License-Identifier: MIT
//
// Further attempts of questions that may be asked more than once. Called on the thread of the bus.
//
// Between attempts there is a pause that doubles (exponential back-off), half of it random, so that many who failed together do
// not come again together. Pauses are on the clock of the bus.

import { NeuronBusError } from '../../memory/errors.js';
import { Aborts } from './aborts.js';
import { Deadlines, type Timed } from './deadlines.js';
import type { RequestOptions } from './options.js';

const DEFAULT_RETRIES = 3;
const DEFAULT_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 60_000;

class Pause implements Timed {
  wheelSlot = -1;
  later: Timed | undefined = undefined;
  sooner: Timed | undefined = undefined;

  constructor(
    readonly deadlineNs: number,
    readonly end: (error?: Error) => void,
  ) {}
}

export class Retries {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #aborts = new Aborts();
  readonly #pauses = new Set<Pause>();
  readonly #deadlines: Deadlines<Pause>;

  constructor(now: () => number, random: () => number, virtual: boolean) {
    this.#now = now;
    this.#random = random;
    this.#deadlines = new Deadlines<Pause>(now, (pause) => pause.end(), virtual);
  }

  /** Questions that wait for their next attempt. */
  get waiting(): number {
    return this.#pauses.size;
  }

  /**
   * Attempts until one resolves, or fails with something that another would not mend, or as often as the options say, or none
   * could begin before `until`, ns.
   */
  async insist<R>(attempt: () => Promise<R>, options: RequestOptions, until: number): Promise<R> {
    const { retries = DEFAULT_RETRIES, backoffMs = DEFAULT_BACKOFF_MS, signal } = options;
    for (let failed = 0; ; failed++) {
      const longest = Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** failed);
      let pauseMs = 0;
      try {
        return await attempt();
      } catch (error) {
        if (failed === retries || !mayPass(error)) throw error;
        pauseMs = longest * (0.5 + 0.5 * this.#random());
        if (this.#now() + pauseMs * 1e6 >= until) throw error;
      }
      await this.#pause(pauseMs, signal);
    }
  }

  /** With a virtual clock: what is due goes on. */
  expire(): void {
    this.#deadlines.expire(this.#now());
  }

  close(error: Error): void {
    for (const pause of this.#pauses) pause.end(error);
    this.#deadlines.close();
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(aborted(signal));
    return new Promise((resolve, reject) => {
      const now = this.#now();
      const lift = signal && this.#aborts.heed(signal, () => pause.end(aborted(signal)));
      const pause = new Pause(now + ms * 1e6, (error) => {
        this.#pauses.delete(pause);
        this.#deadlines.remove(pause);
        lift?.();
        if (error === undefined) resolve();
        else reject(error);
      });
      this.#pauses.add(pause);
      this.#deadlines.add(pause, now);
    });
  }
}

/** What became of a question whose signal was aborted. */
export function aborted(signal: AbortSignal): NeuronBusError {
  return new NeuronBusError('ABORTED', undefined, { cause: signal.reason });
}

/** Whether another attempt may do better. */
function mayPass(error: unknown): boolean {
  const codes = ['ERR_NB_TIMEOUT', 'ERR_NB_DEAD_TARGET', 'ERR_NB_FULL', 'ERR_NB_ARENA_FULL', 'ERR_NB_REMOTE'];
  return error instanceof NeuronBusError && codes.includes(error.code);
}
