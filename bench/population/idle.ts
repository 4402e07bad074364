// SPDX-License-Identifier: MIT
//
// Scenario: what a step costs when nobody fires.

import { adaptiveLif, izhikevich, lif, type NeuronModel, SpikingNetwork } from 'neuronbus/population';
import type { Effort, Sample, Scenario, Variant } from '../harness/types.js';

const size = 10_000;

async function stepsWithout(model: NeuronModel, { quick }: Effort): Promise<Sample> {
  const net = new SpikingNetwork({ dtMs: 1, seed: 1 });
  const neurons = net.population(size, model);
  await net.run(500);
  let least = Number.POSITIVE_INFINITY;
  const steps = 2000;
  for (let block = 0; block < (quick ? 3 : 9); block++) {
    const begin = performance.now();
    await net.run(steps);
    least = Math.min(least, ((performance.now() - begin) * 1000) / steps);
  }
  if (neurons.spikeCounts.some((count) => count > 0)) throw new Error('somebody fired');
  net.close();
  return { step: least };
}

const models: Record<string, () => NeuronModel> = {
  LIF: () => lif({ driveMv: 5 }),
  'LIF, adaptive threshold': () => adaptiveLif({ driveMv: 5 }),
  'LIF, conductances': () =>
    lif({ driveMv: 5, conductance: { excitatoryReversalMv: 0, inhibitoryReversalMv: -80 } }),
  Izhikevich: () => izhikevich({ drive: 0 }),
};

export const scenario: Scenario = {
  name: 'population/idle',
  title: 'A step without spikes',
  note: '10,000 neurons, steps of 1 ms, one thread; the fastest of several runs of 2,000 steps, calls and slices included.',
  metrics: [{ name: 'step', unit: 'µs', better: 'lower' }],
  variants: Object.entries(models).map(
    ([name, model]): Variant => ({ name, role: 'neuronbus', run: (effort) => stepsWithout(model(), effort) }),
  ),
};
