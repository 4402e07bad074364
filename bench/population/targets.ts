// SPDX-License-Identifier: MIT
//
// What spiking networks are wanted to reach. Pure functions over results: any thread.

import { atMost, type Lookup, ratio, type Target } from '../harness/targets.js';
import { names as kernel } from './kernel.js';
import { kinds as memory, neuronName } from './memory.js';
import { brian2Names } from './plastic.js';
import { kinds, sizes, variantName } from './scaling.js';

const plastic = (text: string, limit: number, name: string): Target =>
  ratio(text, limit, 'population/plastic', 'one thread', `${name}, one thread`, 'events');

/** How much dearer an event is in the dearest network than in the cheapest, which is wanted, and than in the smallest. */
function growth(kind: (typeof kinds)[number]): Target {
  return {
    text: `${kind}: a synaptic event in the dearest network, of one in the cheapest (of one among ${sizes[0].toLocaleString('en')} neurons)`,
    target: '≤ 1.5 ×',
    evaluate: (find: Lookup) => {
      const costs = sizes.map((size) => find('population/scaling', variantName(size, kind), 'event')?.median);
      const known = costs.filter((cost) => cost !== undefined);
      if (known.length < costs.length) return undefined;
      const dearest = Math.max(...known);
      const [ofCheapest, ofSmallest] = [dearest / Math.min(...known), dearest / known[0]];
      return {
        measured: `${ofCheapest.toFixed(2)} × (${ofSmallest.toFixed(2)} ×)`,
        met: ofCheapest <= 1.5,
      };
    },
  };
}

const most = (synapse: string): number => (synapse.startsWith('static') ? 6 : 12);
/** Bytes of a synapse that are not its own: the ends of columns, and what the process grows by meanwhile. */
const padding = 0.02;

export const populationTargets: readonly Target[] = [
  plastic('a million plastic synapses, one thread, of Brian2', 8, brian2Names.documented),
  plastic('the same, of Brian2 with traces in the neurons', 1, brian2Names.lean),
  ratio('the same, two threads of one', 1.6, 'population/plastic', 'two threads', 'one thread', 'events'),
  ratio(
    'CUBA, one thread, of Brian2',
    4,
    'population/cuba',
    'one thread',
    'Brian2, C++ standalone, one thread',
    'second',
  ),
  ratio('CUBA, two threads of one', 1.6, 'population/cuba', 'two threads', 'one thread', 'second'),
  ratio(
    'STDP kernel, share of the bandwidth of a copy',
    0.6,
    'population/kernel',
    kernel.arrivals,
    kernel.copy,
    'traffic',
  ),
  ...Object.keys(memory).map((name) =>
    atMost(`${name}, bytes`, most(name) + padding, 'population/memory', name, 'each', `≤ ${most(name)}`),
  ),
  atMost('a LIF neuron, bytes', 64, 'population/memory', neuronName, 'each'),
  ...kinds.map(growth),
  atMost('a step of 10,000 LIF neurons without spikes, µs', 20, 'population/idle', 'LIF', 'step'),
];
