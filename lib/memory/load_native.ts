// SPDX-License-Identifier: MIT
//
// Finds and loads the native binary. Every path is a literal, so that bundlers see it and can leave it external.
//
// Any thread, once each (native.ts keeps the result). Order: $NEURONBUS_BINARY; a build made on this machine (in a
// checkout, or by `npx neuronbus rebuild`), because whoever builds wants that build; the binary shipped for this
// platform. The Node-API version is checked first: a binary on a Node.js too old for it crashes instead of failing.

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { NeuronBusError } from './errors.js';

/** What the addon is compiled for (NAPI_VERSION in native/addon.gypi). */
const NODE_API_VERSION = 9;

const require = createRequire(import.meta.url);

/** From lib/memory and from dist/memory alike, two levels up is the root of the package. */
const LOCAL_BUILD = {
  path: '../../build/Release/neuronbus.node',
  load: () => require('../../build/Release/neuronbus.node') as unknown,
};

const SHIPPED: Readonly<Record<string, { path: string; load: () => unknown }>> = {
  'linux-x64-glibc': {
    path: '../../prebuilds/linux-x64/neuronbus.glibc.node',
    load: () => require('../../prebuilds/linux-x64/neuronbus.glibc.node') as unknown,
  },
  'linux-x64-musl': {
    path: '../../prebuilds/linux-x64/neuronbus.musl.node',
    load: () => require('../../prebuilds/linux-x64/neuronbus.musl.node') as unknown,
  },
  'linux-arm64-glibc': {
    path: '../../prebuilds/linux-arm64/neuronbus.glibc.node',
    load: () => require('../../prebuilds/linux-arm64/neuronbus.glibc.node') as unknown,
  },
  'linux-arm64-musl': {
    path: '../../prebuilds/linux-arm64/neuronbus.musl.node',
    load: () => require('../../prebuilds/linux-arm64/neuronbus.musl.node') as unknown,
  },
  'darwin-x64': {
    path: '../../prebuilds/darwin-x64/neuronbus.node',
    load: () => require('../../prebuilds/darwin-x64/neuronbus.node') as unknown,
  },
  'darwin-arm64': {
    path: '../../prebuilds/darwin-arm64/neuronbus.node',
    load: () => require('../../prebuilds/darwin-arm64/neuronbus.node') as unknown,
  },
  'win32-x64': {
    path: '../../prebuilds/win32-x64/neuronbus.node',
    load: () => require('../../prebuilds/win32-x64/neuronbus.node') as unknown,
  },
};

/**
 * The exports of the native addon.
 *
 * @throws NeuronBusError ERR_NB_NODE_API when this runtime's Node-API is older than the binary's, ERR_NB_NO_BINARY when
 * there is no binary for this platform or the one there is cannot be loaded.
 */
export function loadNative(): unknown {
  checkNodeApi();
  const explicit = process.env.NEURONBUS_BINARY;
  if (explicit) return loadExplicit(resolve(explicit));
  if (exists(LOCAL_BUILD.path)) return attempt(LOCAL_BUILD.path, LOCAL_BUILD.load);
  const key = platformKey();
  const binary = SHIPPED[key];
  if (binary !== undefined && exists(binary.path)) return attempt(binary.path, binary.load);
  throw new NeuronBusError('NO_BINARY', `${key}: this package brings ${shipped()}; ${REMEDY}`);
}

const REMEDY = 'with a C++ compiler, make and Python installed, `npx neuronbus rebuild` makes one';

function checkNodeApi(): void {
  const version = process.versions.napi;
  if (Number(version) >= NODE_API_VERSION) return;
  throw new NeuronBusError(
    'NODE_API',
    `Node-API ${NODE_API_VERSION} is needed, ${process.version} has ${version ?? 'none'}`,
  );
}

function loadExplicit(path: string): unknown {
  if (existsSync(path)) return attempt(path, () => require(path) as unknown);
  throw new NeuronBusError('NO_BINARY', `NEURONBUS_BINARY names ${path}, which does not exist`);
}

function attempt(path: string, load: () => unknown): unknown {
  try {
    return load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new NeuronBusError('NO_BINARY', `${path} cannot be loaded here (${reason}); ${REMEDY}`, { cause });
  }
}

function exists(relative: string): boolean {
  return existsSync(new URL(relative, import.meta.url));
}

function platformKey(): string {
  const key = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${key}-${libc()}` : key;
}

/** Which C library this very executable is linked to: the name of its loader stands in the first page of the file. */
function libc(): 'glibc' | 'musl' {
  const page = Buffer.alloc(4096);
  try {
    const file = openSync(process.execPath, 'r');
    try {
      readSync(file, page, 0, page.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return 'glibc';
  }
  return page.includes('/ld-musl-') ? 'musl' : 'glibc';
}

function shipped(): string {
  const keys = Object.keys(SHIPPED).filter((key) => exists(SHIPPED[key]!.path));
  return keys.length > 0 ? `binaries for ${keys.join(', ')}` : 'no binaries';
}
