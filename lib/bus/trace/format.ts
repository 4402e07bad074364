// SPDX-License-Identifier: MIT
//
// The bytes of a trace file. Pure functions, any thread.
//
// 16 bytes (magic, version, length of what follows), JSON about the bus, then records until the end of the file. What a bus
// does is a function of what is fired, when it is delivered, and what exchanges teach; so that is what records say, in order.
// Little endian; each begins with a word whose low byte is its kind:
//
//   SPIKE     kind | type << 8 | priority << 16 | abroad << 24; payload length; stamp (2 words); sequence; source | target << 16;
//             the payload. That of a message is its 16 bytes and its value, wherever both were.
//   DELIVER   kind | all << 8; budget; time (2 words): spikes that are queued now are handed over
//   HANDOVER  kind; number since DELIVER: what follows was fired while a neuron had it
//   DRAIN     kind: what follows was fired while messages had their turn
//   END       kind; how many were handed over
//   ANSWER    kind; 0; stamp of the spike that the next one answers (2 words)
//   LESSON    kind | lesson << 8; pre | post << 16; value (double)
//   EXCHANGE  kind | message kind << 8 | outcome << 12 | priority << 16 | spike type << 24; from | to << 16; correlation; bytes;
//             time, latency (doubles)
//   LOST      kind; spikes that were displaced in their ring before they were seen

import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import { type HistoryEntry, MESSAGE_KINDS, OUTCOMES, type Summary } from '../messages/history.js';

export const RECORD = {
  SPIKE: 1,
  DELIVER: 2,
  HANDOVER: 3,
  DRAIN: 4,
  END: 5,
  ANSWER: 6,
  LESSON: 7,
  EXCHANGE: 8,
  LOST: 9,
} as const;

/** Bytes of a record, of a spike without its payload; by kind. */
export const SIZE = [0, 24, 16, 8, 4, 8, 16, 16, 32, 8];
export const PREAMBLE_BYTES = 16;
const MAGIC = 'NBTRACE\n';
const VERSION = 1;

/** What a trace file says of itself. */
export interface TraceHeader {
  /** Of the bus. */
  name: string;
  clock: 'real' | 'virtual';
  seed: number;
  trace: 'spikes' | 'verbose';
  /** When it began, ns on the clock of the bus. */
  startNs: number;
}

/** One thing that a trace tells; see {@link readTrace}. Times are ns on the clock of the bus. */
export type TraceRecord =
  | {
      kind: 'spike';
      timestamp: number;
      sequence: number;
      source: number;
      target: number;
      /** 0..2 as `SpikeType`; 3: it carries a message. */
      type: number;
      priority: number;
      payload: Uint8Array;
      /** It went to another thread. */
      abroad: boolean;
    }
  | { kind: 'deliver'; time: number; budget: number; all: boolean }
  | { kind: 'handover'; number: number }
  | { kind: 'drain' }
  | { kind: 'end'; delivered: number }
  | { kind: 'answer'; timestamp: number }
  | { kind: 'lesson'; lesson: number; pre: number; post: number; value: number }
  | { kind: 'exchange'; exchange: HistoryEntry }
  | { kind: 'lost'; count: number };

export function encodeHeader(header: TraceHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(PREAMBLE_BYTES + json.length);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(json.length, 12);
  bytes.set(json, PREAMBLE_BYTES);
  return bytes;
}

/** Bytes of the JSON after the preamble. ERR_NB_BAD_FILE, ERR_NB_VERSION. */
export function headerLength(preamble: DataView): number {
  const magic = Buffer.from(preamble.buffer, preamble.byteOffset, 8).toString('latin1');
  if (magic !== MAGIC) throw new NeuronBusError('BAD_FILE', 'It is no trace');
  const version = preamble.getUint32(8, true);
  if (version !== VERSION) throw new NeuronBusError('VERSION', `The trace has version ${version}`);
  return preamble.getUint32(12, true);
}

/** The size of the record at `at`, of which the first 8 bytes are there. ERR_NB_BAD_FILE. */
export function recordSize(view: DataView, at: number): number {
  const size = SIZE[view.getUint8(at)];
  if (!size) throw new NeuronBusError('BAD_FILE', `The trace has a record of kind ${view.getUint8(at)}`);
  return view.getUint8(at) === RECORD.SPIKE ? size + view.getUint32(at + 4, true) : size;
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

/** The record at `at`, which is whole. */
export function decodeRecord(view: DataView, at: number): TraceRecord {
  const head = view.getUint32(at, true);
  const second = head === RECORD.DRAIN ? 0 : view.getUint32(at + 4, true);
  switch (head & 0xff) {
    case RECORD.SPIKE: {
      const ends = view.getUint32(at + 20, true);
      const begin = view.byteOffset + at + SIZE[RECORD.SPIKE];
      return {
        kind: 'spike',
        timestamp: u64(view, at + 8),
        sequence: view.getUint32(at + 16, true),
        source: ends & 0xffff,
        target: ends >>> 16,
        type: (head >>> 8) & 0xff,
        priority: (head >>> 16) & 0xff,
        payload: new Uint8Array(view.buffer as ArrayBuffer, begin, second).slice(),
        abroad: head >>> 24 !== 0,
      };
    }
    case RECORD.DELIVER:
      return { kind: 'deliver', time: u64(view, at + 8), budget: second, all: ((head >>> 8) & 1) !== 0 };
    case RECORD.HANDOVER:
      return { kind: 'handover', number: second };
    case RECORD.DRAIN:
      return { kind: 'drain' };
    case RECORD.END:
      return { kind: 'end', delivered: second };
    case RECORD.ANSWER:
      return { kind: 'answer', timestamp: u64(view, at + 8) };
    case RECORD.LESSON: {
      const value = view.getFloat64(at + 8, true);
      return {
        kind: 'lesson',
        lesson: (head >>> 8) & 0xff,
        pre: second & 0xffff,
        post: second >>> 16,
        value,
      };
    }
    case RECORD.EXCHANGE:
      return { kind: 'exchange', exchange: decodeExchange(view, at, head, second) };
    default:
      return { kind: 'lost', count: second };
  }
}

export function encodeExchange(view: DataView, at: number, entry: Readonly<Summary>): void {
  const codes = (entry.kind << 8) | (entry.outcome << 12);
  const head = RECORD.EXCHANGE | codes | (entry.priority << 16) | (entry.spikeType << 24);
  view.setUint32(at, head, true);
  view.setUint32(at + 4, entry.from | (entry.to << 16), true);
  view.setUint32(at + 8, entry.correlationId, true);
  view.setUint32(at + 12, entry.bytes, true);
  view.setFloat64(at + 16, entry.time, true);
  view.setFloat64(at + 24, entry.latencyNs, true);
}

function decodeExchange(view: DataView, at: number, head: number, ends: number): HistoryEntry {
  return {
    time: view.getFloat64(at + 16, true),
    from: ends & 0xffff,
    to: ends >>> 16,
    type: MESSAGE_KINDS[(head >>> 8) & 15],
    spikeType: (head >>> 24) as HistoryEntry['spikeType'],
    priority: (head >>> 16) & 0xff,
    correlationId: view.getUint32(at + 8, true),
    bytes: view.getUint32(at + 12, true),
    latencyNs: view.getFloat64(at + 24, true),
    outcome: OUTCOMES[(head >>> 12) & 15],
  };
}

/** Messages: how long their header is, which comes first in a payload. */
export const MESSAGE_HEADER_BYTES = L.MESSAGE_BYTES;
