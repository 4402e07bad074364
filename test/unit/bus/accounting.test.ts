// The account: published = delivered + dropped + queued, whenever anybody looks.
import {
  type Backpressure,
  Neuron,
  type NeuronBus,
  type NeuronHandle,
  type Spike,
  SpikeType,
} from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, missing, randomFrom, turn } from './support.js';

const MODES: Backpressure[] = ['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'];

describe('queued and delivered', () => {
  it('change hands one spike at a time: the one in hand is still queued', () => {
    const bus = makeBus();
    const seen: number[][] = [];
    const probe = add(bus, () => {
      const { published, delivered, queued } = bus.stats();
      seen.push([published, delivered, queued]);
    });
    for (let i = 0; i < 4; i++) bus.fire(probe.id, { target: probe.id });
    expect(bus.stats()).toMatchObject({ published: 4, delivered: 0, queued: 4 });
    bus.tick();
    expect(seen).toEqual([
      [4, 0, 4],
      [4, 1, 3],
      [4, 2, 2],
      [4, 3, 1],
    ]);
    expect(bus.stats()).toMatchObject({ published: 4, delivered: 4, queued: 0 });
  });

  it('see what a handler fires at once', () => {
    const bus = makeBus();
    const seen: number[] = [];
    const probe = add(bus, (_, handle) => {
      if (seen.length > 2) return;
      handle.fireTo(probe.id);
      handle.fireTo(probe.id);
      seen.push(bus.stats().queued);
    });
    bus.fire(probe.id, { target: probe.id });
    bus.run(2);
    expect(seen).toEqual([3, 4, 5]);
    expectReconciled(bus);
  });

  it('a broadcast is one until it is fanned out, then one for each receiver', () => {
    const bus = makeBus();
    const probes = Array.from({ length: 5 }, () => add(bus));
    for (const other of probes.slice(1)) bus.connect(probes[0]!.id, other.id).build();
    bus.fire(probes[0]!.id, {});
    expect(bus.stats()).toMatchObject({ published: 1, queued: 1 });
    const seen: number[][] = [];
    for (const probe of probes) {
      probe.react = () => void seen.push([bus.stats().published, bus.stats().queued]);
    }
    bus.tick();
    expect(seen).toEqual([
      [4, 4],
      [4, 3],
      [4, 2],
      [4, 1],
    ]);
  });

  it('hold in listeners to every event, and in tick, onFire and onRegister', () => {
    const bus = makeBus({
      axonCapacity: 4,
      plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 },
    });
    const seen: Record<string, number[]> = {};
    const look = (where: string) => {
      seen[where] ??= [];
      seen[where].push(missing(bus.stats()));
    };
    for (const event of ['error', 'prune', 'drop', 'register', 'unregister'] as const) {
      bus.on(event, () => look(event));
    }
    class Looker extends Neuron {
      onSpike() {
        look('onSpike');
        throw new Error('on purpose');
      }
      override onFire() {
        look('onFire');
      }
      override onRegister() {
        look('onRegister');
      }
      override tick(handle: NeuronHandle) {
        look('tick');
        handle.fireTo(handle.id);
      }
    }
    const [id, other] = [1, 2].map((n) => bus.register(new Looker(), { name: `looker ${n}` }));
    bus.connect(id!, other!).weight(0.001).build();
    bus.clock.advance(100);
    for (let i = 0; i < 6; i++) bus.fire(id!, { target: i % 2 === 0 ? id! : other! });
    bus.run(3);
    bus.unregister(other!);
    for (const [where, values] of Object.entries(seen))
      expect([where, ...new Set(values)]).toEqual([where, 0]);
    expect(Object.keys(seen).sort()).toEqual(
      ['drop', 'error', 'onFire', 'onRegister', 'onSpike', 'prune', 'register', 'tick', 'unregister'].sort(),
    );
  });
});

describe('reasons', () => {
  it('name each fate once', () => {
    const bus = makeBus({ axonCapacity: 8 });
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    class Refractory extends Neuron {
      override readonly dynamics = { refractoryMs: 5 };
      onSpike() {}
    }
    const tired = bus.register(new Refractory(), { name: 'tired' });
    bus.connect(a.id, b.id).filter({ minPriority: 1 }).build();
    bus.fire(a.id, { target: b.id }); // filtered
    bus.fire(a.id, { target: tired });
    bus.fire(a.id, { target: tired }); // refractory
    bus.fire(a.id, { target: tired, type: SpikeType.Inhibitory });
    bus.fire(c.id, {}); // noReceiver
    bus.fire(a.id, { target: c.id }); // deadTarget
    bus.fire(a.id, { target: a.id });
    bus.fire(a.id, { target: a.id });
    bus.fire(a.id, { target: a.id }); // full
    bus.unregister(c.id);
    expect(bus.tick()).toBe(4);
    expect(expectReconciled(bus)).toMatchObject({
      published: 9,
      delivered: 4,
      dropped: {
        full: 1,
        oldest: 0,
        sampled: 0,
        deadline: 0,
        filtered: 1,
        refractory: 1,
        noReceiver: 1,
        deadTarget: 1,
        corrupt: 0,
      },
    });
  });
});

/** Neurons whose handlers do something at random, and look at the account before and after. */
class Chaos {
  readonly bus: NeuronBus;
  readonly living: number[] = [];
  wrong: string[] = [];
  readonly #random: () => number;

  constructor(seed: number, backpressure: Backpressure, checks: 'development' | 'production') {
    this.#random = randomFrom(seed);
    this.bus = makeBus({
      backpressure,
      checks,
      axonCapacity: 1 << (1 + this.#pick(5)),
      arenaCapacity: 1 << 16,
      maxNeurons: 8,
      maxSynapses: 20,
      sampleEvery: 1 + this.#pick(3),
      blockMs: this.#pick(2) * 1000,
      budget: 1 + this.#pick(10),
      stamps: this.#pick(2) === 0 ? 'each' : 'burst',
      plasticity: { halfLifeMs: 1, pruneGraceMs: 2, sweepIntervalMs: 1 },
    });
    this.bus.on('error', () => this.look('error'));
    for (let i = 0; i < 4; i++) this.#join();
  }

  #pick(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #one(): number {
    return this.living[this.#pick(this.living.length)]!;
  }

  look(where: string): void {
    const off = missing(this.bus.stats());
    if (off !== 0) this.wrong.push(`${off} missing in ${where}`);
  }

  #join(): void {
    const chaos = this;
    const refractoryMs = this.#pick(3);
    class Member extends Neuron {
      override readonly dynamics = { refractoryMs };
      onSpike(spike: Spike, handle: NeuronHandle): void | Promise<void> {
        chaos.look('onSpike');
        const choice = chaos.#pick(10);
        if (choice === 0) throw new Error('on purpose');
        if (choice === 1) return Promise.reject(new Error('on purpose'));
        if (choice < 4) codeOf(() => handle.reply(spike, 'x'.repeat(chaos.#pick(80))));
        else if (choice < 6) chaos.act();
        chaos.look('onSpike, after');
      }
    }
    codeOf(() => this.living.push(this.bus.register(new Member(), { name: 'member' })));
  }

  act(): void {
    const { bus } = this;
    const [a, b] = [this.#one(), this.#one()];
    const choice = this.#pick(20);
    if (choice < 9) {
      const payload = 'x'.repeat(this.#pick(100));
      const type = this.#pick(3) as SpikeType;
      const target = this.#pick(3) === 0 ? {} : { target: b };
      codeOf(() => bus.fire(a, { ...target, type, payload, priority: this.#pick(256) }));
    } else if (choice < 12)
      codeOf(() =>
        bus
          .connect(a, b)
          .filter({ minPriority: this.#pick(200) })
          .build(),
      );
    else if (choice < 13) codeOf(() => bus.disconnect(a, b));
    else if (choice < 14) this.#join();
    else if (choice < 15 && this.living.length > 2) {
      bus.unregister(a);
      this.living.splice(this.living.indexOf(a), 1);
    } else if (choice < 16) bus.clock.advance(this.#pick(4));
    else codeOf(() => bus.tick());
  }
}

describe.each(MODES)('random operations with %s', (backpressure) => {
  it.each(['development', 'production'] as const)(
    'reconcile after each of them and inside handlers (%s)',
    async (checks) => {
      for (let seed = 1; seed <= 25; seed++) {
        const chaos = new Chaos(seed, backpressure, checks);
        for (let step = 0; step < 300 && chaos.wrong.length === 0; step++) {
          chaos.act();
          chaos.look(`step ${step}`);
        }
        for (let i = 0; i < 100 && chaos.bus.stats().queued > 0; i++) chaos.bus.tick();
        await turn(); // what rejected is reported while there is a bus
        chaos.look('the end');
        expect({ seed, wrong: chaos.wrong }).toEqual({ seed, wrong: [] });
        chaos.bus.close();
      }
    },
  );
});
