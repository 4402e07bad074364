// SPDX-License-Identifier: MIT
//
// Makes the binaries that the package ships in prebuilds/<platform>-<arch>/: the addon, with prebuildify, and the shared
// library for other languages.
//
//   node tools/prebuild.mjs          for this machine's platform and processor
//   node tools/prebuild.mjs arm64    on Linux x64: with Debian's cross compiler, then a smoke test under qemu-user
//
// The build happens in a copy, because prebuildify moves its result out of build/Release, where a checkout keeps its own.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileLibrary } from './compile_library.mjs';
import { nativeHash } from './setup/build_native.mjs';
import {
  filesBelow,
  hashOf,
  headersOfNode,
  root,
  run,
  SetupError,
  say,
  stamp,
  which,
} from './setup/shared.mjs';
import { smokeArm64 } from './smoke_arm64.mjs';

const CROSS = 'aarch64-linux-gnu';

const LIBRARY = process.platform === 'darwin' ? 'libneuronbus.dylib' : 'libneuronbus.so';

/** The oldest glibc on which Node.js 20 runs; a binary that wants a newer one is for this machine, not for publication. */
const OLDEST_GLIBC = 28;

async function main(arch = process.arch) {
  const cross = arch !== process.arch;
  const tools = cross ? crossTools(arch) : {};
  const folder = `prebuilds/${process.platform}-${arch}`;
  const library = process.platform === 'win32' ? [] : [`${folder}/${LIBRARY}`];
  const inputs = hashOf(filesBelow('native/capi', 'tools/compile_library.mjs'), nativeHash());
  const done = stamp(`prebuild-${arch}`, inputs, [folder, ...library]);
  if (!done.fresh) {
    build(arch, tools);
    for (const output of library) await compileLibrary(output, `.build/prebuild/${arch}-library`, tools.CXX);
    report(arch);
    done.set();
  }
  if (cross) smokeArm64();
}

function build(arch, tools) {
  say(`prebuilding for ${process.platform}-${arch}`);
  const args = ['--napi', '--strip', `--target=${process.versions.node}`, `--arch=${arch}`];
  args.push(`--cwd=${stage(arch)}`, `--out=${root}`);
  if (process.platform === 'linux') args.push('--tag-libc');
  if (arch !== process.arch) args.push(`--strip-bin=${CROSS}-strip`);
  const script = join(root, 'node_modules', 'prebuildify', 'bin.js');
  const env = { ...headersOfNode(), ...tools };
  if (!run(process.execPath, [script, ...args], { env }))
    throw new SetupError('the binary could not be made.');
}

/** A copy of what a build reads, below the project so that node-addon-api is found. */
function stage(arch) {
  const folder = join(root, '.build', 'prebuild', arch);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'binding.gyp', 'native', 'include']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  return folder;
}

function crossTools(arch) {
  if (process.platform !== 'linux' || process.arch !== 'x64' || arch !== 'arm64') {
    throw new SetupError(
      `${process.platform}-${process.arch} cannot build for ${arch}; do it on such a machine.`,
    );
  }
  if (which(`${CROSS}-g++`) === undefined) {
    throw new SetupError(
      `${CROSS}-g++ is not on the PATH; install it (Debian: apt-get install g++-${CROSS}) and try again.`,
    );
  }
  return { CC: `${CROSS}-gcc`, CXX: `${CROSS}-g++`, AR: `${CROSS}-ar`, LINK: `${CROSS}-g++` };
}

function report(arch) {
  const folder = join(root, 'prebuilds', `${process.platform}-${arch}`);
  for (const name of readdirSync(folder)) {
    const binary = readFileSync(join(folder, name), 'latin1');
    const wanted = [...binary.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
    const newest = Math.max(0, ...wanted);
    say(`prebuilds/${process.platform}-${arch}/${name}: ${Math.ceil(binary.length / 1024)} KiB`);
    if (newest > OLDEST_GLIBC) {
      say(`it needs glibc 2.${newest}; for publication build where glibc is 2.${OLDEST_GLIBC} or older`);
    }
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
