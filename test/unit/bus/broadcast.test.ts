// Broadcasts: one spike, fanned out over the synapses of its sender at the receiving end.
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus } from './support.js';

describe('a broadcast', () => {
  it('reaches every neuron with a synapse from the sender, once, and the sender not', () => {
    const bus = makeBus();
    const probes = Array.from({ length: 6 }, () => add(bus));
    const [sender, ...others] = probes;
    for (const other of others.slice(0, 4)) bus.connect(sender!.id, other.id).build();
    bus.connect(others[4]!.id, sender!.id).build(); // the other way round
    expect(bus.fire(sender!.id, { payload: 'all' })).toBe(true);
    expect(bus.tick()).toBe(4);
    expect(probes.map((probe) => probe.texts)).toEqual([[], ['all'], ['all'], ['all'], ['all'], []]);
    expect(expectReconciled(bus)).toMatchObject({ published: 4, delivered: 4 });
  });

  it('takes one place in the ring, whatever the number of receivers', () => {
    const bus = makeBus({ axonCapacity: 2 });
    const probes = Array.from({ length: 16 }, () => add(bus));
    for (const other of probes.slice(1)) bus.connect(probes[0]!.id, other.id).build();
    expect(bus.fire(probes[0]!.id, {})).toBe(true);
    expect(bus.stats().queued).toBe(1);
    expect(bus.fire(probes[0]!.id, {})).toBe(true);
    expect(bus.tick()).toBe(30);
    expectReconciled(bus);
  });

  it('shares one block of the arena, freed after the last handler', () => {
    const bus = makeBus();
    const text = 'long '.repeat(200);
    const blocks: number[] = [];
    const probes = Array.from({ length: 5 }, () =>
      add(bus, () => void blocks.push(bus.stats().arena.blocks)),
    );
    for (const other of probes.slice(1)) bus.connect(probes[0]!.id, other.id).build();
    bus.fire(probes[0]!.id, { payload: text });
    bus.tick();
    expect(probes.slice(1).map((probe) => probe.texts)).toEqual(Array(4).fill([text]));
    expect(blocks).toEqual([1, 1, 1, 1]);
    expect(bus.stats().arena.blocks).toBe(0);
  });

  it('to nobody is counted as such, with its payload given back', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.fire(a.id, { payload: 'x'.repeat(1000) });
    bus.connect(a.id, b.id).build();
    bus.disconnect(a.id, b.id);
    bus.fire(a.id, {});
    expect(bus.tick()).toBe(0);
    expect(expectReconciled(bus)).toMatchObject({
      published: 2,
      dropped: { noReceiver: 2 },
      arena: { blocks: 0 },
    });
  });

  it('goes over the synapses that exist when it is delivered', () => {
    const bus = makeBus();
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.fire(a.id, { payload: 'x' });
    bus.disconnect(a.id, b.id);
    bus.connect(a.id, c.id).build();
    bus.tick();
    expect([b.texts, c.texts]).toEqual([[], ['x']]);
  });

  it('keeps its place in the order of the sender, between unicasts', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.fire(a.id, { target: b.id, payload: '1' });
    bus.fire(a.id, { payload: '2' });
    bus.fire(a.id, { target: b.id, payload: '3' });
    bus.tick();
    expect(b.texts).toEqual(['1', '2', '3']);
    expect(b.spikes.map((spike) => spike.sequence)).toEqual([0, 1, 2]);
  });

  it('inside a handler goes out in the next tick', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    const relay = add(bus, (spike, handle) => {
      handle.broadcast(spike.bytes());
    });
    for (const post of [a, b]) bus.connect(relay.id, post.id).build();
    bus.fire(a.id, { target: relay.id, payload: 'x'.repeat(100) });
    expect(bus.run(2)).toBe(3);
    expect([a.texts, b.texts]).toEqual([['x'.repeat(100)], ['x'.repeat(100)]]);
  });

  it('to more neurons than one batch holds reaches them all', () => {
    const bus = makeBus({ maxNeurons: 5000, maxSynapses: 10_000 });
    let heard = 0;
    const probes = Array.from({ length: 5000 }, () => add(bus, () => void heard++));
    for (const other of probes.slice(1)) bus.connect(probes[0]!.id, other.id).build();
    for (let i = 0; i < 3; i++) bus.fire(probes[0]!.id, {});
    bus.fire(probes[1]!.id, { target: probes[0]!.id });
    expect(bus.tick()).toBe(3 * 4999 + 1);
    expect(heard).toBe(3 * 4999 + 1);
    expectReconciled(bus);
  });

  it('of an unknown neuron is refused', () => {
    const bus = makeBus();
    expect(codeOf(() => bus.fire(3, {}))).toBe('ERR_NB_UNKNOWN_NEURON');
  });
});
