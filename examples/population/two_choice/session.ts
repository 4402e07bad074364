// A session of training: trials with one rule, then with the opposite one.
import { Learner } from './learner.js';

export const FULL = { trials: 400, reversed: 600 };
export const QUICK = { trials: 300, reversed: 0 };
/** The last trials of each part count as what was learned. */
export const LAST = 100;
/** Trials over which a point of the learning curve is taken. */
export const WINDOW = 20;

export interface Result {
  readonly seed: number;
  /** For each trial, 1 where the action was right. */
  readonly correct: Uint8Array;
  /** Share of right actions in the last 100 trials of the first rule, and of the opposite one; NaN where there were none. */
  readonly learned: number;
  readonly relearned: number;
  /** Mean weights `[stimulus][action]` in mV, before and after the first rule. */
  readonly before: number[][];
  readonly after: number[][];
}

export async function runSession(seed: number, { trials, reversed }: typeof FULL): Promise<Result> {
  const learner = new Learner(seed);
  const before = learner.meanWeights();
  const correct = new Uint8Array(trials + reversed);
  let after = before;
  for (let trial = 0; trial < correct.length; trial++) {
    if (trial === trials) after = learner.meanWeights();
    correct[trial] = (await learner.trial(trial < trials ? [0, 1] : [1, 0])).correct ? 1 : 0;
  }
  if (reversed === 0) after = learner.meanWeights();
  learner.close();
  const learned = share(correct.subarray(trials - LAST, trials));
  const relearned = reversed > 0 ? share(correct.subarray(correct.length - LAST)) : Number.NaN;
  return { seed, correct, learned, relearned, before, after };
}

/** Share of right actions in each `WINDOW` trials. */
export function learningCurve(correct: Uint8Array): { examples: number[]; accuracy: number[] } {
  const starts = Array.from({ length: Math.floor(correct.length / WINDOW) }, (_, i) => i * WINDOW);
  return {
    examples: starts.map((start) => start + WINDOW),
    accuracy: starts.map((start) => share(correct.subarray(start, start + WINDOW))),
  };
}

function share(correct: Uint8Array): number {
  return correct.reduce((sum, one) => sum + one, 0) / correct.length;
}
