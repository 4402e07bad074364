import { describe, expect, it } from 'vitest';
import { Axon, type AxonOptions, type AxonSpikeInit } from '../../../lib/memory/axon.js';
import { clock } from '../../../lib/memory/clock.js';
import { BROADCAST, SpikeType } from '../../../lib/memory/spike.js';
import { SpikeBuilder } from '../../../lib/memory/spike_builder.js';
import type { SpikeSlot } from '../../../lib/memory/spike_slot.js';
import { open, rest } from './axon_helpers.js';
import { ascii, failure } from './helpers.js';

const MODES = ['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'] as const;

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
