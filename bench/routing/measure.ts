// SPDX-License-Identifier: MIT
//
// Runs scenarios with balancers over many seeds, and what is read off the traces. Any thread.

import type { BalancerFactory } from './balancer.js';
import type { RoutingScenario } from './scenarios.js';
import { simulate, type Trace } from './simulator.js';

/** Of one run. Times in ms. */
export interface RunFigures {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly failedAfterChange: number;
  readonly sentToKnownDead: number;
  /** Share of the watched agents; NaN without such. */
  readonly watchedShare: number;
}

export interface Spread {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Result {
  readonly scenario: string;
  readonly balancer: string;
  readonly runs: readonly RunFigures[];
  /** Mean latency over all seeds by request number, in blocks of `blockSize`; ms. */
  readonly blocksMs: readonly number[];
  /** Share of the watched agents over all seeds, in the same blocks. */
  readonly blocksWatched: readonly number[];
}

export const blockSize = 100;

export function measure(
  scenario: RoutingScenario,
  balancer: string,
  factory: BalancerFactory,
  seeds: readonly number[],
  requesters: number,
  requests = scenario.requests,
): Result {
  const blocks = Math.floor(requests / blockSize);
  const blocksMs = new Array<number>(blocks).fill(0);
  const blocksWatched = new Array<number>(blocks).fill(0);
  const runs = seeds.map((seed) => {
    const run = scenario.build(seed, requests, requesters);
    const trace = simulate(run, { ...scenario.rules, requesters }, factory, seed);
    for (let i = 0; i < blocks * blockSize; i++) {
      const block = Math.floor(i / blockSize);
      blocksMs[block] += trace.latencyNs[i] / 1e6 / (blockSize * seeds.length);
      if (scenario.watched?.agents.includes(trace.agent[i])) {
        blocksWatched[block] += 1 / (blockSize * seeds.length);
      }
    }
    return figuresOf(scenario, trace);
  });
  return { scenario: scenario.name, balancer, runs, blocksMs, blocksWatched };
}

function figuresOf(scenario: RoutingScenario, trace: Trace): RunFigures {
  const total = trace.latencyNs.length;
  const counted = Float64Array.from(trace.latencyNs.subarray(scenario.warmUp)).sort();
  let failed = 0;
  let failedAfterChange = 0;
  for (let i = 0; i < total; i++) {
    failed += trace.failed[i];
    if (i >= (scenario.changeAt ?? total)) failedAfterChange += trace.failed[i];
  }
  const { agents = [], from = 0 } = scenario.watched ?? {};
  let watched = 0;
  for (let i = from; i < total; i++) if (agents.includes(trace.agent[i])) watched++;
  return {
    meanMs: counted.reduce((sum, value) => sum + value, 0) / counted.length / 1e6,
    p99Ms: counted[Math.ceil(0.99 * counted.length) - 1] / 1e6,
    failed,
    failedAfterChange,
    sentToKnownDead: trace.sentToKnownDead,
    watchedShare: scenario.watched === undefined ? Number.NaN : watched / (total - from),
  };
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}
