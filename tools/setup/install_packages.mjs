// SPDX-License-Identifier: MIT
//
// npm ci, when what is installed differs from the lock file.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, SetupError, say, which } from './shared.mjs';

export function installPackages() {
  if (installedAsLocked()) return;
  say('installing development packages (npm ci)');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith('.js')
    ? run(process.execPath, [npm, ...args])
    : run(npmOnPath(), args, { shell: process.platform === 'win32' });
  if (!done) throw new SetupError('npm ci failed; its own words stand above.');
}

function npmOnPath() {
  const npm = which('npm');
  if (npm === undefined) {
    throw new SetupError(
      'npm is not on the PATH; it comes with Node.js: install Node.js with npm and try again.',
    );
  }
  return npm;
}

/** npm keeps what it installed in node_modules/.package-lock.json, in the format of the lock file. */
function installedAsLocked() {
  const installed = packagesOf('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  const locked = packagesOf('package-lock.json');
  return Object.entries(locked ?? {}).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

function packagesOf(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}
