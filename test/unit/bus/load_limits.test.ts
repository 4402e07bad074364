// Snapshots that a bus has no room for: a typed error, and everything is as before.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { folder, synapsesOf } from './files.js';
import { add, codeOfPromise, makeBus } from './support.js';

/** `count` neurons n0, n1 .. */
function crowd(count: number, options = {}): NeuronBus {
  const bus = makeBus({ maxNeurons: 3000, maxSynapses: 5000, ...options });
  for (let i = 0; i < count; i++) add(bus, undefined, { name: `n${i}` });
  return bus;
}

const state = (bus: NeuronBus) => ({
  synapses: synapsesOf(bus),
  used: bus
    .synapses()
    .map(({ pre, post, lastUsed }) => [pre, post, lastUsed].join(' '))
    .sort(),
  filtered: filteredOf(bus),
});

function filteredOf(bus: NeuronBus): number {
  const before = bus.stats().dropped.filtered;
  bus.fire(0, { target: 1, priority: 99 });
  bus.tick();
  return bus.stats().dropped.filtered - before;
}

describe('too many synapses', () => {
  it('are refused before anything changes', async () => {
    const path = join(folder(), 'bus.json');
    const saved = crowd(4);
    for (let post = 1; post < 4; post++) saved.connect(0, post).build();
    await saved.save(path);
    const bus = crowd(4, { maxSynapses: 2 });
    bus.connect(3, 0).weight(0.2).build();
    const before = synapsesOf(bus);
    expect(await codeOfPromise(bus.load(path))).toBe('ERR_NB_TOO_MANY_SYNAPSES');
    expect(synapsesOf(bus)).toEqual(before);
    await expect(bus.load(path)).rejects.toThrow(/needs 4 synapses, maxSynapses is 2/);
  });
});

describe('too many different rules', () => {
  it('are found half-way and everything is put back: weights, rules, filters and when they were used', async () => {
    const path = join(folder(), 'bus.json');
    const saved = crowd(800);
    for (let post = 1; post < 800; post++) {
      saved.connect(0, post).weight(0.9).stdp({ tauPlusMs: post }).build();
    }
    await saved.save(path);
    const bus = crowd(1200);
    bus.clock.advance(1000);
    for (let post = 1; post < 1200; post++) {
      const builder = bus
        .connect(post < 700 ? 0 : 1, post)
        .weight(0.3)
        .filter({ minPriority: 100 });
      if (post === 1 || post >= 700) builder.stdp({ rule: 'static', tauPlusMs: 10_000 + post }).build();
      else builder.build();
    }
    bus.clock.advance(5000);
    const before = state(bus);
    expect(await codeOfPromise(bus.load(path))).toBe('ERR_NB_TOO_MANY_RULES');
    const after = state(bus);
    const changed = (key: 'synapses' | 'used') =>
      after[key].filter((value, i) => !isDeepStrictEqual(value, before[key][i])).slice(0, 3);
    expect([after.synapses.length, after.filtered]).toEqual([before.synapses.length, before.filtered]);
    expect([changed('synapses'), changed('used')]).toEqual([[], []]);
  });
});
