// SPDX-License-Identifier: MIT
//
// `npm run bench:routing`: all scenarios and contenders in simulated time; the marked blocks of docs/routing.md, and the plots
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
import { plots, section, sensitivityTable } from './report.js';
import { otherServiceTimes, type RoutingScenario, routingScenarios, withServiceTimes } from './scenarios.js';
import { Findings } from './targets.js';

const wantedSeeds = 20;
const { values } = parseArgs({ options: { seeds: { type: 'string', default: String(wantedSeeds) } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const sections: string[] = [];
const files: [string, string][] = [];
const sensitivity: { kind: string; requesters: number; findings: Findings }[] = [];

function findingsOf(
  scenarios: readonly RoutingScenario[],
  requesters: number,
  over: readonly number[],
): Findings {
  const results: Result[] = [];
  for (const scenario of scenarios) {
    for (const { name, factory } of contenders) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${requesters}: ${scenario.name}: ${name}`);
      results.push(measure(scenario, name, factory(), over, requesters));
    }
  }
  return new Findings(results);
}

for (const requesters of [10, 1]) {
  const findings = findingsOf(routingScenarios, requesters, seeds);
  sections.push(section(findings, requesters, seeds.length));
  files.push(...plots(findings, requesters));
}
for (const kind of Object.keys(otherServiceTimes)) {
  for (const requesters of [10, 1]) {
    const scenarios = routingScenarios.map((scenario) => withServiceTimes(scenario, kind));
    sensitivity.push({ kind, requesters, findings: findingsOf(scenarios, requesters, seeds.slice(0, 5)) });
  }
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
process.stdout.write(`${sections.join('\n')}\n${sensitivityTable(sensitivity)}\n`);

if (seeds.length === wantedSeeds) {
  const folder = join(projectRoot(), 'docs', 'routing');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const page = join(projectRoot(), 'docs', 'routing.md');
  const scenarios = routingScenarios.map(
    ({ name, title, text }) => `* **${name}**, ${title.toLowerCase()}. ${text}`,
  );
  const before = readFileSync(page, 'utf8');
  const blocks: [string, string][] = [
    ['scenarios', scenarios.join('\n')],
    ['routing', sections.join('\n').trimEnd()],
    ['sensitivity', sensitivityTable(sensitivity)],
  ];
  const after = blocks.reduce((text, [name, content]) => replaceBlock(text, `\n${content}\n`, name), before);
  writeFileSync(page, after);
  process.stdout.write('Wrote docs/routing.md and docs/routing/*.svg.\n');
}
