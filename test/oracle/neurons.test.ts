// Model neurons against a double-precision oracle, neuron by neuron and step by step, and against the closed form.
import { adaptiveLif, izhikevich, lif, SpikingNetwork } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import {
  type Arrivals,
  type Izhikevich,
  type Lif,
  runIzhikevich,
  runLif,
  steadyIntervalMs,
} from './neuron_oracle.js';
import { byNeuron, randomFrom, randomTrain, type Train } from './random.js';
import { available, timed } from './support.js';

const seed = Number(process.env.ORACLE_SEED ?? 30_031);
const size = 37;
const steps = 4000;
const inputs = 30;
const DELAY = 2;

const base: Lif = {
  ...{ tauMs: 10, restMv: -70, thresholdMv: -55, resetMv: -72, refractoryMs: 2 },
  ...{ excitatoryTauMs: 5, inhibitoryTauMs: 8, driveMv: 0 },
};
const lifs: Record<string, { lif: Lif; weights: readonly number[]; dtMs: number }> = {
  currents: { lif: base, weights: [6, 5, -4], dtMs: 0.1 },
  'equal time constants': {
    lif: { ...base, excitatoryTauMs: 10, inhibitoryTauMs: 10 },
    weights: [4, -2],
    dtMs: 0.1,
  },
  'nearly equal time constants': {
    lif: { ...base, excitatoryTauMs: 10 * (1 + 1e-9), inhibitoryTauMs: 10 * (1 - 1e-7) },
    ...{ weights: [4, -2], dtMs: 0.1 },
  },
  jumps: { lif: { ...base, excitatoryTauMs: 0, inhibitoryTauMs: 0 }, weights: [2, 1.5, -1], dtMs: 0.1 },
  'jumps beside currents': { lif: { ...base, excitatoryTauMs: 0 }, weights: [2, 1.5, -3], dtMs: 0.1 },
  'steps of a millisecond': { lif: base, weights: [5, 2, -1], dtMs: 1 },
  'steps longer than the synapse': { lif: { ...base, excitatoryTauMs: 0.5 }, weights: [80, -5], dtMs: 1 },
  'no refractory period': { lif: { ...base, refractoryMs: 0, driveMv: 20 }, weights: [6, -4], dtMs: 0.1 },
  'a threshold that rises': {
    lif: { ...base, driveMv: 18, increment: { mv: 2, tauMs: 50 } },
    ...{ weights: [6, -4], dtMs: 0.1 },
  },
  conductances: {
    lif: { ...base, driveMv: 5, reversals: { excitatoryMv: 0, inhibitoryMv: -80 } },
    ...{ weights: [0.125, 0.25, -0.5], dtMs: 0.1 },
  },
};

/** Random input to `size` neurons: neuron i receives every spike of input j with weight `weights[(i + j) % ...]`, some none. */
function wire(random: () => number, weights: readonly number[], train: Train, runSteps: number) {
  const pre: number[] = [];
  const post: number[] = [];
  const weight: number[] = [];
  for (let j = 0; j < inputs; j++) {
    for (let i = 0; i < size; i++) {
      if (random() < 0.3) continue;
      pre.push(j);
      post.push(i);
      weight.push(weights[(i + j) % weights.length]);
    }
  }
  const arrivals = Array.from({ length: size }, () => new Map<number, number[]>());
  const fired = byNeuron(inputs, train);
  for (let k = 0; k < pre.length; k++) {
    for (const step of fired[pre[k]]) {
      if (step + DELAY >= runSteps) continue;
      const there = arrivals[post[k]].get(step + DELAY) ?? [];
      there.push(weight[k]);
      arrivals[post[k]].set(step + DELAY, there);
    }
  }
  return { pre, post, weight, arrivals: arrivals as readonly Arrivals[] };
}

function optionsOf(model: Lif) {
  const { excitatoryTauMs, inhibitoryTauMs, reversals, increment, ...rest } = model;
  const options = { ...rest, synapseTauMs: excitatoryTauMs, inhibitorySynapseTauMs: inhibitoryTauMs };
  const conductance = reversals && {
    excitatoryReversalMv: reversals.excitatoryMv,
    inhibitoryReversalMv: reversals.inhibitoryMv,
  };
  const whole = conductance === undefined ? options : { ...options, conductance };
  return increment === undefined
    ? lif(whole)
    : adaptiveLif({ ...whole, thresholdIncrementMv: increment.mv, thresholdTauMs: increment.tauMs });
}

describe.skipIf(!available)(`with seed ${seed}, LIF neurons do what the oracle does`, () => {
  for (const [name, { lif: model, weights, dtMs }] of Object.entries(lifs)) {
    for (const threads of [1, 2]) {
      it(`${name}, ${threads} threads`, async () => {
        const random = randomFrom(seed);
        const train = randomTrain(random, inputs, [0, steps], Math.min(0.1, dtMs * 0.1));
        const { pre, post, weight, arrivals } = wire(random, weights, train, steps);
        const initial = Array.from({ length: size }, () => model.restMv + random() * 10);
        const net = new SpikingNetwork({ dtMs, threads });
        const source = net.spikeSource(inputs, timed(train, dtMs));
        const neurons = net.population(size, optionsOf(model), { initial: { potentialMv: initial } });
        net.connect(source, neurons, { pattern: 'list', pre, post, weight, delayMs: DELAY * dtMs });
        const spikes = net.record(neurons, { spikes: true });
        const potentials = net.record(neurons, { potentials: true, everyMs: 100 * dtMs });
        await net.run(steps * dtMs);
        const { neuron, timeMs } = spikes.spikes;
        const fired = byNeuron(size, {
          neuron: [...neuron],
          step: [...timeMs].map((time) => Math.round(time / dtMs)),
        });
        const { values } = potentials.potentials;
        net.close();
        expect(neuron.length).toBeGreaterThan(size);
        for (let i = 0; i < size; i++) {
          const exact = runLif(model, dtMs, steps, initial[i], arrivals[i]);
          expect(fired[i], `neuron ${i}`).toEqual(exact.spikes);
          for (let sample = 0; sample * 100 < steps; sample++) {
            const difference = values[sample * size + i] - exact.potentials[sample * 100];
            expect(Math.abs(difference), `neuron ${i}, sample ${sample}`).toBeLessThan(2e-5);
          }
        }
      });
    }
  }

  it('at intervals of the closed form, within one step', async () => {
    const dtMs = 0.1;
    const drives = Array.from({ length: size }, (_, i) => 15.5 + i);
    const driven = new SpikingNetwork({ dtMs });
    const { excitatoryTauMs: _, inhibitoryTauMs: __, ...rest } = base;
    const cells = driven.population(size, lif({ ...rest, driveMv: drives }), {
      initial: { potentialMv: base.resetMv },
    });
    const spikes = driven.record(cells);
    await driven.run(500);
    const { neuron, timeMs } = spikes.spikes;
    driven.close();
    for (let i = 0; i < size; i++) {
      const times = [...timeMs].filter((_time, k) => neuron[k] === i);
      const interval = steadyIntervalMs({ ...base, driveMv: drives[i] });
      expect(times.length).toBeGreaterThan(2);
      // Found after the step in which the threshold was reached, so a spike at step k means the time (k + 1) dt, or a step less.
      expect(Math.abs(times[0] + dtMs - (interval - base.refractoryMs))).toBeLessThan(dtMs);
      for (let k = 1; k < times.length; k++) {
        const late = times[k] - times[k - 1] - interval;
        expect(Math.abs(late), `neuron ${i}, spike ${k}`).toBeLessThan(dtMs + 1e-9);
      }
    }
  });
});

const cells: Record<string, Omit<Izhikevich, 'peakMv' | 'drive' | 'tauMs'>> = {
  'regular-spiking': { a: 0.02, b: 0.2, c: -65, d: 8 },
  'intrinsically-bursting': { a: 0.02, b: 0.2, c: -55, d: 4 },
  chattering: { a: 0.02, b: 0.2, c: -50, d: 2 },
  'fast-spiking': { a: 0.1, b: 0.2, c: -65, d: 2 },
  'low-threshold-spiking': { a: 0.02, b: 0.25, c: -65, d: 2 },
  resonator: { a: 0.1, b: 0.26, c: -65, d: 2 },
};

describe.skipIf(!available)(`with seed ${seed}, Izhikevich neurons do what the oracle does`, () => {
  for (const [type, cell] of Object.entries(cells)) {
    for (const tauMs of [0, 5]) {
      it(`${type}, ${tauMs === 0 ? 'jumps' : 'currents'}`, async () => {
        const dtMs = 0.1;
        const random = randomFrom(seed);
        const train = randomTrain(random, inputs, [0, 2000], dtMs * 0.02);
        const { pre, post, weight, arrivals } = wire(random, tauMs === 0 ? [1.5, -1] : [3, -2], train, 2000);
        const drive = Array.from({ length: size }, () => 2 + 8 * random());
        const net = new SpikingNetwork({ dtMs });
        const source = net.spikeSource(inputs, timed(train, dtMs));
        const initial = { potentialMv: cell.c, recovery: cell.b * cell.c };
        const neurons = net.population(size, izhikevich({ ...cell, drive, synapseTauMs: tauMs }), {
          initial,
        });
        net.connect(source, neurons, { pattern: 'list', pre, post, weight, delayMs: DELAY * dtMs });
        const spikes = net.record(neurons, { spikes: true });
        await net.run(2000 * dtMs);
        const { neuron, timeMs } = spikes.spikes;
        const fired = byNeuron(size, {
          neuron: [...neuron],
          step: [...timeMs].map((time) => Math.round(time / dtMs)),
        });
        net.close();
        let compared = 0;
        for (let i = 0; i < size; i++) {
          const exact = { ...cell, peakMv: 30, drive: drive[i], tauMs };
          const run = (offsetMv: number) => runIzhikevich(exact, dtMs, 2000, arrivals[i], offsetMv).spikes;
          const [spikes, disturbed] = [run(0), run(1e-11)];
          // Some of them are chaotic: what the twelfth digit decides is nobody's mistake.
          const split = spikes.findIndex((step, k) => step !== disturbed[k]);
          const certain = split < 0 ? spikes.length : split;
          compared += certain;
          expect(fired[i].slice(0, certain), `neuron ${i}`).toEqual(spikes.slice(0, certain));
        }
        expect(compared).toBeGreaterThan(2 * size);
      });
    }
  }
});
