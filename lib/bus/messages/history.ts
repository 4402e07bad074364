// SPDX-License-Identifier: MIT
//
// What was said lately: a ring of summaries of the messages and exchanges of this thread's neurons. Called on the thread of the
// bus.
//
// The ring is made of columns of numbers that are allocated with the first entry, so a message leaves no garbage.

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
  #latencies = new Float64Array(0);
  #correlations = new Uint32Array(0);
  #bytes = new Uint32Array(0);
  #ends = new Uint32Array(0); // from | to << 16
  #about = new Uint32Array(0); // kind | spike type << 2 | outcome << 4 | priority << 8
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
    const at = this.#next;
    this.#times[at] = entry.time;
    this.#latencies[at] = entry.latencyNs;
    this.#correlations[at] = entry.correlationId;
    this.#bytes[at] = entry.bytes;
    this.#ends[at] = entry.from | (entry.to << 16);
    const codes = entry.kind | (entry.spikeType << 2) | (entry.outcome << 4);
    this.#about[at] = codes | (entry.priority << 8);
    this.#next = at + 1 === this.#capacity ? 0 : at + 1;
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
      const ends = this.#ends[at];
      const about = this.#about[at];
      if (
        (correlationId === undefined || this.#correlations[at] === correlationId) &&
        (agent === undefined || (ends & 0xffff) === agent || ends >>> 16 === agent) &&
        (kind < 0 || (about & 3) === kind) &&
        about >>> 8 >= priority &&
        this.#times[at] >= since
      ) {
        found.push(this.#entry(at));
      }
    }
    return found.reverse().sort((a, b) => a.time - b.time);
  }

  #entry(at: number): HistoryEntry {
    const ends = this.#ends[at];
    const about = this.#about[at];
    return {
      time: this.#times[at],
      from: ends & 0xffff,
      to: ends >>> 16,
      type: MESSAGE_KINDS[about & 3],
      spikeType: ((about >>> 2) & 3) as SpikeType,
      priority: about >>> 8,
      correlationId: this.#correlations[at],
      bytes: this.#bytes[at],
      latencyNs: this.#latencies[at],
      outcome: OUTCOMES[(about >>> 4) & 15],
    };
  }

  #allocate(): void {
    const n = this.#capacity;
    this.#times = new Float64Array(n);
    this.#latencies = new Float64Array(n);
    this.#correlations = new Uint32Array(n);
    this.#bytes = new Uint32Array(n);
    this.#ends = new Uint32Array(n);
    this.#about = new Uint32Array(n);
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
