// From an image to the activity of edge detectors: a retina whose cells fire the earlier the stronger the contrast, and kernels like
// the receptive fields of simple cells in V1. Pure functions.
import { LatencyEncoder, Retina } from 'neuronbus/population';

/** How long an image is seen, ms; the strongest contrast fires at its begin, the weakest at `LAST_MS`. */
export const WINDOW_MS = 40;
const LAST_MS = 30;
/** Contrasts below, as a share of the strongest, are noise. */
const THRESHOLD = 0.1;

export function retinaOf(size: number): Retina {
  const cells = size * size * 2;
  const code = new LatencyEncoder({ size: cells, threshold: THRESHOLD, lastMs: LAST_MS });
  return new Retina({ width: size, height: size, code });
}

export interface EdgeOptions {
  orientations: number;
  /** Where in a wave the middle of the kernel lies, radians: 0 is a bar, a quarter of a turn an edge. */
  phases: readonly number[];
  /** Pixels to a side. */
  side: number;
  /** Length of the wave, pixels. */
  wavelength: number;
  /** Of the envelope across the bar, pixels; along it, it is longer by 1 / 0.6. */
  sigma: number;
  /** Sum of the absolute weights from ON cells, mV. */
  strengthMv: number;
}

/**
 * Gabor functions (Daugman 1985, J. Opt. Soc. Am. A 2:1160; Jones and Palmer 1987, J. Neurophysiol. 58:1233), without what an even
 * image would give, as weights [kernel][y][x][ON, OFF]. What is bright for an ON cell is dark for an OFF cell.
 */
export function edgeKernels(options: EdgeOptions): { kernels: number; weightsMv: Float32Array } {
  const { orientations, phases, side, wavelength, sigma, strengthMv } = options;
  const kernels = orientations * phases.length;
  const weightsMv = new Float32Array(kernels * side * side * 2);
  const middle = (side - 1) / 2;
  for (let kernel = 0; kernel < kernels; kernel++) {
    const angle = (Math.floor(kernel / phases.length) * Math.PI) / orientations;
    const phase = phases[kernel % phases.length]!;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const gabor = Float64Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [(i % side) - middle, Math.floor(i / side) - middle];
      const across = x * cos + y * sin;
      const along = 0.6 * (y * cos - x * sin);
      const envelope = Math.exp(-(across ** 2 + along ** 2) / (2 * sigma ** 2));
      return envelope * Math.cos((2 * Math.PI * across) / wavelength + phase);
    });
    const mean = gabor.reduce((sum, value) => sum + value, 0) / gabor.length;
    const total = gabor.reduce((sum, value) => sum + Math.abs(value - mean), 0);
    for (const [i, value] of gabor.entries()) {
      const weight = (strengthMv * (value - mean)) / total;
      weightsMv[2 * (kernel * side * side + i)] = weight;
      weightsMv[2 * (kernel * side * side + i) + 1] = -weight;
    }
  }
  return { kernels, weightsMv };
}
