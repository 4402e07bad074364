// SPDX-License-Identifier: MIT
//
// What the two JavaScript halves of a ganglion, emitter and dispatcher, share: where its records lie in the memory, and
// the state of the tick that is running. Called on the one thread that owns the ganglion.

import { type ArenaPort, type ArenaRef, arenaRef, arenaTarget } from '../memory/arena.js';
import { errorNameOf, NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import type { Memory } from '../memory/memory.js';
import { callNative, type NativeGanglion } from '../memory/native.js';
import type { Neuron, NeuronHandle } from './neuron.js';
import type { ResolvedOptions } from './options.js';
import type { Recorder } from './trace/recorder.js';

/** Word offsets of nb_control fields, relative to {@link Workspace.control}. */
export const C = {
  NOW_LO: L.CONTROL_NOW_LO >> 2,
  NOW_HI: L.CONTROL_NOW_HI >> 2,
  DISPATCH_COUNT: L.CONTROL_DISPATCH_COUNT >> 2,
  MORE: L.CONTROL_MORE >> 2,
  BUDGET: L.CONTROL_BUDGET >> 2,
  LIMIT: L.CONTROL_LIMIT >> 2,
  HANDLED: L.CONTROL_HANDLED >> 2,
  EMISSIONS: L.CONTROL_EMISSIONS >> 2,
  PRUNES: L.CONTROL_PRUNES >> 2,
  SELF_HEAD: L.CONTROL_SELF_HEAD >> 2,
  STATUS: L.CONTROL_STATUS >> 2,
  ARENA_LENGTH: L.CONTROL_ARENA_LENGTH >> 2,
  ARENA_GRAIN: L.CONTROL_ARENA_GRAIN >> 2,
  ARENA_GENERATION: L.CONTROL_ARENA_GENERATION >> 2,
  ARENA_OWNER: L.CONTROL_ARENA_OWNER >> 2,
  UNFINISHED: L.CONTROL_UNFINISHED >> 2,
  RENEW: L.CONTROL_RENEW >> 2,
  PEER: L.CONTROL_PEER >> 2,
} as const;

// Own constants are part of the instructions, those of other modules are loads.
const STATE = L.GANGLION_STATE >> 2;
const GENERATION = L.GANGLION_GENERATION >> 2;
const GANGLION_WORDS = L.GANGLION_BYTES / 4;
const { ROSTER_GANGLION_MASK } = L;
/** Of Workspace.state. */
export const RUNNING = 1;
const EVENT_DRIVEN = 2;

/** A registered neuron, as the dispatch loop needs it. */
export interface Resident {
  readonly neuron: Neuron;
  readonly handle: NeuronHandle;
  readonly wantsFire: boolean;
}

export class Workspace implements ArenaPort {
  /** Backpressure 'block' waits; false while something is sent to many. */
  patient = true;
  readonly memory: Memory;
  readonly native: NativeGanglion;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  /** Index of nb_control in u32. */
  readonly control: number;
  /** Byte offsets of the dispatch list and the two logs. */
  readonly dispatch: number;
  readonly emissions: number;
  readonly prunes: number;
  /** Index of the neuron table in u32. */
  readonly neurons: number;
  /** Index of the roster in u32. */
  readonly roster: number = 0;
  /** Number of this ganglion. */
  readonly index: number = 0;
  readonly #ganglia: number = 0;
  /** Byte offsets of the two records that hold this ganglion's counters. */
  readonly axonRecord: number;
  readonly ganglionRecord: number;

  /** Writes the trace, if there is one. */
  recorder: Recorder | undefined = undefined;
  /** A trace is replayed: takes the place of messages and their handlers. */
  playback: { handOver(): void; drain(): void } | undefined = undefined;
  /** By neuron id. */
  readonly residents: (Resident | undefined)[] = [];
  /** Promises were settled, or handlers await some: what comes next needs a turn of the event loop. */
  awaited = false;
  /** The bus is closed: the memory is gone, or going as soon as the running handler returns. */
  closed = false;
  /** RUNNING | EVENT_DRIVEN: not 0 means that whoever emits has more to do than to write. */
  state = 0;
  /** The neuron whose handler runs, or -1, and the byte offset of the dispatch entry that it handles. */
  current = -1;
  entry = 0;
  /** Spikes that may be written without asking for room or time, and further ones that may share the last reading. */
  credit = 0;
  stamps = 0;

  constructor(memory: Memory, options: ResolvedOptions) {
    const { halfLifeMs, pruneGraceMs, sweepIntervalMs } = options.plasticity;
    this.memory = memory;
    this.native = callNative(
      ({ Ganglion }) => new Ganglion(memory.u8, halfLifeMs * 1e6, pruneGraceMs * 1e6, sweepIntervalMs * 1e6),
    );
    this.u16 = memory.u16;
    this.u32 = memory.u32;
    this.index = this.native.index;
    const workspace = memory.workspaceAt(this.index);
    this.control = workspace / 4;
    this.dispatch = workspace + memory.u64At(L.HEADER_DISPATCH_OFFSET);
    this.emissions = workspace + memory.u64At(L.HEADER_EMISSIONS_OFFSET);
    this.prunes = workspace + memory.u64At(L.HEADER_PRUNES_OFFSET);
    this.neurons = memory.u64At(L.HEADER_NEURONS_OFFSET) / 4;
    this.roster = memory.u64At(L.HEADER_ROSTER_OFFSET) / 4;
    this.axonRecord = memory.axonOffset(this.native.axon);
    this.#ganglia = memory.u64At(L.HEADER_GANGLIA_OFFSET) / 4;
    this.ganglionRecord = 4 * this.ganglionWord(this.index);
  }

  /** A tick is running: handlers may be on the stack. */
  get running(): boolean {
    return (this.state & RUNNING) !== 0;
  }

  set running(running: boolean) {
    this.state = running ? this.state | RUNNING : this.state & ~RUNNING;
  }

  /** The bus is started: whoever emits wakes the scheduler. */
  get eventDriven(): boolean {
    return (this.state & EVENT_DRIVEN) !== 0;
  }

  set eventDriven(started: boolean) {
    this.state = started ? this.state | EVENT_DRIVEN : this.state & ~EVENT_DRIVEN;
  }

  // ---- other ganglia ------------------------------------------------------------------------------------------------

  /** Index of nb_ganglion in u32. */
  ganglionWord(ganglion: number): number {
    return this.#ganglia + ganglion * GANGLION_WORDS;
  }

  /** How many owners the ganglion had, or -1 when it has none; as of a moment ago. */
  generationOf(ganglion: number): number {
    const word = this.ganglionWord(ganglion);
    return this.u32[word + STATE] === L.LIVE ? this.u32[word + GENERATION] : -1;
  }

  /**
   * The ganglion of a registered neuron, or -1. As of a moment ago: Atomics.load() takes longer than the rest of a spike's way
   * and would not make it truer by the time the spike arrives.
   */
  ganglionOf(neuron: number): number {
    if (neuron >>> 0 !== neuron || neuron >= this.memory.maxNeurons) return -1;
    return (this.u32[this.roster + neuron] & ROSTER_GANGLION_MASK) - 1;
  }

  /** The other ganglion where a neuron is registered, or -1. */
  abroad(neuron: number): number {
    const ganglion = this.ganglionOf(neuron);
    return ganglion === this.index ? -1 : ganglion;
  }

  /** Number of the axon to another ganglion. @throws NeuronBusError as NativeGanglion.openAxon. */
  openAxon(to: number): number {
    return callNative(() => this.native.openAxon(to));
  }

  /** The last clock reading, ns. */
  lastReading(): number {
    return this.u32[this.control + C.NOW_HI] * 4294967296 + this.u32[this.control + C.NOW_LO];
  }

  /** The virtual clock, ns, in full. */
  get virtualNs(): bigint {
    return this.memory.u64[(this.control * 4 + L.CONTROL_VIRTUAL_NS) / 8];
  }

  set virtualNs(ns: bigint) {
    this.memory.u64[(this.control * 4 + L.CONTROL_VIRTUAL_NS) / 8] = ns;
    this.restamp(0);
  }

  /** The clock was just read, or is to be read before the next spike (0): so many spikes may share the reading. */
  restamp(spikes: number): void {
    this.stamps = spikes;
    this.credit = 0;
  }

  /** Adds one to a 64-bit counter that only this thread writes. */
  count(byteOffset: number): void {
    const low = byteOffset / 4;
    const next = (this.u32[low] + 1) >>> 0;
    this.u32[low] = next;
    if (next === 0) this.u32[low + 1]++;
  }

  /** What the native half counts, current. */
  account() {
    this.native.account();
    const read = (field: number) => this.memory.u64At(this.control * 4 + field);
    return {
      queued: read(L.CONTROL_QUEUED),
      neurons: read(L.CONTROL_NEURONS),
      synapses: read(L.CONTROL_SYNAPSES),
      synapseSlots: read(L.CONTROL_SYNAPSE_SLOTS),
      arena: {
        capacityBytes: read(L.CONTROL_ARENA_CAPACITY_BYTES),
        usedBytes: read(L.CONTROL_ARENA_USED_BYTES),
        blocks: read(L.CONTROL_ARENA_BLOCKS),
      },
    };
  }

  // ---- arena: the arguments of the native calls lie in nb_control ----------------------------------------------------

  /** A block with one reference. ERR_NB_ARENA_FULL, ERR_NB_TOO_LARGE. */
  allocate(length: number): ArenaRef {
    const { u32, control, native } = this;
    u32[control + C.ARENA_LENGTH] = length;
    native.arenaAllocate();
    if (u32[control + C.STATUS] !== 0 && !this.running) {
      native.finish(); // the last batch may still hold its blocks
      native.arenaAllocate();
    }
    this.#check(`a payload of ${length} bytes`);
    return arenaRef(
      u32[control + C.ARENA_GRAIN],
      u32[control + C.ARENA_GENERATION],
      length,
      u32[control + C.ARENA_OWNER],
    );
  }

  /** A block that holds `bytes`; the arena fields of nb_control name it afterwards. As allocate(). */
  keep(bytes: Uint8Array): ArenaRef {
    const ref = this.allocate(bytes.length);
    arenaTarget(this.memory, ref).set(bytes);
    return ref;
  }

  /** One more reference. ERR_NB_STALE_REFERENCE. */
  retain(ref: ArenaRef): void {
    this.#name(ref);
    this.native.arenaRetain();
    this.#check('');
  }

  /** One reference less; the block is free with the last. ERR_NB_STALE_REFERENCE. */
  release(ref: ArenaRef): void {
    this.#name(ref);
    this.native.arenaRelease();
    this.#check('');
  }

  #name(ref: ArenaRef): void {
    const { u32, control } = this;
    u32[control + C.ARENA_GRAIN] = ref.grain;
    u32[control + C.ARENA_GENERATION] = ref.generation;
    u32[control + C.ARENA_LENGTH] = ref.length;
    u32[control + C.ARENA_OWNER] = ref.owner;
  }

  #check(detail: string): void {
    const status = this.u32[this.control + C.STATUS];
    if (status !== 0) throw new NeuronBusError(errorNameOf(status), detail);
  }
}
