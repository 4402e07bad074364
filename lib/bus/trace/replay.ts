// SPDX-License-Identifier: MIT
//
// Plays a trace again. Called on the thread of the bus.
//
// The neurons of the bus keep still meanwhile: a puppet stands in for each, and what its original fired while it had a spike in
// hand, the puppet fires while it has that spike in hand. So answers count as answers, late ones as late ones, and it does not
// matter what handlers waited for. Messages are not read; what their exchanges taught is taught again.

import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import { Frame } from '../../memory/message_frame.js';
import type { Spike } from '../../memory/spike.js';
import type { BusClock } from '../bus_clock.js';
import type { Drive } from '../drive.js';
import { type Asked, type Emitter, OWN_SEQUENCE } from '../emitter.js';
import { Teacher } from '../messages/teacher.js';
import { Neuron } from '../neuron.js';
import type { NeuronBus } from '../neuron_bus.js';
import type { Resident, Workspace } from '../workspace.js';
import { MESSAGE_HEADER_BYTES, type TraceRecord } from './format.js';
import { TraceReader } from './reader.js';

/** The parts of a bus that a replay moves. */
export interface Stage {
  readonly workspace: Workspace;
  readonly emitter: Emitter;
  readonly drive: Drive;
}

/** What a replay did. */
export interface ReplayResult {
  /** Spikes fired. */
  spikes: number;
  /** Hand-overs. */
  delivered: number;
  /** The time at its end, ns on the clock of the bus. */
  untilNs: number;
}

type SpikeRecord = Extract<TraceRecord, { kind: 'spike' }>;
const SEQUENCE = L.NEURON_SEQUENCE >> 2;
const NEURON_WORDS = L.NEURON_BYTES / 4;
const UNKNOWN_COUNT = 0xffffffff; // a listener threw

class Puppet extends Neuron {
  readonly #act: () => void;

  constructor(act: () => void) {
    super();
    this.#act = act;
  }

  override onSpike(): void {
    this.#act();
  }
}

class Playback {
  readonly #bus: NeuronBus;
  readonly #stage: Stage;
  readonly #reader: TraceReader;
  readonly #teacher: Teacher;
  readonly #frame = new Frame();
  readonly #shiftNs: number;
  #next: TraceRecord | undefined;
  #handOver = -1;
  #answers = -1; // stamp of the spike that the next one answers
  #spikes = 0;
  #delivered = 0;

  constructor(bus: NeuronBus, stage: Stage, reader: TraceReader) {
    const { clock, startNs } = reader.header;
    this.#bus = bus;
    this.#stage = stage;
    this.#reader = reader;
    this.#teacher = new Teacher(stage.workspace);
    // Real times become virtual ones from now on; virtual ones stay what they were.
    this.#shiftNs = clock === 'virtual' ? 0 : bus.clock.now() - startNs;
    this.#step();
  }

  run(): ReplayResult {
    const { workspace } = this.#stage;
    const { residents } = workspace;
    const originals = residents.slice();
    const neuron = new Puppet(() => this.handOver());
    residents.forEach((resident, id) => {
      if (resident !== undefined)
        residents[id] = { ...resident, neuron, wantsFire: false } satisfies Resident;
    });
    workspace.playback = this;
    try {
      while (this.#next !== undefined) {
        this.#act();
        const record = this.#next;
        if (record === undefined) break;
        if (record.kind !== 'deliver')
          throw mismatch(`Nothing is delivered where the trace says '${record.kind}'`);
        this.#deliver(record);
      }
    } finally {
      workspace.playback = undefined;
      originals.forEach((resident, id) => {
        residents[id] = resident;
      });
    }
    return { spikes: this.#spikes, delivered: this.#delivered, untilNs: this.#bus.clock.now() };
  }

  /** A neuron has a spike or message. */
  handOver(): void {
    this.#handOver++;
    if (this.#next?.kind !== 'handover' || this.#next.number !== this.#handOver) return;
    this.#step();
    this.#act();
  }

  /** Messages had their turn here. */
  drain(): void {
    if (this.#next?.kind !== 'drain') return;
    this.#step();
    this.#act();
  }

  #deliver({ time, budget, all }: Extract<TraceRecord, { kind: 'deliver' }>): void {
    this.#advanceTo(time);
    this.#handOver = -1;
    this.#step();
    const delivered = this.#stage.drive.deliver(budget, all);
    this.#delivered += delivered;
    const end = this.#next;
    if (end === undefined) return; // its writer was killed
    if (end.kind !== 'end' || (end.delivered !== delivered && end.delivered !== UNKNOWN_COUNT)) {
      const then = end.kind === 'end' ? `${end.delivered} spikes` : `a '${end.kind}' that did not come`;
      throw mismatch(`At ${time} ns ${delivered} spikes were delivered, and in the trace ${then}`);
    }
    this.#step();
  }

  // Does what the trace says up to the next beginning or end of something.
  #act(): void {
    for (let record = this.#next; record !== undefined; record = this.#next) {
      if (record.kind === 'spike') this.#fire(record);
      else if (record.kind === 'lesson')
        this.#teacher.teach(record.pre, record.post, record.lesson, record.value);
      else if (record.kind === 'answer') this.#answers = record.timestamp + this.#shiftNs;
      else return;
      this.#step();
    }
  }

  #fire(record: SpikeRecord): void {
    const { source, target, type, priority, timestamp, abroad } = record;
    if (abroad && target === L.BROADCAST) return; // it also went to the own neurons, if it has any
    this.#advanceTo(timestamp);
    const { workspace, emitter } = this.#stage;
    if (workspace.residents[source] === undefined) throw mismatch(`There is no neuron ${source}`);
    const payload = this.#payloadOf(record);
    const own = workspace.u32[workspace.neurons + source * NEURON_WORDS + SEQUENCE] === record.sequence;
    this.#spikes++;
    if (this.#answers < 0) {
      emitter.post(source, target, type, priority, payload, own ? OWN_SEQUENCE : record.sequence);
    } else {
      const asked = { timestamp: this.#answers, source: target } satisfies Asked;
      this.#answers = -1;
      emitter.reply(source, asked, payload instanceof Frame ? undefined : payload, {
        type: type as Spike['type'],
        priority,
      });
    }
  }

  #payloadOf({ type, payload }: SpikeRecord): Uint8Array | Frame | undefined {
    if (type !== L.TYPE_MESSAGE) return payload.length === 0 ? undefined : payload;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    if (payload.length < MESSAGE_HEADER_BYTES)
      throw new NeuronBusError('BAD_FILE', 'The trace has half a message');
    const frame = this.#frame;
    frame.what = payload[0];
    frame.flags = payload[1];
    frame.exchange = view.getUint32(2, true);
    frame.correlation = view.getUint32(6, true);
    frame.deadline = view.getUint32(10, true);
    frame.encoding = payload[14] & 3;
    frame.value = payload.subarray(MESSAGE_HEADER_BYTES);
    return frame;
  }

  #advanceTo(recordedNs: number): void {
    const ahead = recordedNs + this.#shiftNs - this.#bus.clock.now();
    if (ahead > 0) this.#bus.clock.advance(ahead / 1e6);
  }

  #step(): void {
    do {
      this.#next = this.#reader.next();
      if (this.#next?.kind === 'lost')
        throw mismatch(
          `The trace lacks ${this.#next.count} spikes, which were displaced before they were seen`,
        );
    } while (this.#next?.kind === 'exchange');
  }
}

/**
 * Fires the spikes of a trace file again, on a bus with a virtual clock, at the recorded times and in the recorded order, and
 * delivers them when they were delivered. The neurons of the bus do not react meanwhile: what theirs of the trace fired is fired
 * for them. The bus must have the same neurons (by id), synapses and options as the one that was traced had in the beginning; then the
 * weights are the same afterwards, bit for bit, if that one had a virtual clock and one thread. Neurons that came or left while
 * the trace was written are a mismatch.
 *
 * @throws NeuronBusError ERR_NB_FILE_IO, ERR_NB_BAD_FILE, ERR_NB_VERSION, ERR_NB_NOT_VIRTUAL, ERR_NB_TRACE_MISMATCH (the bus is
 * another one; what was replayed up to there stays), ERR_NB_REENTRANT, ERR_NB_CLOSED.
 */
export function replayTrace(path: string, bus: NeuronBus): ReplayResult {
  if (typeof bus?.clock?.advance !== 'function') throw invalidArgument('bus', bus, 'a NeuronBus');
  const { stage } = bus;
  if (!bus.clock.virtual) throw new NeuronBusError('NOT_VIRTUAL');
  if (stage.workspace.running) throw new NeuronBusError('REENTRANT');
  const reader = new TraceReader(path);
  try {
    checkBeginning(reader, bus.clock);
    return new Playback(bus, stage, reader).run();
  } finally {
    reader.close();
  }
}

function checkBeginning({ header }: TraceReader, clock: BusClock): void {
  if (header.clock !== 'virtual' || clock.now() <= header.startNs) return;
  throw mismatch(
    `The clock of the bus is at ${clock.now()} ns, and the trace begins at ${header.startNs} ns`,
  );
}

function mismatch(detail: string): NeuronBusError {
  return new NeuronBusError('TRACE_MISMATCH', detail);
}
