// SPDX-License-Identifier: MIT
//
// What was said lately: a ring of summaries of the messages and exchanges of this thread's neurons. Called on the thread of the
// bus.
//
// The ring is made of numbers in one piece of memory that is allocated with the first entry, so a message leaves no garbage. An
// entry has eight words: when it was sent and its latency (doubles), the conversation, bytes, from | to << 16, and
// kind | spike type << 2 | outcome << 4 | priority << 8.

import { checkKeys, invalidArgument } from '../../memory/errors.js';
import type { SpikeType } from '../../memory/spike.js';
import { checkPriority } from '../../memory/spike_writer.js';

export type MessageKind = 'send' | 'request' | 'stream';

/** In the order of MESSAGE_SEND, MESSAGE_REQUEST, MESSAGE_STREAM. */
export const MESSAGE_KINDS: readonly MessageKind[] = ['send', 'request', 'stream'];

/**
 * How a message or exchange went. A message: `sent`; `served`: it came from another thread and had its turn. A question, as its
 * asker knows: `answered`, `failed` (the other's error, or parts of a stream were lost), `timeout`, `aborted`, `dead` (who was
 * asked left), `closed` (the asker left, or the bus closed). A question from another thread: `served` (answered), `failed`,
 * `timeout` (its turn came too late), `aborted` (the asker gave up), `closed`. `dropped`: it never went.
 */
export type MessageOutcome =
  | 'sent'
  | 'answered'
  | 'served'
  | 'failed'
  | 'timeout'
  | 'aborted'
  | 'dead'
  | 'closed'
  | 'dropped';

export const OUTCOMES: readonly MessageOutcome[] = [
  'sent',
  'answered',
  'served',
  'failed',
  'timeout',
  'aborted',
  'dead',
  'closed',
  'dropped',
];

/** One message, or one question and what became of it. */
export interface HistoryEntry {
  /** When it was sent, ns on the clock of the bus. */
  time: number;
  /** Id of who sent or asked. */
  from: number;
  /** Id of who got it or was asked. */
  to: number;
  type: MessageKind;
  /** What the sender said of it; the default is `SpikeType.Excitatory`. */
  spikeType: SpikeType;
  priority: number;
  /** Of the conversation that it belongs to; 0 = none. */
  correlationId: number;
  /** Of the value that was sent. */
  bytes: number;
  /** From then to the answer or the end, ns; of a message from another thread, until its turn; of one that was sent, 0. */
  latencyNs: number;
  outcome: MessageOutcome;
}

/** Which entries `bus.history()` shows; all of what is given must hold. */
export interface HistoryQuery {
  correlationId?: number;
  /** Id of who sent or got it. */
  agent?: number;
  type?: MessageKind;
  /** At least this priority. */
  priority?: number;
  /** Sent at this time or later, ns on the clock of the bus. */
  since?: number;
  /** At most so many, the last ones. Default: all. */
  limit?: number;
}

const QUERY_KEYS: ReadonlySet<string> = new Set([
  'correlationId',
  'agent',
  'type',
  'priority',
  'since',
  'limit',
]);
/** Doubles of an entry, and words; and which of them are what. */
const TIMES = 4;
const WORDS = 2 * TIMES;
const LATENCY = 1;
const CORRELATION = 4;
const BYTES = 5;
const ENDS = 6;
const ABOUT = 7;

/** An entry while it is told: numbers in place of names, because looking up a name takes longer than all the rest. */
export interface Summary extends Omit<HistoryEntry, 'type' | 'outcome'> {
  /** Index into MESSAGE_KINDS. */
  kind: number;
  /** Index into OUTCOMES. */
  outcome: number;
}

export class History {
  readonly #capacity: number;
  #times = new Float64Array(0);
  #words = new Uint32Array(0); // the same memory
  #next = 0;
  #size = 0;

  /** Of the last `capacity` messages; 0: of none. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keeps what `entry` says, not the object. */
  add(entry: Readonly<Summary>): void {
    if (this.#capacity === 0) return;
    if (this.#times.length === 0) this.#allocate();
    const next = this.#next;
    const times = this.#times;
    times[next * TIMES] = entry.time;
    times[next * TIMES + LATENCY] = entry.latencyNs;
    const words = this.#words;
    const at = next * WORDS;
    words[at + CORRELATION] = entry.correlationId;
    words[at + BYTES] = entry.bytes;
    words[at + ENDS] = entry.from | (entry.to << 16);
    const codes = entry.kind | (entry.spikeType << 2) | (entry.outcome << 4);
    words[at + ABOUT] = codes | (entry.priority << 8);
    this.#next = next + 1 === this.#capacity ? 0 : next + 1;
    if (this.#size < this.#capacity) this.#size++;
  }

  /** In the order in which they were sent. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming what is wrong. */
  find(query: HistoryQuery): HistoryEntry[] {
    checkQuery(query);
    const { correlationId, agent, type, priority = 0, since = 0, limit = this.#capacity } = query;
    const kind = type === undefined ? -1 : MESSAGE_KINDS.indexOf(type);
    const found: HistoryEntry[] = [];
    for (let back = 1; back <= this.#size && found.length < limit; back++) {
      const at = (this.#next - back + this.#capacity) % this.#capacity;
      const ends = this.#words[at * WORDS + ENDS];
      const about = this.#words[at * WORDS + ABOUT];
      if (
        (correlationId === undefined || this.#words[at * WORDS + CORRELATION] === correlationId) &&
        (agent === undefined || (ends & 0xffff) === agent || ends >>> 16 === agent) &&
        (kind < 0 || (about & 3) === kind) &&
        about >>> 8 >= priority &&
        this.#times[at * TIMES] >= since
      ) {
        found.push(this.#entry(at));
      }
    }
    return found.reverse().sort((a, b) => a.time - b.time);
  }

  #entry(at: number): HistoryEntry {
    const word = (field: number) => this.#words[at * WORDS + field];
    const [ends, about] = [word(ENDS), word(ABOUT)];
    return {
      time: this.#times[at * TIMES],
      from: ends & 0xffff,
      to: ends >>> 16,
      type: MESSAGE_KINDS[about & 3],
      spikeType: ((about >>> 2) & 3) as SpikeType,
      priority: about >>> 8,
      correlationId: word(CORRELATION),
      bytes: word(BYTES),
      latencyNs: this.#times[at * TIMES + LATENCY],
      outcome: OUTCOMES[(about >>> 4) & 15],
    };
  }

  #allocate(): void {
    this.#times = new Float64Array(this.#capacity * TIMES);
    this.#words = new Uint32Array(this.#times.buffer);
  }
}

function checkQuery(query: HistoryQuery): void {
  checkKeys('query', query, QUERY_KEYS);
  const { correlationId, agent, type, priority, since, limit } = query;
  for (const [name, value] of Object.entries({ correlationId, agent, limit })) {
    if (value !== undefined && value >>> 0 !== value)
      throw invalidArgument(name, value, 'an integer, 0 or more');
  }
  if (type !== undefined && !MESSAGE_KINDS.includes(type))
    throw invalidArgument('type', type, `one of ${MESSAGE_KINDS.join(', ')}`);
  if (priority !== undefined) checkPriority(priority);
  if (since !== undefined && !(typeof since === 'number' && since >= 0))
    throw invalidArgument('since', since, 'a time in ns');
}
