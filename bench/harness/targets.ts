// SPDX-License-Identifier: MIT
//
// What the project wants to reach, and whether a run reached it. Pure functions over results: any thread.
//
// Ratios are formed within one run. The figures of the Rust implementation that this one learned from were measured on a
// machine of the same kind (2 virtual cores, x86-64); its toolchain is not part of this project.

import { nativeTests } from '../native_core.js';
import { advantage, formatNumber, formatValue } from './report.js';
import type { ScenarioResult, Summary, TargetResult } from './types.js';

/** ns: eight readers as its benchmark has them; arena, 32 B: as its benchmark has it, and with blocks used again. */
const rust = { eightReaders: 43.5, arenaFresh: 27.1, arenaReused: 18.2 };

export type Lookup = (scenario: string, variant: string, metric: string) => Summary | undefined;

export interface Target {
  readonly text: string;
  readonly target: string;
  /** What was measured, and whether that is enough; undefined when something needed is missing. */
  evaluate(find: Lookup): { measured: string; met: boolean } | undefined;
}

export function atMost(
  text: string,
  limit: number,
  scenario: string,
  variant: string,
  metric: string,
  target?: string,
): Target {
  return bound(text, limit, scenario, variant, metric, '≤', target);
}

export function atLeast(
  text: string,
  limit: number,
  scenario: string,
  variant: string,
  metric: string,
): Target {
  return bound(text, limit, scenario, variant, metric, '≥');
}

function bound(
  text: string,
  limit: number,
  scenario: string,
  variant: string,
  metric: string,
  sign: '≤' | '≥',
  target?: string,
): Target {
  return {
    text,
    target: target ?? `${sign} ${limit}`,
    evaluate: (find) => {
      const found = find(scenario, variant, metric);
      if (found === undefined) return undefined;
      const met = sign === '≤' ? found.median <= limit : found.median >= limit;
      return { measured: formatValue(found.median, found.unit), met };
    },
  };
}

/** How many times better ours is. */
export function ratio(
  text: string,
  limit: number,
  scenario: string,
  ours: string,
  theirs: string,
  metric: string,
): Target {
  return {
    text,
    target: `≥ ${limit} ×`,
    evaluate: (find) => {
      const mine = find(scenario, ours, metric);
      const other = find(scenario, theirs, metric);
      if (mine === undefined || other === undefined) return undefined;
      const value = advantage(mine, other);
      return { measured: `${formatNumber(value)} ×`, met: value >= limit };
    },
  };
}

const inPlace = 'axon, publishWith 64';
const copied = 'axon, publishBatch of 64';
const rivalInPlace = 'SharedArrayBuffer ring, batch 64 in place';
const rivalCopied = 'SharedArrayBuffer ring, batch 64';

const oneWay = { threads: 'two threads, batches of 64', processes: 'two processes, batches of 64' };
const processes = [oneWay.processes, oneWay.threads] as const;
const active = ['two processes, active', 'two threads, active'] as const;
const parkedThreads = ['two threads, parked', 'worker.postMessage, after a pause'] as const;
const parkedProcesses = ['two processes, parked', 'process.send, after a pause'] as const;

const targets: readonly Target[] = [
  atMost('fire to onSpike, batch 64, ns a spike', 20, 'fire_to_onspike', 'batch 64', 'time'),
  atMost('fire to onSpike, batch 1024, ns a spike', 20, 'fire_to_onspike', 'batch 1024', 'time'),
  atMost(
    'the same with 11 characters, ns a spike',
    90,
    'fire_to_onspike',
    'batch 64, text of 11 characters',
    'time',
  ),
  atMost('one spike per tick, ns', 80, 'fire_to_onspike', 'one spike per tick', 'time'),
  atLeast('axon between two JavaScript threads, M/s', 100, 'axon_two_threads', inPlace, 'rate'),
  ratio('the same, of the C++ ring', 0.7, 'axon_two_threads', inPlace, 'C++ ring, batch 64', 'rate'),
  ratio('the same, of the SharedArrayBuffer ring', 2, 'axon_two_threads', inPlace, rivalCopied, 'rate'),
  ratio('in place, both', 2, 'axon_two_threads', inPlace, rivalInPlace, 'rate'),
  ratio('finished 64-byte messages copied, both', 2, 'axon_two_threads', copied, rivalCopied, 'rate'),
  atMost('native ring, publish + read in cache, ns', 6, 'native_core', nativeTests.readAfterPublish, 'time'),
  atMost(
    'native ring, 8 readers, ns',
    rust.eightReaders,
    'native_core',
    nativeTests.eightReaders,
    'time',
    '≤ 43.5 (Rust)',
  ),
  atMost(
    'arena, 32 B, fresh, ns',
    rust.arenaFresh,
    'native_core',
    nativeTests.arenaFresh,
    'time',
    '≤ 27.1 (Rust)',
  ),
  atMost(
    'arena, 32 B, used again, ns',
    rust.arenaReused,
    'native_core',
    nativeTests.arenaManyLive,
    'time',
    '≤ 18.2 (Rust)',
  ),
  atMost('echo between two spinning threads, p50, µs', 0.5, 'axon_echo', 'axon, spinning', 'p50'),
  atLeast('fire to onSpike between two threads, M/s', 25, 'bus_one_way', oneWay.threads, 'rate'),
  atMost(
    'question and answer, two active threads, p50, µs',
    1.5,
    'bus_round_trip',
    'two threads, active',
    'p50',
  ),
  atMost('the same, p99, µs', 5, 'bus_round_trip', 'two threads, active', 'p99'),
  atMost(
    'two idle processes with ten workers, % of a core',
    1,
    'idle_cpu',
    'two processes, ten workers',
    'processor',
  ),
  atMost('an idle neuron, bytes', 1024, 'memory_and_startup', 'idle neuron, resident', 'each'),
  atMost('start of a default bus, ms', 50, 'memory_and_startup', 'bus, default sizes', 'start'),
  atMost('memory touched before use, MB', 16, 'memory_and_startup', 'bus, default sizes', 'touched'),
  atMost('choice among 10 agents, ns', 200, 'route_choice', 'learned, 10 candidates', 'time'),
  atMost('choice among 1,000 agents, ns', 1000, 'route_choice', 'learned, 1,000 candidates', 'time'),
  atMost('a synapse, bytes', 48, 'memory_and_startup', 'synapse, layout', 'each'),
  ratio('fire to onSpike, two processes, of two threads', 0.9, 'bus_one_way', ...processes, 'rate'),
  ratio('round trip, two processes, of two threads, p50', 0.9, 'bus_round_trip', ...active, 'p50'),
  ratio('parked threads, of MessageChannel, p50', 1, 'bus_round_trip', ...parkedThreads, 'p50'),
  ratio('parked processes, of process.send, p50', 1, 'bus_round_trip', ...parkedProcesses, 'p50'),
  ratio('all to all, 8 threads, of 1 thread', 1, 'bus_scale', '8 threads', '1 thread', 'rate'),
  atMost(
    'request and answer in one thread, ticked by hand, ns',
    1000,
    'request_one_thread',
    'request, ticked by hand, 64 at a time',
    'time',
  ),
  atMost(
    'the same, one at a time, ns',
    1000,
    'request_one_thread',
    'request, ticked by hand, one at a time',
    'time',
  ),
  atMost(
    'request and answer, two active threads, p50, µs',
    5,
    'request_round_trip',
    'request, two threads, active',
    'p50',
  ),
];

export function evaluateTargets(
  scenarios: readonly ScenarioResult[],
  wanted: readonly Target[] = targets,
): TargetResult[] {
  const find: Lookup = (scenario, variant, metric) =>
    scenarios.find(({ name }) => name === scenario)?.variants.find(({ name }) => name === variant)?.metrics[
      metric
    ];
  return wanted.map(({ text, target, evaluate }) => {
    const result = evaluate(find);
    if (result === undefined) return { text, target, measured: '', met: 'not measured' };
    return { text, target, measured: result.measured, met: result.met ? 'yes' : 'no' };
  });
}
