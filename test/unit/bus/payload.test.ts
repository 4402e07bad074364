// Payloads: every length around the inline limit, text of every kind, and the arena behind it, unnoticed.
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, pattern } from './support.js';

function pair(options = {}) {
  const bus = makeBus(options);
  return { bus, a: add(bus), b: add(bus) };
}

describe('lengths', () => {
  it('every payload from 0 to 200 bytes arrives as it was', () => {
    const { bus, a, b } = pair({ axonCapacity: 256 });
    for (let length = 0; length <= 200; length++) bus.fire(a.id, { target: b.id, payload: pattern(length) });
    bus.tick();
    expect(b.spikes.map((spike) => spike.length)).toEqual(Array.from({ length: 201 }, (_, i) => i));
    for (const [length, spike] of b.spikes.entries()) expect(spike.bytes()).toEqual(pattern(length));
  });

  it('46 bytes stay in the spike, 47 go to the arena and come back from it', () => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id, payload: pattern(46) });
    expect(bus.stats().arena.blocks).toBe(0);
    bus.fire(a.id, { target: b.id, payload: pattern(47) });
    expect(bus.stats().arena.blocks).toBe(1);
    bus.tick();
    expect(bus.stats().arena).toMatchObject({ blocks: 0, usedBytes: 0 });
  });

  it('payloads that end in zeros keep their length', () => {
    const { bus, a, b } = pair();
    for (const length of [1, 45, 46, 47, 62, 63, 64, 100]) {
      bus.fire(a.id, { target: b.id, payload: new Uint8Array(length) });
    }
    bus.tick();
    expect(b.spikes.map((spike) => spike.bytes().length)).toEqual([1, 45, 46, 47, 62, 63, 64, 100]);
  });

  it('a short payload does not see what a longer one left in the slot', () => {
    const { bus, a, b } = pair({ axonCapacity: 2 });
    for (const payload of ['x'.repeat(46), 'x'.repeat(46), '', 'ab', new Uint8Array(3), pattern(5)]) {
      bus.fire(a.id, { target: b.id, payload });
      bus.tick();
    }
    expect(b.texts.slice(2, 4)).toEqual(['', 'ab']);
    expect(b.spikes[4]!.bytes()).toEqual(new Uint8Array(3));
    expect(b.spikes[5]!.bytes()).toEqual(pattern(5));
  });

  it('a megabyte arrives whole, to one and to many', () => {
    const { bus, a, b } = pair({ arenaCapacity: 1 << 22 });
    const c = add(bus);
    for (const post of [b, c]) bus.connect(a.id, post.id).build();
    const payload = pattern(1 << 20);
    bus.fire(a.id, { target: b.id, payload });
    bus.fire(a.id, { payload });
    bus.tick();
    for (const spike of [...b.spikes, ...c.spikes]) {
      expect(Buffer.compare(spike.bytes(), payload)).toBe(0);
    }
    expect([b.spikes.length, c.spikes.length, bus.stats().arena.blocks]).toEqual([2, 1, 0]);
  });

  it('a payload larger than the whole arena is refused as such, nothing is counted', () => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.fire(a.id, { target: b.id, payload: pattern(1 << 20) }))).toBe(
      'ERR_NB_TOO_LARGE',
    );
    expect(expectReconciled(bus)).toMatchObject({ published: 0, arena: { blocks: 0 } });
    expect(bus.fire(a.id, { target: b.id, payload: pattern(1_000_000) })).toBe(true);
  });

  it('the bytes of a view on a larger buffer are taken, not the buffer', () => {
    const { bus, a, b } = pair();
    const large = pattern(300);
    bus.fire(a.id, { target: b.id, payload: large.subarray(10, 20) });
    bus.fire(a.id, { target: b.id, payload: Buffer.from(large.buffer, 100, 100) });
    bus.tick();
    expect(b.spikes[0]!.bytes()).toEqual(large.slice(10, 20));
    expect(b.spikes[1]!.bytes()).toEqual(large.slice(100, 200));
  });

  it('the sender may change its buffer after fire()', () => {
    const { bus, a, b } = pair();
    const [short, long] = [pattern(10), pattern(100)];
    bus.fire(a.id, { target: b.id, payload: short });
    bus.fire(a.id, { target: b.id, payload: long });
    short.fill(0);
    long.fill(0);
    bus.tick();
    expect(b.spikes.map((spike) => spike.bytes())).toEqual([pattern(10), pattern(100)]);
  });
});

describe('text', () => {
  const texts = [
    'ascii',
    'é',
    'ñandú über Öl',
    '日本語のテキスト',
    '🧠⚡',
    'a🧠b',
    '\u0000\u0001 control',
    'é'.repeat(23), // 46 bytes
    'é'.repeat(24), // 48 bytes, 24 characters
    '語'.repeat(15), // 45
    '語'.repeat(16), // 48
    'x'.repeat(45),
    'x'.repeat(46),
    'x'.repeat(47),
    `${'x'.repeat(45)}é`, // 47 bytes
    '🧠'.repeat(5000),
  ];
  it.each(texts)('%s comes back', (text) => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id, payload: text });
    bus.tick();
    expect(b.texts).toEqual([text]);
    expect(b.spikes[0]!.length).toBe(Buffer.byteLength(text));
    expect(b.spikes[0]!.bytes()).toEqual(new Uint8Array(Buffer.from(text)));
  });

  it.each(['\ud800', 'x\udc00y', `${'x'.repeat(46)}\ud800`])('a lone surrogate becomes U+FFFD', (text) => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id, payload: text });
    bus.tick();
    expect(b.texts).toEqual([text.toWellFormed()]);
  });

  it('bytes that are not UTF-8 become U+FFFD when read as text, and stay as bytes', () => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id, payload: Uint8Array.of(0x61, 0xff, 0x62) });
    bus.tick();
    expect(b.texts).toEqual(['a\ufffdb']);
    expect(b.spikes[0]!.bytes()).toEqual(Uint8Array.of(0x61, 0xff, 0x62));
  });
});

describe('a full arena', () => {
  it('is a typed error at the sender; nothing that was sent is lost and room comes back', () => {
    const { bus, a, b } = pair({ axonCapacity: 1024 });
    const sent: Uint8Array[] = [];
    const fire = () => bus.fire(a.id, { target: b.id, payload: pattern(4000 + sent.length) });
    let code = 'no error';
    while (code === 'no error') {
      code = codeOf(fire);
      if (code === 'no error') sent.push(pattern(4000 + sent.length));
    }
    expect(code).toBe('ERR_NB_ARENA_FULL');
    expect(sent.length).toBeGreaterThan(150);
    expect(expectReconciled(bus)).toMatchObject({ published: sent.length, queued: sent.length });
    expect(bus.fire(a.id, { target: b.id, payload: 'small ones still go' })).toBe(true);
    bus.tick();
    for (const [i, bytes] of sent.entries()) expect(Buffer.compare(b.spikes[i]!.bytes(), bytes)).toBe(0);
    expect(b.spikes.at(-1)!.text()).toBe('small ones still go');
    expect(bus.stats().arena.blocks).toBe(0);
    expect(fire()).toBe(true);
  });

  it('inside a handler leaves the spike in hand readable and the sequence unbroken', () => {
    const { bus, a, b } = pair({ axonCapacity: 512 });
    const codes: string[] = [];
    let text = '';
    b.react = (spike, handle) => {
      for (let i = 0; i < 300; i++) codes.push(codeOf(() => handle.reply(spike, 'x'.repeat(4000))));
      text = spike.text();
    };
    bus.fire(a.id, { target: b.id, payload: 'question '.repeat(10) });
    bus.tick();
    const answers = codes.filter((code) => code === 'no error').length;
    expect(codes.slice(answers)).toEqual(Array(300 - answers).fill('ERR_NB_ARENA_FULL'));
    expect(text).toBe('question '.repeat(10));
    bus.tick();
    expect(a.spikes.map((spike) => spike.sequence)).toEqual(Array.from({ length: answers }, (_, i) => i));
    expectReconciled(bus);
  });

  it('a million payloads of 4 KB pass through an arena of 1 MB', () => {
    const { bus, a, b } = pair({ arenaCapacity: 1 << 20, axonCapacity: 128, checks: 'production' });
    const payload = new Uint8Array(4096);
    const words = new Uint32Array(payload.buffer);
    let expected = 0;
    let wrong = 0;
    b.onSpike = (spike) => {
      const bytes = spike.bytes();
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const first = view.getUint32(0, true);
      if (bytes.length !== 4096 || first !== expected || view.getUint32(4092, true) !== (expected ^ 0xffff))
        wrong++;
      expected++;
    };
    for (let i = 0; i < 1_000_000; i++) {
      words[0] = i;
      words[1023] = i ^ 0xffff;
      bus.fire(a.id, { target: b.id, payload });
      if (i % 100 === 99) bus.tick();
    }
    bus.tick();
    expect([expected, wrong]).toEqual([1_000_000, 0]);
    expect(bus.stats()).toMatchObject({ delivered: 1_000_000, queued: 0, arena: { blocks: 0 } });
  });
});
