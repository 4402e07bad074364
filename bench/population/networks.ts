// SPDX-License-Identifier: MIT
//
// Our side of the networks that are compared with others; the numbers are those of networks.json, which both sides read.
//
// Belongs to the process of one variant.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lif, type Population, pairStdp, SpikingNetwork } from 'neuronbus/population';
import { projectRoot } from '../harness/machine.js';

type Numbers<T extends string> = Readonly<Record<T, number>>;
type Lif = 'tauMs' | 'restMv' | 'thresholdMv' | 'resetMv' | 'refractoryMs';
type Plastic =
  | Lif
  | 'dtMs'
  | 'inputs'
  | 'neurons'
  | 'rateHz'
  | 'synapseTauMs'
  | 'delayMs'
  | 'weightMax'
  | 'aPlus'
  | 'aMinus'
  | 'tauPlusMs'
  | 'tauMinusMs';
type Cuba =
  | Lif
  | 'dtMs'
  | 'excitatory'
  | 'inhibitory'
  | 'probability'
  | 'excitatoryTauMs'
  | 'inhibitoryTauMs'
  | 'excitatoryMv'
  | 'inhibitoryMv'
  | 'delayMs';

const file = join(projectRoot(), 'bench', 'population', 'networks.json');
const numbers = JSON.parse(readFileSync(file, 'utf8')) as { plastic: Numbers<Plastic>; cuba: Numbers<Cuba> };
export const plasticNumbers = numbers.plastic;
export const cubaNumbers = numbers.cuba;

const lifOf = ({ tauMs, restMv, thresholdMv, resetMv, refractoryMs }: Numbers<Lif>) => ({
  ...{ tauMs, restMv, thresholdMv, resetMv, refractoryMs },
});

export interface Timed {
  /** Wall clock. */
  readonly seconds: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Poisson neurons to LIF neurons, all to all, pair STDP. */
export async function runPlastic(threads: number, simulatedMs: number): Promise<Timed> {
  const p = plasticNumbers;
  const net = new SpikingNetwork({ dtMs: p.dtMs, seed: 1, threads });
  const inputs = net.poisson(p.inputs, { rateHz: p.rateHz });
  const outputs = net.population(p.neurons, lif({ ...lifOf(p), synapseTauMs: p.synapseTauMs }));
  const { aPlus, aMinus, tauPlusMs, tauMinusMs, weightMax } = p;
  net.connect(inputs, outputs, {
    pattern: 'all-to-all',
    weightMv: { uniform: [0, weightMax] },
    delayMs: p.delayMs,
    plasticity: pairStdp({ aPlus, aMinus, tauPlusMs, tauMinusMs, wMin: 0, wMax: weightMax, pairing: 'all' }),
  });
  return timed(net, simulatedMs, [inputs], [outputs]);
}

/** Vogels & Abbott 2005, J. Neurosci. 25:10786, with currents, as in Brette et al. 2007, J. Comput. Neurosci. 23:349. */
export async function runCuba(threads: number, simulatedMs: number): Promise<Timed> {
  const p = cubaNumbers;
  const net = new SpikingNetwork({ dtMs: p.dtMs, seed: 1, threads });
  const model = lif({
    ...lifOf(p),
    ...{ synapseTauMs: p.excitatoryTauMs, inhibitorySynapseTauMs: p.inhibitoryTauMs },
  });
  const initial = { potentialMv: { uniform: [p.resetMv, p.thresholdMv] as const } };
  const excitatory = net.population(p.excitatory, model, { initial });
  const inhibitory = net.population(p.inhibitory, model, { initial });
  for (const [pre, weightMv] of [
    [excitatory, p.excitatoryMv],
    [inhibitory, p.inhibitoryMv],
  ] as const) {
    for (const post of [excitatory, inhibitory]) {
      const { probability, delayMs } = p;
      net.connect(pre, post, { pattern: 'fixed-probability', probability, weightMv, delayMs, self: true });
    }
  }
  return timed(net, simulatedMs, [], [excitatory, inhibitory]);
}

async function timed(
  net: SpikingNetwork,
  simulatedMs: number,
  inputs: readonly Population[],
  outputs: readonly Population[],
): Promise<Timed> {
  const begin = performance.now();
  await net.run(simulatedMs);
  const seconds = (performance.now() - begin) / 1000;
  const count = (populations: readonly Population[]): number =>
    populations.reduce((sum, { spikeCounts }) => sum + spikeCounts.reduce((a, b) => a + b, 0), 0);
  const result = { seconds, inputs: count(inputs), outputs: count(outputs) };
  net.close();
  return result;
}
