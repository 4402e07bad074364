// SPDX-License-Identifier: MIT
//
// What the set-up steps share: where the project is, how to run a command, and stamps: a step is done when the stamp
// beside its output equals the hash of its inputs. Hashes, not dates: a clone gives every file the date of the clone.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Ends the set-up with its message as the one thing the user reads last. */
export class SetupError extends Error {}

export function say(text) {
  process.stderr.write(`neuronbus: ${text}\n`);
}

/** Runs a command whose output, if any, is for people: to stderr. Its stdin is empty. Returns whether it succeeded. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', options.quiet ? 'ignore' : 2, options.quiet ? 'ignore' : 2],
    shell: options.shell ?? false,
    env: { ...process.env, ...options.env },
  });
  return result.status === 0;
}

/** Where a program is on the PATH, or undefined. */
export function which(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, program + ending);
      if (folder !== '' && existsSync(path) && statSync(path).isFile()) return path;
    }
  }
  return undefined;
}

/** For node-gyp's environment: headers that were installed beside this Node.js spare it a download. */
export function headersOfNode() {
  const prefix = dirname(dirname(process.execPath));
  const there = existsSync(join(prefix, 'include', 'node', 'common.gypi'));
  return there && !process.env.npm_config_nodedir ? { npm_config_nodedir: prefix } : {};
}

/** All files below the given files and folders (relative to the project), sorted. */
export function filesBelow(...paths) {
  const found = [];
  const visit = (path) => {
    const absolute = join(root, path);
    if (!existsSync(absolute)) return;
    if (statSync(absolute).isFile()) found.push(path);
    else for (const name of readdirSync(absolute)) visit(`${path}/${name}`);
  };
  for (const path of paths) visit(path);
  return found.sort();
}

export function hashOf(files, ...more) {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...more]));
  for (const file of files)
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(root, file)))
      .update('\n');
  return hash.digest('hex');
}

/** The stamp of a step: `fresh` when inputs are as they were and every output is there; set() after the step. */
export function stamp(name, hash, outputs) {
  const path = join(root, '.build', 'stamps', name);
  const fresh =
    outputs.every((output) => existsSync(join(root, output))) &&
    existsSync(path) &&
    readFileSync(path, 'utf8') === hash;
  return {
    fresh,
    set() {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, hash);
    },
  };
}
