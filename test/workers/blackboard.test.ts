// One blackboard, used from several threads.

import { Blackboard, type BoardChange, Neuron, NeuronBus } from 'neuronbus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Colony, codeOf, until } from './support.js';

class Agent extends Neuron {}

const THREADS = 3;
const everywhere = [0, 1, 2];
let bus: NeuronBus;
let there: Colony;
let me: number;
beforeAll(async () => {
  bus = NeuronBus.create();
  bus.register(new Blackboard(), { name: 'blackboard' });
  me = bus.register(new Agent(), { name: 'main' });
  there = new Colony(bus, THREADS);
  bus.start();
  await there.pool.ready;
  for (const index of everywhere) {
    await there.on(index, ({ bus, Counter, state, index }) => {
      state.id = bus.register(new Counter(), { name: `agent ${index}` });
      state.board = bus.blackboard(state.id);
    });
  }
});
afterAll(() => there.end());

describe('a blackboard', () => {
  it('is the same from every thread, whatever bytes are in it', async () => {
    const board = bus.blackboard(me);
    const key = 'quote " \' backslash \\ line\nfeed \0 zero \ud800';
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 0xff);
    const version = await board.set(key, { text: key, list: [null, 0.1, '"'] });
    await board.set(bytes.subarray(0, 300), bytes);
    for (const index of everywhere) {
      const seen = await there.on(
        index,
        async ({ state }, { key, bytes }) => [
          await state.board.get(key),
          await state.board.get(bytes.subarray(0, 300)),
        ],
        { key, bytes },
      );
      expect(seen).toEqual([
        { value: { text: key, list: [null, 0.1, '"'] }, version },
        { value: bytes, version: version + 1 },
      ]);
    }
    await there.on(1, ({ state }, key) => state.board.set(key, 'from a worker'), key);
    expect((await board.get(key))!.value).toBe('from a worker');
  });

  it('counts exactly what three threads add with compare-and-set', async () => {
    const EACH = 1000;
    const [first] = await Promise.all(
      everywhere.map((index) =>
        there.on(
          index,
          async ({ state }, each) => {
            let refused = 0;
            for (let i = 0; i < each; i++) {
              let now = (await state.board.get('count')) ?? { value: 0, version: 0 };
              for (;;) {
                const done = await state.board.compareAndSet('count', now.version, (now.value ?? 0) + 1);
                if (done.ok) break;
                refused++;
                now = done;
              }
            }
            return refused;
          },
          EACH,
        ),
      ),
    );
    expect(first).toBeGreaterThanOrEqual(0);
    expect((await bus.blackboard(me).get('count'))!.value).toBe(THREADS * EACH);
  });

  it('shows watchers in every thread the last value, each key in the order of its versions', async () => {
    for (const index of everywhere) {
      await there.on(index, ({ state }) => {
        state.changes = [];
        state.watching = (async () => {
          for await (const change of state.board.watch({ prefix: 'watched/' })) state.changes.push(change);
        })();
      });
    }
    await Promise.all(
      everywhere.map((index) =>
        there.on(index, async ({ state, index }) => {
          for (let i = 1; i <= 300; i++) await state.board.set(`watched/${index}`, i);
          if (index === 2) await state.board.delete('watched/2');
        }),
      ),
    );
    for (const index of everywhere) {
      const changes = () => there.on(index, ({ state }) => state.changes as BoardChange<number>[]);
      await until(async () => {
        const last = new Map((await changes()).map(({ key, value }) => [key, value]));
        return (
          last.get('watched/0') === 300 &&
          last.get('watched/1') === 300 &&
          last.get('watched/2') === undefined
        );
      }, `the last state in worker ${index}`);
      for (const key of ['watched/0', 'watched/1', 'watched/2']) {
        const versions = (await changes())
          .filter((change) => change.key === key)
          .map(({ version }) => version);
        expect(versions.length).toBeGreaterThan(0);
        expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      }
    }
  });

  it('is registered by one of several threads that try at once, or refused with a reason', async () => {
    const other = NeuronBus.create();
    const crowd = new Colony(other, THREADS);
    other.start();
    await crowd.pool.ready;
    try {
      for (let round = 0; round < 20; round++) {
        const outcomes = await Promise.all(
          everywhere.map((index) =>
            crowd.on(index, ({ bus, Neuron, state }) => {
              class Sole extends Neuron {
                override readonly capabilities = ['sole'];
                override readonly exclusive = true;
              }
              try {
                state.sole = bus.register(new Sole(), { name: 'sole' });
                return 'registered';
              } catch (error) {
                return (error as { code: string }).code;
              }
            }),
          ),
        );
        const winners = outcomes.filter((outcome) => outcome === 'registered');
        expect(winners.length).toBeLessThanOrEqual(1);
        expect(outcomes.filter((outcome) => outcome === 'ERR_NB_CAPABILITY_TAKEN')).toHaveLength(
          THREADS - winners.length,
        );
        expect(other.discover('sole')).toHaveLength(winners.length);
        if (winners.length === 1)
          await crowd.on(outcomes.indexOf('registered'), ({ bus, state }) => bus.unregister(state.sole));
      }
    } finally {
      await crowd.end();
    }
  });

  it('tells callers and watchers that its thread ended, and begins anew in another', async () => {
    const other = NeuronBus.create();
    const id = other.register(new Agent(), { name: 'main' });
    const owner = new Colony(other, 1, { maxRestarts: 0 });
    other.on('error', () => {});
    other.start();
    await owner.pool.ready;
    try {
      await owner.on(0, ({ bus, Blackboard }) => {
        bus.register(new Blackboard(), { name: 'there' });
      });
      await until(() => other.discover('neuronbus/blackboard').length === 1);
      const board = other.blackboard(id);
      const old = await board.set('a', 1);
      const watch = board.watch('a');
      await watch.next();
      const waiting = codeOf(() => watch.next());
      await owner.pool.terminate();
      expect(await waiting).toBe('ERR_NB_DEAD_TARGET');
      await until(() => other.discover('neuronbus/blackboard').length === 0);
      expect(await codeOf(() => board.get('a'))).toBe('ERR_NB_NO_ROUTE');
      other.register(new Blackboard(), { name: 'here' });
      expect(await board.get('a')).toBeUndefined();
      expect(await board.set('a', 2)).toBeGreaterThan(old);
    } finally {
      await owner.end();
    }
  });
});
