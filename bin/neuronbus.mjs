#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// The command of the package. `neuronbus rebuild` compiles the sources that the package brings, for platforms without a
// shipped binary, into build/Release/neuronbus.node, which the library prefers to a shipped one. Installing never does.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const tools = ['node-gyp@^12', 'node-addon-api@^8'];

const usage = `Usage: neuronbus rebuild

Compiles the native binary of NeuronBus for this machine. It needs a C++17 compiler, make and Python 3, and fetches
node-gyp and node-addon-api with npm into a temporary folder.`;

class Refusal extends Error {}

function onPath(...programs) {
  const endings = windows ? ['.exe', '.cmd', ''] : [''];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return programs.some((program) =>
    folders.some((folder) => endings.some((end) => existsSync(join(folder, program + end)))),
  );
}

function requireTools() {
  if (windows) return; // node-gyp looks for Visual Studio and Python itself and says what it misses
  const missing = [];
  if (!process.env.CXX && !onPath('g++', 'c++', 'clang++')) missing.push('a C++ compiler');
  if (!onPath('make', 'gmake')) missing.push('make');
  if (!process.env.PYTHON && !onPath('python3', 'python')) missing.push('Python 3');
  if (missing.length > 0) {
    throw new Refusal(
      `${missing.join(' and ')} not found on the PATH; install what is missing and try again.`,
    );
  }
}

function run(what, command, args, cwd) {
  const headers = dirname(dirname(process.execPath));
  const env = { ...process.env };
  if (!env.npm_config_nodedir && existsSync(join(headers, 'include', 'node', 'common.gypi'))) {
    env.npm_config_nodedir = headers;
  }
  const result = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 2, 2],
    shell: windows && command === 'npm',
  });
  if (result.status !== 0) throw new Refusal(`${what} failed; its own words stand above.`);
}

function build(folder) {
  for (const name of ['native', 'include']) cpSync(join(root, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'binding.gyp'), "{ 'includes': ['native/addon.gypi'] }\n");
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "gypfile": false }\n');
  run(
    'npm install',
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', ...tools],
    folder,
  );
  const gyp = join(folder, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  run('node-gyp', process.execPath, [gyp, 'rebuild', '--loglevel=error'], folder);
  return join(folder, 'build', 'Release', 'neuronbus.node');
}

/** Only a binary that loads replaces what is there, and it does so at once. */
function place(binary) {
  run('loading the new binary', process.execPath, ['-e', 'require(process.argv[1])', binary], root);
  const target = join(root, 'build', 'Release', 'neuronbus.node');
  mkdirSync(dirname(target), { recursive: true });
  cpSync(binary, `${target}.new`);
  renameSync(`${target}.new`, target);
  return target;
}

function rebuild() {
  if (!existsSync(join(root, 'native', 'addon.gypi')))
    throw new Refusal(`the sources are missing from ${root}.`);
  requireTools();
  const folder = mkdtempSync(join(tmpdir(), 'neuronbus-'));
  try {
    console.log(`neuronbus: built ${place(build(folder))}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'rebuild' && rest.length === 0) {
  try {
    rebuild();
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EROFS')
      console.error(`neuronbus: cannot write: ${error.message}`);
    else if (error instanceof Refusal) console.error(`neuronbus: ${error.message}`);
    else throw error;
    process.exitCode = 1;
  }
} else {
  console.error(usage);
  process.exitCode = command === '--help' || command === '-h' ? 0 : 1;
}
