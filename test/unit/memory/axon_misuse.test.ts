import { describe, expect, it } from 'vitest';
import { Axon } from '../../../lib/memory/axon.js';
import { BROADCAST } from '../../../lib/memory/spike.js';
import type { SpikeSlot } from '../../../lib/memory/spike_slot.js';
import { attach, numbered, open, rest } from './axon_helpers.js';
import { ascii, failure } from './helpers.js';

describe('the places of an axon', () => {
  it('are one producer and one gating reader over all attachments', () => {
    const axon = open({ capacity: 4 });
    const other = attach(axon.handle);
    axon.publish({ sequence: 1 });
    failure('ERR_NB_PRODUCER_TAKEN', () => other.publish({}));
    const reader = other.reader();
    failure('ERR_NB_READER_TAKEN', () => axon.reader());
    failure('ERR_NB_READER_TAKEN', () => other.reader());
    expect(reader.next()?.sequence).toBe(1);
  });

  it('become free by close(), and the successor goes on where the predecessor stopped', () => {
    const axon = open({ capacity: 4 });
    const first = Axon.attach(axon.handle);
    first.publishBatch(numbered(0, 3));
    const firstReader = first.reader();
    firstReader.next();
    firstReader.close();
    const reader = axon.reader();
    expect(reader.next()?.sequence).toBe(1);
    first.close();
    expect(axon.publish({ sequence: 3 })).toBe(true);
    expect(rest(reader)).toEqual([2, 3]);
    expect(axon.stats().published).toBe(4);
  });

  it('end with their own attachment only', () => {
    const axon = open({ capacity: 4 });
    const other = Axon.attach(axon.handle);
    const reader = axon.reader();
    other.close();
    axon.publish({ sequence: 5 });
    expect(reader.next()?.sequence).toBe(5);
  });

  it('cannot be taken once the creator closed, but who is attached goes on', () => {
    const axon = open({ capacity: 4 });
    const other = attach(axon.handle);
    axon.close();
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Axon.attach(axon.handle));
    const reader = other.reader();
    other.publish({ sequence: 6 });
    expect(reader.next()?.sequence).toBe(6);
  });
});

describe('what an axon refuses', () => {
  const bad = <T>(value: unknown) => value as T;

  it('is a capacity that is no power of two from 2 to 2^26', () => {
    for (const capacity of [0, 1, 3, 1000, 2 ** 27, -2, 2.5, Number.NaN, '8', undefined]) {
      failure('ERR_NB_CAPACITY', () => new Axon({ capacity: bad(capacity) }));
    }
  });

  it('are options out of range, by name', () => {
    const refused = (more: object, name: string) =>
      expect(failure('ERR_NB_INVALID_ARGUMENT', () => new Axon({ capacity: 4, ...more })).message).toMatch(
        new RegExp(`^${name} is `),
      );
    refused({ backpressure: 'drop' }, 'backpressure');
    refused({ backpressure: 'toString' }, 'backpressure');
    for (const blockMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5']) refused({ blockMs }, 'blockMs');
    for (const sampleEvery of [0, -1, 1.5, 2 ** 32, '5']) refused({ sampleEvery }, 'sampleEvery');
    failure('ERR_NB_INVALID_ARGUMENT', () => new Axon(bad(undefined)));
  });

  it('are spikes that are none, by name', () => {
    const axon = open({ capacity: 4 });
    for (const spike of [undefined, null, 7, 'text']) {
      failure('ERR_NB_INVALID_ARGUMENT', () => axon.publish(bad(spike)));
    }
    const refused = (init: object, name: string) =>
      expect(failure('ERR_NB_INVALID_ARGUMENT', () => axon.publish(init)).message).toMatch(
        new RegExp(`^${name} `),
      );
    refused({ target: 65534 }, 'target');
    refused({ source: BROADCAST }, 'source');
    refused({ type: 3 }, 'type');
    refused({ priority: -1 }, 'priority');
    refused({ sequence: 0.5 }, 'sequence');
    refused({ timestamp: -1 }, 'timestamp');
    refused({ payload: 7 }, 'payload');
    refused({ payload: 'x', json: 1 }, 'json');
    refused({ json: () => 1 }, 'json');
    failure('ERR_NB_INVALID_ARGUMENT', () => axon.publishBatch(bad('spikes')));
    failure('ERR_NB_INVALID_ARGUMENT', () => axon.publishWith(-1, () => {}));
    failure('ERR_NB_INVALID_ARGUMENT', () => axon.publishWith(1.5, () => {}));
  });

  it('are bad fields of a slot, and slots outside publishWith', () => {
    const axon = open({ capacity: 4 });
    let kept: SpikeSlot | undefined;
    axon.publishWith(1, (slot) => {
      kept = slot;
      for (const field of [
        'source',
        'target',
        'type',
        'priority',
        'sequence',
        'timestamp',
        'payload',
      ] as const) {
        failure('ERR_NB_INVALID_ARGUMENT', () => {
          slot[field] = bad<never>(-1);
        });
      }
      failure('ERR_NB_TOO_LARGE', () => {
        slot.payload = ascii(47);
      });
    });
    for (const field of ['source', 'target', 'type', 'priority', 'sequence', 'timestamp'] as const) {
      failure('ERR_NB_STALE_SPIKE', () => {
        if (kept) kept[field] = 0;
      });
    }
    failure('ERR_NB_STALE_SPIKE', () => {
      if (kept) kept.payload = '';
    });
  });

  it('is publishing from inside publishWith()', () => {
    const axon = open({ capacity: 4 });
    axon.publishWith(1, () => {
      failure('ERR_NB_REENTRANT', () => axon.publish({}));
      failure('ERR_NB_REENTRANT', () => axon.publishWith(1, () => {}));
    });
    expect(axon.stats().published).toBe(1);
  });

  it('are handles that are none', () => {
    for (const handle of [undefined, null, {}, { id: 1 }, { id: '1', key: 2 }]) {
      failure('ERR_NB_INVALID_ARGUMENT', () => Axon.attach(bad(handle)));
    }
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Axon.attach({ id: 0x7fffffff, key: 1 }));
  });
});
