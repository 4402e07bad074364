// SPDX-License-Identifier: MIT
//
// Scenario: the native core alone, without JavaScript: bench/native/bench_core.cc, one process a test.

import { nativeUnavailable, runNative } from './harness/native.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

/** Names in bench_core.cc; one that is not there fails. */
export const nativeTests = {
  readAfterPublish: 'axon, 1 thread, publish + read, 64 KiB ring',
  readAfterPublishFresh: 'axon, 1 thread, publish + read, fresh 64 MiB ring',
  readAfterPublishReused: 'axon, 1 thread, publish + read, 64 MiB ring reused',
  eightReaders: 'axon, 1 thread, publish + 8 observers',
  echo: 'axon, 2 threads, echo round trip',
  arenaFresh: 'arena, 32 B, fresh',
  arenaReused: 'arena, 32 B, allocate + release',
  arenaManyLive: 'arena, 32 B, allocate + release, 5000 live',
  arenaLarge: 'arena, 4 KiB, allocate + release, 100 live',
  clock: 'clock, now',
  systemClock: 'clock, CLOCK_MONOTONIC',
} as const;

function measure(test: string, effort: Effort): Sample {
  const { nsPerOp, p50Ns, p99Ns } = runNative(test, effort);
  if (p50Ns !== undefined && p99Ns !== undefined) return { p50: p50Ns / 1e3, p99: p99Ns / 1e3 };
  return { time: nsPerOp };
}

function variantOf(test: string): Variant {
  return { name: test, role: 'neuronbus', run: (effort) => measure(test, effort) };
}

export const scenario: Scenario = {
  name: 'native_core',
  title: 'The native core, without JavaScript',
  note: 'Best of several rounds for loops in one thread, median for two threads; the process is pinned.',
  metrics: [
    { name: 'time', unit: 'ns', better: 'lower' },
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  prepare: nativeUnavailable,
  variants: Object.values(nativeTests).map(variantOf),
};
