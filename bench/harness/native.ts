// SPDX-License-Identifier: MIT
//
// What benchmarks need of C and C++, built once into .build/bench-native: the C++ benchmarks, which are run test by test, the
// shared library, and the agent in C. Blocks; call from the driver (build) and from the process of one variant (run).

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
const files = {
  bench_core: isWindows ? 'bench_core.exe' : 'bench_core',
  neuronbus_shared: process.platform === 'darwin' ? 'libneuronbus.dylib' : 'libneuronbus.so',
} as const;
type Target = keyof typeof files;

const reasons = new Map<Target, string | undefined>();

/** Builds what is out of date. Undefined when bench_core can be run, else a sentence that says why not. */
export function nativeUnavailable(): string | undefined {
  return unavailable('bench_core');
}

/** The shared library, once agentInCUnavailable() or libraryUnavailable() has said nothing. */
export function libraryPath(): string {
  return findBinary('neuronbus_shared') ?? 'libneuronbus.so';
}

export function libraryUnavailable(): string | undefined {
  return unavailable('neuronbus_shared');
}

/** bench/agents/agent.c as a program. */
export function agentInC(): string {
  return join(buildFolder(), 'agent');
}

/** Compiles it, against the shared library. */
export function agentInCUnavailable(): string | undefined {
  const reason = libraryUnavailable();
  if (reason !== undefined) return reason;
  const compiler = process.env.CC ?? 'cc';
  if (run(compiler, ['--version']).error !== undefined) return 'there is no C compiler';
  const root = projectRoot();
  const folder = dirname(libraryPath());
  const source = ['-std=gnu11', '-O2', '-Wall', '-Wextra', `-I${join(root, 'include')}`];
  const link = [`-L${folder}`, '-lneuronbus', `-Wl,-rpath,${folder}`, '-o', agentInC()];
  const { error } = run(compiler, [...source, join(root, 'bench', 'agents', 'agent.c'), ...link]);
  return error === undefined ? undefined : `agent.c does not compile: ${error}`;
}

/** Runs the one test of that name. */
export function runNative(test: string, effort: Effort): NativeResult {
  const output = run(findBinary('bench_core') ?? 'bench_core', [
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

function unavailable(target: Target): string | undefined {
  if (!reasons.has(target)) reasons.set(target, build(target));
  return reasons.get(target);
}

function build(target: Target): string | undefined {
  const root = projectRoot();
  if (!existsSync(join(root, 'CMakeLists.txt'))) return 'the sources of the native core are not here';
  if (run('cmake', ['--version']).error !== undefined) return 'cmake is not installed';
  const folder = buildFolder();
  const options = ['-DCMAKE_BUILD_TYPE=Release', '-DNEURONBUS_BENCH=ON', '-DNEURONBUS_TESTS=OFF'];
  const configured = run('cmake', ['-S', root, '-B', folder, ...options]);
  if (configured.error !== undefined) return `cmake: ${configured.error}`;
  const choice = ['--config', 'Release', '--target', target, '--parallel', '2'];
  const built = run('cmake', ['--build', folder, ...choice]);
  if (built.error !== undefined) return `${target} does not build: ${built.error}`;
  return findBinary(target) === undefined ? `the build left no ${files[target]}` : undefined;
}

function findBinary(target: Target): string | undefined {
  const entry = readdirSync(buildFolder(), { recursive: true, withFileTypes: true }).find(
    (candidate) => !candidate.isDirectory() && candidate.name === files[target],
  );
  return entry === undefined ? undefined : join(entry.parentPath, entry.name);
}

function run(command: string, args: readonly string[]): { text: string; error?: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error === undefined && status === 0) return { text: stdout };
  const complaint = `${stderr ?? ''}\n${stdout ?? ''}`.split('\n').find((line) => /error/i.test(line));
  return { text: '', error: complaint?.trim() ?? error?.message ?? `${command} ended with ${status}` };
}
