// Neurons that die while the network works, on the bus: who knows of it, what is left, how it heals.
import {
  type Ablation,
  ClassDecoder,
  LatencyEncoder,
  lif,
  pairStdp,
  SpikingNetwork,
} from 'neuronbus/population';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOfPromise, until } from '../../support.js';
import { relay, relayNeuron, volley } from './nets.js';

const told = ({ population, neurons, timeMs }: Ablation) => [population.id, [...neurons], timeMs];

describe('kill()', () => {
  it('kills output neurons, reports which ones, and they are silent', async () => {
    const { output, ...parts } = relay();
    const neuron = relayNeuron({ output, ...parts });
    const events: unknown[] = [];
    neuron.events.on('ablate', (ablation) => events.push(told(ablation)));
    expect(await neuron.present([...volley(2, 3), ...volley(1, 2)])).toMatchObject({ neuron: 2 });
    const ablation = await neuron.kill([2]);
    expect(told(ablation)).toEqual([output.id, [2], 10]);
    expect(events).toEqual([told(ablation)]);
    expect([...neuron.killed].map(([population, dead]) => [population.id, [...dead]])).toEqual([
      [output.id, [2]],
    ]);
    expect(await neuron.present([...volley(2, 3), ...volley(1, 2)])).toMatchObject({ neuron: 1, spikes: 2 });
    expect(await neuron.present([2])).toBeUndefined();
  });

  it('is done, and told everybody, also when a listener throws', async () => {
    const { output, ...parts } = relay();
    const neuron = relayNeuron({ output, ...parts });
    const [errors, told]: [unknown[], number[]] = [[], []];
    neuron.events.on('error', (error) => errors.push(error));
    for (const event of ['ablate', 'heal', 'output'] as const) {
      neuron.events.on(event, () => {
        throw new Error(event);
      });
    }
    expect([...(await neuron.kill([2])).neurons]).toEqual([2]);
    output.kill([3]);
    expect(await neuron.present(volley(1, 2))).toMatchObject({ neuron: 1 });
    expect([...neuron.killed.values()].map((dead) => [...dead])).toEqual([[2, 3]]);
    expect((await neuron.heal()).length).toBeGreaterThan(0);
    for (const error of errors) told.push(['ablate', 'output', 'heal'].indexOf((error as Error).message));
    expect(told).toEqual([0, 0, 1, 2]);
  });

  it('reports only who was alive', async () => {
    const neuron = relayNeuron(relay());
    await neuron.kill([1, 3]);
    const again = await neuron.kill([0, 1, 3, 0]);
    expect([...again.neurons]).toEqual([0]);
    expect([...(await neuron.kill([1])).neurons]).toEqual([]);
    expect([...neuron.killed.values()].map((dead) => [...dead])).toEqual([[0, 1, 3]]);
  });

  it('works in mid-run, between two slices', async () => {
    const parts = relay();
    const windowMs = 1e9;
    const neuron = relayNeuron(parts, { windowMs });
    neuron.broadcast([1]);
    await until(() => neuron.stats().running === 1 && parts.net.timeMs > 0);
    const { timeMs, neurons } = await neuron.kill([1]);
    expect([...neurons]).toEqual([1]);
    expect(timeMs).toBeGreaterThan(0);
    expect(timeMs).toBeLessThan(windowMs);
    expect(neuron.stats().running).toBe(1);
    neuron.close();
    await neuron.idle();
    expect([...parts.output.killed]).toEqual([1]);
  });

  it('works on any population of the network, and notices what others killed', async () => {
    const { input, output, net, synapses } = relay();
    const neuron = relayNeuron({ input, output, net, synapses });
    const events: unknown[] = [];
    neuron.events.on('ablate', (ablation) => events.push(told(ablation)));
    await neuron.kill([0], input);
    expect(await neuron.present([0])).toBeUndefined();
    output.kill([1]);
    expect(await neuron.present([1])).toBeUndefined();
    expect(events).toEqual([
      [input.id, [0], 0],
      [output.id, [1], 10],
    ]);
    expect([...neuron.killed.keys()].map(({ id }) => id)).toEqual([input.id, output.id]);
  });

  it('refuses who is not there, and then kills nobody', async () => {
    const { output, ...parts } = relay();
    const neuron = relayNeuron({ output, ...parts });
    expect(await codeOfPromise(neuron.kill([0, 4]))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(await codeOfPromise(neuron.kill([0], relay().output))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(output.killed).toHaveLength(0);
  });
});

describe('heal()', () => {
  /** 40 inputs to 20 hidden neurons at random, those to 2 classes of 5 neurons each. */
  function layers() {
    const net = new SpikingNetwork({ dtMs: 0.5, seed: 4 });
    onTestFinished(() => net.close());
    const input = net.spikeSource(40);
    const hidden = net.population(20, lif({ synapseTauMs: 0 }));
    const output = net.population(10, lif({ synapseTauMs: 0 }));
    const first = net.connect(input, hidden, {
      pattern: 'fixed-in-degree',
      degree: 8,
      weightMv: 20,
      delayMs: 0.5,
    });
    const second = net.connect(hidden, output, {
      pattern: 'fixed-in-degree',
      degree: 4,
      weightMv: 20,
      delayMs: 0.5,
    });
    const neuron = net.asNeuron({
      ...{ input, output, windowMs: 20 },
      encoder: new LatencyEncoder({ size: 40, lastMs: 10 }),
      decoder: new ClassDecoder({ classes: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1] }),
    });
    /** How many output neurons answer to light everywhere. */
    const active = async () => {
      const before = output.spikeCounts;
      await neuron.present(new Float64Array(40).fill(0.5));
      return output.spikeCounts.filter((count, i) => count > before[i]!).length;
    };
    return { net, input, hidden, output, first, second, neuron, active };
  }

  it('replaces the synapses of the dead by others between the living', async () => {
    const { hidden, first, second, neuron } = layers();
    const dead = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    await neuron.kill(dead, hidden);
    const before = [first.synapses, second.synapses];
    const lost = second.endpoints.pre.filter((pre) => pre < 10).length;
    expect(lost).toBeGreaterThan(0);
    const events: unknown[] = [];
    neuron.events.on('heal', (healed) => events.push(healed));
    const healed = await neuron.heal();
    expect(events).toEqual([healed]);
    expect(healed.map(({ projection, removed, grown }) => [projection.id, removed, grown])).toEqual([
      [first.id, 80, 80],
      [second.id, lost, lost],
    ]);
    expect([first.synapses, second.synapses]).toEqual(before);
    expect(second.endpoints.pre.every((pre) => pre >= 10)).toBe(true);
    expect(first.endpoints.post.every((post) => post >= 10)).toBe(true);
    expect(second.weights.every((weight) => weight === 20)).toBe(true);
  });

  it('brings back outputs that had lost all that they listened to', async () => {
    const { hidden, output, second, neuron, active } = layers();
    const all = await active();
    expect(all).toBe(10);
    // All that the first three outputs listen to dies.
    const { pre, post } = second.endpoints;
    const heard = [...new Set(pre.filter((_, i) => post[i]! < 3))];
    expect(heard.length).toBeLessThan(20);
    await neuron.kill(heard, hidden);
    const degraded = await active();
    expect(degraded).toBeLessThan(all);
    await neuron.heal();
    expect(await active()).toBeGreaterThan(degraded);
    expect(output.killed).toHaveLength(0);
  });

  it('only cuts away, if it is told so; and gives what grows the weight that it is told', async () => {
    const { hidden, second, neuron } = layers();
    const [one, other] = [...new Set(second.endpoints.pre)];
    await neuron.kill([one!], hidden);
    const lost = second.endpoints.pre.filter((pre) => pre === one).length;
    const cut = await neuron.heal({ grow: false });
    expect(cut.map(({ grown }) => grown)).toEqual([0, 0]);
    expect(cut[1]!.removed).toBe(lost);
    await neuron.kill([other!], hidden);
    await neuron.heal({ weight: 7 });
    const grown = [...second.weights].filter((weight) => weight === 7).length;
    expect(grown).toBeGreaterThan(0);
    expect([...second.weights].every((weight) => weight === 7 || weight === 20)).toBe(true);
  });

  it('does nothing where nobody died, or where all that live are connected', async () => {
    const parts = relay();
    const neuron = relayNeuron(parts);
    expect(await neuron.heal()).toEqual([]);
    const all = parts.net.connect(parts.input, parts.output, { pattern: 'all-to-all', weightMv: 1 });
    await neuron.kill([3]);
    const healed = await neuron.heal();
    expect(healed.find(({ projection }) => projection === all)).toEqual({
      projection: all,
      removed: 4,
      grown: 0,
    });
    expect(all.synapses).toBe(12);
  });

  it('changes nothing when one projection cannot have the weight', async () => {
    const { net, input, output, synapses } = relay();
    const plastic = net.connect(input, output, {
      pattern: 'all-to-all',
      weightMv: 1,
      plasticity: pairStdp({ wMax: 2 }),
    });
    const neuron = relayNeuron({ net, input, output, synapses });
    await neuron.kill([3]);
    expect(await codeOfPromise(neuron.heal({ weight: 3 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect([synapses.synapses, plastic.synapses]).toEqual([4, 16]);
    expect((await neuron.heal({ weight: 2 })).map(({ removed }) => removed)).toEqual([1, 4]);
  });

  it('gives what grows a weight that the rule allows, where all have the highest', async () => {
    const { net, input, output, synapses } = relay();
    const plastic = net.connect(input, output, {
      ...{ pattern: 'fixed-in-degree', degree: 2, weightMv: 0.3 },
      plasticity: pairStdp({ wMax: 0.3 }),
    });
    const neuron = relayNeuron({ net, input, output, synapses });
    await neuron.kill([3]);
    const healed = await neuron.heal();
    expect(healed.find(({ projection }) => projection === plastic)).toEqual({
      projection: plastic,
      removed: 2,
      grown: 2,
    });
    expect([...plastic.weights]).toEqual(new Array(8).fill(Math.fround(0.3)));
  });

  it('grows nothing in a convolution', async () => {
    const { net, input, output, synapses } = relay(9);
    const shape = { input: { height: 3, width: 3 }, kernel: { height: 3, width: 3 }, padding: 1 };
    const map = net.connect(input, output, { pattern: 'convolution', ...shape, weightMv: 1 });
    const neuron = relayNeuron({ net, input, output, synapses });
    await neuron.kill([4]);
    const healed = await neuron.heal();
    expect(healed.find(({ projection }) => projection === map)).toEqual({
      projection: map,
      removed: 9,
      grown: 0,
    });
  });

  it('refuses bad options', async () => {
    const neuron = relayNeuron(relay());
    expect(await codeOfPromise(neuron.heal({ weight: Number.NaN }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(await codeOfPromise(neuron.heal({ grows: 1 } as never))).toBe('ERR_NB_INVALID_ARGUMENT');
  });
});
