// awaitConsensus() and awaitDecision() of a network that runs: the same verdicts as on trains made by hand, whenever one asks.
import { findConsensus, findDecision, lif, SpikingNetwork } from 'neuronbus/population';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOfPromise, turn } from '../../support.js';
import { relay, relayNeuron, volley } from './nets.js';

const classes = [0, 0, 0, 1];
const make = (options = {}) => relayNeuron(relay(), { windowMs: 20, classes, ...options });

/** The input whose output is: neurons 3, 0, 1, 2 at 2, 3, 4, 5 ms, and then neuron 0 eight times more. */
const input = [
  { neuron: 3, timeMs: 1 },
  { neuron: 0, timeMs: 2 },
  { neuron: 1, timeMs: 3 },
  { neuron: 2, timeMs: 4 },
  ...volley(0, 8, 6),
];
const output = {
  neuron: Uint32Array.from(input, ({ neuron }) => neuron),
  timeMs: Float64Array.from(input, ({ timeMs }) => timeMs + 1),
};

describe('awaitConsensus()', () => {
  it('resolves when enough of the active neurons agree, with the simulated time of that', async () => {
    const neuron = make();
    neuron.broadcast(input);
    const consensus = await neuron.awaitConsensus(0.75, { quorum: 2, timeoutMs: 60_000 });
    expect(consensus).toEqual({ class: 0, agreement: 0.75, active: 4, timeMs: 5 });
    expect(consensus).toEqual(findConsensus(output, classes, 0.75, { quorum: 2 }));
  });

  it('says the same when it is asked for after the input has run', async () => {
    const neuron = make();
    await neuron.present(input);
    expect(await neuron.awaitConsensus(0.75, { quorum: 2 })).toEqual(
      findConsensus(output, classes, 0.75, { quorum: 2 }),
    );
  });

  it('looks at the input that was given last, not at those before', async () => {
    const neuron = make();
    neuron.broadcast([0, 1, 2]);
    neuron.broadcast([3]);
    expect(await neuron.awaitConsensus(1)).toMatchObject({ class: 1, active: 1 });
  });

  it('goes on with the inputs that follow, each on its own', async () => {
    const neuron = make();
    neuron.broadcast([0]);
    const waiting = neuron.awaitConsensus(1, { quorum: 2 });
    neuron.broadcast([1]);
    neuron.broadcast([2, 3]);
    neuron.broadcast([0, 2]);
    expect(await waiting).toEqual({ class: 0, agreement: 1, active: 2, timeMs: 1 });
    await neuron.idle();
    expect(neuron.stats().decoded).toBe(4);
  });

  it('times out clearly: how far it got', async () => {
    const neuron = make();
    neuron.broadcast([0, 1, 3]);
    const error = await neuron.awaitConsensus(0.9, { quorum: 2, timeoutMs: 200 }).catch((reason) => reason);
    expect(error.code).toBe('ERR_NB_TIMEOUT');
    expect(error.message).toContain(
      'In 200 ms and one input, an agreement of 0.9 was wanted, and 0.667 reached (class 0, 2 of 3 active neurons, at 1 ms)',
    );
  });

  it('times out clearly: nothing came', async () => {
    const error = await make()
      .awaitConsensus(0.9, { timeoutMs: 5 })
      .catch((reason) => reason);
    expect(error.code).toBe('ERR_NB_TIMEOUT');
    expect(error.message).toContain(
      'In 5 ms and no input, an agreement of 0.9 was wanted, but no class was ahead',
    );
  });

  it('times out clearly: too few were active', async () => {
    const neuron = make();
    neuron.broadcast([0]);
    const error = await neuron.awaitConsensus(0.9, { quorum: 3, timeoutMs: 200 }).catch((reason) => reason);
    expect(error.message).toContain('1 of 1 active neurons of a quorum of 3');
  });
});

describe('awaitDecision()', () => {
  it('resolves when the posterior share of a class reaches the confidence', async () => {
    const neuron = make();
    neuron.broadcast(input);
    const decision = await neuron.awaitDecision({ confidence: 0.76, timeoutMs: 60_000 });
    expect(decision).toEqual(findDecision(output, classes, 0.76));
    expect(decision.class).toBe(0);
  });

  it('counts only a window, if it is told to', async () => {
    const neuron = make();
    neuron.broadcast(input);
    const options = { windowMs: 3, doubtSpikes: 0.1 };
    expect(await neuron.awaitDecision({ confidence: 0.95, ...options })).toEqual(
      findDecision(output, classes, 0.95, options),
    );
  });

  it('times out clearly: how far it got', async () => {
    const neuron = make();
    neuron.broadcast([0]);
    const error = await neuron.awaitDecision({ confidence: 0.9, timeoutMs: 200 }).catch((reason) => reason);
    expect(error.code).toBe('ERR_NB_TIMEOUT');
    expect(error.message).toContain(
      'a confidence of 0.9 was wanted, and 0.750 reached (class 0, 1 spikes, at 1 ms)',
    );
  });
});

describe('both', () => {
  it('take each output neuron as a class of its own when nobody says more', async () => {
    const neuron = relayNeuron(relay());
    neuron.broadcast([...volley(2, 9), { neuron: 1, timeMs: 0 }]);
    const [consensus, decision] = await Promise.all([
      neuron.awaitConsensus(1, { windowMs: 1 }),
      neuron.awaitDecision({ confidence: 0.8 }),
    ]);
    expect([consensus.class, decision.class]).toEqual([2, 2]);
  });

  it('give up when they are told to', async () => {
    const neuron = make();
    const giveUp = new AbortController();
    const waiting = neuron.awaitConsensus(0.9, { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    const error = await waiting.catch((reason) => reason);
    expect([error.code, error.cause.message]).toEqual(['ERR_NB_ABORTED', 'enough']);
    const again = neuron.awaitDecision({ confidence: 0.9, signal: giveUp.signal });
    expect(await codeOfPromise(again)).toBe('ERR_NB_ABORTED');
  });

  it('resolve in mid-run: before the window is over', async () => {
    const net = new SpikingNetwork({ dtMs: 0.5, seed: 1 });
    onTestFinished(() => net.close());
    const source = net.spikeSource(4);
    const out = net.population(4, lif({ synapseTauMs: 0 }));
    const synapses = net.connect(source, out, { pattern: 'one-to-one', weightMv: 20, delayMs: 0.5 });
    const neuron = relayNeuron({ net, input: source, output: out, synapses }, { windowMs: 1e9 });
    neuron.broadcast([1]);
    expect(await neuron.awaitDecision({ confidence: 0.6 })).toMatchObject({ class: 1, timeMs: 1 });
    expect(neuron.stats().running).toBe(1);
    neuron.close();
    await neuron.idle();
    expect(net.timeMs).toBeLessThan(1e9);
  });

  it('reject with what kept the input from running', async () => {
    const parts = relay();
    const neuron = relayNeuron(parts);
    neuron.events.on('error', () => {});
    const spoiled = parts.net.poisson(1, {
      rateHz: () => {
        throw new RangeError('no rate');
      },
    });
    neuron.broadcast([1]);
    await expect(neuron.awaitConsensus(1, { quorum: 4 })).rejects.toThrow('no rate');
    spoiled.setRate(0);
    await turn();
    expect(await neuron.present([1])).toMatchObject({ neuron: 1 });
  });

  it.each([
    ['agreement', (neuron: ReturnType<typeof make>) => neuron.awaitConsensus(1.5)],
    ['quorum', (neuron: ReturnType<typeof make>) => neuron.awaitConsensus(1, { quorum: 9 })],
    ['timeoutMs', (neuron: ReturnType<typeof make>) => neuron.awaitConsensus(1, { timeoutMs: 0 })],
    ['signal', (neuron: ReturnType<typeof make>) => neuron.awaitConsensus(1, { signal: {} as never })],
    ['confidence', (neuron: ReturnType<typeof make>) => neuron.awaitDecision({ confidence: 0 })],
    ['windowMs', (neuron: ReturnType<typeof make>) => neuron.awaitDecision({ confidence: 1, windowMs: -1 })],
    ['options', (neuron: ReturnType<typeof make>) => neuron.awaitDecision(undefined as never)],
    ['options', (neuron: ReturnType<typeof make>) => neuron.awaitConsensus(1, { patience: 1 } as never)],
  ])('refuse a bad %s', async (name, call) => {
    const error = await call(make()).catch((reason) => reason);
    expect(error.code).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(error.message).toContain(name);
  });
});
