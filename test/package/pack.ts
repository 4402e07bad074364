// Packs the tarball once for all package tests and installs it in an empty folder, as a user without a compiler would.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The packed tarball. */
    tarball: string;
    /** The folder where it is installed; holds copies of test/package/programs. */
    installed: string;
    /** A PATH on which there is node and sh, and nothing else. */
    barePath: string;
    /** npm's own script, for `node npmScript …`. */
    npmScript: string;
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url));

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'neuronbus-package-'));
  const npmScript = findNpm();
  const barePath = makeBarePath(join(folder, 'bin'));
  run(process.execPath, [npmScript, 'pack', '--pack-destination', folder], root, process.env.PATH);
  const version = JSON.parse(
    run(process.execPath, [npmScript, 'pkg', 'get', 'version'], root, process.env.PATH),
  ) as string;
  const tarball = join(folder, `neuronbus-${version}.tgz`);
  const installed = join(folder, 'installed');
  mkdirSync(installed);
  run(
    process.execPath,
    [npmScript, 'install', '--ignore-scripts', '--offline', tarball],
    installed,
    barePath,
  );
  cpSync(join(root, 'test', 'package', 'programs'), installed, { recursive: true });

  project.provide('tarball', tarball);
  project.provide('installed', installed);
  project.provide('barePath', barePath);
  project.provide('npmScript', npmScript);
  return () => rmSync(folder, { recursive: true, force: true });
}

function findNpm(): string {
  const called = process.env.npm_execpath;
  if (called?.endsWith('npm-cli.js')) return called;
  const command = (process.env.PATH ?? '')
    .split(delimiter)
    .map((entry) => join(entry, 'npm'))
    .find((path) => existsSync(path));
  if (command === undefined) throw new Error('npm is not on the PATH');
  return realpathSync(command);
}

function makeBarePath(folder: string): string {
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  symlinkSync('/bin/sh', join(folder, 'sh'));
  return folder;
}

function run(command: string, args: string[], cwd: string, path: string | undefined): string {
  const env = { ...process.env, PATH: path };
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(`${dirname(command)} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
