// SPDX-License-Identifier: MIT
//
// The peer: networks of Brian2, compiled by it to programs of their own (brian2/build.py), once into .build/bench-brian2.
//
// Blocks; call from the driver (build) and from the process of one variant (run). No part of Brian2 runs in the measuring process.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../harness/machine.js';

export type Brian2Network = 'plastic' | 'plastic_lean' | 'cuba';

/** What a program simulates, ms: long enough for its preparation not to matter, and for rates to settle. */
export const simulatedMs = 5000;

export interface Brian2Run {
  /** Wall clock of all steps. */
  readonly seconds: number;
  /** Spikes of the group called inputs, if there is one, and of outputs. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Debian's package belongs to its own Python, which need not be the first of the path. */
const pythons = [process.env.PYTHON ?? 'python3', '/usr/bin/python3'];
let found: { python: string; version: string } | undefined | null = null;

function brian2(): { python: string; version: string } | undefined {
  if (found !== null) return found;
  found = undefined;
  for (const python of pythons) {
    const script = 'import brian2; print(brian2.__version__)';
    const { status, stdout } = spawnSync(python, ['-W', 'ignore', '-c', script], { encoding: 'utf8' });
    if (status === 0) found ??= { python, version: stdout.trim() };
  }
  return found;
}

export function brian2Version(): string | undefined {
  return brian2()?.version;
}

/** Builds what is out of date. Undefined when the network can be run, else a sentence that says why not. */
export function brian2Unavailable(network: Brian2Network, threads: number): string | undefined {
  const installed = brian2();
  if (installed === undefined) return 'Brian2 is not installed (Debian: python3-brian)';
  const scripts = join(projectRoot(), 'bench', 'population');
  const build = join(scripts, 'brian2', 'build.py');
  const hash = createHash('sha256').update(JSON.stringify([installed, simulatedMs]));
  for (const file of [build, join(scripts, 'networks.json')]) hash.update(readFileSync(file));
  const fingerprint = hash.digest('hex');
  const folder = folderOf(network, threads);
  const mark = join(folder, 'fingerprint');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === fingerprint) return undefined;
  mkdirSync(folder, { recursive: true });
  const args = ['-W', 'ignore', build, network, String(threads), String(simulatedMs), folder];
  const { status, stderr } = spawnSync(installed.python, args, { encoding: 'utf8' });
  if (status !== 0) return `Brian2 does not build it: ${stderr.trim().split('\n').at(-1)}`;
  writeFileSync(mark, fingerprint);
  return undefined;
}

/** Runs a network that was built. */
export function runBrian2(network: Brian2Network, threads: number): Brian2Run {
  const folder = folderOf(network, threads);
  const { status, stdout, stderr } = spawnSync(join(folder, 'main'), [], { cwd: folder, encoding: 'utf8' });
  const seconds = Number.parseFloat(stdout);
  if (status !== 0 || !(seconds > 0)) throw new Error(`Brian2's program ended with ${status}: ${stderr}`);
  const spikes = (group: string): number => {
    const file = readdirSync(join(folder, 'results')).find((name) => name.startsWith(`_array_${group}_N_`));
    return file === undefined ? 0 : readFileSync(join(folder, 'results', file)).readInt32LE(0);
  };
  return { seconds, inputs: spikes('inputs'), outputs: spikes('outputs') };
}

function folderOf(network: Brian2Network, threads: number): string {
  return join(projectRoot(), '.build', 'bench-brian2', `${network}-${threads}`);
}
