// Dendritic filters: by type, priority and prefix; the same for unicasts and broadcasts.
import { type NeuronBus, type SpikeInit, SpikeType, type SynapseFilter } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, messageOf } from './support.js';

const { Excitatory, Inhibitory, Modulatory } = SpikeType;

function filtered(filter: SynapseFilter) {
  const bus = makeBus();
  const [a, b] = [add(bus), add(bus)];
  bus.connect(a.id, b.id).filter(filter).build();
  return { bus, a, b };
}

describe.each(['unicast', 'broadcast'] as const)('for a %s', (way) => {
  const send = (bus: NeuronBus, from: number, to: number, spike: SpikeInit) =>
    bus.fire(from, way === 'unicast' ? { ...spike, target: to } : spike);

  it('types lets the named ones pass', () => {
    const cases: [SpikeType[], SpikeType[]][] = [
      [[Excitatory], [0]],
      [[Inhibitory], [1]],
      [[Modulatory], [2]],
      [
        [Inhibitory, Modulatory],
        [1, 2],
      ],
      [
        [Excitatory, Inhibitory, Modulatory],
        [0, 1, 2],
      ],
    ];
    for (const [types, passed] of cases) {
      const { bus, a, b } = filtered({ types });
      for (const type of [Excitatory, Inhibitory, Modulatory]) send(bus, a.id, b.id, { type });
      expect(bus.tick()).toBe(passed.length);
      expect(b.spikes.map((spike) => spike.type)).toEqual(passed);
      expect(expectReconciled(bus).dropped.filtered).toBe(3 - passed.length);
    }
  });

  it('minPriority lets itself and what is above pass', () => {
    for (const minPriority of [0, 1, 10, 255]) {
      const { bus, a, b } = filtered({ minPriority });
      for (const priority of [0, 1, 9, 10, 11, 254, 255]) send(bus, a.id, b.id, { priority });
      bus.tick();
      expect(b.spikes.map((spike) => spike.priority)).toEqual(
        [0, 1, 9, 10, 11, 254, 255].filter((priority) => priority >= minPriority),
      );
      expectReconciled(bus);
    }
  });

  it('prefix compares the first bytes, as text or as bytes', () => {
    for (const prefix of ['ré', Uint8Array.of(0x72, 0xc3, 0xa9)]) {
      const { bus, a, b } = filtered({ prefix });
      const payloads = ['ré', 'réponse', 'r', 're', 'Ré', ' ré', '', 'r\u00c3'];
      for (const payload of payloads) send(bus, a.id, b.id, { payload });
      send(bus, a.id, b.id, {});
      bus.tick();
      expect(b.texts).toEqual(['ré', 'réponse']);
      expect(expectReconciled(bus).dropped.filtered).toBe(7);
    }
  });

  it('prefix sees payloads in the arena too, up to its full 46 bytes', () => {
    const prefix = 'p'.repeat(46);
    const { bus, a, b } = filtered({ prefix });
    const payloads = [
      prefix,
      `${prefix}${'x'.repeat(100)}`,
      `${'p'.repeat(45)}x${'p'.repeat(100)}`,
      'p'.repeat(45),
    ];
    for (const payload of payloads) send(bus, a.id, b.id, { payload });
    bus.tick();
    expect(b.texts).toEqual(payloads.slice(0, 2));
    expect(bus.stats()).toMatchObject({ dropped: { filtered: 2 }, arena: { blocks: 0 } });
  });

  it('all conditions must hold', () => {
    const { bus, a, b } = filtered({ types: [Excitatory], minPriority: 5, prefix: 'go' });
    send(bus, a.id, b.id, { priority: 5, payload: 'go!' });
    send(bus, a.id, b.id, { priority: 4, payload: 'go!' });
    send(bus, a.id, b.id, { priority: 5, payload: 'no!' });
    send(bus, a.id, b.id, { priority: 5, payload: 'go!', type: Modulatory });
    expect(bus.tick()).toBe(1);
    expect(expectReconciled(bus).dropped.filtered).toBe(3);
  });

  it('what is filtered neither excites the neuron nor teaches the synapse', () => {
    const { bus, a, b } = filtered({ minPriority: 1 });
    const synapse = bus.synapse(a.id, b.id)!;
    bus.clock.advance(3);
    send(bus, a.id, b.id, { priority: 0 });
    send(bus, a.id, b.id, { priority: 0 });
    bus.tick();
    expect(bus.stats()).toMatchObject({ depressions: 0, potentiations: 0 });
    expect([synapse.weight, synapse.lastUsed, bus.membrane(b.id).potential]).toEqual([0.5, 0, 0]);
  });
});

describe('a filter', () => {
  it('belongs to one synapse: each receiver of a broadcast has its own', () => {
    const bus = makeBus();
    const [a, loud, any, text] = [add(bus), add(bus), add(bus), add(bus)];
    bus.connect(a.id, loud.id).filter({ minPriority: 100 }).build();
    bus.connect(a.id, any.id).build();
    bus.connect(a.id, text.id).filter({ prefix: 't' }).build();
    bus.fire(a.id, { priority: 100, payload: 'text' });
    bus.fire(a.id, { priority: 99, payload: 'text' });
    bus.fire(a.id, { priority: 255, payload: 'other' });
    expect(bus.tick()).toBe(2 + 3 + 2);
    expect([loud, any, text].map((probe) => probe.spikes.length)).toEqual([2, 3, 2]);
    expect(expectReconciled(bus)).toMatchObject({ published: 9, dropped: { filtered: 2 } });
  });

  it('does not concern spikes between neurons that are not connected', () => {
    const { bus, a, b } = filtered({ minPriority: 255 });
    const c = add(bus);
    bus.fire(c.id, { target: b.id });
    bus.fire(b.id, { target: a.id });
    expect(bus.tick()).toBe(2);
  });

  it('ends with its synapse', () => {
    const { bus, a, b } = filtered({ minPriority: 255 });
    bus.disconnect(a.id, b.id);
    bus.fire(a.id, { target: b.id });
    expect(bus.tick()).toBe(1);
  });

  it('is not changed by changing the bytes it was given', () => {
    const prefix = Uint8Array.of(1, 2);
    const { bus, a, b } = filtered({ prefix });
    prefix.fill(9);
    bus.fire(a.id, { target: b.id, payload: Uint8Array.of(1, 2, 3) });
    expect(bus.tick()).toBe(1);
  });

  it('without conditions lets everything pass', () => {
    const { bus, a, b } = filtered({});
    bus.fire(a.id, { target: b.id, type: Modulatory });
    expect(bus.tick()).toBe(1);
  });

  const wrong: [string, unknown][] = [
    ['types', { types: [] }],
    ['types', { types: [3] }],
    ['types', { types: ['excitatory'] }],
    ['types', { types: 0 }],
    ['minPriority', { minPriority: -1 }],
    ['minPriority', { minPriority: 256 }],
    ['minPriority', { minPriority: 1.5 }],
    ['minPriority', { minPriority: Number.NaN }],
    ['prefix', { prefix: 'x'.repeat(47) }],
    ['prefix', { prefix: 'é'.repeat(24) }],
    ['prefix', { prefix: new Uint8Array(47) }],
    ['prefix', { prefix: 5 }],
    ['priority', { priority: 5 }],
    ['filter', null],
    ['filter', 'prefix'],
  ];
  it.each(wrong)('with a bad %s is refused: %j', (name, filter) => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    const attempt = () => bus.connect(a.id, b.id).filter(filter as SynapseFilter);
    expect(codeOf(attempt)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(attempt)).toContain(name);
    expect(bus.stats().synapses).toBe(0);
  });

  it('of 4,096 different kinds is the most a bus keeps; the next is a typed error, equal ones are shared', () => {
    const bus = makeBus({ maxNeurons: 5000, maxSynapses: 10_000 });
    const probes = Array.from({ length: 4099 }, () => add(bus));
    const prefix = (n: number) => Uint8Array.of(n & 0xff, n >> 8);
    const connect = (post: number, n: number) =>
      bus
        .connect(probes[0]!.id, probes[post]!.id)
        .filter({ prefix: prefix(n) })
        .build();
    for (let i = 0; i < 4096; i++) connect(i + 1, i);
    expect(codeOf(() => connect(4097, 4096))).toBe('ERR_NB_TOO_MANY_FILTERS');
    expect(bus.stats().synapses).toBe(4096);
    connect(4097, 7);
    bus.disconnect(probes[0]!.id, probes[1]!.id);
    connect(4098, 4096);
    bus.fire(probes[0]!.id, { payload: prefix(7) });
    expect(bus.tick()).toBe(2);
  });
});
