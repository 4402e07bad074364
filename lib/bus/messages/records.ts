// SPDX-License-Identifier: MIT
//
// Who keeps books of messages: history, traffic and trace are told here of what this thread's neurons sent, asked and were
// asked. Called on the thread of the bus.
//
// An exchange within the thread is booked once, by its asker. One that comes from another thread is booked there by its asker
// and here by who answers it.

import * as L from '../../memory/layout.js';
import type { SpikeType } from '../../memory/spike.js';
import type { Workspace } from '../workspace.js';
import { History, type MessageOutcome, OUTCOMES, type Summary } from './history.js';
import type { Message, Request } from './incoming.js';
import type { MessageOptions } from './options.js';
import type { Pending } from './pending.js';
import { Traffic } from './traffic.js';

const { MESSAGE_SEND: SEND, MESSAGE_REQUEST: REQUEST, MESSAGE_STREAM: STREAM } = L;
const [SENT, DROPPED, ANSWERED, SERVED] = (['sent', 'dropped', 'answered', 'served'] as const).map((name) =>
  OUTCOMES.indexOf(name),
);

export class Records {
  readonly #ws: Workspace;
  readonly history: History;
  readonly traffic: Traffic;
  // One object for all: it is told and not kept.
  readonly #entry: Summary = {
    time: 0,
    from: 0,
    to: 0,
    kind: 0,
    spikeType: 0,
    priority: 0,
    correlationId: 0,
    bytes: 0,
    latencyNs: 0,
    outcome: 0,
  };

  constructor(workspace: Workspace, historyCapacity: number, createdNs: number) {
    this.#ws = workspace;
    this.history = new History(historyCapacity);
    this.traffic = new Traffic(workspace, createdNs);
  }

  /** A message was sent, or (`went` false) dropped. */
  sent(from: number, to: number, bytes: number, options: MessageOptions, went: boolean): void {
    const entry = this.#entry;
    entry.kind = SEND;
    entry.outcome = went ? SENT : DROPPED;
    entry.from = from;
    entry.to = to;
    entry.spikeType = options.type ?? 0;
    entry.priority = options.priority ?? 0;
    entry.correlationId = options.correlationId ?? 0;
    entry.bytes = bytes;
    entry.time = this.#ws.lastReading();
    entry.latencyNs = 0;
    this.#book();
  }

  /** A question of this thread ended. */
  ended(pending: Pending, outcome: MessageOutcome, latencyNs: number): void {
    const entry = this.#entry;
    entry.kind = pending.what;
    entry.outcome = outcome === 'answered' ? ANSWERED : OUTCOMES.indexOf(outcome);
    entry.from = pending.from;
    entry.to = pending.to;
    entry.spikeType = pending.type as SpikeType;
    entry.priority = pending.priority;
    entry.correlationId = pending.correlation;
    entry.bytes = pending.bytes;
    entry.time = pending.sentNs;
    entry.latencyNs = latencyNs;
    this.#book();
  }

  /** A message had its turn. */
  handled(message: Message): void {
    if (this.#isFromHere(message)) return;
    this.#got(SEND, message, SERVED);
  }

  /** A message's neuron left before its turn. */
  lost(message: Message): void {
    if (this.#isFromHere(message)) return;
    this.#got(SEND, message, DROPPED);
  }

  /** A question to this thread ended. */
  finished(request: Request, outcome: MessageOutcome): void {
    if (this.#isFromHere(request)) return;
    this.#got(request.wantsParts ? STREAM : REQUEST, request, OUTCOMES.indexOf(outcome));
  }

  #isFromHere({ from }: Message): boolean {
    return this.#ws.residents[from] !== undefined;
  }

  #got(kind: number, message: Message, outcome: number): void {
    const entry = this.#entry;
    entry.kind = kind;
    entry.outcome = outcome;
    entry.from = message.from;
    entry.to = message.to;
    entry.spikeType = message.type;
    entry.priority = message.priority;
    entry.correlationId = message.correlationId;
    entry.bytes = message.length;
    entry.time = message.timestamp;
    entry.latencyNs = Math.max(0, this.#ws.lastReading() - message.timestamp);
    this.#book();
  }

  #book(): void {
    const entry = this.#entry;
    this.history.add(entry);
    this.traffic.add(entry);
    this.#ws.recorder?.exchange(entry);
  }
}
