// SPDX-License-Identifier: MIT
//
// The way out: from fire() into the ring. Called on the one thread that owns the ganglion.
//
// JavaScript writes the slot itself; nothing native runs per spike but a clock reading per burst. The spike becomes
// visible to the native half with control.self_head, and to observers when the ring's cursor is published, at the next
// route() or settle().
//
// emit() is written for the compiler: it must fit, with fire() around it, into what V8 inlines into a caller's loop (920
// bytes of bytecode), or each spike pays for calls and boxed numbers. So it writes the header itself, looks at rooms and
// clocks once per credit, and leaves everything unusual to calls. Words of a slot are w | i, which needs no check for overflow as
// w + i does. Numbers have a first value where they are declared, which
// tells V8 that they stay small integers.

import { checkBackpressure } from '../memory/backpressure.js';
import { readCursor } from '../memory/cursor.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { longPayload, type Spike } from '../memory/spike.js';
import { checkPriority, checkType, jsonText, writeBody, writeCopy } from '../memory/spike_writer.js';
import type { SendOptions } from './neuron.js';
import type { ResolvedOptions } from './options.js';
import { Outboxes } from './outboxes.js';
import { C, type Workspace } from './workspace.js';

/** From this priority on a spike is published at once. */
const REFLEX_PRIORITY = 224;
/** Spikes that may share one clock reading. */
export const STAMPS_PER_READING = 64;
const INTENT_STRIDE = 64;
// Constants of other modules are loads where this module's own are part of the instructions, and here that counts.
const { NOW_LO, NOW_HI, SELF_HEAD, EMISSIONS } = C;
const NEURON_SHIFT = Math.log2(L.NEURON_BYTES / 4);
const WATCH = L.NEURON_WATCH >> 2;
const SEQUENCE = L.NEURON_SEQUENCE >> 2;
const WATCH_PAIR = L.WATCH_PAIR;
const EXCITATORY = L.TYPE_EXCITATORY;
const writeText = writeBody;
/** In place of a sequence number: the neuron's own count. */
export const OWN_SEQUENCE = -1;
const OWN: number = OWN_SEQUENCE;

export interface EmitterHost {
  /** A spike waits; called while the workspace says eventDriven. */
  queued(): void;
  /** Books what handlers did so far. */
  settle(): void;
  /** Backpressure 'block': deliver something now. */
  makeRoom(): void;
}

export class Emitter {
  readonly #ws: Workspace;
  readonly #host: EmitterHost;
  readonly #outboxes: Outboxes;
  readonly #u32: Uint32Array = new Uint32Array(0);
  readonly #control: number = 0;
  readonly #neurons: number = 0;
  readonly #slots: number = 0; // index of the first slot in u32
  readonly #mask: number = 0;
  readonly #capacity: number;
  readonly #softLimit: number;
  readonly #mode: number;
  readonly #sampleEvery: number;
  readonly #blockMs: number;
  readonly #burst: number; // spikes that may share a clock reading
  #head = 0;
  #clearUntil = 0; // position up to which slots may be written before #findRoom() is asked again
  #intent = 0; // position, not wrapped
  #pressed = 0; // sample mode: spikes offered under pressure
  #burstEnds = false;
  #asked = 0; // EMISSION_ASKED while reply() runs; then these are the stamp of the spike that it answers
  #askedLo = 0;
  #askedHi = 0;

  constructor(workspace: Workspace, options: ResolvedOptions, host: EmitterHost) {
    this.#ws = workspace;
    this.#host = host;
    this.#outboxes = new Outboxes(workspace);
    this.#u32 = workspace.u32;
    this.#control = workspace.control;
    this.#neurons = workspace.neurons;
    this.#slots = (workspace.axonRecord + L.AXON_BYTES) / 4;
    this.#capacity = options.axonCapacity;
    this.#mask = options.axonCapacity - 1;
    this.#mode = checkBackpressure(options.backpressure);
    this.#softLimit = this.#mode === L.MODE_SAMPLE ? this.#capacity / 2 + 1 : this.#capacity;
    this.#sampleEvery = options.sampleEvery;
    this.#blockMs = options.blockMs;
    this.#burst = options.stamps === 'each' ? 1 : STAMPS_PER_READING;
    this.#head = this.#clearUntil = this.#u32[this.#control + SELF_HEAD] | 0;
    this.#intent = readCursor(this.#u32, (workspace.axonRecord + L.AXON_INTENT) / 4);
  }

  /** Position behind the last spike written, modulo 2^32. */
  get head(): number {
    return this.#head;
  }

  /** To one registered neuron. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON and as emit(). */
  send(source: number, target: number, payload?: string | Uint8Array, options?: SendOptions): boolean {
    if (typeof target !== 'number') throw unknown('target', target);
    if (this.#ws.residents[target] === undefined && !this.#ws.closed && this.#ws.ganglionOf(target) < 0) {
      throw unknown('target', target);
    }
    return this.#sendUnchecked(source, target, payload, options);
  }

  /**
   * To the source of `spike`, in answer to it. If that is gone by now, the spike is counted as dropped when it is routed.
   * @throws NeuronBusError ERR_NB_STALE_SPIKE and as emit().
   */
  reply(source: number, spike: Spike, payload?: string | Uint8Array, options?: SendOptions): boolean {
    const { timestamp } = spike;
    this.#askedLo = timestamp % 4294967296;
    this.#askedHi = Math.floor(timestamp / 4294967296);
    this.#asked = L.EMISSION_ASKED;
    try {
      return this.#sendUnchecked(source, spike.source, payload, options);
    } finally {
      this.#asked = 0;
    }
  }

  #sendUnchecked(
    source: number,
    target: number,
    payload?: string | Uint8Array,
    options?: SendOptions,
  ): boolean {
    if (this.#ws.residents[source] === undefined) throw this.#gone(source);
    if (options === undefined) return this.post(source, target, EXCITATORY, 0, payload, OWN);
    const { type = EXCITATORY, priority = 0, json } = options;
    const text = json === undefined ? payload : jsonInstead(json, payload);
    return this.post(source, target, checkType(type), checkPriority(priority), text, OWN);
  }

  /** emit(), for a target wherever it lives. One that is gone by now is counted as dropped when it is routed. */
  post(
    source: number,
    target: number,
    type: number,
    priority: number,
    payload: string | Uint8Array | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    if (ws.residents[target] !== undefined)
      return this.emit(source, target, type, priority, payload, sequence);
    if (target !== L.BROADCAST) {
      const ganglion = ws.ganglionOf(target);
      if (ganglion < 0 || ganglion === ws.index)
        return this.emit(source, target, type, priority, payload, sequence);
      return this.emitTo(ganglion, source, target, type, priority, payload, sequence);
    }
    const listeners = this.#neurons + (source << NEURON_SHIFT) + (L.NEURON_LISTENERS >> 2);
    const self = ws.index;
    let here = true;
    let sent = true;
    for (let half = 0; half < 2; half++) {
      const first = 32 * half;
      const all = Atomics.load(this.#u32, listeners + half); // SYNC broadcast-listeners
      const others = self >= first && self < first + 32 ? all & ~(1 << (self - first)) : all;
      if (others === 0) continue;
      here = here && (this.#u32[listeners + (self >> 5)] & (1 << (self & 31))) !== 0;
      for (let bit = 0; bit < 32; bit++) {
        if ((others & (1 << bit)) === 0) continue;
        sent = this.emitTo(first + bit, source, target, type, priority, payload, sequence) && sent;
      }
    }
    return here ? this.emit(source, target, type, priority, payload, sequence) && sent : sent;
  }

  /** emit(), into the axon to another ganglion. */
  emitTo(
    ganglion: number,
    source: number,
    target: number,
    type: number,
    priority: number,
    payload: string | Uint8Array | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    const u32 = this.#u32;
    if (payload !== undefined) checkPayload(payload);
    const record = this.#neurons + (source << NEURON_SHIFT);
    const watch = u32[record + WATCH];
    if (--ws.credit < 0 || (watch & WATCH_PAIR) !== 0) this.#readClockFor(watch);
    const own = sequence === OWN;
    const number = own ? u32[record + SEQUENCE] : sequence;
    if (!this.#outboxes.write(ganglion, number, source, target, type, priority, payload)) return false;
    if (own) u32[record + SEQUENCE] = number + 1;
    this.#announce(source, target, priority, watch);
    return true;
  }

  // Credit that was given for slots of the own axon is also good for the time.
  #readClockFor(watch: number): void {
    const ws = this.#ws;
    if (ws.stamps === 0 || (watch & WATCH_PAIR) !== 0) this.#readClock();
    const room = (this.#clearUntil - this.#head) | 0;
    const credit = Math.min(ws.stamps, room);
    ws.stamps -= Math.max(1, credit);
    ws.credit = Math.max(0, credit - 1);
  }

  /** Makes spikes for other ganglia visible. */
  flush(): void {
    this.#outboxes.flush();
  }

  /** Ganglia come and go: gives up what leads to those that went. */
  tend(): void {
    this.#outboxes.forgetGone();
  }

  /** What was sent is published; nothing more is. */
  close(): void {
    if (this.#outboxes.dirty) this.#outboxes.flush();
    this.#outboxes.close();
  }

  /** To every neuron with a synapse from `source`. */
  broadcast(source: number, payload?: string | Uint8Array, options?: SendOptions): boolean {
    return this.#sendUnchecked(source, L.BROADCAST, payload, options);
  }

  /**
   * Writes one spike; the caller has checked everything but the payload. OWN_SEQUENCE means the neuron's own count.
   * Returns false when the spike was dropped, which is counted.
   *
   * @throws NeuronBusError ERR_NB_FULL (backpressure 'fail', counted), ERR_NB_INVALID_ARGUMENT, ERR_NB_ARENA_FULL,
   * ERR_NB_TOO_LARGE; then nothing was written.
   */
  emit(
    source: number,
    target: number,
    type: number,
    priority: number,
    payload: string | Uint8Array | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    const u32 = this.#u32;
    const record = this.#neurons + (source << NEURON_SHIFT);
    const watch = u32[record + WATCH];
    if ((--ws.credit < 0 || (watch & WATCH_PAIR) !== 0) && !this.#prepare(source, watch, payload))
      return false;
    const control = this.#control;
    const head = this.#head;
    const w = this.#slots + ((head & this.#mask) << 4);
    const own = sequence === OWN;
    const number = own ? u32[record + SEQUENCE] : sequence;
    u32[w] = u32[control + NOW_LO];
    u32[w | 1] = u32[control + NOW_HI];
    u32[w | 2] = number;
    u32[w | 3] = source | (target << 16);
    const low = type | (priority << 8);
    u32[w | 4] = low;
    if (payload !== undefined) writeText(u32, w + 4, low, payload, ws);
    if (own) u32[record + SEQUENCE] = number + 1;
    this.#head = (head + 1) | 0;
    u32[control + SELF_HEAD] = head + 1;
    if (watch !== 0 || ws.running || ws.eventDriven || priority >= REFLEX_PRIORITY) {
      this.#announce(source, target, priority, watch);
    }
    return true;
  }

  /**
   * Sends what an owned or received spike says, under the name of `source` and with a new stamp. A sequence of 0 is
   * replaced by the neuron's own count.
   */
  emitCopy(source: number, spike: Spike): boolean {
    const long = longPayload(spike); // throws now if it is stale
    if (this.#ws.residents[spike.target] === undefined) {
      const { target, type, priority, sequence } = spike;
      const payload = long ?? (spike.length > 0 ? spike.bytes() : undefined);
      return this.post(source, target, type, priority, payload, sequence === 0 ? OWN : sequence);
    }
    const ws = this.#ws;
    const u32 = this.#u32;
    const control = this.#control;
    const record = this.#neurons + (source << NEURON_SHIFT);
    const watch = u32[record + WATCH];
    if ((--ws.credit < 0 || (watch & WATCH_PAIR) !== 0) && !this.#prepare(source, watch, undefined))
      return false;
    const own = spike.sequence === 0; // a builder's default
    const number = own ? u32[record + SEQUENCE] : spike.sequence;
    const at = this.#slots / 16 + (this.#head & this.#mask);
    writeCopy(u32, at, u32[control + NOW_LO], u32[control + NOW_HI], number, source, spike, ws);
    if (own) u32[record + SEQUENCE] = number + 1;
    this.#head = (this.#head + 1) | 0;
    u32[control + SELF_HEAD] = this.#head;
    this.#announce(source, spike.target, spike.priority, watch);
    return true;
  }

  /** Before a spike is written: room for it, and a clock reading that it may be stamped with. False: it is dropped. */
  #prepare(source: number, watch: number, payload: string | Uint8Array | undefined): boolean {
    if (payload !== undefined) checkPayload(payload);
    if (this.#clearUntil === this.#head && !this.#findRoom(source)) return false;
    const ws = this.#ws;
    // Pair-rule synapses want every emission at its own time, a burst only its first.
    if (ws.stamps === 0 || (watch & WATCH_PAIR) !== 0) this.#readClock();
    const credit = Math.min(ws.stamps, (this.#clearUntil - this.#head) | 0);
    ws.stamps -= credit;
    ws.credit = credit - 1;
    return true;
  }

  /** After a spike was written: who wants to know. */
  #announce(source: number, target: number, priority: number, watch: number): void {
    const ws = this.#ws;
    if (source === ws.current) this.#noteAnswer(source, target, watch);
    else if (watch !== 0 || ws.running) this.#noteLater(source, target);
    if (priority >= REFLEX_PRIORITY) {
      ws.native.settle();
      this.#outboxes.flush();
    }
    if (ws.eventDriven) this.#host.queued();
  }

  #gone(source: number): NeuronBusError {
    return this.#ws.closed ? new NeuronBusError('CLOSED') : unknown('source', source);
  }

  // ---- time ---------------------------------------------------------------------------------------------------------

  #readClock(): void {
    this.#ws.native.stamp();
    this.#ws.restamp(this.#burst);
    if (this.#ws.running || this.#burstEnds) return;
    this.#burstEnds = true;
    queueMicrotask(this.#endBurst);
  }

  // Outside of a tick a burst ends with the running job: whatever comes later reads the clock anew.
  readonly #endBurst = (): void => {
    this.#burstEnds = false;
    if (this.#ws.closed) return;
    this.#ws.restamp(0);
    this.#outboxes.flush();
  };

  // ---- room ---------------------------------------------------------------------------------------------------------

  /** Moves #clearUntil beyond the head, or decides by the backpressure mode that the spike is to be dropped: false. */
  #findRoom(source: number): boolean {
    let used = this.#used();
    if (used >= this.#softLimit) {
      if (!this.#admit(source)) return false;
      used = this.#used();
    }
    const ahead = (this.#intent - this.#head) | 0;
    const announced = ahead > 0 ? ahead : this.#advanceIntent();
    this.#clearUntil = (this.#head + Math.max(1, Math.min(this.#softLimit - used, announced))) | 0;
    return true;
  }

  // Observers learn which slots may be under writing before they are. SYNC axon-intent: the load behind the store makes
  // it a full fence.
  #advanceIntent(): number {
    const record = this.#ws.axonRecord / 4;
    const stride = Math.max(1, Math.min(INTENT_STRIDE, this.#capacity / 4));
    this.#intent += stride;
    Atomics.store(this.#u32, record + (L.AXON_INTENT_HIGH >> 2), Math.floor(this.#intent / 2 ** 31));
    Atomics.store(this.#u32, record + (L.AXON_INTENT >> 2), this.#intent | 0);
    Atomics.load(this.#u32, record + (L.AXON_INTENT >> 2));
    return stride;
  }

  /** Too many spikes wait: make room, or decide by the backpressure mode. */
  #admit(source: number): boolean {
    if (!this.#ws.running) {
      this.#ws.native.finish(); // the last batch may still hold its slots
      if (this.#used() < this.#softLimit) return true;
    }
    switch (this.#mode) {
      case L.MODE_DROP_OLDEST:
        this.#ws.native.dropOldest();
        return this.#used() < this.#capacity;
      case L.MODE_FAIL:
        this.#countDrop(L.DROP_FULL);
        throw new NeuronBusError('FULL', `axonCapacity is ${this.#capacity}`);
      case L.MODE_BLOCK:
        return this.#block(source);
      case L.MODE_SAMPLE:
        return this.#sample();
      default:
        this.#countDrop(L.DROP_FULL);
        return false;
    }
  }

  /** On one thread waiting is working: deliver what is queued. Inside a handler nothing can make room. */
  #block(source: number): boolean {
    const deadline = performance.now() + this.#blockMs;
    while (!this.#ws.running && performance.now() < deadline) {
      this.#host.makeRoom();
      if (this.#ws.residents[source] === undefined) throw this.#gone(source); // a handler closed the bus, or it left
      if (this.#used() < this.#capacity) return true;
    }
    this.#countDrop(L.DROP_DEADLINE);
    return false;
  }

  /** Over half full: each `sampleEvery`-th. Full: none. */
  #sample(): boolean {
    if (this.#used() === this.#capacity) {
      this.#countDrop(L.DROP_FULL);
      return false;
    }
    if (++this.#pressed % this.#sampleEvery === 0) return true;
    this.#countDrop(L.DROP_SAMPLED);
    return false;
  }

  #used(): number {
    const tail = Atomics.load(this.#u32, (this.#ws.axonRecord + L.AXON_TAIL) / 4); // SYNC axon-release
    return (this.#head - tail) >>> 0;
  }

  #countDrop(reason: number): void {
    this.#ws.count(this.#ws.axonRecord + L.AXON_DROPPED + 8 * reason);
  }

  // ---- answers ------------------------------------------------------------------------------------------------------

  /** The neuron whose handler runs emits: that answers the spike in hand. */
  #noteAnswer(source: number, target: number, watch: number): void {
    const { u16, entry } = this.#ws;
    const flagsAt = (entry + L.DISPATCH_FLAGS) >> 1;
    const flags = u16[flagsAt];
    u16[flagsAt] = flags | L.DISPATCH_ANSWERED;
    if (watch === 0) return;
    const requester = this.#u32[this.#u32[(entry + L.DISPATCH_SPIKE) >> 2] * 16 + 3] & 0xffff;
    const direct = (flags & L.DISPATCH_ANSWERED) === 0 && target === requester;
    const ownFiring = (watch & WATCH_PAIR) !== 0 && (flags & L.DISPATCH_FIRED) === 0;
    const what = (direct ? 0 : L.EMISSION_MAY_ANSWER) | (ownFiring ? L.EMISSION_POST_SPIKE : 0);
    if (what !== 0) this.#log(source, target, what);
  }

  /** A neuron emits outside of its own onSpike: perhaps a late answer. In a tick, what it owes may not be booked yet. */
  #noteLater(source: number, target: number): void {
    if (this.#ws.running) this.#host.settle();
    if (this.#u32[this.#neurons + (source << NEURON_SHIFT) + WATCH] === 0) return;
    this.#log(source, target, L.EMISSION_MAY_ANSWER | L.EMISSION_POST_SPIKE);
  }

  #log(source: number, target: number, what: number): void {
    const u32 = this.#u32;
    const countAt = this.#control + EMISSIONS;
    if (u32[countAt] === L.EMISSION_LOG_ENTRIES) this.#ws.native.settle();
    const entry = (this.#ws.emissions + u32[countAt] * L.EMISSION_BYTES) >> 2;
    u32[entry + (L.EMISSION_TIME_LO >> 2)] = u32[this.#control + NOW_LO];
    u32[entry + (L.EMISSION_TIME_HI >> 2)] = u32[this.#control + NOW_HI];
    u32[entry + (L.EMISSION_ASKED_LO >> 2)] = this.#askedLo;
    u32[entry + (L.EMISSION_ASKED_HI >> 2)] = this.#askedHi;
    u32[entry + (L.EMISSION_SOURCE >> 2)] = source | (target << 16);
    u32[entry + (L.EMISSION_WHAT >> 2)] = what | this.#asked;
    u32[countAt]++;
  }
}

/** The text of `json`, which excludes a payload. ERR_NB_INVALID_ARGUMENT. */
export function jsonInstead(json: unknown, payload: string | Uint8Array | undefined): string {
  if (payload !== undefined) throw invalidArgument('json', json, 'left out when payload is given');
  return jsonText(json);
}

function unknown(argument: string, id: number): NeuronBusError {
  return new NeuronBusError('UNKNOWN_NEURON', `${argument} ${String(id)}`);
}

function checkPayload(payload: string | Uint8Array): void {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw invalidArgument('payload', payload, 'a string or a Uint8Array');
  }
}
