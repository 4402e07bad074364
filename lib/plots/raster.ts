// SPDX-License-Identifier: MIT
//
// Raster plot: which neuron fired when. Any thread.

import type * as Vega from 'vega';
import { invalidArgument } from '../memory/errors.js';
import { cellMarks } from './cells.js';
import { draw, label, levels, outline, px } from './chart.js';
import { PADDING, RULE, SERIES } from './theme.js';
import {
  checkFrame,
  type Frame,
  finite,
  finiteList,
  indexList,
  integer,
  type PlotOptions,
  sameLength,
  text,
  written,
} from './validation.js';

/** Spikes as a recording has them: `neuron[i]` fired at `timeMs[i]`. In any order. */
export interface Spikes {
  readonly neuron: ArrayLike<number>;
  readonly timeMs: ArrayLike<number>;
}

/** One population of several in a raster plot. */
export interface RasterRows {
  name: string;
  spikes: Spikes;
  /** Neurons of the population. Default: the highest number that fired, and one. */
  neurons?: number;
}

export interface RasterOptions extends PlotOptions {
  /** Neurons of the population, where one recording is drawn. Default: the highest number that fired, and one. */
  neurons?: number;
  /** Only spikes from here on. Default: 0, or the first spike if that is earlier. */
  fromMs?: number;
  /** Only spikes before. Default: just after the last spike. */
  toMs?: number;
  /** With more spikes than these, the picture shows rates. Default 20,000. */
  maxMarks?: number;
}

interface Rows extends Required<RasterRows> {
  /** Of its first neuron, from the bottom. */
  first: number;
}

/** Finest cells of a picture of rates. */
const MAX_COLUMNS = 320;
const MAX_ROWS = 160;

/** Room for the name of a population. */
const NAME_PX = 150;

/**
 * A raster plot as SVG text: a stroke for each spike, time in ms to the right, neuron 0 at the bottom. Several populations stand one
 * above the other, the first at the bottom, each in a colour of its own.
 *
 * With more than `maxMarks` spikes, the picture has at most 320 × 160 cells instead, coloured by the mean rate in Hz of the neurons
 * and the time that a cell stands for: its size then does not grow with the number of spikes.
 *
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { rasterPlot } from 'neuronbus/plots';
 * await writeFile('raster.svg', await rasterPlot(recording.spikes, { neurons: 1000 }));
 * ```
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function rasterPlot(
  spikes: Spikes | readonly RasterRows[],
  options: RasterOptions = {},
): Promise<string> {
  const frame = checkFrame(options, ['neurons', 'fromMs', 'toMs', 'maxMarks'], 'Spikes');
  const maxMarks = integer('maxMarks', options.maxMarks ?? 20_000, 0, 1_000_000);
  const rows = rowsOf(spikes, options.neurons);
  const span = spanOf(rows, options);
  const neurons = rows.reduce((sum, population) => sum + population.neurons, 0);
  const count = countIn(rows, span);
  const dense = count > maxMarks;
  const many = Array.isArray(spikes);
  const marks = dense
    ? await rateMarks(rows, neurons, span, frame, many ? NAME_PX + 16 : 16)
    : rows.map((population, i) => strokes(population, neurons, span, frame, SERIES[i % SERIES.length]!));
  const description =
    `Raster plot: ${written(count)} spikes of ${written(neurons)} neurons from ${written(span[0])} to ${written(span[1])} ms` +
    (many ? ` in ${rows.map(({ name, neurons: size }) => `${name} (${written(size)})`).join(', ')}` : '') +
    (dense ? ', as mean rates.' : '.');
  return draw({
    frame,
    description,
    x: { label: 'time (ms)', domain: span },
    y: { label: 'neuron', domain: [0, neurons], whole: true },
    ...(many && dense && { right: PADDING.right + NAME_PX }),
    marks: [...marks, ...(many ? names(rows, neurons, frame) : [])],
  });
}

function rowsOf(spikes: Spikes | readonly RasterRows[], neurons: number | undefined): Rows[] {
  if (!Array.isArray(spikes))
    return [{ ...population('spikes', spikes as Spikes, neurons), name: '', first: 0 }];
  if (neurons !== undefined) throw invalidArgument('neurons', neurons, 'that of each population');
  if (spikes.length === 0) throw invalidArgument('spikes', spikes, 'of at least one population');
  let first = 0;
  return (spikes as readonly RasterRows[]).map((one, i) => {
    const name = text(`spikes[${i}].name`, one?.name);
    const rows = { ...population(`spikes[${i}].spikes`, one.spikes, one.neurons), name, first };
    first += rows.neurons;
    return rows;
  });
}

function population(name: string, spikes: Spikes, neurons?: number): { spikes: Spikes; neurons: number } {
  if (typeof spikes !== 'object' || spikes === null)
    throw invalidArgument(name, spikes, 'an object with neuron and timeMs');
  const size = neurons === undefined ? 2 ** 32 : integer('neurons', neurons, 1, 2 ** 32);
  const neuron = indexList(`${name}.neuron`, spikes.neuron, size);
  const timeMs = finiteList(`${name}.timeMs`, spikes.timeMs);
  sameLength(`${name}.timeMs`, timeMs, neuron.length);
  let highest = 0;
  for (let i = 0; i < neuron.length; i++) highest = Math.max(highest, neuron[i] as number);
  return { spikes: { neuron, timeMs }, neurons: neurons ?? highest + 1 };
}

function spanOf(rows: readonly Rows[], { fromMs, toMs }: RasterOptions): [number, number] {
  let first = 0;
  let last = 0;
  for (const { spikes } of rows) {
    for (let i = 0; i < spikes.timeMs.length; i++) {
      first = Math.min(first, spikes.timeMs[i] as number);
      last = Math.max(last, spikes.timeMs[i] as number);
    }
  }
  const from = fromMs === undefined ? first : finite('fromMs', fromMs);
  // A hair more, so that the last spike lies within; a whole ms where there is nothing at all.
  const end = last > from ? last + (last - from) / 1000 : from + 1;
  const to = toMs === undefined ? end : finite('toMs', toMs);
  if (!(from < to)) throw invalidArgument('toMs', to, `more than fromMs, ${from}`);
  return [from, to];
}

function countIn(rows: readonly Rows[], [from, to]: readonly [number, number]): number {
  let count = 0;
  for (const { spikes } of rows) {
    for (let i = 0; i < spikes.timeMs.length; i++) {
      const at = spikes.timeMs[i] as number;
      if (at >= from && at < to) count++;
    }
  }
  return count;
}

function strokes(
  { spikes, first }: Rows,
  neurons: number,
  [from, to]: readonly [number, number],
  { widthPx, heightPx }: Frame,
  stroke: string,
): Vega.Mark {
  const row = heightPx / neurons;
  const length = px(Math.min(14, Math.max(1.2, row * 0.8)));
  const parts: string[] = [];
  for (let i = 0; i < spikes.timeMs.length; i++) {
    const at = spikes.timeMs[i] as number;
    if (at < from || at >= to) continue;
    const x = px(((at - from) / (to - from)) * widthPx);
    const middle = heightPx - (first + (spikes.neuron[i] as number) + 0.5) * row;
    parts.push(`M${x},${px(middle - length / 2)}v${length}`);
  }
  return outline(parts.join(''), { stroke, strokeWidth: 1.2 });
}

async function rateMarks(
  rows: readonly Rows[],
  neurons: number,
  [from, to]: readonly [number, number],
  frame: Frame,
  barLeft: number,
): Promise<Vega.Mark[]> {
  const columns = Math.min(MAX_COLUMNS, frame.widthPx);
  const lines = Math.min(MAX_ROWS, frame.heightPx, neurons);
  const values = new Float64Array(columns * lines);
  for (const { spikes, first } of rows) {
    for (let i = 0; i < spikes.timeMs.length; i++) {
      const at = spikes.timeMs[i] as number;
      if (at < from || at >= to) continue;
      const column = Math.min(columns - 1, Math.floor(((at - from) / (to - from)) * columns));
      const line = Math.floor(((first + (spikes.neuron[i] as number)) * lines) / neurons);
      values[(lines - 1 - line) * columns + column]! += 1;
    }
  }
  const seconds = (to - from) / columns / 1000;
  let most = 0;
  for (let line = 0; line < lines; line++) {
    // Where the neurons are no multiple of the lines, some lines stand for one neuron more than others.
    const low = Math.ceil((line * neurons) / lines);
    const high = Math.ceil(((line + 1) * neurons) / lines);
    for (let column = 0; column < columns; column++) {
      const cell = (lines - 1 - line) * columns + column;
      values[cell]! /= (high - low) * seconds;
      most = Math.max(most, values[cell]!);
    }
  }
  const grid = { columns, rows: lines, values, domain: [0, most || 1] as const, label: 'rate (Hz)', barLeft };
  return cellMarks(grid, frame, await levels());
}

function names(rows: readonly Rows[], neurons: number, { widthPx, heightPx }: Frame): Vega.Mark[] {
  const y = (neuron: number) => px(heightPx * (1 - neuron / neurons));
  return rows.flatMap(({ name, first, neurons: size }, i) => {
    const [top, bottom] = [y(first + size), y(first)];
    const colour = outline(`M${widthPx + 4},${bottom}V${top}`, {
      stroke: SERIES[i % SERIES.length]!,
      strokeWidth: 3,
    });
    const border = first > 0 ? [outline(`M0,${bottom}h${widthPx}`, { stroke: RULE })] : [];
    return [...border, colour, label(widthPx + 10, (top + bottom) / 2, name, NAME_PX)];
  });
}
