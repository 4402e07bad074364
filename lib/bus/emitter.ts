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

import { NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { longPayload, type Spike } from '../memory/spike.js';
import { checkPriority, checkType, type Payload, writeBody, writeCopy } from '../memory/spike_writer.js';
import { AnswerLog } from './answer_log.js';
import { Burst } from './burst.js';
import { checkPayload, isGone, jsonInstead, unknown } from './emission_checks.js';
import type { SendOptions } from './neuron.js';
import type { ResolvedOptions } from './options.js';
import { type Outbox, Outboxes } from './outboxes.js';
import { Room } from './room.js';
import type { Recorder } from './trace/recorder.js';
import { C, type Workspace } from './workspace.js';

/** From this priority on a spike is published at once. */
const REFLEX_PRIORITY = 224;
// Constants of other modules are loads where this module's own are part of the instructions, and here that counts.
const { NOW_LO, NOW_HI, SELF_HEAD } = C;
const NEURON_SHIFT = Math.log2(L.NEURON_BYTES / 4);
const WATCH = L.NEURON_WATCH >> 2;
const SEQUENCE = L.NEURON_SEQUENCE >> 2;
const WATCH_PAIR = L.WATCH_PAIR;
const EXCITATORY = L.TYPE_EXCITATORY;
const MESSAGE = L.TYPE_MESSAGE;
const writeText = writeBody;
/** In place of a sequence number: the neuron's own count. */
export const OWN_SEQUENCE = -1;
const OWN: number = OWN_SEQUENCE;

/** What reply() needs to know of the spike that it answers. */
export type Asked = Pick<Spike, 'timestamp' | 'source'>;

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
  readonly #answers: AnswerLog;
  readonly #room: Room;
  readonly #u32: Uint32Array = new Uint32Array(0);
  readonly #control: number = 0;
  readonly #neurons: number = 0;
  readonly #slots: number = 0; // index of the first slot in u32
  readonly #mask: number = 0;
  readonly #burst: Burst;
  #clearUntil = 0; // position up to which slots may be written before asking for room again
  #replying = false;

  constructor(workspace: Workspace, options: ResolvedOptions, host: EmitterHost) {
    this.#ws = workspace;
    this.#host = host;
    this.#outboxes = new Outboxes(workspace);
    this.#answers = new AnswerLog(workspace, () => host.settle());
    this.#room = new Room(workspace, options, {
      head: () => this.head,
      makeRoom: () => this.#answers.aside(() => host.makeRoom()),
      gone: (source) => this.#gone(source),
    });
    this.#u32 = workspace.u32;
    this.#control = workspace.control;
    this.#neurons = workspace.neurons;
    this.#slots = (workspace.axonRecord + L.AXON_BYTES) / 4;
    this.#mask = options.axonCapacity - 1;
    this.#burst = new Burst(workspace, options, () => this.#outboxes.flush());
    this.#clearUntil = this.head | 0;
  }

  /** Position behind the last spike written, modulo 2^32. */
  get head(): number {
    return this.#u32[this.#control + SELF_HEAD];
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
  reply(source: number, spike: Asked, payload?: string | Uint8Array, options?: SendOptions): boolean {
    this.#answers.begin(spike.timestamp);
    this.#replying = true;
    try {
      return this.#sendUnchecked(source, spike.source, payload, options);
    } finally {
      this.#replying = false;
      this.#answers.end();
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
    payload: Payload | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    if (ws.residents[target] !== undefined)
      return this.emit(source, target, type, priority, payload, sequence);
    if (target !== L.BROADCAST) {
      const ganglion = ws.abroad(target);
      if (ganglion < 0) return this.emit(source, target, type, priority, payload, sequence);
      try {
        return this.emitTo(ganglion, source, target, type, priority, payload, sequence);
      } catch (error) {
        if (!this.#replying || !isGone(error)) throw error;
        return this.emit(source, target, type, priority, payload, sequence);
      }
    }
    return this.#postToAll(source, type, priority, payload, sequence);
  }

  // A broadcast: once into each axon that leads to listeners, under one number; into the own one also when nobody listens, so
  // that it is counted there.
  #postToAll(
    source: number,
    type: number,
    priority: number,
    payload: Payload | undefined,
    sequence: number,
  ): boolean {
    const u32 = this.#u32;
    const record = this.#neurons + (source << NEURON_SHIFT);
    const listeners = record + (L.NEURON_LISTENERS >> 2);
    const ganglia = [Atomics.load(u32, listeners), Atomics.load(u32, listeners + 1)]; // SYNC broadcast-listeners
    const half = this.#ws.index >> 5;
    const own = 1 << (this.#ws.index & 31);
    const here = (ganglia[half] & own) !== 0;
    ganglia[half] &= ~own;
    if ((ganglia[0] | ganglia[1]) === 0)
      return this.emit(source, L.BROADCAST, type, priority, payload, sequence);
    const number = sequence === OWN ? u32[record + SEQUENCE] : sequence;
    let [went, sent] = [false, true];
    for (let ganglion = 0; ganglion < this.#ws.memory.maxGanglia; ganglion++) {
      if ((ganglia[ganglion >> 5] & (1 << (ganglion & 31))) === 0) continue;
      try {
        const one = this.emitTo(ganglion, source, L.BROADCAST, type, priority, payload, number);
        went ||= one;
        sent &&= one;
      } catch (error) {
        if (!isGone(error)) throw error; // nobody listens there any more; the others do
      }
    }
    if (sequence === OWN && went) u32[record + SEQUENCE] = number + 1;
    if (!here) return sent;
    return this.emit(source, L.BROADCAST, type, priority, payload, went ? number : sequence) && sent;
  }

  /**
   * emit(), into the axon to another ganglion. Larger (over 460 bytes of bytecode) than what V8 inlines into its callers, so that it
   * always inlines what this calls.
   */
  emitTo(
    ganglion: number,
    source: number,
    target: number,
    type: number,
    priority: number,
    payload: Payload | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    const u32 = this.#u32;
    if (payload !== undefined) checkPayload(payload);
    const record = this.#neurons + (source << NEURON_SHIFT);
    const watch = u32[record + WATCH];
    if ((watch & WATCH_PAIR) !== 0 || (ws.stamps === 0 && ws.credit <= 0)) {
      this.#burst.begin();
    } else if (ws.stamps === 0) {
      ws.stamps = ws.credit; // given for slots of the own axon, and good here, too
      ws.credit = 0;
    }
    ws.stamps--;
    const box = this.#outboxes.to(ganglion);
    const { producer } = box;
    const at = producer.claim();
    if (at < 0) return false;
    const control = this.#control;
    const w = at << 4;
    const own = sequence === OWN;
    const number = own ? u32[record + SEQUENCE] : sequence;
    const low = type | (priority << 8);
    u32[w] = u32[control + NOW_LO];
    u32[w | 1] = u32[control + NOW_HI];
    u32[w | 2] = number;
    u32[w | 3] = source | (target << 16);
    u32[w | 4] = low;
    if (payload !== undefined) writeText(u32, w | 4, low, payload, ws);
    if (own) u32[record + SEQUENCE] = number + 1;
    producer.commit();
    if (ws.recorder === undefined) this.#outboxes.sent(box);
    else this.#sendRecorded(ws.recorder, box, at);
    if ((watch | ws.state) !== 0 || priority >= REFLEX_PRIORITY) {
      this.#announce(source, target, type, priority, watch);
    }
    return true;
  }

  // Before the spike is published: whoever receives it releases its block. A listener that hears of a full disk may throw, or fire.
  #sendRecorded(recorder: Recorder, box: Outbox, at: number): void {
    try {
      recorder.abroad(at);
    } finally {
      this.#outboxes.sent(box);
    }
  }

  /** How many spikes for neuron `target` its ring takes now, before backpressure decides; Infinity when it is not there. */
  roomTo(target: number): number {
    const here = this.#ws.residents[target] !== undefined;
    const ganglion = here ? -1 : this.#ws.abroad(target);
    return ganglion < 0 ? this.#room.free() : this.#outboxes.free(ganglion);
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
    this.#ws.recorder?.close();
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
    payload: Payload | undefined,
    sequence: number,
  ): boolean {
    const ws = this.#ws;
    const u32 = this.#u32;
    const record = this.#neurons + (source << NEURON_SHIFT);
    const watch = u32[record + WATCH];
    if ((--ws.credit < 0 || (watch & WATCH_PAIR) !== 0) && !this.#prepare(source, watch, payload))
      return false;
    const control = this.#control;
    const head = u32[control + SELF_HEAD];
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
    u32[control + SELF_HEAD] = head + 1;
    if ((watch | ws.state) !== 0 || priority >= REFLEX_PRIORITY) {
      this.#announce(source, target, type, priority, watch);
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
    const head = u32[control + SELF_HEAD];
    const at = this.#slots / 16 + (head & this.#mask);
    writeCopy(u32, at, u32[control + NOW_LO], u32[control + NOW_HI], number, source, spike, ws);
    if (own) u32[record + SEQUENCE] = number + 1;
    u32[control + SELF_HEAD] = head + 1;
    this.#announce(source, spike.target, spike.type, spike.priority, watch);
    return true;
  }

  /** Before a spike is written: room for it, and a clock reading that it may be stamped with. False: it is dropped. */
  #prepare(source: number, watch: number, payload: Payload | undefined): boolean {
    if (payload !== undefined) checkPayload(payload);
    let clear = (this.#clearUntil - this.head) | 0;
    if (clear === 0) {
      clear = this.#room.find(source);
      if (clear === 0) return false;
      this.#clearUntil = (this.head + clear) | 0; // where handlers made room the head has moved
    }
    const ws = this.#ws;
    // Pair-rule synapses want every emission at its own time, a burst only its first.
    if (ws.stamps === 0 || (watch & WATCH_PAIR) !== 0) this.#burst.begin();
    const credit = Math.min(ws.stamps, clear);
    ws.stamps -= credit;
    ws.credit = credit - 1;
    return true;
  }

  /** After a spike was written: who wants to know. */
  #announce(source: number, target: number, type: number, priority: number, watch: number): void {
    const ws = this.#ws;
    if (type !== MESSAGE) this.#answers.note(source, target, watch); // messages teach by themselves
    if (priority >= REFLEX_PRIORITY) {
      ws.native.settle();
      this.#outboxes.flush();
    }
    if (ws.eventDriven) this.#host.queued();
  }

  /** As `Burst.now`. */
  now(): number {
    return this.#burst.now();
  }

  #gone(source: number): NeuronBusError {
    return this.#ws.closed ? new NeuronBusError('CLOSED') : unknown('source', source);
  }
}
