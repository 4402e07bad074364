// SPDX-License-Identifier: MIT
//
// Reads native/sources.gypi, the one list of native sources, for whoever compiles without gyp or CMake.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The paths of a list of sources.gypi, relative to the project, in order. */
export function nativeSources(root, list) {
  const text = readFileSync(join(root, 'native', 'sources.gypi'), 'utf8').replace(/^\s*#.*$/gm, '');
  const body = new RegExp(`'${list}'\\s*:\\s*\\[([^\\]]*)\\]`).exec(text)?.[1];
  const paths = [...(body ?? '').matchAll(/'([^']+)'/g)].map((match) => match[1]);
  if (paths.length === 0) throw new Error(`native/sources.gypi has no list named ${list}`);
  return paths;
}
