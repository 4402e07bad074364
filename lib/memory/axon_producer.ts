// SPDX-License-Identifier: MIT
//
// The producing end of a ring: which slot to write next, what to do when there is none, when readers see it.
//
//   const at = producer.claim();      // slot, or -1: this spike was dropped and counted
//   ...write the spike into slot `at`...
//   producer.commit();                // the slot is complete
//   producer.publish();               // readers see all committed slots; once per burst, because it costs an atomic store
//
// One thread: the one whose claim() came first holds the producer's place until close(). A slot that was claimed but not
// committed is claimed again by the next claim(), so whoever fails while writing just stops.

import {
  type AxonPlace,
  claimToken,
  dropClaim,
  highWord,
  readCursor,
  storeCursor,
  takeClaim,
} from './cursor.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';

const MAX_STRIDE = 64;
const SPINS = 2000;
const SLEEP_MS = 0.05;

const HEAD = L.AXON_HEAD >> 2;
const INTENT = L.AXON_INTENT >> 2;
const TAIL = L.AXON_TAIL >> 2;

let sleeper: Int32Array | undefined;

export class AxonProducer {
  /** After claim() gave -1, or claimRun() 0: how many of the wanted spikes were dropped by that. */
  refused = 0;
  /** Called for each slot that drop-oldest is about to overwrite, while its content is still there. */
  evicted: ((at: number) => void) | null = null;

  readonly #words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #place: AxonPlace;
  readonly #patience: { readonly patient: boolean };
  readonly #slots: number = 0;
  readonly #mask: number = 0;
  readonly #token = claimToken();
  // Positions are 32-bit integers that wrap: they are compared by the sign of their difference.
  #head = 0; // the next position to write
  #ready = 0; // positions below it may be written without looking at anything
  #published = 0; // positions below it are visible
  #headHigh = 0;
  #intent = 0; // as stored: observers distrust positions below intent - capacity
  #intentHigh = 0;
  #tail = 0; // as last seen
  #offered = 0; // in sample mode, while the ring was over half full
  #state: 'new' | 'open' | 'closed' = 'new';

  /** In mode block it waits for room while `patience` says so. */
  constructor(place: AxonPlace, patience: { readonly patient: boolean } = { patient: true }) {
    this.#place = place;
    this.#patience = patience;
    this.#words = place.memory.u32;
    this.#signed = place.memory.i32;
    this.#slots = place.slots;
    this.#mask = place.capacity - 1;
  }

  /** Position of the next spike, modulo 2^32: how many were accepted before it. */
  get position(): number {
    return this.#head >>> 0;
  }

  /** Spikes committed but not published. */
  get pending(): number {
    return (this.#head - this.#published) | 0;
  }

  /**
   * The slot to write next (byte offset / 64). `wanted`: how many the caller is about to claim, this one included. -1: the
   * ring is full and all of them are dropped (in sample mode, where the next may pass: this one), counted in `refused`.
   * ERR_NB_FULL in fail mode, ERR_NB_PRODUCER_TAKEN, ERR_NB_CLOSED.
   */
  claim(wanted = 1): number {
    const head = this.#head;
    if (((this.#ready - head) | 0) <= 0 && !this.#prepare(wanted)) return -1;
    return this.#slots + (this.#head & this.#mask);
  }

  /** How many slots may be written next, one after the other from `slot` on; 0 when claim() would return -1. */
  claimRun(wanted: number): number {
    const head = this.#head;
    if (((this.#ready - head) | 0) <= 0 && !this.#prepare(wanted)) return 0;
    const untilEnd = this.#mask + 1 - (this.#head & this.#mask);
    return Math.min(wanted, (this.#ready - this.#head) | 0, untilEnd);
  }

  /** The slot of the next position. */
  get slot(): number {
    return this.#slots + (this.#head & this.#mask);
  }

  commitRun(count: number): void {
    this.#head = (this.#head + count) | 0;
  }

  /** The claimed slot is complete. */
  commit(): void {
    this.#head = (this.#head + 1) | 0;
  }

  /** Forgets what was committed since the last publish(). */
  abort(): void {
    this.#head = this.#published;
  }

  /** Makes the committed slots visible. */
  publish(): void {
    const before = this.#published;
    const head = this.#head;
    if (head === before) return;
    this.#count(L.AXON_PUBLISHED, (head - before) | 0);
    this.#published = head;
    // SYNC axon-publish
    this.#headHigh = storeCursor(this.#signed, this.#place.header + HEAD, before, head, this.#headHigh);
  }

  /** Whether `count` more spikes fit right now. */
  hasRoom(count: number): boolean {
    this.#open();
    return this.#room() >= count;
  }

  /** How many spikes fit right now, before the backpressure mode decides. */
  get free(): number {
    this.#open();
    const { capacity, mode } = this.#place;
    return mode === L.MODE_SAMPLE ? Math.max(0, this.#room() - (capacity >> 1) + 1) : this.#room();
  }

  /** In fail mode: counts spikes that were not even claimed. */
  refuse(count: number): void {
    this.#drop(L.DROP_FULL, count);
  }

  /** Publishes what is committed and gives the producer's place free. */
  close(): void {
    if (this.#state === 'open') {
      this.publish();
      dropClaim(this.#words, this.#place.header + (L.AXON_PRODUCER >> 2), this.#token);
    }
    this.#state = 'closed';
    this.#ready = this.#head;
  }

  #open(): void {
    if (this.#state === 'open') return;
    if (this.#state === 'closed') throw new NeuronBusError('CLOSED');
    const { header } = this.#place;
    takeClaim(this.#words, header + (L.AXON_PRODUCER >> 2), this.#token, 'PRODUCER_TAKEN');
    this.#state = 'open';
    const head = readCursor(this.#words, header + HEAD);
    const intent = readCursor(this.#words, header + INTENT);
    this.#head = this.#published = this.#ready = head | 0;
    this.#headHigh = highWord(head);
    this.#intent = intent | 0;
    this.#intentHigh = highWord(intent);
    this.#tail = Atomics.load(this.#signed, header + TAIL);
  }

  // The slow path of claim(): looks at the reader's cursor, decides by the mode, announces the intent.
  #prepare(wanted: number): boolean {
    this.#open();
    const { capacity, mode } = this.#place;
    let room = capacity - ((this.#head - this.#tail) | 0);
    if (room < wanted || mode === L.MODE_SAMPLE) room = this.#room();
    if (mode === L.MODE_SAMPLE) {
      room = this.#sampledRoom(room);
      if (room === 0) return false;
    } else if (mode === L.MODE_DROP_OLDEST) {
      if (room < wanted) room = this.#evict(Math.min(wanted, capacity));
    } else if (room === 0) {
      if (mode === L.MODE_FAIL) {
        this.#drop(L.DROP_FULL, wanted);
        throw new NeuronBusError('FULL');
      }
      if (mode === L.MODE_BLOCK) room = this.#waitForRoom();
      if (room === 0) {
        this.#drop(mode === L.MODE_BLOCK ? L.DROP_DEADLINE : L.DROP_FULL, wanted);
        return false;
      }
    }
    this.#announce(Math.min(wanted, room));
    const last = (this.#head + room) | 0;
    this.#ready = ((this.#intent - last) | 0) < 0 ? this.#intent : last;
    return true;
  }

  #room(): number {
    this.#tail = Atomics.load(this.#signed, this.#place.header + TAIL); // SYNC axon-release
    return this.#place.capacity - ((this.#head - this.#tail) | 0);
  }

  // Tells observers, before the first byte is written, that `count` slots from head on are no longer what they were. In
  // strides, because it costs an atomic store; the load after it keeps the writes that follow from moving before it.
  #announce(count: number): void {
    if (((this.#intent - this.#head) | 0) >= count) return;
    const { capacity, header } = this.#place;
    const stride = Math.max(1, Math.min(MAX_STRIDE, capacity >> 2));
    const before = this.#intent;
    this.#intent = (this.#head + Math.max(stride, count)) | 0;
    // SYNC axon-intent
    this.#intentHigh = storeCursor(this.#signed, header + INTENT, before, this.#intent, this.#intentHigh);
    Atomics.load(this.#signed, header + INTENT);
  }

  // Up to half full, as many as that; above it, one spike in sampleEvery offered; none when full.
  #sampledRoom(room: number): number {
    const { capacity, header } = this.#place;
    if (room === 0) {
      this.#drop(L.DROP_FULL, 1);
      return 0;
    }
    const untilHalf = room - (capacity >> 1);
    if (untilHalf >= 0) return untilHalf + 1;
    this.#offered++;
    if (this.#offered % this.#words[header + (L.AXON_SAMPLE_EVERY >> 2)] === 0) return 1;
    this.#drop(L.DROP_SAMPLED, 1);
    return 0;
  }

  // Takes spikes away from the reader, oldest first, until `wanted` fit. Whoever moves the tail past a spike owns it: either
  // the reader got it or it is counted here.
  #evict(wanted: number): number {
    const { capacity, header } = this.#place;
    for (;;) {
      const tail = this.#tail;
      const need = wanted - (capacity - ((this.#head - tail) | 0));
      if (need <= 0) return wanted - need;
      const next = (tail + need) | 0;
      if (((this.#published - next) | 0) < 0) this.publish();
      const seen = Atomics.compareExchange(this.#signed, header + TAIL, tail, next); // SYNC axon-release
      if (seen !== tail) {
        this.#tail = seen;
        continue;
      }
      this.#tail = next;
      this.#count(L.AXON_DROPPED + 8 * L.DROP_OLDEST, need);
      if (this.evicted !== null) {
        for (let i = 0; i < need; i++) this.evicted(this.#slots + ((tail + i) & this.#mask));
      }
      return wanted;
    }
  }

  // Spins, then sleeps in slices. What was committed before becomes visible first: the reader cannot make room otherwise.
  #waitForRoom(): number {
    this.publish();
    const { memory, header } = this.#place;
    const patienceMs = this.#patience.patient ? memory.u64At(header * 4 + L.AXON_BLOCK_NS) / 1e6 : 0;
    const deadline = performance.now() + patienceMs;
    for (let spins = 1; ; spins++) {
      const room = this.#room();
      if (room > 0 || !this.#patience.patient) return room;
      if (spins % 100 !== 0) continue;
      if (performance.now() >= deadline) return 0;
      if (spins < SPINS) continue;
      sleeper ??= new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(sleeper, 0, 0, SLEEP_MS);
    }
  }

  #drop(reason: number, count: number): void {
    this.refused = count;
    this.#count(L.AXON_PUBLISHED, count);
    this.#count(L.AXON_DROPPED + 8 * reason, count);
  }

  // Adds to a 64-bit counter that only this thread writes.
  #count(field: number, n: number): void {
    const word = this.#place.header + (field >> 2);
    const before = this.#words[word];
    const after = (before + n) >>> 0;
    this.#words[word] = after;
    if (after < before) this.#words[word + 1]++;
  }
}
