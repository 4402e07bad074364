// Synapses: making, finding, reading and removing them; what is refused.
import type { StdpOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, makeBus, messageOf } from './support.js';

function pair(options = {}) {
  const bus = makeBus(options);
  return { bus, a: add(bus), b: add(bus) };
}

describe('connect', () => {
  it('makes a synapse with the weight, rule and ends that were asked for', () => {
    const { bus, a, b } = pair();
    const synapse = bus.connect(a.id, b.id).weight(0.8).stdp({ rule: 'pair' }).build();
    expect(synapse).toMatchObject({ pre: a.id, post: b.id, weight: 0.8, rule: 'pair', alive: true });
    expect(bus.synapse(a.id, b.id)!.weight).toBe(0.8);
    expect(bus.synapse(b.id, a.id)).toBeUndefined();
    expect(bus.stats().synapses).toBe(1);
  });

  it('has the documented defaults: weight 0.5, the exchange rule', () => {
    const { bus, a, b } = pair();
    expect(bus.connect(a.id, b.id).build()).toMatchObject({ weight: 0.5, rule: 'exchange' });
  });

  it.each(['exchange', 'pair', 'pair-nearest', 'static'] as const)('knows the rule %s', (rule) => {
    const { bus, a, b } = pair();
    expect(bus.connect(a.id, b.id).stdp({ rule }).build().rule).toBe(rule);
  });

  it('works in both directions at once', () => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).weight(0.1).build();
    bus.connect(b.id, a.id).weight(0.9).build();
    expect([bus.synapse(a.id, b.id)!.weight, bus.synapse(b.id, a.id)!.weight]).toEqual([0.1, 0.9]);
  });

  it('changes nothing before build()', () => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).weight(0.1);
    expect([bus.synapses(), bus.synapse(a.id, b.id)]).toEqual([[], undefined]);
  });

  it('refuses unknown neurons, a neuron with itself, and the same pair twice', () => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.connect(a.id, 9))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(messageOf(() => bus.connect(a.id, 9))).toContain('post 9');
    expect(codeOf(() => bus.connect(9, a.id))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(codeOf(() => bus.connect(a.id, a.id))).toBe('ERR_NB_SELF_SYNAPSE');
    bus.connect(a.id, b.id).build();
    expect(codeOf(() => bus.connect(a.id, b.id).build())).toBe('ERR_NB_SYNAPSE_EXISTS');
    expect(bus.stats().synapses).toBe(1);
  });

  it('refuses at build() a neuron that left meanwhile', () => {
    const { bus, a, b } = pair();
    const builder = bus.connect(a.id, b.id);
    bus.unregister(b.id);
    expect(codeOf(() => builder.build())).toBe('ERR_NB_UNKNOWN_NEURON');
  });

  it('refuses more than maxSynapses and goes on when one is removed', () => {
    const bus = makeBus({ maxSynapses: 2 });
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.connect(b.id, c.id).build();
    expect(codeOf(() => bus.connect(c.id, a.id).build())).toBe('ERR_NB_TOO_MANY_SYNAPSES');
    expect(messageOf(() => bus.connect(c.id, a.id).build())).toContain('raise maxSynapses');
    bus.disconnect(a.id, b.id);
    bus.connect(c.id, a.id).build();
    expect(bus.stats().synapses).toBe(2);
  });

  it('refuses more than 1,024 different rules, shares equal ones and uses freed ones again', () => {
    const bus = makeBus({ maxNeurons: 1030, maxSynapses: 2000 });
    const probes = Array.from({ length: 1028 }, () => add(bus));
    const connect = (post: number, n: number) =>
      bus
        .connect(probes[0]!.id, probes[post]!.id)
        .stdp({ tauPlusMs: 1 + n })
        .build();
    for (let i = 0; i < 1024; i++) connect(i + 1, i);
    expect(codeOf(() => connect(1025, 1024))).toBe('ERR_NB_TOO_MANY_RULES');
    connect(1025, 5);
    bus.disconnect(probes[0]!.id, probes[1]!.id);
    connect(1026, 1024);
    expect(bus.stats().synapses).toBe(1025);
  });
});

describe('parameters', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinite } = Number;
  const wrong: [string, StdpOptions][] = [
    ...[nan, infinite, -0.1, 1, 1.5].map((aPlus): [string, StdpOptions] => ['aPlus', { aPlus }]),
    ...[nan, -infinite, -0.1, 1].map((aMinus): [string, StdpOptions] => ['aMinus', { aMinus }]),
    ...[nan, infinite, 0, -1].map((tauPlusMs): [string, StdpOptions] => ['tauPlusMs', { tauPlusMs }]),
    ...[nan, infinite, 0, -1].map((tauMinusMs): [string, StdpOptions] => ['tauMinusMs', { tauMinusMs }]),
    ...[nan, -1, 1, 2].map((min): [string, StdpOptions] => [min === 1 || min === 2 ? 'max' : 'min', { min }]),
    ...[nan, infinite, 0, 0.001].map((max): [string, StdpOptions] => ['max', { max }]),
    ...[nan, 0, -5].map((ms): [string, StdpOptions] => ['answerWithinMs', { answerWithinMs: ms }]),
    ['rule', { rule: 'hebb' as never }],
    ['rule', { rule: 'toString' as never }],
    ['aPlus', { aPlus: '0.1' as never }],
  ];
  it.each(wrong)('a bad %s is refused: %o', (name, options) => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.connect(a.id, b.id).stdp(options))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => bus.connect(a.id, b.id).stdp(options))).toContain(name);
    expect(bus.stats().synapses).toBe(0);
  });

  it.each([{ tauPlus: 20 }, { rule: 'pair', taoMinusMs: 5 }])('an unknown one is refused: %j', (options) => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.connect(a.id, b.id).stdp(options as StdpOptions))).toBe(
      'ERR_NB_INVALID_ARGUMENT',
    );
  });

  it.each([null, 'pair', 5])('%j instead of parameters is refused', (options) => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.connect(a.id, b.id).stdp(options as never))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it.each([nan, infinite, -infinite, '0.5', null, undefined])('a weight of %s is refused', (weight) => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.connect(a.id, b.id).weight(weight as number))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it('a weight outside the bounds of its rule is refused, the bounds themselves are not', () => {
    const { bus, a, b } = pair();
    for (const weight of [0, 0.0009, 1.0001, 5, -1]) {
      expect(codeOf(() => bus.connect(a.id, b.id).weight(weight).build())).toBe('ERR_NB_INVALID_ARGUMENT');
    }
    const wide = bus.connect(a.id, b.id).weight(5).stdp({ min: 0, max: 5 }).build();
    expect(wide.weight).toBe(5);
    wide.weight = 0;
    expect(bus.synapse(a.id, b.id)!.weight).toBe(0);
  });
});

describe('a synapse object', () => {
  it('is live: it shows what others set', () => {
    const { bus, a, b } = pair();
    const [one, two] = [bus.connect(a.id, b.id).build(), bus.synapse(a.id, b.id)!];
    one.weight = 0.25;
    expect(two.weight).toBe(0.25);
  });

  it('refuses weights out of bounds and keeps the old one', () => {
    const { bus, a, b } = pair();
    const synapse = bus.connect(a.id, b.id).build();
    for (const weight of [Number.NaN, Number.POSITIVE_INFINITY, 2, -1, 0]) {
      expect(
        codeOf(() => {
          synapse.weight = weight;
        }),
      ).toBe('ERR_NB_INVALID_ARGUMENT');
    }
    expect(synapse.weight).toBe(0.5);
  });

  it('knows when it was used last', () => {
    const { bus, a, b } = pair();
    bus.clock.advance(5);
    const synapse = bus.connect(a.id, b.id).build();
    expect(synapse.lastUsed).toBe(5e6);
    bus.clock.advance(2);
    bus.fire(a.id, { target: b.id });
    bus.tick();
    expect(synapse.lastUsed).toBe(7e6);
  });

  it('shows right after a tick what the tick taught it', () => {
    for (const spikes of [1, 2, 3]) {
      const { bus, a, b } = pair();
      const synapse = bus.connect(a.id, b.id).weight(0.8).build();
      for (let i = 0; i < spikes; i++) bus.fire(a.id, { target: b.id });
      bus.tick();
      expect(synapse.weight).toBeCloseTo(0.001 + 0.799 * 0.988 ** spikes, 12);
    }
  });

  it('keeps a weight that is set right after a tick', () => {
    const { bus, a, b } = pair();
    const synapse = bus.connect(a.id, b.id).build();
    bus.fire(a.id, { target: b.id });
    bus.tick();
    synapse.weight = 0.9;
    bus.tick();
    expect(synapse.weight).toBe(0.9);
  });

  it('is dead after disconnect, and says so', () => {
    const { bus, a, b } = pair();
    const synapse = bus.connect(a.id, b.id).build();
    bus.disconnect(a.id, b.id);
    expect([synapse.alive, synapse.pre, synapse.post]).toEqual([false, a.id, b.id]);
    const uses = [
      () => synapse.weight,
      () => synapse.rule,
      () => synapse.lastUsed,
      () => {
        synapse.weight = 0.5;
      },
    ];
    for (const use of uses) expect(codeOf(use)).toBe('ERR_NB_UNKNOWN_SYNAPSE');
    expect(codeOf(() => bus.disconnect(a.id, b.id))).toBe('ERR_NB_UNKNOWN_SYNAPSE');
  });

  it('stays dead when its place in the table is taken by another pair', () => {
    const { bus, a, b } = pair();
    const c = add(bus);
    const old = bus.connect(a.id, b.id).build();
    bus.disconnect(a.id, b.id);
    bus.connect(a.id, c.id).weight(0.9).build();
    expect(old.alive).toBe(false);
    expect(codeOf(() => old.weight)).toBe('ERR_NB_UNKNOWN_SYNAPSE');
  });

  it('learns nothing from spikes of an earlier synapse between the same neurons', () => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).build();
    bus.fire(a.id, { target: b.id });
    bus.tick();
    bus.disconnect(a.id, b.id);
    const renewed = bus.connect(a.id, b.id).weight(0.75).build();
    bus.tick();
    expect(renewed.weight).toBe(0.75);
  });

  it('survives what happens to other synapses', () => {
    const bus = makeBus({ maxNeurons: 40, maxSynapses: 2000 });
    const probes = Array.from({ length: 40 }, () => add(bus));
    const made = probes.flatMap((pre, i) =>
      probes
        .filter((post) => post !== pre)
        .map((post, j) =>
          bus
            .connect(pre.id, post.id)
            .weight(0.001 + (i * 39 + j) / 2000)
            .build(),
        ),
    );
    const weights = made.map((synapse) => synapse.weight);
    made.forEach((synapse, i) => {
      if (i % 3 === 0) bus.disconnect(synapse.pre, synapse.post);
    });
    made.forEach((synapse, i) => {
      expect(synapse.alive).toBe(i % 3 !== 0);
      if (i % 3 !== 0) expect(synapse.weight).toBe(weights[i]);
    });
    expect(bus.synapses()).toHaveLength(bus.stats().synapses);
  });
});
