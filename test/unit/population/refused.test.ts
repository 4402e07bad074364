// What a network refuses: by a typed error that names the parameter, before anything has happened.
import {
  adaptiveLif,
  type ConnectOptions,
  homeostasis,
  izhikevich,
  lif,
  pairStdp,
  rewardStdp,
  rewiring,
  SpikingNetwork,
  type SpikingNetworkOptions,
  tripletStdp,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { makeNet, refusal } from './support.js';

describe('a network', () => {
  it.each([
    [{ dtMs: 0 }, 'dtMs is 0'],
    [{ dtMs: -1 }, 'dtMs is -1'],
    [{ dtMs: Number.NaN }, 'dtMs is NaN'],
    [{ dtMs: '1' }, 'dtMs is "1"'],
    [{ seed: -1 }, 'seed is -1'],
    [{ seed: 1.5 }, 'seed is 1.5'],
    [{ threads: 0 }, 'threads is 0'],
    [{ threads: 1000 }, 'threads is 1000'],
    [{ dt: 1 }, 'an option of SpikingNetwork is "dt"'],
    [null, 'null'],
  ])('with %j', (options, message) => {
    expect(refusal(() => new SpikingNetwork(options as SpikingNetworkOptions))).toContain(message);
  });
});

describe('a default', () => {
  it.each([0.07, 0.3, 0.7, 3, 50])(
    'goes to the nearest step of %d ms, and a number that somebody wrote does not',
    (dtMs) => {
      const net = makeNet({ dtMs });
      const pre = net.poisson(2, { rateHz: 1 });
      const post = net.population(2, lif());
      const list = { pattern: 'list', pre: [0], post: [0], weightMv: 1 } as const;
      const { delaysMs } = net.connect(pre, post, list);
      expect(delaysMs[0]).toBeCloseTo(Math.max(1, Math.round(1 / dtMs)) * dtMs, 6);
      expect(refusal(() => net.connect(pre, post, { ...list, delayMs: 1 }))).toContain('delayMs is 1');
      expect(refusal(() => net.population(2, lif({ refractoryMs: 2 })))).toContain('refractoryMs is 2');
    },
  );
});

describe('a model', () => {
  it.each([
    [() => lif({ tauMs: -1 }), 'tauMs is -1'],
    [() => lif({ tauMs: 0 }), 'tauMs is 0'],
    [() => lif({ tauMs: Number.NaN }), 'tauMs is NaN'],
    [() => lif({ tauMs: [10, -1] }), 'tauMs[1] is -1'],
    [() => lif({ tauMs: '10' as never }), 'tauMs is "10"'],
    [() => lif({ synapseTauMs: -1 }), 'synapseTauMs is -1'],
    [() => lif({ refractoryMs: -2 }), 'refractoryMs is -2'],
    [() => lif({ driveMv: Number.POSITIVE_INFINITY }), 'driveMv is Infinity'],
    [() => lif({ driveMv: { uniform: [2, 1] } }), 'driveMv.uniform[1] is 1'],
    [() => lif({ driveMv: { normal: [2, -1] } }), 'driveMv.normal[1] is -1'],
    [() => lif({ driveMv: { normal: [2] } as never }), 'the length of driveMv.normal is 1'],
    [() => lif({ driveMv: { poisson: [2] } as never }), 'driveMv is "poisson"'],
    [() => lif({ tau: 10 } as object), 'a parameter of lif() is "tau"'],
    [() => lif({ tauMs: null } as object), 'tauMs is null'],
    [() => lif({ thresholdTauMs: 10 } as object), 'a parameter of lif() is "thresholdTauMs"'],
    [() => lif({ conductance: { reversal: 0 } as object }), 'conductance is "reversal"'],
    [() => lif({ conductance: {}, synapseTauMs: 0 }), 'synapseTauMs is 0'],
    [() => adaptiveLif({ thresholdIncrementMv: -1 }), 'thresholdIncrementMv is -1'],
    [() => adaptiveLif({ thresholdTauMs: 0 }), 'thresholdTauMs is 0'],
    [() => lif({ resetExcitatory: 1 } as object), 'resetExcitatory is 1'],
    [() => tripletStdp({ pairing: 'reduced-nearest' }), 'pairing is "reduced-nearest"'],
    [() => izhikevich({ type: 'sleepy' as never }), 'type is "sleepy"'],
    [() => izhikevich({ a: Number.NaN }), 'a is NaN'],
    [() => pairStdp({ tauPlusMs: -20 }), 'tauPlusMs is -20'],
    [() => pairStdp({ aPlus: Number.NaN }), 'aPlus is NaN'],
    [() => pairStdp({ wMin: 1, wMax: 1 }), 'wMax is 1'],
    [() => pairStdp({ pairing: 'some' as never }), 'pairing is "some"'],
    [() => pairStdp({ bounds: 'none' as never }), 'bounds is "none"'],
    [() => pairStdp({ tauPlus: 20 } as object), 'a parameter of pairStdp() is "tauPlus"'],
    [() => tripletStdp({ set: 'mine' as never }), 'set is "mine"'],
    [() => tripletStdp({ tauYMs: 0 }), 'tauYMs is 0'],
    [() => rewardStdp({ tauEligibilityMs: 0 }), 'tauEligibilityMs is 0'],
    [() => rewardStdp({ tauDopamineMs: -1 }), 'tauDopamineMs is -1'],
    [() => homeostasis({ totalWeight: 0 }), 'totalWeight is 0'],
    [() => homeostasis({} as never), 'totalWeight is undefined'],
    [() => rewiring({ everyMs: 0 }), 'everyMs is 0'],
    [() => rewiring({ grow: 1.5, weight: 1 }), 'grow is 1.5'],
    [() => pairStdp({ wMax: 1e300 }), 'wMax is 1e+300'],
    [() => pairStdp({ wMin: -1e300 }), 'wMin is -1e+300'],
    [() => pairStdp({ wMax: 1e-60 }), 'wMax is 1e-60'],
    [() => pairStdp({ aPlus: 1e300 }), 'aPlus is 1e+300'],
    [() => pairStdp({ aMinus: -1e300 }), 'aMinus is -1e+300'],
    [() => tripletStdp({ a3Plus: 1e300 }), 'a3Plus is 1e+300'],
    [() => rewardStdp({ aPlus: 1e300 }), 'aPlus is 1e+300'],
    [() => homeostasis({ totalWeight: 1e300 }), 'totalWeight is 1e+300'],
    [() => rewiring({ grow: 1, weight: 1e300 }), 'weight is 1e+300'],
  ])('%s', (make, message) => {
    expect(refusal(make)).toContain(message);
  });
});

describe('a population', () => {
  const net = () => makeNet({ dtMs: 0.1 });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31, '5'])('of %j neurons', (size) => {
    expect(refusal(() => net().population(size as number, lif()))).toContain('size is');
    expect(refusal(() => net().poisson(size as number, { rateHz: 1 }))).toContain('size is');
    expect(refusal(() => net().spikeSource(size as number))).toContain('size is');
  });

  it.each([
    [lif({ tauMs: [10, 10] }), {}, 'the length of tauMs is 2'],
    [lif({ resetMv: -50 }), {}, 'resetMv is -50, but must be below thresholdMv, -55'],
    [lif({ thresholdMv: [-50, -80, -50] }), {}, 'resetMv of neuron 1 is -70'],
    [lif({ refractoryMs: 0.25 }), {}, 'refractoryMs is 0.25'],
    [izhikevich({ c: 40 }), {}, 'c is 40, but must be below peakMv, 30'],
    ['lif', {}, 'model is "lif"'],
    [{ name: 'lif' }, {}, 'model is an object'],
    [lif(), { initial: { recovery: 1 } }, 'initial is "recovery"'],
    [lif(), { initial: { potentialMv: Number.NaN } }, 'initial.potentialMv is NaN'],
    [lif(), { initial: { potentialMv: [1] } }, 'the length of initial.potentialMv is 1'],
    [lif(), { name: '' }, 'name is ""'],
    [lif(), { label: 'a' }, 'an option of population() is "label"'],
  ])('of 3 neurons of %j with %j', (model, options, message) => {
    const network = net();
    expect(refusal(() => network.population(3, model as never, options as object))).toContain(message);
    expect(network.populations).toEqual([]);
  });

  it.each([
    [{}, 'rateHz is undefined'],
    [{ rateHz: -1 }, 'rateHz is -1'],
    [{ rateHz: [1] }, 'the length of rateHz is 1'],
    [{ rateHz: () => 1, rateIntervalMs: 0.15 }, 'rateIntervalMs is 0.15'],
    [{ rateHz: 1, rate: 1 }, 'an option of poisson() is "rate"'],
  ])('of 3 Poisson neurons with %j', (options, message) => {
    const network = net();
    expect(refusal(() => network.poisson(3, options as never))).toContain(message);
    expect(network.populations).toEqual([]);
  });

  it('with a name that another one has', () => {
    const network = net();
    network.population(1, lif(), { name: 'a' });
    expect(refusal(() => network.poisson(1, { rateHz: 1, name: 'a' }))).toContain('name is "a"');
  });
});

describe('a connection', () => {
  it.each([
    [{ pattern: 'some-to-some' }, 'pattern is "some-to-some"'],
    [{}, 'pattern is undefined'],
    [{ pattern: 'all-to-all' }, 'one of weightMv and weight'],
    [{ pattern: 'all-to-all', weightMv: 1, weight: 1 }, 'one of weightMv and weight'],
    [{ pattern: 'all-to-all', weightMv: Number.NaN }, 'weightMv is NaN'],
    [{ pattern: 'all-to-all', weightMv: 1e39 }, 'weightMv is 1e+39'],
    [{ pattern: 'all-to-all', weightMv: [1, 2] }, 'the length of weightMv is 2'],
    [{ pattern: 'all-to-all', weightMv: 2, plasticity: pairStdp() }, 'weightMv is 2'],
    [{ pattern: 'all-to-all', weightMv: { uniform: [0, 2] }, plasticity: pairStdp() }, 'weightMv.uniform[1]'],
    [{ pattern: 'all-to-all', weightMv: 1, plasticity: 'pair' }, 'plasticity is "pair"'],
    [{ pattern: 'all-to-all', weightMv: 1, receptor: 'nose' }, 'receptor is "nose"'],
    [{ pattern: 'all-to-all', weightMv: 1, probability: 1 }, 'an option of connect() is "probability"'],
    [{ pattern: 'all-to-all', weightMv: 1, homeostasis: {} }, 'homeostasis is an object'],
    [{ pattern: 'fixed-probability', weightMv: 1 }, 'probability is undefined'],
    [{ pattern: 'fixed-probability', weightMv: 1, probability: 1.1 }, 'probability is 1.1'],
    [{ pattern: 'fixed-probability', weightMv: [1], probability: 1 }, 'weightMv is an array'],
    [{ pattern: 'fixed-in-degree', weightMv: 1, degree: 3 }, 'degree is 3'],
    [{ pattern: 'list', weightMv: 1, pre: [2], post: [0] }, 'pre[0] is 2'],
    [{ pattern: 'list', weightMv: 1, pre: [0], post: [3] }, 'post[0] is 3'],
    [{ pattern: 'list', weightMv: 1, pre: [0], post: [0, 1] }, 'the length of post is 2'],
    [{ pattern: 'list', weightMv: 1, pre: 'a', post: [] }, 'pre is "a"'],
    [{ pattern: 'convolution', weightMv: 1 }, 'input is undefined'],
    [
      {
        pattern: 'convolution',
        weightMv: 1,
        input: { height: 1, width: 3 },
        kernel: { height: 1, width: 1 },
      },
      'the size of pre is 2',
    ],
    [
      {
        pattern: 'convolution',
        weightMv: 1,
        input: { height: 1, width: 2 },
        kernel: { height: 1, width: 2 },
      },
      'the size of post is 3, but must be 1',
    ],
    [
      {
        pattern: 'convolution',
        weightMv: 1,
        input: { height: 1, width: 2 },
        kernel: { height: 2, width: 1 },
      },
      'kernel.height is 2',
    ],
    [null, 'options is null'],
  ])('of 2 to 3 neurons with %j', (options, message) => {
    const net = makeNet();
    const [pre, post] = [net.spikeSource(2), net.population(3, lif())];
    expect(refusal(() => net.connect(pre, post, options as ConnectOptions))).toContain(message);
    expect(net.projections).toEqual([]);
  });

  it('to a source, to another network, to nothing, or of mV to conductances', () => {
    const net = makeNet();
    const out = net.population(2, lif({ conductance: {} }));
    const other = makeNet().population(2, lif());
    const options = { pattern: 'all-to-all', weightMv: 1 } as const;
    expect(refusal(() => net.connect(out, net.spikeSource(2), options))).toContain('post is "spike-source"');
    expect(refusal(() => net.connect(out, other, options))).toContain(
      'post is a population of another network',
    );
    expect(refusal(() => net.connect(undefined as never, out, options))).toContain('pre is undefined');
    expect(refusal(() => net.connect(out, out, options))).toContain('weightMv cannot be');
  });

  it('that is to grow synapses with a weight that its rule does not allow: then there is none', () => {
    const net = makeNet();
    const [pre, post] = [net.spikeSource(2), net.population(3, lif())];
    const rule = { plasticity: pairStdp({ wMax: 1 }), rewiring: rewiring({ grow: 1, weight: 5 }) };
    const connect = () => net.connect(pre, post, { pattern: 'all-to-all', weightMv: 0.5, ...rule });
    expect(refusal(connect)).toContain('rewiring.weight is 5');
    expect(net.projections).toEqual([]);
  });
});

describe('what is done to synapses', () => {
  it.each([
    [(net: SpikingNetwork) => net.reward(1e300), 'amount is 1e+300'],
    [(net: SpikingNetwork) => net.projections[0]!.reward(-1e300), 'amount is -1e+300'],
    [(net: SpikingNetwork) => net.projections[1]!.normalize(1e300), 'total is 1e+300'],
    [(net: SpikingNetwork) => net.projections[1]!.rewire({ grow: 1, weight: 1e300 }), 'weight is 1e+300'],
  ])('with %s', (act, message) => {
    const net = makeNet();
    const [pre, post] = [net.spikeSource(2), net.population(3, lif())];
    net.connect(pre, post, { pattern: 'all-to-all', weightMv: 0.5, plasticity: rewardStdp() });
    net.connect(pre, post, { pattern: 'fixed-out-degree', degree: 1, weightMv: 0.5 });
    expect(refusal(() => act(net))).toContain(message);
  });
});
