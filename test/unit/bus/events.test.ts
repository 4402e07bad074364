// Events of a bus: what they say and when.
import { describe, expect, it } from 'vitest';
import { add, makeBus, Probe } from './support.js';

function drops(bus: ReturnType<typeof makeBus>) {
  const seen: [string, number][] = [];
  bus.on('drop', ({ reason, count }) => seen.push([reason, count]));
  return seen;
}

describe("'register' and 'unregister'", () => {
  it('come with the complete card, when the neuron can be found, and when it cannot any more', () => {
    const bus = makeBus();
    const log: unknown[] = [];
    bus.on('register', (card) => log.push(['register', card, bus.card(card.id)]));
    bus.on('unregister', (card) => log.push(['unregister', card, bus.card(card.id)]));
    const id = bus.register(new Probe(), { name: 'x', capabilities: ['c'] });
    const card = bus.card(id);
    bus.unregister(id);
    expect(card).toMatchObject({ id, name: 'x', capabilities: ['c'] });
    expect(log).toEqual([
      ['register', card, card],
      ['unregister', card, undefined],
    ]);
  });

  it('do not come for what was refused', () => {
    const bus = makeBus({ maxNeurons: 1 });
    const log: string[] = [];
    add(bus);
    bus.on('register', (card) => log.push(card.name));
    expect(() => add(bus)).toThrow();
    expect(() => bus.unregister(9)).toThrow();
    expect(log).toEqual([]);
  });
});

describe("'drop'", () => {
  it('comes after the tick, once for each reason, with the number', () => {
    const bus = makeBus({ axonCapacity: 4 });
    const seen = drops(bus);
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).filter({ minPriority: 1 }).build();
    for (let i = 0; i < 7; i++) bus.fire(a.id, { target: b.id });
    expect(seen).toEqual([]);
    bus.tick();
    expect(seen).toEqual([
      ['full', 3],
      ['filtered', 4],
    ]);
    bus.tick();
    expect(seen).toHaveLength(2);
  });

  it('tells what happened since the last tick only, again and again', () => {
    const bus = makeBus();
    const seen = drops(bus);
    const { id } = add(bus);
    for (let i = 1; i <= 3; i++) {
      for (let j = 0; j < i; j++) bus.fire(id, {});
      bus.tick();
    }
    expect(seen).toEqual([
      ['noReceiver', 1],
      ['noReceiver', 2],
      ['noReceiver', 3],
    ]);
  });

  it('does not tell a listener that came late of ticks before it', () => {
    const bus = makeBus();
    const { id } = add(bus);
    bus.fire(id, {});
    bus.tick();
    const seen = drops(bus);
    bus.tick();
    expect(seen).toEqual([]);
    bus.fire(id, {});
    bus.tick();
    expect(seen).toEqual([['noReceiver', 1]]);
  });

  it('comes to listeners added by once, addListener and prependListener, and after removeAllListeners', () => {
    const bus = makeBus();
    const { id } = add(bus);
    let seen = 0;
    const listen = () => void seen++;
    const ways = [
      () => bus.once('drop', listen),
      () => bus.addListener('drop', listen),
      () => bus.prependListener('drop', listen),
      () => bus.removeAllListeners().on('drop', listen),
    ];
    for (const way of ways) {
      bus.removeAllListeners('drop');
      way();
      seen = 0;
      bus.fire(id, {});
      bus.tick();
      expect(seen).toBe(1);
    }
  });

  it('comes also when everything was removed before the first listener', () => {
    const bus = makeBus();
    const { id } = add(bus);
    bus.removeAllListeners();
    const seen = drops(bus);
    bus.fire(id, {});
    bus.tick();
    expect(seen).toEqual([['noReceiver', 1]]);
  });

  it('lets its listener fire and tick', () => {
    const bus = makeBus();
    const probe = add(bus);
    bus.on('drop', () => {
      bus.fire(probe.id, { target: probe.id });
      bus.tick();
    });
    bus.fire(probe.id, {});
    bus.tick();
    expect(probe.spikes).toHaveLength(1);
  });
});

describe('an emitter', () => {
  it('of nobody else: events of one bus do not reach another', () => {
    const [one, two] = [makeBus(), makeBus()];
    const seen: string[] = [];
    one.on('register', () => seen.push('one'));
    two.on('register', () => seen.push('two'));
    add(one);
    expect(seen).toEqual(['one']);
  });

  it('whose listeners can be removed', () => {
    const bus = makeBus();
    let seen = 0;
    const listener = () => void seen++;
    bus.on('register', listener);
    add(bus);
    bus.off('register', listener);
    add(bus);
    expect(seen).toBe(1);
  });
});
