// SPDX-License-Identifier: MIT
//
// `npm run bench:routing`: all scenarios and contenders in simulated time; the marked block of docs/routing.md, and the plots
// in docs/routing/. The same figures on every machine.
//
//   npm run bench:routing                   a few minutes
//   npm run bench:routing -- --seeds 3      fewer seeds; prints, writes no file

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replaceBlock } from '../harness/documents.js';
import { projectRoot } from '../harness/machine.js';
import { contenders } from './contenders.js';
import { measure, type Result } from './measure.js';
import { plots, section } from './report.js';
import { routingScenarios } from './scenarios.js';
import { Findings } from './targets.js';

const wantedSeeds = 20;
const { values } = parseArgs({ options: { seeds: { type: 'string', default: String(wantedSeeds) } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const sections: string[] = [];
const files: [string, string][] = [];

for (const requesters of [10, 1]) {
  const results: Result[] = [];
  for (const scenario of routingScenarios) {
    for (const { name, factory } of contenders) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${requesters}: ${scenario.name}: ${name}`);
      results.push(measure(scenario, name, factory(), seeds, requesters));
    }
  }
  const findings = new Findings(results);
  sections.push(section(findings, requesters, seeds.length));
  files.push(...plots(findings, requesters));
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
process.stdout.write(`${sections.join('\n')}\n`);

if (seeds.length === wantedSeeds) {
  const folder = join(projectRoot(), 'docs', 'routing');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const page = join(projectRoot(), 'docs', 'routing.md');
  const scenarios = routingScenarios.map(
    ({ name, title, text }) => `* **${name}**, ${title.toLowerCase()}. ${text}`,
  );
  const before = readFileSync(page, 'utf8');
  const after = replaceBlock(before, `\n${sections.join('\n')}`, 'routing');
  writeFileSync(page, replaceBlock(after, `\n${scenarios.join('\n')}\n`, 'scenarios'));
  process.stdout.write('Wrote docs/routing.md and docs/routing/*.svg.\n');
}
