// A virtual clock and a seed: the same run, bit for bit.
import { type Backpressure, Neuron, NeuronBus, type NeuronHandle, type Spike, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, makeBus } from './support.js';

interface RunOptions {
  seed?: number;
  backpressure?: Backpressure;
  checks?: 'development' | 'production';
  /** How many ticks the work of one tick is spread over. */
  wait?: () => void;
}

/** A colony that does everything a bus can do, as its random numbers say; returns all that can be seen. */
function run({ seed = 1, backpressure = 'drop-newest', checks = 'development', wait }: RunOptions): string {
  const bus = NeuronBus.create({
    clock: 'virtual',
    seed,
    backpressure,
    checks,
    axonCapacity: 64,
    arenaCapacity: 1 << 20,
    maxNeurons: 32,
    maxSynapses: 400,
    blockMs: 1e6,
    sampleEvery: 3,
    plasticity: { halfLifeMs: 50, pruneGraceMs: 20, sweepIntervalMs: 5 },
  });
  const log: unknown[] = [];
  for (const event of ['error', 'prune', 'drop', 'register', 'unregister'] as const) {
    bus.on(event, (...args: unknown[]) =>
      log.push([event, String(args[0] instanceof Error), bus.clock.now()]),
    );
  }
  class Agent extends Neuron {
    override readonly dynamics = { leakMs: 5 + bus.random() * 20, refractoryMs: bus.random() < 0.3 ? 1 : 0 };
    onSpike(spike: Spike, handle: NeuronHandle) {
      log.push([handle.id, { ...spike.toJSON() }, spike.text(), handle.now]);
      const choice = handle.random();
      if (choice < 0.3) handle.reply(spike, `re ${spike.sequence}`, { type: SpikeType.Modulatory });
      else if (choice < 0.4) handle.broadcast('x'.repeat(Math.floor(handle.random() * 100)));
      else if (choice < 0.42) throw new Error('on purpose');
    }
    override onFire(handle: NeuronHandle) {
      log.push(['fire', handle.id]);
      if (handle.random() < 0.3) handle.broadcast('fired', { priority: 230 });
    }
  }
  const pick = (n: number) => Math.floor(bus.random() * n);
  const ids = Array.from({ length: 20 }, (_, i) => bus.register(new Agent(), { name: `agent ${i}` }));
  const rules = ['exchange', 'pair', 'pair-nearest', 'static'] as const;
  for (let i = 0; i < 150; i++) {
    const connect = () => bus.connect(ids[pick(20)]!, ids[pick(20)]!);
    codeOf(() =>
      connect()
        .weight(0.01 + 0.9 * bus.random())
        .stdp({ rule: rules[i % 4]! })
        .build(),
    );
  }
  for (let step = 0; step < 400; step++) {
    for (let i = pick(6); i > 0; i--) {
      const target = bus.random() < 0.7 ? { target: ids[pick(20)]! } : {};
      codeOf(() =>
        bus.fire(ids[pick(20)]!, { ...target, type: pick(3) as SpikeType, payload: `${step}.${i}` }),
      );
    }
    bus.clock.advance(bus.random() * 2);
    wait?.();
    if (bus.random() < 0.6) log.push(bus.tick());
    if (step === 200) {
      bus.unregister(ids[7]!);
      bus.tick();
      ids[7] = bus.register(new Agent(), { name: 'newcomer' });
    }
  }
  const synapses = bus.synapses().map(({ pre, post, weight, rule, lastUsed }) => {
    return [pre, post, rule, lastUsed, Buffer.from(new Float64Array([weight]).buffer).toString('hex')];
  });
  const membranes = ids.map((id) => bus.membrane(id));
  const result = JSON.stringify({ log, synapses, membranes, stats: bus.stats(), cards: bus.neurons() });
  bus.close();
  return result;
}

describe('two runs with the same seed', () => {
  it.each<Backpressure>(['drop-newest', 'drop-oldest', 'block', 'sample', 'fail'])(
    'see the same deliveries, events, statistics and weights to the last bit (%s)',
    (backpressure) => {
      for (const seed of [1, 2, 4_294_967_295]) {
        const first = run({ seed, backpressure });
        expect(run({ seed, backpressure })).toBe(first);
        expect(first.length).toBeGreaterThan(10_000);
      }
    },
  );

  it('do so in development and in production alike', () => {
    expect(run({ checks: 'production' })).toBe(run({ checks: 'development' }));
  });

  it('do so however long the machine takes', () => {
    let steps = 0;
    const wait = () => {
      if (++steps % 50 !== 0) return;
      const until = performance.now() + 3;
      while (performance.now() < until);
    };
    expect(run({ wait })).toBe(run({}));
  });

  it('and another seed see something else', () => {
    expect(run({ seed: 2 })).not.toBe(run({ seed: 1 }));
  });
});

describe('the virtual clock', () => {
  it('begins at 0 and moves by advance() only, in ms, to the nanosecond', () => {
    const bus = makeBus();
    expect(bus.clock.now()).toBe(0);
    bus.clock.advance(1.5);
    expect(bus.clock.now()).toBe(1_500_000);
    bus.clock.advance(0.000001);
    expect(bus.clock.now()).toBe(1_500_001);
    bus.clock.advance(0);
    bus.tick();
    expect([bus.clock.now(), bus.clock.virtual]).toEqual([1_500_001, true]);
  });

  it('counts exactly over many small steps and a large one', () => {
    const bus = makeBus();
    for (let i = 0; i < 1000; i++) bus.clock.advance(0.1);
    expect(bus.clock.now()).toBe(100_000_000);
    bus.clock.advance(90 * 86_400_000);
    expect(bus.clock.now()).toBe(100_000_000 + 90 * 86_400e9);
  });

  it('stamps spikes with the time of firing, within a burst and after each advance', () => {
    const bus = makeBus();
    const stamps: number[] = [];
    const id = bus.register({ onSpike: (spike: Spike) => void stamps.push(spike.timestamp) } as never, {
      name: 'x',
    });
    for (let i = 0; i < 10; i++) {
      bus.fire(id, { target: id });
      bus.fire(id, { target: id });
      bus.clock.advance(i);
    }
    bus.tick();
    let now = 0;
    const expected = Array.from({ length: 10 }, (_, i) => {
      const stamp = now;
      now += i * 1e6;
      return [stamp, stamp];
    });
    expect(stamps).toEqual(expected.flat());
  });

  it('refuses to go back, to be no number, and to run out of numbers', () => {
    const bus = makeBus();
    const { NaN: nan, POSITIVE_INFINITY: infinite } = Number;
    for (const ms of [-1, -1e-9, nan, infinite, '5', null, undefined, 1e13]) {
      expect([ms, codeOf(() => bus.clock.advance(ms as number))]).toEqual([ms, 'ERR_NB_INVALID_ARGUMENT']);
    }
    expect(bus.clock.now()).toBe(0);
  });

  it('is what a real clock is not: advance() of one is ERR_NB_NOT_VIRTUAL', () => {
    const bus = makeBus({ clock: 'real' });
    expect(bus.clock.virtual).toBe(false);
    expect(codeOf(() => bus.clock.advance(1))).toBe('ERR_NB_NOT_VIRTUAL');
    const before = bus.clock.now();
    expect(bus.clock.now()).toBeGreaterThanOrEqual(before);
  });
});

describe('random numbers', () => {
  it('of the bus are those of its seed, uniform in [0, 1)', () => {
    const draw = (seed: number) => {
      const bus = makeBus({ seed });
      return Array.from({ length: 10_000 }, () => bus.random());
    };
    const [a, b, c] = [draw(5), draw(5), draw(6)];
    expect(a).toEqual(b);
    expect(a.slice(0, 5)).not.toEqual(c.slice(0, 5));
    const tenths = Array(10).fill(0);
    for (const value of a) tenths[Math.floor(value * 10)]++;
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(new Set(a).size).toBeGreaterThan(9990);
  });
});
