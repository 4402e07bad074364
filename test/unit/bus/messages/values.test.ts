// Values arrive as they were sent, in the slot or in the arena, asked for or not.
import { describe, expect, it } from 'vitest';
import { codeOf, makeBus, messageOf, pattern } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

const big = 'x'.repeat(1 << 20);
const TRACE = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;

/** Many bytes are slow to compare one by one. */
const short = (value: unknown) =>
  value instanceof Uint8Array && value.length > 100 ? Buffer.from(value).toString('base64') : value;

const VALUES: [string, unknown][] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['a text', 'hello'],
  ['a text of 24 bytes', 'x'.repeat(24)],
  ['a text of 30 bytes', 'y'.repeat(30)],
  ['a text of 31 bytes', 'z'.repeat(31)],
  ['a text of 46 bytes', 'w'.repeat(46)],
  ['a text of 47 bytes', 'v'.repeat(47)],
  ['15 characters of two bytes', 'é'.repeat(15)],
  ['16 characters of two bytes', 'é'.repeat(16)],
  ['ten characters of three bytes', '€'.repeat(10)],
  ['ten of three and one', `${'€'.repeat(10)}!`],
  ['a character of four bytes across the border', `${'a'.repeat(28)}😀`],
  ['a character of four bytes up to the border', `${'a'.repeat(26)}😀`],
  ['a text with a NUL', 'a\0b\0'],
  ['1 MB of text', big],
  ['1 MB of text beyond ASCII', 'ü'.repeat(1 << 19)],
  ['no bytes', new Uint8Array(0)],
  ['a zero', new Uint8Array(1)],
  ['bytes that end in zeros', Uint8Array.of(1, 0, 2, 0, 0)],
  ['20 bytes', pattern(20)],
  ['30 bytes', pattern(30)],
  ['31 bytes', pattern(31)],
  ['1 MB of bytes', pattern(1 << 20)],
  ['null', null],
  ['true', true],
  ['a number', -1.5e-7],
  ['an object', { a: [1, 'two', { three: null }], 'ü\n"': '\0' }],
  ['a list', [1, 2, 3]],
  ['JSON of 30 bytes', { a: 'x'.repeat(22) }],
  ['JSON of 31 bytes', { a: 'x'.repeat(23) }],
  ['1 MB of JSON', { text: big }],
];

describe.each([
  ['alone', undefined],
  ['with a trace', TRACE],
])('a value, %s', (_, traceparent) => {
  it.each(VALUES)('%s', async (_name, value) => {
    const bus = makeBus({ arenaCapacity: 1 << 24 });
    const asker = addAgent(bus);
    const other = addAgent(bus);
    expect(asker.send(other.id, value, { traceparent })).toBe(true);
    const asked = outcome(asker.handle.request(other.id, value, { traceparent }));
    await settle(bus);
    expect(other.messages.map((message) => [short(message.value), message.traceparent])).toEqual([
      [short(value), traceparent],
    ]);
    expect(short(other.requests[0].value)).toEqual(short(value));
    expect(other.requests[0].traceparent).toBe(traceparent);
    if (value === undefined) other.requests[0].reply(undefined);
    await settle(bus);
    expect(short(asked.value?.value)).toEqual(short(value));
    expect(bus.stats().arena.blocks).toBe(0);
  });
});

it('bytes are a copy, which neither side shares', async () => {
  const bus = makeBus();
  const [asker, other] = [addAgent(bus), addAgent(bus)];
  const bytes = pattern(100);
  asker.send(other.id, bytes);
  asker.send(other.id, pattern(10));
  bytes.fill(0);
  bus.tick();
  expect(other.messages.map(({ value }) => value)).toEqual([pattern(100), pattern(10)]);
  (other.messages[0].value as Uint8Array).fill(1);
  asker.send(other.id, pattern(100));
  bus.tick();
  expect(other.messages[2].value).toEqual(pattern(100));
});

it('length counts bytes, text() and json() read any value', () => {
  const bus = makeBus();
  const [asker, other] = [addAgent(bus), addAgent(bus)];
  for (const value of ['ü€', { a: 1 }, Uint8Array.of(0x5b, 0x31, 0x5d), undefined, '[2]'])
    asker.send(other.id, value);
  bus.tick();
  expect(other.messages.map(({ length }) => length)).toEqual([5, 7, 3, 0, 3]);
  expect(other.messages.map((message) => message.text())).toEqual(['ü€', '{"a":1}', '[1]', '', '[2]']);
  expect(other.messages[1].json()).toEqual({ a: 1 });
  expect(other.messages[2].json()).toEqual([1]);
  expect(other.messages[4].json()).toEqual([2]);
  expect(codeOf(() => other.messages[0].json())).toBe('ERR_NB_BAD_PAYLOAD');
});

it.each<[string, unknown]>([
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a bigint', 1n],
  ['a bigint within', { a: 1n }],
  ['a typed array that is not bytes', new Float32Array(2)],
  ['a buffer', new ArrayBuffer(8)],
  ['a map', new Map([[1, 2]])],
  ['a set', new Set([1])],
  [
    'a circle',
    (() => {
      const a: unknown[] = [];
      a.push(a);
      return a;
    })(),
  ],
])('%s cannot be sent, and nothing is', async (_, value) => {
  const bus = makeBus();
  const [asker, other] = [addAgent(bus), addAgent(bus, () => value)];
  expect(codeOf(() => asker.send(other.id, value))).toBe('ERR_NB_INVALID_ARGUMENT');
  const asked = outcome(asker.handle.request(other.id, value));
  const answered = outcome(asker.handle.request(other.id, 'good'));
  await settle(bus);
  expect(asked.is).toBe('ERR_NB_INVALID_ARGUMENT');
  expect(answered.is).toBe('ERR_NB_REMOTE'); // its answer was refused there
  expect((answered.error!.cause as { code: string }).code).toBe('ERR_NB_INVALID_ARGUMENT');
  expect(bus.stats().pending).toBe(0);
});

it('a value too large for the arena is refused, at both ends', async () => {
  const bus = makeBus({ arenaCapacity: 1 << 16 });
  const [asker, other] = [addAgent(bus), addAgent(bus, () => big)];
  expect(['ERR_NB_TOO_LARGE', 'ERR_NB_ARENA_FULL']).toContain(codeOf(() => asker.send(other.id, big)));
  const asked = outcome(asker.handle.request(other.id, 'give me a lot'));
  await settle(bus);
  expect(asked.is).toBe('ERR_NB_REMOTE');
  expect(bus.stats().arena.blocks).toBe(0);
});

it('a text arrives as UTF-8 has it: half of a surrogate pair is U+FFFD, but within JSON', async () => {
  const bus = makeBus();
  const other = addAgent(bus);
  const asker = addAgent(bus);
  for (const value of ['a\ud800', ['a\ud800'], 'x'.repeat(60).concat('\udc00')]) asker.send(other.id, value);
  bus.tick();
  expect(other.messages.map(({ value }) => value)).toEqual([
    'a\ufffd',
    ['a\ud800'],
    `${'x'.repeat(60)}\ufffd`,
  ]);
});

it('options are checked', () => {
  const bus = makeBus();
  const asker = addAgent(bus);
  const bad = (options: object) => messageOf(() => asker.send(0, 'x', options));
  expect(bad({ prority: 1 })).toContain('prority');
  expect(bad({ priority: 256 })).toContain('priority');
  expect(bad({ type: 3 })).toContain('type');
  expect(bad({ correlationId: -1 })).toContain('correlationId');
  expect(bad({ traceparent: 'x' })).toContain('traceparent');
  expect(bad({ timeoutMs: 1 })).toContain('timeoutMs');
  for (const idempotent of ['yes', 1, null])
    expect(() => asker.handle.stream(0, 'x', { idempotent: idempotent as never })).toThrow(/^idempotent is /);
});
