// Agents in C take part in conversations: they get messages and questions with their values, and answer.
import { join } from 'node:path';
import { defineChannel, Neuron, type NeuronBus, type NeuronBusOptions } from 'neuronbus';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLibrary, compileC, root } from './build.js';
import { makeBus, start, until } from './support.js';

const linux = process.platform === 'linux';
let library: string;
beforeAll(async () => {
  if (linux) library = await buildLibrary();
});

class Asker extends Neuron {
  readonly told: unknown[] = [];
  readonly heard: string[] = [];
  override onMessage(message: { value: unknown }): void {
    this.told.push(message.value);
  }
  override onSpike(spike: { text(): string }): void {
    this.heard.push(spike.text());
  }
}

async function scene(options: NeuronBusOptions = {}): Promise<{
  bus: NeuronBus;
  asker: Asker;
  id: number;
  to: number;
  program: string;
  stop: () => Promise<unknown>;
}> {
  const bus = makeBus(options);
  const asker = new Asker();
  const id = bus.register(asker, { name: 'asker' });
  const program = compileC(library, 'answerer', 'gcc', ['-std=c11'], join(root, 'test/agents/answerer.c'));
  const agent = await start(bus, library, 'answering', [program]);
  const stop = () => {
    bus.send(id, agent.id, 'stop');
    return agent.ended;
  };
  return { bus, asker, id, to: agent.id, program, stop };
}

const GOOD_END = { code: 0, signal: null, errors: '' };

describe.runIf(linux)('an agent in C', () => {
  it('answers questions with the values that they had', async () => {
    const { bus, id, to, stop } = await scene();
    const values = [
      'x',
      'y'.repeat(30),
      'z'.repeat(31),
      'w'.repeat(100_000),
      Uint8Array.of(0, 7, 0),
      { a: [null] },
      '',
      'é'.repeat(16),
    ];
    const channel = defineChannel<unknown>('any');
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    for (const value of values) {
      expect((await bus.request(id, to, value)).value).toEqual(value);
      expect((await bus.request(id, to, channel.of(value), { traceparent, priority: 9 })).value).toEqual(
        value,
      );
    }
    expect((await bus.request(id, to, undefined)).value).toBe(undefined);
    expect((await bus.request(id, to, 'bytes')).value).toEqual(Uint8Array.of(0, 1, 0));
    expect((await bus.request(id, to, 'json')).value).toEqual({ a: [1] });
    const parts: unknown[] = [];
    for await (const part of bus.stream(id, to, 'json')) parts.push(part);
    expect(parts).toEqual([{ a: [1] }]);
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => bus.request(id, to, { i })));
    expect(many.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, i) => ({ i })));
    expect(bus.stats()).toMatchObject({ pending: 0, late: 0 });
    expect(await stop()).toEqual(GOOD_END);
    await until('the account', () => bus.stats().queued === 0);
    const { published, delivered, dropped } = bus.stats();
    expect(published).toBe(delivered + Object.values(dropped).reduce((a, b) => a + b));
  });

  it('rejects, answers twice, or not at all', async () => {
    const { bus, id, to, stop } = await scene();
    await expect(bus.request(id, to, 'reject')).rejects.toMatchObject({
      code: 'ERR_NB_REMOTE',
      cause: { name: 'Error', message: 'not "now"\né' },
    });
    expect((await bus.request(id, to, 'twice')).value).toBe('first');
    await until('the second answer', () => bus.stats().late === 1);
    await expect(bus.request(id, to, 'quiet', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_NB_TIMEOUT',
    });
    const dead = bus.request(id, to, 'quiet');
    const ended = stop();
    await expect(dead).rejects.toMatchObject({ code: 'ERR_NB_DEAD_TARGET' });
    expect(await ended).toEqual(GOOD_END);
    expect(bus.stats().pending).toBe(0);
  });

  it('has a load that who chooses can see: what it did not answer yet', async () => {
    const { bus, id, to, program, stop } = await scene({ routing: 'load-balanced' });
    const load = (of: number) => bus.health(of).load;
    const given = new AbortController();
    const quiet = Array.from({ length: 3 }, () => bus.request(id, to, 'quiet', { signal: given.signal }));
    const ends = Promise.allSettled(quiet);
    await until('three questions', () => load(to) === 3);

    // Answers come before the count of who gave them.
    expect((await bus.request(id, to, 'x')).value).toBe('x');
    await bus.request(id, to, 'reject').catch(() => {});
    await bus.request(id, to, 'twice');
    await until('the answers to count', () => load(to) === 3);

    const other = await start(bus, library, 'answering too', [program, 'answering too']);
    expect(load(other.id)).toBe(0);
    const able = (card: { name: string }) => card.name === 'answerer';
    for (let i = 0; i < 20; i++) {
      expect((await bus.request(id, able, 'x')).from).toBe(other.id);
      await until('the answer to count', () => load(other.id) === 0);
    }

    given.abort();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await until('nobody to wait', () => load(to) === 0);
    await expect(bus.request(id, to, 'quiet', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_NB_TIMEOUT',
    });
    await until('the time to be over', () => load(to) === 0);
    bus.send(id, other.id, 'stop');
    expect(await other.ended).toEqual(GOOD_END);
    expect(await stop()).toEqual(GOOD_END);
  });

  it('tells messages from spikes', async () => {
    const { bus, asker, id, to, stop } = await scene();
    bus.send(id, to, { a: 1 }, { type: 2 });
    bus.send(id, to, 'x'.repeat(1000));
    bus.fire(id, { target: to, payload: 'hi' });
    await until('both messages', () => asker.told.length === 2 && asker.heard.length === 1);
    expect(asker.told).toEqual(['type 2, encoding 3, 7 bytes', 'type 0, encoding 1, 1000 bytes']);
    expect(asker.heard).toEqual(['a spike']);
    expect(await stop()).toEqual(GOOD_END);
  });

  it('teaches: answers strengthen, failure, silence and a bad judgement weaken', async () => {
    const { bus, id, to, stop } = await scene();
    bus.connect(id, to).weight(0.5).build();
    const { weight: begin } = bus.synapse(id, to)!;
    const weight = () => bus.synapse(id, to)!.weight;
    const reply = await bus.request(id, to, 'x');
    const answered = weight();
    expect(answered).toBeGreaterThan(begin);
    reply.reward(-1);
    await until('the judgement', () => weight() < answered);
    const judged = weight();
    expect(judged).toBeCloseTo(answered - 0.012 * (answered - 0.001), 3);
    await bus.request(id, to, 'reject').catch(() => {});
    expect(weight()).toBeLessThan(judged);
    const failed = weight();
    await bus.request(id, to, 'quiet', { timeoutMs: 20 }).catch(() => {});
    await until('the silence', () => weight() < failed);
    expect(await stop()).toEqual(GOOD_END);
  });
});
