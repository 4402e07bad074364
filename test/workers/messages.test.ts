// Questions and answers between threads: the same as within one.
import { Neuron, type NeuronHandle, type Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { Colony, colony, quiet, sleep, until } from './support.js';

class Asker extends Neuron {
  readonly texts: string[] = [];
  override onMessage(message: { text(): string }): void {
    this.texts.push(message.text());
  }
  override onRequest(request: Request): unknown {
    return request.value;
  }
}

/** An agent in worker `index` that answers as the value of the question says. */
function serve(there: Colony, index: number, card: object = {}): Promise<number> {
  return there.on(
    index,
    ({ bus, Neuron, state }, more) => {
      state.asked = state.aborted = state.ended = 0;
      state.texts = [];
      class Server extends Neuron {
        override onMessage(message: { text(): string }) {
          state.texts.push(message.text());
        }
        override onRequest(request: Request, handle: NeuronHandle) {
          state.asked++;
          const { how, value } = request.value as { how: string; value: unknown };
          if (how === 'echo') return { value, index: state.index };
          if (how === 'fail') throw Object.assign(new RangeError(String(value)), { code: 'E1' });
          if (how === 'pass on') {
            const passed = handle.request(String(value), { how: 'echo', value: 'passed on' });
            return passed.then((reply) => reply.value);
          }
          if (how === 'stream') return this.parts(Number(value));
          request.signal.addEventListener('abort', () => state.aborted++);
          return new Promise(() => {});
        }
        async *parts(count: number) {
          try {
            for (let i = 0; i < count; i++) {
              state.given = i + 1;
              yield `part ${i}`;
            }
          } finally {
            state.ended++;
          }
        }
      }
      state.server = new Server();
      state.id = bus.register(state.server, {
        name: `server ${state.index}`,
        capabilities: ['serve'],
        ...more,
      });
      return state.id;
    },
    card,
  );
}

async function scene(threads: number, options = {}) {
  const there = await colony(threads, options);
  const servers: number[] = [];
  for (let i = 0; i < threads; i++) {
    await there.on(i, ({ state, index }) => {
      state.index = index;
    });
    servers.push(await serve(there, i));
  }
  const asker = new Asker();
  const id = there.bus.register(asker, { name: 'asker' });
  const ask = (to: number | string | { capability: string }, how: string, value?: unknown, more = {}) =>
    there.bus.request(id, to, { how, value }, { timeoutMs: 30_000, ...more });
  return { there, bus: there.bus, servers, asker, id, ask };
}

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  );

describe('over threads', () => {
  it('values of all kinds and sizes go there and back', async () => {
    const { bus, ask } = await scene(2);
    for (const value of ['x', '', 'é'.repeat(16), 'y'.repeat(1 << 20), [1, { a: null }]]) {
      const reply = await ask('server 1', 'echo', value);
      expect(reply.value).toEqual({ value, index: 1 });
    }
    const error = await ask('server 0', 'fail', 'oops').catch((error) => error);
    expect(error).toMatchObject({
      code: 'ERR_NB_REMOTE',
      cause: { name: 'RangeError', message: 'oops', code: 'E1' },
    });
    expect((await ask('server 0', 'pass on', 'server 1')).value).toEqual({ value: 'passed on', index: 1 });
    await quiet(bus);
    expect(bus.stats().pending).toBe(0);
  });

  it('many at once, to whoever can, all match', async () => {
    const { bus, ask } = await scene(2);
    const all = Array.from({ length: 500 }, async (_, i) => {
      const reply = await ask({ capability: 'serve' }, 'echo', i);
      const { value, index } = reply.value as { value: number; index: number };
      expect(value).toBe(i);
      return index;
    });
    expect(new Set(await Promise.all(all))).toEqual(new Set([0, 1]));
    expect(await quiet(bus)).toMatchObject({ pending: 0, late: 0 });
  });

  it('a worker asks the main thread, and tells everybody', async () => {
    const { there, bus, asker } = await scene(2);
    const answer = await there.on(
      0,
      async ({ bus, state }) => (await bus.request(state.id, 'asker', { deep: [1] })).value,
    );
    expect(answer).toEqual({ deep: [1] });
    const went = await there.on(0, ({ bus, state }) => bus.sendAll(state.id, () => true, 'to all'));
    expect(went).toBe(2);
    await until(() => asker.texts.length === 1, 'the message');
    await until(() => there.on(1, ({ state }) => state.texts.length === 1));
    await quiet(bus);
  });

  it('timeout and abort reach who works on it', async () => {
    const { there, bus, servers, ask } = await scene(1);
    expect(await rejection(ask(servers[0]!, 'mute', 0, { timeoutMs: 20 }))).toBe('ERR_NB_TIMEOUT');
    const controller = new AbortController();
    const asked = rejection(ask(servers[0]!, 'mute', 0, { signal: controller.signal }));
    await until(() => there.on(0, ({ state }) => state.asked === 2));
    controller.abort();
    expect(await asked).toBe('ERR_NB_ABORTED');
    await until(() => there.on(0, ({ state }) => state.aborted === 2), 'two aborted signals');
    expect(bus.stats().pending).toBe(0);
  });

  it('a question to who leaves, or dies with its thread, ends; others do not', async () => {
    const { there, bus, servers, ask } = await scene(2);
    const left = rejection(ask(servers[0]!, 'mute'));
    await until(() => there.on(0, ({ state }) => state.asked === 1));
    await there.on(0, ({ bus, state }) => bus.unregister(state.id));
    bus.discover('serve'); // whoever looks at the roster in between
    expect(await left).toBe('ERR_NB_DEAD_TARGET');
    const dead = rejection(ask(servers[1]!, 'mute'));
    await until(() => there.on(1, ({ state }) => state.asked === 1));
    expect(bus.stats().pending).toBe(1);
    await there.pool.terminate();
    expect(await dead).toBe('ERR_NB_DEAD_TARGET');
    expect(await rejection(ask(servers[1]!, 'echo'))).toBe('ERR_NB_NO_ROUTE');
    expect(bus.stats().pending).toBe(0);
  });

  it('questions to a capability go round a thread that died', async () => {
    const { there, bus, ask } = await scene(2);
    const mortal = new Colony(bus, 1);
    await mortal.pool.ready;
    await mortal.on(0, ({ state }) => {
      state.index = 2;
    });
    const doomed = await serve(mortal, 0);
    const asked = () => ask({ capability: 'serve' }, 'echo', 'x');
    const before = await Promise.all(Array.from({ length: 90 }, asked));
    expect(new Set(before.map(({ from }) => from)).size).toBe(3);
    expect(bus.health(doomed)).toMatchObject({ alive: true, out: false });
    await mortal.pool.terminate();
    const after = await Promise.all(Array.from({ length: 90 }, asked));
    expect(new Set(after.map(({ from }) => from)).has(doomed)).toBe(false);
    expect(bus.health(doomed).alive).toBe(false);
    // The load that everybody reads is that of all askers together: each worker sees what the main thread asked the other.
    const mute = Array.from({ length: 5 }, () =>
      rejection(ask('server 1', 'mute', 0, { timeoutMs: 60_000 })),
    );
    const seen = () =>
      there.on(0, ({ bus }) => {
        const [card] = bus.discover('serve').filter(({ name }) => name === 'server 1');
        return bus.health(card!.id).load;
      });
    await until(async () => (await seen()) === 5, 'a load of 5');
    bus.close();
    expect(new Set(await Promise.all(mute))).toEqual(new Set(['ERR_NB_CLOSED']));
  });

  it('a question of who dies is cancelled where it is worked on', async () => {
    const { there, id } = await scene(2);
    const asked = there.on(
      0,
      ({ bus, state }, to) => bus.request(state.id, to, { how: 'mute' }, { timeoutMs: 1e6 }),
      'server 1',
    );
    asked.catch(() => {});
    await until(() => there.on(1, ({ state }) => state.asked === 1));
    await there.on(0, ({ bus, state }) => bus.unregister(state.id));
    await until(() => there.on(1, ({ state }) => state.aborted === 1), 'the end of its signal');
    expect(id).toBeGreaterThanOrEqual(0);
  });

  it('streams keep their window, and end at both ends', async () => {
    const { there, bus, servers, id } = await scene(1);
    const open = (count: number) => bus.stream(id, servers[0]!, { how: 'stream', value: count });
    const all: unknown[] = [];
    for await (const part of open(1000)) all.push(part);
    expect(all).toEqual(Array.from({ length: 1000 }, (_, i) => `part ${i}`));
    const slow = open(1000);
    await slow.next();
    await sleep(20);
    expect(await there.on(0, ({ state }) => state.given)).toBeLessThanOrEqual(33);
    await slow.return();
    await until(() => there.on(0, ({ state }) => state.ended === 2), 'the end of the generator');
    expect(await quiet(bus)).toMatchObject({ pending: 0 });
  });

  it('more streams than a ring has slots all arrive', async () => {
    const { bus, servers, id } = await scene(2, { axonCapacity: 8 });
    const read = async (server: number): Promise<unknown[]> => {
      const all: unknown[] = [];
      for await (const part of bus.stream(id, server, { how: 'stream', value: 300 }, { timeoutMs: 1e6 }))
        all.push(part);
      return all;
    };
    // Four questions for each ring at a time; their parts have to share two rings of eight slots on the way back.
    const streams = servers.flatMap((server) => Array.from({ length: 4 }, () => read(server)));
    for (const all of await Promise.all(streams))
      expect(all).toEqual(Array.from({ length: 300 }, (_, i) => `part ${i}`));
    const { pending, dropped } = await quiet(bus);
    expect([pending, Object.values(dropped).filter((count) => count > 0)]).toEqual([0, []]);
  });

  it.each(['unregister', 'close', 'terminate'] as const)(
    'what lies in the mailbox of a neuron is queued, and dropped when it goes: %s',
    async (how) => {
      const { there, bus, id } = await scene(1);
      const to = await there.on(0, ({ bus, Neuron, state }) => {
        state.busy = new (class extends Neuron {
          override readonly concurrency = 1;
          override onMessage() {
            return new Promise<void>(() => {});
          }
        })();
        state.id = bus.register(state.busy, { name: 'busy' });
        return state.id as number;
      });
      const before = await quiet(bus);
      for (let i = 0; i < 10; i++) expect(bus.send(id, to, i)).toBe(true);
      await until(() => there.on(0, ({ bus }) => bus.stats().waiting === 9), 'nine in the mailbox');
      const { delivered, queued } = bus.stats();
      expect([delivered - before.delivered, queued]).toEqual([1, 9]);
      if (how === 'terminate') await there.pool.terminate();
      else if (how === 'close') void there.on(0, ({ bus }) => bus.close());
      else await there.on(0, ({ bus, state }) => bus.unregister(state.id));
      const after = await quiet(bus);
      expect([after.delivered - before.delivered, after.dropped.deadTarget]).toEqual([1, 9]);
    },
  );

  it('a full ring of another thread is not waited for when many are told', async () => {
    const { there, bus, id } = await scene(1, { axonCapacity: 16, backpressure: 'block', blockMs: 1e6 });
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const busy = there.on(
      0,
      (_, gate) => {
        Atomics.store(gate, 0, 1);
        Atomics.wait(gate, 1, 0);
      },
      gate,
    );
    await until(() => Atomics.load(gate, 0) === 1, 'a thread that is deaf');
    let went = 0;
    for (let i = 0; i < 100; i++) went += bus.sendAll(id, 'server 0', `${i}`);
    expect(went).toBeLessThan(100); // and this returned, where waiting takes 1,000 seconds
    Atomics.store(gate, 1, 1);
    Atomics.notify(gate, 1);
    await busy;
    const stats = await quiet(bus);
    expect(stats.dropped.deadline).toBe(100 - went);
    expect(await there.on(0, ({ state }) => state.texts.length)).toBe(went);
  });

  it('close() ends what is pending with others', async () => {
    const { there, bus, servers, ask } = await scene(1);
    const asked = rejection(ask(servers[0]!, 'mute'));
    await until(() => there.on(0, ({ state }) => state.asked === 1));
    bus.close();
    expect(await asked).toBe('ERR_NB_CLOSED');
  });
});
