// From spikes to outputs, on trains made by hand; and classes for neurons.
import {
  assignClasses,
  ClassDecoder,
  CountDecoder,
  FirstSpikeDecoder,
  PopulationEncoder,
  PopulationVectorDecoder,
  RateDecoder,
  RateEncoder,
  type Spikes,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from '../bus/support.js';

/** [neuron, ms] one after the other. */
const train = (...spikes: [neuron: number, timeMs: number][]): Spikes => ({
  neuron: Uint32Array.from(spikes, ([neuron]) => neuron),
  timeMs: Float64Array.from(spikes, ([, timeMs]) => timeMs),
});

describe('the winner', () => {
  it('by count is who fires most', () => {
    const spikes = train([0, 1], [2, 2], [2, 3], [1, 9]);
    expect(new CountDecoder({ size: 4 }).decode(spikes)).toEqual({ neuron: 2, spikes: 2, timeMs: 2 });
  });

  it('by count is, of equals, who fired first, then the lower index', () => {
    const decoder = new CountDecoder({ size: 4 });
    expect(decoder.decode(train([3, 2], [1, 1], [3, 4], [1, 5]))?.neuron).toBe(1);
    expect(decoder.decode(train([1, 2], [3, 1], [3, 4], [1, 5]))?.neuron).toBe(3);
    expect(decoder.decode(train([3, 1], [1, 1]))?.neuron).toBe(1);
  });

  it('by first spike is who fires first, of equals who fires more, then the lower index', () => {
    const decoder = new FirstSpikeDecoder({ size: 4 });
    expect(decoder.decode(train([0, 5], [0, 6], [2, 4]))).toEqual({ neuron: 2, spikes: 1, timeMs: 4 });
    expect(decoder.decode(train([0, 4], [2, 4], [2, 7]))?.neuron).toBe(2);
    expect(decoder.decode(train([2, 4], [0, 4]))?.neuron).toBe(0);
  });

  it('is nobody when nobody fired', () => {
    for (const decoder of [new CountDecoder({ size: 2 }), new FirstSpikeDecoder({ size: 2 })])
      expect(decoder.decode(train())).toBeUndefined();
  });
});

describe('rates', () => {
  it('are spikes by the length of the window', () => {
    expect([...new RateDecoder({ size: 3 }).decode(train([0, 1], [2, 2], [2, 3]), 50)]).toEqual([20, 0, 40]);
  });
});

describe('a population vector', () => {
  it('is the mean of what neurons prefer, by their spikes', () => {
    const decoder = new PopulationVectorDecoder({ preferred: [-1, 0, 2] });
    expect(decoder.decode(train([0, 1], [2, 1], [2, 5]))).toBe(1);
    expect(decoder.decode(train())).toBeUndefined();
  });

  it('goes round', () => {
    const decoder = new PopulationVectorDecoder({ preferred: [0, 90, 180, 270], period: 360 });
    expect(decoder.decode(train([0, 1], [3, 1]))).toBeCloseTo(315, 9);
    expect(decoder.decode(train([0, 1], [1, 1]))).toBeCloseTo(45, 9);
    expect(decoder.decode(train([0, 1], [2, 1]))).toBeUndefined();
  });

  it.each([12.5, 100, 200, 355])('reads %s degrees from what the population code wrote', (angle) => {
    const code = new RateEncoder({ size: 36, maxRateHz: 100, seed: 9 });
    const encoder = new PopulationEncoder({ neurons: 36, min: 0, max: 360, sigma: 30, circular: true, code });
    const { neurons, timesMs } = encoder.encode(angle, 10_000);
    const decoder = new PopulationVectorDecoder({ preferred: encoder.preferred, period: 360 });
    const read = decoder.decode({ neuron: neurons, timeMs: timesMs })!;
    // About 7,500 spikes of a spread of 30 degrees: a standard deviation of 0.35.
    expect(Math.abs(read - angle)).toBeLessThan(1.5);
  });
});

describe('classes', () => {
  const classes = [0, 0, 0, 1, -1, 3];

  it('are read by mean rate, so that a large class has no advantage', () => {
    const spikes = train([0, 1], [1, 2], [2, 3], [3, 4], [3, 5], [4, 1], [4, 2], [4, 3]);
    const output = new ClassDecoder({ classes }).decode(spikes)!;
    expect(output.class).toBe(1);
    expect(output.timeMs).toBe(4);
    expect(output.shares).toEqual([1 / 3, 2 / 3, 0, 0]);
  });

  it('are read by first spike, too', () => {
    const spikes = train([3, 4], [3, 5], [0, 3], [4, 1]);
    expect(new ClassDecoder({ classes, by: 'first-spike' }).decode(spikes)).toMatchObject({
      class: 0,
      timeMs: 3,
    });
  });

  it('of equals are who fired first, or by first spike who fires more, then the lower', () => {
    const decoder = new ClassDecoder({ classes: [0, 1] });
    expect(decoder.decode(train([0, 4], [1, 3]))?.class).toBe(1);
    expect(decoder.decode(train([0, 3], [1, 3]))?.class).toBe(0);
    const first = new ClassDecoder({ classes: [0, 1], by: 'first-spike' });
    expect(first.decode(train([0, 3], [1, 3], [1, 9]))?.class).toBe(1);
  });

  it('are none when nobody that has one fired; strict ones say that it has none', () => {
    expect(new ClassDecoder({ classes }).decode(train([4, 1]))).toBeUndefined();
    const strict = new ClassDecoder({ classes, strict: true });
    expect(codeOf(() => strict.decode(train([4, 1])))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it('are given to neurons by what they answer to on average', () => {
    const responses = [
      [4, 0, 1, 0],
      [0, 5, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 1, 0],
    ];
    // Neuron 1 answers 7 times to class 1, in 3 examples: 2.33 each; neuron 2 the same to all: the lower class.
    expect([...assignClasses(responses, [0, 1, 1, 1])]).toEqual([0, 1, 0, -1]);
    // More examples of a class are no reason to belong to it.
    expect([...assignClasses([[2], [1], [1], [1]], [1, 0, 0, 0])]).toEqual([1]);
    expect([...assignClasses([Uint32Array.of(0, 3)], [2], { classes: 5 })]).toEqual([-1, 2]);
  });
});

describe('bad input names what is wrong:', () => {
  const decoder = new CountDecoder({ size: 2 });
  const bad: [string, string, () => unknown][] = [
    ['a neuron that is not there', 'spikes.neuron[0]', () => decoder.decode(train([2, 1]))],
    ['a time that is none', 'spikes.timeMs[0]', () => decoder.decode(train([1, Number.NaN]))],
    ['no spikes', 'spikes', () => decoder.decode(undefined as never)],
    [
      'times that are too few',
      'spikes.timeMs',
      () => decoder.decode({ ...train([1, 1]), timeMs: new Float64Array(0) }),
    ],
    ['no window', 'windowMs', () => new RateDecoder({ size: 1 }).decode(train(), 0)],
    ['no preferences', 'preferred', () => new PopulationVectorDecoder({ preferred: [] })],
    ['a preference of NaN', 'preferred[0]', () => new PopulationVectorDecoder({ preferred: [Number.NaN] })],
    ['no period', 'period', () => new PopulationVectorDecoder({ preferred: [1], period: 0 })],
    ['no class at all', 'classes', () => new ClassDecoder({ classes: [-1, -1] })],
    ['half a class', 'classes[1]', () => new ClassDecoder({ classes: [0, 0.5] })],
    ['another way', 'by', () => new ClassDecoder({ classes: [0], by: 'luck' as never })],
    ['no examples', 'responses', () => assignClasses([], [])],
    ['labels that are too few', 'labels', () => assignClasses([[1], [2]], [0])],
    ['a label beyond', 'labels[0]', () => assignClasses([[1]], [3], { classes: 3 })],
    ['a ragged response', 'responses[1]', () => assignClasses([[1], [1, 2]], [0, 0])],
    ['a negative response', 'responses[0][0]', () => assignClasses([[-1]], [0])],
  ];
  it.each(bad)('%s: %s', (_what, name, call) => {
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain(name);
  });
});
