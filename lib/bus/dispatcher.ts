// SPDX-License-Identifier: MIT
//
// The way in: from the ring to onSpike. Called on the one thread that owns the ganglion.
//
// One native route() opens a batch: filters, membranes, plasticity, and a list of hand-overs. The loop here runs the
// handlers, in groups after which settle() books what they did and reads the clock: as many as 64 where handlers are
// quick, one where they take microseconds, so that no stamp and no latency is off by more than that.

import { NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { expireSpike, pointSpike, type Spike, viewSpike } from '../memory/spike.js';
import { STAMPS_PER_READING } from './burst.js';
import type { ResolvedOptions } from './options.js';
import { C, type Resident, RUNNING, type Workspace } from './workspace.js';

// As in emitter.ts: own constants are part of the instructions.
const { NOW_LO, DISPATCH_COUNT, MORE, BUDGET, LIMIT, HANDLED, PRUNES, UNFINISHED, RENEW } = C;
const ENTRY_SHIFT = Math.log2(L.DISPATCH_BYTES);
const SPIKE = L.DISPATCH_SPIKE;
const NEURON = L.DISPATCH_NEURON;
const FLAGS = L.DISPATCH_FLAGS;
const FIRED = L.DISPATCH_FIRED;
const ANSWERED = L.DISPATCH_ANSWERED;
const MESSAGE = L.DISPATCH_MESSAGE;
const KEPT = L.DISPATCH_KEPT;
const STAMPS = STAMPS_PER_READING;
const RUN = RUNNING;
const point = pointSpike;

const MAX_GROUP = 64;
const GROUP_NS = 2000;

export interface DispatcherHost {
  /** The message in slot `at` came for neuron `id`. Returns whether it waits: then its turn, or its loss, is counted later. */
  message(at: number, id: number): boolean;
  /** A batch is through that had messages in it. */
  drain(): void;
  handlerFailed(error: unknown, id: number): void;
  pruned(pre: number, post: number, weight: number): void;
}

export class Dispatcher {
  readonly #ws: Workspace;
  readonly #host: DispatcherHost;
  readonly #careful: boolean; // a view for each hand-over, which is told to the recorder
  readonly #stampEach: boolean;
  readonly #view: Spike;
  #handled = 0; // entries of the current batch that are done
  #group = MAX_GROUP;
  #stopped = false;
  #messages = false; // came with this batch

  constructor(workspace: Workspace, options: ResolvedOptions, host: DispatcherHost) {
    this.#ws = workspace;
    this.#host = host;
    this.#careful = options.checks === 'development' || options.trace !== 'off';
    this.#stampEach = options.stamps === 'each';
    this.#view = viewSpike(workspace.u32, -1, workspace.memory);
  }

  /**
   * Delivers batches of at most `budget` hand-overs (a broadcast is not cut) from the spikes up to position `limit`: one,
   * or with `all` until none is left. Returns the number of spikes handed over.
   *
   * @throws NeuronBusError ERR_NB_REENTRANT from inside a handler.
   */
  deliver(limit: number, budget: number, all: boolean): number {
    const ws = this.#ws;
    const { u32, control, native } = ws;
    if ((ws.state & RUN) !== 0) throw new NeuronBusError('REENTRANT');
    ws.state |= RUN;
    let delivered = 0;
    try {
      u32[control + LIMIT] = limit;
      u32[control + RENEW] = 1;
      u32[control + BUDGET] = budget;
      do {
        // A listener that threw may have left the batch before unfinished.
        if (this.#handled === u32[control + DISPATCH_COUNT]) {
          native.route();
          this.#handled = 0;
        }
        if (u32[control + PRUNES] !== 0) this.#reportPrunes();
        const count = u32[control + DISPATCH_COUNT];
        if (count !== 0) delivered += this.#dispatch(count);
        if (this.#messages && !this.#stopped) this.#drain();
        else if (u32[control + UNFINISHED] !== 0) native.finish();
      } while (all && u32[control + MORE] !== 0 && !this.#stopped);
    } finally {
      u32[control + HANDLED] = this.#handled; // also when a listener threw
      ws.state &= ~RUN;
      ws.current = -1;
      ws.restamp(0);
      expireSpike(this.#view);
    }
    return delivered;
  }

  /** Whether the last deliver() left spikes below its limit. */
  get more(): boolean {
    const { u32, control } = this.#ws;
    return this.#messages || u32[control + MORE] !== 0 || this.#handled !== u32[control + DISPATCH_COUNT];
  }

  /** Makes the counters in shared memory current. Returns the routed spikes that wait, the one in hand included. */
  settle(): number {
    const { u32, control, native } = this.#ws;
    u32[control + HANDLED] = this.#handled;
    native.settle();
    return u32[control + DISPATCH_COUNT] - this.#handled;
  }

  /** Runs another callback of a neuron with the same care as onSpike. */
  guarded(id: number, call: () => void | Promise<void>): void {
    try {
      const result = call();
      if (result !== undefined) this.#watch(result, id);
    } catch (error) {
      this.failed(error, id);
    }
  }

  /** The bus was closed, perhaps by a handler: no further hand-over. */
  stop(): void {
    this.#stopped = true;
  }

  #dispatch(count: number): number {
    const { u32, u16, control, native } = this.#ws;
    let delivered = 0;
    while (this.#handled < count && !this.#stopped) {
      this.#ws.restamp(this.#stampEach ? 0 : STAMPS);
      const from = this.#handled;
      const before = u32[control + NOW_LO];
      delivered += this.#runGroup(Math.min(count, from + (this.#stampEach ? 1 : this.#group)));
      u32[control + HANDLED] = this.#handled;
      if (this.#handled === count) break;
      native.settle();
      const each = ((u32[control + NOW_LO] - before) >>> 0) / (this.#handled - from);
      this.#group = each * MAX_GROUP <= GROUP_NS ? MAX_GROUP : Math.max(1, Math.floor(GROUP_NS / each));
    }
    // A lone spike without an answer leaves nothing that the next route() would not book as well.
    const answered = (u16[(this.#ws.entry + FLAGS) >> 1] & ANSWERED) !== 0;
    if (answered || u32[control + UNFINISHED] !== 0) native.finish();
    return delivered;
  }

  /** Hands over the entries from #handled to `end`. Returns how many found their neuron. */
  #runGroup(end: number): number {
    const ws = this.#ws;
    const { u16, u32, residents, dispatch } = ws;
    const view = this.#view;
    const careful = this.#careful;
    let delivered = 0;
    while (this.#handled < end && !this.#stopped) {
      try {
        for (let i = this.#handled; i < end && !this.#stopped; this.#handled = ++i) {
          const entry = dispatch + (i << ENTRY_SHIFT);
          const word = u32[(entry + NEURON) >> 2]; // the flags are in its upper half
          const id = word & 0xffff;
          const resident = residents[id];
          ws.entry = entry;
          ws.current = id;
          if (resident === undefined) {
            u16[(entry + FLAGS) >> 1] |= L.DISPATCH_DEAD;
            continue;
          }
          delivered++;
          const slot = u32[(entry + SPIKE) >> 2] | 0; // stays a small integer: a segment has fewer slots than 2^31
          if ((word & (MESSAGE << 16)) !== 0) {
            this.#message(entry, slot, id);
          } else if (careful) {
            this.#handOverOnce(resident, slot, id);
          } else {
            point(view, slot);
            const result = resident.neuron.onSpike(view, resident.handle);
            if (result !== undefined) this.#watch(result, id);
          }
          if (resident.wantsFire) this.#crossed(resident, entry, id);
        }
      } catch (error) {
        const { entry, current: id } = ws;
        this.#handled++;
        this.failed(error, id);
        if (residents[id] !== undefined) this.#crossed(residents[id], entry, id);
      }
    }
    ws.current = -1;
    return delivered;
  }

  #drain(): void {
    this.#ws.restamp(0); // their handlers may take their time, and stamp what they send
    this.#host.drain();
    this.#messages = false; // not when a listener threw: then the rest comes next time
  }

  #message(entry: number, slot: number, id: number): void {
    this.#messages = true;
    const waits = this.#host.message(slot, id);
    if (waits) this.#ws.u16[(entry + FLAGS) >> 1] |= KEPT;
  }

  /** onFire, if this hand-over took the neuron across its threshold. */
  #crossed({ neuron, handle, wantsFire }: Resident, entry: number, id: number): void {
    if (!wantsFire || (this.#ws.u16[(entry + FLAGS) >> 1] & FIRED) === 0) return;
    if (this.#ws.residents[id]?.handle !== handle) return; // it left, or the bus was closed
    this.guarded(id, () => neuron.onFire!(handle));
  }

  /** Development, or traced: a view for this hand-over alone, so that a later use of it is noticed. */
  #handOverOnce(resident: Resident, slot: number, id: number): void {
    const view = viewSpike(this.#ws.u32, slot, this.#ws.memory);
    this.#ws.recorder?.handOver();
    try {
      const result = resident.neuron.onSpike(view, resident.handle);
      if (result !== undefined) this.#watch(result, id);
    } finally {
      expireSpike(view);
    }
  }

  #watch(result: unknown, id: number): void {
    if (typeof (result as PromiseLike<void> | null)?.then !== 'function') return;
    this.#ws.awaited = true;
    (result as PromiseLike<void>).then(undefined, (error: unknown) => this.failed(error, id));
  }

  /** A callback of neuron `id` threw or rejected. */
  failed(error: unknown, id: number): void {
    if (!this.#stopped) this.#ws.count(this.#ws.ganglionRecord + L.GANGLION_HANDLER_ERRORS);
    this.#host.handlerFailed(error, id);
  }

  #reportPrunes(): void {
    const { u16, u32, memory, prunes, control } = this.#ws;
    const entries = Array.from({ length: u32[control + PRUNES] }, (_, i) => {
      const entry = prunes + i * L.PRUNE_BYTES;
      const [pre, post] = [u16[(entry + L.PRUNE_PRE) >> 1], u16[(entry + L.PRUNE_POST) >> 1]] as const;
      return { pre, post, weight: memory.f64[(entry + L.PRUNE_WEIGHT) / 8] };
    });
    u32[control + PRUNES] = 0;
    for (const { pre, post, weight } of entries) this.#host.pruned(pre, post, weight);
  }
}
