// SPDX-License-Identifier: MIT
//
// `npm run bench:population`: spiking networks beside Brian2, one table, bench/population/results.json, docs/population-benchmarks.md
// and the plot beside it.
//
//   npm run bench:population                             everything, twenty minutes
//   npm run bench:population -- --quick                  smaller networks, fewer rounds
//   npm run bench:population -- --only population/cuba   one scenario (repeatable); prints, writes no file
//   npm run bench:population -- --no-write               prints, writes no file

import { parseArgs } from 'node:util';
import { describeMachine, describeVersions, projectRoot } from '../harness/machine.js';
import { terminalTable } from '../harness/report.js';
import { runScenario } from '../harness/runner.js';
import { evaluateTargets } from '../harness/targets.js';
import type { Effort, Report, ScenarioResult } from '../harness/types.js';
import { loadScenario, populationScenarioNames } from '../registry.js';
import { brian2Version } from './brian2.js';
import { writePage } from './page.js';
import { populationTargets } from './targets.js';

const thorough: Effort = { quick: false, warmupMs: 600, blockMs: 100, blocks: 9 };
const brief: Effort = { quick: true, warmupMs: 130, blockMs: 16, blocks: 5 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    'no-write': { type: 'boolean', default: false },
  },
});
const { quick, only } = values;
const progress = process.stderr.isTTY
  ? (text: string): void => void process.stderr.write(`\r\x1b[K${text}`)
  : (): void => {};
const repetitions = quick ? 1 : 3;
const scenarios: ScenarioResult[] = [];
for (const name of only.length > 0 ? only : populationScenarioNames) {
  progress(`${name}: preparing`);
  const deadlineMs = quick ? performance.now() : Number.POSITIVE_INFINITY;
  const plan = { effort: quick ? brief : thorough, repetitions, deadlineMs, progress, watchdogMs: 600_000 };
  scenarios.push(await runScenario(await loadScenario(name), plan));
}
progress('');

const report: Report = {
  date: new Date().toISOString(),
  quick,
  repetitions,
  nodeEnv: 'production',
  machine: describeMachine(),
  versions: { ...describeVersions(), brian2: brian2Version() ?? 'not installed' },
  scenarios,
  targets: evaluateTargets(scenarios, populationTargets),
};
process.stdout.write(`${terminalTable(report)}\n`);
if (only.length === 0 && !values['no-write']) {
  writePage(projectRoot(), report);
  process.stdout.write('Wrote bench/population/results.json and docs/population-benchmarks.md.\n');
}
const failed = scenarios.some((result) => result.variants.some((variant) => variant.failure !== undefined));
process.exitCode = failed ? 1 : 0;
