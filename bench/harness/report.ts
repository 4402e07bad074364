// SPDX-License-Identifier: MIT
//
// Turns results into rows, and rows into a table for the terminal or for Markdown. Pure functions: any thread.

import type { Report, ScenarioResult, Summary, Unit, VariantResult } from './types.js';

export interface Row {
  readonly scenario: string;
  /** The variant's name, and the metric where it has more than one. */
  readonly label: string;
  readonly variant: string;
  readonly metric: string;
  readonly value: string;
  /** Empty where one process was measured. */
  readonly range: string;
  readonly ratio: string;
  /** The variant of ours that the ratio is about; empty without one. */
  readonly against: string;
}

/** Three significant digits, without exponents. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

export function formatValue(value: number, unit: Unit): string {
  return `${formatNumber(value)} ${unit}`;
}

/** How many times better than `theirs` ours is; above 1 ours wins. */
export function advantage(ours: Summary, theirs: Summary): number {
  return ours.better === 'lower' ? theirs.median / ours.median : ours.median / theirs.median;
}

export function rowsOf(scenario: ScenarioResult): Row[] {
  if (scenario.skipped !== undefined) {
    return [{ ...emptyRow, scenario: scenario.name, value: 'skipped', range: scenario.skipped }];
  }
  return scenario.variants.flatMap((variant) => rowsOfVariant(scenario, variant));
}

const emptyRow: Row = {
  ...{ scenario: '', label: '', variant: '', metric: '' },
  ...{ value: '', range: '', ratio: '', against: '' },
};

/** Processes that were measured of this variant. */
export function processesOf({ metrics, failure }: VariantResult): number {
  if (failure !== undefined) return 0;
  return Math.max(0, ...Object.values(metrics).map(({ samples }) => samples.length));
}

/** As in "medians of 5 processes each"; variants that were not measured do not count. Empty when none was. */
export function describeProcesses(variants: readonly VariantResult[]): string {
  const counts = variants.map(processesOf).filter((count) => count > 0);
  if (counts.length === 0) return '';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 1) return 'one process each';
  return least === most ? `medians of ${most} processes each` : `medians of ${least} to ${most} processes`;
}

/** The rows of one variant; the scenario is needed for what it is compared with. */
export function rowsOfVariant(scenario: ScenarioResult, variant: VariantResult): Row[] {
  const reason = variant.failure ?? variant.unavailable;
  if (reason !== undefined) {
    const value = variant.failure === undefined ? 'skipped' : 'failed';
    return [
      {
        ...emptyRow,
        scenario: scenario.name,
        label: variant.name,
        variant: variant.name,
        value,
        range: reason,
      },
    ];
  }
  const names = Object.keys(variant.metrics);
  return names.map((name) => {
    const summary = variant.metrics[name];
    const ratio = ratioOf(scenario, variant, name, summary);
    return {
      scenario: scenario.name,
      label: names.length > 1 ? `${variant.name}: ${name}` : variant.name,
      variant: variant.name,
      metric: name,
      value: formatValue(summary.median, summary.unit),
      range: summary.samples.length < 2 ? '' : `${formatNumber(summary.min)}–${formatNumber(summary.max)}`,
      ratio,
      against: ratio === '' ? '' : (variant.against ?? ''),
    };
  });
}

function ratioOf(scenario: ScenarioResult, variant: VariantResult, metric: string, theirs: Summary): string {
  const ours = scenario.variants.find((candidate) => candidate.name === variant.against)?.metrics[metric];
  return ours === undefined || theirs.better === 'neither'
    ? ''
    : `${formatNumber(advantage(ours, theirs))} ×`;
}

/** One sentence, or none: whether the numbers can be trusted. */
export function disturbanceNote(report: Report): string {
  const variants = report.scenarios.flatMap((scenario) => scenario.variants);
  const disturbed = variants.reduce((sum, variant) => sum + variant.disturbed, 0);
  if (disturbed === 0) return '';
  const all = variants.reduce((sum, variant) => sum + processesOf(variant), 0);
  return `Other programs were busy during ${disturbed} of ${all} measurements; run again on a quiet machine.`;
}

export function terminalTable(report: Report): string {
  const header: Row = {
    ...emptyRow,
    scenario: 'scenario',
    label: 'variant',
    value: 'median',
    range: 'min–max',
    ratio: 'NeuronBus is',
  };
  const rows = [header, ...report.scenarios.flatMap(rowsOf)];
  const width = (pick: (row: Row) => string): number => Math.max(...rows.map((row) => pick(row).length));
  const widths = [width((r) => r.scenario), width((r) => r.label), width((r) => r.value)];
  // A failure's reason is long; it may overhang rather than stretch the column for all.
  const measured = rows.filter((row) => row.metric !== '');
  const rangeWidth = Math.max(header.range.length, ...measured.map((row) => row.range.length));
  const lines = rows.map((row) =>
    [
      row.scenario.padEnd(widths[0]),
      row.label.padEnd(widths[1]),
      row.value.padStart(widths[2]),
      row.range.padEnd(rangeWidth),
      row.ratio.padStart(12),
    ]
      .join('  ')
      .trimEnd(),
  );
  const targets = report.targets.map(
    (t) => `  ${t.met.padEnd(12)}  ${t.text}: ${t.measured} (target ${t.target})`,
  );
  return [...lines, '', 'Targets', ...targets, '', disturbanceNote(report)].join('\n');
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
