// SPDX-License-Identifier: MIT
//
// No warnings, from any compiler at hand: g++ and clang++ parse every native source with -Wall -Wextra -Werror.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { filesBelow, root, which } from './setup/shared.mjs';

const require = createRequire(import.meta.url);
const compilers = ['g++', 'clang++'].filter((name) => which(name) !== undefined);
const sources = filesBelow('native', 'test/native', 'bench/native').filter((file) => file.endsWith('.cc'));

const flags = [
  ...[
    '-fsyntax-only',
    '-std=c++17',
    '-pthread',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-I.',
    '-Iinclude',
    '-Inative/core',
  ],
  // Not ours: their warnings are not shown.
  ...['-isystem', require('node-addon-api').include_dir, '-isystem', require('node-api-headers').include_dir],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
];

let failed = compilers.length === 0 ? 1 : 0;
for (const compiler of compilers) {
  for (const source of sources) {
    const { status } = spawnSync(compiler, [...flags, source], { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) failed++;
  }
}
console.log(
  `check-warnings: ${sources.length} files with ${compilers.join(' and ') || 'no compiler'}, ${failed} failed`,
);
process.exitCode = failed > 0 ? 1 : 0;
