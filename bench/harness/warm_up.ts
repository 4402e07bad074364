// SPDX-License-Identifier: MIT
//
// When a rate may be measured. Every thread of every process compiles the code for itself, while it works; how long that takes
// depends on how many they are and on how many processors, so a fixed time will not do.

import { nowNs } from './measure.js';
import type { Effort } from './types.js';

const STRETCHES = 2; // of the time that the effort says, at least
const MOST_STRETCHES = 20;
const STILL_RISING = 1.05;

export class WarmUp {
  readonly #stretchNs: number;
  #sinceNs = nowNs();
  #since = 0; // count
  #best = 0;
  #lastRate = 0;
  #stretches = 0;
  #done = false;

  constructor(effort: Pick<Effort, 'warmupMs'>) {
    this.#stretchNs = (effort.warmupMs * 1e6) / STRETCHES;
  }

  /** Given the running count: whether the warm-up time is over, and the last stretch of it was not much faster than the best before. */
  over(count: number): boolean {
    const now = nowNs();
    if (this.#done || now - this.#sinceNs < this.#stretchNs) return this.#done;
    const rate = (count - this.#since) / (now - this.#sinceNs);
    this.#stretches++;
    this.#done =
      this.#stretches >= STRETCHES && (rate < this.#best * STILL_RISING || this.#stretches >= MOST_STRETCHES);
    this.#best = Math.max(this.#best, rate);
    this.#lastRate = rate;
    this.#since = count;
    this.#sinceNs = now;
    return this.#done;
  }

  /** Per ns, of the last stretch. */
  get lastRate(): number {
    return this.#lastRate;
  }
}
