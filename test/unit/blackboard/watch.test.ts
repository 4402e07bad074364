// Watchers: what is there, what changes, and that the last state is never missed.
import fc from 'fast-check';
import type { BoardChange } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, makeScene, type Scene } from './support.js';

/** The next change, with ticks until it is there. */
async function next<T>(
  { settle }: Scene,
  watch: AsyncIterableIterator<BoardChange<T>>,
): Promise<BoardChange<T>> {
  const { done, value } = await settle(watch.next());
  expect(done).not.toBe(true);
  return value;
}

describe('a watcher of a key', () => {
  it('begins with what is there, then sees what it becomes, and that it is gone', async () => {
    const scene = makeScene();
    const { board, other, settle } = scene;
    const first = await settle(board.set('a', 1));
    const watch = other.watch<number>('a');
    expect(await next(scene, watch)).toEqual({ key: 'a', value: 1, version: first });
    const coming = next(scene, watch);
    await settle(board.set('b', 0));
    const second = await settle(board.set('a', 2));
    expect(await coming).toEqual({ key: 'a', value: 2, version: second });
    await settle(board.delete('a'));
    const gone = await next(scene, watch);
    expect(gone).toEqual({ key: 'a', value: undefined, version: gone.version });
    expect(gone.version).toBeGreaterThan(second);
  });

  it('begins with nothing, version 0, when it is not there', async () => {
    const scene = makeScene();
    const watch = scene.board.watch('a');
    expect(await next(scene, watch)).toEqual({ key: 'a', value: undefined, version: 0 });
    const key = Uint8Array.of(0, 10, 34);
    const bytes = scene.board.watch(key);
    expect(await next(scene, bytes)).toEqual({ key, value: undefined, version: 0 });
  });

  it('sees the last value when it reads less often than others write', async () => {
    const scene = makeScene();
    const { board, other, settle } = scene;
    const watch = other.watch<number>('a');
    await next(scene, watch);
    for (let i = 1; i <= 100; i++) await settle(board.set('a', i));
    expect((await next(scene, watch)).value).toBe(100);
    const coming = next(scene, watch);
    await settle(board.set('a', 101));
    expect((await coming).value).toBe(101);
  });

  it('leaves nothing behind when its loop ends', async () => {
    const scene = makeScene();
    const { owner, bus, board, other, settle } = scene;
    await settle(board.set('a', 1));
    const seen: unknown[] = [];
    await settle(
      (async () => {
        for await (const { value } of other.watch('a')) {
          seen.push(value);
          if (seen.length === 2) break;
          void board.set('a', 2);
        }
      })(),
    );
    expect(seen).toEqual([1, 2]);
    const waiting = other.watch('a');
    await next(scene, waiting);
    const pending = waiting.next();
    await settle(board.get('a'));
    expect(owner.watchers).toBe(1);
    await waiting.return!();
    expect(await settle(pending)).toEqual({ done: true, value: undefined });
    await settle(board.get('a'));
    expect([owner.watchers, bus.stats().pending]).toEqual([0, 0]);
    expect(await waiting.next()).toEqual({ done: true, value: undefined });
  });

  it.each([null, 5, { signal: 5 }, { signal: null }, { sginal: 1 }])(
    'refuses options %j at once',
    (options) => {
      const { board, bus } = makeScene();
      expect(() => board.watch('a', options as never)).toThrow(
        expect.objectContaining({
          code: 'ERR_NB_INVALID_ARGUMENT',
          message: expect.stringMatching(/^(options|signal) is /),
        }),
      );
      expect(bus.stats().published).toBe(0);
    },
  );

  it('gets ERR_NB_ABORTED from its signal, before and while it waits', async () => {
    const scene = makeScene();
    const { owner, board, settle } = scene;
    expect(await codeOf(board.watch('a', { signal: AbortSignal.abort() }).next())).toBe('ERR_NB_ABORTED');
    const abort = new AbortController();
    const watch = board.watch('a', { signal: abort.signal });
    await next(scene, watch);
    const waiting = codeOf(watch.next());
    await settle(board.get('a'));
    expect(owner.watchers).toBe(1);
    abort.abort(new Error('enough'));
    expect(await waiting).toBe('ERR_NB_ABORTED');
    await settle(board.get('a'));
    expect(owner.watchers).toBe(0);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it('gets an error when the owner leaves, and its versions are above when another comes', async () => {
    const scene = makeScene({}, { clock: 'real' });
    const { bus, owner, ownerId, board, other, settle } = scene;
    const old = await settle(board.set('a', 1));
    const watch = other.watch('a');
    await next(scene, watch);
    const between = other.watch('a');
    await next(scene, between);
    const waiting = codeOf(settle(watch.next()));
    await settle(board.get('a'));
    bus.unregister(ownerId);
    expect(await waiting).toBe('ERR_NB_DEAD_TARGET');
    await new Promise((resolve) => setImmediate(resolve)); // the generators of both watchers end
    expect(owner.watchers).toBe(0);
    expect(await codeOf(board.get('a'))).toBe('ERR_NB_NO_ROUTE');
    bus.register(owner, { name: 'again' });
    expect(await settle(board.get('a'))).toBeUndefined();
    expect(await settle(board.set('a', 1))).toBeGreaterThan(old);
    expect(await codeOf(settle(between.next()))).toBe('ERR_NB_DEAD_TARGET');
  });

  it('gets ERR_NB_BOARD_FULL above maxWatchers', async () => {
    const scene = makeScene({ maxWatchers: 1 });
    const { board, other, settle } = scene;
    const [one, two] = [board.watch('a'), other.watch('a')];
    await next(scene, one);
    await next(scene, two);
    const waiting = one.next();
    expect(await codeOf(settle(two.next()))).toBe('ERR_NB_BOARD_FULL');
    await settle(board.set('a', 1));
    expect((await settle(waiting)).value.value).toBe(1);
  });

  it('hears of a change whose answer was lost', async () => {
    const scene = makeScene({}, { axonCapacity: 8 });
    const { bus, owner, board, other, settle } = scene;
    const watch = other.watch<number>('a');
    await next(scene, watch);
    const waiting = next(scene, watch);
    await settle(board.get('a'));
    expect(owner.watchers).toBe(1);
    const write = board.set('a', 1).catch(() => {});
    const [asker] = bus.neurons().filter(({ name }) => name === 'one');
    while (bus.fire(asker!.id, { target: asker!.id })); // no room for answers any more
    bus.tick();
    expect(owner.watchers).toBe(0);
    for (let i = 0; i < 3; i++) {
      await settle(board.get('x'));
      bus.clock.advance(10_000); // now it asks again
    }
    expect((await waiting).value).toBe(1);
    await settle(write);
    expect(bus.stats().dropped.full).toBeGreaterThan(0);
  });
});

describe('a watcher of a prefix', () => {
  it('sees the keys that begin with it, those that come later, and those that go', async () => {
    const scene = makeScene();
    const { board, other, settle } = scene;
    await settle(board.set('a/1', 1));
    await settle(board.set('b/1', 1));
    await settle(board.set('a/2', 2));
    const watch = other.watch<number>({ prefix: 'a/' });
    expect([await next(scene, watch), await next(scene, watch)]).toMatchObject([
      { key: 'a/1', value: 1 },
      { key: 'a/2', value: 2 },
    ]);
    const coming = next(scene, watch);
    await settle(board.set('b/2', 0));
    await settle(board.set('a/3', 3));
    expect(await coming).toMatchObject({ key: 'a/3', value: 3 });
    await settle(board.delete('a/1'));
    await settle(board.set('a/4', 4));
    await settle(board.delete('a/4')); // came and went unseen
    expect(await next(scene, watch)).toMatchObject({ key: 'a/1', value: undefined });
    await settle(board.set('a/2', 5));
    expect(await next(scene, watch)).toMatchObject({ key: 'a/2', value: 5 });
  });

  it('comes to the same state as the board, however slowly it reads and however much was forgotten', async () => {
    const name = fc.constantFrom('p1', 'p2', 'p3', 'p4', 'q1', 'q2', 'q3');
    const step = fc.oneof(
      fc.record({ op: fc.constant('set' as const), name, value: fc.string({ maxLength: 3 }) }),
      fc.record({ op: fc.constant('delete' as const), name }),
      fc.record({ op: fc.constant('read' as const), name }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (steps, maxKeys) => {
          const scene = makeScene({ maxKeys });
          const { bus, board, other, settle } = scene;
          const seen = new Map<unknown, unknown>();
          const last = new Map<unknown, number>();
          const watch = other.watch({ prefix: 'p' });
          let pending: Promise<unknown> | undefined;
          const read = () => {
            pending ??= watch.next().then(({ done, value }) => {
              if (done) return;
              pending = undefined;
              expect(value.version).toBeGreaterThan(last.get(value.key) ?? -1);
              last.set(value.key, value.version);
              if (value.value === undefined) expect(seen.delete(value.key)).toBe(true);
              else seen.set(value.key, value.value);
            });
          };
          for (const step of steps) {
            if (step.op === 'set')
              await settle(board.set(step.name, step.value)).catch(() => {}); // full
            else if (step.op === 'delete') await settle(board.delete(step.name));
            else {
              read();
              await settle(board.get('x'));
            }
          }
          const state = new Map<unknown, unknown>();
          for (const key of await settle(board.keys('p'))) {
            state.set(key, (await settle(board.get(key)))!.value);
          }
          for (let quiet = 0; quiet < 3; ) {
            read();
            const before = pending;
            for (let i = 0; i < 4; i++) await settle(board.get('x'));
            quiet = pending === before ? quiet + 1 : 0;
          }
          expect(seen).toEqual(state);
          bus.close();
          await pending?.catch(() => {});
        },
      ),
      { numRuns: 100 },
    );
  });

  it('sees that keys are gone whose deletion the board forgot meanwhile', async () => {
    const scene = makeScene({ maxKeys: 3 });
    const { board, other, settle } = scene;
    const single = board.watch('p1');
    const watch = other.watch({ prefix: 'p' });
    for (const name of ['p1', 'p2', 'p3']) await settle(board.set(name, 0));
    for (let i = 0; i < 3; i++) await next(scene, watch);
    await next(scene, single);
    await settle(board.delete('p1'));
    await settle(board.delete('p2'));
    for (const name of ['q1', 'q2', 'q3', 'q4']) {
      await settle(board.set(name, 0));
      await settle(board.delete(name));
    }
    await settle(board.set('p4', 4));
    const changes = [await next(scene, watch), await next(scene, watch), await next(scene, watch)];
    expect(changes.map(({ key, value }) => [key, value])).toEqual([
      ['p1', undefined],
      ['p2', undefined],
      ['p4', 4],
    ]);
    expect(await next(scene, single)).toMatchObject({ key: 'p1', value: undefined });
  });

  it('gets more than one answer holds', async () => {
    const scene = makeScene();
    const { board, other, settle } = scene;
    for (let i = 0; i < 5; i++) await settle(board.set(`big ${i}`, new Uint8Array(20_000).fill(i)));
    const watch = other.watch<Uint8Array>({ prefix: '' });
    for (let i = 0; i < 5; i++) {
      const { key, value } = await next(scene, watch);
      expect([key, value!.length, value![19_999]]).toEqual([`big ${i}`, 20_000, i]);
    }
  });
});
