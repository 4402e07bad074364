// Neurons that leave while spikes for them are under way, and what happens to their ids.
import type { Backpressure } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, missing, randomFrom } from './support.js';

const modes: Backpressure[] = ['drop-newest', 'drop-oldest'];

describe.each(modes)('unregister inside a handler (%s)', (backpressure) => {
  it('of itself ends its deliveries at once; the rest is counted as deadTarget', () => {
    const bus = makeBus({ backpressure });
    const sender = add(bus);
    const leaver = add(bus, (_, handle) => bus.unregister(handle.id));
    for (let i = 0; i < 5; i++) bus.fire(sender.id, { target: leaver.id, payload: `${i}` });
    bus.fire(sender.id, { target: sender.id, payload: 'after' });
    expect(bus.tick()).toBe(2);
    expect([leaver.texts, sender.texts]).toEqual([['0'], ['after']]);
    expect(expectReconciled(bus)).toMatchObject({
      delivered: 2,
      dropped: { deadTarget: 4 },
      handlerErrors: 0,
    });
  });

  it('of another ends its deliveries in the same batch', () => {
    const bus = makeBus({ backpressure });
    const victim = add(bus);
    const killer = add(bus, () => bus.unregister(victim.id));
    bus.fire(killer.id, { target: victim.id, payload: 'before' });
    bus.fire(killer.id, { target: killer.id });
    bus.fire(killer.id, { target: victim.id, payload: 'after' });
    expect(bus.tick()).toBe(2);
    expect(victim.texts).toEqual(['before']);
    expect(expectReconciled(bus).dropped.deadTarget).toBe(1);
  });

  it('in the middle of a broadcast ends it for that receiver only', () => {
    const bus = makeBus({ backpressure });
    const probes = Array.from({ length: 6 }, () => add(bus));
    const [sender, ...others] = probes;
    for (const other of others) bus.connect(sender!.id, other.id).build();
    for (const other of others) {
      other.react = () => {
        const alive = others.filter((probe) => bus.card(probe.id) !== undefined && probe !== other);
        if (alive.length === others.length - 1) for (const probe of alive) bus.unregister(probe.id);
      };
    }
    bus.fire(sender!.id, {});
    expect(bus.tick()).toBe(1);
    expect(expectReconciled(bus)).toMatchObject({ published: 5, delivered: 1, dropped: { deadTarget: 4 } });
  });

  it('leaves the handle of the neuron without a voice, in the same handler', () => {
    const bus = makeBus({ backpressure });
    const codes: string[] = [];
    const leaver = add(bus, (spike, handle) => {
      handle.reply(spike, 'goodbye');
      bus.unregister(handle.id);
      codes.push(
        codeOf(() => handle.reply(spike)),
        codeOf(() => handle.broadcast()),
      );
    });
    const sender = add(bus);
    bus.fire(sender.id, { target: leaver.id });
    bus.run(2);
    expect(codes).toEqual(['ERR_NB_UNKNOWN_NEURON', 'ERR_NB_UNKNOWN_NEURON']);
    expect(sender.texts).toEqual(['goodbye']);
  });

  it('removes synapses that later spikes of the batch came through, without harm', () => {
    const bus = makeBus({ backpressure });
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    for (const post of [b, c]) bus.connect(a.id, post.id).build();
    b.react = () => {
      bus.disconnect(a.id, b.id);
      bus.disconnect(a.id, c.id);
      b.react = () => {};
    };
    for (let i = 0; i < 4; i++) bus.fire(a.id, {});
    expect(bus.tick()).toBe(8);
    expect(expectReconciled(bus)).toMatchObject({ synapses: 0, handlerErrors: 0, depressions: 1 }); // c had its first in silence
  });
});

describe.each(modes)('an id that becomes free (%s)', (backpressure) => {
  it('is not given away while spikes for the old neuron are queued', () => {
    const bus = makeBus({ backpressure, maxNeurons: 2 });
    const [a, old] = [add(bus), add(bus)];
    bus.fire(a.id, { target: old.id, payload: 'for the old one' });
    bus.unregister(old.id);
    expect(codeOf(() => add(bus, undefined, { id: old.id }))).toBe('ERR_NB_ID_TAKEN');
    expect(codeOf(() => add(bus))).toBe('ERR_NB_TOO_MANY_NEURONS');
    bus.tick();
    const successor = add(bus, undefined, { id: old.id });
    bus.tick();
    expect(successor.spikes).toEqual([]);
    expect(expectReconciled(bus).dropped.deadTarget).toBe(1);
  });

  it('inside a handler is not given away while the batch holds spikes for the old neuron', () => {
    const bus = makeBus({ backpressure });
    const sender = add(bus);
    const heard: string[] = [];
    const old = add(bus, (_, handle) => {
      bus.unregister(handle.id);
      try {
        const id = bus.register(
          { onSpike: (spike: { text(): string }) => void heard.push(spike.text()) } as never,
          { name: 'successor', id: handle.id },
        );
        expect(id).toBe(handle.id);
      } catch {
        // Refusing is right: the id is not free yet.
      }
    });
    for (let i = 0; i < 3; i++) bus.fire(sender.id, { target: old.id, payload: `${i}` });
    bus.run(2);
    expect([old.texts, heard]).toEqual([['0'], []]);
    expect(expectReconciled(bus)).toMatchObject({ delivered: 1, dropped: { deadTarget: 2 } });
  });

  it('inside a handler is not given away by chance either', () => {
    const bus = makeBus({ backpressure, maxNeurons: 2 });
    const sender = add(bus);
    const heard: string[] = [];
    const old = add(bus, (_, handle) => {
      bus.unregister(handle.id);
      try {
        add(bus, (spike) => void heard.push(spike.text()));
      } catch {
        // The table is full until the batch is over.
      }
    });
    for (let i = 0; i < 3; i++) bus.fire(sender.id, { target: old.id, payload: `${i}` });
    bus.run(2);
    expect(heard).toEqual([]);
  });

  it('does not inherit answers: a reply to the old neuron never reaches the new one', () => {
    const bus = makeBus({ backpressure });
    const echo = add(bus, (spike, handle) => {
      handle.reply(spike, 'answer');
    });
    const asker = add(bus);
    bus.fire(asker.id, { target: echo.id });
    bus.tick(); // the answer is queued
    bus.unregister(asker.id);
    expect(codeOf(() => add(bus, undefined, { id: asker.id }))).toBe('ERR_NB_ID_TAKEN');
    bus.tick();
    const successor = add(bus, undefined, { id: asker.id });
    bus.run(3);
    expect(successor.spikes).toEqual([]);
  });

  it('under random coming and going never delivers an old spike to a new neuron', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomFrom(seed);
      const pick = (n: number) => Math.floor(random() * n);
      const bus = makeBus({ backpressure, maxNeurons: 4, axonCapacity: 16, checks: 'production' });
      const living = new Map<number, number>(); // id → generation
      let generation = 0;
      const wrong: string[] = [];
      const join = (id?: number) => {
        const mine = ++generation;
        const taken = codeOf(() => {
          const given = bus.register(
            {
              onSpike: (spike: { text(): string }) => {
                if (spike.text() !== `${mine}`) wrong.push(`${spike.text()} at ${mine} (seed ${seed})`);
                if (random() < 0.3) act();
              },
            } as never,
            { name: 'x', ...(id === undefined ? {} : { id }) },
          );
          living.set(given, mine);
        });
        expect(['no error', 'ERR_NB_ID_TAKEN', 'ERR_NB_TOO_MANY_NEURONS']).toContain(taken);
      };
      const act = () => {
        const ids = [...living.keys()];
        const id = ids[pick(ids.length)];
        const choice = pick(8);
        if (choice < 2) join(random() < 0.5 ? pick(4) : undefined);
        else if (choice === 2 && id !== undefined && ids.length > 1) {
          bus.unregister(id);
          living.delete(id);
        } else if (id !== undefined)
          bus.fire(ids[pick(ids.length)]!, { target: id, payload: `${living.get(id)}` });
      };
      join();
      for (let step = 0; step < 400; step++) {
        act();
        if (pick(4) === 0) bus.tick();
        if (missing(bus.stats()) !== 0) wrong.push(`account (seed ${seed}, step ${step})`);
      }
      bus.close();
      expect(wrong).toEqual([]);
    }
  });
});
