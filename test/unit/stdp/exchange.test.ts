// The exchange rule, step by step and at random, against an oracle written from its documentation.
import { type NeuronHandle, type Spike, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, makeBus, type Probe, randomFrom, turn } from '../bus/support.js';
import { EXCHANGE_DEFAULTS, ExchangeOracle, type ExchangeRule } from './exchange_oracle.js';

const reply = (spike: Spike, handle: NeuronHandle) =>
  void handle.reply(spike, 'yes', { type: SpikeType.Modulatory });

function pair(
  react: (spike: Spike, handle: NeuronHandle) => void = () => {},
  rule: Partial<ExchangeRule> = {},
) {
  const bus = makeBus({ plasticity: { pruneGraceMs: 1e12 } });
  const asker = add(bus);
  const target = add(bus, react);
  const synapse = bus.connect(asker.id, target.id).weight(0.5).stdp(rule).build();
  const ask = (count = 1) => {
    for (let i = 0; i < count; i++) bus.fire(asker.id, { target: target.id });
    bus.tick();
  };
  const weight = () => {
    bus.stats();
    return synapse.weight;
  };
  const answer = () => bus.fire(target.id, { target: asker.id, type: SpikeType.Modulatory });
  return { bus, asker, target, synapse, ask, answer, weight };
}

const UP = (w: number, ms = 0) => w + 0.01 * Math.exp(-ms / 20) * (1 - w);
const DOWN = (w: number) => 0.001 + (w - 0.001) * 0.988;
const BACK = (w: number) => 0.001 + (w - 0.001) / 0.988;

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

describe('later answers', () => {
  it('count however the answer is sent: reply to a clone, fireTo, fire, in a tick, in a microtask', async () => {
    const ways: ((spike: Spike, handle: NeuronHandle, later: (() => void)[]) => void | Promise<void>)[] = [
      (spike, handle, later) => void later.push(() => handle.reply(spike)),
      (spike, handle, later) => void later.push(() => handle.fireTo(spike.source)),
      (spike, handle, later) => void later.push(() => handle.fire({ target: spike.source })),
      async (spike, handle) => {
        await Promise.resolve();
        handle.reply(spike);
      },
      async (spike, handle) => {
        await turn();
        handle.reply(spike);
      },
    ];
    for (const [i, way] of ways.entries()) {
      const later: (() => void)[] = [];
      const { bus, ask, weight } = pair((spike, handle) => way(spike.clone(), handle, later));
      ask();
      for (const send of later) send();
      await turn();
      await turn();
      bus.tick();
      expect([i, weight().toFixed(7)]).toEqual([i, UP(BACK(DOWN(0.5))).toFixed(7)]);
    }
  });

  it('count when another handler of the neuron gives them', () => {
    const { bus, asker, target, ask, weight } = pair();
    const stranger = add(bus);
    ask();
    target.react = (_, handle) => void handle.fireTo(asker.id, 'now I know');
    bus.clock.advance(10);
    bus.fire(stranger.id, { target: target.id });
    bus.tick();
    expect(weight()).toBeCloseTo(UP(BACK(DOWN(0.5)), 10), 7);
  });

  it('pay the requester that they are addressed to, not the others', () => {
    const bus = makeBus();
    const target = add(bus);
    const askers = [1, 2, 3].map(() => add(bus));
    const synapses = askers.map(({ id }) => bus.connect(id, target.id).build());
    for (const { id } of askers) bus.fire(id, { target: target.id });
    bus.tick();
    bus.clock.advance(5);
    bus.fire(target.id, { target: askers[1]!.id });
    bus.fire(target.id, { target: bus.neurons()[0]!.id });
    bus.tick();
    bus.stats();
    expect(synapses.map((synapse) => synapse.weight > 0.5)).toEqual([false, true, false]);
    expect(synapses[1]!.weight).toBeCloseTo(UP(BACK(DOWN(0.5)), 5), 7);
  });

  it('without a reference to the spike they answer count from the last one that came', () => {
    const { bus, ask, answer, weight } = pair();
    ask();
    bus.clock.advance(30);
    ask();
    bus.clock.advance(10);
    answer();
    bus.tick();
    expect(weight()).toBeCloseTo(UP(BACK(DOWN(DOWN(0.5))), 10), 7);
  });

  it.each([0, 1])('by reply() count from the spike that is replied to, fired at %d ms', (start) => {
    const { bus, target, ask, weight } = pair();
    bus.clock.advance(start);
    ask();
    bus.clock.advance(30);
    ask();
    bus.clock.advance(10);
    target.handle.reply(target.spikes[0]!);
    bus.tick();
    expect(weight()).toBeCloseTo(UP(BACK(DOWN(DOWN(0.5))), 40), 7);
  });

  it('by reply() to a spike that is too old are none, however recent others are', () => {
    const { bus, target, ask, weight } = pair();
    bus.clock.advance(1);
    ask();
    bus.clock.advance(99);
    ask();
    bus.clock.advance(2);
    target.handle.reply(target.spikes[0]!);
    bus.tick();
    expect(weight()).toBeCloseTo(DOWN(DOWN(0.5)), 12);
  });

  it('as broadcasts answer nobody in particular', () => {
    const { bus, asker, target, ask, weight } = pair();
    bus.connect(target.id, asker.id).build();
    ask();
    bus.fire(target.id, {});
    bus.tick();
    expect(weight()).toBeCloseTo(DOWN(0.5), 12);
  });

  it('to a burst are counted one by one', () => {
    const { bus, ask, answer, weight } = pair();
    ask(3);
    let w = DOWN(DOWN(DOWN(0.5)));
    expect(weight()).toBeCloseTo(w, 12);
    bus.clock.advance(5);
    for (let i = 0; i < 4; i++) {
      answer();
      if (i < 3) w = UP(BACK(w), 5);
    }
    bus.tick();
    expect(weight()).toBeCloseTo(w, 7);
  });

  it('can come in one handler: the first emission answers the spike in hand, further ones to its sender earlier spikes', () => {
    const { ask, target, weight } = pair();
    ask(2);
    target.react = (spike, handle) => {
      for (let i = 0; i < 3; i++) reply(spike, handle);
    };
    ask();
    expect(weight()).toBeCloseTo(UP(BACK(UP(BACK(UP(DOWN(DOWN(0.5))))))), 7);
  });
});

describe('random conversations', () => {
  it.each([
    ['default parameters', false],
    ['random parameters', true],
  ])('with %s follow the documentation to 1e-5', (_, varied) => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomFrom(seed * 31337);
      const rule = varied ? randomRule(random) : EXCHANGE_DEFAULTS;
      const bus = makeBus({ plasticity: { pruneGraceMs: 1e12 }, axonCapacity: 128 });
      bus.clock.advance(1);
      const unanswered: Spike[] = [];
      const target = add(bus, (spike, handle) => {
        if (spike.text() === 'answer this') reply(spike, handle);
        else unanswered.push(spike.clone());
      });
      const initial = rule.min + random() * (rule.max - rule.min);
      const askers = Array.from({ length: 3 }, () => {
        const { id } = add(bus);
        const synapse = bus.connect(id, target.id).weight(initial).stdp(rule).build();
        return { id, synapse, oracle: new ExchangeOracle(rule, initial) };
      });
      for (let step = 0; step < 300; step++) {
        if (random() < 0.7) bus.clock.advance(Math.round(random() ** 3 * 60e6) / 1e6);
        const choice = random();
        if (choice < 0.35 && unanswered.length > 0) {
          const [spike] = unanswered.splice(Math.floor(random() * unanswered.length), 1);
          reply(spike!, target.handle);
          askers
            .find(({ id }) => id === spike!.source)!
            .oracle.lateAnswer(bus.clock.now() - spike!.timestamp);
        } else {
          const { id, oracle } = askers[Math.floor(random() * 3)]!;
          const wait = random() < 0.3 ? Math.round(random() * 20e6) / 1e6 : 0;
          const answered = choice < 0.55;
          for (let i = random() < 0.7 ? 1 : 1 + Math.floor(random() * 20); i > 0; i--) {
            bus.fire(id, { target: target.id, payload: answered ? 'answer this' : 'be quiet' });
            if (answered) oracle.answered(wait * 1e6);
            else oracle.unanswered();
          }
          bus.clock.advance(wait);
        }
        bus.tick();
        for (const { synapse, oracle } of askers) {
          const error = Math.abs(synapse.weight - oracle.weight) / Math.max(oracle.weight, 1e-3);
          expect({ seed, step, good: error <= 1e-5 }).toEqual({ seed, step, good: true });
        }
      }
      bus.close();
    }
  });
});

function randomRule(random: () => number): ExchangeRule {
  return {
    aPlus: random() * 0.5,
    aMinus: random() * 0.5,
    tauPlusMs: 1 + random() * 50,
    min: random() * 0.2,
    max: 0.5 + random() * 3,
    answerWithinMs: 1 + random() * 100,
  };
}
