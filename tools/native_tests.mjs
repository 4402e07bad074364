// SPDX-License-Identifier: MIT
//
// Compiles native/core and test/native into one program and runs it; nothing but a C++ compiler is needed.
//
//   node tools/native_tests.mjs plain|address|thread [TEST…]    address: with UndefinedBehaviourSanitizer
//
// In the plain variant a warning is an error. Objects are kept in .build/native/<variant> and compiled again when they or any header
// changed. The program prints `N passed, N failed` as its last line.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { compiler } from './setup/build_native.mjs';
import { filesBelow, hashOf, root, SetupError, say, stamp, which } from './setup/shared.mjs';
import { nativeSources } from './sources.mjs';

const VARIANTS = {
  plain: ['-O2', '-Werror', '-DNB_FAULT_POINTS'],
  address: [
    '-DNB_FAULT_POINTS',
    '-O1',
    '-g',
    '-fno-omit-frame-pointer',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all',
  ],
  thread: ['-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=thread'],
};

const FLAGS = [
  '-std=c++17',
  '-ffp-contract=off',
  '-pthread',
  '-Wall',
  '-Wextra',
  '-I.',
  '-Iinclude',
  '-Inative/core',
];

async function build(variant) {
  const flags = [...FLAGS, ...VARIANTS[variant]];
  const headers = filesBelow('include', 'native/core', 'test/native').filter((file) => file.endsWith('.h'));
  const tests = readdirSync(join(root, 'test', 'native')).filter((name) => name.endsWith('.cc'));
  const sources = [...nativeSources(root, 'core_sources'), ...tests.map((name) => `test/native/${name}`)];
  const folder = join('.build', 'native', variant);
  const objects = sources.map((source) => join(folder, `${source}.o`));

  const stale = sources.flatMap((source, index) => {
    const done = stamp(`native-${variant}/${source}`, hashOf([source, ...headers], compiler(), flags), [
      objects[index],
    ]);
    return done.fresh ? [] : [{ done, args: [...flags, '-c', source, '-o', objects[index]] }];
  });
  const program = join(folder, 'native_tests');
  if (stale.length > 0) say(`compiling ${stale.length} files for the native tests (${variant})`);
  await inParallel(stale, async ({ done, args }) => {
    mkdirSync(dirname(join(root, args.at(-1))), { recursive: true });
    await compile(args);
    done.set();
  });
  await compile([...flags, ...objects, '-o', program]);
  return join(root, program);
}

async function inParallel(jobs, work) {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

function compile(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler(), args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new SetupError('the native tests do not compile; the errors stand above.'));
    });
  });
}

/** ThreadSanitizer wants its shadow at fixed addresses, which some kernels' address randomisation gives away. */
function launcher(variant) {
  return variant === 'thread' && which('setarch')
    ? ['setarch', process.arch === 'x64' ? 'x86_64' : 'aarch64', '-R']
    : [];
}

async function main(variant = 'plain', ...filter) {
  if (!(variant in VARIANTS))
    throw new SetupError(`there is no variant ${variant}; there are plain, address, thread.`);
  const [command, ...args] = [...launcher(variant), await build(variant), ...filter];
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 2],
    env: {
      ...process.env,
      TSAN_OPTIONS: 'halt_on_error=0:second_deadlock_stack=1',
      ASAN_OPTIONS: 'detect_leaks=1',
    },
  });
  process.exitCode = status ?? 1;
}

main(...process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
});
