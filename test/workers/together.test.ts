// The same neurons, synapses and weights, whichever thread looks.

import { NeuronBus } from 'neuronbus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, Colony, codeOf, colony, quiet, until } from './support.js';

const THREADS = 4;
let bus: NeuronBus;
let there: Colony;
beforeAll(async () => {
  bus = NeuronBus.create();
  there = new Colony(bus, THREADS);
  bus.start();
  await there.pool.ready;
});
afterAll(() => there.end());
const everywhere = [0, 1, 2, 3];

/** A probe in worker `index`; its id. */
function addThere(index: number, name: string, more: object = {}): Promise<number> {
  return there.on(
    index,
    ({ bus, Probe, state }, card) => {
      state[card.name] = new Probe();
      return bus.register(state[card.name], card);
    },
    { name, ...more },
  );
}

describe('discovery', () => {
  it('finds the same cards from every thread', async () => {
    const card = {
      description: 'does it',
      version: '1.2.3',
      capabilities: ['work'],
      regions: ['a/b'],
      tags: ['t'],
    };
    const ids = await Promise.all(
      everywhere.map((i) => addThere(i, `worker ${i}`, { ...card, regions: [`a/b/${i}`] })),
    );
    ids.push(add(bus, { name: 'main', ...card, regions: ['a/bc'] }).id);
    const seen = { work: bus.discover('work'), region: bus.discoverInRegion('a/b'), all: bus.neurons() };
    const names = (cards: { name: string }[]) => cards.map(({ name }) => name).sort();
    expect(names(seen.work)).toEqual(['main', ...everywhere.map((i) => `worker ${i}`)]);
    expect(names(seen.region)).toEqual(everywhere.map((i) => `worker ${i}`));
    const plain = (cards: unknown[]) =>
      JSON.parse(JSON.stringify(cards)).sort((a: { id: number }, b: { id: number }) => a.id - b.id);
    for (const index of everywhere) {
      const other = await there.on(index, ({ bus }) => {
        return [bus.discover('work'), bus.discoverInRegion('a/b'), bus.neurons()].map((list) =>
          JSON.stringify(list),
        );
      });
      expect(other.map((text) => plain(JSON.parse(text)))).toEqual(
        [seen.work, seen.region, seen.all].map(plain),
      );
    }
    const found = bus.card(ids[2]!)!;
    expect(found).toMatchObject({ ...card, name: 'worker 2', id: ids[2], regions: ['a/b/2'] });
    await there.on(2, ({ bus }, id) => bus.unregister(id), ids[2]);
    for (const index of everywhere) {
      expect(await there.on(index, ({ bus }, id) => bus.card(id) === undefined, ids[2])).toBe(true);
    }
    expect([bus.card(ids[2]!), names(bus.discoverInRegion('a/b/2'))]).toEqual([undefined, []]);
    expect(await codeOf(() => bus.fire(ids[4]!, { target: ids[2] }))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(await codeOf(() => bus.connect(ids[2]!, ids[1]!).build())).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(await codeOf(() => bus.connect(ids[1]!, ids[2]!).build())).toBe('ERR_NB_UNKNOWN_NEURON');
  });

  it('gives every neuron an id of its own while all threads register and leave', async () => {
    const all = await Promise.all(
      everywhere.map((index) =>
        there.on(index, ({ bus, Probe, index }) => {
          const ids: number[] = [];
          for (let i = 0; i < 200; i++) {
            ids.push(bus.register(new Probe(), { name: `crowd ${index}.${i}`, regions: ['crowd'] }));
            if (i % 2 === 1) bus.unregister(ids.splice(Math.floor(i / 2) % ids.length, 1)[0]!);
          }
          return ids;
        }),
      ),
    );
    const ids = all.flat();
    expect(new Set(ids).size).toBe(THREADS * 100);
    expect(
      bus
        .discoverInRegion('crowd')
        .map(({ id }) => id)
        .sort((a, b) => a - b),
    ).toEqual(ids.sort((a, b) => a - b));
    for (const index of everywhere) {
      await there.on(index, ({ bus }, own) => void own.forEach((id) => void bus.unregister(id)), all[index]!);
    }
    expect(bus.discoverInRegion('crowd')).toEqual([]);
  });

  it('finds who has the id of a neuron of another thread that left a moment ago', async () => {
    const made = await colony(1);
    const { bus } = made;
    const id = await made.on(0, ({ bus, Probe }) => bus.register(new Probe(), { name: 'before' }));
    expect(bus.neurons().map(({ name }) => name)).toEqual(['before']);
    bus.stop(); // and so looks at nothing meanwhile
    await made.on(0, ({ bus }, id) => bus.unregister(id), id);
    add(bus, { name: 'after', id });
    expect(bus.neurons().map(({ name }) => name)).toEqual(['after']);
  });

  it('refuses to take away what another thread registered', async () => {
    const id = await addThere(0, 'not yours');
    expect(await codeOf(() => bus.unregister(id))).toBe('ERR_NB_UNKNOWN_NEURON');
    const taken = there.on(1, ({ bus, Probe }, id) => bus.register(new Probe(), { name: 'thief', id }), id);
    await expect(taken).rejects.toThrow('ERR_NB_ID_TAKEN');
    await expect(there.on(1, ({ bus }, id) => bus.fire(id, {}), id)).rejects.toThrow('ERR_NB_UNKNOWN_NEURON');
  });
});

describe('a synapse', () => {
  it('between two workers is made, read, set and cut from any thread', async () => {
    const pre = await addThere(0, 'pre');
    const post = await addThere(1, 'post');
    const synapse = bus.connect(pre, post).weight(0.25).build();
    expect(synapse.weight).toBe(0.25);
    for (const index of everywhere) {
      const read = await there.on(index, ({ bus }, [pre, post]) => bus.synapse(pre!, post!)!.weight, [
        pre,
        post,
      ]);
      expect(read).toBe(index === 0 ? 0.25 : 0.1 * index);
      const next = 0.1 * (index + 1);
      await there.on(
        index,
        ({ bus }, [pre, post, to]) => {
          bus.synapse(pre!, post!)!.weight = to!;
        },
        [pre, post, next],
      );
      expect(synapse.weight).toBe(next);
    }
    synapse.weight = 0.7;
    expect(await there.on(3, ({ bus }) => bus.synapses().map(({ weight }) => weight))).toEqual([0.7]);
    expect(await codeOf(() => bus.connect(pre, post).build())).toBe('ERR_NB_SYNAPSE_EXISTS');
    await there.on(2, ({ bus }, [pre, post]) => bus.disconnect(pre!, post!), [pre, post]);
    expect([bus.synapse(pre, post), bus.synapses()]).toEqual([undefined, []]);
    expect(await codeOf(() => bus.disconnect(pre, post))).toBe('ERR_NB_UNKNOWN_SYNAPSE');
  });

  it('is strengthened, on the thread that owns it, by an answer from there', async () => {
    const answerer = await there.on(2, ({ bus, Probe }) => {
      return bus.register(new Probe((spike, handle) => void handle.reply(spike, 'yes')), {
        name: 'answerer',
      });
    });
    const silent = await addThere(3, 'silent');
    const { probe, id } = add(bus, { name: 'asker' });
    const answered = bus.connect(id, answerer).weight(0.5).build();
    const ignored = bus.connect(id, silent).weight(0.5).build();
    const rounds = 50;
    for (let round = 1; round <= rounds; round++) {
      bus.fire(id, { payload: 'do you?' });
      await until(() => probe.texts.length === round);
    }
    await quiet(bus);
    expect(answered.weight).toBeGreaterThan(0.6);
    expect(ignored.weight).toBeLessThan(0.5);
    const seen = await there.on(0, ({ bus }) =>
      bus
        .synapses()
        .map(({ weight }) => weight)
        .sort(),
    );
    expect(seen).toEqual([ignored.weight, answered.weight].sort());
    expect(bus.stats().potentiations).toBe(rounds);
    for (const post of [answerer, silent]) bus.disconnect(id, post);
  });

  it('from a neuron that left is gone with it, in every thread', async () => {
    const [pre, post] = [await addThere(0, 'leaver'), await addThere(1, 'stayer')];
    bus.connect(pre, post).build();
    bus.connect(post, pre).build();
    const synapse = bus.synapse(pre, post)!;
    const left = await there.on(
      0,
      ({ bus }, id) => {
        bus.unregister(id);
        return bus.synapses().length;
      },
      pre,
    );
    expect([left, bus.synapses().length]).toEqual([0, 0]);
    expect(await there.on(1, ({ bus }) => bus.synapses().length)).toBe(0);
    const heir = await there.on(
      2,
      ({ bus, Probe }, id) => bus.register(new Probe(), { name: 'heir', id }),
      pre,
    );
    expect(heir).toBe(pre);
    expect([bus.synapse(pre, post), bus.synapses()]).toEqual([undefined, []]);
    expect(await codeOf(() => synapse.weight)).toBe('ERR_NB_UNKNOWN_SYNAPSE');
    bus.connect(pre, post).weight(0.25).build();
    expect(bus.synapses().map(({ weight }) => weight)).toEqual([0.25]);
    await there.on(2, ({ bus }, id) => bus.unregister(id), pre);
  });
});

describe('a broadcast', () => {
  it('reaches receivers in four workers and at home, each once', async () => {
    const { id } = add(bus, { name: 'speaker' });
    const home = add(bus, { name: 'listener at home' });
    bus.connect(id, home.id).build();
    for (const index of everywhere) {
      for (let i = 0; i < 3; i++) bus.connect(id, await addThere(index, `listener ${i}`)).build();
    }
    const rounds = 300;
    for (let i = 0; i < rounds; i++) bus.fire(id, { payload: `${i}` });
    await quiet(bus);
    const said = Array.from({ length: rounds }, (_, i) => `${i}`);
    expect(home.probe.texts).toEqual(said);
    for (const index of everywhere) {
      const heard = await there.on(index, ({ state }) =>
        [0, 1, 2].map((i) => state[`listener ${i}`].texts as string[]),
      );
      expect(heard).toEqual([said, said, said]);
    }
    bus.unregister(id);
    await until(() => bus.synapses().length === 0);
  });

  it('has one sequence number, whichever ways it goes', async () => {
    const { id } = add(bus, { name: 'speaker' });
    const home: number[] = [];
    bus.connect(id, add(bus, { name: 'at home' }, (spike) => void home.push(spike.sequence)).id).build();
    for (const index of everywhere) {
      const listener = await there.on(index, ({ bus, Probe, state }) => {
        state.sequences = [];
        return bus.register(new Probe((spike) => void state.sequences.push(spike.sequence)), {
          name: 'there',
        });
      });
      bus.connect(id, listener).build();
    }
    for (let i = 0; i < 20; i++) bus.fire(id, {});
    await quiet(bus);
    expect(home).toEqual(Array.from({ length: 20 }, (_, i) => home[0]! + i));
    for (const index of everywhere) {
      expect(await there.on(index, ({ state }) => state.sequences as number[])).toEqual(home);
    }
    bus.unregister(id);
  });
});
