// When an output is clear: agreement and confidence, on trains made by hand and against their formulas.
import { findConsensus, findDecision, type Spikes } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf, randomFrom } from '../bus/support.js';

const train = (...spikes: [neuron: number, timeMs: number][]): Spikes => ({
  neuron: Uint32Array.from(spikes, ([neuron]) => neuron),
  timeMs: Float64Array.from(spikes, ([, timeMs]) => timeMs),
});

describe('consensus', () => {
  const classes = [0, 0, 0, 0, 1, 1, -1];

  it('is when the share of active neurons that are of one class reaches what is asked', () => {
    const spikes = train([4, 1], [0, 2], [1, 3], [2, 4], [3, 5]);
    // After each spike: 1/1 for class 1; 1/2; 2/3; 3/4; 4/5 for class 0.
    expect(findConsensus(spikes, classes, 0.8, { quorum: 2 })).toEqual({
      class: 0,
      agreement: 0.8,
      active: 5,
      timeMs: 5,
    });
    expect(findConsensus(spikes, classes, 0.75, { quorum: 2 })).toMatchObject({ active: 4, timeMs: 4 });
    expect(findConsensus(spikes, classes, 0.81, { quorum: 2 })).toBeUndefined();
    expect(findConsensus(spikes, classes, 0.8)).toMatchObject({ class: 1, active: 1, timeMs: 1 });
  });

  it('counts a neuron once, however often it fires', () => {
    const spikes = train([0, 1], [4, 2], [0, 3], [0, 4], [0, 5], [0, 6]);
    expect(findConsensus(spikes, classes, 0.6, { quorum: 2 })).toBeUndefined();
  });

  it('takes all spikes of a moment together', () => {
    expect(findConsensus(train([0, 1], [4, 1]), classes, 0.6)).toBeUndefined();
    expect(findConsensus(train([0, 1], [4, 1], [1, 1]), classes, 0.6)).toMatchObject({
      active: 3,
      timeMs: 1,
    });
  });

  it('is none while two classes are level', () => {
    expect(findConsensus(train([0, 1], [4, 1]), classes, 0.5)).toBeUndefined();
  });

  it('forgets what is as old as the window', () => {
    const spikes = train([4, 0], [0, 5], [1, 10]);
    expect(findConsensus(spikes, classes, 1, { windowMs: 10, quorum: 2 })).toMatchObject({
      active: 2,
      timeMs: 10,
    });
    expect(findConsensus(spikes, classes, 1, { windowMs: 11, quorum: 2 })).toBeUndefined();
  });

  it('does not ask those that have no class', () => {
    expect(findConsensus(train([6, 1], [6, 2]), classes, 0.1)).toBeUndefined();
    expect(findConsensus(train([6, 1], [0, 2]), classes, 1)).toMatchObject({ active: 1, timeMs: 2 });
  });

  it('takes trains in any order', () => {
    expect(findConsensus(train([0, 9], [4, 1]), classes, 1)).toMatchObject({ class: 1, timeMs: 1 });
  });
});

describe('a decision', () => {
  const classes = [0, 1, 2, -1];

  it('is when the posterior share of one class reaches what is asked', () => {
    const spikes = train(...Array.from({ length: 12 }, (_, i) => [1, i] as [number, number]));
    // n of n spikes for one of three classes, one spike of doubt: (n + 1/3) / (n + 1) reaches 0.9 at n = 6.
    expect(findDecision(spikes, classes, 0.9)).toEqual({
      class: 1,
      confidence: (6 + 1 / 3) / 7,
      spikes: 6,
      timeMs: 5,
    });
    expect(findDecision(spikes, classes, 0.9, { doubtSpikes: 0 })).toMatchObject({
      spikes: 1,
      confidence: 1,
    });
    expect(findDecision(spikes, classes, 0.9, { doubtSpikes: 2 })).toMatchObject({ spikes: 12 });
    expect(findDecision(spikes, classes, 1)).toBeUndefined();
  });

  it('is by mean rates, so that a class of more neurons has no advantage', () => {
    const spikes = train([0, 1], [1, 1], [2, 1], [3, 1], [4, 1]);
    expect(findDecision(spikes, [0, 0, 0, 0, 1], 0.5)).toBeUndefined();
    const more = train([0, 1], [1, 1], [2, 1], [3, 1], [4, 1], [4, 2]);
    expect(findDecision(more, [0, 0, 0, 0, 1], 0.6)).toMatchObject({
      class: 1,
      confidence: expect.closeTo((6 * (2 / 3) + 1 / 2) / 7, 12),
    });
  });

  it('forgets what is as old as the window, and those that have no class', () => {
    const spikes = train([0, 0], [3, 1], [1, 10], [1, 11]);
    expect(findDecision(spikes, classes, 0.75, { windowMs: 10 })).toMatchObject({
      class: 1,
      spikes: 2,
      timeMs: 11,
    });
    expect(findDecision(spikes, classes, 0.75)).toBeUndefined();
  });
});

describe('on random trains', () => {
  const random = randomFrom(11);
  const classes = Int32Array.from({ length: 30 }, (_, i) => (i % 7 === 0 ? -1 : i % 4));
  const count = 400;
  const spikes: Spikes = {
    neuron: Uint32Array.from({ length: count }, () => Math.floor(random() * 30)),
    timeMs: Float64Array.from({ length: count }, () => Math.floor(random() * 200)).toSorted(),
  };
  const sizes = [0, 1, 2, 3].map((group) => classes.filter((one) => one === group).length);

  /** Both measures at a moment, from the definitions. */
  function at(timeMs: number, windowMs: number) {
    const inside = [...spikes.neuron.keys()].filter(
      (i) =>
        spikes.timeMs[i]! > timeMs - windowMs &&
        spikes.timeMs[i]! <= timeMs &&
        classes[spikes.neuron[i]!]! >= 0,
    );
    const neurons = inside.map((i) => spikes.neuron[i]!);
    const voters = [0, 1, 2, 3].map((group) => new Set(neurons.filter((one) => classes[one] === group)).size);
    const means = sizes.map((size, group) => neurons.filter((one) => classes[one] === group).length / size);
    const active = voters.reduce((sum, one) => sum + one, 0);
    const total = means.reduce((sum, one) => sum + one, 0);
    const shares = means.map((mean) => (neurons.length * (mean / total) + 0.25) / (neurons.length + 1));
    return { voters, active, shares, total };
  }

  const moments = [...new Set(spikes.timeMs)];
  const level = (values: number[]) => values.filter((one) => one === Math.max(...values)).length > 1;

  it.each([
    [0.4, 20],
    [0.45, 30],
    [0.6, 10],
  ])('consensus at %s within %s ms comes when the definition says', (wanted, windowMs) => {
    const expected = moments.find((timeMs) => {
      const { voters, active } = at(timeMs, windowMs);
      return active >= 5 && !level(voters) && Math.max(...voters) / active >= wanted;
    });
    const found = findConsensus(spikes, classes, wanted, { windowMs, quorum: 5 });
    expect(found?.timeMs).toBe(expected);
    if (found !== undefined) expect(found.active).toBe(at(found.timeMs, windowMs).active);
  });

  it.each([
    [0.4, 20],
    [0.5, 15],
    [0.6, 40],
  ])('a decision at %s within %s ms comes when the definition says', (wanted, windowMs) => {
    const expected = moments.find((timeMs) => {
      const { shares, total } = at(timeMs, windowMs);
      return total > 0 && !level(shares) && Math.max(...shares) >= wanted;
    });
    const found = findDecision(spikes, classes, wanted, { windowMs });
    expect(found?.timeMs).toBe(expected);
    if (found !== undefined)
      expect(found.confidence).toBeCloseTo(Math.max(...at(found.timeMs, windowMs).shares), 9);
  });
});

describe('bad input names what is wrong:', () => {
  const some = train([0, 1]);
  const bad: [string, string, () => unknown][] = [
    ['an agreement of 0', 'agreement', () => findConsensus(some, [0], 0)],
    ['an agreement above 1', 'agreement', () => findConsensus(some, [0], 1.1)],
    ['a confidence of NaN', 'confidence', () => findDecision(some, [0], Number.NaN)],
    ['a quorum of more than there are', 'quorum', () => findConsensus(some, [0], 1, { quorum: 2 })],
    ['a window of nothing', 'windowMs', () => findDecision(some, [0], 1, { windowMs: 0 })],
    ['negative doubt', 'doubtSpikes', () => findDecision(some, [0], 1, { doubtSpikes: -1 })],
    ['an unknown option', 'options', () => findDecision(some, [0], 1, { quorum: 1 } as never)],
    ['a neuron without a place', 'spikes.neuron[0]', () => findDecision(train([1, 1]), [0], 1)],
  ];
  it.each(bad)('%s: %s', (_what, name, call) => {
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain(name);
  });
});
