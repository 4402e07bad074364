import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../../lib/memory/error_table.js';
import { errorNameOf, fromNative, invalidArgument, NeuronBusError } from '../../../lib/memory/errors.js';

describe('errors', () => {
  it('carry a code made from the name, and the message of the table', () => {
    const error = new NeuronBusError('FULL');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('NeuronBusError');
    expect(error.code).toBe('ERR_NB_FULL');
    expect(error.message).toBe(ERROR_TABLE.FULL.message);
  });

  it('put the detail before the message and keep the cause', () => {
    const cause = new TypeError('boom');
    const error = new NeuronBusError('BAD_PAYLOAD', 'Byte 7 is odd', { cause });
    expect(error.message).toBe(`Byte 7 is odd. ${ERROR_TABLE.BAD_PAYLOAD.message}`);
    expect(error.cause).toBe(cause);
  });

  it('have unique numbers, and a message for each', () => {
    const entries = Object.values(ERROR_TABLE);
    expect(new Set(entries.map((entry) => entry.number)).size).toBe(entries.length);
    for (const { number, message } of entries) {
      expect(number).toBeGreaterThan(0);
      expect(message).toMatch(/.{16,}/);
    }
  });

  it('are found by their native status; an unknown status is internal', () => {
    expect(errorNameOf(ERROR_TABLE.ARENA_FULL.number)).toBe('ARENA_FULL');
    expect(errorNameOf(9999)).toBe('INTERNAL');
  });

  it('come from what native code threw, with its detail', () => {
    const thrown = Object.assign(new Error('native'), {
      status: ERROR_TABLE.NO_MEMORY.number,
      detail: 'mmap of 4 TB',
    });
    const error = fromNative(thrown);
    expect(error.code).toBe('ERR_NB_NO_MEMORY');
    expect(error.message).toMatch(/^mmap of 4 TB\. /);
    expect(error.cause).toBe(thrown);
  });

  it('pass through fromNative unchanged, and everything foreign becomes internal', () => {
    const own = new NeuronBusError('CLOSED');
    expect(fromNative(own)).toBe(own);
    expect(fromNative(new RangeError('what')).code).toBe('ERR_NB_INTERNAL');
    expect(fromNative(undefined).code).toBe('ERR_NB_INTERNAL');
  });

  it('name the argument, what it was and what it must be', () => {
    const text = (value: unknown) => invalidArgument('size', value, 'an integer').message;
    expect(text(1.5)).toMatch(/^size is 1\.5, but must be an integer\. /);
    expect(text('big')).toMatch(/^size is "big",/);
    expect(text('x'.repeat(100))).toMatch(/^size is a string of 100 characters,/);
    expect(text(undefined)).toMatch(/^size is undefined,/);
    expect(text(null)).toMatch(/^size is null,/);
    expect(text(10n)).toMatch(/^size is 10n,/);
    expect(text([1])).toMatch(/^size is an array,/);
    expect(text(new Map())).toMatch(/^size is an object \(Map\),/);
    expect(text(Object.create(null))).toMatch(/^size is an object \(no prototype\),/);
    expect(text(() => 1)).toMatch(/^size is a function,/);
    expect(text(Symbol('s'))).toMatch(/^size is Symbol\(s\),/);
  });
});
