// Any payload through an axon against what Node's own encoder and decoder say. A failure prints the seed and a short example.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Axon } from '../../lib/memory/axon.js';
import type { AxonReader } from '../../lib/memory/axon_reader.js';
import { SpikeBuilder } from '../../lib/memory/spike_builder.js';

// Pieces whose boundaries matter: ASCII, two to four bytes, halves of surrogate pairs, NUL.
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'Z9',
      ' ',
      '\u0000',
      'é',
      '\u07ff',
      '日',
      '\ufeff',
      '🧠',
      '\ud83e',
      '\udde0',
      '\uffff',
    ),
    {
      maxLength: 50,
    },
  )
  .map((pieces) => pieces.join(''));
const anyText = fc.oneof(text, fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }));
const anyBytes = fc.uint8Array({ maxLength: 60 });
const priority = fc.nat(255);

describe('a payload', () => {
  let axon: Axon;
  let reader: AxonReader;
  beforeAll(() => {
    axon = new Axon({ capacity: 2, backpressure: 'fail' });
    reader = axon.reader();
  });
  afterAll(() => axon.close());

  const send = (payload: string | Uint8Array, bytes: Buffer, level: number): void => {
    if (bytes.length > 46) {
      expect(() => axon.publish({ payload })).toThrow(expect.objectContaining({ code: 'ERR_NB_TOO_LARGE' }));
      return;
    }
    axon.publish({ payload, priority: level, type: 2 });
    axon.publishWith(1, (slot) => {
      slot.type = 1;
      slot.payload = payload;
      slot.priority = level;
      slot.type = 2;
    });
    for (let i = 0; i < 2; i++) {
      const spike = reader.next();
      expect(spike?.bytes()).toEqual(new Uint8Array(bytes));
      expect(spike?.text()).toBe(bytes.toString());
      expect([spike?.length, spike?.priority, spike?.type]).toEqual([bytes.length, level, 2]);
    }
    reader.next();
  };

  it('of text arrives as UTF-8, or is refused when it is too long', () => {
    fc.assert(
      fc.property(anyText, priority, (payload, level) => send(payload, Buffer.from(payload), level)),
      { numRuns: 3000 },
    );
  });

  it('of bytes arrives unchanged', () => {
    fc.assert(
      fc.property(anyBytes, priority, (payload, level) => send(payload, Buffer.from(payload), level)),
      { numRuns: 2000 },
    );
  });

  it('of any length survives a builder and a clone', () => {
    fc.assert(
      fc.property(anyText, priority, (payload, level) => {
        const spike = new SpikeBuilder().priority(level).payload(payload).build();
        const expected = Buffer.from(payload);
        for (const one of [spike, spike.clone()]) {
          expect(one.text()).toBe(expected.toString());
          expect(one.bytes()).toEqual(new Uint8Array(expected));
          expect([one.length, one.priority]).toEqual([expected.length, level]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
