// SPDX-License-Identifier: MIT
//
// How weights are distributed. Any thread.

import { draw, outline, px } from './chart.js';
import { SERIES } from './theme.js';
import {
  checkFrame,
  extent,
  finiteList,
  integer,
  labelled,
  type PlotOptions,
  range,
  text,
  written,
} from './validation.js';

export interface WeightHistogramOptions extends PlotOptions {
  /** Default 50. */
  bins?: number;
  /** From the left of the first bin to the right of the last, which includes it. Default: the least and the greatest weight. */
  range?: readonly [number, number];
  /** Default 'mV'; '' for none. */
  unit?: string;
}

/**
 * A histogram of weights as SVG text: bins of equal width, synapses per bin upwards. Weights outside of `range` are not drawn;
 * the description says how many there are. Its size does not depend on the number of weights.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT; ERR_NB_NOT_INSTALLED without the package `vega`.
 */
export async function weightHistogram(
  weights: ArrayLike<number>,
  options: WeightHistogramOptions = {},
): Promise<string> {
  const frame = checkFrame(options, ['bins', 'range', 'unit'], 'Weights');
  const bins = integer('bins', options.bins ?? 50, 1, 1000);
  const unit = text('unit', options.unit ?? 'mV');
  const values = finiteList('weights', weights);
  const domain = options.range === undefined ? extent(values) : range('range', options.range);
  const { counts, outside } = count(values, bins, domain);
  const most = Math.max(1, ...counts);

  const width = frame.widthPx / bins;
  const bars = Array.from(counts, (height, bin) => {
    if (height === 0) return '';
    const top = px(frame.heightPx * (1 - height / (most * 1.05)));
    return `M${px(bin * width)},${frame.heightPx}V${top}H${px((bin + 1) * width)}V${frame.heightPx}Z`;
  });
  const description =
    `Histogram of ${written(values.length)} weights in ${bins} bins from ${written(domain[0])} to ${labelled(written(domain[1]), unit)}` +
    `; ${written(outside)} lie outside.`;
  return draw({
    frame,
    description,
    x: { label: labelled('weight', unit), domain },
    y: { label: 'synapses', domain: [0, most * 1.05], whole: true },
    grid: true,
    marks: [outline(bars.join(''), { fill: SERIES[0] })],
  });
}

function count(values: ArrayLike<number>, bins: number, [low, high]: readonly [number, number]) {
  const counts = new Float64Array(bins);
  let outside = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < low || value > high) outside++;
    else counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]! += 1;
  }
  return { counts, outside };
}
