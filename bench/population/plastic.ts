// SPDX-License-Identifier: MIT
//
// Scenario: 1,000 Poisson neurons to 1,000 LIF neurons, all to all, a million synapses with pair STDP; beside Brian2.

import type { Sample, Scenario, Variant } from '../harness/types.js';
import { type Brian2Network, brian2Unavailable, runBrian2, simulatedMs } from './brian2.js';
import { plasticNumbers, runPlastic, type Timed } from './networks.js';

/** An event is a pre-spike or a post-spike at one synapse. */
function sampleOf({ seconds, processorSeconds, inputs, outputs }: Timed): Sample {
  const { inputs: pres, neurons: posts } = plasticNumbers;
  const simulated = simulatedMs / 1000;
  return {
    events: (inputs * posts + outputs * pres) / seconds / 1e6,
    second: (seconds * 1000) / simulated,
    processor: (processorSeconds * 1000) / simulated,
    'of pre': (100 * inputs * posts) / (inputs * posts + outputs * pres),
    'pre rate': inputs / pres / simulated,
    'post rate': outputs / posts / simulated,
  };
}

const threadNames = ['', 'one thread', 'two threads'];

function ours(threads: number): Variant {
  return {
    name: threadNames[threads],
    role: 'neuronbus',
    run: async () => sampleOf(await runPlastic(threads, simulatedMs)),
  };
}

function theirs(network: Brian2Network, threads: number, name: string): Variant {
  return {
    name: `${name}, ${threadNames[threads]}`,
    role: 'peer',
    against: threadNames[threads],
    unavailable: () => brian2Unavailable(network, threads),
    run: () => sampleOf(runBrian2(network, threads)),
  };
}

export const brian2Names = { documented: 'Brian2, C++ standalone', lean: 'Brian2, traces in neurons' };

export const scenario: Scenario = {
  name: 'population/plastic',
  title: 'A million plastic synapses',
  note:
    '1,000 Poisson neurons at 15 Hz, all to all onto 1,000 LIF neurons, additive pair STDP of all pairs, steps of 1 ms, 5 s simulated. ' +
    'Both sides read bench/population/networks.json. Brian2 is its C++ standalone target with -O3 -march=native -ffast-math; once as its documentation writes STDP, once ' +
    'with the traces in the neurons, which spares it the exponentials of each synapse. An event is a pre-spike or a post-spike at one synapse; "second" is the time that a simulated second takes, "processor" what it takes of all processors.',
  metrics: [
    { name: 'events', unit: 'M/s', better: 'higher' },
    { name: 'second', unit: 'ms', better: 'lower' },
    { name: 'processor', unit: 'ms', better: 'lower' },
    { name: 'of pre', unit: '%', better: 'neither' },
    { name: 'pre rate', unit: 'Hz', better: 'neither' },
    { name: 'post rate', unit: 'Hz', better: 'neither' },
  ],
  repetitions: 3,
  variants: [
    ours(1),
    ours(2),
    ...[1, 2].flatMap((threads) => [
      theirs('plastic', threads, brian2Names.documented),
      theirs('plastic_lean', threads, brian2Names.lean),
    ]),
  ],
};
