#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// Tells compilers where the C API of this package is: `cc agent.c $(npx neuronbus-config --cflags --libs)`. Prints what the
// options ask for, in their order, on one line.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const platform = `${process.platform}-${process.arch}`;
const includedir = join(root, 'include');

const usage = `Usage: neuronbus-config [--cflags] [--libs] [--includedir] [--libdir] [--library] [--version]

  --cflags      options that let a compiler find <neuronbus/neuronbus.h>
  --libs        options that link libneuronbus, also found there when the program runs
  --includedir  the folder of the headers
  --libdir      the folder of the shared library
  --library     the path of the shared library, for ctypes and the like
  --version     the version of the package`;

class Refusal extends Error {}

/** Shipped for this platform, or built with CMake in a checkout. */
function libdir() {
  const name = process.platform === 'darwin' ? 'libneuronbus.dylib' : 'libneuronbus.so';
  const folders = [join(root, 'prebuilds', platform), join(root, '.build', 'capi', 'cmake')];
  const folder = folders.find((candidate) => existsSync(join(candidate, name)));
  if (folder !== undefined) return { folder, file: join(folder, name) };
  throw new Refusal(
    `no shared library for ${platform} comes with this package; build it: cmake -S "${root}" -B out && cmake --build out`,
  );
}

/** For a shell: as it is where that is safe, otherwise in single quotes. */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const ANSWERS = {
  '--cflags': () => [`-I${includedir}`],
  '--libs': () => {
    const { folder } = libdir();
    return [`-L${folder}`, '-lneuronbus', `-Wl,-rpath,${folder}`];
  },
  '--includedir': () => [includedir],
  '--libdir': () => [libdir().folder],
  '--library': () => [libdir().file],
  '--version': () => [JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version],
};

function main(wanted) {
  if (wanted.includes('--help') || wanted.includes('-h')) return usage;
  const unknown = wanted.find((option) => !Object.hasOwn(ANSWERS, option));
  if (unknown !== undefined) throw new Refusal(`there is no option ${unknown}\n\n${usage}`);
  if (wanted.length === 0) throw new Refusal(usage);
  return wanted
    .flatMap((option) => ANSWERS[option]())
    .map(quoted)
    .join(' ');
}

try {
  console.log(main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`neuronbus-config: ${error.message}`);
  process.exitCode = 1;
}
