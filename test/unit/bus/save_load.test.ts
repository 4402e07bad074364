// save() and load(): what was learned comes back, bit for bit, to the neurons of the same names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { busOf, folder, idOf, names, synapsesOf, taught } from './files.js';
import { add, makeBus, randomFrom } from './support.js';

describe('a round trip', () => {
  it('brings every synapse back with its rule and exactly its weight', async () => {
    const path = join(folder(), 'bus.json');
    const bus = taught();
    await bus.save(path);
    const other = busOf(...names);
    const result = await other.load(path);
    expect(synapsesOf(other)).toEqual(synapsesOf(bus));
    expect(result).toEqual({ neurons: 10, synapses: bus.stats().synapses, pending: [] });
  });

  it('finds neurons by name, whatever their ids are now', async () => {
    const path = join(folder(), 'bus.json');
    const bus = taught();
    await bus.save(path);
    const other = busOf('stranger', ...[...names].reverse());
    await other.load(path);
    expect(synapsesOf(other)).toEqual(synapsesOf(bus));
  });

  it('keeps filters and parameters, as far as behaviour shows them', async () => {
    const path = join(folder(), 'bus.json');
    const bus = busOf('a', 'b');
    const prefix = Uint8Array.of(0, 255, 1);
    bus
      .connect(idOf(bus, 'a'), idOf(bus, 'b'))
      .filter({ types: [SpikeType.Modulatory], minPriority: 7, prefix })
      .stdp({ rule: 'static', min: 0.3, max: 2 })
      .weight(1.5)
      .build();
    await bus.save(path);
    const other = makeBus();
    const [a, b] = [add(other, undefined, { name: 'a' }), add(other, undefined, { name: 'b' })];
    await other.load(path);
    const synapse = other.synapse(a.id, b.id)!;
    synapse.weight = 2;
    expect(() => {
      synapse.weight = 0.2;
    }).toThrow();
    for (const [type, priority, payload] of [
      [2, 7, prefix],
      [0, 7, prefix],
      [2, 6, prefix],
      [2, 7, Uint8Array.of(0, 255, 2)],
    ] as const) {
      other.fire(a.id, { target: b.id, type, priority, payload });
    }
    expect(other.tick()).toBe(1);
  });

  it('goes on learning exactly as the bus that was saved would have', async () => {
    const path = join(folder(), 'bus.json');
    const bus = taught();
    bus.clock.advance(10_000); // traces and open answers have faded
    bus.tick();
    await bus.save(path);
    const other = makeBus();
    for (const name of names) add(other, undefined, { name });
    await other.load(path);
    for (const one of [bus, other]) {
      const random = randomFrom(77);
      for (let i = 0; i < 300; i++) {
        const pre = names[Math.floor(random() * 10)]!;
        const post = names[Math.floor(random() * 10)]!;
        one.fire(idOf(one, pre), { target: idOf(one, post) });
        one.clock.advance(1);
        one.tick();
      }
    }
    const [after, expected] = [synapsesOf(other), synapsesOf(bus)];
    for (const [i, synapse] of after.entries()) expect(synapse.weight).toBeCloseTo(expected[i]!.weight, 9);
  });

  it('works on the real clock', async () => {
    const path = join(folder(), 'bus.json');
    const make = () => {
      const bus = makeBus({ clock: 'real' });
      for (const name of ['a', 'b']) add(bus, undefined, { name });
      return bus;
    };
    const [bus, other] = [make(), make()];
    bus.connect(0, 1).weight(0.987654321).build();
    await bus.save(path);
    await other.load(path);
    expect(other.synapse(0, 1)!.weight).toBe(0.987654321);
    expect(other.synapse(0, 1)!.lastUsed).toBeLessThanOrEqual(other.clock.now());
  });

  it('of a bus without anything is a file as well', async () => {
    const path = join(folder(), 'empty.json');
    await makeBus().save(path);
    expect(await busOf('a').load(path)).toEqual({ neurons: 0, synapses: 0, pending: [] });
  });

  it('twice gives the same file', async () => {
    const dir = folder();
    const bus = taught();
    await bus.save(join(dir, '1'));
    await bus.save(join(dir, '2'));
    expect(readFileSync(join(dir, '1'))).toEqual(readFileSync(join(dir, '2')));
  });

  it('keeps names and prefixes in any script', async () => {
    const path = join(folder(), 'bus.json');
    const strange = ['größe "quoted" \\ \n', '日本語 🧠', '__proto__', 'constructor'];
    const bus = busOf(...strange);
    for (let i = 1; i < 4; i++)
      bus
        .connect(0, i)
        .weight(0.1 * i)
        .build();
    await bus.save(path);
    const other = busOf(...strange);
    await other.load(path);
    expect(synapsesOf(other)).toEqual(synapsesOf(bus));
  });

  it('keeps how long a synapse was not used, so that it fades and is pruned when it would have been', async () => {
    const path = join(folder(), 'bus.json');
    const bus = busOf('a', 'b');
    bus.connect(0, 1).build();
    bus.clock.advance(40_000);
    await bus.save(path);
    const other = busOf('a', 'b');
    other.clock.advance(1_000_000);
    await other.load(path);
    expect(other.clock.now() - other.synapse(0, 1)!.lastUsed).toBe(40_000e6);
  });

  it('includes what the last tick taught', async () => {
    const path = join(folder(), 'bus.json');
    const bus = busOf('a', 'b');
    bus.connect(0, 1).weight(0.8).build();
    bus.fire(0, { target: 1 });
    bus.tick();
    await bus.save(path);
    const other = busOf('a', 'b');
    await other.load(path);
    expect(other.synapse(0, 1)!.weight).toBeCloseTo(0.001 + 0.799 * 0.988, 12);
  });
});

describe('load on a bus that has synapses', () => {
  it('replaces those of the snapshot and leaves the others', async () => {
    const path = join(folder(), 'bus.json');
    const bus = busOf('a', 'b', 'c');
    bus.connect(0, 1).weight(0.7).build();
    await bus.save(path);
    const other = busOf('a', 'b', 'c');
    other.connect(0, 1).weight(0.2).stdp({ rule: 'pair' }).build();
    other.connect(1, 2).weight(0.3).build();
    await other.load(path);
    expect(synapsesOf(other)).toEqual([
      { pre: 'a', post: 'b', weight: 0.7, rule: 'exchange' },
      { pre: 'b', post: 'c', weight: 0.3, rule: 'exchange' },
    ]);
  });

  it('fits when the synapses that are replaced make the room', async () => {
    const path = join(folder(), 'bus.json');
    const bus = busOf('a', 'b');
    bus.connect(0, 1).weight(0.7).build();
    await bus.save(path);
    const small = makeBus({ maxSynapses: 1 });
    for (const name of ['a', 'b']) add(small, undefined, { name });
    small.connect(0, 1).build();
    await small.load(path);
    expect(small.synapse(0, 1)!.weight).toBe(0.7);
  });
});
