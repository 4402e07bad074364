// Random operations on an Axon against a plain queue. A failure prints the seed and the shrunk list of operations;
// `{ seed, path }` in fc.assert repeats it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Axon } from '../../lib/memory/axon.js';
import type { AxonReader } from '../../lib/memory/axon_reader.js';
import type { Backpressure } from '../../lib/memory/backpressure.js';
import { NeuronBusError } from '../../lib/memory/errors.js';
import * as L from '../../lib/memory/layout.js';
import { Memory } from '../../lib/memory/memory.js';
import type { Spike } from '../../lib/memory/spike.js';
import { Model, type Operation, operation, SAMPLE_EVERY } from './axon_model.js';

/** Different for each spike, of every length from 0 to 46. */
const payloadOf = (id: number) =>
  `${id}:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ`.slice(0, (id * 29) % 47);

function verify(spike: Spike | undefined, id: number): void {
  expect(spike?.sequence).toBe(id);
  expect(spike?.target).toBe(id % 60_000);
  expect(spike?.text()).toBe(payloadOf(id));
}

class Run {
  readonly axon: Axon;
  readonly model: Model;
  reader: AxonReader;
  observers: { reader: AxonReader; position: number; lost: number }[] = [];
  nextId = 0;
  // Without aborted batches, the producer announces no more than this beyond the head.
  readonly stride: number;
  aborted = false;

  constructor(capacity: number, mode: Backpressure, start: number) {
    this.axon = new Axon({ capacity, backpressure: mode, blockMs: 0, sampleEvery: SAMPLE_EVERY });
    this.model = new Model(capacity, mode);
    this.stride = Math.max(1, Math.min(64, capacity >> 2));
    startAt(this.axon, start);
    this.base = this.axon.stats().published;
    this.reader = this.axon.reader();
  }
  readonly base: number;

  step(action: Operation): void {
    const { axon, model } = this;
    switch (action.op) {
      case 'publish': {
        const id = this.nextId++;
        const expected = model.offer(id);
        const publish = () =>
          axon.publish({ sequence: id, target: id % 60_000, payload: payloadOf(id), timestamp: 0 });
        if (expected === undefined) expect(publish).toThrow(/ring is full/);
        else expect(publish()).toBe(expected);
        return;
      }
      case 'batch': {
        const first = this.nextId;
        const spikes = Array.from({ length: action.count }, (_, i) => ({
          sequence: first + i,
          target: (first + i) % 60_000,
          payload: payloadOf(first + i),
          timestamp: 0,
        }));
        this.batch(action.count, () => axon.publishBatch(spikes));
        return;
      }
      case 'with':
        this.with(action.count, action.throwAt);
        return;
      case 'next': {
        model.held = 0;
        const id = model.queue.shift();
        if (id === undefined) {
          expect(this.reader.next()).toBeUndefined();
        } else {
          verify(this.reader.next(), id);
          model.consumed++;
          if (model.mode !== 'drop-oldest') model.held = 1;
        }
        return;
      }
      case 'drain': {
        model.held = 0;
        const expected = model.queue.splice(0, action.max);
        const count = this.reader.drain((spike) => verify(spike, expected.shift() ?? -1), action.max);
        expect(expected).toEqual([]);
        model.consumed += count;
        return;
      }
      case 'reopen reader':
        model.held = 0;
        this.reader.close();
        this.reader = axon.reader();
        return;
      case 'observe':
        this.observers[action.which]?.reader.close();
        this.observers[action.which] = { reader: axon.observer(), position: model.accepted.length, lost: 0 };
        return;
      case 'observer next':
        this.observed(action.which, 1, (observer, see) => {
          const spike = observer.next();
          if (spike) see(spike);
        });
        return;
      case 'observer drain':
        this.observed(action.which, action.max, (observer, see) => {
          observer.drain(see, action.max);
        });
    }
  }

  batch(count: number, publish: () => number): void {
    const { model } = this;
    const first = this.nextId;
    this.nextId += count;
    if (model.mode === 'fail' && count > model.room) {
      model.offered += count;
      model.dropped.full += count;
      expect(publish).toThrow(/ring is full/);
      return;
    }
    let expected = 0;
    for (let i = 0; i < count; i++) if (model.offer(first + i)) expected++;
    expect(publish()).toBe(expected);
  }

  with(count: number, throwAt: number): void {
    const first = this.nextId;
    const { axon, model } = this;
    const publish = () =>
      axon.publishWith(count, (slot, index) => {
        if (index === throwAt) throw new RangeError('thrown by fill');
        const id = first + index;
        slot.sequence = id;
        slot.target = id % 60_000;
        slot.payload = payloadOf(id);
      });
    // A batch that fails half-way is forgotten, as long as nothing had to be dropped or shown for it.
    const throws = throwAt >= 0 && throwAt < count && count <= model.room && model.mode !== 'sample';
    if (throws) {
      this.aborted = true;
      expect(publish).toThrow('thrown by fill');
      return;
    }
    if (throwAt < 0) this.batch(count, publish);
  }

  observed(
    index: number,
    most: number,
    read: (observer: AxonReader, see: (spike: Spike) => void) => void,
  ): void {
    const observer = this.observers[index];
    if (observer === undefined) return;
    const { accepted, capacity } = this.model;
    const lag = accepted.length - observer.position;
    let count = 0;
    read(observer.reader, (spike) => {
      const lostNow = observer.reader.lost - observer.lost;
      observer.lost += lostNow;
      observer.position += lostNow;
      verify(spike, accepted[observer.position]);
      observer.position++;
      count++;
    });
    const lostNow = observer.reader.lost - observer.lost;
    observer.lost += lostNow;
    observer.position += lostNow;
    if (!this.aborted && lag <= capacity - this.stride) expect(lostNow).toBe(0);
    if (lag === 0 || most === 0) expect(count).toBe(0);
    else expect(count + lostNow).toBeGreaterThan(0);
    expect(observer.reader.available).toBe(accepted.length - observer.position);
  }

  check(): void {
    const { model } = this;
    const stats = this.axon.stats();
    expect(stats.published - this.base).toBe(model.offered);
    expect(stats.queued).toBe(model.queue.length);
    expect(stats.dropped).toEqual(model.dropped);
    expect(this.reader.available).toBe(model.queue.length);
    const lost = Object.values(model.dropped).reduce((sum, n) => sum + n);
    expect(model.consumed + model.queue.length + lost).toBe(model.offered);
  }
}

/** Pretends that `position` spikes went through the axon already. */
function startAt(axon: Axon, position: number): void {
  const memory = Memory.attach(axon.handle);
  const header = memory.axonOffset(0) / 4;
  const low = position >>> 0;
  const high = Math.floor(position / 2 ** 31);
  for (const cursor of [L.AXON_HEAD, L.AXON_INTENT]) {
    memory.u32[header + (cursor >> 2)] = low;
    memory.u32[header + (cursor >> 2) + 1] = high;
  }
  memory.u32[header + (L.AXON_TAIL >> 2)] = low;
  memory.close();
}

const starts = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 2 ** 31 - 40, max: 2 ** 31 + 2 }),
  fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 + 2 }),
  fc.integer({ min: 3 * 2 ** 31 - 40, max: 3 * 2 ** 31 }),
  fc.integer({ min: 2 ** 40 - 40, max: 2 ** 40 }),
);

describe.each(['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'] as const)(
  'an axon in mode %s',
  (mode) => {
    it.each([2, 4, 16])('of capacity %i does what a plain queue does', (capacity) => {
      fc.assert(
        fc.property(starts, fc.array(operation, { maxLength: 150, size: 'max' }), (start, operations) => {
          const run = new Run(capacity, mode, start);
          try {
            for (const action of operations) {
              run.step(action);
              run.check();
            }
          } catch (error) {
            if (error instanceof NeuronBusError) error.message = `${error.code}: ${error.message}`;
            throw error;
          } finally {
            run.axon.close();
          }
        }),
        { numRuns: 150 },
      );
    });
  },
);
