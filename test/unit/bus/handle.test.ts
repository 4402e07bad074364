// The handle of a neuron: its voice, and the moment it gets one.
import { Neuron, type NeuronHandle, type Spike, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, handleOf, makeBus } from './support.js';

function trio() {
  const bus = makeBus();
  const [a, b, c] = [add(bus), add(bus), add(bus)];
  const handle = handleOf(bus, a);
  a.spikes.length = 0;
  return { bus, a, b, c, handle };
}

describe('a handle', () => {
  it('knows its neuron, its card, its bus and the time', () => {
    const bus = makeBus();
    const probe = add(bus, undefined, { name: 'me', tags: ['t'] });
    bus.clock.advance(4);
    const handle = handleOf(bus, probe);
    expect(handle.id).toBe(probe.id);
    expect(handle.card).toEqual(bus.card(probe.id));
    expect(handle.bus).toBe(bus);
    expect(handle.now).toBe(4e6);
  });

  it('fireTo sends to one neuron, with payload and options', () => {
    const { bus, a, b, handle } = trio();
    expect(handle.fireTo(b.id, 'hello', { type: SpikeType.Modulatory, priority: 9 })).toBe(true);
    expect(handle.fireTo(b.id)).toBe(true);
    expect(handle.fireTo(b.id, undefined, { json: { deep: [1] } })).toBe(true);
    bus.tick();
    expect(b.spikes[0]).toMatchObject({ source: a.id, type: SpikeType.Modulatory, priority: 9 });
    expect(b.texts).toEqual(['hello', '', '{"deep":[1]}']);
  });

  it('fireTo refuses an unknown target, bad options, and a payload beside json', () => {
    const { bus, b, handle } = trio();
    const before = bus.stats().published;
    expect(codeOf(() => handle.fireTo(12))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(codeOf(() => handle.fireTo(undefined as never))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(codeOf(() => handle.fireTo(b.id, 'x', { priority: 256 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => handle.fireTo(b.id, 'x', { type: 4 as never }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => handle.fireTo(b.id, 5 as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => handle.fireTo(b.id, 'x', { json: 1 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().published).toBe(before);
  });

  it('fire takes what bus.fire takes, from this neuron', () => {
    const { bus, a, b, handle } = trio();
    handle.fire({ target: b.id, payload: 'init', priority: 3 });
    bus.connect(a.id, b.id).build();
    handle.fire({ payload: 'to all' });
    bus.tick();
    expect(b.texts).toEqual(['init', 'to all']);
    expect(b.spikes.map((spike) => spike.source)).toEqual([a.id, a.id]);
  });

  it('broadcast reaches those that are connected, and nobody else', () => {
    const { bus, a, b, c, handle } = trio();
    bus.connect(a.id, c.id).build();
    handle.broadcast('all', { priority: 5 });
    bus.tick();
    expect([a.texts, b.texts, c.texts]).toEqual([[], [], ['all']]);
    expect(c.spikes[0]!.priority).toBe(5);
  });

  it('random() comes from the seed of the bus', () => {
    const numbers = [1, 1, 2].map((seed) => {
      const bus = makeBus({ seed });
      const handle = handleOf(bus, add(bus));
      return Array.from({ length: 5 }, () => handle.random());
    });
    expect(numbers[0]).toEqual(numbers[1]);
    expect(numbers[0]).not.toEqual(numbers[2]);
    for (const value of numbers.flat()) expect(value >= 0 && value < 1).toBe(true);
  });

  it('of a neuron that left is refused, for the calls that send', () => {
    const { bus, a, b, handle } = trio();
    bus.fire(b.id, { target: b.id });
    bus.tick();
    bus.unregister(a.id);
    const calls = [
      () => handle.fire({ target: b.id }),
      () => handle.fireTo(b.id),
      () => handle.broadcast(),
      () => handle.reply(b.spikes[0]!),
    ];
    for (const call of calls) expect(codeOf(call)).toBe('ERR_NB_UNKNOWN_NEURON');
  });

  it('of a neuron that left does not speak for the one that has its id now', () => {
    const { bus, a, b, handle } = trio();
    bus.fire(b.id, { target: b.id });
    bus.tick();
    bus.unregister(a.id);
    bus.tick();
    const successor = add(bus, undefined, { id: a.id });
    bus.connect(successor.id, b.id).build();
    const calls = [
      () => handle.fire({ target: b.id }),
      () => handle.fireTo(b.id),
      () => handle.broadcast(),
      () => handle.reply(b.spikes[0]!),
    ];
    for (const call of calls) expect(codeOf(call)).toBe('ERR_NB_UNKNOWN_NEURON');
    bus.tick();
    expect(b.spikes.filter((spike) => spike.source === successor.id)).toEqual([]);
  });
});

describe('reply', () => {
  it('goes to the source of the spike, in the next tick', () => {
    const bus = makeBus();
    const asker = add(bus);
    const echo = add(bus, (spike, handle) => {
      handle.reply(spike, `echo ${spike.text()}`, { priority: spike.priority });
    });
    bus.fire(asker.id, { target: echo.id, payload: 'hi', priority: 42 });
    expect(bus.tick()).toBe(1);
    expect(asker.texts).toEqual([]);
    expect(bus.tick()).toBe(1);
    expect(asker.texts).toEqual(['echo hi']);
    expect(asker.spikes[0]).toMatchObject({ source: echo.id, target: asker.id, priority: 42 });
  });

  it('to a clone works after the handler returned', () => {
    const bus = makeBus();
    const [asker, slow] = [add(bus), add(bus)];
    bus.fire(asker.id, { target: slow.id, payload: 'q' });
    bus.tick();
    slow.handle.reply(slow.spikes[0]!, 'late');
    bus.tick();
    expect(asker.texts).toEqual(['late']);
  });

  it('to somebody who left is counted as dropped, and no error for who replies', () => {
    const bus = makeBus();
    const asker = add(bus);
    const echo = add(bus, (spike, handle) => {
      expect(handle.reply(spike, 'anybody?')).toBe(true);
    });
    bus.fire(asker.id, { target: echo.id });
    bus.unregister(asker.id);
    bus.run(2);
    expect(bus.stats()).toMatchObject({ handlerErrors: 0, delivered: 1, dropped: { deadTarget: 1 } });
  });

  it('returns false when the spike was dropped', () => {
    const bus = makeBus({ axonCapacity: 2 });
    const answers: boolean[] = [];
    const echo = add(bus, (spike, handle) => {
      for (let i = 0; i < 3; i++) answers.push(handle.reply(spike));
    });
    bus.fire(echo.id, { target: echo.id });
    bus.tick();
    expect(answers).toEqual([true, false, false]);
    expect(bus.stats().dropped.full).toBe(2);
  });
});

describe('onRegister', () => {
  class Joiner extends Neuron {
    handle: NeuronHandle | undefined;
    constructor(readonly joined: (handle: NeuronHandle) => void | Promise<void>) {
      super();
    }
    override onRegister(handle: NeuronHandle) {
      this.handle = handle;
      return this.joined(handle);
    }
    onSpike(_spike: Spike) {}
  }

  it('is called once, when the neuron can already be found, speak and connect', () => {
    const bus = makeBus();
    const listener = add(bus, undefined, { capabilities: ['listen'] });
    let calls = 0;
    const joiner = new Joiner((handle) => {
      calls++;
      expect(handle.discover('join').map((card) => card.id)).toEqual([handle.id]);
      const [found] = handle.discover('listen');
      bus.connect(handle.id, found!.id).build();
      handle.broadcast('here I am');
    });
    const id = bus.register(joiner, { name: 'joiner', capabilities: ['join'] });
    bus.tick();
    expect([calls, joiner.handle!.id, listener.texts]).toEqual([1, id, ['here I am']]);
  });

  it('that throws or rejects is reported like any handler, and the neuron stays registered', async () => {
    const bus = makeBus();
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push((error as Error).message));
    const thrown = bus.register(
      new Joiner(() => {
        throw new Error('sync');
      }),
      { name: 'x' },
    );
    const rejected = bus.register(
      new Joiner(async () => {
        throw new Error('async');
      }),
      { name: 'y' },
    );
    await Promise.resolve();
    await Promise.resolve();
    expect(errors).toEqual(['sync', 'async']);
    expect(bus.neurons().map((card) => card.id)).toEqual([thrown, rejected]);
    expect(bus.stats().handlerErrors).toBe(2);
  });

  it('may unregister the neuron again', () => {
    const bus = makeBus();
    const id = bus.register(new Joiner((handle) => bus.unregister(handle.id)), { name: 'x' });
    expect([bus.card(id), bus.stats().neurons]).toEqual([undefined, 0]);
  });
});
