// Disuse: a synapse that nobody uses fades after the grace period, by halves, and is removed at its minimum, with an event.
import type { NeuronBus, NeuronBusOptions, Synapse } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, randomFrom } from '../bus/support.js';

interface Pruned {
  pre: number;
  post: number;
  weight: number;
}

function pair(plasticity: NeuronBusOptions['plasticity'], weight = 0.8) {
  const bus = makeBus({ plasticity });
  const [a, b] = [add(bus).id, add(bus).id];
  const synapse = bus.connect(a, b).weight(weight).build();
  return { bus, a, b, synapse, pruned: prunesOf(bus) };
}

function prunesOf(bus: NeuronBus): Pruned[] {
  const pruned: Pruned[] = [];
  bus.on('prune', (info) => pruned.push(info));
  return pruned;
}

function pass(bus: NeuronBus, ms: number): void {
  bus.clock.advance(ms);
  bus.tick();
}

function near(actual: number, expected: number): void {
  expect(Math.abs(actual - expected) / expected).toBeLessThan(1e-9);
}

describe('fading', () => {
  it('halves the weight with every half-life after the grace period', () => {
    const { bus, synapse } = pair({ halfLifeMs: 100, pruneGraceMs: 50, sweepIntervalMs: 10 });
    for (let ms = 10; ms <= 800; ms += 10) {
      pass(bus, 10);
      near(synapse.weight, 0.8 * 2 ** (-Math.max(0, ms - 50) / 100));
    }
  });

  it('comes to the same whatever the rhythm of ticks', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomFrom(seed);
      const { bus, synapse } = pair({ halfLifeMs: 700, pruneGraceMs: 30, sweepIntervalMs: 1 });
      let ms = 0;
      while (ms < 3000) {
        const step = 1 + Math.floor(random() ** 3 * 500);
        ms += step;
        pass(bus, step);
        near(synapse.weight, 0.8 * 2 ** (-Math.max(0, ms - 30) / 700));
      }
      bus.close();
    }
  });

  it('has the documented defaults: a grace of one minute, a half-life of ten', () => {
    const { bus, synapse } = pair(undefined);
    pass(bus, 60_000);
    expect(synapse.weight).toBe(0.8);
    pass(bus, 600_000);
    near(synapse.weight, 0.4);
  });

  it('looks at the sweep interval at most: in between weights stand still', () => {
    const { bus, synapse } = pair({ halfLifeMs: 100, pruneGraceMs: 0, sweepIntervalMs: 50 });
    pass(bus, 49);
    expect(synapse.weight).toBe(0.8);
    pass(bus, 1);
    near(synapse.weight, 0.8 * 2 ** -0.5);
    pass(bus, 49);
    near(synapse.weight, 0.8 * 2 ** -0.5);
  });

  it('begins anew with every use', () => {
    const { bus, a, b, synapse } = pair({ halfLifeMs: 100, pruneGraceMs: 50, sweepIntervalMs: 1 });
    pass(bus, 150);
    near(synapse.weight, 0.4);
    bus.fire(a, { target: b });
    bus.tick();
    bus.stats();
    const used = synapse.weight;
    near(used, 0.001 + 0.399 * 0.988);
    pass(bus, 50);
    expect(synapse.weight).toBe(used);
    pass(bus, 100);
    near(synapse.weight, used / 2);
  });

  it('does not touch what is used more often than the grace period', () => {
    const { bus, a } = pair({ halfLifeMs: 1, pruneGraceMs: 50, sweepIntervalMs: 1 });
    const echo = add(bus, (spike, handle) => void handle.reply(spike, undefined, { type: 2 }));
    const synapse = bus.connect(a, echo.id).weight(0.5).build();
    for (let i = 0; i < 200; i++) {
      bus.fire(a, { target: echo.id });
      bus.tick();
      pass(bus, 49);
    }
    expect(synapse.weight).toBeGreaterThan(0.9);
  });

  it('stops at the minimum of the rule', () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 1e9, sweepIntervalMs: 1 } });
    const [a, b] = [add(bus).id, add(bus).id];
    const synapse = bus.connect(a, b).weight(0.3).stdp({ min: 0.25 }).build();
    pass(bus, 1e9 + 100);
    expect(synapse.alive ? synapse.weight : 0.25).toBe(0.25);
  });

  it.each(['static', 'pair', 'pair-nearest'] as const)(
    'never happens to a synapse with the rule %s',
    (rule) => {
      const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 0, sweepIntervalMs: 1 } });
      const pruned = prunesOf(bus);
      const synapse = bus.connect(add(bus).id, add(bus).id).weight(0.001).stdp({ rule }).build();
      for (let i = 0; i < 100; i++) pass(bus, 100);
      expect([synapse.alive, synapse.weight, pruned]).toEqual([true, 0.001, []]);
    },
  );

  it('reaches every synapse of a table larger than one slice, by the same factor', () => {
    const bus = makeBus({
      maxNeurons: 100,
      maxSynapses: 10_000,
      plasticity: { halfLifeMs: 100, pruneGraceMs: 0, sweepIntervalMs: 50 },
    });
    const ids = Array.from({ length: 100 }, () => add(bus).id);
    const made: Synapse[] = [];
    for (const pre of ids)
      for (const post of ids) if (pre !== post) made.push(bus.connect(pre, post).build());
    bus.clock.advance(100);
    for (let i = 0; i < 10; i++) bus.tick();
    expect(new Set(made.map((synapse) => synapse.weight.toFixed(12)))).toEqual(new Set(['0.250000000000']));
  });
});

describe('pruning', () => {
  it('removes a synapse at its minimum after the grace period, with an event and a count', () => {
    const { bus, a, b, synapse, pruned } = pair({ halfLifeMs: 10, pruneGraceMs: 50, sweepIntervalMs: 1 });
    let ms = 0;
    while (synapse.alive) {
      expect([pruned, bus.stats().synapses]).toEqual([[], 1]);
      pass(bus, 1);
      ms++;
    }
    // 0.8 falls to 0.001 in log2(800) half-lives.
    expect(Math.abs(ms - (50 + 10 * Math.log2(800)))).toBeLessThanOrEqual(2);
    expect(pruned).toEqual([{ pre: a, post: b, weight: 0.001 }]);
    expect(bus.stats()).toMatchObject({ synapses: 0, pruned: 1 });
    expect([bus.synapse(a, b), bus.synapses(), codeOf(() => synapse.weight)]).toEqual([
      undefined,
      [],
      'ERR_NB_UNKNOWN_SYNAPSE',
    ]);
  });

  it('waits for the grace period although the weight is at its minimum', () => {
    const { bus, synapse } = pair({ halfLifeMs: 1, pruneGraceMs: 50, sweepIntervalMs: 1 }, 0.001);
    pass(bus, 49);
    expect(synapse.alive).toBe(true);
    pass(bus, 1);
    expect(synapse.alive).toBe(false);
  });

  it('removes a synapse whose minimum is 0 when nothing is left of it', () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 } });
    const pruned = prunesOf(bus);
    bus.connect(add(bus).id, add(bus).id).weight(0.5).stdp({ min: 0 }).build();
    for (let i = 0; i < 40; i++) pass(bus, 1);
    expect(pruned).toHaveLength(1);
    expect(pruned[0]!.weight).toBeLessThan(1e-5);
  });

  it('spares a busy path that is never answered', () => {
    const { bus, a, b, synapse, pruned } = pair({ halfLifeMs: 10, pruneGraceMs: 50, sweepIntervalMs: 1 });
    for (let i = 0; i < 5000; i++) {
      bus.fire(a, { target: b });
      pass(bus, 10);
    }
    expect([synapse.alive, pruned]).toEqual([true, []]);
    expect(synapse.weight).toBeLessThan(0.0011);
    pass(bus, 40);
    expect(synapse.alive).toBe(true);
    pass(bus, 1000);
    expect([synapse.alive, pruned.length]).toEqual([false, 1]);
  });

  it('spares what is filtered or inhibited never, but what a modulatory spike uses', () => {
    const { bus, a } = pair({ halfLifeMs: 10, pruneGraceMs: 50, sweepIntervalMs: 1 });
    const [used, filtered] = [add(bus).id, add(bus).id];
    const kept = bus.connect(a, used).build();
    const gone = bus.connect(a, filtered).filter({ minPriority: 255 }).build();
    for (let i = 0; i < 100; i++) {
      bus.fire(a, { target: used, type: 2 });
      bus.fire(a, { target: filtered, type: 2 });
      pass(bus, 10);
    }
    expect([kept.alive, kept.weight, gone.alive]).toEqual([true, 0.5, false]);
  });

  it('of very many at once reports each exactly once', () => {
    const bus = makeBus({
      maxNeurons: 80,
      maxSynapses: 10_000,
      plasticity: { halfLifeMs: 1, pruneGraceMs: 1, sweepIntervalMs: 1 },
    });
    const ids = Array.from({ length: 80 }, () => add(bus).id);
    const expected: string[] = [];
    for (const pre of ids) {
      for (const post of ids) {
        if (pre === post) continue;
        bus.connect(pre, post).build();
        expected.push(`${pre} ${post}`);
      }
    }
    const pruned = prunesOf(bus);
    for (let i = 0; i < 100; i++) pass(bus, 5);
    expect(pruned.map(({ pre, post }) => `${pre} ${post}`).sort()).toEqual(expected.sort());
    expect(bus.stats()).toMatchObject({ synapses: 0, pruned: expected.length });
  });

  it('lets the listener connect the two again, with a weight of its own', () => {
    const { bus, a, b } = pair({ halfLifeMs: 1, pruneGraceMs: 5, sweepIntervalMs: 1 });
    let times = 0;
    bus.on('prune', ({ pre, post }) => {
      times++;
      bus.connect(pre, post).weight(0.7).build();
    });
    for (let i = 0; i < 20; i++) pass(bus, 1);
    expect(times).toBe(1);
    expect(bus.synapse(a, b)!.alive).toBe(true);
    for (let i = 0; i < 100; i++) pass(bus, 1);
    expect(times).toBeGreaterThan(1);
  });

  it('lets the listener disconnect others and unregister neurons', () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 5, sweepIntervalMs: 1 } });
    const ids = Array.from({ length: 6 }, () => add(bus).id);
    for (const post of ids.slice(1)) bus.connect(ids[0]!, post).build();
    bus.on('prune', ({ pre, post }) => {
      if (bus.card(post) !== undefined) bus.unregister(post);
      for (const synapse of bus.synapses()) if (synapse.pre === pre) bus.disconnect(pre, synapse.post);
    });
    for (let i = 0; i < 50; i++) pass(bus, 1);
    expect(bus.stats().synapses).toBe(0);
    expectReconciled(bus);
  });

  it('of a path with open answers leaves the other paths of the target as they are', () => {
    const bus = makeBus({ plasticity: { halfLifeMs: 1, pruneGraceMs: 30, sweepIntervalMs: 1 } });
    const [a, b] = [add(bus).id, add(bus).id];
    const target = add(bus).id;
    bus.connect(a, target).weight(0.001).stdp({ answerWithinMs: 1e6 }).build();
    const kept = bus.connect(b, target).weight(0.5).stdp({ answerWithinMs: 1e6 }).build();
    for (let i = 0; i < 3; i++) bus.fire(a, { target });
    bus.tick();
    for (let i = 0; i < 4; i++) {
      pass(bus, 10);
      bus.fire(b, { target });
      bus.fire(b, { target });
      bus.tick();
    }
    pass(bus, 5);
    expect(bus.synapse(a, target)).toBeUndefined();
    const before = kept.weight;
    bus.fire(target, { target: b });
    bus.fire(target, { target: a });
    bus.tick();
    bus.stats();
    expect(kept.weight).toBeGreaterThan(before);
  });

  it('happens on a bus that only ticks, as well as on one with traffic', () => {
    const { bus, pruned } = pair({ halfLifeMs: 1, pruneGraceMs: 5, sweepIntervalMs: 1 }, 0.002);
    bus.clock.advance(1000);
    expect(bus.tick()).toBe(0);
    expect(pruned).toHaveLength(1);
  });
});
