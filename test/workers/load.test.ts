// What load() keeps for neurons of other threads comes back when they join.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeuronBus } from 'neuronbus';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { add, type Colony, colony, until } from './support.js';

const WEIGHTS = [
  ['hub', 'n', 0.3],
  ['hub', 'm', 0.4],
  ['n', 'hub', 0.5],
];

function namedSynapses(bus: NeuronBus) {
  return bus.synapses().map(({ pre, post, weight }) => [bus.card(pre)!.name, bus.card(post)!.name, weight]);
}

/** A file with hub → n 0.3, hub → m 0.4 and n → hub 0.5. */
async function snapshot(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'neuronbus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'bus.json');
  const bus = NeuronBus.create();
  const [hub, n, m] = ['hub', 'n', 'm'].map((name) => add(bus, { name }).id);
  bus.connect(hub, n).weight(0.3).build();
  bus.connect(hub, m).weight(0.4).build();
  bus.connect(n, hub).weight(0.5).build();
  await bus.save(path);
  bus.close();
  return path;
}

/** A bus with the hub on this thread that loaded the snapshot, and workers. */
async function loaded(threads: number, options = {}) {
  const made = await colony(threads, options);
  const { bus } = made;
  const { id: hub } = add(bus, { name: 'hub' });
  expect(await bus.load(await snapshot())).toMatchObject({ neurons: 1, synapses: 0 });
  return { made, bus, hub };
}

/** Registers a neuron in a worker. Resolves to its id. */
const registered = (made: Colony, index: number, name: string) =>
  made.on(
    index,
    ({ bus, state, Probe }, card) => {
      state.probe = new Probe();
      return bus.register(state.probe, { name: card }) as number;
    },
    name,
  );

/** Registers a neuron in a worker, which then does nothing else before let() is called. */
async function stuck(made: Colony, index: number, name: string) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const done = made.on(
    index,
    ({ bus, Probe }, [card, word]) => {
      const id = bus.register(new Probe(), { name: card });
      Atomics.store(word, 0, id + 1);
      Atomics.wait(word, 0, id + 1);
      return id;
    },
    [name, gate] as const,
  );
  await until(() => Atomics.load(gate, 0) !== 0);
  const release = () => {
    Atomics.store(gate, 0, -1);
    Atomics.notify(gate, 0);
    return done;
  };
  return { id: Atomics.load(gate, 0) - 1, release };
}

/** From now on this thread does not deliver, and its time has not begun, so that it looks for nobody. Returns what ends that. */
function frozen(bus: NeuronBus): () => void {
  bus.stop();
  const now = vi.spyOn(performance, 'now').mockReturnValue(-1);
  const thaw = () => now.mockRestore();
  onTestFinished(thaw);
  return thaw;
}

describe('synapses of neurons of another thread', () => {
  it('come back when its neurons come, whoever looks, and work', async () => {
    const { made, bus, hub } = await loaded(2);
    const n = await registered(made, 0, 'n');
    await until(() => bus.stats().synapses === 2); // a count, which looks for nobody
    const m = await registered(made, 1, 'm');
    await until(() => bus.stats().synapses === 3);
    const found = bus.synapses().map(({ pre, post, weight }) => [pre, post, weight]);
    expect(found).toHaveLength(3);
    for (const one of [
      [hub, n, 0.3],
      [hub, m, 0.4],
      [n, hub, 0.5],
    ])
      expect(found).toContainEqual(one);
    bus.fire(hub, { payload: 'to all' });
    for (const index of [0, 1])
      await until(async () => (await made.on(index, ({ state }) => state.probe.texts.length)) === 1);
  });

  it('wait for a thread that is busy, and keep nobody from its work meanwhile', async () => {
    const { made, bus, hub } = await loaded(1);
    const { id: n, release } = await stuck(made, 0, 'n');
    let found = bus.synapse(hub, n);
    expect(found).toBeUndefined();
    bus.fire(hub, { target: hub, payload: 'own' });
    await until(() => bus.stats().delivered === 1);
    expect(await release()).toBe(n);
    await until(() => {
      found = bus.synapse(hub, n);
      return found !== undefined;
    });
    expect(found?.weight).toBe(0.3);
  });

  it('do not keep a neuron of this thread from registering while theirs is busy', async () => {
    const made = await colony(1);
    const { bus } = made;
    await bus.load(await snapshot());
    const { release } = await stuck(made, 0, 'n');
    expect(bus.neurons().map(({ name }) => name)).toEqual(['n']);
    add(bus, { name: 'hub' });
    expect(namedSynapses(bus)).toEqual([['n', 'hub', 0.5]]);
    await release();
    await until(() => bus.stats().synapses === 2);
    expect(namedSynapses(bus)).toContainEqual(['hub', 'n', 0.3]);
  });

  it('are replaced as soon as it has time when it is busy while the file is loaded, and saved once', async () => {
    const made = await colony(1);
    const { bus } = made;
    const path = await snapshot();
    const { id: hub } = add(bus, { name: 'hub' });
    add(bus, { name: 'm' });
    const { id: n, release } = await stuck(made, 0, 'n');
    await release();
    bus.connect(hub, n).weight(0.9).build();
    const { release: again } = await stuck(made, 0, 'other');
    expect(await bus.load(path)).toMatchObject({ neurons: 3, synapses: 2, pending: [] });
    expect(namedSynapses(bus)).toContainEqual(['hub', 'n', 0.9]);
    await bus.save(path);
    await again();
    await until(() => bus.synapse(hub, n)?.weight === 0.3);
    expect(namedSynapses(bus)).toHaveLength(3);

    const later = NeuronBus.create();
    onTestFinished(() => later.close());
    for (const name of ['hub', 'n', 'm']) add(later, { name });
    await later.load(path);
    expect(namedSynapses(later)).toEqual(expect.arrayContaining(WEIGHTS));
    expect(namedSynapses(later)).toHaveLength(3);
  });

  it.each(['made', 'set', 'cut'])('stay as this thread %s them before theirs had time', async (change) => {
    const made = await colony(1);
    const { bus } = made;
    const path = await snapshot();
    const { id: hub } = add(bus, { name: 'hub' });
    const n = await registered(made, 0, 'n');
    if (change !== 'made') bus.connect(hub, n).weight(0.8).build();
    const { release } = await stuck(made, 0, 'other');
    const thaw = frozen(bus);
    expect(await bus.load(path)).toMatchObject({ neurons: 2, synapses: 1 });
    await release();
    if (change === 'made') bus.connect(hub, n).weight(0.9).build();
    else if (change === 'set') bus.synapse(hub, n)!.weight = 0.9;
    else bus.disconnect(hub, n);
    thaw();
    const here = change === 'cut' ? [] : [['hub', 'n', 0.9]];
    expect(namedSynapses(bus).filter(([, post]) => post === 'n')).toEqual(here);
  });

  it('that waited for a thread that is gone are not saved, and the file can be loaded', async () => {
    const made = await colony(1);
    const { bus } = made;
    const path = await snapshot();
    add(bus, { name: 'hub' });
    add(bus, { name: 'm' });
    await stuck(made, 0, 'n');
    const thaw = frozen(bus);
    expect(await bus.load(path)).toMatchObject({ neurons: 3, synapses: 2 });
    await made.pool.terminate();
    await bus.save(path);
    thaw();

    const later = NeuronBus.create();
    onTestFinished(() => later.close());
    for (const name of ['hub', 'n', 'm']) add(later, { name });
    await later.load(path);
    expect(namedSynapses(later)).toEqual([['hub', 'm', 0.4]]);
  });

  it.each(['nobody', 'a stranger'])(
    'that left unseen are not made when the other end registers, when %s has its id',
    async (heir) => {
      const made = await colony(1);
      const { bus } = made;
      await bus.load(await snapshot());
      const n = await registered(made, 0, 'n');
      expect(bus.neurons().map(({ name }) => name)).toEqual(['n']);
      const thaw = frozen(bus);
      await made.on(
        0,
        ({ bus, Probe }, [id, name]) => {
          bus.unregister(id);
          if (name !== 'nobody') bus.register(new Probe(), { name, id });
        },
        [n, heir] as const,
      );
      const { id: hub } = add(bus, { name: 'hub', id: n + 1 });
      thaw();
      expect(bus.neurons().map(({ id }) => id)).toContain(hub);
      expect(namedSynapses(bus)).toEqual([]);
    },
  );

  it('come back for who comes after another one left', async () => {
    const { made, bus, hub } = await loaded(2);
    const n = await registered(made, 0, 'n');
    await until(() => bus.synapse(hub, n) !== undefined && bus.synapse(n, hub) !== undefined);
    await made.on(0, ({ bus }, id) => bus.unregister(id), n);
    const m = await registered(made, 1, 'm');
    await until(() => bus.synapse(hub, m)?.weight === 0.4);
  });

  it('for which there is no room are an event, and the others come back', async () => {
    const { made, bus, hub } = await loaded(1, { maxSynapses: 1 });
    const errors: unknown[] = [];
    bus.on('error', (error, { neuron }) => errors.push([(error as { code: string }).code, neuron]));
    await registered(made, 0, 'n');
    await registered(made, 0, 'm');
    await until(() => bus.synapses().length === 2 && errors.length === 1);
    expect(errors).toEqual([['ERR_NB_TOO_MANY_SYNAPSES', -1]]);
    expect(bus.synapses().some(({ post }) => post === hub)).toBe(true);
  });
});
