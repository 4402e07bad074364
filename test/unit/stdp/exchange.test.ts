// The exchange rule, one spike at a time: silence, answers in the handler, answers in time and too late.
import { type NeuronHandle, type Spike, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, makeBus, type Probe } from '../bus/support.js';
import { BACK, DOWN, pair, reply, UP } from './exchange_lab.js';

describe('one spike', () => {
  it('that is not answered weakens by A- (w - min)', () => {
    const { ask, weight } = pair();
    ask();
    expect(weight()).toBeCloseTo(DOWN(0.5), 12);
  });

  it('that is answered in its handler strengthens by A+ (max - w)', () => {
    const { ask, weight } = pair(reply);
    ask();
    expect(weight()).toBeCloseTo(UP(0.5), 12);
  });

  it('is answered by any spike that the handler emits, also to somebody else or to all', () => {
    for (const react of [
      (_: Spike, handle: NeuronHandle) => void handle.fireTo(handle.id),
      (_: Spike, handle: NeuronHandle) => void handle.broadcast('to whom it may concern'),
    ]) {
      const { ask, weight } = pair(react);
      ask();
      expect(weight()).toBeCloseTo(UP(0.5), 12);
    }
  });

  it('that waited before its handler could answer counts the wait', () => {
    const { bus, asker, target, weight } = pair(reply);
    bus.fire(asker.id, { target: target.id });
    bus.clock.advance(10);
    bus.tick();
    expect(weight()).toBeCloseTo(UP(0.5, 10), 12);
  });

  it.each([1e-6, 1, 10, 50, 99.9, 100])(
    'answered %s ms later takes the weakening back and strengthens',
    (ms) => {
      const { bus, ask, answer, weight } = pair();
      ask();
      bus.clock.advance(ms);
      answer();
      bus.tick();
      expect(weight()).toBeCloseTo(UP(BACK(DOWN(0.5)), ms), 7);
      expect(weight()).toBeGreaterThan(0.5);
    },
  );

  it.each([100.1, 200, 60_000])('answered %s ms later, after the window, stays unanswered', (ms) => {
    const { bus, ask, answer, weight } = pair();
    ask();
    bus.clock.advance(ms);
    answer();
    bus.tick();
    expect(weight()).toBeCloseTo(DOWN(0.5), 12);
  });

  it('has a window of five tau+, or as answerWithinMs says', () => {
    for (const [rule, inside, outside] of [
      [{ tauPlusMs: 4 }, 20, 20.1],
      [{ answerWithinMs: 3 }, 3, 3.1],
    ] as const) {
      for (const ms of [inside, outside]) {
        const { bus, ask, answer, weight } = pair(() => {}, rule);
        ask();
        bus.clock.advance(ms);
        answer();
        bus.tick();
        expect(weight() > 0.5).toBe(ms === inside);
      }
    }
  });

  it('answered twice later is answered once', () => {
    const { ask, answer, bus, weight } = pair();
    ask();
    answer();
    answer();
    bus.tick();
    expect(weight()).toBeCloseTo(UP(BACK(DOWN(0.5))), 7);
  });

  it('answered in its handler is not answered again later', () => {
    const { ask, answer, bus, weight } = pair(reply);
    ask();
    answer();
    bus.tick();
    expect(weight()).toBeCloseTo(UP(0.5), 12);
  });

  it.each([SpikeType.Inhibitory, SpikeType.Modulatory])(
    'of type %d asks nothing and teaches nothing',
    (type) => {
      const { bus, asker, target, weight } = pair();
      bus.fire(asker.id, { target: target.id, type });
      bus.tick();
      expect(weight()).toBe(0.5);
    },
  );

  it('that a refractory neuron did not take teaches nothing', () => {
    const { bus, asker } = pair();
    const tired = makeTired(bus);
    const synapse = bus.connect(asker.id, tired.id).weight(1).build();
    for (let i = 0; i < 5; i++) bus.fire(asker.id, { target: tired.id });
    bus.tick();
    bus.stats();
    expect(synapse.weight).toBeCloseTo(DOWN(1), 12);
  });

  it('whose handler throws is not answered, unless it emitted before', () => {
    for (const emits of [false, true]) {
      const { bus, ask, weight } = pair((spike, handle) => {
        if (emits) reply(spike, handle);
        throw new Error('on purpose');
      });
      bus.on('error', () => {});
      ask();
      expect(weight()).toBeCloseTo(emits ? UP(0.5) : DOWN(0.5), 12);
    }
  });

  it('is not answered by a spike that was dropped', () => {
    const bus = makeBus({ axonCapacity: 2 });
    const asker = add(bus);
    const target = add(bus, (spike, handle) => void handle.reply(spike));
    const synapse = bus.connect(asker.id, target.id).build();
    bus.fire(asker.id, { target: target.id });
    bus.fire(asker.id, { target: target.id });
    bus.tick(); // both slots belong to the running batch
    bus.stats();
    expect(bus.stats().dropped.full).toBe(2);
    expect(synapse.weight).toBeCloseTo(DOWN(DOWN(0.5)), 12);
  });
});

function makeTired(bus: ReturnType<typeof makeBus>): Probe {
  const probe = add(bus);
  bus.unregister(probe.id);
  bus.tick();
  Object.assign(probe, { dynamics: { refractoryMs: 5 } });
  probe.id = bus.register(probe, { name: 'tired' });
  return probe;
}
