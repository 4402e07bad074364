// Whatever is given to a network: random and mostly unfit values are refused by typed errors, and nothing crashes.
import fc from 'fast-check';
import {
  type ConnectOptions,
  lif,
  NeuronBusError,
  pairStdp,
  rewardStdp,
  SpikingNetwork,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet } from './support.js';

describe('whatever is given', () => {
  /** Numbers and things that are none, most of them unfit. */
  const strange = fc.oneof(
    fc.constantFrom<unknown>(0, -1, 1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 32, 1e300, 5e-324),
    fc.constantFrom<unknown>(
      null,
      undefined,
      '',
      'a',
      true,
      {},
      [],
      [1, 2, 3],
      [Number.NaN],
      Symbol.iterator,
      7n,
    ),
    fc.constantFrom<unknown>(
      { uniform: [0, 1] },
      { normal: [0, 1] },
      { uniform: [] },
      new Float64Array(3),
      () => 1,
    ),
    fc.double(),
    fc.integer({ min: -5, max: 20 }),
  );
  /** One option object in which some values are strange. */
  const spoiled = (options: Record<string, unknown>) =>
    fc.record(
      Object.fromEntries(
        Object.entries(options).map(([key, value]) => [key, fc.oneof(fc.constant(value), strange)]),
      ),
      {
        requiredKeys: [],
      },
    );
  const attempt = <T>(what: () => T): T | undefined => {
    try {
      return what();
    } catch (error) {
      if (!(error instanceof NeuronBusError) || error.code === 'ERR_NB_INTERNAL') throw error;
      return undefined;
    }
  };
  const models = spoiled({
    tauMs: 10,
    restMv: -70,
    thresholdMv: -55,
    resetMv: -70,
    refractoryMs: 2,
    synapseTauMs: 5,
  });
  const rules = spoiled({ aPlus: 0.1, aMinus: 0.1, tauPlusMs: 20, tauMinusMs: 20, wMin: 0, wMax: 1 });
  const connections = spoiled({
    weightMv: 0.5,
    delayMs: 1,
    receptor: 'by-sign',
    self: true,
    degree: 2,
    probability: 0.5,
  });
  const patterns = fc.constantFrom(
    'all-to-all',
    'one-to-one',
    'fixed-probability',
    'fixed-in-degree',
    'fixed-out-degree',
  );

  it('it is refused by a typed error, or a network that runs', async () => {
    const runs = fc.asyncProperty(
      models,
      rules,
      connections,
      patterns,
      strange,
      strange,
      async (model, rule, wish, pattern, a, b) => {
        const net = new SpikingNetwork({ dtMs: 0.5 });
        try {
          const keys: Record<string, string[]> = {
            'all-to-all': ['self'],
            'fixed-probability': ['self', 'probability'],
            'one-to-one': [],
          };
          const allowed = new Set([
            'weightMv',
            'delayMs',
            'receptor',
            ...(keys[pattern] ?? ['self', 'degree']),
          ]);
          const fitting = Object.fromEntries(Object.entries(wish).filter(([key]) => allowed.has(key)));
          const pre = net.poisson(4, { rateHz: 50 });
          const chosen = attempt(() => lif(model as object)) ?? lif();
          const out = attempt(() => net.population(4, chosen)) ?? net.population(4, lif());
          const plasticity = attempt(() => pairStdp(rule as object));
          const made = attempt(() =>
            net.connect(pre, out, { pattern, ...fitting, plasticity } as unknown as ConnectOptions),
          );
          const recording = attempt(() => net.record(out, { spikes: true, maxSpikes: a } as object));
          attempt(() => out.setState('potentialMv', a as number));
          attempt(() => out.kill(b as number[]));
          attempt(() => made?.setWeights(a as number));
          attempt(() => made?.normalize(b as number));
          attempt(() => made?.rewire({ pruneBelow: a, grow: b, weight: 0.5 } as object));
          attempt(() => net.reward(b as number));
          await net.run(20);
          for (const potential of out.state('potentialMv')) expect(potential).not.toBeNaN();
          made?.weights.forEach((weight) => {
            expect(weight).not.toBeNaN();
          });
          attempt(() => recording?.spikes);
        } finally {
          net.close();
        }
      },
    );
    await fc.assert(runs, { numRuns: 300, seed: 20_060 });
  });

  it('to any method it is refused by a typed error, or taken, and the network still runs', async () => {
    const net = makeNet({ dtMs: 0.5 });
    const source = net.spikeSource(3);
    const noise = net.poisson(3, { rateHz: 30 });
    const out = net.population(3, lif());
    const reward = rewardStdp({ wMax: 1 });
    const learning = net.connect(noise, out, { pattern: 'all-to-all', weightMv: 0.5, plasticity: reward });
    const recording = net.record(out, { spikes: true });
    const calls: ((a: never, b: never) => unknown)[] = [
      (a, b) => source.add([{ neuron: a, timeMs: b }]),
      (a, b) => source.add({ neurons: a, timesMs: b }),
      (a, b) => noise.setRate(a, b),
      (a, b) => noise.setRate(a, { rateIntervalMs: b }),
      (a, b) => out.setState(a, b),
      (a, b) => out.setState('excitatory', a ?? b),
      (a) => out.state(a),
      (a) => learning.setWeights(a),
      (a) => learning.normalize(a),
      (a) => learning.reward(a),
      (a, b) => learning.rewire({ pruneBelow: a, dead: b }),
      (a) => {
        learning.learning = a;
      },
      (a, b) => net.record(a, b),
      (a, b) => net.record(learning, { everyMs: a, synapses: b }),
      (a, b) => net.connect(a, b, { pattern: 'all-to-all', weightMv: 1 }),
      (a, b) => net.connect(source, out, { pattern: 'list', pre: a, post: b, weightMv: 1 }),
      (a, b) => net.connect(source, out, { pattern: 'all-to-all', weightMv: a, delayMs: b }),
      (a, b) => net.connect(source, out, { pattern: 'convolution', input: a, kernel: b, weightMv: 1 }),
      (a, b) => net.population(2, lif(), { initial: a, name: b }),
      (a) => recording.samples(a),
    ];
    const property = fc.asyncProperty(fc.nat(calls.length - 1), strange, strange, async (index, a, b) => {
      attempt(() => calls[index](a as never, b as never));
      // A rate function among the strange things is one that may say anything.
      await net.run(1).catch((error: unknown) => {
        expect((error as Error).message).toContain('rateHz()');
        noise.setRate(5);
      });
    });
    await fc.assert(property, { numRuns: 1500, seed: 1907 });
    expect(net.timeMs).toBeGreaterThan(100);
  });
});
