// SPDX-License-Identifier: MIT
//
// `npm run results:population`: the published experiments of examples/population in full; the marked blocks of
// docs/population-results.md, and the pictures in docs/population/. The same figures on every machine with the same kernels.
//
//   npm run results:population                        some minutes
//   npm run results:population -- --only song_2000

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as masquelier from '../../examples/population/masquelier/report.js';
import { markdown } from '../../examples/population/report.js';
import * as song from '../../examples/population/song/report.js';
import * as twoChoice from '../../examples/population/two_choice/report.js';
import { replaceBlock } from '../harness/documents.js';
import { projectRoot } from '../harness/machine.js';

const experiments = {
  song_2000: [song.runSong, song.DEFAULTS.runs],
  masquelier_2008: [masquelier.runMasquelier, masquelier.DEFAULTS.runs],
  two_choice: [twoChoice.runTwoChoice, twoChoice.DEFAULTS.runs],
} as const;
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const page = join(projectRoot(), 'docs', 'population-results.md');
const out = join(projectRoot(), 'docs', 'population');
for (const [name, [run, runs]] of Object.entries(experiments)) {
  if (values.only !== undefined && values.only !== name) continue;
  const block = markdown(await run({ seed: 1, runs, quick: false, out }));
  process.stdout.write(`${block}\n\n`);
  writeFileSync(page, replaceBlock(readFileSync(page, 'utf8'), block, name));
}
