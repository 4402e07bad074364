// Handlers that throw or reject: reported once each, and delivery goes on.
import { join } from 'node:path';
import { Neuron, type NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support.js';
import { folder } from './files.js';
import { add, expectReconciled, makeBus, type Probe, turn } from './support.js';

interface Report {
  message: string;
  neuron: number;
  name: string | undefined;
}

function reports(bus: NeuronBus): Report[] {
  const seen: Report[] = [];
  bus.on('error', (error, { neuron, card }) => {
    seen.push({ message: (error as Error).message, neuron, name: card?.name });
  });
  return seen;
}

const failOn = (text: string) => (spike: Spike) => {
  if (spike.text() === text) throw new Error(`no ${text}`);
};

function feed(bus: NeuronBus, probe: Probe, texts: string[]): void {
  for (const payload of texts) bus.fire(probe.id, { target: probe.id, payload });
}

describe('a handler that throws', () => {
  for (const checks of ['development', 'production'] as const) {
    it(`is an 'error' event with its neuron, counted, and the other spikes arrive (${checks})`, () => {
      const bus = makeBus({ checks });
      const seen = reports(bus);
      const probe = add(bus, failOn('b'), { name: 'picky' });
      const other = add(bus);
      feed(bus, probe, ['a', 'b', 'c']);
      bus.fire(probe.id, { target: other.id, payload: 'd' });
      expect(bus.tick()).toBe(4);
      expect(seen).toEqual([{ message: 'no b', neuron: probe.id, name: 'picky' }]);
      expect([probe.texts, other.texts]).toEqual([['a', 'b', 'c'], ['d']]);
      expect(expectReconciled(bus)).toMatchObject({ handlerErrors: 1, delivered: 4 });
    });
  }

  it('every time is reported every time', () => {
    const bus = makeBus();
    const seen = reports(bus);
    const probe = add(bus, () => {
      throw new Error('always');
    });
    feed(bus, probe, Array(50).fill('x'));
    expect(bus.tick()).toBe(50);
    expect([seen.length, bus.stats().handlerErrors, probe.spikes.length]).toEqual([50, 50, 50]);
  });

  it('may throw what is no error', () => {
    const bus = makeBus();
    const thrown: unknown[] = [];
    bus.on('error', (error) => thrown.push(error));
    const things = ['text', undefined, null, 0];
    const probe = add(bus, () => {
      throw things[thrown.length];
    });
    feed(bus, probe, ['1', '2', '3', '4']);
    bus.tick();
    expect(thrown).toEqual(things);
  });

  it('after it fired has fired', () => {
    const bus = makeBus();
    reports(bus);
    const other = add(bus);
    const probe = add(bus, (_, handle) => {
      handle.fireTo(other.id, 'before the fall');
      throw new Error('fall');
    });
    feed(bus, probe, ['x']);
    bus.run(2);
    expect(other.texts).toEqual(['before the fall']);
  });

  it('still has its onFire called when its membrane crossed the threshold', () => {
    const bus = makeBus();
    reports(bus);
    let fired = 0;
    class Thrower extends Neuron {
      onSpike() {
        throw new Error('on purpose');
      }
      override onFire() {
        fired++;
      }
    }
    const id = bus.register(new Thrower(), { name: 'x' });
    bus.fire(id, { target: id });
    bus.tick();
    expect([fired, bus.membrane(id).firings]).toEqual([1, 1]);
  });
});

describe('a handler that rejects', () => {
  it('is reported when it does, with the neuron it belonged to', async () => {
    const bus = makeBus();
    const seen = reports(bus);
    const probe = add(
      bus,
      async () => {
        await turn();
        throw new Error('later');
      },
      { name: 'async' },
    );
    feed(bus, probe, ['1', '2']);
    expect(bus.tick()).toBe(2);
    expect([seen.length, bus.stats().handlerErrors]).toEqual([0, 0]);
    await turn();
    await turn();
    expect(seen).toEqual(Array(2).fill({ message: 'later', neuron: probe.id, name: 'async' }));
    expect(bus.stats().handlerErrors).toBe(2);
  });

  it('after its neuron left is reported without a card', async () => {
    const bus = makeBus();
    const seen = reports(bus);
    const probe = add(bus, async () => {
      await turn();
      throw new Error('ghost');
    });
    feed(bus, probe, ['1']);
    bus.tick();
    bus.unregister(probe.id);
    await turn();
    await turn();
    expect(seen).toEqual([{ message: 'ghost', neuron: probe.id, name: undefined }]);
  });

  it('may return any thenable', async () => {
    const bus = makeBus();
    const seen = reports(bus);
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this test is about
      then: (_: unknown, reject?: ((error: Error) => void) | null) => reject?.(new Error('thenable')),
    };
    const probe = add(bus, () => thenable as unknown as Promise<void>);
    feed(bus, probe, ['1']);
    bus.tick();
    await turn();
    expect(seen.map(({ message }) => message)).toEqual(['thenable']);
  });

  it('may return anything else, which is ignored', () => {
    const bus = makeBus();
    const seen = reports(bus);
    const results = [5, 'x', {}, null, true, Symbol('x')];
    const probe = add(bus, () => results.shift() as never);
    feed(bus, probe, ['1', '2', '3', '4', '5', '6']);
    expect([bus.tick(), seen]).toEqual([6, []]);
  });
});

describe('without a listener', () => {
  function warnings(): string[] {
    const seen: string[] = [];
    const listen = (warning: Error) => {
      if (warning.name === 'NeuronBusWarning') seen.push(warning.message);
    };
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));
    return seen;
  }

  it('a failing handler becomes a process warning with its neuron, card and stack', async () => {
    const seen = warnings();
    const bus = makeBus();
    const probe = add(bus, failOn('x'), { name: 'unheard' });
    feed(bus, probe, ['x', 'y']);
    expect(bus.tick()).toBe(2);
    await turn();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(new RegExp(`neuron ${probe.id} \\(unheard\\) failed: Error: no x[^]*at `));
  });

  it('what goes wrong in no handler becomes one of the bus', async () => {
    const seen = warnings();
    const bus = makeBus();
    const path = join(folder(), 'gone', 'bus.json');
    const checkpoints = bus.checkpoint(path, { intervalMs: 1 });
    await until(() => seen.length > 0);
    await expect(checkpoints.stop()).rejects.toMatchObject({ code: 'ERR_NB_FILE_IO' });
    expect(seen[0]).toMatch(/^The bus failed: /);
  });

  it('a rejecting one as well, also after the bus was closed', async () => {
    const seen = warnings();
    const bus = makeBus();
    const probe = add(bus, async () => {
      await turn();
      throw new Error('too late');
    });
    feed(bus, probe, ['x']);
    bus.tick();
    bus.close();
    await turn();
    await turn();
    await turn();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain('too late');
  });
});

describe('a listener that throws', () => {
  it("to 'error' reaches the caller of tick(), loses no spike and leaves no neuron in hand", () => {
    const bus = makeBus();
    bus.on('error', () => {
      throw new Error('listener');
    });
    const probe = add(bus, failOn('2'));
    const other = add(bus);
    bus.connect(probe.id, other.id).build();
    feed(bus, probe, ['1', '2', '3', '4', '5']);
    let failures = 0;
    for (let i = 0; i < 5; i++) {
      try {
        bus.tick();
      } catch (error) {
        expect((error as Error).message).toBe('listener');
        failures++;
      }
    }
    expect(failures).toBe(1);
    expect(probe.texts).toEqual(['1', '2', '3', '4', '5']);
    expect(expectReconciled(bus)).toMatchObject({ published: 5, delivered: 5, queued: 0 });
  });

  it("to 'prune' reaches the caller of tick() and loses no spike", () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 } });
    bus.on('prune', () => {
      throw new Error('listener');
    });
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).weight(0.001).build();
    bus.clock.advance(100);
    bus.fire(a.id, { target: a.id, payload: 'x' });
    expect(() => bus.tick()).toThrow('listener');
    bus.tick();
    expect(a.texts).toEqual(['x']);
    expect(expectReconciled(bus)).toMatchObject({ delivered: 1, queued: 0 });
  });
});

describe('tick(handle) and onFire that throw', () => {
  class Fragile extends Neuron {
    beats = 0;
    onSpike() {}
    override tick(_handle: NeuronHandle): void | Promise<void> {
      this.beats++;
      throw new Error('tick');
    }
    override async onFire() {
      throw new Error('fire');
    }
  }

  it('are reported alike, and the spikes are delivered', async () => {
    const bus = makeBus();
    const seen = reports(bus);
    const neuron = new Fragile();
    const id = bus.register(neuron, { name: 'fragile' });
    const other = add(bus);
    bus.fire(id, { target: id });
    bus.fire(id, { target: other.id });
    expect(bus.tick()).toBe(2);
    await turn();
    expect(seen.map(({ message }) => message)).toEqual(['tick', 'fire']);
    expect([neuron.beats, other.spikes.length, bus.stats().handlerErrors]).toEqual([1, 1, 2]);
  });
});
