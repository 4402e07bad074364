// Networks that meet broken agents, full rings, and their own end.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Neuron, type NeuronBus, type RoutingFunction } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const broken = () => {
  throw new Error('broken');
};

async function infer(bus: NeuronBus, net: ReturnType<NeuronBus['network']>, input: unknown = 'x') {
  const result = outcome(net.infer(input));
  await settle(bus);
  return result.value!;
}

describe('agents that failed where others did not', () => {
  function makeScene(options = {}) {
    const bus = makeBus(options);
    const bad = addAgent(bus, broken, { capabilities: ['s'] });
    const good = addAgent(bus, () => 'good', { capabilities: ['s'] });
    return { bus, bad, good, net: bus.network({ stages: ['s'], strategy: () => 0 }) };
  }

  it('are out after a partial result, and are asked on trial only', async () => {
    const { bus, bad, good, net } = makeScene();
    expect(await infer(bus, net)).toMatchObject({ status: 'partial', failed: [bad.id] });
    expect(bus.health(bad.id)).toMatchObject({ out: true, exchanges: 1, trialNs: 1e9 });
    expect(bus.health(good.id).out).toBe(false);
    for (let i = 0; i < 5; i++) expect(await infer(bus, net)).toMatchObject({ status: 'success' });
    expect(bad.requests).toHaveLength(1);
    bad.answer = () => 'repaired';
    bus.clock.advance(1000);
    expect(await infer(bus, net)).toMatchObject({ status: 'success', value: 'repaired' });
    expect(bus.health(bad.id).out).toBe(false);
  });

  it('stay where nobody is ever taken out', async () => {
    const { bus, bad, net } = makeScene({ healthThreshold: 0 });
    expect(await infer(bus, net)).toMatchObject({ status: 'partial', failed: [bad.id] });
    expect(bus.health(bad.id).out).toBe(false);
  });

  it('are not those of an input that everybody failed', async () => {
    const bus = makeBus();
    const ids = [0, 1].map(() => addAgent(bus, broken, { capabilities: ['s'] }).id);
    const result = await infer(bus, bus.network({ stages: ['s'] }));
    expect(result.failed.toSorted()).toEqual(ids);
    expect(ids.map((id) => bus.health(id).out)).toEqual([false, false]);
  });
});

describe('an input that cannot be sent', () => {
  it.each([
    ['a bigint', 10n],
    ['a function', () => 1],
    [
      'what throws',
      {
        toJSON() {
          throw new RangeError('no');
        },
      },
    ],
    ['more than the arena holds', 'x'.repeat(2 << 20)],
  ])("(%s) is nobody's fault, and is not kept", async (_, input) => {
    const bus = makeBus();
    const agents = [0, 1].map(() => addAgent(bus, () => 1, { capabilities: ['s'] }));
    const net = bus.network({ stages: ['s'], redundancy: 5 });
    const result = await infer(bus, net, input);
    expect(result).toMatchObject({ status: 'failure', failed: [], path: [] });
    expect(result.error).toBeInstanceOf(Error);
    expect(net.replayable).toBe(0);
    for (const { id } of agents) expect(bus.health(id).score).toBe(1);
  });

  it("because the ring is full is nobody's fault, and is kept", async () => {
    const bus = makeBus({ axonCapacity: 4 });
    for (let i = 0; i < 2; i++) addAgent(bus, () => i, { capabilities: ['s'] });
    const net = bus.network({ stages: ['s'], redundancy: 1 });
    const results = Array.from({ length: 20 }, () => outcome(net.infer('x')));
    await settle(bus);
    const failures = results.filter(({ value }) => value?.status === 'failure');
    expect(failures.length).toBeGreaterThan(0);
    for (const { value } of failures)
      expect(value).toMatchObject({ failed: [], error: { code: 'ERR_NB_FULL' } });
    expect(net.replayable).toBe(failures.length);
    while (net.replayable > 0) {
      void net.replay();
      await settle(bus);
    }
    expect(results.some(({ value }) => value?.status === 'success')).toBe(true);
  });
});

describe('from a kind to a kind', () => {
  const add = (bus: NeuronBus, name: string, consumes: string, produces: string) =>
    addAgent(bus, (request) => `${request.text()} > ${name}`, {
      name,
      consumes: [consumes],
      produces: [produces],
    });

  function makeScene() {
    const bus = makeBus();
    add(bus, 'tokens', 'text', 'tokens');
    add(bus, 'label', 'tokens', 'label');
    const direct = add(bus, 'direct', 'text', 'label');
    direct.answer = broken;
    return { bus, direct };
  }

  it('another way is taken when the shortest is barred, and as long as it is', async () => {
    const { bus, direct } = makeScene();
    const net = bus.network({ from: 'text', to: 'label' });
    const round = { value: 'x > tokens > label' };
    expect(await infer(bus, net)).toMatchObject({ ...round, status: 'partial', failed: [direct.id] });
    for (let i = 0; i < 5; i++) expect(await infer(bus, net)).toMatchObject({ ...round, status: 'success' });
    expect(direct.requests).toHaveLength(1);
    direct.answer = () => 'repaired';
    bus.clock.advance(1000);
    expect(await infer(bus, net)).toMatchObject({ value: 'repaired', status: 'success' });
  });

  it('another way begins wherever the input got to', async () => {
    const bus = makeBus();
    add(bus, 'tokens', 'text', 'tokens');
    const cut = add(bus, 'cut', 'tokens', 'label');
    cut.answer = broken;
    add(bus, 'words', 'text', 'words');
    add(bus, 'vector', 'words', 'vector');
    add(bus, 'class', 'vector', 'label');
    const result = await infer(bus, bus.network({ from: 'text', to: 'label' }));
    expect(result).toMatchObject({
      status: 'partial',
      failed: [cut.id],
      value: 'x > words > vector > class',
    });
  });

  it('there is none beside without redundancy, but the next input goes round who is out', async () => {
    const { bus, direct } = makeScene();
    const net = bus.network({ from: 'text', to: 'label', redundancy: 0 });
    for (let i = 0; i < 5; i++)
      expect(await infer(bus, net)).toMatchObject({ status: 'failure', failed: [direct.id] });
    expect(bus.health(direct.id).out).toBe(true);
    expect(await infer(bus, net)).toMatchObject({ status: 'success' });
  });

  it('who is out is asked where there is no other way', async () => {
    const bus = makeBus();
    const only = add(bus, 'only', 'text', 'label');
    only.answer = broken;
    const net = bus.network({ from: 'text', to: 'label' });
    for (let i = 0; i < 7; i++)
      expect(await infer(bus, net)).toMatchObject({ status: 'failure', error: { code: 'ERR_NB_REMOTE' } });
    only.answer = () => 'repaired';
    expect(await infer(bus, net)).toMatchObject({ status: 'success' });
  });
});

describe('a network that was closed', () => {
  it('leaves whoever has its id next alone', async () => {
    const bus = makeBus({ maxNeurons: 2 });
    const net = bus.network({ stages: ['s'] });
    net.close();
    bus.run(2);
    const stranger = addAgent(bus, undefined, { capabilities: ['stranger'], id: net.id });
    expect(stranger.id).toBe(net.id);
    net.close();
    expect(bus.discover('stranger')).toHaveLength(1);
    const server = addAgent(bus, () => 1, { capabilities: ['s'] });
    expect(await infer(bus, net)).toMatchObject({ status: 'failure', error: { code: 'ERR_NB_CLOSED' } });
    expect(() => net.inject('x')).toThrow(expect.objectContaining({ code: 'ERR_NB_CLOSED' }));
    await expect(net.replay()).rejects.toMatchObject({ code: 'ERR_NB_CLOSED' });
    expect(server.requests).toHaveLength(0);
    expect([net.running, net.replayable]).toEqual([0, 0]);
  });

  it('is so also when its neuron was unregistered, or the bus was closed', async () => {
    const bus = makeBus();
    const nets = [bus.network({ stages: ['s'] }), bus.network({ stages: ['s'] })];
    bus.unregister(nets[0].id);
    expect((await infer(bus, nets[0])).error).toMatchObject({ code: 'ERR_NB_CLOSED' });
    nets[0].close();
    bus.close();
    nets[1].close();
    expect((await nets[1].infer('x')).error).toMatchObject({ code: 'ERR_NB_CLOSED' });
  });

  it.each(['closed', 'unregistered'])('leaves nothing of itself behind: %s', async (how) => {
    const bus = makeBus();
    addAgent(bus, () => 1, { capabilities: ['s'] });
    const passBy = async () => {
      const strategy: RoutingFunction = () => 0;
      const net = bus.network({ stages: ['s'], strategy });
      expect((await infer(bus, net)).status).toBe('success');
      if (how === 'closed') net.close();
      else bus.unregister(net.id);
      return new WeakRef(strategy);
    };
    const left = await passBy();
    await settle(bus);
    collectGarbage();
    expect(left.deref()).toBeUndefined();
  });

  it('asks nobody else for what is under way', async () => {
    const bus = makeBus({ maxNeurons: 4 });
    const first = addAgent(bus, () => 'first', { capabilities: ['first'] });
    const second = addAgent(bus, () => 'second', { capabilities: ['second'] });
    const net = bus.network({ stages: ['first', 'second'] });
    first.answer = () => {
      net.close();
      return 'first';
    };
    const result = outcome(net.infer('x'));
    await settle(bus);
    bus.register(new (class extends Neuron {})(), { name: 'stranger', id: net.id });
    await settle(bus);
    expect(result.value).toMatchObject({ status: 'failure', failed: [] });
    expect(second.requests).toHaveLength(0);
  });
});
