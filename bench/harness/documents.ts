// SPDX-License-Identifier: MIT
//
// Writes what a run leaves behind: bench/results.json, docs/benchmarks.md and, after a full run, the marked block of README.md.
// Driver only.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  describeProcesses,
  disturbanceNote,
  markdownTable,
  processesOf,
  type Row,
  rowsOfVariant,
} from './report.js';
import type { Report, ScenarioResult, VariantResult } from './types.js';

/**
 * The rows a reader of the README wants, scenario and variant. Each peer has the row of ours that does the same in the same way,
 * which comes before it; where we lose, too.
 */
export const readmeRows: readonly (readonly [string, string])[] = [
  ['fire_to_onspike', 'batch 64'],
  ['fire_to_onspike', 'EventEmitter'],
  ['fire_to_onspike', 'mitt'],
  ['fire_to_onspike', 'EventEmitter, fresh 64-byte array'],
  ['fire_to_onspike', 'queue and maps, batch 64'],
  ['fire_to_onspike', 'batch 64, text of 11 characters'],
  ['fire_to_onspike', 'EventEmitter, text in a fresh 64-byte array'],
  ['fire_to_onspike', 'one spike per tick'],
  ['axon_two_threads', 'axon, publishWith 64'],
  ['axon_two_threads', 'SharedArrayBuffer ring, batch 64 in place'],
  ['axon_two_threads', 'axon, publishBatch of 64'],
  ['axon_two_threads', 'SharedArrayBuffer ring, batch 64'],
  ['axon_two_threads', 'axon, publish each'],
  ['axon_two_threads', 'SharedArrayBuffer ring, publish each'],
  ['thread_peers', 'axon, publish each, spinning'],
  ['thread_peers', 'MessageChannel, 1 per post'],
  ['thread_peers', 'BroadcastChannel, 1 per post'],
  ['thread_peers', 'axon, publishBatch of 64, spinning'],
  ['thread_peers', 'MessageChannel, 64 per post'],
  ['axon_echo', 'axon, spinning'],
  ['axon_echo', 'SharedArrayBuffer ring, spinning'],
  ['axon_echo', 'MessageChannel, spinning'],
  ['bus_one_way', 'two threads, batches of 64'],
  ['bus_one_way', 'worker.postMessage, 64 per post'],
  ['bus_one_way', 'ZeroMQ inproc, 64 per frame'],
  ['bus_one_way', 'two threads, one spike per tick'],
  ['bus_one_way', 'worker.postMessage'],
  ['bus_one_way', 'two processes, batches of 64'],
  ['bus_one_way', 'ZeroMQ ipc, 64 per frame'],
  ['bus_one_way', 'two processes, one spike per tick'],
  ['bus_one_way', 'process.send'],
  ['bus_one_way', 'ZeroMQ ipc'],
  ['bus_one_way', 'NATS server'],
  ['bus_round_trip', 'two threads, active'],
  ['bus_round_trip', 'worker.postMessage'],
  ['bus_round_trip', 'two threads, parked'],
  ['bus_round_trip', 'worker.postMessage, after a pause'],
  ['bus_round_trip', 'two processes, active'],
  ['bus_round_trip', 'process.send'],
  ['bus_round_trip', 'ZeroMQ ipc'],
  ['bus_round_trip', 'NATS server'],
  ['bus_round_trip', 'two processes, parked'],
  ['bus_round_trip', 'process.send, after a pause'],
];

/**
 * Returns the names of what it has written. README.md stays as it is when a row of its table failed or was measured once only,
 * as in a quick run: what people quote is to have a range.
 */
export function writeDocuments(root: string, report: Report): string[] {
  const documents = new Map([
    ['bench/results.json', `${JSON.stringify(report, null, 2)}\n`],
    ['docs/benchmarks.md', benchmarksPage(report)],
  ]);
  const readme = join(root, 'README.md');
  if (existsSync(readme) && isQuotable(report)) {
    documents.set('README.md', replaceBlock(readFileSync(readme, 'utf8'), readmeTable(report)));
  }
  for (const [name, text] of documents) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return [...documents.keys()];
}

/** Whether each row of the README was measured twice or more, except those whose peer is not installed. */
function isQuotable(report: Report): boolean {
  const rows = rowsOfReadme(report).filter(({ variant }) => variant.unavailable === undefined);
  return !report.quick && rows.length > 0 && rows.every(({ variant }) => processesOf(variant) >= 2);
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

function rowsOfReadme({ scenarios }: Report): { scenario: ScenarioResult; variant: VariantResult }[] {
  return readmeRows.flatMap(([scenarioName, variantName]) => {
    const scenario = scenarios.find(({ name }) => name === scenarioName);
    const variant = scenario?.variants.find(({ name }) => name === variantName);
    return scenario === undefined || variant === undefined ? [] : [{ scenario, variant }];
  });
}

/** One line for each variant, its metrics side by side. */
export function readmeTable(report: Report): string {
  const chosen = rowsOfReadme(report);
  const rows = chosen.map(({ scenario, variant }) => {
    const ofMetrics = rowsOfVariant(scenario, variant);
    const join = (pick: (row: Row) => string): string => ofMetrics.map(pick).join(' / ');
    const metrics = ofMetrics.length > 1 ? `: ${join(({ metric }) => metric)}` : '';
    const { ratio, against } = ofMetrics[0];
    return [
      `\`${scenario.name}\` ${variant.name}${metrics}`,
      join(({ value }) => value),
      ratio === '' ? '' : join((row) => row.ratio),
      against,
    ];
  });
  const { machine, versions } = report;
  return [
    markdownTable(['measured', 'median', 'NeuronBus is', 'in its row'], rows),
    '',
    '"NeuronBus is" says how many times better NeuronBus does, in the row named beside it, than the row where it stands; below 1 ×',
    'that row wins. Spinning is compared with spinning, batches with batches, what sleeps with what sleeps.',
    '',
    `${machine.processor}, ${machine.cores} cores, Node ${versions.node}, ${report.date.slice(0, 10)}; ` +
      `${describeProcesses(chosen.map(({ variant }) => variant))}, in turns with the peers.`,
    'Ranges, all other numbers, targets and how to read them: [docs/benchmarks.md](docs/benchmarks.md).',
  ].join('\n');
}

function benchmarksPage(report: Report): string {
  const facts = { ...report.machine, ...report.versions };
  const { date, quick, nodeEnv, scenarios } = report;
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`; edit bench/harness/documents.ts instead. -->',
    '',
    `Measured on ${date.slice(0, 10)} with \`npm run bench${quick ? ' -- --quick' : ''}\`: every variant in a fresh process, ` +
      `${describeProcesses(scenarios.flatMap(({ variants }) => variants))}, the variants of a scenario in turns, \`NODE_ENV=${nodeEnv}\`.`,
    '',
    ...(quick ? [quickRun, ''] : []),
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
    ...scenarios.flatMap(scenarioSection),
  ].join('\n');
}

const quickRun =
  '**This was a quick run**: one process for each variant, short blocks, the longest scenarios left out. The values below are single samples without a range. ' +
  'Do not quote them, and do not trust a target that is missed or met by little; `npm run bench` measures properly.';

const howToRead = `## How to read this

* A value is the median over processes of the median over timed blocks; beside it the smallest and the largest process.
  How many processes there were stands above each table; where it was one, there is no range. Trust ratios from one run. Absolute values move with the machine, its neighbours and the day.
* "NeuronBus is" says how many times better NeuronBus does, in the row named beside it, than this row; below 1 × this row
  wins. A row without a ratio is NeuronBus itself, or does work that nothing of ours compares with.
* Like is compared with like: batched with batched, single messages with single ones, spinning with spinning, sleeping with
  sleeping. A bus has its default options, except for sizes: neurons, synapses, rings, arena.
* Wherever messages have numbers, each consumer, ours and theirs, sums them, and the sum is compared with the producer's
  after the clock has stopped, or an answer must be the one to the last question; records over a pipe, broadcasts to a
  thousand, and spikes that go round are counted instead. A variant that loses or repaints a message fails instead of
  reporting.
* Rows that call a function directly (EventEmitter, mitt) have one listener, hand over a pointer and neither look up a
  synapse nor learn nor count. They are the price of doing nothing else, not a bus.
* Garbage belongs to whoever makes it: collections run when V8 wants them, inside the timed blocks, and their share of the
  process' time stands in the last column. Only the memory scenario exposes and calls the collector, before it reads.
* A measurement during which other programs used more than 15 % of a core is repeated, and the least disturbed one counts
  (Linux only; elsewhere see to it yourself).
* Reproduce one scenario with \`npm run bench -- --only axon_echo\`; add \`--quick\` for a short look. Both threads of a
  two-thread scenario need a core of their own.`;

export function scenarioSection(scenario: ScenarioResult): string[] {
  const processes = describeProcesses(scenario.variants).replace(/^./, (letter) => letter.toUpperCase());
  const note = `\`bench/${scenario.name}.ts\`. ${scenario.note}${processes === '' ? '' : ` ${processes}.`}`;
  const head = [`## ${scenario.title}`, '', note, ''];
  if (scenario.skipped !== undefined) return [...head, `Skipped: ${scenario.skipped}`, ''];
  const rows = scenario.variants.flatMap((variant) => {
    const share = variant.gcShare >= 0.001 ? `${(variant.gcShare * 100).toFixed(1)} %` : '';
    return rowsOfVariant(scenario, variant).map((row, index) => [
      row.label,
      row.value,
      row.range,
      row.ratio,
      row.against,
      index === 0 ? share : '',
    ]);
  });
  return [
    ...head,
    markdownTable(['variant', 'median', 'min–max', 'NeuronBus is', 'in its row', 'GC'], rows),
    '',
  ];
}
