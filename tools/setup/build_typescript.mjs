// SPDX-License-Identifier: MIT
//
// lib/ -> dist/, and examples/ and bench/ -> .build/, where `import 'neuronbus'` finds dist/ through the exports map.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, hashOf, root, run, SetupError, say, stamp } from './shared.mjs';

const configs = ['package.json', 'package-lock.json', 'tsconfig.base.json'];

export function buildLibrary() {
  const hash = hashOf([...sources('lib'), ...configs, 'tsconfig.json']);
  compile('library', 'tsconfig.json', hash, ['dist/index.js']);
  dropOrphans('dist', 'lib');
}

export function buildApps() {
  const declarations = filesBelow('dist').filter((file) => file.endsWith('.d.ts'));
  const hash = hashOf([...sources('examples', 'bench'), ...declarations, ...configs, 'tsconfig.apps.json']);
  compile('examples and benchmarks', 'tsconfig.apps.json', hash, ['.build/examples', '.build/bench']);
  dropOrphans('.build/examples', 'examples');
  dropOrphans('.build/bench', 'bench');
}

function sources(...folders) {
  return filesBelow(...folders).filter((file) => file.endsWith('.ts'));
}

function compile(what, config, hash, outputs) {
  const done = stamp(config, hash, outputs);
  if (done.fresh) return;
  say(`compiling the ${what} (tsc)`);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!run(process.execPath, [tsc, '-p', config])) {
    throw new SetupError(`the TypeScript of the ${what} does not compile; the errors stand above.`);
  }
  done.set();
}

/** Removes what an earlier compilation left of sources that are gone. */
function dropOrphans(output, source) {
  for (const file of filesBelow(output)) {
    const stem = file.slice(output.length).replace(/(\.d\.ts|\.js|\.js\.map)$/, '');
    if (!existsSync(join(root, `${source}${stem}.ts`))) rmSync(join(root, file));
  }
}
