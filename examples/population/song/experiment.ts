// One run of the experiment of Song, Miller and Abbott 2000: a neuron whose 1,000 excitatory synapses compete.
//
// The numbers are those of the example `synapses/STDP` of Brian2, which adapts the paper: no inhibitory input, tau 10 ms, and
// amplitudes of 0.01 in place of 0.005, so that it takes less time. As in the paper, depression is 1.05 times potentiation.
import { lif, pairStdp, SpikingNetwork } from 'neuronbus/population';
import { dip, dipProbability, tenths } from '../statistics.js';

const SYNAPSES = 1000;
const RATE_HZ = 15;
const MAX_WEIGHT = 0.01; // of the leak conductance
const A_PLUS = 0.01; // of the greatest weight
export const FULL_MS = 300_000;
export const QUICK_MS = 60_000;

export interface Result {
  readonly seed: number;
  /** In units of the greatest weight. */
  readonly weights: Float32Array;
  /** Of the neuron in the last fifth of the run, Hz. */
  readonly rateHz: number;
  /** Share of the weights in each tenth of their range. */
  readonly tenths: readonly number[];
  /** Hartigan's dip of the weights, and how often a unimodal distribution would have as great a one. */
  readonly dip: number;
  readonly probability: number;
  /** Both outer tenths hold more weights than any other tenth, and the dip is not chance (1 %). */
  readonly bimodal: boolean;
}

/** `bounds`: 'additive' as in the paper; 'multiplicative' for comparison (van Rossum, Bi and Turrigiano 2000: one mode). */
export async function runTrial(
  seed: number,
  durationMs: number,
  bounds: 'additive' | 'multiplicative' = 'additive',
): Promise<Result> {
  const network = new SpikingNetwork({ dtMs: 0.1, seed, threads: 1 });
  const input = network.poisson(SYNAPSES, { rateHz: RATE_HZ });
  const neuron = network.population(
    1,
    lif({
      ...{ tauMs: 10, restMv: -74, thresholdMv: -54, resetMv: -60, refractoryMs: 0, synapseTauMs: 5 },
      conductance: { excitatoryReversalMv: 0 },
    }),
  );
  const aPlus = bounds === 'additive' ? A_PLUS * MAX_WEIGHT : A_PLUS;
  const synapses = network.connect(input, neuron, {
    ...{ pattern: 'all-to-all', weight: { uniform: [0, MAX_WEIGHT] }, delayMs: 0.1 },
    plasticity: pairStdp({
      ...{ aPlus, aMinus: 1.05 * aPlus, tauPlusMs: 20, tauMinusMs: 20, wMin: 0, wMax: MAX_WEIGHT },
      ...{ pairing: 'all', bounds },
    }),
  });
  const last = durationMs / 5;
  await network.run(durationMs - last);
  const before = neuron.spikeCounts[0]!;
  await network.run(last);
  const rateHz = (neuron.spikeCounts[0]! - before) / (last / 1000);
  const weights = synapses.weights.map((weight) => weight / MAX_WEIGHT);
  network.close();
  return { seed, weights, rateHz, ...shapeOf(weights) };
}

/** Of weights in [0, 1]. */
export function shapeOf(weights: Float32Array) {
  const shares = tenths(weights, 1);
  const distance = dip(weights);
  const probability = dipProbability(distance, weights.length, 999, 1);
  const inner = Math.max(...shares.slice(1, 9));
  const bimodal = Math.min(shares[0]!, shares[9]!) > inner && probability <= 0.01;
  return { tenths: shares, dip: distance, probability, bimodal };
}
