// What exchanges teach the synapse from who asked to who answered, against the formulas of docs/messages.md.
import type { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus, randomFrom, turn } from '../support.js';
import { ScaleOracle, SynapseOracle } from './exchange_oracle.js';
import { type Answer, addAgent, collect, outcome, settle } from './support.js';

function scene(answer?: Answer) {
  const bus = makeBus();
  const [asker, other] = [addAgent(bus), addAgent(bus, answer)];
  bus.connect(asker.id, other.id).weight(0.5).build();
  bus.connect(other.id, asker.id).weight(0.5).build();
  return { bus, asker, other, weight: () => bus.synapse(asker.id, other.id)!.weight };
}

const lessons = (bus: NeuronBus) => {
  const { potentiations, depressions } = bus.stats();
  return [potentiations, depressions];
};

describe('a question teaches', () => {
  it.each([0, 3, 20, 500])('by the time of its answer, where 20 ms are usual: %i ms', async (ms) => {
    const { bus, asker, other, weight } = scene(() => undefined);
    const [oracle, usual] = [new SynapseOracle(), new ScaleOracle()];
    for (const [i, after] of [20, ms].entries()) {
      outcome(asker.handle.request(other.id, 'x'));
      bus.tick();
      expect(weight()).toBeCloseTo(oracle.weight, 14); // that it came is no silence
      bus.clock.advance(after);
      other.requests[i].reply('y');
      await settle(bus);
      oracle.answered(after, usual.ms);
      usual.answered(after);
    }
    expect(weight()).toBeCloseTo(oracle.weight, 14);
    expect(bus.synapse(other.id, asker.id)!.weight).toBe(0.5); // answers are no questions
    expect(lessons(bus)).toEqual([2, 0]);
  });

  it('by its failure', async () => {
    const { bus, asker, other, weight } = scene(() => {
      throw new Error('no');
    });
    outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(weight()).toBeCloseTo(new SynapseOracle().failed().weight, 14);
  });

  it('by silence, once: after its turn, or before it', async () => {
    const { bus, asker, other, weight } = scene(() => undefined);
    outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
    bus.tick();
    bus.clock.advance(11);
    await settle(bus);
    expect(weight()).toBeCloseTo(new SynapseOracle().failed().weight, 14);
    outcome(asker.handle.request(other.id, 'y', { timeoutMs: 10 }));
    bus.clock.advance(11);
    await settle(bus);
    expect(weight()).toBeCloseTo(new SynapseOracle().failed().failed().weight, 14);
    expect(other.requests.length).toBe(1);
  });

  it('nothing, when nobody needs the answer any more', async () => {
    const { bus, asker, other, weight } = scene(() => undefined);
    const controller = new AbortController();
    outcome(asker.handle.request(other.id, 'x', { signal: controller.signal }));
    await settle(bus);
    controller.abort();
    await settle(bus);
    other.answer = async function* () {
      for (;;) yield await turn();
    };
    const stream = asker.handle.stream(other.id, 'x');
    await settle(bus);
    await stream.return();
    await settle(bus);
    expect([weight(), lessons(bus)]).toEqual([0.5, [0, 0]]);
  });

  it('a stream by the time to its first part', async () => {
    const { bus, asker, other, weight } = scene();
    other.answer = async function* () {
      bus.clock.advance(4);
      yield 1;
      bus.clock.advance(400);
      yield 2;
    };
    const [oracle, usual] = [new SynapseOracle(), new ScaleOracle()];
    for (let i = 0; i < 2; i++) {
      const all = collect(asker.handle.stream(other.id, 'x'));
      await settle(bus);
      expect(await all).toEqual([1, 2]);
      oracle.answered(4, usual.ms);
      usual.answered(4);
    }
    expect(weight()).toBeCloseTo(oracle.weight, 14);
  });

  it('what is no question teaches nothing', async () => {
    const { bus, asker, other, weight } = scene();
    for (let i = 0; i < 10; i++) asker.send(other.id, 'x');
    asker.handle.sendAll('agent', 'x');
    await settle(bus);
    expect([weight(), lessons(bus)]).toEqual([0.5, [0, 0]]);
  });

  it('pair synapses and the membrane nothing either', async () => {
    const { bus, asker, other } = scene();
    const pair = addAgent(bus);
    bus
      .connect(asker.id, pair.id)
      .weight(0.5)
      .stdp({ rule: 'pair' } as never)
      .build();
    outcome(asker.handle.request(pair.id, 'x'));
    await settle(bus);
    asker.send(pair.id, 'y');
    outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(bus.synapse(asker.id, pair.id)!.weight).toBe(0.5);
    expect(bus.membrane(pair.id).potential).toBe(0);
  });

  it('filters of synapses look at the priority of messages only', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    bus
      .connect(asker.id, other.id)
      .filter({ types: [1], minPriority: 5, prefix: 'no' } as never)
      .build();
    asker.send(other.id, 'low', { priority: 4 });
    asker.send(other.id, 'high', { priority: 5 });
    bus.tick();
    expect(other.texts).toEqual(['high']);
    expect(bus.stats().dropped.filtered).toBe(1);
  });
});

describe('reward', () => {
  it.each([
    [1, 0],
    [-1, 0],
    [0.25, 3000],
    [-0.5, 20_000],
    [0, 10],
  ])('%f, told after %i ms', async (amount, ms) => {
    const { bus, asker, other, weight } = scene();
    const asking = asker.handle.request(other.id, 'x');
    await settle(bus);
    const reply = await asking;
    bus.clock.advance(ms);
    expect([reply.reward(amount), reply.reward(1)]).toEqual([true, false]);
    await settle(bus);
    expect(weight()).toBeCloseTo(new SynapseOracle().answered(0, 0).judged(amount, ms).weight, 12);
  });

  it('outside of [-1, 1] is refused', async () => {
    const { bus, asker, other } = scene();
    const asking = asker.handle.request(other.id, 'x');
    await settle(bus);
    const reply = await asking;
    for (const amount of [1.01, -2, Number.NaN, '1']) {
      expect(() => reply.reward(amount as number)).toThrow(/amount/);
    }
    expect(reply.reward(1)).toBe(true);
  });

  it('to who left is nobody’s', async () => {
    const { bus, asker, other } = scene();
    const asking = asker.handle.request(other.id, 'x');
    await settle(bus);
    bus.unregister(other.id);
    expect((await asking).reward(1)).toBe(true);
    await settle(bus);
  });
});

it('random exchanges agree with the formulas', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const { bus, asker, other, weight } = scene();
    const [oracle, usual] = [new SynapseOracle(), new ScaleOracle()];
    for (let i = 0; i < 40; i++) {
      const [what, ms] = [random(), Math.floor(random() * 60)];
      const judged = random() < 0.5 ? random() * 2 - 1 : undefined;
      other.answer = async () => {
        bus.clock.advance(ms);
        if (what < 0.2) throw new Error('no');
        return what < 0.3 ? turn().then(() => new Promise(() => {})) : 'yes';
      };
      const asked = outcome(asker.handle.request(other.id, i, { timeoutMs: 100 }));
      await settle(bus);
      if (what < 0.2) oracle.failed();
      else if (what < 0.3) {
        bus.clock.advance(101);
        oracle.failed();
      } else {
        oracle.answered(ms, usual.ms);
        usual.answered(ms);
        if (judged !== undefined) {
          asked.value!.reward(judged);
          oracle.judged(judged, 0);
        }
      }
      await settle(bus);
      expect(Math.abs(weight() - oracle.weight), `seed ${seed}, exchange ${i}`).toBeLessThan(1e-12);
    }
  }
});
