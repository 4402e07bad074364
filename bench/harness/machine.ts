// SPDX-License-Identifier: MIT
//
// What the numbers were measured on: hardware and versions, nothing that names a host, a user or a folder. Driver only.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsVersion } from '../peers/nats.js';

/** The folder of this project's package.json, above the compiled benchmarks. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (
      existsSync(file) &&
      (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'neuronbus'
    )
      return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json of neuronbus above the compiled benchmarks');
    folder = parent;
  }
}

export function describeMachine(): Record<string, string> {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: String(processors.length),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    virtual: isVirtual() ? 'yes' : 'unknown',
  };
}

export function describeVersions(): Record<string, string> {
  const root = projectRoot();
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string };
  return {
    neuronbus: own.version ?? 'unknown',
    node: process.versions.node,
    v8: process.versions.v8,
    mitt: versionOf('mitt'),
    zeromq: versionOf('zeromq'),
    nats: natsVersion() ?? 'not installed',
    compiler: compilerVersion(),
  };
}

function isVirtual(): boolean {
  try {
    return /^flags.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

function versionOf(dependency: string): string {
  try {
    let folder = dirname(createRequire(import.meta.url).resolve(dependency));
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}

function compilerVersion(): string {
  const result = spawnSync(process.env.CXX ?? 'c++', ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? (result.stdout.split('\n')[0] ?? 'unknown').trim() : 'none';
}
