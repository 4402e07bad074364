import { afterEach, describe, expect, it } from 'vitest';
import { Axon, type AxonOptions, type AxonSpikeInit } from '../../../lib/memory/axon.js';
import { clock } from '../../../lib/memory/clock.js';
import { BROADCAST, type Spike, SpikeType } from '../../../lib/memory/spike.js';
import { SpikeBuilder } from '../../../lib/memory/spike_builder.js';
import type { SpikeSlot } from '../../../lib/memory/spike_slot.js';
import { ascii, failure } from './helpers.js';

const MODES = ['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'] as const;
const opened: Axon[] = [];

function open(options: AxonOptions): Axon {
  const axon = new Axon(options);
  opened.push(axon);
  return axon;
}

afterEach(() => {
  for (const axon of opened.splice(0)) axon.close();
});

const numbered = (from: number, count: number): AxonSpikeInit[] =>
  Array.from({ length: count }, (_, i) => ({ sequence: from + i }));

function rest(reader: { next(): Spike | undefined }): number[] {
  const sequences: number[] = [];
  for (let spike = reader.next(); spike; spike = reader.next()) sequences.push(spike.sequence);
  return sequences;
}

describe.each(MODES)('an axon in mode %s', (backpressure) => {
  const make = (capacity: number, more: Partial<AxonOptions> = {}) =>
    open({ capacity, backpressure, blockMs: 0, sampleEvery: 2, ...more });

  it('hands out what was published, in order, and nothing else', () => {
    const axon = make(16);
    const reader = axon.reader();
    expect(reader.next()).toBeUndefined();
    for (let i = 0; i < 5; i++) expect(axon.publish({ sequence: i })).toBe(true);
    expect(reader.available).toBe(5);
    expect(rest(reader)).toEqual([0, 1, 2, 3, 4]);
    expect(reader.available).toBe(0);
  });

  it('carries every field and payloads up to 46 bytes', () => {
    const axon = make(64);
    const reader = axon.reader();
    const binary = Uint8Array.of(1, 2, 0, 0);
    const inits: AxonSpikeInit[] = [
      {
        source: 65533,
        target: 0,
        type: SpikeType.Modulatory,
        priority: 255,
        timestamp: 2 ** 40 + 1,
        sequence: 9,
      },
      { payload: '' },
      { payload: ascii(46) },
      { payload: 'grüße 🧠' },
      { payload: binary },
      { json: { a: [1, null] } },
    ];
    for (const init of inits) axon.publish(init);
    const first = reader.next();
    expect([first?.source, first?.target, first?.type, first?.priority]).toEqual([65533, 0, 2, 255]);
    expect([first?.timestamp, first?.sequence, first?.length]).toEqual([2 ** 40 + 1, 9, 0]);
    expect(reader.next()?.text()).toBe('');
    expect(reader.next()?.text()).toBe(ascii(46));
    expect(reader.next()?.text()).toBe('grüße 🧠');
    expect(reader.next()?.bytes()).toEqual(binary);
    expect(reader.next()?.json()).toEqual({ a: [1, null] });
  });

  it('copies a Spike bit by bit', () => {
    const axon = make(4);
    const reader = axon.reader();
    const spike = new SpikeBuilder()
      .source(1)
      .target(2)
      .type(1)
      .priority(3)
      .sequence(4)
      .timestamp(5)
      .payload('six')
      .build();
    axon.publish(spike);
    const received = reader.next();
    expect(received?.toJSON()).toEqual(spike.toJSON());
    expect(received?.text()).toBe('six');
  });

  it('passes a received spike on to another axon', () => {
    const [from, to] = [make(4), make(4)];
    const [first, second] = [from.reader(), to.reader()];
    from.publish({ payload: 'pass it on', sequence: 77 });
    const received = first.next();
    if (received) to.publish(received);
    expect(second.next()?.text()).toBe('pass it on');
  });

  it('stamps, numbers and addresses an init that does not say', () => {
    const axon = make(16);
    const reader = axon.reader();
    const before = clock.now();
    axon.publish({});
    axon.publish({});
    const after = clock.now();
    const first = reader.next();
    expect(first?.timestamp).toBeGreaterThanOrEqual(before);
    expect(first?.timestamp).toBeLessThanOrEqual(after);
    expect([first?.sequence, first?.target, first?.source]).toEqual([0, BROADCAST, 0]);
    expect(reader.next()?.sequence).toBe(1);
  });

  it('takes batches: ready objects, or slots filled in place', () => {
    const axon = make(16);
    const reader = axon.reader();
    expect(axon.publishBatch([{ payload: 'a' }, new SpikeBuilder().payload('b').build()])).toBe(2);
    const fill = (slot: SpikeSlot, index: number) => {
      slot.target = index;
      slot.source = 7;
      slot.type = SpikeType.Inhibitory;
      slot.priority = 255;
      slot.timestamp = 2 ** 33;
      slot.payload = `slot ${index}`;
    };
    expect(axon.publishWith(3, fill)).toBe(3);
    expect(axon.publishBatch([])).toBe(0);
    expect(axon.publishWith(0, fill)).toBe(0);
    expect([reader.next()?.text(), reader.next()?.text()]).toEqual(['a', 'b']);
    for (let i = 0; i < 3; i++) {
      const spike = reader.next();
      expect(spike?.toJSON()).toEqual({
        source: 7,
        target: i,
        type: 1,
        priority: 255,
        timestamp: 2 ** 33,
        sequence: 2 + i,
        length: 6,
      });
      expect(spike?.text()).toBe(`slot ${i}`);
    }
  });

  it('starts each slot of publishWith clean, whatever was in it before', () => {
    const axon = make(2);
    const reader = axon.reader();
    for (let i = 0; i < 4; i++) {
      axon.publish({ target: 9, priority: 200, type: 2, payload: ascii(46), timestamp: 123 });
      reader.drain(() => {});
    }
    axon.publishWith(1, () => {});
    expect(reader.next()?.toJSON()).toEqual({
      source: 0,
      target: BROADCAST,
      type: 0,
      priority: 0,
      sequence: 4,
      timestamp: 0,
      length: 0,
    });
  });

  it('counts published = consumed + dropped + queued at every moment', () => {
    const axon = make(4);
    const reader = axon.reader();
    let consumed = 0;
    let offered = 0;
    const check = () => {
      const { published, queued, dropped } = axon.stats();
      expect(published).toBe(offered);
      expect(consumed + queued + dropped.full + dropped.oldest + dropped.sampled + dropped.deadline).toBe(
        offered,
      );
      expect(queued).toBe(reader.available);
    };
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < round % 7; i++) {
        offered++;
        try {
          axon.publish({});
        } catch {
          expect(backpressure).toBe('fail');
        }
        check();
      }
      for (let i = 0; i < round % 4; i++) {
        if (reader.next()) consumed++;
        check();
      }
      reader.drain(() => {
        consumed++;
        check();
      }, round % 3);
      check();
    }
    expect(offered).toBeGreaterThan(consumed);
  });

  it('does not count what it refused', () => {
    const axon = make(4);
    const reader = axon.reader();
    failure('ERR_NB_INVALID_ARGUMENT', () => axon.publish({ priority: 300 }));
    failure('ERR_NB_INVALID_ARGUMENT', () => axon.publishBatch([{}, { target: -1 }]));
    failure('ERR_NB_TOO_LARGE', () => axon.publish({ payload: ascii(47) }));
    failure('ERR_NB_TOO_LARGE', () => axon.publish(new SpikeBuilder().payload(ascii(47)).build()));
    expect(() =>
      axon.publishWith(2, (_, i) => {
        if (i === 1) throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(axon.stats().published).toBe(0);
    expect(reader.next()).toBeUndefined();
    axon.publish({ payload: 'fine' });
    expect(reader.next()?.text()).toBe('fine');
  });

  it('gives ERR_NB_CLOSED from everything after close(), which may be called again', () => {
    const axon = make(4);
    const [reader, observer] = [axon.reader(), axon.observer()];
    axon.publish({});
    const held = reader.next();
    axon.close();
    axon.close();
    for (const act of [
      () => axon.publish({}),
      () => axon.publishBatch([{}]),
      () => axon.publishWith(1, () => {}),
      () => axon.reader(),
      () => axon.observer(),
      () => axon.stats(),
      () => reader.next(),
      () => reader.drain(() => {}),
      () => reader.available,
      () => observer.next(),
      () => observer.drain(() => {}),
      () => observer.available,
    ]) {
      failure('ERR_NB_CLOSED', act);
    }
    failure('ERR_NB_STALE_SPIKE', () => held?.sequence);
    reader.close();
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Axon.attach(axon.handle));
  });
});

describe('a full axon', () => {
  it('drops the newest and says so, when asked to', () => {
    const axon = open({ capacity: 4, backpressure: 'drop-newest' });
    const reader = axon.reader();
    expect(axon.publishBatch(numbered(0, 6))).toBe(4);
    expect(axon.publish({})).toBe(false);
    expect(axon.stats()).toEqual({
      published: 7,
      queued: 4,
      dropped: { full: 3, oldest: 0, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([0, 1, 2, 3]);
  });

  it('drops the oldest, also when a batch is larger than the ring', () => {
    const axon = open({ capacity: 4, backpressure: 'drop-oldest' });
    const reader = axon.reader();
    expect(axon.publishBatch(numbered(0, 3))).toBe(3);
    expect(axon.publishBatch(numbered(3, 7))).toBe(7);
    expect(axon.publish({ sequence: 10 })).toBe(true);
    expect(axon.stats()).toEqual({
      published: 11,
      queued: 4,
      dropped: { full: 0, oldest: 7, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([7, 8, 9, 10]);
    expect(reader.lost).toBe(7);
  });

  it('throws ERR_NB_FULL; a batch that does not fit is refused whole', () => {
    const axon = open({ capacity: 4, backpressure: 'fail' });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 3));
    failure('ERR_NB_FULL', () => axon.publishBatch(numbered(3, 2)));
    failure('ERR_NB_FULL', () => axon.publishWith(2, () => {}));
    axon.publish({ sequence: 3 });
    failure('ERR_NB_FULL', () => axon.publish({}));
    expect(axon.stats()).toEqual({
      published: 9,
      queued: 4,
      dropped: { full: 5, oldest: 0, sampled: 0, deadline: 0 },
    });
    expect(rest(reader)).toEqual([0, 1, 2, 3]);
  });

  it('waits for its deadline and then drops', () => {
    const axon = open({ capacity: 2, backpressure: 'block', blockMs: 30 });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 2));
    const before = performance.now();
    expect(axon.publish({})).toBe(false);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
    expect(axon.stats().dropped.deadline).toBe(1);
    expect(rest(reader)).toEqual([0, 1]);
    expect(axon.publish({})).toBe(true);
  });

  it('is sampled: over half full, one spike in sampleEvery passes; full, none', () => {
    const axon = open({ capacity: 8, backpressure: 'sample', sampleEvery: 3 });
    const reader = axon.reader();
    const accepted = Array.from({ length: 20 }, (_, i) => axon.publish({ sequence: i }));
    // Five until it is over half full, then every third, until it is full.
    expect(accepted.flatMap((yes, i) => (yes ? [i] : []))).toEqual([0, 1, 2, 3, 4, 7, 10, 13]);
    expect(axon.stats().dropped).toEqual({ full: 6, oldest: 0, sampled: 6, deadline: 0 });
    expect(rest(reader)).toEqual([0, 1, 2, 3, 4, 7, 10, 13]);
    expect(axon.publishBatch(numbered(20, 5))).toBe(5);
  });

  it('has room again as soon as the reader asks for more', () => {
    const axon = open({ capacity: 2 });
    const reader = axon.reader();
    axon.publishBatch(numbered(0, 2));
    expect(reader.next()?.sequence).toBe(0);
    expect(axon.publish({ sequence: 2 })).toBe(false); // the first is still being looked at
    expect(reader.next()?.sequence).toBe(1);
    expect(axon.publish({ sequence: 3 })).toBe(true);
    expect(rest(reader)).toEqual([3]);
  });
});

describe('the places of an axon', () => {
  it('are one producer and one gating reader over all attachments', () => {
    const axon = open({ capacity: 4 });
    const other = Axon.attach(axon.handle);
    opened.push(other);
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
    const other = Axon.attach(axon.handle);
    opened.push(other);
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
