// Values, versions and limits, as an agent sees them.
import fc from 'fast-check';
import { Blackboard, type BoardKey, defineChannel } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { codeOf, makeScene } from './support.js';

const bytes = fc.uint8Array({ maxLength: 300 });
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom(
    '',
    '"',
    "'",
    '\\',
    '\n',
    '\r\n',
    '\0',
    '\u2028',
    '\ud800',
    '{"op":"get"}\n',
    't',
    'b',
    '__proto__',
  ),
);
const key: fc.Arbitrary<BoardKey> = fc.oneof(text, bytes);
const value = fc.oneof(text, bytes, fc.jsonValue());

describe('a blackboard', () => {
  it('has nothing under a key that nobody set', async () => {
    const { board, settle } = makeScene();
    expect(await settle(board.get('nothing'))).toBeUndefined();
    expect(await settle(board.delete('nothing'))).toBe(false);
    expect(await settle(board.keys())).toEqual([]);
  });

  it('shows everybody what one set, with its version', async () => {
    const { board, other, settle } = makeScene();
    const version = await settle(board.set('limit', { max: 70 }));
    expect(version).toBeGreaterThan(0);
    expect(await settle(other.get('limit'))).toEqual({ value: { max: 70 }, version });
    expect(await settle(other.set('limit', 71))).toBeGreaterThan(version);
    expect((await settle(board.get('limit')))!.value).toBe(71);
  });

  it('keeps every key and value as it is: quotes, line feeds, zeros, bytes, lone surrogates', async () => {
    const { board, other, settle } = makeScene({ maxKeys: 10_000 });
    await fc.assert(
      fc.asyncProperty(key, value, async (key, value) => {
        const version = await settle(board.set(key, value));
        const expected = value instanceof Uint8Array ? value : JSON.parse(JSON.stringify(value));
        expect(await settle(other.get(key))).toEqual({ value: expected, version });
        expect((await settle(other.keys(key))).some((found) => sameKey(found, key))).toBe(true);
        expect(await settle(other.delete(key, version))).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(await settle(board.keys())).toEqual([]);
  });

  it('tells a text from the bytes of that text', async () => {
    const { board, settle } = makeScene();
    await settle(board.set('a', 1));
    await settle(board.set(Uint8Array.of(0x61), 2));
    expect((await settle(board.get('a')))!.value).toBe(1);
    expect((await settle(board.get(Uint8Array.of(0x61))))!.value).toBe(2);
    expect(await settle(board.keys('a'))).toEqual(['a']);
    expect(await settle(board.keys(new Uint8Array(0)))).toEqual([Uint8Array.of(0x61)]);
  });

  it('behaves as a map with versions, whatever is done', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const command = fc.oneof(
      fc.record({ op: fc.constant('set' as const), name: names, value: fc.nat() }),
      fc.record({ op: fc.constant('cas' as const), name: names, value: fc.nat(), stale: fc.boolean() }),
      fc.record({ op: fc.constant('delete' as const), name: names, stale: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
        const { bus, board, other, settle } = makeScene();
        const model = new Map<string, { value: number; version: number }>();
        let last = 0;
        for (const command of commands) {
          const before = model.get(command.name);
          const expected = (before?.version ?? 0) + ('stale' in command && command.stale ? 1 : 0);
          if (command.op === 'delete') {
            const good = before !== undefined && !command.stale;
            expect(await settle(other.delete(command.name, expected))).toBe(good);
            if (good) model.delete(command.name);
            continue;
          }
          const { name, value } = command;
          if (command.op === 'cas' && command.stale) {
            const refused = { ok: false, version: before?.version ?? 0, value: before?.value };
            expect(await settle(board.compareAndSet(name, expected, value))).toEqual(refused);
            continue;
          }
          const done =
            command.op === 'set'
              ? { ok: true, version: await settle(board.set(name, value)) }
              : await settle(board.compareAndSet(name, expected, value));
          expect(done.ok).toBe(true);
          expect(done.version).toBeGreaterThan(last);
          last = done.version;
          model.delete(name);
          model.set(name, { value, version: last });
        }
        expect(await settle(board.keys())).toEqual([...model.keys()]);
        for (const [name, entry] of model) expect(await settle(other.get(name))).toEqual(entry);
        bus.close();
      }),
      { numRuns: 60 },
    );
  });

  it('does not take a key that was written again for what it was', async () => {
    const { board, settle } = makeScene();
    const first = await settle(board.set('a', 'x'));
    await settle(board.delete('a'));
    const second = await settle(board.set('a', 'x'));
    expect(await settle(board.compareAndSet('a', first, 'y'))).toEqual({
      ok: false,
      version: second,
      value: 'x',
    });
    expect(await settle(board.delete('a', first))).toBe(false);
  });

  it('counts right when two add at the same time', async () => {
    const { board, other, settle } = makeScene();
    const count = async (by: typeof board) => {
      for (let i = 0; i < 50; i++) await by.update<number>('count', (value = 0) => value + 1);
    };
    await settle(Promise.all([count(board), count(other)]));
    expect((await settle(board.get('count')))!.value).toBe(100);
  });

  it('lists more keys than one answer holds', async () => {
    const { board, settle } = makeScene();
    const names = Array.from({ length: 150 }, (_, i) => `${'k'.repeat(900)}${i}`);
    await settle(Promise.all(names.map((name) => board.set(name, 0))));
    expect(await settle(board.keys('k'))).toEqual(names);
    expect(await settle(board.keys('x'))).toEqual([]);
  });
});

describe('the limits of a blackboard', () => {
  const limits = { maxKeys: 3, maxKeyBytes: 8, maxValueBytes: 100, maxBytes: 160 };

  it('refuse a key or a value that is too large, and nothing changes', async () => {
    const { board, settle } = makeScene(limits);
    await settle(board.set('12345678', new Uint8Array(100)));
    expect(await codeOf(settle(board.set('123456789', 0)))).toBe('ERR_NB_TOO_LARGE');
    expect(await codeOf(settle(board.set('äöüäö', 0)))).toBe('ERR_NB_TOO_LARGE');
    expect(await codeOf(settle(board.set('12345678', new Uint8Array(101))))).toBe('ERR_NB_TOO_LARGE');
    expect(await codeOf(settle(board.compareAndSet('a', 0, 'x'.repeat(99))))).toBe('ERR_NB_TOO_LARGE');
    expect((await settle(board.get('12345678')))!.value).toEqual(new Uint8Array(100));
    expect(await settle(board.keys())).toEqual(['12345678']);
    await expect(settle(board.set('123456789', 0))).rejects.toThrow(/9 bytes, above maxKeyBytes \(8\)/);
  });

  it('refuse one key too many, and bytes in all, until something is deleted', async () => {
    const { board, settle } = makeScene(limits);
    for (const name of ['a', 'b', 'c']) await settle(board.set(name, 1));
    expect(await codeOf(settle(board.set('d', 1)))).toBe('ERR_NB_BOARD_FULL');
    await settle(board.set('c', 2));
    await settle(board.delete('b'));
    await settle(board.set('d', 1));
    await settle(board.set('a', new Uint8Array(100)));
    expect(await codeOf(settle(board.set('c', new Uint8Array(57))))).toBe('ERR_NB_BOARD_FULL');
    await settle(board.set('c', new Uint8Array(56))); // 3 keys and 100 + 1 + 56 bytes of values
    await settle(board.delete('a'));
    await settle(board.set('d', new Uint8Array(100)));
    expect(await codeOf(settle(board.set('e', '')))).toBe('ERR_NB_BOARD_FULL');
  });

  it('are checked when it is made', () => {
    expect(() => new Blackboard({ maxKeys: 0 })).toThrow(/maxKeys is 0/);
    expect(() => new Blackboard({ maxKey: 1 } as object)).toThrow(/no option maxKey/);
  });
});

describe('what makes no sense', () => {
  it('is refused before it is sent', async () => {
    const { board, bus } = makeScene();
    const { published } = bus.stats();
    const noJson = [undefined, () => 1, 1n, Symbol('x'), { n: 1n }];
    const objects = [
      new Float64Array(2),
      new DataView(new ArrayBuffer(2)),
      new ArrayBuffer(2),
      new Map(),
      new Set(),
    ];
    for (const value of [...noJson, ...objects, defineChannel('x').of(1)])
      expect(await codeOf(board.set('a', value))).toBe('ERR_NB_INVALID_ARGUMENT');
    for (const key of [undefined, 1, null, {}])
      expect(await codeOf(board.get(key as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    for (const version of [-1, 1.5, undefined, Number.NaN])
      expect(await codeOf(board.compareAndSet('a', version as never, 1))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().published).toBe(published);
  });

  it('is refused by the owner when somebody sends it all the same', async () => {
    const { bus, ownerId, board, settle } = makeScene();
    const asker = bus.neurons()[1]!.id;
    const line = (header: unknown) => new TextEncoder().encode(`${JSON.stringify(header)}\n`);
    for (const question of [
      'get',
      line({}),
      line(null),
      line({ op: 'set', key: 't' }),
      line({ op: 'get', key: 'x' }),
    ]) {
      const outcome = await settle(bus.request(asker, ownerId, question).then(({ value }) => String(value)));
      expect(Buffer.from(outcome.split(',').map(Number)).toString()).toContain('BAD_PAYLOAD');
    }
    expect(await settle(board.keys())).toEqual([]);
  });
});

function sameKey(one: BoardKey, other: BoardKey): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return Buffer.compare(one, other) === 0;
}
