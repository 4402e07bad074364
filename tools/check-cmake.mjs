// SPDX-License-Identifier: MIT
//
// The other way to build: CMake makes the static and the shared library, installs them with headers and a pkg-config file
// that a C program can use, runs the native tests by ctest, and cmake-js makes the addon from the same CMakeLists.txt.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { filesBelow, root } from './setup/shared.mjs';

const folder = join(root, '.build', 'check-cmake');
const prefix = join(folder, 'installed');

const CONSUMER = `#include <neuronbus/neuronbus.h>
#include <stdio.h>

int main(void) {
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  nb_card card = {0};
  uint16_t id = 0;
  card.name = "consumer";
  if (nb_bus_create(NULL, NULL, &bus) != NB_OK || nb_register(bus, &card, &id) != NB_OK) return 1;
  if (nb_fire(bus, id, id, NB_TYPE_EXCITATORY, 0, "hello", 5) != NB_OK) return 2;
  if (nb_poll(bus, &batch, 1) != 1) return 3;
  printf("%zu %d %.*s\\n", sizeof(nb_spike), (int)NB_ERR_CLOSED, (int)batch[0].length, (const char*)batch[0].payload);
  return nb_bus_close(bus);
}
`;

// Only C is enabled: the library's own language is nobody's business.
const CONSUMER_PROJECT = `cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C)
find_package(neuronbus CONFIG REQUIRED)
add_executable(consumer ../consumer.c)
target_link_libraries(consumer PRIVATE neuronbus::shared)
`;
const CONSUMER_STATIC = CONSUMER_PROJECT.replace('LANGUAGES C)', 'LANGUAGES C CXX)').replace(
  'neuronbus::shared',
  'neuronbus::static',
);
const EXPECTED = '64 3 hello';

/** Runs a command and returns its output; shows it and ends the check when the command fails. */
function run(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
    env: { ...process.env, ...env },
  });
  if (status === 0) return stdout.trim();
  console.error(`${stdout ?? ''}\ncheck-cmake: ${command} ${args.join(' ')} failed`);
  process.exit(1);
}

function build() {
  const options = ['-DCMAKE_BUILD_TYPE=Release', `-DCMAKE_INSTALL_PREFIX=${prefix}`];
  run('cmake', ['-S', root, '-B', join(folder, 'build'), ...options]);
  run('cmake', ['--build', join(folder, 'build'), '--config', 'Release', '--parallel', '2']);
  run('ctest', ['--test-dir', join(folder, 'build'), '--output-on-failure', '--no-tests=error']);
  run('cmake', ['--install', join(folder, 'build'), '--config', 'Release']);
}

function checkInstalled() {
  const names = filesBelow('.build/check-cmake/installed').map((file) => file.split('/').at(-1));
  const wanted = ['libneuronbus.a', 'libneuronbus.so', 'neuronbus.h', 'layout.h', 'errors.h', 'neuronbus.pc'];
  for (const name of [...wanted, 'neuronbusConfig.cmake']) {
    assert.ok(names.includes(name), `cmake --install leaves no ${name}`);
  }
}

function checkConsumer() {
  const pc = filesBelow('.build/check-cmake/installed').find((file) => file.endsWith('neuronbus.pc'));
  const env = { PKG_CONFIG_PATH: join(root, pc, '..') };
  const flags = (...wanted) => run('pkg-config', [...wanted, 'neuronbus'], env).split(/\s+/);
  const [libraries] = flags('--variable=libdir');
  const source = join(folder, 'consumer.c');
  const program = join(folder, 'consumer');
  writeFileSync(source, CONSUMER);
  run('cc', [
    '-std=c11',
    '-Wall',
    '-Wextra',
    '-Werror',
    source,
    ...flags('--cflags', '--libs'),
    '-o',
    program,
  ]);
  assert.equal(run(program, [], { LD_LIBRARY_PATH: libraries }), EXPECTED);
}

function checkCmakeConsumer(name, project) {
  const source = join(folder, name);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'CMakeLists.txt'), project);
  run('cmake', ['-S', source, '-B', join(source, 'build'), `-DCMAKE_PREFIX_PATH=${prefix}`]);
  run('cmake', ['--build', join(source, 'build')]);
  assert.equal(run(join(source, 'build', 'consumer'), []), EXPECTED);
}

function checkCmakeJs() {
  const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js');
  const output = join(folder, 'cmake-js');
  run(process.execPath, [
    cmakeJs,
    'compile',
    '--CDCMAKE_BUILD_TYPE=Release',
    '--out',
    output,
    '--log-level',
    'error',
  ]);
  const addon = createRequire(import.meta.url)(join(output, 'Release', 'neuronbus.node'));
  assert.ok(addon.clockNow() > 0);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
build();
checkInstalled();
checkConsumer();
checkCmakeConsumer('shared', CONSUMER_PROJECT);
checkCmakeConsumer('static', CONSUMER_STATIC);
checkCmakeJs();
console.log('check-cmake: libraries, headers, pkg-config, find_package and the addon of cmake-js work');
