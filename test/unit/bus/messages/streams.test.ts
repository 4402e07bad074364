// Answers in parts: in order, as fast as they are read, and ended at both ends.
import { NeuronBus, type Request, type TokenStream } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STREAM_WINDOW } from '../../../../lib/bus/messages/token_stream.js';
import { expectReconciled, makeBus, turn } from '../support.js';
import { type Agent, addAgent, collect, outcome, settle, ticked } from './support.js';

/** Counts what it gave out, and whether it was ended. */
class Source {
  given = 0;
  ended = false;
  failure: unknown;

  constructor(
    readonly count: number,
    readonly slow = false,
  ) {}

  async *parts(): AsyncGenerator<string> {
    try {
      while (this.given < this.count) {
        if (this.slow) await turn();
        yield `part ${this.given++}`;
      }
      if (this.failure !== undefined) throw this.failure;
    } finally {
      this.ended = true;
    }
  }
}

function scene(source: Source, options = {}) {
  const bus = makeBus({ axonCapacity: 256, ...options });
  const other = addAgent(bus, () => source.parts());
  return { bus, other, asker: addAgent(bus) };
}

const parts = (count: number) => Array.from({ length: count }, (_, i) => `part ${i}`);

describe('a stream', () => {
  it.each([0, 1, STREAM_WINDOW - 1, STREAM_WINDOW, STREAM_WINDOW + 1, 500])('of %i parts', async (count) => {
    for (const slow of [false, true]) {
      const source = new Source(count, slow);
      const { bus, other, asker } = scene(source);
      const stream = asker.handle.stream(other.id, 'go', { priority: 3 });
      expect(await ticked(bus, collect(stream))).toEqual([parts(count)]);
      expect([source.ended, other.requests[0].priority, other.requests[0].answered]).toEqual([true, 3, true]);
      expect(stream.correlationId).toBe(other.requests[0].correlationId);
      expect(expectReconciled(bus)).toMatchObject({ pending: 0, late: 0 });
    }
  });

  it.each<[string, (request: Request) => unknown, unknown[]]>([
    ['one answer', () => 'alone', ['alone']],
    ['a promised answer', async () => ({ a: 1 }), [{ a: 1 }]],
    ['reply()', (request) => void request.reply('told'), ['told']],
    ['a later reply()', (request) => void turn().then(() => request.reply('told')), ['told']],
    ['an iterable object', () => new Source(2).parts(), parts(2)],
    [
      'an error',
      () => {
        throw new Error('no');
      },
      ['ERR_NB_REMOTE'],
    ],
  ])('of %s', async (_, answer, expected) => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, answer)];
    const all = collect(asker.handle.stream(other.id, 'go', { timeoutMs: 100 }));
    await settle(bus);
    expect(bus.stats().pending).toBe(0);
    expect(await all).toEqual(expected);
  });

  it('values of all kinds are parts', async () => {
    const values = [undefined, '', 'x'.repeat(1000), new Uint8Array(3), { a: [] }, null];
    const bus = makeBus();
    const other = addAgent(bus, async function* () {
      yield* values;
    });
    const all = collect(addAgent(bus).handle.stream(other.id, 'go'));
    await settle(bus);
    expect(await all).toEqual(values);
    expect(bus.stats().arena.blocks).toBe(0);
  });

  it('is never more than the window ahead of its reader', async () => {
    const source = new Source(200);
    const { bus, other, asker } = scene(source);
    const stream = asker.handle.stream(other.id, 'go');
    await settle(bus);
    expect(source.given).toBe(STREAM_WINDOW);
    for (let read = 1; read <= 200; read++) {
      expect((await stream.next()).value).toBe(`part ${read - 1}`);
      await settle(bus);
      expect(source.given - read).toBeLessThanOrEqual(STREAM_WINDOW);
      if (read < 200) expect(source.given).toBeGreaterThan(read);
    }
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(bus.stats().pending).toBe(0);
  });

  it('a reader that takes its time is not the answerer’s silence', async () => {
    const source = new Source(50);
    const { bus, other, asker } = scene(source);
    const stream = asker.handle.stream(other.id, 'go', { timeoutMs: 10 });
    const read: unknown[] = [];
    for (;;) {
      await settle(bus);
      bus.clock.advance(100);
      await settle(bus);
      const { done, value } = await stream.next();
      if (done) break;
      read.push(value);
      await settle(bus); // what the credit brought
    }
    expect(read).toEqual(parts(50));
  });

  it('the time is from part to part; the answerer sees it', async () => {
    const bus = makeBus();
    let give = (_part: string) => {};
    const other = addAgent(bus, async function* () {
      for (;;)
        yield await new Promise<string>((resolve) => {
          give = resolve;
        });
    });
    const asker = addAgent(bus);
    const stream = asker.handle.stream(other.id, 'go', { timeoutMs: 10 });
    for (let i = 0; i < 5; i++) {
      const next = outcome(stream.next());
      await settle(bus);
      bus.clock.advance(8);
      give(`${i}`);
      await settle(bus);
      expect(next.value).toEqual({ done: false, value: `${i}` });
      expect(other.requests[0].remainingMs).toBeGreaterThan(9.9);
      expect(other.requests[0].remainingMs).toBeLessThan(10.2);
    }
    const last = outcome(stream.next());
    bus.clock.advance(11);
    await settle(bus);
    expect([last.is, other.requests[0].signal.aborted]).toEqual(['ERR_NB_TIMEOUT', true]);
    expect(outcome(stream.next())).toBeDefined();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a stream ends', () => {
  it('for the generator when the reader leaves the loop', async () => {
    const source = new Source(1000);
    const { bus, other, asker } = scene(source);
    const reading = (async () => {
      for await (const part of asker.handle.stream(other.id, 'go')) if (part === 'part 40') return;
    })();
    await settle(bus);
    await reading;
    await settle(bus);
    expect([source.ended, source.given < 1000, other.requests[0].signal.aborted]).toEqual([true, true, true]);
    expect(bus.stats().pending).toBe(0);
  });

  it('for the generator that waits for a reader, when the time is over, by abort, and at the end of the asker', async () => {
    for (const how of ['abort', 'unregister'] as const) {
      const source = new Source(1000);
      const { bus, other, asker } = scene(source);
      const controller = new AbortController();
      const stream = asker.handle.stream(other.id, 'go', { signal: controller.signal });
      await settle(bus);
      expect([source.given, source.ended]).toEqual([STREAM_WINDOW, false]);
      if (how === 'abort') controller.abort();
      else bus.unregister(asker.id);
      await settle(bus);
      expect(source.ended).toBe(true);
      const read = await collect(stream);
      expect(read).toEqual([
        ...parts(STREAM_WINDOW),
        how === 'abort' ? 'ERR_NB_ABORTED' : 'ERR_NB_UNKNOWN_NEURON',
      ]);
      expect(bus.stats().pending).toBe(0);
    }
  });

  it('for the generator when the bus is closed', async () => {
    const source = new Source(1000);
    const { bus, other, asker } = scene(source);
    const stream = asker.handle.stream(other.id, 'go');
    await settle(bus);
    bus.close();
    await turn();
    expect(source.ended).toBe(true);
    expect((await collect(stream)).at(-1)).toBe('ERR_NB_CLOSED');
  });

  it('with the error of the generator, after the parts before it', async () => {
    const source = new Source(3);
    source.failure = new RangeError('dry');
    const { bus, other, asker } = scene(source);
    const all = collect(asker.handle.stream(other.id, 'go'));
    await settle(bus);
    expect(await all).toEqual([...parts(3), 'ERR_NB_REMOTE']);
  });

  it('with an error when its oldest parts were displaced, never with a hole', async () => {
    const source = new Source(30);
    const { bus, other, asker } = scene(source, { axonCapacity: 16, backpressure: 'drop-oldest' });
    const all = collect(asker.handle.stream(other.id, 'go'));
    bus.tick();
    await turn();
    expect(source.given).toBeGreaterThan(1);
    for (let i = 0; i < 15; i++) bus.fire(asker.id, { target: other.id });
    await settle(bus);
    expect([await all, source.ended]).toEqual([['ERR_NB_FULL'], true]);
    expect(bus.stats().pending).toBe(0);
  });

  it('when its answerer leaves', async () => {
    const source = new Source(1000);
    const { bus, other, asker } = scene(source);
    const stream = asker.handle.stream(other.id, 'go');
    await settle(bus);
    bus.unregister(other.id);
    await settle(bus);
    expect([source.ended, (await collect(stream)).at(-1)]).toEqual([true, 'ERR_NB_DEAD_TARGET']);
  });

  it('quietly when nobody ever read it', async () => {
    const { bus, other, asker } = scene(new Source(3));
    let stream: TokenStream | undefined = asker.handle.stream(other.id, 'go');
    stream = undefined;
    await settle(bus);
    expect([stream, bus.stats().pending]).toEqual([undefined, 0]);
  });
});

describe('a ring smaller than what streams may have under way', () => {
  const MODES = ['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'] as const;

  it.each(MODES.flatMap((mode) => [2, 4, 16].map((capacity) => [mode, capacity] as const)))(
    'lets all of them through in the end: %s, %i slots',
    async (backpressure, axonCapacity) => {
      const bus = makeBus({ axonCapacity, backpressure, sampleEvery: 1e6 });
      const sources = Array.from({ length: 12 }, (_, n) => new Source(40 + n, n % 3 === 0));
      const asker = addAgent(bus);
      const streams: Promise<unknown[]>[] = [];
      for (const source of sources) {
        streams.push(collect(asker.handle.stream(addAgent(bus, () => source.parts()).id, 'go')));
        // A question has to find a free slot by itself. It is there before there are parts: handlers run in a later turn.
        bus.tick();
      }
      for (const [n, read] of (await ticked(bus, ...streams)).entries()) expect(read).toEqual(parts(40 + n));
      const { pending, dropped } = expectReconciled(bus);
      expect([pending, Object.values(dropped).filter((count) => count > 0)]).toEqual([0, []]);
    },
  );

  it('leaves a quarter of itself to everything else', async () => {
    const bus = makeBus({ axonCapacity: 16 });
    const source = new Source(100);
    const asker = addAgent(bus);
    const other = addAgent(bus, () => source.parts());
    const all = collect(asker.handle.stream(other.id, 'go'));
    bus.tick();
    await turn();
    expect(source.given).toBeGreaterThan(1);
    let went = 0;
    while (asker.send(other.id, went)) went++;
    expect(went).toBeGreaterThanOrEqual(4);
    await ticked(bus, all);
    expect(await all).toEqual(parts(100));
    expect(other.messages.map(({ value }) => value)).toEqual(Array.from({ length: went }, (_, i) => i));
  });

  it('does not keep parts for readers that went', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const sources = Array.from({ length: 6 }, () => new Source(100));
    const asker = addAgent(bus);
    const streams = sources.map((source) => {
      const stream = asker.handle.stream(addAgent(bus, () => source.parts()).id, 'go');
      bus.tick();
      return stream;
    });
    await turn();
    await Promise.all(streams.slice(0, 3).map((stream) => stream.return()));
    const rest = collect(streams[5]);
    await ticked(bus, rest);
    expect(await rest).toEqual(parts(100));
    expect(sources.slice(0, 3).map(({ ended }) => ended)).toEqual([true, true, true]);
    bus.unregister(asker.id);
    await settle(bus);
    expect(sources.map(({ ended }) => ended)).toEqual(sources.map(() => true));
  });

  it('ends what waits for room when the bus is closed', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const source = new Source(100);
    const { id } = addAgent(bus, () => source.parts());
    const all = collect(addAgent(bus).handle.stream(id, 'go'));
    bus.tick();
    await turn();
    expect([source.given < STREAM_WINDOW, source.ended]).toEqual([true, false]);
    bus.close();
    expect(await all).toEqual(['ERR_NB_CLOSED']);
    await turn();
    expect(source.ended).toBe(true);
  });
});

it('the answerer is told that its asker went as soon as something is delivered here', async () => {
  const bus = makeBus({ clock: 'real' });
  const there = NeuronBus.attach(bus.handle);
  onTestFinished(() => there.close());
  const source = new Source(1000);
  const other = addAgent(bus, () => source.parts());
  const asker = addAgent(there);
  void collect(asker.handle.stream(other.id, 'go'));
  there.tick();
  bus.tick();
  await turn();
  expect([other.requests.length, other.requests[0].signal.aborted]).toEqual([1, false]);
  there.unregister(asker.id);
  bus.tick(); // and no turn of the event loop, in which a timer could have told it
  expect(other.requests[0].signal.aborted).toBe(true);
});

it('several streams and questions at once do not mix', async () => {
  const bus = makeBus({ axonCapacity: 1024 });
  const agents: Agent[] = Array.from({ length: 4 }, () =>
    addAgent(bus, async function* (request) {
      for (let i = 0; i < 50; i++) yield `${request.text()} ${i}`;
    }),
  );
  const asker = addAgent(bus);
  const all = Array.from({ length: 12 }, (_, n) => collect(asker.handle.stream(agents[n % 4].id, `s${n}`)));
  const one = asker.handle.request(agents[0].id, 'q');
  for (let i = 0; i < 30; i++) {
    bus.tick();
    await turn();
  }
  for (const [n, stream] of all.entries()) {
    expect(await stream).toEqual(Array.from({ length: 50 }, (_, i) => `s${n} ${i}`));
  }
  expect((await one).value).toHaveLength(50);
});
