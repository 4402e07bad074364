// SPDX-License-Identifier: MIT
//
// A grid of coloured cells with its scale of colours, for the weight matrix and for rasters of very many spikes. Pure functions.

import type * as Vega from 'vega';
import { label, outline, px } from './chart.js';
import { type Frame, written } from './validation.js';

export interface Grid {
  columns: number;
  rows: number;
  /** Row by row, the first one at the top; NaN leaves a cell empty. */
  values: Float64Array;
  domain: readonly [number, number];
  label: string;
  /** From the plot to the scale of colours, in px. Default 16. */
  barLeft?: number;
}

/** One outline for each colour; neighbours of one colour in a row are one rectangle. */
export function cellMarks(grid: Grid, { widthPx, heightPx }: Frame, colours: readonly string[]): Vega.Mark[] {
  const { columns, rows, values } = grid;
  const parts: string[][] = colours.map(() => []);
  const x = (column: number) => px((column * widthPx) / columns);
  const y = (row: number) => px((row * heightPx) / rows);
  for (let row = 0; row < rows; row++) {
    let start = 0;
    let level = -1;
    for (let column = 0; column <= columns; column++) {
      const next = column === columns ? -1 : levelOf(values[row * columns + column]!, grid, colours.length);
      if (next === level) continue;
      if (level >= 0) {
        const right = x(column);
        parts[level]!.push(`M${x(start)},${y(row)}H${right}V${y(row + 1)}H${x(start)}Z`);
      }
      start = column;
      level = next;
    }
  }
  const filled = colours.flatMap((fill, level) =>
    parts[level]!.length === 0 ? [] : [outline(parts[level]!.join(''), { fill }, `cells${level}`)],
  );
  return [...filled, ...colourBar(grid, widthPx, colours)];
}

function levelOf(value: number, { domain: [low, high] }: Grid, count: number): number {
  if (Number.isNaN(value)) return -1;
  const share = (value - low) / (high - low);
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

const BAR = { width: 14, height: 180, top: 18 } as const;

function colourBar(
  { domain: [low, high], label: what, barLeft = 16 }: Grid,
  widthPx: number,
  colours: readonly string[],
): Vega.Mark[] {
  const left = widthPx + barLeft;
  const step = BAR.height / colours.length;
  const bottom = BAR.top + BAR.height;
  const steps = colours.map((fill, i) => {
    const y = px(bottom - (i + 1) * step);
    return outline(`M${left},${y}H${left + BAR.width}V${px(bottom - i * step)}H${left}Z`, { fill });
  });
  const numbers = [0, 0.5, 1].map((share) => {
    const text = written(low + share * (high - low));
    return label(left + BAR.width + 6, bottom - share * BAR.height, text);
  });
  return [...steps, ...numbers, label(left, 4, what)];
}
