// SPDX-License-Identifier: MIT
//
// Entry point `neuronbus/plots`: recordings as SVG pictures, drawn by the package vega. It only exports. Any thread.

export { type AccuracyCurveOptions, type AccuracyPoints, accuracyCurve } from './accuracy.js';
export { type WeightHistogramOptions, weightHistogram } from './histogram.js';
export { type LinePlotOptions, linePlot, type Potentials, potentialPlot, type Series } from './lines.js';
export { type WeightMatrixOptions, weightMatrix } from './matrix.js';
export { type RasterOptions, type RasterRows, rasterPlot, type Spikes } from './raster.js';
export type { PlotOptions } from './validation.js';
