// Files of networks: they go on as if nothing had been, and damaged ones are refused.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  adaptiveLif,
  homeostasis,
  izhikevich,
  lif,
  PoissonSource,
  pairStdp,
  rewardStdp,
  rewiring,
  type SpikeSource,
  SpikingNetwork,
  tripletStdp,
} from 'neuronbus/population';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNetwork, MODEL } from '../../../lib/population/native_network.js';
import { makeNet, pairs, refusal } from './support.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'neuronbus-network-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function load(path: string, options = {}): SpikingNetwork {
  const net = SpikingNetwork.load(path, options);
  onTestFinished(() => net.close());
  return net;
}

/** Something of everything. */
function everything(): SpikingNetwork {
  const net = makeNet({ dtMs: 0.5, seed: 11 });
  const spikes = Array.from({ length: 200 }, (_, i) => ({ neuron: i % 10, timeMs: i }));
  const given = net.spikeSource(10, spikes, { name: 'given' });
  const noise = net.poisson(50, { rateHz: 60, name: 'noise' });
  const out = net.population(30, lif({ tauMs: { normal: [10, 1] } }), { name: 'out' });
  const adaptive = net.population(10, adaptiveLif({ conductance: {} }));
  const cells = net.population(20, izhikevich({ type: 'fast-spiking', drive: 4 }), { name: 'cells' });
  const pair = pairStdp({ aPlus: 0.05, wMax: 5 });
  net.connect(noise, out, {
    ...{ pattern: 'all-to-all', weightMv: { uniform: [2, 5] }, plasticity: pair, name: 'learning' },
    homeostasis: homeostasis({ totalWeight: 150, everyMs: 40 }),
  });
  net.connect(given, out, {
    pattern: 'fixed-out-degree',
    degree: 3,
    weightMv: 2,
    plasticity: tripletStdp({ wMax: 3 }),
  });
  net.connect(out, cells, {
    ...{ pattern: 'fixed-probability', probability: 0.5, weightMv: 3, delayMs: { uniform: [1, 4] } },
    plasticity: rewardStdp(),
    rewiring: rewiring({ everyMs: 30, pruneBelow: 1, grow: 'removed', weight: 2 }),
  });
  net.connect(cells, adaptive, {
    pattern: 'fixed-in-degree',
    degree: 5,
    weight: 0.4,
    receptor: 'excitatory',
  });
  return net;
}

async function outcome(net: SpikingNetwork, ms: number) {
  const recordings = net.populations.map((population) => net.record(population));
  net.reward(0.5);
  await net.run(ms);
  return {
    spikes: recordings.map(({ spikes }) => pairs(spikes)),
    weights: net.projections.map(({ weights, endpoints }) => [
      ...weights,
      ...endpoints.pre,
      ...endpoints.post,
    ]),
    delays: net.projections.map(({ delaysMs }) => [...delaysMs]),
  };
}

describe('a saved network', () => {
  it('goes on as the one it was made from, spike by spike, for any number of threads', async () => {
    const net = everything();
    await net.run(50);
    net.populations[2].kill([4]);
    net.projections[1].learning = false;
    const path = join(folder(), 'network');
    net.save(path);
    const [one, two] = [load(path), load(path, { threads: 2 })];
    expect([one.threads, two.threads]).toEqual([1, 2]);
    expect([one.dtMs, one.seed, one.timeMs]).toEqual([0.5, 11, 50]);
    const expected = await outcome(net, 100);
    expect(expected.spikes.map((spikes) => spikes.length > 0)).toEqual(Array(5).fill(true));
    expect(await outcome(one, 100)).toEqual(expected);
    expect(await outcome(two, 100)).toEqual(expected);
  });

  it('has its populations and projections, in order and by name', async () => {
    const net = everything();
    const path = join(folder(), 'network');
    net.save(path);
    const copy = load(path);
    expect(copy.populations.map((one) => one.toJSON())).toEqual(net.populations.map((one) => one.toJSON()));
    expect(copy.projections.map((one) => one.toJSON())).toEqual(net.projections.map((one) => one.toJSON()));
    const given = copy.populations.find(({ name }) => name === 'given') as SpikeSource;
    expect(copy.projections.find(({ name }) => name === 'learning')?.post).toBe(copy.populations[2]);
    const recording = copy.record(given);
    await copy.run(250);
    given.add([{ neuron: 7, timeMs: 255 }]);
    await copy.run(10);
    expect(pairs(recording.spikes).at(-1)).toEqual([7, 255]);
    expect(copy.populations[1]).toBeInstanceOf(PoissonSource);
  });

  it('replaces an older file whole, and leaves no other', () => {
    const path = folder();
    const file = join(path, 'network');
    makeNet({ seed: 1 }).save(file);
    makeNet({ seed: 2 }).save(file);
    expect(load(file).seed).toBe(2);
    expect(readdirSync(path)).toEqual(['network']);
  });

  it('that cannot be written is an error, and nothing is left', () => {
    const path = folder();
    refusal(() => makeNet().save(join(path, 'missing', 'network')), 'ERR_NB_FILE_IO');
    expect(readdirSync(path)).toEqual([]);
    expect(refusal(() => makeNet().save(''))).toContain('path is ""');
    expect(refusal(() => makeNet().save(7 as unknown as string))).toContain('path is 7');
  });
});

describe('what is kept beside the state of a network', () => {
  it('is not trusted: what does not fit is a bad file', () => {
    const path = join(folder(), 'network');
    const good = { dtMs: 1, seed: 1, format: 1, populations: [], projections: [] };
    const strange = fc.oneof(fc.anything(), fc.constantFrom(0, -1, 1e9, 'lif', [null], [{}], {}));
    const spoiled = fc.record(Object.fromEntries(Object.keys(good).map((key) => [key, strange])), {
      requiredKeys: [],
    });
    const forged = fc.oneof(
      fc.string(),
      fc.json(),
      spoiled.map((some) => JSON.stringify({ ...good, ...some })),
      fc.array(strange).map((populations) => JSON.stringify({ ...good, populations })),
      fc.array(strange, { minLength: 1 }).map((projections) => JSON.stringify({ ...good, projections })),
    );
    const native = createNetwork(1, 1, 1);
    native.addPopulation(MODEL.poisson, 3, Uint32Array.of(1), Float64Array.of(10));
    const refused = fc.property(forged, (extra) => {
      native.save(path, new TextEncoder().encode(extra));
      let code: string | undefined = 'none';
      try {
        SpikingNetwork.load(path).close();
      } catch (error) {
        code = (error as { code?: string }).code;
      }
      expect(['ERR_NB_BAD_FILE', 'ERR_NB_VERSION']).toContain(code);
    });
    fc.assert(refused, { numRuns: 300, seed: 1973 });
    native.close();
  });
});

describe('a file', () => {
  it('that is not there, or none of ours, is refused', () => {
    const path = folder();
    refusal(() => SpikingNetwork.load(join(path, 'nothing')), 'ERR_NB_FILE_IO');
    writeFileSync(join(path, 'empty'), '');
    refusal(() => SpikingNetwork.load(join(path, 'empty')), 'ERR_NB_BAD_FILE');
    writeFileSync(
      join(path, 'text'),
      'not a network, but long enough to be one, if length were enough'.repeat(10),
    );
    refusal(() => SpikingNetwork.load(join(path, 'text')), 'ERR_NB_BAD_FILE');
    expect(refusal(() => SpikingNetwork.load(path, { threads: 0 }))).toContain('threads is 0');
  });

  it('cut short or with a byte changed is refused', async () => {
    const net = everything();
    await net.run(20);
    const path = join(folder(), 'network');
    net.save(path);
    const whole = readFileSync(path);
    const step = Math.ceil(whole.length / 150);
    for (let at = 0; at < whole.length; at += step) {
      writeFileSync(path, whole.subarray(0, at));
      refusal(() => SpikingNetwork.load(path), 'ERR_NB_BAD_FILE');
      const changed = Buffer.from(whole);
      changed[at] ^= 0x10;
      writeFileSync(path, changed);
      // Of the version, in which a change says that it is another one.
      try {
        SpikingNetwork.load(path).close();
        expect.unreachable(`the byte at ${at} was not missed`);
      } catch (error) {
        expect(['ERR_NB_BAD_FILE', 'ERR_NB_VERSION']).toContain((error as { code?: string }).code);
      }
    }
  });
});
