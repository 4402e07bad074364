// SPDX-License-Identifier: MIT
//
// Axon: a ring of spikes between two threads of one process, with taps; usable without a bus.
//
// Any thread, each with an Axon object of its own (Axon.attach). Over all of them, one thread publishes and one reader gates
// the ring; both places are taken on first use and given back by close(), so a thread that ends without it keeps its place.
// Any number of observers read along.

import { AxonObserver } from './axon_observer.js';
import { OldestReader } from './axon_oldest_reader.js';
import { AxonProducer } from './axon_producer.js';
import { type AxonReader, InPlaceReader } from './axon_reader.js';
import { type Backpressure, checkBackpressure, checkCapacity } from './backpressure.js';
import { clock } from './clock.js';
import { type AxonPlace, axonPlace, readCursor } from './cursor.js';
import { invalidArgument, NeuronBusError } from './errors.js';
import * as L from './layout.js';
import { Memory } from './memory.js';
import type { SegmentHandle } from './native.js';
import { copySlot, longPayload, Spike, type SpikeInit } from './spike.js';
import { beginSlot, endSlot, SpikeSlot } from './spike_slot.js';
import { checkSource, checkTimestamp, writeInit } from './spike_writer.js';

export interface AxonOptions {
  /** Slots; a power of two from 2 to 2^26. */
  capacity: number;
  /** What happens to a spike that finds the ring full. Left out: 'drop-newest'. */
  backpressure?: Backpressure;
  /** 'block': how long a publisher waits for room. Left out: 100. */
  blockMs?: number;
  /** 'sample': while more than half full, one spike in this many passes. Left out: 10. */
  sampleEvery?: number;
}

/** Names an axon to other threads of this process: send it with postMessage. */
export interface AxonHandle extends SegmentHandle {}

/** A spike for an axon, which has no bus to fill these in. */
export interface AxonSpikeInit extends SpikeInit {
  /** Neuron id; left out: 0. */
  source?: number;
  /** ns; left out: now. */
  timestamp?: number;
}

export interface AxonStats {
  /** Spikes offered: = consumed by the gating reader + dropped + queued. */
  published: number;
  /** Spikes that the gating reader has not got yet. */
  queued: number;
  dropped: { full: number; oldest: number; sampled: number; deadline: number };
}

export class Axon {
  readonly handle: AxonHandle;
  readonly capacity: number;

  readonly #memory: Memory;
  readonly #place: AxonPlace;
  readonly #producer: AxonProducer;
  readonly #slot: SpikeSlot;
  readonly #readers = new Set<AxonReader>();
  #gating: InPlaceReader | OldestReader | undefined;
  readonly #created: boolean;
  #filling = false;
  #closed = false;

  /** ERR_NB_CAPACITY, ERR_NB_INVALID_ARGUMENT, ERR_NB_NO_MEMORY. */
  constructor(options: AxonOptions);
  /** @internal */
  constructor(attached: Memory);
  constructor(from: AxonOptions | Memory) {
    this.#created = !(from instanceof Memory);
    this.#memory = from instanceof Memory ? from : createMemory(from);
    this.#place = axonPlace(this.#memory, 0);
    this.#producer = new AxonProducer(this.#place);
    this.#slot = new SpikeSlot(this.#memory.u32);
    this.handle = this.#memory.handle;
    this.capacity = this.#place.capacity;
  }

  /** The axon of a handle, in this or another thread of its process. ERR_NB_NO_SUCH_SEGMENT, ERR_NB_INVALID_ARGUMENT. */
  static attach(handle: AxonHandle): Axon {
    if (!isWord(handle?.id) || !isWord(handle.key)) {
      throw invalidArgument('handle', handle, 'the handle of an axon');
    }
    const memory = Memory.attach(handle);
    if (memory.maxGanglia !== 0 || memory.maxAxons !== 1) {
      memory.close();
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        'handle is that of a bus, but must be the handle of an axon',
      );
    }
    return new Axon(memory);
  }

  /**
   * Offers one spike: a Spike is copied as it is, an init is stamped and numbered here. False: dropped and counted.
   * ERR_NB_FULL (mode 'fail'), ERR_NB_TOO_LARGE (payloads end at 46 bytes here), ERR_NB_INVALID_ARGUMENT,
   * ERR_NB_PRODUCER_TAKEN, ERR_NB_CLOSED.
   */
  publish(spike: Spike | AxonSpikeInit): boolean {
    this.#begin(0);
    const producer = this.#producer;
    this.#filling = true; // getters and toJSON of the user run while the slot is written
    try {
      const at = producer.claim();
      if (at < 0) return false;
      this.#write(at, spike);
      producer.commit();
      producer.publish();
    } finally {
      this.#filling = false;
    }
    return true;
  }

  /**
   * Offers many spikes at the price of one cursor store; returns how many were accepted: the first ones, as many as there was
   * room for ('drop-oldest': all; 'sample': those that passed). Mode 'fail' accepts all or, with ERR_NB_FULL, none. After
   * any other error, none is accepted but what had to be made visible before. Errors as publish().
   */
  publishBatch(spikes: readonly (Spike | AxonSpikeInit)[]): number {
    if (!Array.isArray(spikes)) throw invalidArgument('spikes', spikes, 'an array');
    const count = spikes.length;
    this.#begin(count);
    const producer = this.#producer;
    let accepted = 0;
    this.#filling = true;
    try {
      for (let i = 0; i < count; ) {
        const at = producer.claim(count - i);
        if (at < 0) {
          i += producer.refused;
          continue;
        }
        this.#write(at, spikes[i++]);
        producer.commit();
        accepted++;
      }
    } catch (error) {
      producer.abort();
      throw error;
    } finally {
      this.#filling = false;
    }
    producer.publish();
    return accepted;
  }

  /**
   * The same without intermediate objects: `fill` writes each accepted spike right into its slot; `index` counts the offered
   * ones. It is not called for spikes that are dropped, and must not use this axon.
   */
  publishWith(count: number, fill: (slot: SpikeSlot, index: number) => void): number {
    if (!Number.isInteger(count) || count < 0) throw invalidArgument('count', count, 'an integer, 0 or more');
    this.#begin(count);
    const producer = this.#producer;
    const slot = this.#slot;
    let accepted = 0;
    this.#filling = true;
    try {
      for (let index = 0; index < count; ) {
        const run = producer.claimRun(count - index);
        fillSlots(slot, producer.slot, producer.position | 0, index, index + run, fill);
        producer.commitRun(run);
        accepted += run;
        index += run > 0 ? run : producer.refused;
      }
    } catch (error) {
      producer.abort();
      throw error;
    } finally {
      this.#filling = false;
      endSlot(slot);
    }
    producer.publish();
    return accepted;
  }

  /** The gating reader: the ring is full when this one lags. ERR_NB_READER_TAKEN, ERR_NB_CLOSED. */
  reader(): AxonReader {
    this.#check();
    const reader =
      this.#place.mode === L.MODE_DROP_OLDEST
        ? new OldestReader(this.#place, this.#forget)
        : new InPlaceReader(this.#place, this.#forget);
    this.#gating = reader;
    this.#readers.add(reader);
    return reader;
  }

  /**
   * A reader for whom the publisher never waits, and that counts what it lost. It begins with the next spike that is published.
   * ERR_NB_CLOSED.
   */
  observer(): AxonReader {
    this.#check();
    const observer = new AxonObserver(this.#place, this.#forget);
    this.#readers.add(observer);
    return observer;
  }

  /**
   * Exact whenever the ring is at rest, and at any time on the thread that publishes. ERR_NB_CLOSED.
   * Elsewhere, in mode 'drop-oldest', a spike that is being overwritten at this very instant may be in neither count.
   */
  stats(): AxonStats {
    this.#check();
    const { memory, header } = this.#place;
    const dropped = (reason: number) => memory.u64At(header * 4 + L.AXON_DROPPED + 8 * reason);
    // The tail first: what is queued may then be more than there was at any instant, but adds up.
    const tail = Atomics.load(memory.i32, header + (L.AXON_TAIL >> 2));
    const head = readCursor(memory.u32, header + (L.AXON_HEAD >> 2));
    const full = dropped(L.DROP_FULL);
    const oldest = dropped(L.DROP_OLDEST);
    const sampled = dropped(L.DROP_SAMPLED);
    const deadline = dropped(L.DROP_DEADLINE);
    return {
      published: head + full + sampled + deadline,
      queued: ((head - tail) | 0) - (this.#gating?.held ?? 0),
      dropped: { full, oldest, sampled, deadline },
    };
  }

  /**
   * Ends publishing and all readers made by this object. A worker must call it before it ends, or its places as producer and
   * reader stay taken. When the creator closes, nobody can attach any more; those who
   * are attached go on. May be called again.
   */
  close(): void {
    if (this.#closed) return;
    this.#checkIdle();
    this.#closed = true;
    this.#producer.close();
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    if (this.#created) this.#memory.retire();
    this.#memory.close();
  }

  readonly #forget = (reader: AxonReader): void => {
    this.#readers.delete(reader);
    if (this.#gating === reader) this.#gating = undefined;
  };

  #check(): void {
    if (this.#closed) throw new NeuronBusError('CLOSED');
  }

  // Code of the user may run in the middle of a publish: in publishWith(), in getters, in toJSON().
  #checkIdle(): void {
    if (this.#filling) throw new NeuronBusError('REENTRANT', 'The axon is in the middle of a publish');
  }

  // Before publishing: `count` of a batch, 0 for a single spike.
  #begin(count: number): void {
    this.#check();
    this.#checkIdle();
    if (count > 0 && this.#place.mode === L.MODE_FAIL && !this.#producer.hasRoom(count)) {
      this.#producer.refuse(count);
      throw new NeuronBusError('FULL', `A batch of ${count} does not fit`);
    }
  }

  #write(at: number, spike: Spike | AxonSpikeInit): void {
    const { u32 } = this.#memory;
    if (spike instanceof Spike) {
      const long = longPayload(spike);
      if (long !== null)
        throw new NeuronBusError('TOO_LARGE', `The payload has ${long.length} bytes, and an axon takes 46`);
      copySlot(spike, u32, at);
      return;
    }
    if (typeof spike !== 'object' || spike === null)
      throw invalidArgument('spike', spike, 'a Spike or an object');
    const { source = 0, timestamp } = spike;
    const stamp = timestamp === undefined ? clock.now() : checkTimestamp(timestamp);
    writeInit(u32, at, stamp, stamp / 4294967296, this.#producer.position, checkSource(source), spike, null);
  }
}

// A function of its own, so that all of it, and all of the caller's `fill`, is inlined. `| 0` tells V8 that these are 32-bit
// integers throughout.
function fillSlots(
  slot: SpikeSlot,
  at: number,
  sequence: number,
  index: number,
  end: number,
  fill: (slot: SpikeSlot, index: number) => void,
): void {
  for (let i = index | 0, slotAt = at | 0, number = sequence | 0; i < end; i = (i + 1) | 0) {
    beginSlot(slot, slotAt, number);
    fill(slot, i);
    slotAt = (slotAt + 1) | 0;
    number = (number + 1) | 0;
  }
}

function createMemory(options: AxonOptions): Memory {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', options, 'an object');
  const { capacity, backpressure = 'drop-newest', blockMs = 100, sampleEvery = 10 } = options;
  checkCapacity('capacity', capacity);
  if (!(Number.isFinite(blockMs) && blockMs >= 0))
    throw invalidArgument('blockMs', blockMs, 'a number of ms, 0 or more');
  if (!(Number.isInteger(sampleEvery) && sampleEvery > 0 && sampleEvery < 2 ** 32)) {
    throw invalidArgument('sampleEvery', sampleEvery, 'an integer, 1 or more');
  }
  return Memory.create({
    named: false,
    maxGanglia: 0,
    maxAxons: 1,
    axonCapacity: capacity,
    mode: checkBackpressure(backpressure),
    sampleEvery,
    blockMs,
    maxNeurons: 0,
    maxSynapses: 0,
    maxRules: 0,
    maxFilters: 0,
    arenaChunks: 0,
    virtualClock: false,
    name: '',
  });
}

function isWord(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value;
}
