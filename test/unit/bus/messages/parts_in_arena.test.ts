// Parts that fill the arena wait for its blocks as they do for a place in the ring.
import { describe, expect, it } from 'vitest';
import { expectReconciled, makeBus } from '../support.js';
import { addAgent, collect, settle, ticked } from './support.js';

function source(count: number, bytes: number) {
  return async function* () {
    for (let i = 0; i < count; i++) yield `${i} `.padEnd(bytes, 'x');
  };
}
const numbers = (parts: unknown[]) => parts.map((part) => Number.parseInt(part as string, 10));

describe('a stream', () => {
  it.each([
    [1 << 16, 5000],
    [1 << 20, 300_000],
    [1 << 20, 600_000],
  ])('of more than an arena of %i bytes holds, in parts of %i', async (arenaCapacity, bytes) => {
    const bus = makeBus({ arenaCapacity });
    const other = addAgent(bus, source(100, bytes));
    const asker = addAgent(bus);
    const [parts] = await ticked(bus, collect(asker.handle.stream(other.id, 'go')));
    expect(numbers(parts)).toEqual([...Array(100).keys()]);
    expect(new Set(parts.map((part) => (part as string).length))).toEqual(new Set([bytes]));
    expect([expectReconciled(bus).arena.blocks, bus.stats().pending]).toEqual([0, 0]);
  });

  it('and others next to it all go on', async () => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    const asker = addAgent(bus);
    const all = Array.from({ length: 6 }, (_, i) => {
      const other = addAgent(bus, source(50, i === 5 ? 10 : 3000 + 2000 * i));
      return collect(asker.handle.stream(other.id, 'go'));
    });
    const streams = await ticked(bus, ...all);
    for (const parts of streams) expect(numbers(parts)).toEqual([...Array(50).keys()]);
    expect(expectReconciled(bus).arena.blocks).toBe(0);
  });

  it('whose part waits for what somebody keeps lets others pass, and ends with the patience of its asker', async () => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    const asker = addAgent(bus);
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let ended = false;
    const large = addAgent(bus, async function* () {
      try {
        yield 'small';
        await gate;
        yield 'x'.repeat(30_000);
      } finally {
        ended = true;
      }
    });
    const small = addAgent(bus, source(40, 40));
    const first = collect(asker.handle.stream(large.id, 'go', { timeoutMs: 100 }));
    await settle(bus);
    bus.arena.write(new Uint8Array(30_000));
    go();
    await settle(bus);
    const [more] = await ticked(bus, collect(asker.handle.stream(small.id, 'go')));
    expect(numbers(more)).toHaveLength(40);
    expect([ended, bus.stats().pending]).toEqual([false, 1]);
    bus.clock.advance(101);
    await settle(bus);
    expect(await first).toEqual(['small', 'ERR_NB_TIMEOUT']);
    expect([ended, bus.stats().pending]).toEqual([true, 0]);
  });

  it.each([
    ['a first part for which no reading makes room', 40_000, 'ERR_NB_ARENA_FULL'],
    ['a part larger than the arena', 70_000, 'ERR_NB_TOO_LARGE'],
  ])('ends at once with %s', async (_, bytes, code) => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    bus.arena.write(new Uint8Array(30_000));
    const other = addAgent(bus, source(1, bytes));
    const failed = (async () => {
      for await (const _ of addAgent(bus).handle.stream(other.id, 'go')) void _;
    })().catch((error) => [error.code, error.cause.code]);
    await settle(bus);
    expect(await failed).toEqual(['ERR_NB_REMOTE', code]);
  });
});
