// tick(), run(), and what may happen inside.
import { Neuron, type NeuronHandle, type Spike } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus } from './support.js';

class Beating extends Neuron {
  readonly log: string[] = [];
  handles = new Set<NeuronHandle>();
  onSpike(spike: Spike) {
    this.log.push(spike.text());
  }
  override tick(handle: NeuronHandle) {
    this.handles.add(handle);
    this.log.push('tick');
  }
}

describe('tick', () => {
  it('delivers what is queued now and returns the count; what handlers fire waits for the next', () => {
    const bus = makeBus();
    const relay = add(bus, (spike, handle) => {
      if (spike.text() !== '0') handle.fireTo(relay.id, `${Number(spike.text()) - 1}`);
    });
    bus.fire(relay.id, { target: relay.id, payload: '3' });
    bus.fire(relay.id, { target: relay.id, payload: '1' });
    expect([1, 2, 3, 4, 5].map(() => bus.tick())).toEqual([2, 2, 1, 1, 0]);
    expect(relay.texts).toEqual(['3', '1', '2', '0', '1', '0']);
  });

  it('of an idle bus delivers nothing', () => {
    const bus = makeBus();
    expect([bus.tick(), bus.run(10)]).toEqual([0, 0]);
  });

  it('delivers more than one batch holds, in order', () => {
    const bus = makeBus({ axonCapacity: 16384, budget: 1 });
    const probe = add(bus);
    for (let i = 0; i < 16384; i++) bus.fire(probe.id, { target: probe.id, sequence: i });
    expect(bus.tick()).toBe(16384);
    expect(probe.spikes.map((spike) => spike.sequence)).toEqual(Array.from({ length: 16384 }, (_, i) => i));
  });

  it('does not count what nobody got', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.fire(a.id, { target: b.id });
    bus.fire(a.id, { target: a.id });
    bus.fire(a.id, {});
    bus.unregister(b.id);
    expect(bus.tick()).toBe(1);
  });

  it('calls tick(handle) of each neuron once, before the spikes, with its handle', () => {
    const bus = makeBus();
    const neuron = new Beating();
    const id = bus.register(neuron, { name: 'x' });
    bus.fire(id, { target: id, payload: 'spike' });
    bus.tick();
    bus.tick();
    expect(neuron.log).toEqual(['tick', 'spike', 'tick']);
    expect([...neuron.handles].map((handle) => handle.id)).toEqual([id]);
  });

  it('delivers in the same tick what tick(handle) fires', () => {
    const bus = makeBus();
    const probe = add(bus);
    class Source extends Neuron {
      onSpike() {}
      override tick(handle: NeuronHandle) {
        handle.fireTo(probe.id, 'beat');
      }
    }
    bus.register(new Source(), { name: 'source' });
    expect([bus.tick(), bus.tick()]).toEqual([1, 1]);
  });

  it('lets tick(handle) register and unregister neurons, itself included', () => {
    const bus = makeBus();
    class Leaver extends Neuron {
      ticks = 0;
      onSpike() {}
      override tick(handle: NeuronHandle) {
        this.ticks++;
        bus.unregister(handle.id);
        bus.register(new Beating(), { name: 'successor' });
      }
    }
    const [leaver, stays] = [new Leaver(), new Beating()];
    bus.register(leaver, { name: 'leaver' });
    bus.register(stays, { name: 'stays' });
    bus.tick();
    bus.tick();
    expect([leaver.ticks, stays.log.length, bus.neurons().map((card) => card.name)]).toEqual([
      1,
      2,
      ['stays', 'successor'],
    ]);
  });
});

describe('run', () => {
  it('is that many ticks and the sum of what they delivered', () => {
    const bus = makeBus();
    const neuron = new Beating();
    bus.register(neuron, { name: 'x' });
    const pong = add(bus, (spike, handle) => {
      handle.reply(spike);
    });
    bus.fire(pong.id, { target: pong.id });
    expect(bus.run(5)).toBe(5);
    expect(neuron.log.length).toBe(5);
    expect(bus.run(0)).toBe(0);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined])('refuses %s', (n) => {
    const bus = makeBus();
    expect(codeOf(() => bus.run(n as number))).toBe('ERR_NB_INVALID_ARGUMENT');
  });
});

describe('inside a handler', () => {
  it('tick() and run() are refused, whichever handler it is, and the bus is none the worse', () => {
    const bus = makeBus();
    const codes: string[] = [];
    const tryBoth = () =>
      codes.push(
        codeOf(() => bus.tick()),
        codeOf(() => bus.run(1)),
      );
    class All extends Neuron {
      onSpike() {
        tryBoth();
      }
      override onFire() {
        tryBoth();
      }
      override tick() {
        tryBoth();
      }
    }
    const id = bus.register(new All(), { name: 'x' });
    bus.fire(id, { target: id });
    bus.tick();
    expect(codes).toEqual(Array(6).fill('ERR_NB_REENTRANT'));
    expect(bus.stats().handlerErrors).toBe(0);
    bus.fire(id, { target: id });
    expect(bus.tick()).toBe(1);
  });

  it("tick() is refused in 'prune' and 'error' listeners that run during one", () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 } });
    const codes: string[] = [];
    bus.on('prune', () => codes.push(codeOf(() => bus.tick())));
    bus.on('error', () => codes.push(codeOf(() => bus.tick())));
    const a = add(bus, () => {
      throw new Error('on purpose');
    });
    bus.connect(a.id, add(bus).id).weight(0.001).build();
    bus.clock.advance(50);
    bus.fire(a.id, { target: a.id });
    bus.tick();
    expect(codes).toEqual(['ERR_NB_REENTRANT', 'ERR_NB_REENTRANT']);
  });

  it('an async continuation may tick, because the handler is over', async () => {
    const bus = makeBus();
    const probe = add(bus, async () => {
      await Promise.resolve();
      expect(bus.tick()).toBe(0);
    });
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    await new Promise((resolve) => setImmediate(resolve));
    expect(bus.stats().handlerErrors).toBe(0);
  });

  it('neurons can be registered, connected and found; they hear from the next tick on', () => {
    const bus = makeBus();
    const made: number[] = [];
    const parent = add(bus, (_, handle) => {
      const child = add(bus, undefined, { capabilities: ['child'] });
      made.push(child.id);
      bus.connect(handle.id, child.id).weight(0.3).build();
      handle.broadcast('born');
      expect(handle.discover('child').map((card) => card.id)).toEqual(made);
    });
    for (let i = 0; i < 3; i++) bus.fire(parent.id, { target: parent.id });
    expect([bus.tick(), bus.tick()]).toEqual([3, 9]);
    expect(expectReconciled(bus).handlerErrors).toBe(0);
  });
});

describe('onFire', () => {
  class Firing extends Neuron {
    readonly log: string[] = [];
    override readonly dynamics = { threshold: 2, leakMs: Number.POSITIVE_INFINITY };
    onSpike(spike: Spike) {
      this.log.push(spike.text());
    }
    override onFire() {
      this.log.push('fire');
    }
  }

  it('is called after the onSpike of the spike that crossed the threshold, each time', () => {
    const bus = makeBus();
    const neuron = new Firing();
    const id = bus.register(neuron, { name: 'x' });
    for (let i = 1; i <= 5; i++) bus.fire(id, { target: id, payload: `${i}` });
    bus.tick();
    expect(neuron.log).toEqual(['1', '2', 'fire', '3', '4', 'fire', '5']);
    expect(bus.membrane(id).firings).toBe(2);
  });

  it('is not called for a neuron that unregistered itself in that onSpike', () => {
    const bus = makeBus();
    const neuron = new Firing();
    const id = bus.register(neuron, { name: 'x' });
    neuron.onSpike = (spike) => {
      if (spike.text() === 'second') bus.unregister(id);
    };
    bus.fire(id, { target: id, payload: 'first' });
    bus.fire(id, { target: id, payload: 'second' });
    expect(bus.tick()).toBe(2);
    expect(neuron.log).toEqual([]);
  });
});
