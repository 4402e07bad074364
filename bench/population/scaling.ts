// SPDX-License-Identifier: MIT
//
// Scenario: the cost of a synaptic event as the network grows, with 100 synapses a neuron.

import { lif, type PlasticityRule, pairStdp, SpikingNetwork } from 'neuronbus/population';
import { median } from '../harness/measure.js';
import type { Effort, Sample, Scenario, Variant } from '../harness/types.js';

export const sizes = [10_000, 50_000, 100_000, 250_000, 1_000_000];
export const kinds = ['static', 'plastic'] as const;
const degree = 100;
/** Of the spikes of one neuron, about. */
const intervalMs = 50;

export function variantName(size: number, kind: (typeof kinds)[number]): string {
  return `${size.toLocaleString('en')} neurons, ${kind}`;
}

/**
 * Neurons that fire by themselves, about 20 times a second, each in its own rhythm, over synapses too weak to matter: so the
 * number of events does not depend on how many there are.
 */
async function grown(size: number, rule: PlasticityRule | undefined, { quick }: Effort): Promise<Sample> {
  const net = new SpikingNetwork({ dtMs: 1, seed: 1 });
  const model = lif({ tauMs: 20, driveMv: { uniform: [16, 17] }, refractoryMs: 2, synapseTauMs: 5 });
  const neurons = net.population(size, model, { initial: { potentialMv: { uniform: [-70, -55] } } });
  const begin = performance.now();
  const projection = net.connect(neurons, neurons, {
    ...{ pattern: 'fixed-out-degree', degree, weightMv: { uniform: [0, 0.001] }, delayMs: 1 },
    ...(rule === undefined ? {} : { plasticity: rule }),
  });
  const build = performance.now() - begin;
  const fired = (): number => neurons.spikeCounts.reduce((sum, count) => sum + count, 0);
  // Every network first comes to the state in which each synapse has seen its pre- and its post-neuron fire several times, and a block
  // is as long as the interval of a neuron at least: else large networks would be measured younger than small ones.
  await net.run(quick ? intervalMs : 4 * intervalMs);
  const costs: number[] = [];
  let spikes = 0;
  let spentMs = 0;
  const blocks = quick ? 3 : 8;
  const blockMs = Math.max(intervalMs, Math.round((quick ? 2e5 : 2e6) / size));
  for (let block = 0; block < blocks; block++) {
    const before = fired();
    const start = performance.now();
    await net.run(blockMs);
    const spent = performance.now() - start;
    const count = fired() - before;
    spikes += count;
    spentMs += spent;
    costs.push((spent * 1e6) / (count * degree));
  }
  const rate = (spikes / size / (blocks * blockMs)) * 1000;
  const steps = (blocks * blockMs * 1000) / spentMs;
  const each = projection.bytesPerSynapse;
  net.close();
  return { event: median(costs), build, each, rate, steps };
}

const rules = {
  static: () => undefined,
  plastic: () => pairStdp({ aPlus: 1e-5, aMinus: 1e-5, wMin: 0, wMax: 0.001 }),
};

export const scenario: Scenario = {
  name: 'population/scaling',
  title: 'From ten thousand to a million neurons',
  note:
    'LIF neurons with 100 random synapses each, weights of their own, steps of 1 ms, one thread; they fire about 20 times a second. "event" is the time of all steps ' +
    'divided by spikes times 100, the median of eight blocks of 50 ms or more, after 200 ms; "build" is the time of connect(); "each" is a synapse; "rate" is that of a ' +
    'neuron, which its drive decides, and "steps" how many the network does in a second.',
  metrics: [
    { name: 'event', unit: 'ns', better: 'lower' },
    { name: 'build', unit: 'ms', better: 'lower' },
    { name: 'each', unit: 'B', better: 'lower' },
    { name: 'rate', unit: 'Hz', better: 'neither' },
    { name: 'steps', unit: 'Hz', better: 'higher' },
  ],
  repetitions: 3,
  variants: kinds.flatMap((kind) =>
    sizes.map(
      (size): Variant => ({
        name: variantName(size, kind),
        role: 'neuronbus',
        run: (effort) => grown(size, rules[kind](), effort),
      }),
    ),
  ),
};
