// SPDX-License-Identifier: MIT
//
// Stopwatches. Every function blocks its thread while it measures; call them from the process of one variant only.

import type { Effort } from './types.js';
import { WarmUp } from './warm_up.js';

export function nowNs(): number {
  return Number(process.hrtime.bigint());
}

/** Of an even number of values: the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('no samples');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Nearest rank; `share` in [0, 1]. */
export function percentile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) throw new Error('no samples');
  const sorted = Float64Array.from(values).sort();
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[rank];
}

/**
 * Time of one operation, ns. `work(n)` must do n operations, n a multiple of `granularity`.
 * The first calls only warm up; they also tell how many operations fill a block.
 */
export function nsPerOperation(
  effort: Effort,
  granularity: number,
  work: (operations: number) => void,
): number {
  let operations = granularity;
  let spent = 0;
  let last = 0;
  const warmupNs = effort.warmupMs * 1e6;
  const blockNs = effort.blockMs * 1e6;
  while (spent < warmupNs || last < blockNs / 2) {
    const begin = nowNs();
    work(operations);
    last = nowNs() - begin;
    spent += last;
    const factor = Math.min(8, blockNs / Math.max(last, 1));
    operations = Math.max(granularity, Math.round((operations * factor) / granularity) * granularity);
  }
  const blocks: number[] = [];
  for (let block = 0; block < effort.blocks; block++) {
    const begin = nowNs();
    work(operations);
    blocks.push((nowNs() - begin) / operations);
  }
  return median(blocks);
}

/** Throws unless both sides of a variant agree; a benchmark that loses messages measures nothing. */
export function expectEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: got ${actual}, expected ${expected}`);
}

/** Sum of the numbers 0 to `count` - 1 as a receiver that adds 32-bit integers gets it: the checksum of as many spikes of one neuron. */
export function sumOfFirst(count: number): number {
  const many = BigInt(count);
  return Number(BigInt.asIntN(32, (many * (many - 1n)) / 2n));
}

/** A reader's view of a rate: feed it the running count, it keeps one rate per window. */
export class RateMeter {
  private readonly rates: number[] = [];
  private readonly warmUp: WarmUp;
  private windowNs = 0;
  private windowCount = 0;
  private next = 1024;
  private warm = false;

  constructor(private readonly effort: Effort) {
    this.warmUp = new WarmUp(effort);
  }

  /** True when enough was seen. Cheap while `count` is below the next mark. */
  done(count: number): boolean {
    return count >= this.next && this.mark(count);
  }

  /** Million messages a second. */
  get megaPerSecond(): number {
    return median(this.rates);
  }

  /** The same as a mean over all windows, which is right where messages come in bursts of the size of a window. */
  get meanMegaPerSecond(): number {
    const times = this.rates.map((rate) => 1 / rate); // every window has the same number of messages
    return times.length / times.reduce((sum, time) => sum + time, 0);
  }

  private mark(count: number): boolean {
    if (!this.warm) {
      this.warm = this.warmUp.over(count);
      this.windowNs = nowNs();
      this.windowCount = count;
      this.next = count + (this.warm ? Math.max(1, this.warmUp.lastRate * this.effort.blockMs * 1e6) : 1024);
      return false;
    }
    const now = nowNs();
    const messages = count - this.windowCount;
    this.rates.push((messages / (now - this.windowNs)) * 1e3);
    this.windowNs = now;
    this.windowCount = count;
    this.next = count + messages;
    return this.rates.length >= this.effort.blocks;
  }
}

/**
 * Keeps round-trip times for as long as the effort says, after a warm-up. Those with a pause before each are few, so that nothing
 * would be compiled by the time they are measured: others without a pause come before them.
 */
export class RoundTrips {
  private readonly times: number[] = [];
  private readonly pausesFromMs: number;
  private readonly measureFromMs: number;
  private readonly endMs: number;
  /** Round trips at least; of 300, three lie above p99. */
  private readonly least: number;

  constructor(
    effort: Effort,
    private readonly pauseMs = 0,
  ) {
    this.least = effort.quick ? 100 : 300;
    this.pausesFromMs = performance.now() + (pauseMs > 0 ? effort.warmupMs * (effort.quick ? 2 : 8) : 0);
    this.measureFromMs = this.pausesFromMs + effort.warmupMs;
    this.endMs = this.measureFromMs + effort.blockMs * effort.blocks;
  }

  /** Takes the moments (performance.now) before and after one round trip; false when enough is known. */
  add(beginMs: number, endMs: number): boolean {
    if (beginMs >= this.measureFromMs) this.times.push(endMs - beginMs);
    return endMs < this.endMs || this.times.length < this.least;
  }

  /** Calls `ask` for the next round trip: now, or after a pause. */
  next(ask: () => void): void {
    if (this.pauseMs > 0 && performance.now() >= this.pausesFromMs) setTimeout(ask, this.pauseMs);
    else ask();
  }

  /** µs. */
  get sample(): { p50: number; p99: number } {
    return { p50: percentile(this.times, 0.5) * 1e3, p99: percentile(this.times, 0.99) * 1e3 };
  }
}
