// SPDX-License-Identifier: MIT
//
// How often a network is right as it learns. Any thread.

import { invalidArgument } from '../memory/errors.js';
import { draw } from './chart.js';
import { checkSeries, lineMarks } from './lines.js';
import { checkFrame, extent, finite, type PlotOptions, text, written } from './validation.js';

/** One curve: after `examples[i]` examples, the share `accuracy[i]` (0 to 1) was right. */
export interface AccuracyPoints {
  name: string;
  /** Ascending. */
  examples: ArrayLike<number>;
  accuracy: ArrayLike<number>;
}

export interface AccuracyCurveOptions extends PlotOptions {
  /** What guessing reaches, 0 to 1: a dashed line. */
  chance: number;
  /** What something simpler reaches, 0 to 1: another one. */
  baseline?: { name: string; accuracy: number };
  /** Default 'training examples'. */
  xLabel?: string;
}

/**
 * Accuracy in percent over the number of examples as SVG text, on an axis from 0 to 100 %, with the level of chance.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function accuracyCurve(
  curves: readonly AccuracyPoints[],
  options: AccuracyCurveOptions,
): Promise<string> {
  const frame = checkFrame(options, ['chance', 'baseline', 'xLabel'], 'Accuracy');
  if (!Array.isArray(curves)) throw invalidArgument('curves', curves, 'an array');
  const lines = checkSeries(
    (curves as readonly AccuracyPoints[]).map(({ name, examples, accuracy }, i) => {
      for (let k = 0; k < (accuracy?.length ?? 0); k++) share(`curves[${i}].accuracy[${k}]`, accuracy[k]);
      return { name, x: examples, y: accuracy };
    }),
  );
  const marks = [{ name: 'chance', y: share('chance', options.chance) }];
  if (options.baseline !== undefined) {
    const { name, accuracy } = options.baseline;
    marks.push({ name: text('baseline.name', name), y: share('baseline.accuracy', accuracy) });
  }
  const domain = extent(...lines.map(({ x }) => x));
  const last = lines.map(({ name, y }) => `${name} ${y.length === 0 ? 'nothing' : percent(y[y.length - 1])}`);
  return draw({
    frame,
    description: `Accuracy in the end: ${last.join(', ')}; ${marks.map(({ name, y }) => `${name} ${percent(y)}`).join(', ')}.`,
    x: { label: text('xLabel', options.xLabel ?? 'training examples'), domain },
    y: { label: 'accuracy', domain: [0, 1], format: '.0%' },
    grid: true,
    ...lineMarks(lines, marks, domain, [0, 1], frame),
  });
}

function share(name: string, value: unknown): number {
  const number = finite(name, value);
  if (number < 0 || number > 1) throw invalidArgument(name, value, 'a share from 0 to 1');
  return number;
}

function percent(value: number | undefined): string {
  return `${written((value ?? 0) * 100)} %`;
}
