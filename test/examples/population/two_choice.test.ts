// Reward-modulated STDP learns the task; without a rule there is nothing to learn.
import { describe, expect, it } from 'vitest';
import { Learner } from '../../../examples/population/two_choice/learner.js';
import { learningCurve, runSession } from '../../../examples/population/two_choice/session.js';

describe('two choices', () => {
  it('are learned, and learned anew when the rule is turned around', async () => {
    const result = await runSession(1, { trials: 300, reversed: 300 });
    expect(result.learned).toBeGreaterThanOrEqual(0.95);
    expect(result.relearned).toBeGreaterThanOrEqual(0.95);
    const { accuracy } = learningCurve(result.correct);
    // The reversal is a surprise.
    expect(accuracy[15]).toBeLessThan(0.6);
    const [[a, b], [c, d]] = result.after as [[number, number], [number, number]];
    expect(a).toBeGreaterThan(b);
    expect(d).toBeGreaterThan(c);
  });

  it('go the same way with the same seed', async () => {
    const short = { trials: 120, reversed: 0 };
    const first = await runSession(3, short);
    expect(await runSession(3, short)).toEqual(first);
    expect((await runSession(4, short)).correct).not.toEqual(first.correct);
  });

  it('are not learned while synapses do not learn', async () => {
    const learner = new Learner(1);
    const before = learner.meanWeights();
    for (const projection of learner.network.projections) {
      if (projection.rule === 'reward') projection.learning = false;
    }
    let right = 0;
    for (let trial = 0; trial < 100; trial++) right += (await learner.trial([0, 1])).correct ? 1 : 0;
    expect(learner.meanWeights()).toEqual(before);
    learner.close();
    expect(right).toBeGreaterThan(20);
    expect(right).toBeLessThan(80);
  });
});
