// Sources of spikes: given times, and chance.
import { NeuronBusError, type RateFunction } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, pairs, refusal } from './support.js';

describe('spikeSource', () => {
  it('fires at the times given, each in the step that contains it', async () => {
    const net = makeNet({ dtMs: 0.1 });
    const source = net.spikeSource(3, [
      { neuron: 2, timeMs: 5 },
      { neuron: 0, timeMs: 0.3 },
      { neuron: 1, timeMs: 0.19 },
      { neuron: 2, timeMs: 5.05 },
    ]);
    const recording = net.record(source);
    await net.run(10);
    expect(pairs(recording.spikes)).toEqual([
      [1, 0.1],
      [0, 0.3],
      [2, 5],
    ]);
  });

  it('takes arrays, and more spikes later, but none of the past', async () => {
    const net = makeNet({ dtMs: 1 });
    const source = net.spikeSource(2, { neurons: Uint8Array.of(0, 1), timesMs: [3, 1] });
    const recording = net.record(source);
    await net.run(5);
    source.add({ neurons: [1, 0], timesMs: Float64Array.of(7, 5) });
    source.add([]);
    expect(refusal(() => source.add([{ neuron: 0, timeMs: 4.9 }]))).toContain('spikes.timesMs[0] is 4.9');
    await net.run(5);
    expect(pairs(recording.spikes)).toEqual([
      [1, 1],
      [0, 3],
      [0, 5],
      [1, 7],
    ]);
  });

  it('refuses what is no spike, and then has changed nothing', () => {
    const net = makeNet();
    const bad = (spikes: unknown) => refusal(() => net.spikeSource(2, spikes as []));
    expect(bad([{ neuron: 2, timeMs: 1 }])).toContain('spikes.neurons[0] is 2');
    expect(bad([{ neuron: 0, timeMs: Number.NaN }])).toContain('spikes.timesMs[0] is NaN');
    expect(bad([{ neuron: 0, timeMs: -1 }])).toContain('spikes.timesMs[0] is -1');
    expect(bad([1])).toContain('spikes[0] is 1');
    expect(bad({ neurons: [0], timesMs: [] })).toContain('spikes.timesMs');
    expect(bad(7)).toContain('spikes is 7');
    expect(net.populations).toEqual([]);
  });
});

describe('poisson', () => {
  it('fires at the rate asked for, one or one for each', async () => {
    const net = makeNet({ dtMs: 1, seed: 3 });
    const all = net.poisson(1000, { rateHz: 20 });
    const each = net.poisson(3, { rateHz: [0, 50, 200] });
    await net.run(2000);
    const total = all.spikeCounts.reduce((sum, count) => sum + count, 0);
    // 40,000 spikes with a standard deviation of 200.
    expect(Math.abs(total - 40_000)).toBeLessThan(1200);
    const [silent, slow, fast] = each.spikeCounts;
    expect(silent).toBe(0);
    expect(Math.abs(slow - 100)).toBeLessThan(60);
    expect(Math.abs(fast - 400)).toBeLessThan(120);
  });

  it('has intervals as irregular as chance', async () => {
    const net = makeNet({ dtMs: 0.1, seed: 5 });
    const recording = net.record(net.poisson(1, { rateHz: 50 }));
    await net.run(100_000);
    const { timeMs } = recording.spikes;
    const intervals = Array.from(timeMs.subarray(1), (time, i) => time - timeMs[i]);
    const mean = intervals.reduce((sum, value) => sum + value, 0) / intervals.length;
    const variance = intervals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / intervals.length;
    expect(Math.abs(mean - 20)).toBeLessThan(1.5);
    expect(Math.abs(Math.sqrt(variance) / mean - 1)).toBeLessThan(0.08);
  });

  it('asks a rate function once for each interval, with its time, and follows it', async () => {
    const net = makeNet({ dtMs: 0.5, seed: 2 });
    const asked: number[] = [];
    const rateHz: RateFunction = (timeMs) => {
      asked.push(timeMs);
      return timeMs < 50 ? 0 : [400, 0];
    };
    const source = net.poisson(2, { rateHz, rateIntervalMs: 10 });
    const recording = net.record(source);
    await net.run(45);
    await net.run(55);
    expect(asked).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    const { neuron, timeMs } = recording.spikes;
    expect(neuron.length).toBeGreaterThan(5);
    expect(neuron.every((index) => index === 0)).toBe(true);
    expect(Math.min(...timeMs)).toBeGreaterThanOrEqual(50);
    source.setRate(0);
    recording.clear();
    await net.run(50);
    expect(asked.length).toBe(10);
    expect(recording.spikes.neuron.length).toBe(0);
  });

  it('gives the same spikes however the run is divided', async () => {
    const spikes = async (parts: number[]) => {
      const net = makeNet({ dtMs: 0.5, seed: 9 });
      const source = net.poisson(50, { rateHz: (timeMs) => 20 + timeMs });
      const recording = net.record(source);
      for (const ms of parts) await net.run(ms);
      return pairs(recording.spikes);
    };
    const whole = await spikes([100]);
    expect(whole.length).toBeGreaterThan(100);
    expect(await spikes([0.5, 12, 0, 7.5, 80])).toEqual(whole);
  });

  it.each([
    ['a negative rate', () => -1],
    ['no number', () => Number.NaN],
    ['too few', () => [1]],
    ['a word', () => 'often' as unknown as number],
  ])('a function that gives %s ends the run, which can go on afterwards', async (_, rateHz) => {
    const net = makeNet();
    const source = net.poisson(2, { rateHz });
    const error = await net.run(10).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NeuronBusError);
    expect((error as NeuronBusError).message).toContain('what rateHz() returns');
    expect(net.timeMs).toBe(0);
    source.setRate(10);
    expect((await net.run(10)).timeMs).toBe(10);
  });

  it('what a rate function throws ends the run', async () => {
    const net = makeNet();
    const rateHz = (timeMs: number) => {
      if (timeMs > 4) throw new TypeError('no rate here');
      return 10;
    };
    net.poisson(2, { rateHz });
    await expect(net.run(10)).rejects.toThrow('no rate here');
    expect(net.timeMs).toBe(5);
  });
});
