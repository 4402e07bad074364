// SPDX-License-Identifier: MIT
//
// Who is connected to whom, and how strongly. Any thread.

import { invalidArgument } from '../memory/errors.js';
import { cellMarks } from './cells.js';
import { draw, levels } from './chart.js';
import {
  checkFrame,
  extent,
  finiteList,
  indexList,
  integer,
  labelled,
  type PlotOptions,
  range,
  sameLength,
  text,
  written,
} from './validation.js';

export interface WeightMatrixOptions extends PlotOptions {
  /** Neurons before the synapses. */
  rows: number;
  /** Neurons behind them. */
  columns: number;
  /** Of each weight, its neuron before; with `post`. Without both there is a weight of every pair, row by row. */
  pre?: ArrayLike<number>;
  /** Of each weight, its neuron behind. */
  post?: ArrayLike<number>;
  /** What the first and the last colour stand for. Default: the least and the greatest weight. */
  range?: readonly [number, number];
  /** Default 'mV'; '' for none. */
  unit?: string;
  /** Default 'presynaptic neuron'. */
  rowLabel?: string;
  /** Default 'postsynaptic neuron'. */
  columnLabel?: string;
}

/** Finest cells of a picture. */
const MAX_CELLS = 160;

/**
 * A matrix of weights as SVG text: a row for each presynaptic neuron, the first at the top, a column for each postsynaptic one.
 * Pairs without a synapse stay empty. With more than 160 rows or columns, a cell shows the mean weight of the synapses of its
 * neighbours: its size then does not grow with the matrix.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function weightMatrix(
  weights: ArrayLike<number>,
  options: WeightMatrixOptions,
): Promise<string> {
  const own = ['rows', 'columns', 'pre', 'post', 'range', 'unit', 'rowLabel', 'columnLabel'];
  const frame = checkFrame(options, own, 'Weights', 440, 440);
  const rows = integer('rows', options.rows, 1, 2 ** 32);
  const columns = integer('columns', options.columns, 1, 2 ** 32);
  const unit = text('unit', options.unit ?? 'mV');
  const rowLabel = text('rowLabel', options.rowLabel ?? 'presynaptic neuron');
  const columnLabel = text('columnLabel', options.columnLabel ?? 'postsynaptic neuron');
  const values = finiteList('weights', weights);
  const ends = endsOf(values, rows, columns, options);
  const domain = options.range === undefined ? extent(values) : range('range', options.range);

  const cells = means(values, rows, columns, ends);
  const description =
    `Matrix of ${written(values.length)} weights from ${written(rows)} to ${written(columns)} neurons, ` +
    `coloured from ${written(domain[0])} to ${labelled(written(domain[1]), unit)}` +
    (cells.rows < rows || cells.columns < columns ? ', as means of neighbours.' : '.');
  const grid = { ...cells, domain, label: labelled('weight', unit) };
  return draw({
    frame,
    description,
    x: { label: columnLabel, domain: [0, columns], whole: true },
    y: { label: rowLabel, domain: [0, rows], whole: true, reversed: true },
    marks: cellMarks(grid, frame, await levels()),
  });
}

interface Ends {
  pre: ArrayLike<number>;
  post: ArrayLike<number>;
}

function endsOf(
  weights: ArrayLike<number>,
  rows: number,
  columns: number,
  { pre, post }: WeightMatrixOptions,
): Ends | undefined {
  if (pre === undefined && post === undefined) {
    sameLength('weights', weights, rows * columns);
    return undefined;
  }
  if (pre === undefined) throw invalidArgument('pre', pre, 'given where post is');
  if (post === undefined) throw invalidArgument('post', post, 'given where pre is');
  const ends = { pre: indexList('pre', pre, rows), post: indexList('post', post, columns) };
  sameLength('pre', ends.pre, weights.length);
  sameLength('post', ends.post, weights.length);
  return ends;
}

function means(weights: ArrayLike<number>, rows: number, columns: number, ends: Ends | undefined) {
  const lines = Math.min(rows, MAX_CELLS);
  const across = Math.min(columns, MAX_CELLS);
  const sums = new Float64Array(lines * across);
  const counts = new Float64Array(lines * across);
  for (let i = 0; i < weights.length; i++) {
    const row = ends === undefined ? Math.floor(i / columns) : (ends.pre[i] as number);
    const column = ends === undefined ? i % columns : (ends.post[i] as number);
    const cell = Math.floor((row * lines) / rows) * across + Math.floor((column * across) / columns);
    sums[cell]! += weights[i] as number;
    counts[cell]! += 1;
  }
  return { rows: lines, columns: across, values: sums.map((sum, cell) => sum / counts[cell]!) };
}
