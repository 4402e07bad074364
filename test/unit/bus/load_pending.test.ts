// Snapshots whose neurons are not registered yet: their synapses wait for them.
import { join } from 'node:path';
import { AgentCard, Neuron } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { Persistence } from '../../../lib/bus/persistence.js';
import type { Registry } from '../../../lib/bus/registry.js';
import type { SavedSynapse } from '../../../lib/bus/snapshot.js';
import type { SynapseTable } from '../../../lib/bus/synapse_table.js';
import type { NativeGanglion } from '../../../lib/memory/native.js';
import { busOf, folder, idOf, synapsesOf } from './files.js';
import { add, codeOf, makeBus } from './support.js';

/** A file with a → b → c and a → c. */
async function chain(): Promise<string> {
  const path = join(folder(), 'bus.json');
  const bus = busOf('a', 'b', 'c');
  bus.connect(0, 1).weight(0.1).build();
  bus.connect(1, 2).weight(0.2).build();
  bus.connect(0, 2).weight(0.3).build();
  await bus.save(path);
  return path;
}

const weights = (bus: ReturnType<typeof makeBus>) =>
  synapsesOf(bus).map(({ pre, post, weight }) => `${pre}${post} ${weight}`);

describe('neurons that come after load()', () => {
  it('get their synapses when both ends are there, in whatever order they come', async () => {
    const path = await chain();
    for (const order of ['abc', 'cba', 'bca', 'acb']) {
      const bus = makeBus();
      const result = await bus.load(path);
      expect([result.neurons, result.synapses]).toEqual([0, 0]);
      const seen: string[][] = [];
      for (const name of order) {
        add(bus, undefined, { name });
        seen.push(weights(bus));
      }
      expect(seen[0]).toEqual([]);
      expect(seen[1]).toHaveLength(1);
      expect(seen[2]).toEqual(['ab 0.1', 'ac 0.3', 'bc 0.2']);
    }
  });

  it('are reported by load() with the cards that were saved', async () => {
    const path = join(folder(), 'bus.json');
    const saved = makeBus();
    add(saved, undefined, { name: 'here' });
    add(saved, undefined, {
      name: 'absent',
      capabilities: ['x'],
      regions: ['r/s'],
      version: '3',
      tags: ['t'],
    });
    await saved.save(path);
    const result = await busOf('here').load(path);
    expect(result.neurons).toBe(1);
    expect(result.pending.map((card) => ({ ...card }))).toMatchObject([
      { name: 'absent', capabilities: ['x'], regions: ['r/s'], version: '3', tags: ['t'] },
    ]);
  });

  it('of the same name are told apart by the order of their ids', async () => {
    const path = join(folder(), 'bus.json');
    const saved = busOf('hub', 'twin', 'twin');
    saved.connect(0, 1).weight(0.1).build();
    saved.connect(0, 2).weight(0.2).build();
    await saved.save(path);
    const bus = busOf('twin', 'hub', 'twin');
    await bus.load(path);
    expect([bus.synapse(1, 0)!.weight, bus.synapse(1, 2)!.weight]).toEqual([0.1, 0.2]);
    const late = busOf('hub');
    await late.load(path);
    const [first, second] = [add(late, undefined, { name: 'twin' }), add(late, undefined, { name: 'twin' })];
    expect([late.synapse(0, first.id)!.weight, late.synapse(0, second.id)!.weight]).toEqual([0.1, 0.2]);
    add(late, undefined, { name: 'twin' });
    expect(late.stats().synapses).toBe(2);
  });

  it('can be registered inside a handler', async () => {
    const bus = makeBus();
    await bus.load(await chain());
    const parent = add(bus, () => {
      for (const name of ['a', 'b', 'c']) add(bus, undefined, { name });
    });
    bus.fire(parent.id, { target: parent.id });
    bus.tick();
    expect(weights(bus)).toEqual(['ab 0.1', 'ac 0.3', 'bc 0.2']);
  });

  it('find their synapses when onRegister is called', async () => {
    const bus = busOf('a', 'b');
    await bus.load(await chain());
    let found = 0;
    class Late extends Neuron {
      onSpike() {}
      override onRegister() {
        found = bus.synapses().filter((synapse) => bus.card(synapse.post)!.name === 'c').length;
      }
    }
    bus.register(new Late(), { name: 'c' });
    expect(found).toBe(2);
  });

  it('replace nothing that was connected by hand meanwhile, unless the snapshot has it', async () => {
    const bus = busOf('a', 'b');
    await bus.load(await chain());
    const c = add(bus, undefined, { name: 'c' });
    bus.disconnect(idOf(bus, 'a'), c.id);
    bus.unregister(c.id);
    const again = add(bus, undefined, { name: 'c' });
    expect(bus.synapse(idOf(bus, 'a'), again.id)).toBeUndefined();
  });

  it('do not get synapses of somebody who has taken the id of one that left', async () => {
    const bus = makeBus();
    const a = add(bus, undefined, { name: 'a' });
    await bus.load(await chain());
    bus.unregister(a.id);
    bus.tick();
    const stranger = add(bus, undefined, { name: 'stranger', id: a.id });
    add(bus, undefined, { name: 'b' });
    add(bus, undefined, { name: 'c' });
    expect(bus.synapses().filter((synapse) => synapse.pre === stranger.id)).toEqual([]);
    expect(weights(bus)).toEqual(['bc 0.2']);
  });

  it('get them also when another of that name had come and left before', async () => {
    const bus = makeBus();
    await bus.load(await chain());
    bus.unregister(add(bus, undefined, { name: 'a' }).id);
    for (const name of ['b', 'c', 'a']) add(bus, undefined, { name });
    expect(weights(bus)).toContain('bc 0.2');
  });

  it('for whose synapses there is no room are registered all the same, or not at all', async () => {
    const bus = makeBus({ maxSynapses: 2 });
    await bus.load(await chain());
    for (const name of ['x', 'y', 'z']) add(bus, undefined, { name });
    bus.connect(idOf(bus, 'x'), idOf(bus, 'y')).build();
    bus.connect(idOf(bus, 'y'), idOf(bus, 'z')).build();
    add(bus, undefined, { name: 'a' });
    const code = codeOf(() => add(bus, undefined, { name: 'b' }));
    const registered = bus.neurons().some((card) => card.name === 'b');
    expect([code, registered]).toEqual(code === 'no error' ? ['no error', true] : [code, false]);
    expect(bus.stats().neurons).toBe(bus.neurons().length);
  });

  it('of an older load are forgotten with the next', async () => {
    const path = await chain();
    const empty = join(folder(), 'empty.json');
    await makeBus().save(empty);
    const bus = makeBus();
    await bus.load(path);
    await bus.load(empty);
    for (const name of ['a', 'b', 'c']) add(bus, undefined, { name });
    expect(weights(bus)).toEqual([]);
  });

  it('and are still pending are saved again with the rest, so that a restart in between loses nothing', async () => {
    const path = await chain();
    const again = join(folder(), 'again.json');
    const bus = busOf('a', 'b');
    await bus.load(path);
    await bus.save(again);
    const later = busOf('a', 'b', 'c');
    await later.load(again);
    expect(weights(later)).toEqual(['ab 0.1', 'ac 0.3', 'bc 0.2']);
  });

  it('and do not come are looked for without a look at what waits for them', () => {
    let reads = 0;
    const synapse = {
      get pre() {
        reads++;
        return 0;
      },
      post: 1,
    } as SavedSynapse;
    const registry = { cortex: { all: () => [] }, sync: () => false } as unknown as Registry;
    const table = { count: 0 } as SynapseTable;
    const native = { setPatience: () => {} } as unknown as NativeGanglion;
    const host = {
      now: () => 0,
      failed: (error: unknown) => {
        throw error;
      },
    };
    const options = { maxSynapses: 8, clock: 'real' } as const;
    const persistence = new Persistence(native, registry, table, options, host);
    const neurons = ['a', 'b'].map((name, id) => ({ id, card: { ...new AgentCard({ name }) } }));
    const body = { name: 'bus', neurons, synapses: [synapse] };
    expect(persistence.restore(body).pending).toHaveLength(2);
    expect(reads).toBeGreaterThan(0);
    persistence.look();
    reads = 0;
    for (let i = 0; i < 100; i++) persistence.look();
    persistence.close();
    expect(reads).toBe(0);
  });
});
