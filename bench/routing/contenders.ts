// SPDX-License-Identifier: MIT
//
// Who takes part, in the order of the tables.

import type { BalancerFactory } from './balancer.js';
import { leastInFlight, oracle, peakEwma, random, roundRobin } from './baselines.js';
import { learnedOnOneThread, learnedOnThreads, loadBalanced } from './ours.js';
import { prequal, prequalSynchronous } from './prequal.js';

export interface Contender {
  readonly name: string;
  /** judged: what the targets are about. baseline: what it is compared with. Others are shown only. */
  readonly role: 'judged' | 'ours' | 'baseline' | 'oracle';
  readonly color: string;
  readonly factory: () => BalancerFactory;
}

export const contenders: readonly Contender[] = [
  { name: 'learned', role: 'judged', color: '#d62728', factory: learnedOnOneThread },
  { name: 'learned, a thread each', role: 'ours', color: '#ff9896', factory: learnedOnThreads },
  { name: 'load-balanced', role: 'ours', color: '#8c564b', factory: loadBalanced },
  { name: 'random', role: 'baseline', color: '#c7c7c7', factory: () => random },
  { name: 'round-robin', role: 'baseline', color: '#7f7f7f', factory: () => roundRobin },
  { name: 'least in flight', role: 'baseline', color: '#bcbd22', factory: () => leastInFlight },
  { name: 'peak EWMA, 10 s', role: 'baseline', color: '#2ca02c', factory: () => peakEwma() },
  { name: 'peak EWMA, 1 s', role: 'baseline', color: '#98df8a', factory: () => peakEwma(1e9) },
  { name: 'Prequal', role: 'baseline', color: '#1f77b4', factory: () => prequal },
  { name: 'Prequal, synchronous', role: 'baseline', color: '#9467bd', factory: () => prequalSynchronous },
  { name: 'oracle', role: 'oracle', color: '#111111', factory: () => oracle },
];
