// Models of neurons: against closed forms and published behaviour.
import { adaptiveLif, izhikevich, lif, type NeuronModel } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, pairs, refusal } from './support.js';

/** Times at which the only neuron of this model fires. */
async function firing(model: NeuronModel, ms: number, dtMs = 0.1): Promise<number[]> {
  const net = makeNet({ dtMs });
  const recording = net.record(net.population(1, model), { spikes: true });
  await net.run(ms);
  return [...recording.spikes.timeMs];
}

describe('lif', () => {
  it.each([16, 20, 40, 100])(
    'driven by %d mV fires when the closed form says, within a step',
    async (driveMv) => {
      const times = await firing(lif({ tauMs: 10, driveMv, refractoryMs: 2 }), 500);
      const interval = 10 * Math.log(driveMv / (driveMv - 15));
      expect(times.length).toBeGreaterThan(5);
      expect(Math.abs(times[0] - interval)).toBeLessThanOrEqual(0.1 + 1e-9);
      for (let i = 1; i < times.length; i++) {
        expect(Math.abs(times[i] - times[i - 1] - (2 + interval))).toBeLessThanOrEqual(0.1 + 1e-9);
      }
    },
  );

  it('driven to just below its threshold never fires', async () => {
    expect(await firing(lif({ driveMv: 14.99 }), 500)).toEqual([]);
  });

  it('answers one spike with the potential that its equation has', async () => {
    const net = makeNet({ dtMs: 0.1 });
    const input = net.spikeSource(1, [{ neuron: 0, timeMs: 5 }]);
    const out = net.population(1, lif({ tauMs: 10, synapseTauMs: 5 }));
    net.connect(input, out, { pattern: 'all-to-all', weightMv: 20, delayMs: 1 });
    const recording = net.record(out, { potentials: true });
    await net.run(40);
    const { timeMs, values } = recording.potentials;
    timeMs.forEach((time, sample) => {
      // It arrives in the step of 6 ms, after that step's integration: at the start of the next one.
      const since = Math.max(0, time - 6.1);
      const exact = -70 + 20 * (Math.exp(-since / 10) - Math.exp(-since / 5));
      expect(Math.abs(values[sample] - exact)).toBeLessThan(1e-4);
    });
  });

  it('with a synaptic time constant of 0 jumps by the weight', async () => {
    const net = makeNet({ dtMs: 1 });
    const input = net.spikeSource(1, [{ neuron: 0, timeMs: 2 }]);
    const out = net.population(1, lif({ synapseTauMs: 0, tauMs: 1e9 }));
    net.connect(input, out, { pattern: 'all-to-all', weightMv: 7, delayMs: 1 });
    await net.run(10);
    expect(out.state('potentialMv')[0]).toBeCloseTo(-63, 5);
  });

  it('with resetExcitatory forgets its input when it fires', async () => {
    const spikes = async (resetExcitatory: boolean) => {
      const net = makeNet({ dtMs: 0.1 });
      const input = net.spikeSource(1, [{ neuron: 0, timeMs: 1 }]);
      const out = net.population(1, lif({ synapseTauMs: 20, refractoryMs: 0, resetExcitatory }));
      net.connect(input, out, { pattern: 'all-to-all', weightMv: 100 });
      await net.run(100);
      return [out.spikeCounts[0], out.state('excitatory')[0]];
    };
    const [many, current] = await spikes(false);
    expect(many).toBeGreaterThan(2);
    expect(current).toBeGreaterThan(0);
    expect(await spikes(true)).toEqual([1, 0]);
  });

  it('with conductances is pulled to their reversal potentials', async () => {
    const net = makeNet({ dtMs: 0.1 });
    const both = net.spikeSource(
      2,
      [0, 1].map((neuron) => ({ neuron, timeMs: 1 })),
    );
    const model = lif({ conductance: {}, synapseTauMs: 1e6, thresholdMv: 100, resetMv: -100 });
    const out = net.population(2, model);
    net.connect(both, out, { pattern: 'list', pre: [0], post: [0], weight: 1 });
    net.connect(both, out, { pattern: 'list', pre: [1], post: [1], weight: -1 });
    await net.run(200);
    const [excited, inhibited] = out.state('potentialMv');
    expect(excited).toBeCloseTo((-70 + 0) / 2, 1);
    expect(inhibited).toBeCloseTo((-70 - 80) / 2, 1);
  });
});

describe('adaptiveLif', () => {
  it('raises its threshold with each spike, and fires ever more slowly', async () => {
    const net = makeNet({ dtMs: 0.1 });
    const model = adaptiveLif({ driveMv: 40, thresholdIncrementMv: 1, thresholdTauMs: 1e9 });
    const out = net.population(1, model);
    const recording = net.record(out);
    await net.run(200);
    const { timeMs } = recording.spikes;
    expect(out.state('thresholdOffsetMv')[0]).toBeCloseTo(timeMs.length, 3);
    expect(timeMs.at(-1)! - timeMs.at(-2)!).toBeGreaterThan(timeMs[1] - timeMs[0]);
  });
});

describe('izhikevich', () => {
  it('types fire as they are called', async () => {
    const counts: Record<string, number> = {};
    const bursts: Record<string, number> = {};
    for (const type of ['regular-spiking', 'fast-spiking', 'chattering'] as const) {
      const times = await firing(izhikevich({ type, drive: 10 }), 1000, 0.5);
      counts[type] = times.length;
      bursts[type] = times.filter((time, i) => i > 0 && time - times[i - 1] < 8).length;
    }
    expect(counts['fast-spiking']).toBeGreaterThan(2 * counts['regular-spiking']);
    expect(bursts.chattering).toBeGreaterThan(counts.chattering / 3);
    expect(bursts['regular-spiking']).toBeLessThan(3);
  });

  it('without a drive comes to rest', async () => {
    expect(await firing(izhikevich(), 500, 0.5)).toEqual([]);
  });
});

describe('parameters', () => {
  it('are one for all, or one for each', async () => {
    const net = makeNet();
    const out = net.population(3, lif({ driveMv: [0, 20, 40], tauMs: new Float32Array([10, 10, 5]) }));
    await net.run(200);
    const [none, some, many] = out.spikeCounts;
    expect(none).toBe(0);
    expect(some).toBeGreaterThan(5);
    expect(many).toBeGreaterThan(2 * some);
  });

  it('are drawn from the seed', async () => {
    const drawn = async (seed: number) => {
      const net = makeNet({ seed });
      const out = net.population(200, lif({ driveMv: { normal: [25, 3] }, tauMs: { uniform: [5, 15] } }), {
        initial: { potentialMv: { uniform: [-70, -56] } },
      });
      const initial = out.state('potentialMv');
      await net.run(100);
      return [[...initial], [...out.spikeCounts]];
    };
    const [first, again, other] = [await drawn(1), await drawn(1), await drawn(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const [initial] = first;
    expect(Math.min(...initial)).toBeGreaterThanOrEqual(-70);
    expect(Math.max(...initial)).toBeLessThan(-56);
    expect(new Set(initial).size).toBeGreaterThan(190);
  });

  it('drawn out of range are refused, not cut', () => {
    const net = makeNet();
    expect(refusal(() => net.population(1000, lif({ tauMs: { normal: [1, 5] } })))).toMatch(
      /^tauMs\[\d+\] is -/,
    );
    expect(net.populations).toEqual([]);
  });
});

describe('state', () => {
  it('is at rest to begin with, can be read, set, and drawn', async () => {
    const net = makeNet();
    const out = net.population(4, lif({ restMv: -65 }));
    expect([...out.state('potentialMv')]).toEqual([-65, -65, -65, -65]);
    out.setState('potentialMv', [-60, -61, -62, -63]);
    expect([...out.state('potentialMv')]).toEqual([-60, -61, -62, -63]);
    out.setState('excitatory', 3);
    expect([...out.state('excitatory')]).toEqual([3, 3, 3, 3]);
    out.setState('potentialMv', { uniform: [-64, -60] });
    expect(new Set(out.state('potentialMv')).size).toBe(4);
  });

  it('decides what happens', async () => {
    const net = makeNet();
    const out = net.population(2, lif(), { initial: { potentialMv: [-70, -50] } });
    const recording = net.record(out);
    await net.run(5);
    expect(pairs(recording.spikes)).toEqual([[1, 0]]);
  });

  it('that the model has not is refused by name', () => {
    const net = makeNet();
    const out = net.population(1, lif());
    expect(refusal(() => out.state('recovery'))).toContain('variable is "recovery"');
    expect(refusal(() => out.state('hope' as 'recovery'))).toContain('variable is "hope"');
    expect(refusal(() => out.setState('potentialMv', Number.NaN))).toContain('potentialMv is NaN');
    expect(refusal(() => out.setState('potentialMv', [1, 2]))).toContain('the length of potentialMv is 2');
  });
});

describe('killed neurons', () => {
  it('fire no more, and are named', async () => {
    const net = makeNet();
    const out = net.population(4, lif({ driveMv: 30 }));
    await net.run(50);
    const before = out.spikeCounts;
    out.kill([3, 1]);
    out.kill([1]);
    await net.run(50);
    const after = out.spikeCounts;
    expect([...out.killed]).toEqual([1, 3]);
    expect([...out.alive]).toEqual([1, 0, 1, 0]);
    expect([after[1], after[3]]).toEqual([before[1], before[3]]);
    expect(after[0]).toBeGreaterThan(before[0]);
    expect(refusal(() => out.kill([0, 4]))).toContain('indices[1] is 4');
    expect([...out.killed]).toEqual([1, 3]);
  });
});
