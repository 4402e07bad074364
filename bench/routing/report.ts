// SPDX-License-Identifier: MIT
//
// The tables and plots of docs/routing.md. Pure functions of the results.

import { markdownTable } from '../harness/report.js';
import { contenders } from './contenders.js';
import { blockSize, spread } from './measure.js';
import { routingScenarios } from './scenarios.js';
import { dotPlot, linePlot, type Series } from './svg.js';
import { type Findings, verdicts } from './targets.js';

/** Who is drawn where lines would otherwise hide each other. */
const drawn = ['learned', 'least in flight', 'peak EWMA, 10 s', 'Prequal', 'Prequal, synchronous', 'oracle'];

export function section(findings: Findings, requesters: number, seeds: number): string {
  const title = requesters === 1 ? 'One requester' : `${requesters} requesters`;
  return [
    `### ${title}`,
    '',
    markdownTable(
      ['target', 'wanted', 'measured', 'met'],
      verdicts(findings).map(({ text, wanted, measured, met }) => [
        text,
        wanted,
        measured,
        met ? 'yes' : '**no**',
      ]),
    ),
    '',
    `Mean latency, ms: median of ${seeds} seeds (quartiles). A request that fails counts as its timeout, 1,000 ms.`,
    '',
    figureTable(findings, 'meanMs'),
    '',
    'p99, ms:',
    '',
    figureTable(findings, 'p99Ms'),
    '',
    'What else there is to count, medians over seeds:',
    '',
    countsTable(findings),
    '',
  ].join('\n');
}

/** One row for each kind of service time and number of requesters. */
export function sensitivityTable(
  rows: readonly { kind: string; requesters: number; findings: Findings }[],
): string {
  const both = (ratio: (figure: 'meanMs' | 'p99Ms') => number) =>
    `${ratio('meanMs').toFixed(2)} / ${ratio('p99Ms').toFixed(2)}`;
  const line = ({ findings }: { findings: Findings }, against: 'best baseline' | 'oracle') =>
    routingScenarios.map(({ name }) =>
      both((figure) =>
        against === 'oracle'
          ? findings.againstOracle(name, findings.judged, figure)
          : findings.againstBest(name, figure),
      ),
    );
  return markdownTable(
    ['service times', 'requesters', 'against', ...routingScenarios.map(({ name }) => name)],
    rows.flatMap((row) =>
      (['best baseline', 'oracle'] as const).map((against) => [
        row.kind,
        String(row.requesters),
        against,
        ...line(row, against),
      ]),
    ),
  );
}

function figureTable(findings: Findings, figure: 'meanMs' | 'p99Ms'): string {
  const rows = contenders.map(({ name, role }) => [
    role === 'judged' ? `**${name}**` : name,
    ...routingScenarios.map((scenario) => {
      const { median, lower, upper } = spread(
        findings.find(scenario.name, name).runs.map((run) => run[figure]),
      );
      return `${digits(median)} (${digits(lower)}–${digits(upper)})`;
    }),
  ]);
  return markdownTable(['', ...routingScenarios.map(({ name }) => name)], rows);
}

function countsTable(findings: Findings): string {
  const { changeAt = 0 } = routingScenarios.find(({ name }) => name === 'c')!;
  const rows = contenders.map(({ name, role }) => [
    role === 'judged' ? `**${name}**` : name,
    `${findings.afterChange('c', changeAt, 500, name).toFixed(2)} ×`,
    String(findings.median('d', name, 'failedAfterChange')),
    String(findings.median('e', name, 'failed')),
    `${(100 * findings.median('e', name, 'watchedShare')).toFixed(2)} %`,
    `${(100 * findings.median('f', name, 'watchedShare')).toFixed(1)} %`,
  ]);
  const head = [
    '',
    'c: mean of requests 500–1,000 after the change, of the oracle’s',
    'd: failed requests',
    'e: failed requests',
    'e: share of the failing agent',
    'f: share of the best',
  ];
  return markdownTable(head, rows);
}

function digits(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** File name and text of each plot. */
export function plots(findings: Findings, requesters: number): [string, string][] {
  const who = requesters === 1 ? '1 requester' : `${requesters} requesters`;
  const shown = contenders.filter(({ name }) => drawn.includes(name));
  const p99: Series[] = contenders
    .filter(({ role }) => role !== 'oracle')
    .map(({ name, color, role }) => ({
      name,
      color,
      wide: role === 'judged',
      values: routingScenarios.map((scenario) => findings.againstOracle(scenario.name, name, 'p99Ms')),
    }));
  const curves = (scenario: string, of: 'blocksMs' | 'blocksWatched', from: number, to: number): Series[] =>
    shown.map(({ name, color, role }) => ({
      name,
      color,
      wide: role === 'judged',
      values: findings.find(scenario, name)[of].slice(from / blockSize, to / blockSize),
    }));
  const change = (scenario: string, title: string, at: number, yMax: number): string =>
    linePlot({
      title: `${title}, ${who}`,
      xLabel: 'request',
      yLabel: 'mean latency, ms',
      from: at - 1000,
      step: blockSize,
      yMax,
      mark: at,
      series: curves(scenario, 'blocksMs', at - 1000, at + 3000),
    });
  const share = (scenario: string, title: string, yMax: number): string =>
    linePlot({
      title: `${title}, ${who}`,
      xLabel: 'request',
      yLabel: 'share of traffic',
      from: 0,
      step: blockSize,
      yMax,
      series: curves(scenario, 'blocksWatched', 0, 3000),
    });
  return [
    [
      `p99-${requesters}.svg`,
      dotPlot({
        title: `p99 as a multiple of the oracle's, ${who}`,
        xLabel: 'scenario',
        yLabel: 'times the oracle (logarithmic)',
        categories: routingScenarios.map(({ name }) => name),
        yMax: 32,
        series: p99,
      }),
    ],
    [`c-${requesters}.svg`, change('c', 'c: speeds swapped', 10_000, 120)],
    [`d-${requesters}.svg`, change('d', 'd: two die, one flaps', 6_700, 60)],
    [`e-${requesters}.svg`, share('e', 'e: traffic to the agent that fails', 0.3)],
    [`f-${requesters}.svg`, share('f', 'f: traffic to the best answers', 1)],
  ];
}
