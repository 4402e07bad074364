// SPDX-License-Identifier: MIT
//
// Two kinds of plots as SVG text: lines over a linear axis, and dots by category over a logarithmic one. Pure functions.

export interface Series {
  readonly name: string;
  readonly color: string;
  /** NaN leaves a gap. */
  readonly values: readonly number[];
  readonly wide?: boolean;
}

const width = 820;
const height = 360;
const left = 64;
const right = 190;
const top = 40;
const bottom = 52;
const plotWidth = width - left - right;
const plotHeight = height - top - bottom;

/** Values at x = from, from + step, …; a dashed vertical line at `mark`. */
export function linePlot(options: {
  title: string;
  xLabel: string;
  yLabel: string;
  from: number;
  step: number;
  yMax: number;
  mark?: number;
  series: readonly Series[];
}): string {
  const { from, step, yMax, mark, series } = options;
  const count = Math.max(...series.map(({ values }) => values.length));
  const end = from + step * (count - 1);
  const x = (value: number) => left + ((value - from) / (end - from)) * plotWidth;
  const y = (value: number) => top + plotHeight * (1 - Math.min(value, yMax) / yMax);
  const paths = series.map(({ color, values, wide }) => {
    const points = values.map((value, i) => `${round(x(from + i * step))},${round(y(value))}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="${wide ? 2.5 : 1.3}"/>`;
  });
  const marked =
    mark === undefined
      ? []
      : [
          `<line x1="${round(x(mark))}" x2="${round(x(mark))}" y1="${top}" y2="${top + plotHeight}" stroke="#888" stroke-dasharray="4 3"/>`,
        ];
  const xTicks = ticks(from, end).map((value) => tickX(x(value), String(value)));
  const yTicks = ticks(0, yMax).map((value) => tickY(y(value), String(value)));
  return page(options, [...yTicks, ...xTicks, ...marked, ...paths, ...legend(series)]);
}

/** One dot for each series and category; the y axis runs over powers of two from 1. */
export function dotPlot(options: {
  title: string;
  xLabel: string;
  yLabel: string;
  categories: readonly string[];
  yMax: number;
  series: readonly Series[];
}): string {
  const { categories, yMax, series } = options;
  const slot = plotWidth / categories.length;
  const floor = 0.9;
  const y = (value: number) =>
    top + plotHeight * (1 - Math.log(Math.min(value, yMax) / floor) / Math.log(yMax / floor));
  const dots = series.flatMap(({ color, values, wide }, index) =>
    values.map((value, category) => {
      const x = left + slot * (category + (index + 1) / (series.length + 1));
      return `<circle cx="${round(x)}" cy="${round(y(value))}" r="${wide ? 5 : 3.5}" fill="${color}"/>`;
    }),
  );
  const borders = categories.map((_, i) => left + slot * i).slice(1);
  const lines = borders.map(
    (x) => `<line x1="${round(x)}" x2="${round(x)}" y1="${top}" y2="${top + plotHeight}" stroke="#eee"/>`,
  );
  const xTicks = categories.map((name, i) => tickX(left + slot * (i + 0.5), name));
  const yTicks: string[] = [];
  for (let value = 1; value <= yMax; value *= 2) yTicks.push(tickY(y(value), String(value)));
  return page(options, [...yTicks, ...lines, ...xTicks, ...dots, ...legend(series)]);
}

function page(
  { title, xLabel, yLabel }: { title: string; xLabel: string; yLabel: string },
  parts: readonly string[],
): string {
  const middle = top + plotHeight / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="22" font-size="15">${escaped(title)}</text>`,
    `<text x="${left + plotWidth / 2}" y="${height - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${escaped(yLabel)}</text>`,
    ...parts,
    `<rect x="${left}" y="${top}" width="${plotWidth}" height="${plotHeight}" fill="none" stroke="#444"/>`,
    '</svg>',
    '',
  ].join('\n');
}

function legend(series: readonly Series[]): string[] {
  return series.map(({ name, color, wide }, i) => {
    const y = top + 12 + i * 19;
    const x = left + plotWidth + 14;
    return (
      `<rect x="${x}" y="${y - 8}" width="12" height="8" fill="${color}"/>` +
      `<text x="${x + 18}" y="${y}"${wide ? ' font-weight="bold"' : ''}>${escaped(name)}</text>`
    );
  });
}

function tickX(x: number, text: string): string {
  return `<text x="${round(x)}" y="${top + plotHeight + 17}" text-anchor="middle">${escaped(text)}</text>`;
}

function tickY(y: number, text: string): string {
  return (
    `<line x1="${left}" x2="${left + plotWidth}" y1="${round(y)}" y2="${round(y)}" stroke="#eee"/>` +
    `<text x="${left - 6}" y="${round(y + 4)}" text-anchor="end">${text}</text>`
  );
}

/** Five to ten round numbers. */
function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 7;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to + step / 1e6; i++)
    found.push(Number((i * step).toFixed(6)));
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
