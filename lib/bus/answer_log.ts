// SPDX-License-Identifier: MIT
//
// What a neuron's emissions mean to the synapses that end at it: answers, and firings of its own. Called on the one thread
// that owns the ganglion, by the emitter after it wrote a spike.
//
// JavaScript marks the hand-over in hand, or writes a line into the emission log; the native half books both at settle().

import * as L from '../memory/layout.js';
import { C, type Workspace } from './workspace.js';

const { NOW_LO, NOW_HI, EMISSIONS } = C;
const NEURON_SHIFT = Math.log2(L.NEURON_BYTES / 4);
const WATCH = L.NEURON_WATCH >> 2;
const WATCH_PAIR = L.WATCH_PAIR;

export class AnswerLog {
  readonly #ws: Workspace;
  readonly #settle: () => void;
  readonly #u32: Uint32Array = new Uint32Array(0);
  readonly #control: number = 0;
  #asked = 0; // EMISSION_ASKED while reply() runs; then these are the stamp of the spike that it answers
  #askedLo = 0;
  #askedHi = 0;

  /** `settle` books what handlers did so far. */
  constructor(workspace: Workspace, settle: () => void) {
    this.#ws = workspace;
    this.#settle = settle;
    this.#u32 = workspace.u32;
    this.#control = workspace.control;
  }

  /** Until end(), emissions answer the spike with this stamp. */
  begin(timestamp: number): void {
    this.#ws.recorder?.answering(timestamp);
    this.#askedLo = timestamp % 4294967296;
    this.#askedHi = Math.floor(timestamp / 4294967296);
    this.#asked = L.EMISSION_ASKED;
  }

  end(): void {
    this.#ws.recorder?.answered();
    this.#asked = 0;
  }

  /** Handlers run before an emission that answers: theirs answer what they have in hand. */
  aside(call: () => void): void {
    if (this.#asked === 0) {
      call();
      return;
    }
    const stamp = this.#askedHi * 4294967296 + this.#askedLo;
    this.end();
    try {
      call();
    } finally {
      this.begin(stamp);
    }
  }

  /** `source`, whose `watch` word this is, emitted to `target`. */
  note(source: number, target: number, watch: number): void {
    if (source === this.#ws.current) this.#noteAnswer(source, target, watch);
    else if (watch !== 0 || this.#ws.running) this.#noteLater(source, target);
  }

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
    if (this.#ws.running) this.#settle();
    if (this.#u32[this.#ws.neurons + (source << NEURON_SHIFT) + WATCH] === 0) return;
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
