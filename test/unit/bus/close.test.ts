// close(): once, from anywhere; afterwards everything says so.
import {
  type ArenaRef,
  Neuron,
  type NeuronBus,
  type NeuronHandle,
  type Spike,
  type Synapse,
} from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, codeOfPromise, makeBus, Probe, turn } from './support.js';

interface Scene {
  bus: NeuronBus;
  handle: NeuronHandle;
  synapse: Synapse;
  ref: ArenaRef;
  clone: Spike;
}

function scene(): Scene {
  const bus = makeBus();
  const [a, b] = [add(bus), add(bus)];
  bus.fire(a.id, { target: a.id });
  bus.tick();
  return {
    bus,
    handle: a.handle,
    synapse: bus.connect(a.id, b.id).build(),
    ref: bus.arena.write('x'),
    clone: a.spikes[0]!,
  };
}

const calls: [string, (scene: Scene) => unknown][] = [
  ['register', ({ bus }) => bus.register(new Probe(), { name: 'x' })],
  ['unregister', ({ bus }) => bus.unregister(0)],
  ['discover', ({ bus }) => bus.discover('x')],
  ['discoverInRegion', ({ bus }) => bus.discoverInRegion('x')],
  ['card', ({ bus }) => bus.card(0)],
  ['neurons', ({ bus }) => bus.neurons()],
  ['membrane', ({ bus }) => bus.membrane(0)],
  ['connect', ({ bus }) => bus.connect(0, 1)],
  ['disconnect', ({ bus }) => bus.disconnect(0, 1)],
  ['synapse', ({ bus }) => bus.synapse(0, 1)],
  ['synapses', ({ bus }) => bus.synapses()],
  ['fire', ({ bus }) => bus.fire(0, { target: 1 })],
  ['fire of a prepared spike', ({ bus, clone }) => bus.fire(0, clone)],
  ['tick', ({ bus }) => bus.tick()],
  ['run', ({ bus }) => bus.run(1)],
  ['run(0)', ({ bus }) => bus.run(0)],
  ['start', ({ bus }) => bus.start()],
  ['stop', ({ bus }) => bus.stop()],
  ['stats', ({ bus }) => bus.stats()],
  ['random', ({ bus }) => bus.random()],
  ['arena.write', ({ bus }) => bus.arena.write('x')],
  ['arena.read', ({ bus, ref }) => bus.arena.read(ref)],
  ['arena.retain', ({ bus, ref }) => bus.arena.retain(ref)],
  ['arena.release', ({ bus, ref }) => bus.arena.release(ref)],
  ['clock.now', ({ bus }) => bus.clock.now()],
  ['clock.advance', ({ bus }) => bus.clock.advance(1)],
  ['handle.fire', ({ handle }) => handle.fire({ target: 1 })],
  ['handle.fireTo', ({ handle }) => handle.fireTo(1)],
  ['handle.broadcast', ({ handle }) => handle.broadcast()],
  ['handle.reply', ({ handle, clone }) => handle.reply(clone)],
  ['handle.discover', ({ handle }) => handle.discover('x')],
  ['handle.discoverInRegion', ({ handle }) => handle.discoverInRegion('x')],
  ['handle.random', ({ handle }) => handle.random()],
  ['handle.now', ({ handle }) => handle.now],
  ['synapse.weight', ({ synapse }) => synapse.weight],
  [
    'synapse.weight =',
    ({ synapse }) => {
      synapse.weight = 0.5;
    },
  ],
  ['synapse.rule', ({ synapse }) => synapse.rule],
  ['synapse.alive', ({ synapse }) => synapse.alive],
  ['synapse.lastUsed', ({ synapse }) => synapse.lastUsed],
];

describe('after close', () => {
  it.each(calls)('%s throws ERR_NB_CLOSED', (_, call) => {
    const it = scene();
    it.bus.close();
    expect(codeOf(() => call(it))).toBe('ERR_NB_CLOSED');
  });

  it.each(calls)('%s throws ERR_NB_CLOSED also inside the handler that closed', (_, call) => {
    const it = scene();
    let code = 'never called';
    const closer = add(it.bus, () => {
      it.bus.close();
      code = codeOf(() => call(it));
    });
    it.bus.fire(closer.id, { target: closer.id });
    it.bus.tick();
    expect(code).toBe('ERR_NB_CLOSED');
  });

  it('the builder of a synapse that was begun before refuses', () => {
    const bus = makeBus();
    const builder = bus.connect(add(bus).id, add(bus).id).weight(0.2);
    bus.close();
    expect(codeOf(() => builder.build())).toBe('ERR_NB_CLOSED');
  });

  it('save and load reject with ERR_NB_CLOSED', async () => {
    const bus = makeBus();
    bus.close();
    expect(await codeOfPromise(bus.save('/nowhere/x'))).toBe('ERR_NB_CLOSED');
    expect(await codeOfPromise(bus.load('/nowhere/x'))).toBe('ERR_NB_CLOSED');
  });

  it('close() does nothing, closed says true, and the name is in the message', () => {
    const bus = makeBus({ name: 'mine' });
    expect(bus.closed).toBe(false);
    bus.close();
    bus.close();
    expect(bus.closed).toBe(true);
    expect(() => bus.tick()).toThrow(/mine/);
  });

  it('clones of spikes and cards stay readable', () => {
    const { bus, clone, handle } = scene();
    const card = bus.card(handle.id)!;
    bus.close();
    expect([clone.text(), clone.source, card.name, handle.card.name]).toEqual([
      '',
      handle.id,
      'probe',
      'probe',
    ]);
  });

  it("there was one 'close' event, and no listener is kept", () => {
    const bus = makeBus();
    let closes = 0;
    bus.on('close', () => closes++);
    bus.on('drop', () => {});
    bus.close();
    bus.close();
    expect([closes, bus.eventNames()]).toEqual([1, []]);
  });
});

describe('close', () => {
  class Everywhere extends Neuron {
    where = '';
    calls = 0;
    constructor(readonly bus: NeuronBus) {
      super();
    }
    #maybe(where: string) {
      this.calls++;
      if (this.where === where) this.bus.close();
    }
    onSpike(_spike: Spike): void | Promise<void> {
      this.#maybe('onSpike');
    }
    override onFire() {
      this.#maybe('onFire');
    }
    override tick() {
      this.#maybe('tick');
    }
  }

  it.each(['onSpike', 'onFire', 'tick'])('in %s ends the tick there, without an error', (where) => {
    const bus = makeBus();
    const neuron = new Everywhere(bus);
    const id = bus.register(neuron, { name: 'x' });
    const later = new Everywhere(bus);
    bus.register(later, { name: 'later' });
    const after = add(bus);
    neuron.where = where;
    bus.fire(id, { target: id });
    bus.fire(id, { target: after.id });
    expect(bus.tick()).toBe(where === 'tick' ? 0 : 1);
    expect([bus.closed, after.spikes.length, later.calls]).toEqual([true, 0, where === 'tick' ? 0 : 1]);
    expect(codeOf(() => bus.tick())).toBe('ERR_NB_CLOSED');
  });

  it('in a handler keeps the spike in hand readable until the handler returns', () => {
    const bus = makeBus();
    let text = '';
    const probe = add(bus, (spike) => {
      bus.close();
      text = spike.text();
    });
    bus.fire(probe.id, { target: probe.id, payload: 'x'.repeat(100) });
    bus.tick();
    expect(text).toBe('x'.repeat(100));
  });

  it('in a handler ends run()', () => {
    const bus = makeBus();
    const probe = add(bus, () => bus.close());
    bus.fire(probe.id, { target: probe.id });
    expect(bus.run(100)).toBe(1);
  });

  it.each(['error', 'prune', 'drop', 'register', 'unregister'] as const)(
    "in a listener to '%s' is clean",
    (event) => {
      const bus = makeBus({
        axonCapacity: 2,
        plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 },
      });
      const probe = add(bus, () => {
        throw new Error('on purpose');
      });
      const other = add(bus);
      bus.connect(probe.id, other.id).weight(0.001).build();
      bus.on('error', () => {});
      bus.on(event, () => bus.close());
      bus.clock.advance(100);
      for (let i = 0; i < 3; i++) bus.fire(probe.id, { target: probe.id });
      const act = () => {
        if (event === 'register') add(bus);
        else if (event === 'unregister') bus.unregister(other.id);
        else bus.tick();
      };
      expect(codeOf(act)).toBe('no error');
      expect(bus.closed).toBe(true);
    },
  );

  it('in a handler that fire() runs to make room is ERR_NB_CLOSED for the caller of fire()', () => {
    const bus = makeBus({ axonCapacity: 2, backpressure: 'block' });
    const probe = add(bus, () => bus.close());
    const fire = () => bus.fire(probe.id, { target: probe.id });
    fire();
    fire();
    expect(codeOf(fire)).toBe('ERR_NB_CLOSED');
  });

  it('between two handlers of a started bus is clean', async () => {
    const bus = makeBus();
    const probe = add(bus, () => bus.close());
    bus.start();
    for (let i = 0; i < 3; i++) bus.fire(probe.id, { target: probe.id });
    for (let i = 0; i < 5; i++) await turn();
    expect([bus.closed, probe.spikes.length]).toEqual([true, 1]);
  });

  it('while an async handler waits makes its later calls throw, not crash', async () => {
    const bus = makeBus();
    const codes: string[] = [];
    const probe = add(bus, async (spike, handle) => {
      const kept = spike.clone();
      await turn();
      codes.push(
        codeOf(() => handle.reply(kept)),
        codeOf(() => handle.now),
      );
    });
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    bus.close();
    await turn();
    await turn();
    expect(codes).toEqual(['ERR_NB_CLOSED', 'ERR_NB_CLOSED']);
  });

  it('in one bus leaves another alone', () => {
    const [one, two] = [makeBus(), makeBus()];
    const probe = add(two);
    one.close();
    two.fire(probe.id, { target: probe.id });
    expect(two.tick()).toBe(1);
  });
});
