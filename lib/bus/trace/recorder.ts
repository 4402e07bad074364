// SPDX-License-Identifier: MIT
//
// Writes a trace: what this thread's neurons fire, in order, with the deliveries in between. Called on the thread of the bus.
//
// Nothing is done when a spike is fired. Whenever something begins or ends (a delivery, a hand-over, a lesson), the slots that
// were written to the own ring since the last look are read from it. Bytes wait in a buffer of bounded size and are written by a
// synchronous call when it is full; so nothing is lost while the process lives, and at most one buffer when it is killed.

import { closeSync, openSync, writeSync } from 'node:fs';
import { arenaCopy } from '../../memory/arena.js';
import { clock } from '../../memory/clock.js';
import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import { longReference } from '../../memory/spike.js';
import type { Summary } from '../messages/history.js';
import type { ResolvedOptions } from '../options.js';
import type { Workspace } from '../workspace.js';
import { encodeExchange, encodeHeader, RECORD, SIZE } from './format.js';

const BUFFER_BYTES = 65_536;
const INLINE_AT = L.SPIKE_BYTES - L.INLINE_BYTES;

export interface RecorderHost {
  /** Position behind the last spike written, modulo 2^32. */
  head(): number;
  /** The trace ends here: the file cannot be written. */
  failed(error: unknown): void;
}

export class Recorder {
  readonly #ws: Workspace;
  readonly #host: RecorderHost;
  readonly #options: ResolvedOptions;
  readonly #bytes = Buffer.alloc(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, BUFFER_BYTES);
  readonly #slots: number; // of the own ring: byte offset / 64 of the first
  readonly #mask: number;
  #file: number;
  #used = 0;
  #seen: number;
  #handOver = -1; // number since the delivery began
  #asked = -1; // stamp of the spike that the next one answers
  #marked = true; // what the next spike belongs to was said

  /** @throws NeuronBusError ERR_NB_FILE_IO. */
  constructor(workspace: Workspace, options: ResolvedOptions, host: RecorderHost) {
    this.#ws = workspace;
    this.#host = host;
    this.#options = options;
    this.#slots = (workspace.axonRecord + L.AXON_BYTES) / L.SPIKE_BYTES;
    this.#mask = options.axonCapacity - 1;
    this.#seen = host.head();
    const { name, clock, seed, trace, tracePath } = options;
    try {
      this.#file = openSync(tracePath, 'w', 0o600);
    } catch (cause) {
      throw new NeuronBusError('FILE_IO', tracePath, { cause });
    }
    const header = {
      name,
      clock,
      seed,
      trace: trace === 'off' ? 'spikes' : trace,
      startNs: this.#now(),
    } as const;
    this.#write(encodeHeader(header));
  }

  /** Spikes that are queued now are about to be handed over. */
  deliver(budget: number, all: boolean): void {
    this.#collect();
    const at = this.#room(RECORD.DELIVER);
    this.#view.setUint32(at, RECORD.DELIVER | (Number(all) << 8), true);
    this.#view.setUint32(at + 4, budget, true);
    this.#stamp(at + 8, this.#now());
    this.#handOver = -1;
  }

  /** That is done. */
  delivered(count: number): void {
    this.#collect();
    this.#marked = true;
    this.#pair(RECORD.END, count);
  }

  /** A neuron is about to get a spike or a message. */
  handOver(): void {
    this.#collect();
    this.#handOver++;
    this.#marked = false;
  }

  /** Messages are about to have their turn. */
  drain(): void {
    this.#collect();
    this.#marked = true;
    this.#view.setUint32(this.#room(RECORD.DRAIN), RECORD.DRAIN, true);
  }

  /** The next spike answers the one with this stamp, unless it is dropped before answered(). */
  answering(timestamp: number): void {
    this.#collect();
    this.#asked = timestamp;
  }

  answered(): void {
    this.#collect();
    this.#asked = -1;
  }

  /** A synapse is about to be taught. */
  lesson(lesson: number, pre: number, post: number, value: number): void {
    this.#collect();
    this.#mark();
    const at = this.#room(RECORD.LESSON);
    this.#view.setUint32(at, RECORD.LESSON | (lesson << 8), true);
    this.#view.setUint32(at + 4, pre | (post << 16), true);
    this.#view.setFloat64(at + 8, value, true);
  }

  /** Slot `at` (byte offset / 64) was written for another thread. */
  abroad(at: number): void {
    this.#collect();
    this.#mark();
    this.#markAnswer();
    this.#spike(at, 1);
  }

  /** A message or exchange ended. */
  exchange(entry: Readonly<Summary>): void {
    if (this.#options.trace !== 'verbose') return;
    this.#collect();
    encodeExchange(this.#view, this.#room(RECORD.EXCHANGE), entry);
  }

  /** The bus closes; its memory is still there. */
  close(): void {
    if (this.#file < 0) return;
    this.#collect();
    this.#flush();
    this.#end();
  }

  // What was written to the own ring since the last look.
  #collect(): void {
    const head = this.#host.head();
    let waiting = (head - this.#seen) >>> 0;
    if (waiting === 0) return;
    this.#mark();
    if (waiting > this.#mask + 1) {
      this.#pair(RECORD.LOST, waiting - this.#mask - 1);
      waiting = this.#mask + 1;
    }
    this.#markAnswer();
    for (; waiting > 0; waiting--) this.#spike(this.#slots + ((head - waiting) & this.#mask), 0);
    this.#seen = head;
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#pair(RECORD.HANDOVER, this.#handOver);
  }

  #markAnswer(): void {
    if (this.#asked < 0) return;
    const at = this.#room(RECORD.ANSWER);
    this.#view.setUint32(at, RECORD.ANSWER, true);
    this.#view.setUint32(at + 4, 0, true);
    this.#stamp(at + 8, this.#asked);
    this.#asked = -1;
  }

  #spike(slot: number, abroad: number): void {
    const { u32, memory } = this.#ws;
    const w = slot * 16;
    const word = u32[w + 4];
    const inline = slot * L.SPIKE_BYTES + INLINE_AT;
    const isMessage = (word & 3) === L.TYPE_MESSAGE;
    const reference = longReference(u32, slot);
    let header: Uint8Array = new Uint8Array(0);
    let body: Uint8Array;
    if (reference === undefined) {
      body = memory.u8.subarray(inline, inline + ((word >>> 2) & 63));
    } else {
      body = arenaCopy(memory, reference) ?? new Uint8Array(0);
      const behind = inline + L.ARENA_REF_BYTES;
      if (isMessage) header = memory.u8.subarray(behind, behind + L.MESSAGE_BYTES);
    }
    const at = this.#room(RECORD.SPIKE);
    const view = this.#view;
    view.setUint32(
      at,
      RECORD.SPIKE | ((word & 3) << 8) | (((word >>> 8) & 0xff) << 16) | (abroad << 24),
      true,
    );
    view.setUint32(at + 4, header.length + body.length, true);
    for (let i = 0; i < 4; i++) view.setUint32(at + 8 + 4 * i, u32[w + i], true);
    this.#write(header);
    this.#write(body);
  }

  #pair(kind: number, value: number): void {
    const at = this.#room(kind);
    this.#view.setUint32(at, kind, true);
    this.#view.setUint32(at + 4, value, true);
  }

  #stamp(at: number, ns: number): void {
    this.#view.setUint32(at, ns % 4294967296, true);
    this.#view.setUint32(at + 4, Math.floor(ns / 4294967296), true);
  }

  #now(): number {
    return this.#options.clock === 'virtual' ? Number(this.#ws.virtualNs) : clock.now();
  }

  // Where a record of this kind goes.
  #room(kind: number): number {
    if (this.#used + SIZE[kind] > BUFFER_BYTES) this.#flush();
    const at = this.#used;
    this.#used += SIZE[kind];
    return at;
  }

  #write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#put(bytes);
    } else {
      this.#bytes.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  #flush(): void {
    const used = this.#used;
    this.#used = 0;
    this.#put(this.#bytes.subarray(0, used));
  }

  #put(bytes: Uint8Array): void {
    if (this.#file < 0) return;
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    } catch (cause) {
      this.#end();
      this.#host.failed(new NeuronBusError('FILE_IO', this.#options.tracePath, { cause }));
    }
  }

  #end(): void {
    const file = this.#file;
    this.#file = -1;
    closeSync(file);
  }
}
