// What rules do to weights, by hand-made spike trains and sums on paper.
import {
  homeostasis,
  type PlasticityRule,
  pairStdp,
  rewardStdp,
  rewiring,
  type SpikingNetwork,
  tripletStdp,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, refusal, relay } from './support.js';

/**
 * One plastic synapse on which pre-spikes arrive at `preMs`, and whose post-synaptic neuron fires at `postMs`: a strong static
 * synapse without a delay makes it fire one step of 1 ms after its own source. The weight itself moves nothing: it is tiny.
 */
function pairing(rule: PlasticityRule, preMs: number[], postMs: number[], weight = 0.5e-3) {
  const net = makeNet({ dtMs: 1 });
  const times = (all: number[], back: number) => all.map((timeMs) => ({ neuron: 0, timeMs: timeMs - back }));
  const pre = net.spikeSource(1, times(preMs, 1));
  const driver = net.spikeSource(1, times(postMs, 1));
  const out = relay(net, 1);
  net.connect(driver, out, { pattern: 'one-to-one', weightMv: 30, delayMs: 0 });
  const learning = net.connect(pre, out, {
    pattern: 'one-to-one',
    weightMv: weight,
    delayMs: 1,
    plasticity: rule,
  });
  return { net, out, learning };
}

const SCALE = 1e-3;
const bounds = { wMin: 0, wMax: SCALE };

describe('pairStdp', () => {
  const rule = pairStdp({
    aPlus: 0.1 * SCALE,
    aMinus: 0.12 * SCALE,
    tauPlusMs: 20,
    tauMinusMs: 30,
    ...bounds,
  });

  it.each([
    ['post after pre', [10], [15], 0.5 + 0.1 * Math.exp(-5 / 20)],
    ['pre after post', [15], [10], 0.5 - 0.12 * Math.exp(-5 / 30)],
    ['both at once: the arrival came first', [10], [10], 0.5 + 0.1],
    ['far apart', [10], [2000], 0.5],
  ])('%s', async (_, pre, post, expected) => {
    const { net, out, learning } = pairing(rule, pre, post);
    await net.run(2100);
    expect(out.spikeCounts[0]).toBe(post.length);
    expect(learning.weights[0] / SCALE).toBeCloseTo(expected, 5);
  });

  it('reduced pairs each arrival with the first post-spike after it alone, and depresses only after a post-spike', async () => {
    const rule = pairStdp({ aPlus: 0.1 * SCALE, aMinus: 0.2 * SCALE, ...bounds, pairing: 'reduced-nearest' });
    const { net, learning } = pairing(rule, [10, 30, 40], [14, 20]);
    await net.run(60);
    expect(learning.weights[0] / SCALE).toBeCloseTo(
      0.5 + 0.1 * Math.exp(-4 / 20) - 0.2 * Math.exp(-10 / 20),
      5,
    );
    expect(refusal(() => tripletStdp({ pairing: 'reduced-nearest' }))).toContain(
      'pairing is "reduced-nearest"',
    );
  });

  it('pairs all with all, or the nearest', async () => {
    const weight = async (kind: 'all' | 'nearest') => {
      const rule = pairStdp({ aPlus: 0.1 * SCALE, aMinus: 0, ...bounds, pairing: kind });
      const { net, learning } = pairing(rule, [10, 16], [20]);
      await net.run(40);
      return learning.weights[0] / SCALE;
    };
    const near = 0.1 * Math.exp(-4 / 20);
    expect(await weight('nearest')).toBeCloseTo(0.5 + near, 5);
    expect(await weight('all')).toBeCloseTo(0.5 + near + 0.1 * Math.exp(-10 / 20), 5);
  });

  it('keeps within additive bounds, and approaches multiplicative ones', async () => {
    const weight = async (kind: 'additive' | 'multiplicative', aPlus: number) => {
      const rule = pairStdp({ aPlus, aMinus: 0, ...bounds, bounds: kind });
      const { net, learning } = pairing(rule, [10, 110], [10, 110]);
      await net.run(200);
      return learning.weights[0] / SCALE;
    };
    expect(await weight('additive', 0.4 * SCALE)).toBeCloseTo(1, 6);
    const trace = 1 + Math.exp(-100 / 20);
    expect(await weight('multiplicative', 0.4)).toBeCloseTo(1 - 0.5 * 0.6 * (1 - 0.4 * trace), 5);
  });

  it('with learning off leaves weights as they are, and goes on when it is on again', async () => {
    const { net, learning } = pairing(rule, [10, 110], [15, 115]);
    expect(learning.learning).toBe(true);
    learning.learning = false;
    await net.run(100);
    expect(learning.weights[0]).toBe(Math.fround(0.5e-3));
    learning.learning = true;
    await net.run(100);
    expect(learning.weights[0]).toBeGreaterThan(0.5e-3);
  });
});

describe('tripletStdp', () => {
  it('of two post-spikes the second adds more, by the slow trace of post', async () => {
    const rule = tripletStdp({
      set: 'visual-cortex-all-to-all-minimal',
      ...bounds,
      a3Plus: 0.1 * SCALE,
      a2Minus: 0,
    });
    const { net, learning } = pairing(rule, [10], [12, 30]);
    await net.run(60);
    const x = Math.exp(-20 / 16.8);
    const y2 = Math.exp(-18 / 114);
    expect(learning.weights[0] / SCALE).toBeCloseTo(0.5 + 0.1 * x * y2, 5);
  });

  it('depresses like a pair rule', async () => {
    const rule = tripletStdp({ ...bounds, a2Minus: 0.1 * SCALE });
    const { net, learning } = pairing(rule, [20], [10]);
    await net.run(60);
    expect(learning.weights[0] / SCALE).toBeCloseTo(0.5 - 0.1 * Math.exp(-10 / 33.7), 5);
  });
});

describe('rewardStdp', () => {
  const rule = (tauDopamineMs: number) =>
    rewardStdp({ aPlus: 0.1, aMinus: 0, tauEligibilityMs: 1000, tauDopamineMs, ...bounds });

  it('without a reward nothing changes; with one the trace that is left becomes weight', async () => {
    const { net, learning } = pairing(rule(0), [10], [15]);
    await net.run(100);
    expect(learning.weights[0]).toBe(Math.fround(0.5e-3));
    net.reward(2 * SCALE);
    const trace = 0.1 * Math.exp(-5 / 20) * Math.exp(-(100 - 15) / 1000);
    expect(learning.weights[0] / SCALE).toBeCloseTo(0.5 + 2 * trace, 4);
  });

  it('dopamine that fades acts for a while; punishment takes', async () => {
    const { net, learning } = pairing(rule(200), [10], [15]);
    await net.run(100);
    learning.reward(-SCALE);
    await net.run(5000);
    const trace = 0.1 * Math.exp(-5 / 20) * Math.exp(-(100 - 15) / 1000);
    const both = 1 / (1 / 200 + 1 / 1000);
    expect(learning.weights[0] / SCALE).toBeCloseTo(0.5 - (trace * both) / 200, 4);
  });

  it('is not for other rules', () => {
    const { learning } = pairing(pairStdp(bounds), [10], [15]);
    expect(refusal(() => learning.reward(1))).toContain('rewardStdp()');
    expect(refusal(() => learning.reward(Number.NaN))).toContain('amount is NaN');
  });
});

/** What each neuron receives. */
function sums({ projections: [projection] }: SpikingNetwork): number[] {
  const { weights, endpoints } = projection;
  const result = new Array<number>(projection.post.size).fill(0);
  weights.forEach((weight, i) => {
    result[endpoints.post[i]] += weight;
  });
  return result;
}

describe('homeostatic scaling', () => {
  it('normalize() makes the weights into each neuron sum to a total, in proportion', () => {
    const net = makeNet();
    const weightMv = [1, 1, 3, 1];
    const projection = net.connect(net.spikeSource(2), relay(net, 2), { pattern: 'all-to-all', weightMv });
    projection.normalize(2);
    expect([...projection.weights]).toEqual([0.5, 1, 1.5, 1]);
    expect(refusal(() => projection.normalize(Number.NaN))).toContain('total is NaN');
  });

  it('happens at the multiples of its interval while the network runs', async () => {
    const net = makeNet({ dtMs: 1 });
    const projection = net.connect(net.spikeSource(3), relay(net, 4), {
      pattern: 'all-to-all',
      weightMv: { uniform: [0, 1] },
      homeostasis: homeostasis({ totalWeight: 3, everyMs: 100 }),
    });
    const before = sums(net);
    await net.run(99);
    expect(sums(net)).toEqual(before);
    await net.run(1);
    for (const sum of sums(net)) expect(sum).toBeCloseTo(3, 5);
    projection.setWeights(0.25);
    await net.run(50);
    expect(sums(net)[0]).toBeCloseTo(0.75, 5);
    await net.run(150);
    expect(sums(net)[0]).toBeCloseTo(3, 5);
  });
});

describe('rewiring', () => {
  it('removes the weak and the dead, and grows new ones', () => {
    const net = makeNet();
    const pre = net.spikeSource(10);
    const out = relay(net, 10);
    const projection = net.connect(pre, out, {
      pattern: 'fixed-in-degree',
      degree: 4,
      weightMv: { uniform: [0, 1] },
    });
    const weak = projection.weights.filter((weight) => weight < 0.5).length;
    expect(projection.rewire({ pruneBelow: 0.5 })).toEqual({ removed: weak, grown: 0 });
    expect(projection.synapses).toBe(40 - weak);
    expect(Math.min(...projection.weights)).toBeGreaterThanOrEqual(0.5);
    out.kill([3]);
    const toDead = projection.endpoints.post.filter((post) => post === 3).length;
    expect(projection.rewire({ grow: 'removed', weight: 0.7 })).toEqual({ removed: toDead, grown: toDead });
    expect([...projection.endpoints.post]).not.toContain(3);
    expect(projection.weights.filter((weight) => weight === Math.fround(0.7)).length).toBe(toDead);
    expect(projection.rewire()).toEqual({ removed: 0, grown: 0 });
    expect(refusal(() => projection.rewire({ grow: 5 }))).toContain('weight is undefined');
  });

  it('happens at intervals while the network runs', async () => {
    const net = makeNet({ dtMs: 1 });
    const projection = net.connect(net.spikeSource(20), relay(net, 20), {
      pattern: 'fixed-probability',
      probability: 0.5,
      weightMv: { uniform: [0, 1] },
      rewiring: rewiring({ everyMs: 50, pruneBelow: 0.25, grow: 'removed', weight: 0.9 }),
    });
    const { synapses } = projection;
    await net.run(49);
    expect(Math.min(...projection.weights)).toBeLessThan(0.25);
    await net.run(2);
    expect(Math.min(...projection.weights)).toBeGreaterThanOrEqual(0.25);
    expect(projection.synapses).toBe(synapses);
  });
});
