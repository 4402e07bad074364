// SPDX-License-Identifier: MIT
//
// Scenario: the rows of plastic weights that do not fit into a cache, beside a copy of as many bytes.

import { lif, pairStdp, SpikingNetwork } from 'neuronbus/population';
import type { Effort, Sample, Scenario, Variant } from '../harness/types.js';

const posts = 10_000;
const blocks = 12;
const sizeOf = ({ quick }: Effort) => ({
  pres: quick ? 3000 : 12_000,
  steps: quick ? 60 : 240,
  perStep: 100,
});

/** Every row in turn, a hundred a step; the post-neurons fire `hz` times a second, or never. */
async function rows(hz: number, effort: Effort): Promise<Sample> {
  const { pres, steps, perStep } = sizeOf(effort);
  const net = new SpikingNetwork({ dtMs: 1, seed: 1 });
  const neurons: number[] = [];
  const timesMs: number[] = [];
  const warmup = Math.ceil(pres / perStep);
  for (let step = 0; step < warmup + steps; step++) {
    for (let i = 0; i < perStep; i++) {
      neurons.push((step * perStep + i) % pres);
      timesMs.push(step);
    }
  }
  const source = net.spikeSource(pres, { neurons, timesMs });
  // With a steady drive the interval is refractory + tau ln(drive / (drive - 15)); each begins somewhere in it.
  const driven = { refractoryMs: Math.round(1000 / hz) - 20, tauMs: 20, driveMv: 15 / (1 - Math.exp(-1)) };
  const model = lif({ tauMs: 20, synapseTauMs: 5, ...(hz > 0 ? driven : {}) });
  const initial = { potentialMv: { uniform: [-70, -55] } as const };
  const outputs = net.population(posts, model, hz > 0 ? { initial } : {});
  net.connect(source, outputs, {
    ...{ pattern: 'all-to-all', weightMv: { uniform: [0, 1e-6] }, delayMs: 1 },
    plasticity: pairStdp({ aPlus: 1e-9, aMinus: 1e-9, wMin: 0, wMax: 1e-6 }),
  });
  await net.run(warmup);
  const fired = (): number => outputs.spikeCounts.reduce((sum, count) => sum + count, 0);
  let best: Sample = { updates: 0 };
  for (let block = 0; block < blocks; block++) {
    const before = fired();
    const begin = performance.now();
    await net.run(steps / blocks);
    const seconds = (performance.now() - begin) / 1000;
    const arrivals = (steps / blocks) * perStep * posts;
    const postEvents = (fired() - before) * pres;
    const sample = {
      updates: (arrivals + postEvents) / seconds / 1e6,
      traffic: (arrivals * 8) / seconds / 1e9,
      'of pre': (100 * arrivals) / (arrivals + postEvents),
    };
    if (sample.updates > best.updates) best = sample;
  }
  net.close();
  return best;
}

/** Bytes read and written, as for the rows. */
function copy(effort: Effort): Sample {
  const { pres, steps, perStep } = sizeOf(effort);
  const from = new Float32Array((pres * posts) / 2).fill(1);
  const to = new Float32Array(from.length).fill(2);
  const passes = Math.max(4, Math.ceil((steps * perStep * posts) / from.length));
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    const begin = performance.now();
    to.set(from);
    least = Math.min(least, performance.now() - begin);
  }
  return { traffic: (from.byteLength * 2) / (least / 1000) / 1e9 };
}

export const names = { arrivals: 'arrivals alone', both: 'arrivals and post-spikes at 15 Hz', copy: 'copy' };

const variants: Variant[] = [
  { name: names.arrivals, role: 'neuronbus', run: (effort) => rows(0, effort) },
  { name: names.both, role: 'neuronbus', run: (effort) => rows(15, effort) },
  { name: names.copy, role: 'limit', against: names.arrivals, run: copy },
];

export const scenario: Scenario = {
  name: 'population/kernel',
  title: 'The kernel of STDP',
  note:
    '12,000 sources all to all onto 10,000 LIF neurons: 480 MB of weights, of which 100 rows are visited in each step, one thread. An update is a pre-spike or a ' +
    'post-spike at one synapse; traffic counts 4 bytes read and 4 written for each visit, and for the copy (a memmove of 240 MB) what is read and written. Whole steps are timed, twelve blocks of them, and the fastest block and the fastest copy count.',
  metrics: [
    { name: 'updates', unit: 'M/s', better: 'higher' },
    { name: 'traffic', unit: 'GB/s', better: 'higher' },
    { name: 'of pre', unit: '%', better: 'neither' },
  ],
  repetitions: 3,
  variants,
};
