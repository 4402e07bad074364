// bus.history(): what was said lately, by agent, kind, conversation, time and priority.
import { type HistoryEntry, type MessageKind, Neuron, NeuronBus, type Request } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, codeOfPromise, makeBus, randomFrom } from '../support.js';

class Agent extends Neuron {
  answer: (request: Request) => unknown;

  constructor(answer: (request: Request) => unknown = () => 'done') {
    super();
    this.answer = answer;
  }

  override onMessage(): void {}

  override onRequest(request: Request): unknown {
    return this.answer(request);
  }
}

function agent(bus: NeuronBus, name: string, answer?: (request: Request) => unknown): number {
  return bus.register(new Agent(answer), { name });
}

/** Ticks until the promise is settled. */
async function settled<T>(bus: NeuronBus, promise: Promise<T>): Promise<T> {
  let open = true;
  const done = () => {
    open = false;
  };
  promise.then(done, done);
  while (open) {
    bus.tick();
    await new Promise(setImmediate);
  }
  return promise;
}

const brief = ({ from, to, type, outcome }: HistoryEntry) => [from, to, type, outcome];

describe('the history', () => {
  it('has a message with who, when, how urgent and how long', () => {
    const bus = makeBus();
    const [a, b] = [agent(bus, 'a'), agent(bus, 'b')];
    bus.clock.advance(3);
    bus.send(a, b, 'héllo', { priority: 7, type: 2, correlationId: 99 });
    expect(bus.history()).toEqual([
      {
        time: 3e6,
        from: a,
        to: b,
        type: 'send',
        spikeType: 2,
        priority: 7,
        correlationId: 99,
        bytes: 6,
        latencyNs: 0,
        outcome: 'sent',
      },
    ]);
  });

  it('has an exchange once it ended, from question to answer', async () => {
    const bus = makeBus();
    const [a, b] = [agent(bus, 'a'), agent(bus, 'b', (request) => request.length)];
    bus.clock.advance(1);
    const reply = bus.request(a, b, new Uint8Array(1000), { priority: 3 });
    expect(bus.history()).toEqual([]);
    bus.clock.advance(2);
    const { correlationId, value } = await settled(bus, reply);
    expect(value).toBe(1000);
    expect(bus.history()).toEqual([
      {
        time: 1e6,
        from: a,
        to: b,
        type: 'request',
        spikeType: 0,
        priority: 3,
        correlationId,
        bytes: 1000,
        latencyNs: 2e6,
        outcome: 'answered',
      },
    ]);
  });

  it('counts the bytes of the value alone, with a trace context too, on both sides', async () => {
    const bus = makeBus();
    const lengths: number[] = [];
    const a = agent(bus, 'a');
    const b = agent(bus, 'b', (request) => lengths.push(request.length));
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const values = ['', 'short', 'é'.repeat(20), 'x'.repeat(500), 'é'.repeat(500), new Uint8Array(7)];
    for (const value of values) {
      await settled(bus, bus.request(a, b, value));
      await settled(bus, bus.request(a, b, value, { traceparent }));
    }
    const bytes = values.flatMap((value) => [Buffer.from(value).length, Buffer.from(value).length]);
    expect(bus.history().map((entry) => entry.bytes)).toEqual(bytes);
    expect(lengths).toEqual(bytes);
  });

  it('tells how each exchange ended', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const a = agent(bus, 'a');
    const failing = agent(bus, 'failing', () => {
      throw new Error('no');
    });
    const silent = agent(bus, 'silent', () => undefined);
    const leaving = agent(bus, 'leaving', () => undefined);
    await codeOfPromise(settled(bus, bus.request(a, failing, 1)));
    const late = codeOfPromise(bus.request(a, silent, 2, { timeoutMs: 5 }));
    bus.tick();
    bus.clock.advance(6);
    expect(await late).toBe('ERR_NB_TIMEOUT');
    const abort = new AbortController();
    const aborted = codeOfPromise(bus.request(a, silent, 3, { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toBe('ERR_NB_ABORTED');
    bus.run(3);
    const dead = codeOfPromise(bus.request(a, leaving, 4));
    bus.unregister(leaving);
    expect(await dead).toBe('ERR_NB_DEAD_TARGET');
    bus.run(3);
    while (bus.send(a, silent, 'filler'));
    expect(await codeOfPromise(bus.request(a, silent, 5))).toBe('ERR_NB_FULL');
    const outcomes = bus.history({ agent: a }).map(({ type, outcome }) => `${type} ${outcome}`);
    expect(outcomes.filter((what) => what !== 'send sent')).toEqual([
      'request failed',
      'request timeout',
      'request aborted',
      'request dead',
      'send dropped',
      'request dropped',
    ]);
  });

  it('has a stream when its last part came, and when its reader left early', async () => {
    const bus = makeBus({ clock: 'real' });
    const a = agent(bus, 'a');
    const b = agent(bus, 'b', async function* () {
      for (let i = 0; i < 50; i++) yield i;
    });
    bus.start();
    const parts: unknown[] = [];
    for await (const part of bus.stream(a, b, 'all')) parts.push(part);
    for await (const part of bus.stream(a, b, 'one')) {
      parts.push(part);
      break;
    }
    expect(parts.length).toBe(51);
    expect(bus.history().map(brief)).toEqual([
      [a, b, 'stream', 'answered'],
      [a, b, 'stream', 'aborted'],
    ]);
  });

  it('follows a conversation by its id across agents, in the order of the questions', async () => {
    const bus = makeBus({ clock: 'real' });
    const last = agent(bus, 'last', () => 'end');
    const third = agent(bus, 'third', async (request) => (await request.request(last, 'on')).value);
    const second = agent(bus, 'second', async (request) => {
      request.send(first, 'by the way');
      return (await request.request(third, 'on')).value;
    });
    const first = agent(bus, 'first');
    const stranger = agent(bus, 'stranger');
    bus.start();
    const [{ correlationId }] = await Promise.all([
      bus.request(first, second, 'go'),
      bus.request(stranger, last, 'another conversation'),
    ]);
    expect(bus.history({ correlationId }).map(brief)).toEqual([
      [first, second, 'request', 'answered'],
      [second, first, 'send', 'sent'],
      [second, third, 'request', 'answered'],
      [third, last, 'request', 'answered'],
    ]);
    expect(bus.history({ agent: last })).toHaveLength(2);
  });

  it('has what came from another thread as served there, under the same conversation', async () => {
    const here = makeBus({ clock: 'real', maxGanglia: 2 });
    const there = NeuronBus.attach(here.handle);
    onTestFinished(() => there.close());
    const a = agent(here, 'a');
    const b = agent(there, 'b', (request) => {
      if (request.value === 'fail') throw new Error('no');
      return request.value === 'wait' ? undefined : 'ok';
    });
    here.start();
    there.start();
    here.send(a, b, 'hello', { correlationId: 5 });
    const { correlationId, latencyNs } = await here.request(a, b, 'ok');
    await codeOfPromise(here.request(a, b, 'fail'));
    await codeOfPromise(here.request(a, b, 'wait', { timeoutMs: 1 }));
    while (there.history().length < 4) await new Promise(setImmediate);
    const outcomes = (bus: NeuronBus) => bus.history().map(brief);
    expect(outcomes(here)).toEqual([
      [a, b, 'send', 'sent'],
      [a, b, 'request', 'answered'],
      [a, b, 'request', 'failed'],
      [a, b, 'request', 'timeout'],
    ]);
    const served = outcomes(there);
    expect(served.slice(0, 3)).toEqual([
      [a, b, 'send', 'served'],
      [a, b, 'request', 'served'],
      [a, b, 'request', 'failed'],
    ]);
    expect(['aborted', 'timeout']).toContain(served[3]![3]); // whether its turn came in time
    const [entry] = there.history({ correlationId });
    expect(entry!.time).toBe(here.history({ correlationId })[0]!.time);
    expect(entry!.latencyNs).toBeLessThanOrEqual(latencyNs);
    expect([there.traffic().byAgent.get(b)!.received.count, there.traffic().byType.request.errors]).toEqual([
      4,
      served[3]![3] === 'timeout' ? 2 : 1,
    ]);
  });

  it('finds the same as a plain list, by all filters together, and forgets the oldest', () => {
    const random = randomFrom(7);
    const pick = (n: number) => Math.floor(random() * n);
    const capacity = 37;
    const bus = makeBus({ historyCapacity: capacity, axonCapacity: 1024 });
    const ids = Array.from({ length: 4 }, (_, i) => agent(bus, `${i}`));
    const all: { from: number; to: number; priority: number; correlationId: number; time: number }[] = [];
    for (let i = 0; i < 200; i++) {
      const [from, to, priority, correlationId] = [ids[pick(4)]!, ids[pick(4)]!, pick(256), pick(3)];
      bus.clock.advance(pick(2));
      bus.send(from, to, '', { priority, correlationId });
      all.push({ from, to, priority, correlationId, time: bus.clock.now() });
    }
    const kept = all.slice(-capacity);
    for (let i = 0; i < 200; i++) {
      const query = {
        ...(random() < 0.5 && { agent: ids[pick(4)]! }),
        ...(random() < 0.5 && { priority: pick(256) }),
        ...(random() < 0.5 && { correlationId: pick(3) }),
        ...(random() < 0.5 && { since: pick(100) * 1e6 }),
        ...(random() < 0.5 && { type: (['send', 'request'] as MessageKind[])[pick(2)]! }),
        ...(random() < 0.5 && { limit: pick(10) }),
      };
      const { agent: id, priority = 0, correlationId, since = 0, type = 'send', limit = capacity } = query;
      const expected = kept.filter(
        (entry) =>
          type === 'send' &&
          (id === undefined || entry.from === id || entry.to === id) &&
          entry.priority >= priority &&
          (correlationId === undefined || entry.correlationId === correlationId) &&
          entry.time >= since,
      );
      const found = bus.history(query);
      expect(found).toMatchObject(limit === 0 ? [] : expected.slice(-limit));
    }
    expect(bus.history()).toHaveLength(capacity);
  });

  it('is off with a capacity of 0', () => {
    const bus = makeBus({ historyCapacity: 0 });
    const a = agent(bus, 'a');
    bus.send(a, agent(bus, 'b'), 'x');
    expect(bus.history()).toEqual([]);
    expect(bus.traffic().byType.send.count).toBe(1);
  });

  it('refuses queries that it would not understand, and those after close', () => {
    const bus = NeuronBus.create({ clock: 'virtual' });
    onTestFinished(() => bus.close());
    const wrong = [
      { agents: 1 },
      { agent: -1 },
      { agent: '1' },
      { type: 'message' },
      { priority: 256 },
      { correlationId: 0.5 },
      { since: Number.NaN },
      { limit: -1 },
      null,
    ];
    for (const query of wrong) {
      expect([query, codeOf(() => bus.history(query as never))]).toEqual([query, 'ERR_NB_INVALID_ARGUMENT']);
    }
    expect(codeOf(() => NeuronBus.create({ historyCapacity: -1 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    bus.close();
    expect(codeOf(() => bus.history())).toBe('ERR_NB_CLOSED');
    expect(codeOf(() => bus.traffic())).toBe('ERR_NB_CLOSED');
  });
});
