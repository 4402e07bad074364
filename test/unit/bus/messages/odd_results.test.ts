// Handlers may return and throw anything: the asker hears of it, and nothing of it gets past the bus.
import { inspect } from 'node:util';
import type { Request } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, expectReconciled, makeBus, turn } from '../support.js';
import { addAgent, collect, outcome, settle } from './support.js';

/** Errors of the bus, and what came to nobody. */
function watch(bus: ReturnType<typeof makeBus>) {
  const seen = { errors: 0, uncaught: 0 };
  const uncaught = () => seen.uncaught++;
  bus.on('error', () => seen.errors++);
  process.prependListener('uncaughtException', uncaught);
  process.prependListener('unhandledRejection', uncaught);
  onTestFinished(() => {
    process.removeListener('uncaughtException', uncaught);
    process.removeListener('unhandledRejection', uncaught);
  });
  return seen;
}

function throwing(property: string): unknown {
  return Object.defineProperty(new Error('m'), property, {
    get() {
      throw new Error('on purpose');
    },
  });
}

const thrower = {
  [inspect.custom]() {
    throw new Error('on purpose');
  },
};
const proxy = new Proxy(
  {},
  {
    getPrototypeOf() {
      throw new Error('on purpose');
    },
  },
);
const unreadable: [string, unknown][] = [
  ['an error whose message throws', throwing('message')],
  ['an error whose code throws', throwing('code')],
  ['an error whose name is no text', Object.assign(new Error('m'), { name: Object.create(null) })],
  ['an object that cannot be inspected', thrower],
  ['an object without a readable prototype', proxy],
];

describe.each(unreadable)('%s', (_, error) => {
  it.each<[string, (error: unknown) => unknown]>([
    [
      'thrown',
      (error) => {
        throw error;
      },
    ],
    ['rejected', (error) => Promise.reject(error)],
    [
      'thrown by a generator',
      async function* (error) {
        yield 1;
        throw error;
      },
    ],
  ])('%s: the asker gets an error, and the bus tells of it', async (_, fail) => {
    const bus = makeBus();
    const seen = watch(bus);
    const [asker, other] = [addAgent(bus), addAgent(bus, () => fail(error))];
    other.onMessage = () => fail(error) as Promise<void>;
    const asked = outcome(asker.handle.request(other.id, 'x'));
    const streamed = collect(asker.handle.stream(other.id, 'x'));
    await settle(bus);
    expect(asked.is).toBe('ERR_NB_REMOTE');
    expect((await streamed).at(-1)).toBe('ERR_NB_REMOTE');
    expect([seen, bus.health(other.id).load, bus.stats().handlerErrors]).toEqual([
      { errors: 2, uncaught: 0 },
      0,
      2,
    ]);
    expectReconciled(bus);
  });
});

describe('a result is', () => {
  it.each<[string, () => unknown]>([
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    ['the least thenable', () => ({ then: (resolve: (value: string) => void) => resolve('good') })],
    [
      'a promise whose then() was replaced',
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      () => Object.assign(Promise.resolve('good'), { then: () => undefined }),
    ],
  ])('waited for: %s', async (_, answer) => {
    const bus = makeBus();
    const seen = watch(bus);
    const [asker, other] = [addAgent(bus), addAgent(bus, answer, {}, 1)];
    other.onMessage = answer as () => Promise<void>;
    asker.send(other.id, 'x');
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect([asked.is, asked.value?.value]).toEqual(['resolved', 'good']);
    expect([seen, bus.health(other.id).load]).toEqual([{ errors: 0, uncaught: 0 }, 0]);
  });

  it('an error where its then cannot be read', async () => {
    const bus = makeBus();
    const seen = watch(bus);
    const evil = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      get then() {
        throw new Error('on purpose');
      },
    };
    const [asker, other] = [addAgent(bus), addAgent(bus, () => evil)];
    other.onMessage = () => evil as unknown as Promise<void>;
    const asked = outcome(asker.handle.request(other.id, 'x'));
    asker.send(other.id, 'x');
    await settle(bus);
    expect(asked.error?.message).toContain('on purpose');
    expect([asked.is, seen, bus.health(other.id).load]).toEqual([
      'ERR_NB_REMOTE',
      { errors: 1, uncaught: 0 },
      0,
    ]);
  });

  it('all parts of a generator, asynchronous or not, which is ended when nobody reads on', async () => {
    const bus = makeBus();
    let ended = 0;
    const other = addAgent(bus, function* (request: Request) {
      try {
        for (let i = 0; i < (request.value as number); i++) yield i;
      } finally {
        ended++;
      }
    });
    const { handle } = addAgent(bus);
    const parts = collect(handle.stream(other.id, 3));
    const asked = outcome(handle.request(other.id, 2));
    const asynchronously = addAgent(bus, async (request) => other.answer(request, other.handle));
    const later = outcome(handle.request(asynchronously.id, 4));
    await settle(bus);
    expect(await parts).toEqual([0, 1, 2]);
    expect([asked.value?.value, later.value?.value]).toEqual([
      [0, 1],
      [0, 1, 2, 3],
    ]);
    for await (const part of drive(bus, handle.stream(other.id, 1000))) if (part === 5) break;
    await settle(bus);
    expect(ended).toBe(4);
  });
});

/** A stream whose bus ticks while it is read. */
async function* drive<T>(bus: ReturnType<typeof makeBus>, stream: AsyncIterable<T>): AsyncGenerator<T> {
  const timer = setInterval(() => bus.closed || bus.tick(), 1);
  try {
    yield* stream;
  } finally {
    clearInterval(timer);
  }
}

describe('a generator without end, of which one answer is wanted', () => {
  function addEndless(bus: ReturnType<typeof makeBus>, part: unknown) {
    const seen = { parts: 0, ended: 0 };
    const endless = addAgent(bus, async function* () {
      try {
        for (; ; seen.parts++) yield part;
      } finally {
        seen.ended++;
      }
    });
    return { seen, endless };
  }

  it('ends at the deadline', async () => {
    const bus = makeBus();
    const { seen, endless } = addEndless(bus, 1);
    const asked = outcome(addAgent(bus).handle.request(endless.id, 'x', { timeoutMs: 10 }));
    await settle(bus);
    expect([asked.is, seen.ended, seen.parts > 0]).toEqual(['pending', 0, true]);
    bus.clock.advance(11);
    await settle(bus);
    expect([asked.is, seen.ended]).toEqual(['ERR_NB_TIMEOUT', 1]);
  });

  it('ends when its asker leaves, or the bus is closed', async () => {
    const bus = makeBus();
    const { seen, endless } = addEndless(bus, 1);
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    outcome(asker.handle.request(endless.id, 'x'));
    outcome(other.handle.request(endless.id, 'x'));
    await settle(bus);
    bus.unregister(asker.id);
    await settle(bus);
    expect(seen.ended).toBe(1);
    bus.close();
    for (let i = 0; i < 5; i++) await turn();
    expect(seen.ended).toBe(2);
  });

  it('ends when there is more than an answer can hold', async () => {
    const bus = makeBus();
    const { seen, endless } = addEndless(bus, 'x'.repeat(10_000));
    const patient = { timeoutMs: Number.POSITIVE_INFINITY };
    const asked = outcome(addAgent(bus).handle.request(endless.id, 'x', patient));
    for (let i = 0; i < 1000 && asked.is === 'pending'; i++) {
      bus.tick();
      await turn();
    }
    expect([asked.is, (asked.error!.cause as { code: string }).code]).toEqual([
      'ERR_NB_REMOTE',
      'ERR_NB_TOO_LARGE',
    ]);
    expect([seen.ended, seen.parts < 200]).toEqual([1, true]); // of 10,003 bytes each, in an arena of 2^20
  });

  it('says what is wrong with a part', async () => {
    const bus = makeBus();
    const { seen, endless } = addEndless(bus, 1n);
    const asked = outcome(addAgent(bus).handle.request(endless.id, 'x'));
    await settle(bus);
    expect([asked.is, seen.ended]).toEqual(['ERR_NB_REMOTE', 1]);
    expect(asked.error?.message).toContain('value is 1n');
  });
});

describe('a value that says nothing as JSON', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  it.each<[string, unknown]>([
    ['a promise', Promise.resolve(1)],
    ['an error', new Error('e')],
    ['an expression', /x/],
    ['a WeakMap', new WeakMap()],
    ['a WeakSet', new WeakSet()],
    ['a generator', (function* () {})()],
    ['a Map', new Map()],
    ['something cyclic', cyclic],
    ['something with a BigInt', { n: 1n }],
  ])('is refused, and the error names it: %s', async (_, value) => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, () => undefined)];
    let message = '';
    const send = () => {
      try {
        asker.send(other.id, value);
      } catch (error) {
        message = (error as Error).message;
        throw error;
      }
    };
    expect(codeOf(send)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(message).toMatch(/^value (is|cannot)/);
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(codeOf(() => other.requests[0]?.reply(value))).toBe('ERR_NB_INVALID_ARGUMENT');
    other.requests[0]?.reply('good');
    await settle(bus);
    expect(asked.value?.value).toBe('good');
  });

  it('unless it says itself how it is shown', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const error = Object.assign(new Error('e'), { toJSON: () => ({ told: 'e' }) });
    for (const value of [
      error,
      new Date(0),
      new (class Point {
        x = 1;
      })(),
      Object.create(null),
    ])
      asker.send(other.id, value);
    bus.tick();
    expect(other.messages.map(({ value }) => value)).toEqual([
      { told: 'e' },
      '1970-01-01T00:00:00.000Z',
      { x: 1 },
      {},
    ]);
  });
});
