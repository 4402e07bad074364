// Ways through several agents.
import { describe, expect, it } from 'vitest';
import { AgentCard, type RegisteredCard } from '../../../../lib/bus/agent_card.js';
import { shortestWay, stepKey } from '../../../../lib/bus/messages/way.js';
import { makeBus, turn } from '../support.js';
import { type Answer, addAgent, outcome, settle } from './support.js';

const STAGES = ['trim', 'upper', 'mark'];

function makeScene(options: Parameters<typeof makeBus>[0] = {}) {
  const bus = makeBus({ requestTimeoutMs: 50, ...options });
  const add = (capability: string, answer: Answer) => addAgent(bus, answer, { capabilities: [capability] });
  const trim = add('trim', (request) => request.text().trim());
  const upper = add('upper', (request) => request.text().toUpperCase());
  const mark = add('mark', (request) => `${request.text()}!`);
  /** Time passes until `result` is there. */
  const pass = async <T>(result: Promise<T>): Promise<T> => {
    let there = false;
    void result.finally(() => {
      there = true;
    });
    for (let i = 0; i < 1000 && !there; i++) {
      bus.tick();
      await turn();
      if (!there) bus.clock.advance(1);
    }
    return result;
  };
  return { bus, add, trim, upper, mark, pass };
}

const silent: Answer = () => new Promise(() => {});
const broken: Answer = () => {
  throw new Error('broken');
};

describe('a network', () => {
  it('hands each answer on to the next stage, within one conversation', async () => {
    const { bus, trim, upper, mark, pass } = makeScene();
    const net = bus.network({ stages: STAGES });
    const result = await pass(net.infer('  hello '));
    expect(result).toMatchObject({ status: 'success', value: 'HELLO!', failed: [], error: undefined });
    expect(result.path).toEqual([trim.id, upper.id, mark.id]);
    for (const { requests } of [trim, upper, mark]) {
      expect(requests.map(({ correlationId }) => correlationId)).toEqual([result.correlationId]);
    }
    expect(bus.stats().pending).toBe(0);
  });

  it('turns to a backup when an agent fails, and says so', async () => {
    const { bus, add, pass, upper } = makeScene({ routing: ({ ids }) => ids.length - 1 });
    const bad = add('upper', broken);
    const result = await pass(bus.network({ stages: STAGES }).infer('a'));
    expect(result).toMatchObject({ status: 'partial', value: 'A!', failed: [bad.id] });
    expect(result.path[1]).toBe(upper.id);
    expect(bus.health(bad.id).score).toBeLessThan(1);
  });

  it('turns to a backup when the time is over', async () => {
    const { bus, add, pass } = makeScene({ routing: ({ ids }) => ids.length - 1 });
    const mute = add('mark', silent);
    const began = bus.clock.now();
    const result = await pass(bus.network({ stages: STAGES, timeoutMs: 20 }).infer('a'));
    expect(result).toMatchObject({ status: 'partial', value: 'A!', failed: [mute.id] });
    const took = (bus.clock.now() - began) / 1e6;
    expect(took).toBeGreaterThanOrEqual(20);
    expect(took).toBeLessThan(40);
  });

  it('asks a backup beside when the first one is late, and takes the first answer', async () => {
    const { bus, add, upper } = makeScene({ clock: 'real', routing: ({ ids }) => ids.length - 1 });
    const mute = add('upper', silent);
    const net = bus.network({ stages: STAGES, timeoutMs: 60_000, hedgeMs: 1 });
    const answer = net.infer('a');
    let result: Awaited<typeof answer> | undefined;
    void answer.then((value) => {
      result = value;
    });
    while (result === undefined) await settle(bus);
    expect(result).toMatchObject({ status: 'success', value: 'A!', failed: [] });
    expect(result.path[1]).toBe(upper.id);
    await settle(bus);
    expect(mute.requests[0].signal.aborted).toBe(true);
    expect(bus.stats().pending).toBe(0);
  });

  it('asks a backup beside by the clock of the bus, and by no other', async () => {
    const { bus, add, upper } = makeScene({ routing: ({ ids }) => ids.length - 1 });
    add('upper', silent);
    const net = bus.network({ stages: STAGES, timeoutMs: 1000, hedgeMs: 20 });
    const result = outcome(net.infer('a'));
    await settle(bus);
    await new Promise((resolve) => setTimeout(resolve, 40));
    bus.clock.advance(19);
    await settle(bus);
    expect([result.is, upper.requests.length]).toEqual(['pending', 0]);
    bus.clock.advance(1);
    await settle(bus);
    expect(result.value).toMatchObject({ status: 'success', value: 'A!', failed: [] });
    expect(upper.requests).toHaveLength(1);
  });

  it.each([0, 1, 2, 5])('with redundancy %i asks one agent more than that at most', async (redundancy) => {
    const { bus, pass, add } = makeScene();
    for (let i = 0; i < 4; i++) add('fail', broken);
    const net = bus.network({ stages: ['trim', 'fail', 'mark'], redundancy });
    const result = await pass(net.infer('a'));
    expect(result).toMatchObject({ status: 'failure', value: undefined });
    expect(result.error).toMatchObject({ code: 'ERR_NB_REMOTE' });
    expect(result.failed).toHaveLength(Math.min(4, redundancy + 1));
    expect(new Set(result.failed).size).toBe(result.failed.length);
  });

  it('fails where nobody has the capability', async () => {
    const { bus, pass } = makeScene();
    const result = await pass(bus.network({ stages: ['trim', 'nobody'] }).infer('a'));
    expect(result).toMatchObject({ status: 'failure', error: { code: 'ERR_NB_NO_ROUTE' } });
  });

  it('keeps what failed for another time, up to its capacity', async () => {
    const { bus, pass, add } = makeScene();
    const net = bus.network({ stages: ['late'], replayCapacity: 3 });
    for (let i = 0; i < 5; i++) net.inject(`input ${i}`);
    expect(net.running).toBe(5);
    for (let i = 0; i < 5; i++) await turn();
    expect([net.running, net.replayable, net.dropped]).toEqual([0, 3, 2]);
    add('late', (request) => request.text());
    const results = await pass(net.replay());
    expect(results.map(({ value }) => value)).toEqual(['input 2', 'input 3', 'input 4']);
    expect(net.replayable).toBe(0);
  });

  it('finds its way by what cards consume and produce', async () => {
    const bus = makeBus({});
    const add = (name: string, consumes: string[], produces: string[]) =>
      addAgent(bus, (request) => `${request.text()} > ${name}`, { name, consumes, produces });
    add('detour', ['text'], ['tokens']);
    add('longer', ['tokens'], ['words']);
    add('words', ['words'], ['vector']);
    add('direct', ['text'], ['vector']);
    add('classify', ['vector'], ['label']);
    const net = bus.network({ from: 'text', to: 'label' });
    const answer = net.infer('x');
    await settle(bus);
    expect(await answer).toMatchObject({ status: 'success', value: 'x > direct > classify' });
    expect(await bus.network({ from: 'label', to: 'text' }).infer('x')).toMatchObject({
      status: 'failure',
      error: { code: 'ERR_NB_NO_ROUTE' },
    });
  });

  it('has a strategy of its own when it is given one', async () => {
    const { bus, pass, add } = makeScene({ routing: ({ ids }) => ids.length - 1 });
    const more = add('trim', (request) => request.text());
    const [first, second] = [
      bus.network({ stages: ['trim'], strategy: ({ ids }) => ids.length - 2 }),
      bus.network({ stages: ['trim'] }),
    ];
    expect((await pass(first.infer('a'))).path).not.toEqual([more.id]);
    expect((await pass(second.infer('a'))).path).toEqual([more.id]);
  });

  it('leaves with close(), and what is under way fails', async () => {
    const { bus, add, pass } = makeScene();
    add('never', silent);
    const net = bus.network({ stages: ['never'], name: 'mine' });
    expect(bus.card(net.id)?.name).toBe('mine');
    const answer = net.infer('a');
    await settle(bus);
    net.close();
    expect(await pass(answer)).toMatchObject({ status: 'failure' });
    expect(bus.card(net.id)).toBeUndefined();
    expect(bus.stats().pending).toBe(0);
  });

  it.each([
    [{}, /from/],
    [{ stages: [] }, /stages/],
    [{ stages: ['a', ''] }, /stages/],
    [{ stages: ['a'], from: 'b', to: 'c' }, /stages/],
    [{ from: 'a' }, /to/],
    [{ stages: ['a'], redundancy: -1 }, /redundancy/],
    [{ stages: ['a'], replayCapacity: 0.5 }, /replayCapacity/],
    [{ stages: ['a'], hedgeMs: Number.NaN }, /hedgeMs/],
    [{ stages: ['a'], timeoutMs: 0 }, /timeoutMs/],
    [{ stages: ['a'], strategy: 'best' }, /strategy/],
    [{ stages: ['a'], stage: 1 }, /stage/],
  ])('refuses %j, and registers nobody', (options, message) => {
    const { bus } = makeScene();
    const before = bus.neurons().length;
    expect(() => bus.network(options as { stages: string[] })).toThrow(message);
    expect(bus.neurons()).toHaveLength(before);
  });
});

describe('the shortest way', () => {
  const cards = (...edges: [string, string][]) =>
    edges.map(
      ([consumes, produces], id) =>
        new AgentCard({ name: `${id}`, id, consumes: [consumes], produces: [produces] }) as RegisteredCard,
    );

  it('is no step from a kind to itself', () => {
    expect(shortestWay([], ['a'], 'a')).toEqual([]);
  });

  it('ends where kinds go round', () => {
    expect(() => shortestWay(cards(['a', 'b'], ['b', 'a']), ['a'], 'c')).toThrow(/from 'a' to 'c'/);
  });

  it('goes round steps that are barred, from whatever was reached', () => {
    const all = cards(['a', 'b'], ['b', 'd'], ['a', 'x'], ['x', 'y'], ['y', 'd']);
    expect(shortestWay(all, ['a'], 'd', new Set([stepKey('b', 'd')]))).toHaveLength(3);
    expect(shortestWay(all, ['x', 'b', 'a'], 'd')).toEqual([['b', 'd']]);
    expect(shortestWay(all, ['b', 'a'], 'd', new Set([stepKey('b', 'd')]))[0]).toEqual(['a', 'x']);
  });

  it('has the fewest steps', () => {
    const all = cards(['a', 'b'], ['b', 'c'], ['c', 'd'], ['a', 'x'], ['x', 'd']);
    expect(shortestWay(all, ['a'], 'd')).toEqual([
      ['a', 'x'],
      ['x', 'd'],
    ]);
  });
});
