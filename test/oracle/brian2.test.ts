// The library against Brian2: the same networks, the same input spikes. Brian2's side was recorded (README.md says how to do it again);
// this side needs only the files.
import { izhikevich, lif, type Population, SpikingNetwork } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import type { Train } from './random.js';
import { type Pairs, parameters, read } from './recorded.js';
import { available, KICK_MV, plasticity, timed } from './support.js';
import type { Rule } from './synapse_oracle.js';

const WEIGHTS_WITHIN = 1e-6;

function connectPairs(
  net: SpikingNetwork,
  pre: Population,
  post: Population,
  pairs: Pairs,
  weight: number,
  receptor: 'excitatory' | 'inhibitory',
) {
  const delayMs = pairs.delay.map((delay) => delay * net.dtMs);
  net.connect(pre, post, { pattern: 'list', pre: pairs.pre, post: pairs.post, weight, delayMs, receptor });
}

function trainOf({ neuron, timeMs }: { neuron: Uint32Array; timeMs: Float64Array }, dtMs: number): Train {
  return { neuron: [...neuron], step: [...timeMs].map((time) => Math.round(time / dtMs)) };
}

for (const threads of [1, 2]) {
  describe.skipIf(!available)(`as Brian2, ${threads} threads`, () => {
    for (const name of ['lif_current', 'lif_conductance'] as const) {
      it(`${name}: every spike at its step, and the potentials at the end`, async () => {
        const p = parameters[name];
        const recorded = read(`./recorded/${name}.json`);
        const net = new SpikingNetwork({ dtMs: p.dtMs, threads });
        const conductance = {
          excitatoryReversalMv: p.excitatoryReversalMv,
          inhibitoryReversalMv: p.inhibitoryReversalMv,
        };
        const model = {
          tauMs: recorded.tauMs,
          restMv: p.restMv,
          thresholdMv: recorded.thresholdMv,
          resetMv: p.resetMv,
          refractoryMs: p.refractoryMs,
          driveMv: recorded.driveMv,
          synapseTauMs: p.excitatoryTauMs,
          inhibitorySynapseTauMs: p.inhibitoryTauMs,
        };
        const neurons = net.population(
          p.neurons,
          lif(name === 'lif_conductance' ? { ...model, conductance } : model),
          { initial: { potentialMv: recorded.initialMv } },
        );
        const source = net.spikeSource(p.inputs, timed(recorded.inputSpikes, p.dtMs));
        connectPairs(net, source, neurons, recorded.input, p.input.weight, 'excitatory');
        connectPairs(net, neurons, neurons, recorded.excitatory, p.excitatory.weight, 'excitatory');
        connectPairs(net, neurons, neurons, recorded.inhibition, p.inhibition.weight, 'inhibitory');
        const spikes = net.record(neurons);
        await net.run(p.steps * p.dtMs);
        const potentials = neurons.state('potentialMv');
        const fired = trainOf(spikes.spikes, p.dtMs);
        net.close();
        expect(recorded.spikes.step.length).toBeGreaterThan(500);
        expect(fired).toEqual(recorded.spikes);
        expect(farthest(potentials, recorded.finalMv)).toBeLessThan(1e-6);
      });
    }

    it('izhikevich: every spike at its step', async () => {
      const p = parameters.izhikevich;
      const recorded = read('./recorded/izhikevich.json');
      const kinds = new Array(p.copies).fill(p.neurons).flat() as Record<'a' | 'b' | 'c' | 'd', number>[];
      const each = (key: 'a' | 'b' | 'c' | 'd') => kinds.map((kind) => kind[key]);
      const net = new SpikingNetwork({ dtMs: p.dtMs, threads });
      const neurons = net.population(
        kinds.length,
        izhikevich({
          ...{ a: each('a'), b: each('b'), c: each('c'), d: each('d') },
          ...{ peakMv: p.peakMv, drive: recorded.drive, synapseTauMs: p.excitatoryTauMs },
        }),
        { initial: { potentialMv: each('c'), recovery: kinds.map(({ b, c }) => b * c) } },
      );
      const source = net.spikeSource(p.inputs, timed(recorded.inputSpikes, p.dtMs));
      connectPairs(net, source, neurons, recorded.input, p.input.weight, 'excitatory');
      connectPairs(net, neurons, neurons, recorded.excitatory, p.excitatory.weight, 'excitatory');
      const spikes = net.record(neurons);
      await net.run(p.steps * p.dtMs);
      const fired = trainOf(spikes.spikes, p.dtMs);
      net.close();
      expect(recorded.spikes.step.length).toBeGreaterThan(300);
      expect(fired).toEqual(recorded.spikes);
    });

    for (const kind of ['pair', 'triplet', 'reward'] as const) {
      const recorded = read(`./recorded/${kind}.json`);
      for (const variant of Object.keys(recorded.weights)) {
        it(`${kind}, ${variant}: weights`, async () => {
          const p = parameters.trains;
          const { rewards = [], ...given } = parameters[kind];
          const net = new SpikingNetwork({ dtMs: p.dtMs, threads });
          const source = net.spikeSource(p.pre, timed(recorded.preSpikes, p.dtMs));
          const kicks = net.spikeSource(p.post, timed(recorded.kicks, p.dtMs));
          const { tauMs, restMv, thresholdMv } = p.relay;
          const model = { tauMs, restMv, thresholdMv, resetMv: restMv, refractoryMs: 0, synapseTauMs: 0 };
          const post = net.population(p.post, lif(model));
          expect(p.relay.kickMv).toBe(KICK_MV);
          net.connect(kicks, post, { pattern: 'one-to-one', weightMv: KICK_MV, delayMs: p.dtMs });
          const synapses = net.connect(source, post, {
            ...{ pattern: 'all-to-all', weightMv: recorded.initial, delayMs: p.delaySteps * p.dtMs },
            plasticity: plasticity(ruleOf(kind, variant, given)),
          });
          const spikes = net.record(post);
          const read = await readAt(net, () => synapses.weights, p.checkpoints, rewards);
          const fired = trainOf(spikes.spikes, p.dtMs);
          net.close();
          expect(fired).toEqual(recorded.postSpikes);
          read.forEach((weights, k) => {
            expect(farthest(weights, recorded.weights[variant][k])).toBeLessThan(WEIGHTS_WITHIN);
          });
        });
      }
    }

    it('stdp_network: weights, and the spikes that follow from them', async () => {
      const p = parameters.stdp_network;
      const recorded = read('./recorded/stdp_network.json');
      const net = new SpikingNetwork({ dtMs: p.dtMs, threads });
      const source = net.spikeSource(p.inputs, timed(recorded.preSpikes, p.dtMs));
      const { tauMs, restMv, thresholdMv, resetMv, refractoryMs } = p;
      const taus = { synapseTauMs: p.excitatoryTauMs, inhibitorySynapseTauMs: p.inhibitoryTauMs };
      const neurons = net.population(
        p.neurons,
        lif({ tauMs, restMv, thresholdMv, resetMv, refractoryMs, ...taus }),
      );
      const { delaySteps, weight: _, ...given } = p.plastic;
      const synapses = net.connect(source, neurons, {
        ...{ pattern: 'all-to-all', weightMv: recorded.initial, delayMs: delaySteps * p.dtMs },
        plasticity: plasticity(ruleOf('pair', 'all additive', given)),
      });
      const { weight, delaySteps: lateral } = p.lateral;
      net.connect(neurons, neurons, { pattern: 'all-to-all', weightMv: weight, delayMs: lateral * p.dtMs });
      const spikes = net.record(neurons);
      const read_ = await readAt(net, () => synapses.weights, p.checkpoints, []);
      const fired = trainOf(spikes.spikes, p.dtMs);
      net.close();
      expect(recorded.postSpikes.step.length).toBeGreaterThan(300);
      expect(fired).toEqual(recorded.postSpikes);
      read_.forEach((weights, k) => {
        expect(farthest(weights, recorded.weights['all additive'][k])).toBeLessThan(WEIGHTS_WITHIN);
      });
    });
  });
}

function ruleOf(kind: Rule['kind'], variant: string, given: Record<string, unknown>): Rule {
  const [pairing, bounds] = variant.split(' ');
  const { weight: _, weightMax, ...parameters } = given;
  return { kind, pairing, bounds, wMin: 0, wMax: weightMax, ...parameters } as Rule;
}

/** Runs to each of the steps, gives rewards on the way, and what `look` returns at each. */
async function readAt(
  net: SpikingNetwork,
  look: () => Float32Array,
  checkpoints: readonly number[],
  rewards: readonly { step: number; amount: number }[],
): Promise<Float32Array[]> {
  const stops = [...new Set([...checkpoints, ...rewards.map(({ step }) => step)])].sort((a, b) => a - b);
  const seen: Float32Array[] = [];
  let now = 0;
  for (const stop of stops) {
    await net.run((stop - now) * net.dtMs);
    now = stop;
    if (checkpoints.includes(stop)) seen.push(look());
    for (const { step, amount } of rewards) if (step === stop) net.reward(amount);
  }
  return seen;
}

function farthest(ours: ArrayLike<number>, theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length);
  let most = 0;
  for (let i = 0; i < theirs.length; i++) {
    const distance = Math.abs(ours[i] - theirs[i]);
    if (!(distance <= most)) most = distance;
  }
  return most;
}
