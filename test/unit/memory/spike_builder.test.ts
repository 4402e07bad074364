import { describe, expect, it } from 'vitest';
import { BROADCAST, SpikeType } from '../../../lib/memory/spike.js';
import { SpikeBuilder } from '../../../lib/memory/spike_builder.js';
import { ascii, failure } from './helpers.js';

const bad = <T>(value: unknown) => value as T;

describe('SpikeBuilder', () => {
  it('builds a broadcast without payload by default', () => {
    const spike = new SpikeBuilder().build();
    expect([
      spike.target,
      spike.type,
      spike.priority,
      spike.sequence,
      spike.source,
      spike.timestamp,
      spike.length,
    ]).toEqual([BROADCAST, SpikeType.Excitatory, 0, 0, 0, 0, 0]);
  });

  it('sets every field', () => {
    const spike = new SpikeBuilder()
      .source(65533)
      .target(0)
      .type(SpikeType.Inhibitory)
      .priority(200)
      .sequence(2 ** 32 - 1)
      .timestamp(2 ** 53 - 1)
      .payload('text')
      .build();
    expect([spike.source, spike.target, spike.type, spike.priority]).toEqual([65533, 0, 1, 200]);
    expect(spike.sequence).toBe(2 ** 32 - 1);
    expect(spike.timestamp).toBe(2 ** 53 - 1);
    expect(spike.text()).toBe('text');
  });

  it('holds payloads of any length: text, bytes and JSON', () => {
    for (const n of [0, 1, 46, 47, 1000, 100_000]) {
      expect(new SpikeBuilder().payload(ascii(n)).build().text()).toBe(ascii(n));
      const bytes = Uint8Array.from({ length: n }, (_, i) => i);
      const spike = new SpikeBuilder().payload(bytes).build();
      expect(spike.length).toBe(n);
      expect(spike.bytes()).toEqual(bytes);
      expect(
        new SpikeBuilder()
          .json([ascii(n)])
          .build()
          .json(),
      ).toEqual([ascii(n)]);
    }
  });

  it('counts characters of several bytes as what they are', () => {
    const spike = new SpikeBuilder().payload('é'.repeat(24)).build();
    expect(spike.length).toBe(48);
    expect(spike.text()).toBe('é'.repeat(24));
  });

  it('copies bytes, so that what was built does not change with its source', () => {
    for (const n of [10, 100]) {
      const bytes = new Uint8Array(n).fill(1);
      const spike = new SpikeBuilder().payload(bytes).build();
      bytes.fill(2);
      expect(spike.bytes()).toEqual(new Uint8Array(n).fill(1));
    }
  });

  it('can be used again, and the last of payload() and json() counts', () => {
    const builder = new SpikeBuilder().target(1).payload('first');
    const first = builder.build();
    const second = builder.target(2).json({ second: true }).build();
    const third = builder.payload('third').build();
    expect([first.target, first.text()]).toEqual([1, 'first']);
    expect([second.target, second.json()]).toEqual([2, { second: true }]);
    expect(third.text()).toBe('third');
  });

  it('takes a Buffer as the bytes it is', () => {
    expect(new SpikeBuilder().payload(Buffer.from('buffer')).build().text()).toBe('buffer');
  });

  it.each([
    ['target', [-1, 65534, 65536, 1.5, Number.NaN, '3', null, {}]],
    ['source', [-1, 65534, 65535, 1.5, Number.NaN, '3']],
    ['type', [-1, 3, 0.5, Number.NaN, 'Excitatory', null]],
    ['priority', [-1, 256, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7']],
    ['sequence', [-1, 2 ** 32, 1.5, Number.NaN, '7']],
    ['timestamp', [-1, 2 ** 53, 1.5, Number.NaN, 7n]],
    ['payload', [undefined, null, 7, [1, 2], new ArrayBuffer(4), new Uint16Array(2)]],
    ['json', [undefined, () => 1, Symbol('s')]],
  ] as const)('refuses a bad %s and names it', (method, values) => {
    for (const value of values) {
      const error = failure('ERR_NB_INVALID_ARGUMENT', () => new SpikeBuilder()[method](bad<never>(value)));
      expect(error.message).toMatch(new RegExp(`^${method} is `));
    }
  });

  it('refuses what JSON cannot say, with the cause', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(failure('ERR_NB_INVALID_ARGUMENT', () => new SpikeBuilder().json(circular)).cause).toBeInstanceOf(
      TypeError,
    );
    expect(failure('ERR_NB_INVALID_ARGUMENT', () => new SpikeBuilder().json(10n)).cause).toBeInstanceOf(
      TypeError,
    );
  });
});
