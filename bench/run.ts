// SPDX-License-Identifier: MIT
//
// `npm run bench`: all scenarios, one table, bench/results.json, docs/benchmarks.md and the table of the README.
//
//   npm run bench                       everything, a quarter of an hour
//   npm run bench -- --quick            everything within a minute: single samples, which both files say; not in the README
//   npm run bench -- --only axon_echo   one scenario (repeatable); prints, writes no file
//   npm run bench -- --no-write         prints, writes no file
//
// Exit code 1 when a variant of ours failed; a peer that failed is a row that says so, and so is a missed target: what others do,
// and timing, belong to people.

import { parseArgs } from 'node:util';
import { writeDocuments } from './harness/documents.js';
import { describeMachine, describeVersions, projectRoot } from './harness/machine.js';
import { libraryUnavailable, nativeUnavailable } from './harness/native.js';
import { terminalTable } from './harness/report.js';
import { runScenario } from './harness/runner.js';
import { evaluateTargets } from './harness/targets.js';
import type { Effort, Report, ScenarioResult } from './harness/types.js';
import { loadScenario, scenarioNames } from './registry.js';

const thorough: Effort = { quick: false, warmupMs: 350, blockMs: 45, blocks: 9 };
const brief: Effort = { quick: true, warmupMs: 90, blockMs: 10, blocks: 5 };
/** On a slow machine a quick run leaves out what would come after this, so that it ends within a minute anyway. */
const quickEndMs = 52_000;
/** Of all scenarios of a full run; each has its share, and repeats what was disturbed while it is within that. */
const budgetMs = 900_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const names = values.only.length > 0 ? values.only : scenarioNames;
  const scenarios = await Promise.all(names.map(loadScenario));
  const { quick } = values;
  const repetitions = quick ? 1 : 5;
  process.stdout.write(
    `NeuronBus benchmarks: NODE_ENV=production, ${quick ? 'quick, one process' : `${repetitions} processes`} per variant\n`,
  );

  const progress = process.stderr.isTTY
    ? (text: string): void => void process.stderr.write(`\r\x1b[K${text}`)
    : (): void => {};
  if (values.only.length === 0) {
    // Compilers have their own time: what a first run builds must not make a quick one leave things out.
    nativeUnavailable();
    libraryUnavailable();
  }
  const began = performance.now();
  const all = scenarios.reduce((sum, { variants }) => sum + variants.length, 0);
  const results: ScenarioResult[] = [];
  let variants = 0;
  for (const scenario of scenarios) {
    variants += scenario.variants.length;
    const deadlineMs = quick ? began : began + budgetMs * (variants / all);
    const endMs = quick ? began + quickEndMs : Number.POSITIVE_INFINITY;
    const plan = { effort: quick ? brief : thorough, repetitions, deadlineMs, endMs, progress };
    results.push(await runScenario(scenario, plan));
  }
  progress('');

  const report: Report = {
    date: new Date().toISOString(),
    quick,
    repetitions,
    nodeEnv: 'production',
    machine: describeMachine(),
    versions: describeVersions(),
    scenarios: results,
    targets: evaluateTargets(results),
  };
  process.stdout.write(`\n${terminalTable(report)}\n`);
  if (values.only.length === 0 && !values['no-write']) {
    process.stdout.write(`Wrote ${writeDocuments(projectRoot(), report).join(', ')}.\n`);
  }
  const failed = results.flatMap(({ name, variants }) =>
    variants
      .filter(({ failure }) => failure !== undefined)
      .map((variant) => ({ scenario: name, ...variant })),
  );
  for (const { scenario, name, failure } of failed) console.error(`failed: ${scenario}, ${name}: ${failure}`);
  return failed.some(({ role }) => role !== 'peer') ? 1 : 0;
}

process.exitCode = await main();
