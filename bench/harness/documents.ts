// SPDX-License-Identifier: MIT
//
// Writes what a run leaves behind: bench/results.json, docs/benchmarks.md and the marked block of README.md. Driver only.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disturbanceNote, markdownTable, rowsOfVariant } from './report.js';
import type { Report, ScenarioResult } from './types.js';

/** The rows a reader of the README wants: scenario, variant, what it is called there. */
export const readmeRows: readonly (readonly [string, string])[] = [
  ['fire_to_onspike', 'batch 64'],
  ['fire_to_onspike', 'batch 64, text of 11 characters'],
  ['fire_to_onspike', 'one spike per tick'],
  ['fire_to_onspike', 'EventEmitter'],
  ['fire_to_onspike', 'EventEmitter, fresh 64-byte array'],
  ['fire_to_onspike', 'mitt'],
  ['axon_two_threads', 'axon, publishWith 64'],
  ['axon_two_threads', 'SharedArrayBuffer ring, batch 64 in place'],
  ['axon_two_threads', 'axon, publishBatch of 64'],
  ['axon_two_threads', 'SharedArrayBuffer ring, batch 64'],
  ['thread_peers', 'MessageChannel, 64 per post'],
  ['thread_peers', 'MessageChannel, 1 per post'],
  ['thread_peers', 'BroadcastChannel, 1 per post'],
  ['axon_echo', 'axon, spinning'],
  ['axon_echo', 'SharedArrayBuffer ring, spinning'],
  ['axon_echo', 'MessageChannel'],
  ['bus_one_way', 'two threads'],
  ['bus_one_way', 'ZeroMQ inproc, 64 per frame'],
  ['bus_one_way', 'two processes'],
  ['bus_one_way', 'process.send'],
  ['bus_one_way', 'ZeroMQ ipc'],
  ['bus_one_way', 'ZeroMQ ipc, 64 per frame'],
  ['bus_one_way', 'NATS server'],
  ['bus_round_trip', 'two threads, active'],
  ['bus_round_trip', 'worker.postMessage'],
  ['bus_round_trip', 'two processes, active'],
  ['bus_round_trip', 'process.send'],
  ['bus_round_trip', 'ZeroMQ ipc'],
  ['bus_round_trip', 'NATS server'],
];

export function writeDocuments(root: string, report: Report): void {
  writeFileSync(join(root, 'bench', 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(join(root, 'docs', 'benchmarks.md'), benchmarksPage(report));
  const readme = join(root, 'README.md');
  if (!existsSync(readme)) return;
  const before = readFileSync(readme, 'utf8');
  const after = replaceBlock(before, readmeTable(report));
  if (after !== before) writeFileSync(readme, after);
}

/** Replaces what is between `<!-- NAME:start -->` and `<!-- NAME:end -->`; without these the text stays as it is. */
export function replaceBlock(text: string, content: string, name = 'bench'): string {
  const blockBegin = `<!-- ${name}:start -->`;
  const blockEnd = `<!-- ${name}:end -->`;
  const begin = text.indexOf(blockBegin);
  const end = text.indexOf(blockEnd);
  if (begin < 0 || end < begin) return text;
  return `${text.slice(0, begin + blockBegin.length)}\n${content}\n${text.slice(end)}`;
}

export function readmeTable(report: Report): string {
  const rows = readmeRows.flatMap(([scenarioName, variantName]) => {
    const scenario = report.scenarios.find((candidate) => candidate.name === scenarioName);
    const variant = scenario?.variants.find((candidate) => candidate.name === variantName);
    if (scenario === undefined || variant === undefined) return [];
    const row = rowsOfVariant(scenario, variant)[0];
    return row === undefined ? [] : [[`\`${scenarioName}\` ${row.label}`, row.value, row.ratio]];
  });
  const { machine, versions } = report;
  return [
    markdownTable(['measured', 'median', 'NeuronBus is better by'], rows),
    '',
    `${machine.processor}, ${machine.cores} cores, Node ${versions.node}; medians of ${report.repetitions} processes each, ` +
      'in turns with the peers. All numbers, targets and how to read them: [docs/benchmarks.md](docs/benchmarks.md).',
  ].join('\n');
}

function benchmarksPage(report: Report): string {
  const facts = { ...report.machine, ...report.versions };
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`; edit bench/harness/documents.ts instead. -->',
    '',
    `Measured on ${report.date.slice(0, 10)} with \`npm run bench${report.quick ? ' -- --quick' : ''}\`: every variant in a fresh process, ` +
      `${report.repetitions} rounds, the variants of a scenario in turns, \`NODE_ENV=${report.nodeEnv}\`.`,
    '',
    markdownTable(['what', 'value'], Object.entries(facts)),
    '',
    ...[disturbanceNote(report)].filter((note) => note !== '').flatMap((note) => [note, '']),
    howToRead,
    '',
    '## Targets',
    '',
    markdownTable(
      ['target', 'wanted', 'measured', 'met'],
      report.targets.map((target) => [target.text, target.target, target.measured, target.met]),
    ),
    '',
    ...report.scenarios.flatMap(scenarioSection),
  ].join('\n');
}

const howToRead = `## How to read this

* A value is the median over processes of the median over timed blocks; beside it the smallest and the largest process.
  Trust ratios from one run. Absolute values move with the machine, its neighbours and the day.
* "NeuronBus is" says how many times better NeuronBus does than this row; below 1 × the row wins. A row without a ratio is
  NeuronBus itself, or does work that nothing of ours compares with.
* Like is compared with like: batched with batched, spinning with spinning. Every consumer reads a field of every message
  into a checksum, which is compared with the producer's after the clock has stopped; a variant that loses or repaints a
  message fails instead of reporting.
* Rows that call a function directly (EventEmitter, mitt) have one listener, hand over a pointer and neither look up a
  synapse nor learn nor count. They are the price of doing nothing else, not a bus.
* Garbage belongs to whoever makes it: collections run when V8 wants them, inside the timed blocks, and their share of the
  process' time stands in the last column. Only the memory scenario exposes and calls the collector, before it reads.
* A measurement during which other programs used more than 15 % of a core is repeated, and the least disturbed one counts
  (Linux only; elsewhere see to it yourself).
* Reproduce one scenario with \`npm run bench -- --only axon_echo\`; add \`--quick\` for a short look. Both threads of a
  two-thread scenario need a core of their own.`;

export function scenarioSection(scenario: ScenarioResult): string[] {
  const head = [`## ${scenario.title}`, '', `\`bench/${scenario.name}.ts\`. ${scenario.note}`, ''];
  if (scenario.skipped !== undefined) return [...head, `Skipped: ${scenario.skipped}`, ''];
  const rows = scenario.variants.flatMap((variant) => {
    const share = variant.gcShare >= 0.001 ? `${(variant.gcShare * 100).toFixed(1)} %` : '';
    return rowsOfVariant(scenario, variant).map((row, index) => [
      row.label,
      row.value,
      row.range,
      row.ratio,
      index === 0 ? share : '',
    ]);
  });
  return [...head, markdownTable(['variant', 'median', 'min–max', 'NeuronBus is', 'GC'], rows), ''];
}
