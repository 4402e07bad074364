// SPDX-License-Identifier: MIT
//
// Scenario: what a synapse and a neuron occupy, by what the operating system says about the process. Linux only.

import {
  type ConnectOptions,
  lif,
  type PlasticityRule,
  pairStdp,
  rewardStdp,
  SpikingNetwork,
  tripletStdp,
} from 'neuronbus/population';
import { residentBytes } from '../harness/resident.js';
import type { Effort, Sample, Scenario, Variant } from '../harness/types.js';

const delayMs = 1;
const own = { uniform: [0, 1] } as const;

const fanOut = (degree: number) => ({ pattern: 'fixed-out-degree', degree, weightMv: own, delayMs }) as const;
const hundred = (plasticity: PlasticityRule): ConnectOptions => ({ ...fanOut(100), plasticity });

/** Synapses among neurons whose number hardly shows beside them. */
export const kinds: Record<string, { size: number; options: () => ConnectOptions }> = {
  'plastic synapse, all to all': {
    size: 3000,
    options: () => ({ pattern: 'all-to-all', weightMv: own, delayMs, plasticity: pairStdp() }),
  },
  'plastic synapse, 100 of each neuron': {
    size: 60_000,
    options: () => hundred(pairStdp()),
  },
  'plastic synapse, triplets': {
    size: 60_000,
    options: () => hundred(tripletStdp()),
  },
  'plastic synapse, reward': {
    size: 60_000,
    options: () => hundred(rewardStdp()),
  },
  'static synapse, own weights': {
    size: 60_000,
    options: () => fanOut(500),
  },
  'static synapse, one weight': {
    size: 60_000,
    options: () => ({ ...fanOut(500), weightMv: 0.001 }),
  },
};

/**
 * With some steps done, so that everything that is made on the way is there; and after a few synapses of the same kind, because what the
 * process itself grows by at the first ones is not of the synapses.
 */
async function synapse(size: number, options: () => ConnectOptions): Promise<Sample> {
  const net = new SpikingNetwork({ dtMs: 1, seed: 1 });
  const few = net.population(600, lif());
  net.connect(net.poisson(600, { rateHz: 20 }), few, options());
  const noise = net.poisson(size, { rateHz: 20 });
  const neurons = net.population(size, lif());
  await net.run(20);
  const before = residentBytes();
  const projection = net.connect(noise, neurons, options());
  await net.run(50);
  const each = (residentBytes() - before) / projection.synapses;
  const counted = projection.bytesPerSynapse;
  net.close();
  return { each, counted };
}

/** All of them get input of both signs and fire, because memory that nobody has written to is not resident. */
async function neuron({ quick }: Effort): Promise<Sample> {
  const size = quick ? 300_000 : 2_000_000;
  const net = new SpikingNetwork({ dtMs: 1, seed: 1 });
  const sources = [0, 1].map(() => net.spikeSource(1, { neurons: [0, 0], timesMs: [1, 3] }));
  const before = { resident: residentBytes(), counted: net.bytes };
  const neurons = net.population(size, lif());
  const counted = (net.bytes - before.counted) / size;
  const inputs = sources.map((source, index) => {
    const weightMv = index === 0 ? 200 : -0.001;
    return net.connect(source, neurons, { pattern: 'all-to-all', weightMv, delayMs });
  });
  await net.run(20);
  if (neurons.spikeCounts.some((count) => count === 0)) throw new Error('somebody did not fire');
  const synapses = inputs.reduce((sum, input) => sum + input.synapses * input.bytesPerSynapse, 0);
  const each = (residentBytes() - before.resident - synapses) / size;
  net.close();
  return { each, counted };
}

export const neuronName = 'LIF neuron';

export const scenario: Scenario = {
  name: 'population/memory',
  title: 'Memory of spiking networks',
  note:
    'Growth of the resident memory of the process, after steps were done, by what was added; "counted" is what the library itself says. Offsets of rows ' +
    'are part of it; static synapses are 500 of each neuron; the neurons get input and fire, and their synapses do not count as theirs. A reward rule keeps an eligibility for each synapse.',
  metrics: [
    { name: 'each', unit: 'B', better: 'lower' },
    { name: 'counted', unit: 'B', better: 'lower' },
  ],
  nodeFlags: ['--expose-gc'],
  repetitions: 2,
  prepare: () => (process.platform === 'linux' ? undefined : 'resident memory is read from /proc'),
  variants: [
    ...Object.entries(kinds).map(
      ([name, { size, options }]): Variant => ({
        name,
        role: 'neuronbus',
        run: () => synapse(size, options),
      }),
    ),
    { name: neuronName, role: 'neuronbus', run: neuron },
  ],
};
