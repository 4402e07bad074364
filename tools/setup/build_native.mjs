// SPDX-License-Identifier: MIT
//
// native/ -> build/Release/neuronbus.node, by node-gyp. node-gyp wants Python and, unless they came with Node.js, headers
// from the network; where it cannot even configure, the few sources are compiled without it, against the headers of the
// node-api-headers package: a C++ compiler and make are all that a checkout asks for.

import { join } from 'node:path';
import { compileAddon } from './compile_addon.mjs';
import { filesBelow, hashOf, headersOfNode, root, run, SetupError, say, stamp, which } from './shared.mjs';

const output = 'build/Release/neuronbus.node';

export function buildNative() {
  const done = stamp('native', nativeHash(), [output]);
  if (done.fresh) return;
  requireToolchain();
  say('compiling the native addon');
  if (gyp('configure')) {
    if (!gyp('build', '--jobs=max'))
      throw new SetupError('the native addon does not compile; the errors stand above.');
  } else if (process.platform === 'win32') {
    throw new SetupError('node-gyp cannot configure the build; its reasons stand above.');
  } else {
    say('node-gyp cannot configure the build (its reasons stand above); compiling without it');
    compileAddon(output);
  }
  done.set();
}

function requireToolchain() {
  if (process.platform === 'win32') return; // node-gyp looks for Visual Studio and says what it misses
  if (compiler() === undefined) {
    throw new SetupError(
      'no C++ compiler is on the PATH; install one (Debian: apt-get install g++ make; macOS: xcode-select --install) and try again.',
    );
  }
  if (which('make') === undefined) {
    throw new SetupError('make is not on the PATH; install it (Debian: apt-get install make) and try again.');
  }
}

/** The C++ compiler: $CXX, or the first of the usual names on the PATH. */
export function compiler() {
  if (process.env.CXX) return process.env.CXX;
  return ['g++', 'c++', 'clang++'].find((name) => which(name) !== undefined);
}

function gyp(...args) {
  const script = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  return run(process.execPath, [script, ...args, '--loglevel=error'], { env: headersOfNode() });
}

/** Of everything that a binary is made from. */
export function nativeHash() {
  const files = filesBelow(
    'native/core',
    'native/addon',
    'native/addon.gypi',
    'native/sources.gypi',
    'include',
  );
  return hashOf(['binding.gyp', 'node_modules/node-addon-api/package.json', ...files]);
}
