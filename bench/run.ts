// SPDX-License-Identifier: MIT
//
// `npm run bench`: all scenarios, one table, bench/results.json, docs/benchmarks.md and the table of the README.
//
//   npm run bench                       everything, a few minutes
//   npm run bench -- --quick            everything within a minute, wider error bars
//   npm run bench -- --only axon_echo   one scenario (repeatable); prints, writes no file
//   npm run bench -- --no-write         prints, writes no file
//
// Exit code 1 when a variant failed. A missed target is a line in the table, not a failure: timing belongs to people.

import { parseArgs } from 'node:util';
import { writeDocuments } from './harness/documents.js';
import { describeMachine, describeVersions, projectRoot } from './harness/machine.js';
import { terminalTable } from './harness/report.js';
import { runScenario } from './harness/runner.js';
import { evaluateTargets } from './harness/targets.js';
import type { Effort, Report, ScenarioResult } from './harness/types.js';
import { loadScenario, scenarioNames } from './registry.js';

const thorough: Effort = { quick: false, warmupMs: 600, blockMs: 100, blocks: 9 };
const brief: Effort = { quick: true, warmupMs: 130, blockMs: 16, blocks: 5 };
/** A quick run ends within a minute: it repeats a measurement only while its scenario is within its share of this time. */
const quickBudgetMs = 40_000;

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
  const repetitions = values.quick ? 2 : 5;
  process.stdout.write(
    `NeuronBus benchmarks: NODE_ENV=production, ${repetitions} processes per variant${values.quick ? ', quick' : ''}\n`,
  );

  const progress = process.stderr.isTTY
    ? (text: string): void => void process.stderr.write(`\r\x1b[K${text}`)
    : (): void => {};
  const began = performance.now();
  const all = scenarios.reduce((sum, { variants }) => sum + variants.length, 0);
  const results: ScenarioResult[] = [];
  let variants = 0;
  for (const scenario of scenarios) {
    variants += scenario.variants.length;
    const share = values.quick ? quickBudgetMs * (variants / all) : Number.POSITIVE_INFINITY;
    const deadlineMs = began + share;
    const plan = { effort: values.quick ? brief : thorough, repetitions, deadlineMs, progress };
    results.push(await runScenario(scenario, plan));
  }
  progress('');

  const report: Report = {
    date: new Date().toISOString(),
    quick: values.quick,
    repetitions,
    nodeEnv: 'production',
    machine: describeMachine(),
    versions: describeVersions(),
    scenarios: results,
    targets: evaluateTargets(results),
  };
  process.stdout.write(`\n${terminalTable(report)}\n`);
  if (values.only.length === 0 && !values['no-write']) {
    writeDocuments(projectRoot(), report);
    process.stdout.write('Wrote bench/results.json and docs/benchmarks.md.\n');
  }
  return results.some((result) => result.variants.some((variant) => variant.failure !== undefined)) ? 1 : 0;
}

process.exitCode = await main();
