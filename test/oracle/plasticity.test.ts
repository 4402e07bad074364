// Every rule against a double-precision oracle of one synapse, on random trains with many coincident spikes: for each pairing and
// bounds, dense and sparse synapses, one and two threads; the projects of vitest.config.ts repeat it for each set of kernels.
import { describe, expect, it } from 'vitest';
import { byNeuron, randomFrom, randomTrain, type Train } from './random.js';
import { available, type Experiment, KICK_TO_SPIKE, lifeOf, perform, worstDeviation } from './support.js';
import { coincidences, type Rule } from './synapse_oracle.js';

const TOLERANCE = 1e-5;
const seed = Number(process.env.ORACLE_SEED ?? 20_061);

const fast = { tauPlusMs: 16.8, tauMinusMs: 33.7 };
const pair = { kind: 'pair', ...fast, aPlus: 0.03, aMinus: 0.024, wMin: 0.25, wMax: 3 } as const;
const slow = { tauXMs: 101, tauYMs: 125 };
const amplitudes = { a2Plus: 0.01, a2Minus: 0.015, a3Plus: 0.012, a3Minus: 0.004 };
const triplet = { kind: 'triplet', ...fast, ...slow, ...amplitudes, wMin: 0, wMax: 2 } as const;
const learned = { aPlus: 0.05, aMinus: 0.06, tauEligibilityMs: 400, tauDopamineMs: 120 };
const reward = { kind: 'reward', tauPlusMs: 20, tauMinusMs: 15, ...learned, wMin: 0, wMax: 1.5 } as const;
const bases = {
  pair,
  triplet,
  reward,
  'reward at once': { ...reward, tauDopamineMs: 0 },
};

/** Kicks at random, and some that make a relay fire in the very step in which a spike arrives after `delay`. */
function kicksAround(random: () => number, size: number, pre: Train, delay: number, until: number): Train {
  const { neuron, step } = randomTrain(random, size, [0, until], 0.02);
  const chosen = new Set(step.map((at, k) => at * size + neuron[k]));
  for (const at of pre.step) {
    const kick = at + delay - KICK_TO_SPIKE;
    if (random() < 0.4 && kick >= 0 && kick < until) chosen.add(kick * size + Math.floor(random() * size));
  }
  const ordered = [...chosen].sort((a, b) => a - b);
  return { neuron: ordered.map((key) => key % size), step: ordered.map((key) => Math.floor(key / size)) };
}

function experimentOf(rule: Rule, sparse: boolean, threads: number, at: number): Experiment {
  const random = randomFrom(at);
  const steps = 900;
  const [pres, posts, delay] = [29, 37, 3];
  const train = randomTrain(random, pres, [0, steps], 0.03);
  const kicks = kicksAround(random, posts, train, delay, steps);
  return {
    ...{ rule, threads, seed: at, dtMs: 1, readAt: [1, 333, steps] },
    pre: { size: pres, train },
    post: { size: posts, kicks },
    connection: sparse
      ? { pattern: 'fixed-probability', probability: 0.4, delaySteps: [1, 6] }
      : { pattern: 'all-to-all', delaySteps: delay },
    initial: [rule.wMin, rule.wMax],
    rewards: [
      { step: 50, amount: 0.4 },
      { step: 333, amount: 1 },
      { step: 340, amount: -1.5 },
      { step: 640, amount: 0.7 },
    ],
  };
}

describe.skipIf(!available)(`with seed ${seed}, weights are those of the oracle`, () => {
  let at = seed;
  for (const [name, base] of Object.entries(bases)) {
    for (const pairing of ['all', 'nearest'] as const) {
      for (const bounds of ['additive', 'multiplicative'] as const) {
        for (const sparse of [false, true]) {
          for (const threads of [1, 2]) {
            const mine = at++;
            const title = `${name}, ${pairing}, ${bounds}, ${sparse ? 'sparse' : 'dense'}, ${threads} threads`;
            it(title, async () => {
              const experiment = experimentOf({ ...base, pairing, bounds }, sparse, threads, mine);
              const outcome = await perform(experiment);
              expectBusy(experiment, outcome);
              const worst = worstDeviation(experiment, outcome);
              expect(worst.relative, `seed ${mine}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(TOLERANCE);
            });
          }
        }
      }
    }
  }
});

/** The trial is one: both sides fire, often at once, and weights move. */
function expectBusy(experiment: Experiment, outcome: Awaited<ReturnType<typeof perform>>): void {
  const pres = byNeuron(experiment.pre.size, experiment.pre.train);
  let ties = 0;
  for (let k = 0; k < outcome.initial.length; k++) ties += coincidences(lifeOf(experiment, outcome, k, pres));
  expect(ties / outcome.initial.length).toBeGreaterThan(0.5);
  expect(outcome.posts.every((steps) => steps.length > 10)).toBe(true);
  const last = outcome.weights.at(-1)!;
  expect(last.filter((weight, k) => weight !== outcome.initial[k]).length).toBeGreaterThan(0.9 * last.length);
}
