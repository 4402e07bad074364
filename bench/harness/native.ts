// SPDX-License-Identifier: MIT
//
// The C++ benchmarks: built once into .build/bench-native, then run test by test. Blocks; call from the driver (build) and
// from the process of one variant (run).

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './machine.js';
import type { Effort } from './types.js';

export interface NativeResult {
  readonly name: string;
  readonly nsPerOp: number;
  readonly perSecond: number;
  readonly p50Ns?: number;
  readonly p99Ns?: number;
}

const isWindows = process.platform === 'win32';
let reason: string | undefined;
let asked = false;

/** Builds what is out of date. Undefined when bench_core can be run, else a sentence that says why not. */
export function nativeUnavailable(): string | undefined {
  if (!asked) {
    asked = true;
    reason = build();
  }
  return reason;
}

/** Runs the one test of that name. */
export function runNative(test: string, effort: Effort): NativeResult {
  const output = run(findBinary(buildFolder()) ?? 'bench_core', [
    '--filter',
    test,
    ...(effort.quick ? ['--quick'] : []),
  ]);
  if (output.error !== undefined) throw new Error(output.error);
  const results = output.text.split('\n').filter((line) => line.startsWith('{'));
  const result = results.map((line) => JSON.parse(line) as NativeResult).find(({ name }) => name === test);
  if (result === undefined) throw new Error(`bench_core has no test "${test}"`);
  return result;
}

function buildFolder(): string {
  return join(projectRoot(), '.build', 'bench-native');
}

function build(): string | undefined {
  const root = projectRoot();
  if (!existsSync(join(root, 'CMakeLists.txt'))) return 'the sources of the native core are not here';
  if (run('cmake', ['--version']).error !== undefined) return 'cmake is not installed';
  const folder = buildFolder();
  const options = ['-DCMAKE_BUILD_TYPE=Release', '-DNEURONBUS_BENCH=ON', '-DNEURONBUS_TESTS=OFF'];
  const configured = run('cmake', ['-S', root, '-B', folder, ...options]);
  if (configured.error !== undefined) return `cmake: ${configured.error}`;
  const built = run('cmake', [
    '--build',
    folder,
    '--config',
    'Release',
    '--target',
    'bench_core',
    '--parallel',
    '2',
  ]);
  if (built.error !== undefined) return `bench_core does not build: ${built.error}`;
  return findBinary(folder) === undefined ? 'the build left no bench_core' : undefined;
}

function findBinary(folder: string): string | undefined {
  const name = isWindows ? 'bench_core.exe' : 'bench_core';
  const entry = readdirSync(folder, { recursive: true, withFileTypes: true }).find(
    (candidate) => candidate.isFile() && candidate.name === name,
  );
  return entry === undefined ? undefined : join(entry.parentPath, entry.name);
}

function run(command: string, args: readonly string[]): { text: string; error?: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error === undefined && status === 0) return { text: stdout };
  const complaint = `${stderr ?? ''}\n${stdout ?? ''}`.split('\n').find((line) => /error/i.test(line));
  return { text: '', error: complaint?.trim() ?? error?.message ?? `${command} ended with ${status}` };
}
