// bus.arena: blocks by hand, counted references, stale ones refused.
import type { ArenaRef } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, makeBus, pattern, randomFrom } from './support.js';

describe('write and read', () => {
  it.each([0, 1, 46, 47, 63, 64, 65, 1000, 4096, 60_000, 200_000])('%d bytes come back', (length) => {
    const { arena } = makeBus();
    const ref = arena.write(pattern(length));
    expect(ref.length).toBe(length);
    expect(Buffer.compare(arena.read(ref), pattern(length))).toBe(0);
  });

  it('a string is kept as UTF-8', () => {
    const { arena } = makeBus();
    expect(Buffer.from(arena.read(arena.write('größe'))).toString()).toBe('größe');
  });

  it('reading is in place, and blocks do not touch each other', () => {
    const { arena } = makeBus();
    const refs = Array.from({ length: 50 }, (_, i) => arena.write(pattern(i * 13)));
    expect(arena.read(refs[9]!).buffer).toBe(arena.read(refs[8]!).buffer);
    for (const [i, ref] of refs.entries()) expect(Buffer.compare(arena.read(ref), pattern(i * 13))).toBe(0);
    arena.read(refs[5]!).fill(0);
    for (const [i, ref] of refs.entries()) {
      if (i !== 5) expect(Buffer.compare(arena.read(ref), pattern(i * 13))).toBe(0);
    }
  });

  it('the statistics count blocks and bytes, and go back to nothing', () => {
    const bus = makeBus();
    const refs = [10, 1000, 100_000].map((length) => bus.arena.write(pattern(length)));
    const { blocks, usedBytes, capacityBytes } = bus.stats().arena;
    expect(blocks).toBe(3);
    expect(usedBytes).toBeGreaterThanOrEqual(101_010);
    expect(capacityBytes).toBeLessThanOrEqual(1 << 20);
    for (const ref of refs) bus.arena.release(ref);
    expect(bus.stats().arena).toMatchObject({ blocks: 0, usedBytes: 0 });
  });

  it.each([null, 5, [1, 2], {}, undefined])('%j is refused', (bytes) => {
    const bus = makeBus();
    expect(codeOf(() => bus.arena.write(bytes as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().arena.blocks).toBe(0);
  });

  it('a full arena is a typed error that changes nothing, and room comes back with release', () => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    const refs: ArenaRef[] = [];
    let code = 'no error';
    while (code === 'no error') code = codeOf(() => refs.push(bus.arena.write(pattern(4000, refs.length))));
    expect(code).toBe('ERR_NB_ARENA_FULL');
    expect(bus.stats().arena.blocks).toBe(refs.length);
    for (const [i, ref] of refs.entries())
      expect(Buffer.compare(bus.arena.read(ref), pattern(4000, i))).toBe(0);
    bus.arena.release(refs[0]!);
    expect(codeOf(() => bus.arena.write(pattern(4000)))).toBe('no error');
  });

  it('what can never fit is another error than what does not fit now', () => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    expect(codeOf(() => bus.arena.write(new Uint8Array(1 << 16)))).toBe('ERR_NB_TOO_LARGE');
    const most = bus.stats().arena.capacityBytes;
    const all = bus.arena.write(pattern(most));
    expect(codeOf(() => bus.arena.write('x'))).toBe('ERR_NB_ARENA_FULL');
    expect(Buffer.compare(bus.arena.read(all), pattern(most))).toBe(0);
  });
});

describe('references', () => {
  it('a block lives until as many releases as retains and one', () => {
    const bus = makeBus();
    const ref = bus.arena.write('shared');
    bus.arena.retain(ref);
    bus.arena.retain(ref);
    for (let i = 0; i < 3; i++) {
      expect(Buffer.from(bus.arena.read(ref)).toString()).toBe('shared');
      bus.arena.release(ref);
    }
    expect(codeOf(() => bus.arena.read(ref))).toBe('ERR_NB_STALE_REFERENCE');
    expect(bus.stats().arena.blocks).toBe(0);
  });

  it('after the last release every use is refused, also when the block is in use again', () => {
    const { arena } = makeBus();
    for (const length of [100, 200_000]) {
      const old = arena.write(pattern(length));
      arena.release(old);
      const uses = [() => arena.read(old), () => arena.retain(old), () => arena.release(old)];
      for (const use of uses) expect(codeOf(use)).toBe('ERR_NB_STALE_REFERENCE');
      const others = Array.from({ length: 3 }, () => arena.write(pattern(length, 9)));
      for (const use of uses) expect(codeOf(use)).toBe('ERR_NB_STALE_REFERENCE');
      for (const other of others) {
        expect(Buffer.compare(arena.read(other), pattern(length, 9))).toBe(0);
        arena.release(other);
      }
    }
  });

  it('can travel as data: a copy of the fields is the same reference', () => {
    const { arena } = makeBus();
    const ref = JSON.parse(JSON.stringify(arena.write('data'))) as ArenaRef;
    expect(Buffer.from(arena.read(ref)).toString()).toBe('data');
    arena.release(ref);
  });

  it('of another bus, or made up, are refused and harm nobody', () => {
    const [one, two] = [makeBus(), makeBus()];
    const ref = one.arena.write(pattern(500));
    const forged: ArenaRef[] = [
      { ...ref, generation: ref.generation + 1 },
      { ...ref, grain: ref.grain + 1 },
      { ...ref, grain: 0 },
      { ...ref, grain: 0xffffffff },
      { ...ref, length: 501 },
      { ...ref, length: 0xffffffff },
      { ...ref, owner: 7 },
      { ...ref, owner: 0xffffffff },
    ];
    const random = randomFrom(5);
    const word = () => Math.floor(random() * 2 ** 32);
    for (let i = 0; i < 500; i++)
      forged.push({ grain: word(), generation: word(), length: word(), owner: word() });
    for (let i = 0; i < 500; i++) forged.push({ ...ref, grain: word() % 20_000, generation: word() % 3 });
    for (const reference of forged) {
      for (const use of ['read', 'retain', 'release'] as const) {
        if (
          reference.grain === ref.grain &&
          reference.generation === ref.generation &&
          reference.length === ref.length
        ) {
          continue;
        }
        expect(codeOf(() => one.arena[use](reference))).toBe('ERR_NB_STALE_REFERENCE');
      }
    }
    expect(codeOf(() => two.arena.read(ref))).toBe('ERR_NB_STALE_REFERENCE');
    expect(Buffer.compare(one.arena.read(ref), pattern(500))).toBe(0);
  });

  it.each([null, undefined, 5, {}, { grain: -1, generation: 0, length: 0, owner: 0 }, { grain: 1.5 }])(
    '%j is no reference at all',
    (ref) => {
      const { arena } = makeBus();
      for (const use of ['read', 'retain', 'release'] as const) {
        expect(codeOf(() => arena[use](ref as never))).toBe('ERR_NB_INVALID_ARGUMENT');
      }
    },
  );
});

describe('over time', () => {
  it('random writes and releases keep every block intact and end with an empty arena', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const bus = makeBus();
      const random = randomFrom(seed);
      const live: { ref: ArenaRef; salt: number; references: number }[] = [];
      for (let step = 0; step < 3000; step++) {
        const choice = random();
        const at = Math.floor(random() * live.length);
        if (choice < 0.5) {
          const salt = step & 0xff;
          const length = Math.floor(random() ** 4 * 150_000);
          codeOf(() => live.push({ ref: bus.arena.write(pattern(length, salt)), salt, references: 1 }));
        } else if (live[at] !== undefined) {
          const { ref, salt } = live[at];
          expect(Buffer.compare(bus.arena.read(ref), pattern(ref.length, salt))).toBe(0);
          if (choice < 0.6) {
            bus.arena.retain(ref);
            live[at].references++;
          } else {
            bus.arena.release(ref);
            if (--live[at].references === 0) live.splice(at, 1);
          }
        }
        if (step % 100 === 0) expect(bus.stats().arena.blocks).toBe(live.length);
      }
      for (const { ref, references } of live) for (let i = 0; i < references; i++) bus.arena.release(ref);
      expect(bus.stats().arena).toMatchObject({ blocks: 0, usedBytes: 0 });
      bus.close();
    }
  });

  it('memory that one size used serves another', () => {
    const bus = makeBus();
    for (let round = 0; round < 20; round++) {
      const length = [50, 5000, 300_000, 900_000][round % 4]!;
      const refs: ArenaRef[] = [];
      while (codeOf(() => refs.push(bus.arena.write(pattern(length)))) === 'no error');
      expect(refs.length * length).toBeGreaterThan((1 << 20) * 0.5);
      for (const ref of refs) bus.arena.release(ref);
    }
  });

  it('a block that a handler retains outlives the spike that named it', () => {
    const bus = makeBus();
    const kept: ArenaRef[] = [];
    const reader = add(bus, (spike) => {
      const ref = spike.json() as ArenaRef;
      bus.arena.retain(ref);
      kept.push(ref);
    });
    const ref = bus.arena.write(pattern(1000));
    bus.fire(reader.id, { target: reader.id, json: ref });
    bus.tick();
    bus.arena.release(ref);
    expect(Buffer.compare(bus.arena.read(kept[0]!), pattern(1000))).toBe(0);
    bus.arena.release(kept[0]!);
    expect(bus.stats().arena.blocks).toBe(0);
  });
});
