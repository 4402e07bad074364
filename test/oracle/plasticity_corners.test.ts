// Where a lazy rule can go wrong: nobody fires for long, one side alone fires, many spikes wait to be taken, more neurons than a
// shard holds, thousands of steps of a weight. Rounding to float32 adds up with them, so deviations are relative to the range.
import { describe, expect, it } from 'vitest';
import { randomFrom, randomTrain, type Train } from './random.js';
import { available, type Experiment, perform, worstDeviation } from './support.js';
import type { Rule } from './synapse_oracle.js';

const TOLERANCE = 1e-5;
const seed = Number(process.env.ORACLE_SEED ?? 40_961);

const common = { bounds: 'additive', wMin: 0, wMax: 1, tauPlusMs: 20, tauMinusMs: 20 } as const;
const rules = (pairing: 'all' | 'nearest'): Rule[] => [
  { ...common, kind: 'pair', pairing, aPlus: 0.011, aMinus: 0.01 },
  {
    ...{ ...common, kind: 'triplet' as const, pairing, a2Plus: 0.004, a2Minus: 0.006 },
    ...{ a3Plus: 0.006, a3Minus: 0.002, tauXMs: 101, tauYMs: 125 },
  },
  {
    ...{ ...common, kind: 'reward' as const, pairing, aPlus: 0.05, aMinus: 0.05 },
    ...{ tauEligibilityMs: 1000, tauDopamineMs: 200 },
  },
];

const each = (size: number, steps: readonly number[]): Train => ({
  neuron: steps.flatMap(() => Array.from({ length: size }, (_, i) => i)),
  step: steps.flatMap((step) => new Array<number>(size).fill(step)),
});
const range = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / by) }, (_, i) => from + i * by);

type Case = Pick<Experiment, 'pre' | 'post' | 'connection' | 'readAt'> & { every?: number };

const random = randomFrom(seed);
const dense = { pattern: 'all-to-all', delaySteps: 1 } as const;
const cases: Record<string, Case> = {
  'a gap of a hundred thousand steps': {
    pre: { size: 9, train: each(9, [5, 8, 100_000, 100_003]) },
    post: { size: 17, kicks: each(17, [4, 7, 99_999, 100_010]) },
    connection: dense,
    readAt: [100_020],
  },
  'thousands of post-spikes before an arrival': {
    pre: { size: 1, train: each(1, [3, 7000]) },
    post: { size: 17, kicks: each(17, range(0, 7100, 5)) },
    connection: dense,
    readAt: [7100],
  },
  'arrivals alone, then one post-spike': {
    pre: { size: 2, train: each(2, range(0, 1500, 1)) },
    post: { size: 5, kicks: each(5, [10, 1490]) },
    connection: dense,
    readAt: [1499, 1510],
  },
  'a pre-neuron that never fires': {
    pre: { size: 3, train: { neuron: [0], step: [7] } },
    post: { size: 33, kicks: each(33, range(2, 4000, 7)) },
    connection: dense,
    readAt: [4000],
  },
  'both sides in every step they can': {
    pre: { size: 3, train: each(3, range(0, 400, 1)) },
    post: { size: 24, kicks: each(24, range(1, 400, 2)) },
    connection: dense,
    readAt: [51, 400],
  },
  'arrivals long after the spikes were fired': {
    pre: { size: 20, train: randomTrain(random, 20, [0, 600], 0.04) },
    post: { size: 20, kicks: randomTrain(random, 20, [0, 1000], 0.03) },
    connection: { pattern: 'fixed-probability', probability: 0.5, delaySteps: [1, 400] },
    readAt: [200, 1000],
  },
  'more post-neurons than a shard holds': {
    pre: { size: 40, train: randomTrain(random, 40, [0, 60], 0.1) },
    post: { size: 70_001, kicks: randomTrain(random, 70_001, [0, 60], 0.03) },
    connection: { pattern: 'fixed-in-degree', degree: 3, delaySteps: [1, 3] },
    readAt: [60],
    every: 97,
  },
};

describe.skipIf(!available)(`with seed ${seed}, weights are those of the oracle`, () => {
  for (const [name, { every, ...what }] of Object.entries(cases)) {
    for (const pairing of ['all', 'nearest'] as const) {
      for (const rule of rules(pairing)) {
        for (const threads of [1, 2]) {
          it(`${name}: ${rule.kind}, ${pairing}, ${threads} threads`, async () => {
            const middle = what.readAt[0] >> 1;
            const rewards = rule.kind === 'reward' ? [{ step: middle, amount: 0.5 }] : [];
            const experiment = {
              ...what,
              rule,
              threads,
              rewards,
              dtMs: 1,
              seed,
              initial: [0.2, 0.8],
            } as const;
            const worst = worstDeviation(experiment, await perform(experiment), { every, share: 1 });
            expect(worst.relative, JSON.stringify(worst)).toBeLessThanOrEqual(TOLERANCE);
          });
        }
      }
    }
  }
});
