// Recordings: what they keep, and how much.
import { lif, pairStdp } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, pairs, refusal } from './support.js';

function driven(options = {}) {
  const net = makeNet({ dtMs: 1, ...options });
  return { net, out: net.population(3, lif({ driveMv: [20, 30, 40] })) };
}

describe('spikes', () => {
  it('come in order of time, within a step by neuron, as typed arrays', async () => {
    const { net, out } = driven();
    const recording = net.record(out, { spikes: true });
    await net.run(300);
    const { neuron, timeMs } = recording.spikes;
    expect(neuron).toBeInstanceOf(Uint32Array);
    expect(timeMs).toBeInstanceOf(Float64Array);
    const order = pairs(recording.spikes);
    expect(order).toEqual([...order].sort(([a, s], [b, t]) => s - t || a - b));
    const counts = [0, 1, 2].map((index) => neuron.filter((one) => one === index).length);
    expect(counts).toEqual([...out.spikeCounts]);
    expect(recording.lost).toBe(0);
  });

  it('of chosen neurons only', async () => {
    const { net, out } = driven();
    const recording = net.record(out, { neurons: [2] });
    await net.run(100);
    expect([...new Set(recording.spikes.neuron)]).toEqual([2]);
    expect(recording.spikes.neuron.length).toBe(out.spikeCounts[2]);
  });

  it('beyond the bound are lost, and counted; clear() makes room', async () => {
    const { net, out } = driven();
    const recording = net.record(out, { spikes: true, maxSpikes: 5 });
    await net.run(300);
    const total = out.spikeCounts.reduce((sum, count) => sum + count, 0);
    expect(recording.spikes.neuron.length).toBe(5);
    expect(recording.lost).toBe(total - 5);
    recording.clear();
    expect([recording.spikes.neuron.length, recording.lost]).toEqual([0, 0]);
    await net.run(50);
    expect(recording.spikes.neuron.length).toBeGreaterThan(0);
    expect(recording.spikes.timeMs[0]).toBeGreaterThanOrEqual(300);
  });

  it('recorded twice are kept twice, from when each recording began', async () => {
    const { net, out } = driven();
    const early = net.record(out);
    await net.run(100);
    const late = net.record(out);
    await net.run(100);
    const all = pairs(early.spikes);
    expect(pairs(late.spikes)).toEqual(all.filter(([, timeMs]) => timeMs >= 100));
  });

  it('of sources are recorded as well', async () => {
    const net = makeNet({ dtMs: 1 });
    const recording = net.record(net.spikeSource(1, [{ neuron: 0, timeMs: 3 }]));
    await net.run(5);
    expect(pairs(recording.spikes)).toEqual([[0, 3]]);
  });
});

describe('state', () => {
  it('is sampled at its interval, from the beginning, of all or of chosen neurons', async () => {
    const { net, out } = driven({ dtMs: 0.5 });
    const recording = net.record(out, {
      potentials: true,
      state: ['excitatory'],
      everyMs: 2,
      neurons: [2, 0],
    });
    await net.run(10);
    const { neuron, timeMs, values } = recording.potentials;
    expect([...neuron]).toEqual([2, 0]);
    expect([...timeMs]).toEqual([0, 2, 4, 6, 8]);
    expect(values.length).toBe(10);
    expect([values[0], values[1]]).toEqual([-70, -70]);
    expect(values[3]).toBeCloseTo(-70 + 20 * (1 - Math.exp(-0.2)), 3);
    expect(values[2]).toBeCloseTo(-70 + 40 * (1 - Math.exp(-0.2)), 3);
    expect([...recording.samples('excitatory').values]).toEqual(Array(10).fill(0));
    expect(refusal(() => recording.spikes)).toContain('no spikes');
  });

  it('beyond the bound is lost, and counted', async () => {
    const { net, out } = driven();
    const recording = net.record(out, { potentials: true, maxSamples: 4 });
    await net.run(10);
    expect([...recording.potentials.timeMs]).toEqual([0, 1, 2, 3]);
    expect(recording.lostSamples).toBe(6);
    recording.clear();
    await net.run(2);
    expect([...recording.potentials.timeMs]).toEqual([10, 11]);
  });
});

describe('weights of a projection', () => {
  it('are sampled when the recording begins, and at the multiples of its interval', async () => {
    const net = makeNet({ dtMs: 1 });
    const noise = net.poisson(20, { rateHz: 50 });
    const out = net.population(5, lif());
    const projection = net.connect(noise, out, {
      pattern: 'all-to-all',
      weightMv: 6,
      plasticity: pairStdp({ aPlus: 0.1, wMax: 10 }),
    });
    const all = net.record(projection, { everyMs: 100 });
    const some = net.record(projection, { everyMs: 200, synapses: [7, 99], maxSamples: 2 });
    await net.run(250);
    const after = projection.weights;
    await net.run(250);
    const { synapse, timeMs, values } = all.weights;
    expect([synapse.length, ...timeMs]).toEqual([100, 0, 100, 200, 300, 400, 500]);
    expect(values.subarray(0, 100).every((weight) => weight === 6)).toBe(true);
    expect(values.subarray(500)).toEqual(projection.weights);
    expect(values.subarray(200, 300)).not.toEqual(after);
    expect([...some.weights.timeMs]).toEqual([0, 200]);
    expect([...some.weights.values.subarray(2)]).toEqual([values[207], values[299]]);
    expect(some.lostSamples).toBe(1);
  });
});

it.each([
  [{ maxSpikes: 0 }, 'maxSpikes is 0'],
  [{ everyMs: 0.5, potentials: true }, 'everyMs is 0.5'],
  [{ state: ['recovery'] }, 'state is "recovery"'],
  [{ state: 'potentialMv' }, 'state is "potentialMv"'],
  [{ neurons: [3] }, 'neurons[0] is 3'],
  [{ neurons: [1, 1] }, 'neurons has an index twice'],
  [{ neurons: [] }, 'neurons is empty'],
  [{ spike: true }, 'spike'],
  [{ spikes: 1 }, 'spikes is 1'],
  [{ maxSamples: Number.NaN }, 'maxSamples is NaN'],
  [null, 'null'],
])('%j is refused by name', (options, message) => {
  const { net, out } = driven();
  expect(refusal(() => net.record(out, options as object))).toContain(message);
});
