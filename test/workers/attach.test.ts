// Who may join, and what it says when not.
import { type BusHandle, NeuronBus } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Colony, codeOf, colony, Probe } from './support.js';

function open(options = {}) {
  const bus = NeuronBus.create(options);
  onTestFinished(() => bus.close());
  return bus;
}

describe('attach() refuses', () => {
  it.each([
    undefined,
    null,
    7,
    'a handle',
    {},
    { id: '1', key: 2 },
    { id: 1 },
    { id: Number.NaN, key: 0 },
    { id: -1, key: 1.5 },
    { id: 1, key: '2' },
  ])('%j', async (garbage) => {
    const code = await codeOf(() => NeuronBus.attach(garbage as unknown as BusHandle));
    expect(['ERR_NB_INVALID_ARGUMENT', 'ERR_NB_NO_SUCH_SEGMENT']).toContain(code);
  });

  it('a handle whose key is not that of the bus, and one of no bus', async () => {
    const { id, key } = open().handle;
    for (const wrong of [
      { id, key: key ^ 1 },
      { id: id + 1000, key },
    ]) {
      expect(await codeOf(() => NeuronBus.attach(wrong))).toBe('ERR_NB_NO_SUCH_SEGMENT');
    }
  });

  it('options that are the business of the creator, or of nobody', async () => {
    const { handle } = open();
    for (const options of [{ axonCapacity: 64 }, { nonsense: 1 }, { waitStrategy: 'sleep' }, null]) {
      expect(await codeOf(() => NeuronBus.attach(handle, options as object))).toBe('ERR_NB_INVALID_ARGUMENT');
    }
    const there = NeuronBus.attach(handle, { waitStrategy: 'yield', seed: 7 });
    expect([there.options.waitStrategy, there.options.seed]).toEqual(['yield', 7]);
    there.close();
  });

  it('a bus with a virtual clock', async () => {
    const bus = open({ clock: 'virtual' });
    expect(await codeOf(() => NeuronBus.attach(bus.handle))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().ganglia).toBe(1);
  });

  it('a bus that its creator closed, also when others still have it', async () => {
    const bus = open();
    const { handle } = bus;
    const other = NeuronBus.attach(handle);
    bus.close();
    expect(await codeOf(() => NeuronBus.attach(handle))).toBe('ERR_NB_NO_SUCH_SEGMENT');
    other.register(new Probe(), { name: 'goes on' });
    expect(other.neurons()).toHaveLength(1);
    other.close();
    expect(await codeOf(() => NeuronBus.attach(handle))).toBe('ERR_NB_NO_SUCH_SEGMENT');
    expect(await codeOf(() => bus.handle)).toBe('ERR_NB_CLOSED');
  });
});

describe('from another thread, attach() refuses', () => {
  // The handle of one bus, taken to a worker of another.
  const attachThere = (there: Colony, handle: BusHandle) =>
    there.on(
      0,
      ({ bus }, handle) => {
        const other = (bus.constructor as typeof NeuronBus).attach(handle);
        const { length } = other.neurons();
        other.close();
        return length;
      },
      handle,
    );

  it('a bus that its creator closed, and one with a virtual clock', async () => {
    const there = await colony(1);
    const bus = open();
    const { handle } = bus;
    bus.register(new Probe(), { name: 'probe' });
    expect(await attachThere(there, handle)).toBe(1);
    bus.close();
    await expect(attachThere(there, handle)).rejects.toThrow('ERR_NB_NO_SUCH_SEGMENT');
    await expect(attachThere(there, open({ clock: 'virtual' }).handle)).rejects.toThrow(
      'ERR_NB_INVALID_ARGUMENT',
    );
  });

  it('one participant more than maxGanglia', async () => {
    const there = await colony(1);
    const bus = open({ maxGanglia: 2 });
    const second = NeuronBus.attach(bus.handle);
    await expect(attachThere(there, bus.handle)).rejects.toThrow('ERR_NB_TOO_MANY_GANGLIA');
    expect(await codeOf(() => NeuronBus.attach(bus.handle))).toBe('ERR_NB_TOO_MANY_GANGLIA');
    second.close();
    expect(await attachThere(there, bus.handle)).toBe(0);
  });

  it('and a pool that is too large for what is left is told so', async () => {
    const bus = open({ maxGanglia: 3 });
    const first = new Colony(bus, 1);
    await first.pool.ready;
    const pool = bus
      .on('error', () => {})
      .spawn(new URL('./misbehave.mjs', import.meta.url), {
        threads: 2,
        data: { how: 'well' },
        maxRestarts: 0,
      });
    expect(await codeOf(() => pool.ready)).toBe('ERR_NB_WORKER_FAILED');
    expect(pool.failed!.cause).toMatchObject({ code: 'ERR_NB_TOO_MANY_GANGLIA' });
    expect(pool.alive).toBe(1);
    await first.end();
  });
});
