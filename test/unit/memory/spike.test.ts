import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LENGTH_ARENA } from '../../../lib/memory/layout.js';
import { BROADCAST, expireSpike, pointSpike, SpikeType, viewSpike } from '../../../lib/memory/spike.js';
import { SpikeBuilder } from '../../../lib/memory/spike_builder.js';
import { writeBody, writeHeader } from '../../../lib/memory/spike_writer.js';
import { ascii, failure } from './helpers.js';

// Four slots, as a ring would have them.
function slots() {
  const words = new Uint32Array(4 * 16).fill(0xdeadbeef);
  writeHeader(words, 1, 0x89abcdef, 0x12, 0xfffffffe, 65533, BROADCAST, SpikeType.Modulatory, 255);
  return words;
}

/** The payload of a slot whose header is written: type and priority stay. */
function writeAfterHeader(words: Uint32Array, at: number, payload: string | Uint8Array, arena: null): void {
  const w = at * 16 + 4;
  writeBody(words, w, words[w]! & 0xff03, payload, arena);
}

describe('a spike read in place', () => {
  it('shows every field of its slot', () => {
    const spike = viewSpike(slots(), 1, null);
    expect(spike.source).toBe(65533);
    expect(spike.target).toBe(0xffff);
    expect(spike.type).toBe(2);
    expect(spike.priority).toBe(255);
    expect(spike.sequence).toBe(0xfffffffe);
    expect(spike.timestamp).toBe(0x1289abcdef);
    expect(spike.length).toBe(0);
    expect(spike.text()).toBe('');
    expect(spike.bytes()).toEqual(new Uint8Array(0));
  });

  it('returns every length of inline text, whatever the slot held before', () => {
    for (let n = 0; n <= 46; n++) {
      const words = slots();
      writeAfterHeader(words, 1, ascii(n), null);
      const spike = viewSpike(words, 1, null);
      expect(spike.text()).toBe(ascii(n));
      expect(spike.length).toBe(n);
      expect(spike.priority).toBe(255);
      expect(spike.type).toBe(2);
    }
  });

  it('returns every length of inline bytes, also when they end in zeros', () => {
    for (let n = 0; n <= 46; n++) {
      const words = slots();
      const bytes = Uint8Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 200 + i : 0));
      writeAfterHeader(words, 1, bytes, null);
      expect(viewSpike(words, 1, null).bytes()).toEqual(bytes);
    }
    const words = slots();
    writeAfterHeader(words, 1, new Uint8Array(9), null);
    expect(viewSpike(words, 1, null).bytes()).toEqual(new Uint8Array(9));
  });

  it('does not touch the neighbouring slots', () => {
    const words = slots();
    writeAfterHeader(words, 1, ascii(46), null);
    const around = [...words.slice(0, 16), ...words.slice(32)];
    expect(new Set(around)).toEqual(new Set([0xdeadbeef]));
  });

  it('gives the bytes in place: a write to the slot is seen', () => {
    const words = slots();
    writeAfterHeader(words, 1, 'abc', null);
    const bytes = viewSpike(words, 1, null).bytes();
    new Uint8Array(words.buffer)[64 + 18] = 0x7a;
    expect(bytes).toEqual(new TextEncoder().encode('zbc'));
  });

  it('shows another slot after it was pointed there', () => {
    const words = slots();
    writeHeader(words, 3, 0, 0, 5, 1, 2, 0, 7);
    const spike = viewSpike(words, 1, null);
    pointSpike(spike, 3);
    expect([spike.sequence, spike.source, spike.target, spike.priority]).toEqual([5, 1, 2, 7]);
  });

  it('throws ERR_NB_STALE_SPIKE from every accessor once it is stale', () => {
    const spike = viewSpike(slots(), 1, null);
    expireSpike(spike);
    for (const key of ['source', 'target', 'type', 'priority', 'sequence', 'timestamp', 'length'] as const) {
      failure('ERR_NB_STALE_SPIKE', () => spike[key]);
    }
    for (const key of ['bytes', 'text', 'json', 'clone'] as const) {
      failure('ERR_NB_STALE_SPIKE', () => spike[key]());
    }
    expect(inspect(spike)).toContain('stale');
    expect(JSON.stringify(spike)).toContain('stale');
  });

  it('refuses a payload length that no writer produces', () => {
    const words = slots();
    for (const n of [47, 62, LENGTH_ARENA]) {
      words[16 + 4] = n << 2;
      const spike = viewSpike(words, 1, null);
      failure('ERR_NB_BAD_PAYLOAD', () => spike.bytes());
      failure('ERR_NB_BAD_PAYLOAD', () => spike.text());
      failure('ERR_NB_BAD_PAYLOAD', () => spike.clone());
    }
  });

  it('is shown by console.log and JSON.stringify as its fields', () => {
    const spike = new SpikeBuilder().source(1).target(2).priority(3).sequence(4).payload('five').build();
    const fields = { source: 1, target: 2, type: 0, priority: 3, sequence: 4, timestamp: 0, length: 4 };
    expect(JSON.parse(JSON.stringify(spike))).toEqual(fields);
    expect(inspect(spike)).toBe(inspect(fields));
  });
});

describe('text payloads', () => {
  const echo = (text: string) => new SpikeBuilder().payload(text).build().text();

  it('keep non-ASCII characters', () => {
    for (const text of [
      'é',
      'naïve café',
      '日本語のテキスト',
      '🧠🚌',
      'aé'.repeat(15),
      '\u0000',
      'a\u0000b',
      '\uFEFFbom',
    ]) {
      expect(echo(text)).toBe(text);
    }
  });

  it('replace lone surrogates by U+FFFD, as UTF-8 has no way to say them', () => {
    expect(echo('\ud83e')).toBe('\ufffd');
    expect(echo('x\udde0y')).toBe('x\ufffdy');
    expect(echo('\udde0\ud83e')).toBe('\ufffd\ufffd');
  });

  it('are measured in bytes: 46 are inline, one more is not', () => {
    const fits = 'é'.repeat(23);
    expect(new SpikeBuilder().payload(fits).build().length).toBe(46);
    const words = slots();
    writeAfterHeader(words, 1, fits, null);
    expect(viewSpike(words, 1, null).text()).toBe(fits);
    failure('ERR_NB_TOO_LARGE', () => writeAfterHeader(slots(), 1, `${fits}x`, null));
    failure('ERR_NB_TOO_LARGE', () => writeAfterHeader(slots(), 1, '日'.repeat(16), null));
    failure('ERR_NB_TOO_LARGE', () => writeAfterHeader(slots(), 1, ascii(47), null));
    failure('ERR_NB_TOO_LARGE', () => writeAfterHeader(slots(), 1, new Uint8Array(47), null));
  });

  it('show bytes that are not UTF-8 as U+FFFD, and only those', () => {
    const words = slots();
    writeAfterHeader(words, 1, Uint8Array.of(0x61, 0xff, 0x62), null);
    expect(viewSpike(words, 1, null).text()).toBe('a\ufffdb');
  });

  it('are not disturbed by a high priority or by what follows them in the slot', () => {
    for (const n of [1, 2, 3, 6, 7]) {
      const words = new Uint32Array(16).fill(0xffffffff);
      writeHeader(words, 0, 0, 0, 0, 0, 0, 0, 255);
      words[4] |= 0xffff0000;
      writeAfterHeader(words, 0, ascii(n), null);
      new Uint8Array(words.buffer).fill(0xff, 18 + n);
      expect(viewSpike(words, 0, null).text()).toBe(ascii(n));
    }
  });
});

describe('json payloads', () => {
  it('come back as the value', () => {
    for (const value of [null, 0, 'text', [1, 2, 3], { a: { b: ['ü'] } }]) {
      expect(new SpikeBuilder().json(value).build().json()).toEqual(value);
    }
  });

  it('that are none give ERR_NB_BAD_PAYLOAD with the cause', () => {
    const error = failure('ERR_NB_BAD_PAYLOAD', () => new SpikeBuilder().payload('{oops').build().json());
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });
});

describe('a clone', () => {
  it('keeps everything when the original moves on', () => {
    const words = slots();
    writeAfterHeader(words, 1, 'keep me', null);
    const spike = viewSpike(words, 1, null);
    const clone = spike.clone();
    words.fill(0);
    expireSpike(spike);
    expect(clone.text()).toBe('keep me');
    expect(clone.sequence).toBe(0xfffffffe);
    expect(clone.timestamp).toBe(0x1289abcdef);
  });

  it('is one of many that do not share bytes', () => {
    const clones = Array.from({ length: 1000 }, (_, i) =>
      new SpikeBuilder().sequence(i).payload(`spike ${i}`).build().clone(),
    );
    clones.forEach((clone, i) => {
      expect(clone.sequence).toBe(i);
      expect(clone.text()).toBe(`spike ${i}`);
    });
  });

  it('has its own copy of a long payload', () => {
    const original = new SpikeBuilder().payload(ascii(500)).build();
    const clone = original.clone();
    original.bytes().fill(0);
    expect(clone.length).toBe(500);
    expect(clone.text()).toBe(ascii(500));
  });
});
