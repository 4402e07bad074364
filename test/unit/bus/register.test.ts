// Neurons come and go: ids, limits, what a refused call leaves behind.
import { AgentCard, Neuron, type NeuronDynamics } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, messageOf, Probe } from './support.js';

class Plain extends Neuron {
  constructor(
    override readonly capabilities?: readonly string[],
    override readonly dynamics?: NeuronDynamics,
  ) {
    super();
  }
  onSpike() {}
}

describe('register', () => {
  it('gives each neuron an id of its own and a card that carries it', () => {
    const bus = makeBus();
    const ids = Array.from({ length: 16 }, (_, i) => bus.register(new Plain(), { name: `n${i}` }));
    expect(new Set(ids).size).toBe(16);
    for (const [i, id] of ids.entries()) expect(bus.card(id)).toMatchObject({ id, name: `n${i}` });
    expect(bus.neurons().map((card) => card.id)).toEqual(ids);
    expect(bus.stats().neurons).toBe(16);
  });

  it('takes a card object as it takes a plain one', () => {
    const bus = makeBus();
    const id = bus.register(new Plain(), AgentCard.builder().name('built').capability('x').build());
    expect(bus.card(id)).toMatchObject({ name: 'built', capabilities: ['x'] });
  });

  it('adds the capabilities of the class to those of the card', () => {
    const bus = makeBus();
    const id = bus.register(new Plain(['b', 'c']), { name: 'x', capabilities: ['a', 'b'] });
    expect(bus.card(id)!.capabilities).toEqual(['a', 'b', 'c']);
  });

  it('gives the id that the card asks for', () => {
    const bus = makeBus();
    expect(bus.register(new Plain(), { name: 'x', id: 7 })).toBe(7);
    expect(bus.register(new Plain(), { name: 'y', id: 0 })).toBe(0);
    const others = Array.from({ length: 14 }, () => bus.register(new Plain(), { name: 'z' }));
    expect(others).not.toContain(7);
    expect(others).not.toContain(0);
  });

  it('refuses an id that is taken, and one that the table does not have', () => {
    const bus = makeBus();
    bus.register(new Plain(), { name: 'x', id: 7 });
    expect(codeOf(() => bus.register(new Plain(), { name: 'y', id: 7 }))).toBe('ERR_NB_ID_TAKEN');
    expect(codeOf(() => bus.register(new Plain(), { name: 'y', id: 16 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => bus.register(new Plain(), { name: 'y', id: 16 }))).toContain('maxNeurons (16)');
  });

  it('refuses the same neuron twice and says which id it has; after unregister it may come back', () => {
    const bus = makeBus();
    const neuron = new Plain();
    const id = bus.register(neuron, { name: 'x' });
    expect(codeOf(() => bus.register(neuron, { name: 'y' }))).toBe('ERR_NB_ALREADY_REGISTERED');
    expect(messageOf(() => bus.register(neuron, { name: 'y' }))).toContain(`id ${id}`);
    bus.unregister(id);
    expect(bus.card(bus.register(neuron, { name: 'y' }))!.name).toBe('y');
  });

  it('lets one neuron object live on two buses', () => {
    const neuron = new Plain();
    const buses = [makeBus(), makeBus()];
    for (const bus of buses) bus.register(neuron, { name: 'x' });
    expect(buses.map((bus) => bus.stats().neurons)).toEqual([1, 1]);
  });

  it('refuses more than maxNeurons with a word on what to do, and goes on when one leaves', () => {
    const bus = makeBus({ maxNeurons: 2 });
    const first = bus.register(new Plain(), { name: 'a' });
    bus.register(new Plain(), { name: 'b' });
    expect(codeOf(() => bus.register(new Plain(), { name: 'c' }))).toBe('ERR_NB_TOO_MANY_NEURONS');
    expect(messageOf(() => bus.register(new Plain(), { name: 'c' }))).toContain('raise maxNeurons');
    bus.unregister(first);
    bus.tick();
    expect(bus.register(new Plain(), { name: 'c' })).toBe(first);
  });

  it.each([null, undefined, {}, { onSpike: 5 }, 'neuron'])('refuses %j instead of a neuron', (neuron) => {
    const bus = makeBus();
    expect(codeOf(() => bus.register(neuron as never, { name: 'x' }))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it.each([
    [null, 'card'],
    [{}, 'card.name'],
    [{ name: 'x', colour: 1 }, 'colour'],
  ])('refuses the card %j', (card, named) => {
    const bus = makeBus();
    expect(codeOf(() => bus.register(new Plain(), card as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => bus.register(new Plain(), card as never))).toContain(named);
  });

  const { NaN: nan, POSITIVE_INFINITY: infinite } = Number;
  const dynamics: [string, NeuronDynamics][] = [
    ['threshold', { threshold: nan }],
    ['threshold', { threshold: infinite }],
    ['threshold', { threshold: 0 }],
    ['threshold', { threshold: 1, rest: 1 }],
    ['rest', { rest: nan }],
    ['rest', { rest: -infinite }],
    ['leakMs', { leakMs: 0 }],
    ['leakMs', { leakMs: -1 }],
    ['leakMs', { leakMs: nan }],
    ['refractoryMs', { refractoryMs: -1 }],
    ['refractoryMs', { refractoryMs: nan }],
    ['refractoryMs', { refractoryMs: infinite }],
  ];
  it.each(dynamics)('refuses a membrane with a bad %s: %o', (name, given) => {
    const bus = makeBus();
    const register = () => bus.register(new Plain([], given), { name: 'x' });
    expect(codeOf(register)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(register)).toContain(`dynamics.${name}`);
  });

  it.each([{ treshold: 2 }, { threshold: 2, leak: 5 }, 5])('refuses a membrane of %j', (given) => {
    const bus = makeBus();
    expect(codeOf(() => bus.register(new Plain([], given as never), { name: 'x' }))).toBe(
      'ERR_NB_INVALID_ARGUMENT',
    );
    expect(bus.stats().neurons).toBe(0);
  });

  it.each(['echo', 5, {}, [undefined]])('refuses capabilities of the class that are %j', (capabilities) => {
    const bus = makeBus();
    expect(codeOf(() => bus.register(new Plain(capabilities as never), { name: 'x' }))).toBe(
      'ERR_NB_INVALID_ARGUMENT',
    );
    expect(bus.stats().neurons).toBe(0);
  });

  it('leaves nothing behind when it refuses', () => {
    const bus = makeBus({ maxNeurons: 1 });
    const refused = [
      () => bus.register(new Plain(['']), { name: 'x' }),
      () => bus.register(new Plain([5] as never), { name: 'x' }),
      () => bus.register(new Plain([], { leakMs: 0 }), { name: 'x' }),
      () => bus.register(new Plain(['ok']), { name: '' }),
      () => bus.register(new Plain(['ok']), { name: 'x', id: 1 }),
    ];
    for (const attempt of refused) expect(codeOf(attempt)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect([bus.stats().neurons, bus.neurons(), bus.discover('ok')]).toEqual([0, [], []]);
    expect(bus.register(new Plain(['ok']), { name: 'x' })).toBe(0);
  });

  it('fills a bus of 65,534 neurons, each with an id, and all of them hear', () => {
    const bus = makeBus({ maxNeurons: 65534, maxSynapses: 65534, axonCapacity: 2 });
    let heard = 0;
    class Counter extends Neuron {
      onSpike() {
        heard++;
      }
    }
    for (let i = 0; i < 65534; i++) bus.register(new Counter(), { name: 'x' });
    expect(codeOf(() => bus.register(new Counter(), { name: 'x' }))).toBe('ERR_NB_TOO_MANY_NEURONS');
    for (let i = 1; i < 65534; i++) bus.connect(0, i).build();
    bus.fire(0, {});
    bus.fire(1, { target: 65533 });
    expect(bus.tick()).toBe(65534);
    expect(heard).toBe(65534);
    expectReconciled(bus);
  });
});

describe('unregister', () => {
  it('refuses an id that nobody has', () => {
    const bus = makeBus();
    const { id } = add(bus);
    for (const unknown of [id + 1, -1, 65535, 1.5, Number.NaN]) {
      expect([unknown, codeOf(() => bus.unregister(unknown))]).toEqual([unknown, 'ERR_NB_UNKNOWN_NEURON']);
    }
    bus.unregister(id);
    expect(codeOf(() => bus.unregister(id))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(bus.stats().neurons).toBe(0);
  });

  it.each(['0', 'length', '', null, undefined, [0]])('refuses %j, which is no number', (id) => {
    const bus = makeBus();
    add(bus, undefined, { id: 0 });
    expect(codeOf(() => bus.unregister(id as unknown as number))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(bus.neurons()).toHaveLength(1);
    expect(bus.stats().neurons).toBe(1);
  });

  it('removes the card, the synapses of both directions, and the neuron from every call', () => {
    const bus = makeBus();
    const [a, b, c] = [add(bus), add(bus, undefined, { capabilities: ['x'], regions: ['r'] }), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.connect(b.id, c.id).build();
    const kept = bus.connect(a.id, c.id).build();
    bus.unregister(b.id);
    expect(bus.card(b.id)).toBeUndefined();
    expect([bus.discover('x'), bus.discoverInRegion('r')]).toEqual([[], []]);
    expect(bus.synapses().map(({ pre, post }) => [pre, post])).toEqual([[kept.pre, kept.post]]);
    const gone = [
      () => bus.fire(b.id, { target: a.id }),
      () => bus.fire(a.id, { target: b.id }),
      () => bus.connect(a.id, b.id),
      () => bus.connect(b.id, a.id),
      () => bus.membrane(b.id),
    ];
    for (const call of gone) expect(codeOf(call)).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(bus.stats()).toMatchObject({ neurons: 2, synapses: 1 });
  });

  it('counts spikes that were under way to it as deadTarget', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    for (let i = 0; i < 3; i++) bus.fire(a.id, { target: b.id });
    bus.unregister(b.id);
    expect(bus.tick()).toBe(0);
    expect(expectReconciled(bus).dropped.deadTarget).toBe(3);
  });

  it('still delivers what the neuron fired before it left', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.fire(a.id, { target: b.id, payload: 'last words' });
    bus.unregister(a.id);
    expect(bus.tick()).toBe(1);
    expect(b.texts).toEqual(['last words']);
  });

  it('counts a broadcast whose sender left as one without receivers', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.fire(a.id, {});
    bus.unregister(a.id);
    expect(bus.tick()).toBe(0);
    expect(expectReconciled(bus).dropped.noReceiver).toBe(1);
  });

  it('frees the id at once when everything for it was delivered, be it one spike or several', () => {
    for (const spikes of [0, 1, 2]) {
      const bus = makeBus({ maxNeurons: 2 });
      const [a, b] = [add(bus), add(bus)];
      for (let i = 0; i < spikes; i++) bus.fire(a.id, { target: b.id });
      bus.tick();
      bus.unregister(b.id);
      expect(add(bus, undefined, { id: b.id }).id).toBe(b.id);
    }
  });

  it('starts a registered neuron again from rest, with nothing of its past', () => {
    const bus = makeBus({ maxNeurons: 2 });
    const sender = add(bus);
    const neuron = new Probe();
    neuron.id = bus.register(neuron, { name: 'x', id: 1 });
    bus.connect(sender.id, 1).weight(0.5).build();
    bus.fire(sender.id, { target: 1 });
    bus.fire(1, { target: 1 });
    bus.tick();
    expect(bus.membrane(1).received).toBe(2);
    bus.unregister(1);
    bus.register(neuron, { name: 'x', id: 1 });
    expect(bus.membrane(1)).toMatchObject({ potential: 0, received: 0, firings: 0, refractoryUntil: 0 });
    bus.fire(1, { target: sender.id });
    bus.tick();
    expect(sender.spikes[0]!.sequence).toBe(0);
  });
});
