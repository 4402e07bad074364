// The two judges agree with one another: the oracle in TypeScript with what Brian2 recorded. The library takes no part.
import { describe, expect, it } from 'vitest';
import { type Lif, runIzhikevich, runLif } from './neuron_oracle.js';
import { byNeuron, type Train } from './random.js';
import { type Pairs, parameters, read } from './recorded.js';
import { type Rule, weightAfter } from './synapse_oracle.js';

/** What reaches each of `size` neurons, of trains, pairs and weights. */
function arrivalsOf(size: number, parts: readonly [Train, Pairs, number][]): Map<number, number[]>[] {
  const arrivals = Array.from({ length: size }, () => new Map<number, number[]>());
  for (const [train, { pre, post, delay }, weight] of parts) {
    const fired = byNeuron(Math.max(...pre) + 1, { neuron: train.neuron, step: train.step });
    pre.forEach((from, k) => {
      for (const step of fired[from]) {
        const there = arrivals[post[k]].get(step + delay[k]) ?? [];
        there.push(weight);
        arrivals[post[k]].set(step + delay[k], there);
      }
    });
  }
  return arrivals;
}

/** The spikes of those neurons that are pre-neurons of `pairs`. */
function among(train: Train, { pre }: Pairs): Train {
  const wanted = new Set(pre);
  const kept = train.neuron.map((_, k) => k).filter((k) => wanted.has(train.neuron[k]));
  return { neuron: kept.map((k) => train.neuron[k]), step: kept.map((k) => train.step[k]) };
}

describe('the oracle and Brian2', () => {
  for (const kind of ['pair', 'triplet', 'reward'] as const) {
    const recorded = read(`./recorded/${kind}.json`);
    for (const [variant, atCheckpoints] of Object.entries<number[][]>(recorded.weights)) {
      it(`${kind}, ${variant}: the same weights`, () => {
        const p = parameters.trains;
        const { rewards = [], weight: _, weightMax, ...rest } = parameters[kind];
        const [pairing, bounds] = variant.split(' ');
        const rule = { kind, pairing, bounds, wMin: 0, wMax: weightMax, ...rest } as Rule;
        const pres = byNeuron(p.pre, recorded.preSpikes);
        const posts = byNeuron(p.post, recorded.postSpikes);
        p.checkpoints.forEach((until: number, checkpoint: number) => {
          for (let k = 0; k < p.pre * p.post; k++) {
            const arrivals = pres[Math.floor(k / p.post)].map((step) => step + p.delaySteps);
            const life = { dtMs: p.dtMs, arrivals, posts: posts[k % p.post], rewards, until };
            const weight = weightAfter(rule, recorded.initial[k], life);
            expect(Math.abs(weight - atCheckpoints[checkpoint][k])).toBeLessThan(2e-8);
          }
        });
      });
    }
  }

  for (const name of ['lif_current', 'lif_conductance'] as const) {
    it(`${name}: each neuron fires at the same steps, given what it receives`, () => {
      const p = parameters[name];
      const recorded = read(`./recorded/${name}.json`);
      const arrivals = arrivalsOf(p.neurons, [
        [recorded.inputSpikes, recorded.input, p.input.weight],
        [among(recorded.spikes, recorded.excitatory), recorded.excitatory, p.excitatory.weight],
        [among(recorded.spikes, recorded.inhibition), recorded.inhibition, -Math.abs(p.inhibition.weight)],
      ]);
      const fired = byNeuron(p.neurons, recorded.spikes);
      const { excitatoryReversalMv: excitatoryMv, inhibitoryReversalMv: inhibitoryMv } = p;
      for (let i = 0; i < p.neurons; i++) {
        const lif: Lif = {
          ...p,
          tauMs: recorded.tauMs[i],
          thresholdMv: recorded.thresholdMv[i],
          driveMv: recorded.driveMv[i],
          ...(name === 'lif_conductance' ? { reversals: { excitatoryMv, inhibitoryMv } } : {}),
        };
        expect(runLif(lif, p.dtMs, p.steps, recorded.initialMv[i], arrivals[i]).spikes).toEqual(fired[i]);
      }
    });
  }

  it('izhikevich: each neuron fires at the same steps, given what it receives', () => {
    const p = parameters.izhikevich;
    const recorded = read('./recorded/izhikevich.json');
    const size = p.neurons.length * p.copies;
    const arrivals = arrivalsOf(size, [
      [recorded.inputSpikes, recorded.input, p.input.weight],
      [among(recorded.spikes, recorded.excitatory), recorded.excitatory, p.excitatory.weight],
    ]);
    const fired = byNeuron(size, recorded.spikes);
    for (let i = 0; i < size; i++) {
      const { a, b, c, d } = p.neurons[i % p.neurons.length];
      const cell = { a, b, c, d, peakMv: p.peakMv, drive: recorded.drive[i], tauMs: p.excitatoryTauMs };
      expect(runIzhikevich(cell, p.dtMs, p.steps, arrivals[i]).spikes).toEqual(fired[i]);
    }
  });
});
