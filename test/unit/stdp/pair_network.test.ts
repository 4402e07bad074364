// The pair rules among several neurons: what counts as a post-spike, and that synapses do not disturb each other.
import { type NeuronBus, SpikeType, type Synapse } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, addTuned, makeBus, randomFrom } from '../bus/support.js';
import { type Event, type PairRule, weightAfter } from './pair_oracle.js';

const BASE: PairRule = {
  rule: 'pair',
  aPlus: 0.05,
  aMinus: 0.04,
  tauPlusMs: 15,
  tauMinusMs: 30,
  min: 0.001,
  max: 1,
};

function agree(actual: number, expected: number): void {
  const error = Math.abs(actual - expected) / expected;
  expect({ actual, expected, good: error <= 1e-5 }).toEqual({ actual, expected, good: true });
}

/** A synapse with the events it should have seen. */
interface Watched {
  pre: number;
  post: number;
  rule: PairRule;
  initial: number;
  synapse: Synapse;
  events: Event[];
}

function watch(bus: NeuronBus, pre: number, post: number, rule: PairRule, initial = 0.5): Watched {
  const synapse = bus.connect(pre, post).weight(initial).stdp(rule).build();
  return { pre, post, rule, initial, synapse, events: [] };
}

function check(bus: NeuronBus, watched: readonly Watched[]): void {
  bus.stats();
  for (const { synapse, rule, initial, events } of watched) {
    agree(synapse.weight, weightAfter(rule, initial, events));
  }
}

describe('a post-spike', () => {
  it('is a threshold crossing, at the moment of the input that caused it', () => {
    const bus = makeBus();
    const [pre, driver] = [add(bus), add(bus)];
    const post = addTuned(bus, { threshold: 0.9 });
    const watched = watch(bus, pre.id, post.id, BASE);
    const random = randomFrom(3);
    for (let i = 0; i < 200; i++) {
      bus.clock.advance(Math.ceil(random() * 20));
      const at = bus.clock.now();
      if (random() < 0.5) {
        bus.fire(pre.id, { target: post.id, type: SpikeType.Modulatory });
        watched.events.push({ at, side: 'pre' });
      } else {
        bus.fire(driver.id, { target: post.id });
        watched.events.push({ at, side: 'post' });
      }
      bus.tick();
    }
    check(bus, [watched]);
  });

  it('is one when the neuron crosses its threshold and emits in the same handler', () => {
    const bus = makeBus();
    const [pre, driver] = [add(bus), add(bus)];
    const post = addTuned(bus, { threshold: 0.9 }, (spike, handle) => {
      if (spike.source !== driver.id) return;
      handle.fireTo(driver.id);
      handle.fireTo(driver.id);
    });
    const watched = watch(bus, pre.id, post.id, BASE);
    bus.fire(pre.id, { target: post.id, type: SpikeType.Modulatory });
    bus.tick();
    watched.events.push({ at: 0, side: 'pre' });
    bus.clock.advance(5);
    bus.fire(driver.id, { target: post.id });
    bus.tick();
    watched.events.push({ at: 5e6, side: 'post' });
    check(bus, [watched]);
  });

  it('is each spike it emits without a crossing, in a handler or not, to whomever, broadcasts too', () => {
    const bus = makeBus();
    const [pre, other] = [add(bus), add(bus)];
    const post = addTuned(bus, { threshold: 1e9 }, (spike, handle) => {
      if (spike.source === other.id) handle.broadcast('in a handler');
    });
    bus.connect(post.id, other.id).build();
    const watched = watch(bus, pre.id, post.id, BASE);
    const emissions = [
      () => bus.fire(post.id, { target: other.id }),
      () => bus.fire(post.id, {}),
      () => bus.fire(post.id, { target: pre.id, priority: 255 }),
      () => bus.fire(other.id, { target: post.id }),
    ];
    for (const emission of emissions) {
      bus.fire(pre.id, { target: post.id });
      bus.tick();
      watched.events.push({ at: bus.clock.now(), side: 'pre' });
      bus.clock.advance(5);
      emission();
      watched.events.push({ at: bus.clock.now(), side: 'post' });
      bus.tick();
      bus.clock.advance(7);
    }
    check(bus, [watched]);
  });

  it('is none when the spike was dropped', () => {
    const bus = makeBus({ axonCapacity: 2 });
    const pre = add(bus);
    const post = addTuned(bus, { threshold: 1e9 });
    const watched = watch(bus, pre.id, post.id, BASE);
    bus.fire(pre.id, { target: post.id });
    bus.tick();
    watched.events.push({ at: 0, side: 'pre' });
    bus.clock.advance(5);
    const sent = [1, 2, 3, 4].map(() => bus.fire(post.id, { target: pre.id }));
    for (const ok of sent) if (ok) watched.events.push({ at: 5e6, side: 'post' });
    expect(sent.filter(Boolean)).toHaveLength(2);
    bus.tick();
    check(bus, [watched]);
  });

  it('is dated when it was emitted, however late the next tick comes', () => {
    const bus = makeBus();
    const pre = add(bus);
    const post = addTuned(bus, { threshold: 1e9 });
    const watched = watch(bus, pre.id, post.id, BASE);
    bus.fire(pre.id, { target: post.id });
    bus.tick();
    watched.events.push({ at: 0, side: 'pre' });
    for (let i = 0; i < 10; i++) {
      bus.clock.advance(3);
      bus.fire(post.id, { target: pre.id });
      watched.events.push({ at: bus.clock.now(), side: 'post' });
    }
    bus.clock.advance(1000);
    bus.tick();
    check(bus, [watched]);
  });

  it('is not lost when more come than one log holds', () => {
    const bus = makeBus({ axonCapacity: 1 << 14 });
    const pre = add(bus);
    const post = addTuned(bus, { threshold: 1e9 });
    const rule = { ...BASE, aPlus: 1e-5 };
    const watched = watch(bus, pre.id, post.id, rule);
    bus.fire(pre.id, { target: post.id });
    bus.tick();
    bus.clock.advance(10);
    for (let i = 0; i < 10_000; i++) bus.fire(post.id, { target: pre.id });
    bus.tick();
    agree(watched.synapse.weight, 0.5 + 10_000 * 1e-5 * Math.exp(-10 / 15));
  });
});

describe('a network', () => {
  it('of neurons that all talk to each other follows the formula at each synapse', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomFrom(seed * 104729);
      const pick = (n: number) => Math.floor(random() * n);
      const bus = makeBus({ axonCapacity: 256 });
      const ids = Array.from({ length: 6 }, () => addTuned(bus, { threshold: 1e9 }).id);
      const watched: Watched[] = [];
      const connect = () => {
        const [pre, post] = [ids[pick(6)]!, ids[pick(6)]!];
        if (pre === post || bus.synapse(pre, post) !== undefined) return;
        const rule = { ...BASE, rule: pick(2) === 0 ? ('pair' as const) : ('pair-nearest' as const) };
        rule.tauMinusMs = 5 + pick(4) * 10;
        watched.push(watch(bus, pre, post, rule, 0.2 + random() * 0.6));
      };
      for (let i = 0; i < 12; i++) connect();
      bus.connect(ids[0]!, ids[1]!);
      for (let step = 0; step < 300; step++) {
        if (random() < 0.8) bus.clock.advance(Math.round(random() * 10e6) / 1e6);
        const at = bus.clock.now();
        const source = ids[pick(6)]!;
        const broadcast = random() < 0.4;
        const target = ids[pick(6)]!;
        bus.fire(source, broadcast ? {} : { target });
        for (const one of watched) if (one.post === source) one.events.push({ at, side: 'post' });
        for (const one of watched) {
          if (one.pre === source && (broadcast || one.post === target)) one.events.push({ at, side: 'pre' });
        }
        bus.tick();
        if (random() < 0.02) connect();
        if (random() < 0.02 && watched.length > 3) {
          const [gone] = watched.splice(pick(watched.length), 1);
          bus.disconnect(gone!.pre, gone!.post);
        }
        if (step % 50 === 0) check(bus, watched);
      }
      check(bus, watched);
      bus.close();
    }
  });

  it('beside exchange and static synapses of the same neuron is not disturbed by them', () => {
    const bus = makeBus();
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    const post = addTuned(bus, { threshold: 1e9 });
    const watched = watch(bus, a.id, post.id, BASE);
    bus.connect(b.id, post.id).build();
    const fixed = bus.connect(c.id, post.id).stdp({ rule: 'static' }).build();
    for (let i = 0; i < 50; i++) {
      for (const { id } of [a, b, c]) bus.fire(id, { target: post.id });
      bus.tick();
      watched.events.push({ at: bus.clock.now(), side: 'pre' });
      bus.clock.advance(4);
      bus.fire(post.id, { target: b.id });
      watched.events.push({ at: bus.clock.now(), side: 'post' });
      bus.tick();
      bus.clock.advance(9);
    }
    check(bus, [watched]);
    expect(fixed.weight).toBe(0.5);
  });

  it('under fast traffic is depressed although every question is answered, which is why agents have another rule', () => {
    const bus = makeBus();
    const asker = add(bus);
    const answerer = add(bus, (spike, handle) => {
      handle.reply(spike, undefined, { type: SpikeType.Modulatory });
    });
    const synapse = bus.connect(asker.id, answerer.id).stdp({ rule: 'pair-nearest' }).build();
    for (let i = 0; i < 2000; i++) {
      bus.fire(asker.id, { target: answerer.id });
      bus.tick();
      bus.clock.advance(0.001);
    }
    expect(synapse.weight).toBeLessThan(0.02);
  });
});
