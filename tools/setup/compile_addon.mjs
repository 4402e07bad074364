// SPDX-License-Identifier: MIT
//
// Compiles the addon by calling the compiler: for checkouts on Unix where node-gyp cannot work. Flags follow
// native/addon.gypi; the binary is the same in all but the absence of Python.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nativeSources } from '../sources.mjs';
import { compiler } from './build_native.mjs';
import { root, SetupError } from './shared.mjs';

const require = createRequire(import.meta.url);

const flags = [
  ...[
    '-std=c++17',
    '-O3',
    '-ffp-contract=off',
    '-fPIC',
    '-pthread',
    '-fvisibility=hidden',
    '-fvisibility-inlines-hidden',
  ],
  ...['-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Wno-unused-parameter'],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  ...['-DNODE_GYP_MODULE_NAME=neuronbus', '-DBUILDING_NODE_EXTENSION'],
];

const link =
  process.platform === 'darwin'
    ? ['-bundle', '-undefined', 'dynamic_lookup']
    : ['-shared', '-Wl,--exclude-libs,ALL'];

export function compileAddon(output) {
  const includes = [
    '-Iinclude',
    '-Inative/core',
    `-I${require('node-addon-api').include_dir}`,
    `-I${require('node-api-headers').include_dir}`,
  ];
  const sources = [...nativeSources(root, 'core_sources'), ...nativeSources(root, 'addon_sources')];
  mkdirSync(dirname(join(root, output)), { recursive: true });
  const result = spawnSync(compiler(), [...flags, ...link, ...includes, ...sources, '-o', output], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) throw new SetupError('the native addon does not compile; the errors stand above.');
}
