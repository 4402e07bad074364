// SPDX-License-Identifier: MIT
//
// Messages between agents, over spikes: where asking and answering meet. Called on the thread of the bus.
//
// A message spike comes from the dispatcher as a slot. Answers go to the question that waits for them at once; everything else
// waits in its receiver's mailbox until the batch is through, so that priority decides and not the place in the ring.

import { clock } from '../../memory/clock.js';
import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import { Frame } from '../../memory/message_frame.js';
import { type RoutingChoice, resolveChoice } from '../../routing/strategies.js';
import { Outcome as RoutingOutcome } from '../../routing/strategy.js';
import type { Emitter } from '../emitter.js';
import type { ResolvedOptions } from '../options.js';
import type { Registry } from '../registry.js';
import type { Workspace } from '../workspace.js';
import { Addressing } from './addressing.js';
import { Alarms } from './alarms.js';
import { Answering } from './answering.js';
import { Asking, type Outcome } from './asking.js';
import { Courier } from './courier.js';
import { type AgentHealth, Health } from './health.js';
import type { IncomingHost, Request } from './incoming.js';
import { countLoad, loadOf } from './load.js';
import type { NetworkHost } from './network.js';
import { networkHost } from './network_host.js';
import type { NetworkOptions } from './network_options.js';
import type { ExchangeObserver } from './observer.js';
import {
  type BroadcastOptions,
  checkBroadcastOptions,
  checkMessageOptions,
  checkRequestOptions,
  type MessageOptions,
  type Outgoing,
  type RequestOptions,
  type To,
} from './options.js';
import type { Pending } from './pending.js';
import { Post } from './post.js';
import { Records } from './records.js';
import type { Reply } from './reply.js';
import { Retries } from './retries.js';
import { Router, type RouterHost } from './router.js';
import { Teacher } from './teacher.js';
import { TimeScales } from './time_scale.js';
import type { TokenStream } from './token_stream.js';

export interface ConversationsHost extends RouterHost {
  now(): number;
  random(): number;
  handlerFailed(error: unknown, id: number): void;
  /** Runs handlers, which are not on the stack now. */
  turn(call: () => void): void;
}

/** What the end of an exchange says of the agent that was asked. */
const MEANING: Record<Outcome, RoutingOutcome> = {
  answered: RoutingOutcome.answered,
  failed: RoutingOutcome.failed,
  dead: RoutingOutcome.failed,
  timeout: RoutingOutcome.silent,
  aborted: RoutingOutcome.abandoned,
  closed: RoutingOutcome.abandoned,
  dropped: RoutingOutcome.abandoned,
};
const NO_OPTIONS = Object.freeze({});
/** How often it is looked whether those who should answer are still there, ms. */
const WATCH_MS = 250;

export class Conversations implements IncomingHost {
  readonly #ws: Workspace;
  readonly #host: ConversationsHost;
  readonly #asking: Asking;
  readonly #answering: Answering;
  readonly #registry: Registry;
  readonly #health: Health;
  readonly #addressing: Addressing;
  readonly #newRouter: (argument: string, choice: RoutingChoice) => Router;
  readonly #router: Router;
  readonly #scales: TimeScales;
  readonly #retries: Retries;
  readonly #alarms: Alarms;
  readonly #courier: Courier;
  readonly #frame = new Frame();
  readonly records: Records;
  /** Told of every message and question, if there is one. */
  observer: ExchangeObserver | undefined;
  readonly #alone: boolean; // nobody can leave unnoticed
  #watch: NodeJS.Timeout | undefined;
  #topology = -1;

  constructor(
    workspace: Workspace,
    registry: Registry,
    emitter: Emitter,
    options: ResolvedOptions,
    host: ConversationsHost,
  ) {
    this.#ws = workspace;
    this.#registry = registry;
    this.#host = host;
    const createdNs = options.clock === 'virtual' ? 0 : clock.now();
    const records = new Records(workspace, options.historyCapacity, createdNs);
    this.records = records;
    this.#health = new Health(options.healthThreshold, (id) => workspace.u32[workspace.roster + id] | 0);
    const scales = new TimeScales(registry);
    this.#scales = scales;
    this.#newRouter = (argument, choice) =>
      new Router(workspace, registry, resolveChoice(argument, choice), host, scales);
    this.#router = this.#newRouter('routing', options.routing);
    this.#addressing = new Addressing(workspace, registry, this.#health, () => host.now());
    const post = new Post(emitter);
    const now = () => host.now();
    const virtual = options.clock === 'virtual';
    this.#courier = new Courier(workspace, post, !virtual);
    this.#alone = virtual;
    this.#retries = new Retries(now, () => host.random(), virtual);
    this.#alarms = new Alarms(now, virtual);
    this.#asking = new Asking(workspace, post, this.#courier, options.requestTimeoutMs, virtual, {
      now,
      observer: () => this.observer,
      sent: (from, to, bytes, options, went) => records.sent(from, to, bytes, options, went),
      asks: (pending, traceparent) =>
        this.observer === undefined ? traceparent : this.observer.asking(pending, traceparent),
      scaleOf: (from, to, entry) => scales.ofAgent(from, to, entry),
      ended: (pending, outcome, latencyNs, error) => {
        records.ended(pending, outcome, latencyNs);
        this.#ended(pending, outcome, latencyNs);
        this.observer?.ended(pending, outcome, error);
      },
    });
    this.#answering = new Answering(
      workspace,
      post,
      this.#courier,
      new Teacher(workspace),
      { ageingNs: options.ageingMs * 1e6, virtual },
      {
        now,
        observer: () => this.observer,
        handlerFailed: (error, id) => host.handlerFailed(error, id),
        handled: (message) => records.handled(message),
        received: (message, failure) => this.observer?.received(message, failure),
        lost: (message) => records.lost(message),
        finished: (request, outcome, error) => {
          records.finished(request, outcome);
          this.observer?.answered(request, outcome, error);
        },
        turn: (call) => host.turn(call),
      },
      () => this,
    );
  }

  /** Questions without an answer so far. */
  get pending(): number {
    return this.#asking.pending + this.#retries.waiting;
  }

  /** Messages that have not had their turn at a neuron of this thread. */
  get waiting(): number {
    return this.#answering.waiting;
  }

  /** Answers that nobody waited for any more: that came, or were not sent for it. */
  get late(): number {
    return this.#asking.late + this.#answering.late;
  }

  // ---- the way out --------------------------------------------------------------------------------------------------

  /** As `NeuronHandle.send`. */
  send(from: number, to: To, value: unknown, options: MessageOptions = NO_OPTIONS): boolean {
    if (options !== NO_OPTIONS) checkMessageOptions(options);
    return this.#asking.send(from, this.#addressing.one(this.#router, from, to).id, value, options);
  }

  /** As `NeuronHandle.sendAll`. */
  sendAll(from: number, to: To, value: unknown, options: BroadcastOptions = NO_OPTIONS): number {
    if (options !== NO_OPTIONS) checkBroadcastOptions(options);
    const { exclude = [], ...rest } = options;
    this.#ws.patient = false;
    let went = 0;
    try {
      for (const id of this.#addressing.all(from, to)) {
        if (!exclude.includes(id) && this.#sendTo(from, id, value, rest)) went++;
      }
    } finally {
      this.#ws.patient = true;
    }
    return went;
  }

  // One of many: that it is full, or went meanwhile, is its own affair.
  #sendTo(from: number, to: number, value: unknown, options: MessageOptions): boolean {
    try {
      return this.#asking.send(from, to, value, options);
    } catch (error) {
      const own =
        error instanceof NeuronBusError && ['ERR_NB_FULL', 'ERR_NB_DEAD_TARGET'].includes(error.code);
      if (!own) throw error;
      return false;
    }
  }

  /** As `NeuronHandle.request`. `until`: no attempt lasts longer, ns on the clock of the bus. */
  request<T, R = unknown>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options: RequestOptions = NO_OPTIONS,
    until: number = Number.POSITIVE_INFINITY,
  ): Promise<Reply<R>> {
    try {
      if (options !== NO_OPTIONS) checkRequestOptions(options);
      if (options.idempotent === true && options.retries !== 0)
        return this.#insist(from, to, value, options, until);
      this.#watchOthers();
      return this.#asking.request(from, this.#addressing.one(this.#router, from, to), value, options, until);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #insist<T, R>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options: RequestOptions,
    until: number,
  ): Promise<Reply<R>> {
    const { correlationId = this.#asking.conversation() } = options;
    const all = { ...options, correlationId };
    const attempt = () =>
      this.#asking.request<R>(from, this.#addressing.one(this.#router, from, to), value, all, until);
    this.#watchOthers();
    return this.#retries.insist(attempt, options, until);
  }

  /** As `NeuronHandle.stream`. */
  stream<T, R = unknown>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options: RequestOptions = NO_OPTIONS,
  ): TokenStream<R> {
    if (options !== NO_OPTIONS) checkRequestOptions(options);
    this.#watchOthers();
    return this.#asking.stream(from, this.#addressing.one(this.#router, from, to), value, options);
  }

  /** What the network of neuron `id` needs of the bus. `leave` unregisters it. */
  networkHost(id: number, { strategy, timeoutMs }: NetworkOptions, leave: () => void): NetworkHost {
    const router = strategy === undefined ? this.#router : this.#newRouter('strategy', strategy);
    const parts = {
      ws: this.#ws,
      registry: this.#registry,
      addressing: this.#addressing,
      asking: this.#asking,
      health: this.#health,
      alarms: this.#alarms,
      now: () => this.#host.now(),
      watch: () => this.#watchOthers(),
    };
    return networkHost(parts, id, router, timeoutMs, leave);
  }

  /** As `NeuronBus.health`. */
  health(id: number): AgentHealth {
    const alive = this.#ws.ganglionOf(id) >= 0 || this.#ws.residents[id] !== undefined;
    return { alive, ...this.#health.of(id), load: alive ? loadOf(this.#ws, id) : 0 };
  }

  answer(request: Request, value: unknown): boolean {
    return this.#answering.answer(request, value);
  }

  fail(request: Request, error: unknown): boolean {
    return this.#answering.fail(request, error);
  }

  finished({ to }: Request): void {
    countLoad(this.#ws, to, -1);
  }

  now(): number {
    return this.#host.now();
  }

  get closed(): boolean {
    return this.#ws.closed;
  }

  // ---- the way in ---------------------------------------------------------------------------------------------------

  /** The message in slot `at` came for neuron `id`. Returns whether it waits for its turn. */
  arrived(at: number, id: number): boolean {
    const { u32 } = this.#ws;
    const frame = this.#frame.read(u32, at);
    const { what } = frame;
    const from = u32[at * 16 + 3] & 0xffff;
    if (what >= L.MESSAGE_REPLY && what <= L.MESSAGE_END) {
      this.#asking.answered(frame, from, at);
    } else if (what > L.MESSAGE_END) {
      if (what < L.MESSAGE_WHATS) this.#answering.told(frame, from, id, at);
    } else {
      return this.#answering.arrived(frame, from, id, at, this.#ws.lastReading());
    }
    return false;
  }

  /** The batch is through: hands over what came with it. */
  drain(): void {
    if (this.#answering.drain()) this.#watchOthers();
  }

  /** The bus has delivered, and no handler is on the stack: there may be room in its ring, and news of others. */
  rested(): void {
    this.#courier.look();
    if (this.#watch !== undefined) this.lookForGone();
  }

  /** Ends what waits for those who went, if somebody came or went since the last look. */
  lookForGone(): void {
    if (this.#ws.closed) return;
    const { topology } = this.#registry;
    if (topology === this.#topology) return;
    this.#topology = topology;
    this.#asking.forgetGone();
    this.#answering.forgetGone();
    this.#health.forgetGone();
  }

  /** A neuron of this thread left. */
  left(id: number): void {
    this.#health.forget(id);
    this.#scales.left(id);
    this.#router.left(id);
    this.#answering.left(id);
    this.records.traffic.left(id);
    this.#answering.forgetGone();
    this.#asking.forgetGone();
  }

  /** The virtual clock was moved. */
  advanced(): void {
    this.#asking.expire();
    this.#answering.expire();
    this.#retries.expire();
    this.#alarms.expire();
  }

  close(): void {
    this.#answering.close(); // first: what listeners to the signals of questions ask ends below
    clearInterval(this.#watch);
    this.#asking.close(new NeuronBusError('CLOSED'));
    this.#retries.close(new NeuronBusError('CLOSED'));
    this.#alarms.close();
    this.#courier.close();
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  // Whoever is asked, or asked, may leave, or die with its thread or process.
  #watchOthers(): void {
    if (this.#watch !== undefined || this.#alone) return;
    this.#watch = setInterval(() => {
      if (this.#asking.pending === 0 && !this.#answering.busy) {
        clearInterval(this.#watch);
        this.#watch = undefined;
        return;
      }
      this.lookForGone();
    }, WATCH_MS).unref();
  }

  #ended({ to, toEntry, sentNs, ticket }: Pending, outcome: Outcome, latencyNs: number): void {
    const meaning = MEANING[outcome];
    const now = sentNs + latencyNs;
    ticket?.strategy.finished(to, sentNs, ticket.load, meaning, now);
    if (meaning !== RoutingOutcome.abandoned)
      this.#health.ended(to, toEntry, meaning === RoutingOutcome.answered, now);
  }
}
