// SPDX-License-Identifier: MIT
//
// Compiles the shared library that the package ships, by calling the compiler: one file for every Linux with this glibc or
// a newer one. It brings its libstdc++ along, has no search path, and its soname is its file name, because a tarball of npm
// has no symbolic links.

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { compiler } from './setup/build_native.mjs';
import { root, SetupError } from './setup/shared.mjs';
import { nativeSources } from './sources.mjs';

const FLAGS = ['-std=c++17', '-O3', '-ffp-contract=off', '-fPIC', '-pthread'];
const HIDDEN = ['-fvisibility=hidden', '-fvisibility-inlines-hidden'];
const MORE = ['-Wall', '-Wextra', '-Iinclude', '-Inative/core'];

function linkFlags(output) {
  if (process.platform === 'darwin') {
    return ['-dynamiclib', '-Wl,-exported_symbol,_nb_*', `-Wl,-install_name,@rpath/${basename(output)}`];
  }
  const exports = '-Wl,--version-script=native/capi/exports.map';
  return [
    '-shared',
    '-static-libstdc++',
    '-s',
    '-Wl,--exclude-libs,ALL',
    exports,
    `-Wl,-soname,${basename(output)}`,
  ];
}

function call(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new SetupError('the shared library does not compile; the errors stand above.'));
    });
  });
}

/** `command`: the C++ compiler, if not the one of this machine. `scratch` and `output` are relative to the project. */
export async function compileLibrary(output, scratch, command = compiler()) {
  const sources = [...nativeSources(root, 'core_sources'), ...nativeSources(root, 'capi_sources')];
  rmSync(join(root, scratch), { recursive: true, force: true });
  mkdirSync(join(root, scratch), { recursive: true });
  mkdirSync(dirname(join(root, output)), { recursive: true });
  const objects = sources.map((source) => join(scratch, `${basename(source)}.o`));
  const queue = sources.map((source, i) => ['-c', source, '-o', objects[i]]);
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      await call(command, [...FLAGS, ...HIDDEN, ...MORE, ...job]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  await call(command, ['-pthread', ...linkFlags(output), ...objects, '-o', output]);
}
