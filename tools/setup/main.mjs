// SPDX-License-Identifier: MIT
//
// The steps of tools/setup.cjs, in order, under a lock: two terminals may run `npm test` and `npm start` at once.
// Progress goes to stderr; stdout belongs to the program that --run starts.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { buildNative } from './build_native.mjs';
import { buildApps, buildLibrary } from './build_typescript.mjs';
import { installPackages } from './install_packages.mjs';
import { withLock } from './lock.mjs';
import { root, SetupError, say } from './shared.mjs';

export async function main(args) {
  try {
    await withLock(() => {
      installPackages();
      buildNative();
      buildLibrary();
      buildApps();
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
    return;
  }
  if (args[0] === '--run') run(args[1], args.slice(2));
}

/** Runs a built program as if the user had: in the folder where npm was called, with its stdin, until it ends. */
function run(file, args) {
  const child = spawn(process.execPath, [resolve(root, file), ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 1;
  });
}
