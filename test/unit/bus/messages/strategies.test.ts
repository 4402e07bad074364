// How one is chosen, as options say it: names with parameters, budgets, and strategies that refuse.
import { NeuronBus, type NeuronBusOptions, type RoutingChoice } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, makeBus, messageOf } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

const WORK = { capability: 'work' };

/** Agents that answer after so much virtual time, and cost so much. */
function makeScene(options: NeuronBusOptions, agents: readonly { takesMs?: number; cost?: number }[]) {
  const bus = makeBus(options);
  const asker = addAgent(bus);
  const asked = agents.map(() => 0);
  agents.forEach(({ takesMs = 0, cost = 0 }, i) => {
    const answer = () => {
      asked[i]++;
      bus.clock.advance(takesMs);
      return i;
    };
    addAgent(bus, answer, { capabilities: ['work'], cost });
  });
  const ask = async (from = asker) => {
    const result = outcome(from.handle.request(WORK, 'x', { timeoutMs: 1e6 }));
    await settle(bus);
    return result;
  };
  return { bus, asker, asked, ask };
}

describe('an energy budget', () => {
  const routing = { name: 'energy-efficient', budgetPerSecond: 10 } as const;

  it.each([1, 2])('is what all questions of a second may cost, with %i agents', async (count) => {
    const agents = Array.from({ length: count }, () => ({ cost: 2 }));
    const { ask, bus, asked } = makeScene({ routing }, agents);
    for (let i = 0; i < 5; i++) expect((await ask()).is).toBe('resolved');
    for (let i = 0; i < 3; i++) {
      const refused = await ask();
      expect(refused.is).toBe('ERR_NB_NO_ROUTE');
      expect(refused.error?.message).toMatch(/'energy-efficient' .*budget of 10 a second is spent.* 200 ms/);
      expect(refused.error?.message).not.toMatch(/Nobody on the bus/);
    }
    bus.clock.advance(200);
    expect((await ask()).is).toBe('resolved');
    expect((await ask()).is).toBe('ERR_NB_NO_ROUTE');
    bus.clock.advance(60_000);
    for (let i = 0; i < 5; i++) expect((await ask()).is).toBe('resolved');
    expect((await ask()).is).toBe('ERR_NB_NO_ROUTE');
    expect(asked.reduce((a, b) => a + b)).toBe(11);
  });

  it('is one for all who ask, whatever address they ask for', async () => {
    const { ask, asker, bus } = makeScene({ routing }, [{ cost: 5 }]);
    const other = addAgent(bus);
    await ask(asker);
    expect((await ask(other)).is).toBe('resolved');
    expect((await ask(other)).is).toBe('ERR_NB_NO_ROUTE');
    for (let i = 0; i < 3; i++) {
      const sent = outcome(asker.handle.request((card) => card.capabilities.includes('work'), i));
      await settle(bus);
      expect(sent.is).toBe('ERR_NB_NO_ROUTE');
    }
    expect(codeOf(() => asker.handle.send(WORK, 'x'))).toBe('ERR_NB_NO_ROUTE');
  });

  it('says so when an agent costs more than it ever holds', async () => {
    const { ask, bus } = makeScene({ routing }, [{ cost: 11 }]);
    bus.clock.advance(1e6);
    expect((await ask()).error?.message).toMatch(/costs 11, .*more than .* 10/);
  });

  it('of a network is its own, and is not a fault of the agent', async () => {
    const { bus, ask } = makeScene({}, [{ cost: 1 }]);
    const net = bus.network({ stages: ['work'], strategy: { name: 'energy-efficient', budgetPerSecond: 2 } });
    const results = [];
    for (let i = 0; i < 3; i++) {
      const result = outcome(net.infer(i));
      await settle(bus);
      results.push(result.value);
    }
    expect(results.map((result) => result?.status)).toEqual(['success', 'success', 'failure']);
    expect(results[2]).toMatchObject({ failed: [], error: { code: 'ERR_NB_NO_ROUTE' } });
    expect(net.replayable).toBe(1);
    expect((await ask()).is).toBe('resolved');
    bus.clock.advance(500);
    const again = outcome(net.replay());
    await settle(bus);
    expect(again.value).toMatchObject([{ status: 'success' }]);
  });

  it('goes to the cheap one unless it takes longer than patience allows', async () => {
    for (const [patience, expected] of [
      [10, [3, 0]],
      [1.5, [2, 1]],
    ] as const) {
      const { asker, asked, bus } = makeScene({ routing: { name: 'energy-efficient', patience } }, [
        { cost: 1 },
        { cost: 2 },
      ]);
      for (let i = 0; i < 3; i++) outcome(asker.handle.request(WORK, i)); // each waits for those before
      await settle(bus);
      expect(asked).toEqual(expected);
    }
  });
});

describe('exploration', () => {
  const agents = [{ takesMs: 1 }, { takesMs: 9 }];

  it.each([
    [0, 0, 4],
    [0.5, 40, 90],
    [1, 70, 130],
  ])('of %f of all choices goes to anybody', async (exploration, least, most) => {
    const { ask, asked } = makeScene({ routing: { name: 'learned', exploration } }, agents);
    for (let i = 0; i < 200; i++) await ask();
    expect(asked[1]).toBeGreaterThanOrEqual(least);
    expect(asked[1]).toBeLessThanOrEqual(most);
  });

  it('is the same for the same seed, whatever the seed of the bus', async () => {
    const run = async (seed: number, busSeed: number) => {
      const routing = { name: 'learned', exploration: 0.5, seed } as const;
      const { ask } = makeScene({ routing, seed: busSeed }, agents);
      const who = [];
      for (let i = 0; i < 60; i++) who.push((await ask()).value?.value);
      return who;
    };
    expect(await run(5, 1)).toEqual(await run(5, 2));
    expect(await run(5, 1)).not.toEqual(await run(6, 1));
  });
});

describe('a function that chooses', () => {
  it.each([1, 2])('is asked also when there are %i agents, and may refuse', async (count) => {
    const agents = Array.from({ length: count }, () => ({}));
    const nobody = makeScene({ routing: () => -1 }, agents);
    const refused = await nobody.ask();
    expect(refused.is).toBe('ERR_NB_NO_ROUTE');
    expect(refused.error?.message).toMatch(/function returned -1/);
    const broken = makeScene(
      {
        routing: () => {
          throw new RangeError('no idea');
        },
      },
      agents,
    );
    expect((await broken.ask()).error).toBeInstanceOf(RangeError);
    const wrong = makeScene({ routing: () => count }, agents);
    expect((await wrong.ask()).is).toBe('ERR_NB_INVALID_ARGUMENT');
    expect([...nobody.asked, ...broken.asked, ...wrong.asked].every((asked) => asked === 0)).toBe(true);
  });
});

describe('an option of a strategy', () => {
  const bad: [unknown, RegExp][] = [
    [{ name: 'fastest' }, /\.name is "fastest".*strategy/],
    [{}, /\.name is undefined/],
    [null, / is null/],
    [{ name: 'learned', budgetPerSecond: 1 }, /'learned' has no option \w+\.budgetPerSecond/],
    [{ name: 'round-robin', exploration: 0.1 }, /'round-robin' has no option \w+\.exploration/],
    [{ name: 'energy-efficient', budgetPerSecond: 0 }, /budgetPerSecond is 0/],
    [{ name: 'energy-efficient', budgetPerSecond: '10' }, /budgetPerSecond is "10"/],
    [{ name: 'energy-efficient', patience: 0.5 }, /patience is 0.5/],
    [{ name: 'learned', exploration: 1.5 }, /exploration is 1.5/],
    [{ name: 'learned', exploration: Number.NaN }, /exploration is NaN/],
    [{ name: 'learned', seed: -1 }, /seed is -1/],
    [{ name: 'learned', plasticity: { aPlus: 2 } }, /plasticity\.aPlus is 2/],
    [{ name: 'learned', plasticity: { aPlus: '0.1' } }, /plasticity\.aPlus is "0.1"/],
  ];

  it.each(bad)('%j is refused by the bus, its builder and a network', (choice, message) => {
    const routing = choice as RoutingChoice;
    const bus = makeBus();
    for (const call of [
      () => makeBus({ routing }),
      () => NeuronBus.builder().routing(routing).build(),
      () => bus.network({ stages: ['work'], strategy: routing }),
    ]) {
      expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
      expect(messageOf(call)).toMatch(message);
    }
    expect(bus.neurons()).toHaveLength(0);
  });

  it('that is undefined has its default', async () => {
    const { ask } = makeScene({ routing: { name: 'learned', exploration: undefined as unknown as number } }, [
      {},
    ]);
    expect((await ask()).is).toBe('resolved');
  });
});
