// The exchange rule: answers that come after the handler returned, however they are sent, and whom they pay.
import type { NeuronHandle, Spike } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, makeBus, turn } from '../bus/support.js';
import { BACK, DOWN, pair, reply, UP } from './exchange_lab.js';

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
