// SPDX-License-Identifier: MIT
//
// Lines over an axis: potentials over time, and any other. Any thread.

import type * as Vega from 'vega';
import { checkKeys, invalidArgument } from '../memory/errors.js';
import { draw, outline, px } from './chart.js';
import { DASHES, SERIES } from './theme.js';
import {
  checkFrame,
  extent,
  type Frame,
  finite,
  finiteList,
  indexList,
  integer,
  list,
  type PlotOptions,
  range,
  sameLength,
  text,
  written,
} from './validation.js';

/** One line. */
export interface Series {
  name: string;
  /** Ascending. */
  x: ArrayLike<number>;
  /** As many; NaN leaves a gap. */
  y: ArrayLike<number>;
}

export interface LinePlotOptions extends PlotOptions {
  /** With its unit, as in 'time (ms)'. */
  xLabel: string;
  yLabel: string;
  /** Default: the least and the greatest y. */
  yRange?: readonly [number, number];
  /** Dashed lines across, as a threshold. */
  marks?: readonly { name: string; y: number }[];
}

/** Potentials as a recording has them: `values[sample * neuron.length + i]` is that of `neuron[i]` at `timeMs[sample]`, in mV. */
export interface Potentials {
  readonly neuron: ArrayLike<number>;
  readonly timeMs: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const MAX_SERIES = SERIES.length * DASHES.length;

/**
 * Lines as SVG text, told apart by colour and, from the fifth on, by dashes; 16 at most. Of more points than there are pixels, each
 * column of pixels keeps its first, lowest, highest and last: no peak is lost, and its size does not grow with their number.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function linePlot(series: readonly Series[], options: LinePlotOptions): Promise<string> {
  const frame = checkFrame(options, ['xLabel', 'yLabel', 'yRange', 'marks'], 'Lines');
  const lines = checkSeries(series);
  const marks = checkMarks(options.marks ?? []);
  const picture = {
    x: { label: text('xLabel', options.xLabel), domain: extent(...lines.map(({ x }) => x)) },
    y: {
      label: text('yLabel', options.yLabel),
      domain:
        options.yRange === undefined
          ? extent(
              ...lines.map(({ y }) => y),
              marks.map(({ y }) => y),
            )
          : range('yRange', options.yRange),
    },
  };
  const points = lines.reduce((sum, { x }) => sum + x.length, 0);
  return draw({
    ...picture,
    frame,
    description:
      `Lines of ${picture.y.label} over ${picture.x.label}, ${written(points)} points: ` +
      `${[...lines, ...marks].map(({ name }) => name).join(', ')}.`,
    grid: true,
    ...lineMarks(lines, marks, picture.x.domain, picture.y.domain, frame),
  });
}

/**
 * Membrane potentials in mV over time in ms as SVG text, a line for each of the recorded neurons, 16 at most. `thresholdMv` is drawn
 * as a dashed line.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function potentialPlot(
  potentials: Potentials,
  options: PlotOptions & { thresholdMv?: number } = {},
): Promise<string> {
  const { thresholdMv, ...frame } = options;
  if (typeof potentials !== 'object' || potentials === null)
    throw invalidArgument('potentials', potentials, 'an object with neuron, timeMs and values');
  const neuron = indexList('potentials.neuron', potentials.neuron, 2 ** 32);
  integer('potentials.neuron.length', neuron.length, 1, MAX_SERIES);
  const timeMs = finiteList('potentials.timeMs', potentials.timeMs);
  const values = list('potentials.values', potentials.values);
  sameLength('potentials.values', values, timeMs.length * neuron.length);
  const series = Array.from(neuron, (index, i) => ({
    name: `neuron ${index}`,
    x: timeMs,
    y: Float64Array.from(timeMs, (_, sample) => values[sample * neuron.length + i] as number),
  }));
  return linePlot(series, {
    title: 'Membrane potential',
    ...frame,
    xLabel: 'time (ms)',
    yLabel: 'potential (mV)',
    ...(thresholdMv !== undefined && {
      marks: [{ name: 'threshold', y: finite('thresholdMv', thresholdMv) }],
    }),
  });
}

export function checkSeries(series: readonly Series[]): Series[] {
  if (!Array.isArray(series)) throw invalidArgument('series', series, 'an array');
  integer('series.length', series.length, 1, MAX_SERIES);
  return series.map((one: Series, i) => {
    const at = `series[${i}]`;
    checkKeys(at, one, new Set(['name', 'x', 'y']));
    const x = finiteList(`${at}.x`, one.x);
    for (let k = 1; k < x.length; k++) {
      if (!((x[k] as number) >= (x[k - 1] as number)))
        throw invalidArgument(`${at}.x[${k}]`, x[k], `at least the one before, ${x[k - 1]}`);
    }
    const y = list(`${at}.y`, one.y);
    sameLength(`${at}.y`, y, x.length);
    for (let k = 0; k < y.length; k++) {
      const value = y[k] as number;
      if (typeof value !== 'number' || Math.abs(value) === Number.POSITIVE_INFINITY)
        throw invalidArgument(`${at}.y[${k}]`, value, 'a finite number, or NaN for a gap');
    }
    return { name: text(`${at}.name`, one.name), x, y };
  });
}

function checkMarks(marks: readonly { name: string; y: number }[]): { name: string; y: number }[] {
  if (!Array.isArray(marks)) throw invalidArgument('marks', marks, 'an array');
  return marks.map((mark: { name: string; y: number }, i) => {
    checkKeys(`marks[${i}]`, mark, new Set(['name', 'y']));
    return { name: text(`marks[${i}].name`, mark.name), y: finite(`marks[${i}].y`, mark.y) };
  });
}

/** The lines, the dashed ones across, and the legend that names both. */
export function lineMarks(
  lines: readonly Series[],
  marks: readonly { name: string; y: number }[],
  [left, right]: readonly [number, number],
  [low, high]: readonly [number, number],
  frame: Frame,
): { marks: Vega.Mark[]; scales: Vega.Scale[]; legends: Vega.Legend[] } {
  const { widthPx, heightPx } = frame;
  const toX = (x: number) => ((x - left) / (right - left)) * widthPx;
  const toY = (y: number) => heightPx * (1 - (Math.min(high, Math.max(low, y)) - low) / (high - low));
  const colour = (i: number) => SERIES[i % SERIES.length]!;
  const dash = (i: number) => DASHES[Math.floor(i / SERIES.length) % DASHES.length]!;
  const across = marks.map((_, i) => ({ stroke: colour(i + lines.length), dash: [3, 3] }));
  const drawn = lines.map((line, i) =>
    outline(pathOf(line, toX, toY), { stroke: colour(i), strokeWidth: 1.8, dash: dash(i) }),
  );
  const dashed = marks.map(({ y }, i) => outline(`M0,${px(toY(y))}H${widthPx}`, across[i]!));
  const named = [...lines, ...marks].map(({ name }, i) => ({ id: i, name }));
  const ids = named.map(({ id }) => id);
  const strokes = [...lines.map((_, i) => colour(i)), ...across.map(({ stroke }) => stroke)];
  const dashes = [...lines.map((_, i) => [...dash(i)]), ...across.map((paint) => paint.dash)];
  return {
    marks: [...dashed, ...drawn],
    scales: [
      { name: 'stroke', type: 'ordinal', domain: ids, range: strokes },
      { name: 'dash', type: 'ordinal', domain: ids, range: dashes },
      { name: 'name', type: 'ordinal', domain: ids, range: named.map(({ name }) => name) },
    ] as Vega.Scale[],
    legends: [
      {
        stroke: 'stroke',
        strokeDash: 'dash',
        symbolType: 'stroke',
        symbolStrokeWidth: 2,
        orient: 'right',
        encode: { labels: { update: { text: { scale: 'name', field: 'value' } } } },
      },
    ],
  };
}

/** Of the points within one column of pixels: the first, the lowest and the highest in their order, and the last. */
function pathOf({ x, y }: Series, toX: (x: number) => number, toY: (y: number) => number): string {
  const parts: string[] = [];
  let pen = 'M';
  const put = (i: number) => {
    parts.push(`${pen}${px(toX(x[i] as number))},${px(toY(y[i] as number))}`);
    pen = 'L';
  };
  for (let i = 0; i < x.length; ) {
    if (Number.isNaN(y[i])) {
      pen = 'M';
      i++;
      continue;
    }
    const column = Math.floor(toX(x[i] as number));
    let lowest = i;
    let highest = i;
    let end = i + 1;
    for (; end < x.length && !Number.isNaN(y[end]) && Math.floor(toX(x[end] as number)) === column; end++) {
      if ((y[end] as number) < (y[lowest] as number)) lowest = end;
      if ((y[end] as number) > (y[highest] as number)) highest = end;
    }
    for (const k of new Set([i, Math.min(lowest, highest), Math.max(lowest, highest), end - 1])) put(k);
    i = end;
  }
  return parts.join('');
}
