// SPDX-License-Identifier: MIT
//
// A picture: two axes, a title, marks, drawn by vega. The package is loaded when the first picture is asked for. Any thread.
//
// The same input gives the same bytes. Therefore the layout is fixed instead of fitted to measured text, which depends on whether
// a canvas is installed too, and nothing is used for which vega counts ids: clipping and gradients.

import type * as Vega from 'vega';
import { NeuronBusError } from '../memory/errors.js';
import { GROUND, INK, LEVELS, PADDING, RULE, STYLE } from './theme.js';
import type { Frame } from './validation.js';

export interface Axis {
  label: string;
  domain: readonly [number, number];
  /** Low values at the top, as the rows of a matrix. */
  reversed?: boolean;
  /** Only whole numbers have ticks. */
  whole?: boolean;
  /** As of d3-format. */
  format?: string;
}

export interface Picture {
  frame: Frame;
  /** What is seen, for who cannot see it. */
  description: string;
  x: Axis;
  y: Axis;
  grid?: boolean;
  /** Room to the right of the plot, in px. */
  right?: number;
  marks: Vega.Mark[];
  scales?: Vega.Scale[];
  legends?: Vega.Legend[];
}

const PACKAGE = 'vega';
let loaded: Promise<typeof Vega> | undefined;

function load(): Promise<typeof Vega> {
  loaded ??= import('vega').catch((cause: unknown) => {
    loaded = undefined;
    const what = `neuronbus/plots needs the package ${PACKAGE}: npm install ${PACKAGE}`;
    throw new NeuronBusError('NOT_INSTALLED', what, { cause });
  });
  return loaded;
}

/** The picture as SVG text. ERR_NB_NOT_INSTALLED. */
export async function draw(picture: Picture): Promise<string> {
  const vega = await load();
  const { title } = picture.frame;
  const view = new vega.View(vega.parse(specOf(picture)), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    const inside = svg.indexOf('>') + 1;
    const head =
      `<title>${escaped(title)}</title><desc>${escaped(picture.description)}</desc>` +
      `<style>${escaped(STYLE)}</style>`;
    return `${svg.slice(0, inside - 1)} role="img">${head}${svg.slice(inside)}\n`;
  } finally {
    view.finalize();
  }
}

/** The colours of the scale, from low to high. */
export async function levels(): Promise<string[]> {
  const vega = await load();
  const viridis = vega.scheme('viridis') as unknown as (share: number) => string;
  return Array.from({ length: LEVELS }, (_, level) => viridis(level / (LEVELS - 1)));
}

function specOf({ frame, description, x, y, grid, right, marks, scales, legends }: Picture): Vega.Spec {
  return {
    width: frame.widthPx,
    height: frame.heightPx,
    padding: { ...PADDING, right: right ?? PADDING.right },
    autosize: 'none',
    background: GROUND,
    description,
    config: {
      axis: {
        domainColor: RULE,
        tickColor: RULE,
        gridColor: RULE,
        gridOpacity: 0.3,
        labelColor: INK,
        titleColor: INK,
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: INK, labelFontSize: 11, labelLimit: 1.6 * (PADDING.right - 40), offset: 10 },
    },
    title: { text: frame.title, anchor: 'start', frame: 'group', color: INK, fontSize: 14, offset: 12 },
    scales: [
      { name: 'x', type: 'linear', domain: [...x.domain], range: 'width', zero: false },
      {
        name: 'y',
        type: 'linear',
        domain: [...y.domain],
        range: 'height',
        zero: false,
        reverse: y.reversed ?? false,
      },
      ...(scales ?? []),
    ],
    axes: [
      { scale: 'x', orient: 'bottom', titleY: 34, tickCount: 8, ...axisOf(x) },
      { scale: 'y', orient: 'left', titleX: -60, tickCount: 6, grid: grid ?? false, ...axisOf(y) },
    ],
    marks,
    legends: legends ?? [],
  };
}

function axisOf({ label, whole, format }: Axis): Partial<Vega.Axis> {
  return { title: label, ...(whole && { tickMinStep: 1 }), ...(format && { format }) };
}

/** One outline in px for many small things of one colour: what a million marks of their own would cost is then a few bytes each. */
export function outline(
  path: string,
  paint: { fill?: string; stroke?: string; strokeWidth?: number; dash?: readonly number[] },
  name?: string,
): Vega.Mark {
  const { fill, stroke, strokeWidth, dash } = paint;
  return {
    type: 'path',
    ...(name && { name }),
    aria: false,
    interactive: false,
    encode: {
      enter: {
        path: { value: path },
        ...(fill && { fill: { value: fill } }),
        ...(stroke && { stroke: { value: stroke }, strokeWidth: { value: strokeWidth ?? 1 } }),
        ...(dash && { strokeDash: { value: [...dash] } }),
      },
    },
  };
}

/** Text that begins at a point, cut at `limit` px. */
export function label(x: number, y: number, text: string, limit = 1.5 * (PADDING.right - 14)): Vega.Mark {
  return {
    type: 'text',
    interactive: false,
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        text: { value: text },
        fill: { value: INK },
        fontSize: { value: 11 },
        baseline: { value: 'middle' },
        limit: { value: limit },
      },
    },
  };
}

/** Px to a tenth, in as few characters as can be. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
