// SPDX-License-Identifier: MIT
//
// Scenario: the CUBA benchmark, 4,000 LIF neurons with 2 % connectivity; beside Brian2.

import type { Sample, Scenario, Variant } from '../harness/types.js';
import { brian2Unavailable, runBrian2, simulatedMs } from './brian2.js';
import { cubaNumbers, runCuba, type Timed } from './networks.js';

function sampleOf({ seconds, processorSeconds, outputs }: Timed): Sample {
  const neurons = cubaNumbers.excitatory + cubaNumbers.inhibitory;
  const simulated = simulatedMs / 1000;
  return {
    second: (seconds * 1000) / simulated,
    processor: (processorSeconds * 1000) / simulated,
    rate: outputs / neurons / simulated,
  };
}

const threadNames = ['', 'one thread', 'two threads'];

const variants = [1, 2].flatMap((threads): Variant[] => [
  {
    name: threadNames[threads],
    role: 'neuronbus',
    run: async () => sampleOf(await runCuba(threads, simulatedMs)),
  },
  {
    name: `Brian2, C++ standalone, ${threadNames[threads]}`,
    role: 'peer',
    against: threadNames[threads],
    unavailable: () => brian2Unavailable('cuba', threads),
    run: () => sampleOf(runBrian2('cuba', threads)),
  },
]);

export const scenario: Scenario = {
  name: 'population/cuba',
  title: 'The CUBA network',
  note:
    '3,200 excitatory and 800 inhibitory LIF neurons, each pair connected with probability 0.02, currents, steps of 0.1 ms, a delay of one step, 5 s simulated ' +
    '(Brette et al. 2007, J. Comput. Neurosci. 23:349; Brian2\'s example CUBA). "second" is the time that a simulated second takes, "processor" what it takes of all processors; the rates tell that both are in the same state.',
  metrics: [
    { name: 'second', unit: 'ms', better: 'lower' },
    { name: 'processor', unit: 'ms', better: 'lower' },
    { name: 'rate', unit: 'Hz', better: 'neither' },
  ],
  repetitions: 3,
  variants,
};
