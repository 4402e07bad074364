// SPDX-License-Identifier: MIT
//
// Writes what a run of the benchmarks of spiking networks leaves behind. Driver only.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarioSection } from '../harness/documents.js';
import { describeProcesses, disturbanceNote, markdownTable } from '../harness/report.js';
import type { Report } from '../harness/types.js';
import { dotPlot } from '../routing/svg.js';
import { kinds, sizes, variantName } from './scaling.js';

const colors = { static: '#1668b3', plastic: '#c8501e' };

export function writePage(root: string, report: Report): void {
  writeFileSync(join(root, 'bench', 'population', 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  const folder = join(root, 'docs', 'population-benchmarks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'scaling.svg'), scalingPlot(report));
  writeFileSync(join(root, 'docs', 'population-benchmarks.md'), page(report));
}

/** ns of a synaptic event by size of the network; NaN where it was not measured. */
function scalingPlot({ scenarios }: Report): string {
  const variants = scenarios.find(({ name }) => name === 'population/scaling')?.variants ?? [];
  const series = kinds.map((kind) => ({
    ...{ name: kind, color: colors[kind], wide: true },
    values: sizes.map(
      (size) =>
        variants.find(({ name }) => name === variantName(size, kind))?.metrics.event?.median ?? Number.NaN,
    ),
  }));
  const most = Math.max(2, ...series.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value))));
  return dotPlot({
    title: 'Cost of a synaptic event, 100 synapses a neuron',
    xLabel: 'neurons',
    yLabel: 'ns',
    categories: sizes.map((size) => size.toLocaleString('en')),
    yMax: 2 ** Math.ceil(Math.log2(most)),
    series,
  });
}

function page(report: Report): string {
  const facts = { ...report.machine, ...report.versions };
  const note = disturbanceNote(report);
  return [
    '# Benchmarks of spiking networks',
    '',
    '<!-- Written by `npm run bench:population`; edit bench/population/page.ts instead. -->',
    '',
    `Measured on ${report.date.slice(0, 10)}: every variant in a fresh process, ${describeProcesses(report.scenarios.flatMap(({ variants }) => variants))}, the variants of a scenario in turns. ` +
      'Trust ratios from one run; absolute values move with the machine and its neighbours. "NeuronBus is" says how many times better it does, in the ' +
      'row named beside it, than the row where it stands; below 1 × that row wins.',
    '',
    markdownTable(['what', 'value'], Object.entries(facts)),
    '',
    ...(note === '' ? [] : [note, '']),
    '## Targets',
    '',
    markdownTable(
      ['target', 'wanted', 'measured', 'met'],
      report.targets.map(({ text, target, measured, met }) => [text, target, measured, met]),
    ),
    '',
    '![Cost of a synaptic event](population-benchmarks/scaling.svg)',
    '',
    ...report.scenarios.flatMap(scenarioSection),
  ].join('\n');
}
