// Questions find their answers, however these are given and in whatever order.
import type { Reply, Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { expectReconciled, makeBus, turn } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

describe('an answer is given', () => {
  it.each<[string, (request: Request) => unknown]>([
    ['by what onRequest returns', (request) => `${request.text()}!`],
    ['by its promise', async (request) => `${request.text()}!`],
    ['later, by its promise', (request) => turn().then(() => `${request.text()}!`)],
    ['by reply()', (request) => void request.reply(`${request.text()}!`)],
    ['later, by reply()', (request) => void turn().then(() => request.reply(`${request.text()}!`))],
  ])('%s', async (_, answer) => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, answer)];
    const asking = asker.handle.request(other.id, 'why', { priority: 7, type: 1, correlationId: 99 });
    await settle(bus);
    const reply = await asking;
    expect([reply.value, reply.text(), reply.from, reply.correlationId]).toEqual([
      'why!',
      'why!',
      other.id,
      99,
    ]);
    const [request] = other.requests;
    expect([request.from, request.to, request.priority, request.type]).toEqual([asker.id, other.id, 7, 1]);
    expect([request.answered, request.reply('again'), request.reject(new Error('no'))]).toEqual([
      true,
      false,
      false,
    ]);
    await settle(bus);
    const { pending, late, waiting, handlerErrors } = expectReconciled(bus);
    expect({ pending, late, waiting, handlerErrors }).toEqual({
      pending: 0,
      late: 0,
      waiting: 0,
      handlerErrors: 0,
    });
  });

  it('all parts in one, by a generator where one answer is wanted', async () => {
    const bus = makeBus();
    const other = addAgent(bus, async function* () {
      yield 'a';
      yield 2;
    });
    const asking = addAgent(bus).handle.request(other.id, 'x');
    await settle(bus);
    expect((await asking).value).toEqual(['a', 2]);
  });

  it.each<[string, (request: Request) => unknown]>([
    [
      'thrown',
      () => {
        throw Object.assign(new TypeError('bad ü'), { code: 'E7' });
      },
    ],
    [
      'rejected',
      async () => {
        throw Object.assign(new TypeError('bad ü'), { code: 'E7' });
      },
    ],
    [
      'told by reject()',
      (request) => void request.reject(Object.assign(new TypeError('bad ü'), { code: 'E7' })),
    ],
    [
      'thrown after the first part',
      async function* () {
        yield 1;
        throw Object.assign(new TypeError('bad ü'), { code: 'E7' });
      },
    ],
  ])('as an error: %s', async (_, answer) => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, answer)];
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(asked.is).toBe('ERR_NB_REMOTE');
    expect(asked.error!.message).toContain('TypeError: bad ü');
    const cause = asked.error!.cause as Error & { code: string };
    expect([cause.name, cause.message, cause.code]).toEqual(['TypeError', 'bad ü', 'E7']);
    expect(bus.stats()).toMatchObject({ pending: 0, handlerErrors: 0 });
  });

  it.each<[string, unknown, string]>([
    ['a text', 'oops', 'oops'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
  ])('as an error that is none: %s', async (_, thrown, message) => {
    const bus = makeBus();
    const other = addAgent(bus, () => {
      throw thrown;
    });
    const asked = outcome(addAgent(bus).handle.request(other.id, 'x'));
    await settle(bus);
    expect((asked.error!.cause as Error).message).toBe(message);
  });

  it('not at all, where there is no onRequest', async () => {
    const bus = makeBus();
    const other = addAgent(bus);
    Object.defineProperty(other, 'onRequest', { value: undefined });
    const asked = outcome(addAgent(bus).handle.request(other.id, 'x'));
    await settle(bus);
    expect((asked.error!.cause as { code: string }).code).toBe('ERR_NB_NO_HANDLER');
  });
});

it('20 questions at once, answered in reverse order among other traffic: all match', async () => {
  const bus = makeBus({ axonCapacity: 256 });
  const other = addAgent(bus, () => undefined);
  const asker = addAgent(bus, () => 'unrelated');
  const got: [unknown, number][] = [];
  const all = Array.from({ length: 20 }, async (_, i) => {
    const reply = await asker.handle.request(other.id, { i });
    got.push([reply.value, i]);
  });
  for (let i = 0; i < 10; i++) {
    asker.send(other.id, 'noise');
    other.send(asker.id, 'noise');
    bus.fire(other.id, { target: asker.id, payload: 'spike' });
  }
  bus.tick();
  expect(bus.stats().pending).toBe(20);
  for (const request of [...other.requests].reverse()) {
    expect(request.reply({ answer: (request.value as { i: number }).i })).toBe(true);
    other.send(asker.id, 'noise');
    bus.fire(other.id, { target: asker.id, payload: 'spike' });
    outcome(other.handle.request(asker.id, 'back'));
  }
  await settle(bus);
  await Promise.all(all);
  expect(got).toEqual(Array.from({ length: 20 }, (_, i) => [{ answer: 19 - i }, 19 - i]));
  expect(asker.texts.length).toBe(30);
  expect(expectReconciled(bus)).toMatchObject({ pending: 0, late: 0 });
});

it('conversations: what comes of a message belongs to the same one; a message of none begins one', async () => {
  const bus = makeBus();
  const last = addAgent(bus);
  const middle = addAgent(bus, async (request) => (await request.request(last.id, request.value)).value);
  const asker = addAgent(bus);
  const first = asker.handle.request(middle.id, 'a');
  const second = asker.handle.request(middle.id, 'b');
  asker.send(last.id, 'plain');
  asker.send(last.id, 'joined', { correlationId: 77 });
  await settle(bus);
  const [one, two] = [await first, await second];
  expect(last.requests.map(({ correlationId }) => correlationId)).toEqual([
    one.correlationId,
    two.correlationId,
  ]);
  expect(one.correlationId).not.toBe(two.correlationId);
  expect(last.messages.map(({ correlationId }) => correlationId)).toEqual([0, 77]);
  const [plain, joined] = last.messages;
  joined.send(asker.id, 'x');
  const begun = outcome(plain.request(asker.id, 'y'));
  await settle(bus);
  expect(asker.messages[0].correlationId).toBe(77);
  expect((begun.value as Reply).correlationId).toBeGreaterThan(0);
});

it('latency is from question to answer, on the clock of the bus', async () => {
  const bus = makeBus();
  const other = addAgent(bus, () => undefined);
  const asking = addAgent(bus).handle.request(other.id, 'x');
  bus.clock.advance(2);
  bus.tick();
  bus.clock.advance(3);
  other.requests[0].reply();
  bus.tick();
  expect((await asking).latencyNs).toBe(5e6);
});

it('messages to who has no onMessage, and what handlers throw, become error events; others go on', async () => {
  const bus = makeBus();
  const errors: [string, number][] = [];
  bus.on('error', (error, { neuron }) =>
    errors.push([(error as { code?: string }).code ?? String(error), neuron]),
  );
  const [mute, asker] = [addAgent(bus), addAgent(bus)];
  Object.defineProperty(mute, 'onMessage', { value: undefined });
  asker.send(mute.id, 'x');
  asker.send(asker.id, 'me');
  bus.tick();
  expect([errors, asker.texts]).toEqual([[['ERR_NB_NO_HANDLER', mute.id]], ['me']]);
  const failing = addAgent(bus);
  let bad = 0;
  failing.onMessage = () => {
    if (bad++ === 0) throw new Error('at once');
    return Promise.reject(new Error('later'));
  };
  asker.send(failing.id, 'x');
  asker.send(failing.id, 'x');
  await settle(bus);
  expect(errors.slice(1)).toEqual([
    ['Error: at once', failing.id],
    ['Error: later', failing.id],
  ]);
  expect(bus.stats().handlerErrors).toBe(3);
});

it('what a handler throws after it answered is an error event', async () => {
  const bus = makeBus();
  const errors: string[] = [];
  bus.on('error', (error) => errors.push(String(error)));
  const other = addAgent(bus, async (request) => {
    request.reply('good');
    throw new Error('afterwards');
  });
  const asked = outcome(addAgent(bus).handle.request(other.id, 'x'));
  await settle(bus);
  expect([asked.value?.value, errors]).toEqual(['good', ['Error: afterwards']]);
});

it('a listener that throws loses no message', async () => {
  const bus = makeBus();
  bus.on('error', (error) => {
    throw error;
  });
  const [asker, other] = [addAgent(bus), addAgent(bus)];
  const seen: string[] = [];
  other.onMessage = (message) => {
    seen.push(message.text());
    if (message.text() === 'b') throw new Error('on purpose');
  };
  for (const text of ['a', 'b', 'c']) asker.send(other.id, text);
  expect(() => bus.tick()).toThrow('on purpose');
  bus.tick();
  expect([seen, bus.stats().waiting]).toEqual([['a', 'b', 'c'], 0]);
});

it('spikes and messages live side by side', async () => {
  const bus = makeBus();
  const [asker, other] = [addAgent(bus), addAgent(bus)];
  bus.connect(asker.id, other.id).build();
  asker.send(other.id, 'message');
  bus.fire(asker.id, { payload: 'broadcast' }); // other ignores spikes
  bus.fire(asker.id, { target: other.id, type: 2 });
  bus.tick();
  expect(other.texts).toEqual(['message']);
  const stats = expectReconciled(bus);
  expect([stats.published, stats.delivered]).toEqual([3, 3]);
  const { potential } = bus.membrane(other.id);
  expect(potential).toBe(0.5); // of the broadcast
  asker.send(other.id, 'message');
  bus.tick();
  expect(bus.membrane(other.id).potential).toBe(potential); // messages pass by
});
