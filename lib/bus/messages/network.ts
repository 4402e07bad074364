// SPDX-License-Identifier: MIT
//
// A way through several agents, one after the other: each stage's answer is the next one's question. Called on the thread of
// the bus.
//
// A network is a neuron of its own, which asks and learns like any other. Its stages are capabilities, or are found from what
// cards say they consume and produce. Who fails is left out for the rest of the way, and a backup is asked instead.

import { checkKeys, invalidArgument, NeuronBusError } from '../../memory/errors.js';
import { type RoutingChoice, resolveChoice } from '../../routing/strategies.js';
import type { RegisteredCard } from '../agent_card.js';
import type { Alarms } from './alarms.js';
import { checkTimeout, type To } from './options.js';
import type { Reply } from './reply.js';
import type { Destination } from './router.js';

export interface NetworkOptions {
  /** Capabilities, in order. Either these, or `from` and `to`. */
  stages?: readonly string[];
  /** What goes in and what is to come out: the shortest way between agents whose cards say `consumes` and `produces`. */
  from?: string;
  to?: string;
  /** How a stage chooses among several agents, as the option `routing` of the bus. Default: as the bus does. */
  strategy?: RoutingChoice;
  /** Further agents that a stage may turn to when one fails. Default 1. */
  redundancy?: number;
  /** How long a stage waits for one agent, ms. Default: `requestTimeoutMs` of the bus. */
  timeoutMs?: number;
  /** When a stage has waited this long, ms, it asks a backup beside, and takes the first answer. Default: never. */
  hedgeMs?: number;
  /** Inputs without a result that are kept for replay(); beyond it the oldest is dropped. Default 1,000. */
  replayCapacity?: number;
  /** On the card of the network's neuron. Default 'network'. */
  name?: string;
}

/** What came of one input. */
export interface Inference {
  /** 'partial': there is a value, but some agents failed on the way. */
  status: 'success' | 'partial' | 'failure';
  /** The answer of the last stage; undefined after a failure. */
  value: unknown;
  /** Ids of the agents that answered, in order. */
  path: number[];
  /** Ids of the agents that did not. */
  failed: number[];
  /** Of a failure: what the last agent's was. */
  error: Error | undefined;
  /** Of the conversation that all its exchanges belong to. */
  correlationId: number;
}

export interface NetworkHost {
  /** One that `to` means, without those whose ids are in `tried`. */
  pick(to: To, tried: readonly number[]): Destination | undefined;
  ask(to: Destination, value: unknown, correlationId: number, signal: AbortSignal): Promise<Reply>;
  readonly alarms: Alarms;
  conversation(): number;
  cards(): readonly RegisteredCard[];
  /** The network's neuron leaves. */
  leave(): void;
}

interface Replayable {
  readonly input: unknown;
  readonly error: Error | undefined;
}

/** Made by {@link NeuronBus.network}. */
export class Network {
  /** Id of its neuron. */
  readonly id: number;
  readonly #host: NetworkHost;
  readonly #options: NetworkOptions;
  readonly #redundancy: number;
  readonly #capacity: number;
  readonly #replayable: Replayable[] = [];
  readonly #kinds = new Map<string, (card: RegisteredCard) => boolean>();
  #dropped = 0;
  #running = 0;

  /** @internal */
  constructor(id: number, options: NetworkOptions, host: NetworkHost) {
    this.id = id;
    this.#host = host;
    this.#options = options;
    this.#redundancy = options.redundancy ?? 1;
    this.#capacity = options.replayCapacity ?? 1000;
  }

  /** Inputs under way. */
  get running(): number {
    return this.#running;
  }

  /** Inputs without a result that replay() would try again. */
  get replayable(): number {
    return this.#replayable.length;
  }

  /** Inputs that were lost because the queue for replay was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends `input` through all stages. Never rejects: what goes wrong is in the result. */
  async infer(input: unknown): Promise<Inference> {
    this.#running++;
    const result: Inference = {
      status: 'success',
      value: undefined,
      path: [],
      failed: [],
      error: undefined,
      correlationId: this.#host.conversation(),
    };
    try {
      let value = input;
      for (const stage of this.#stages()) value = await this.#through(stage, value, result);
      result.value = value;
      if (result.failed.length > 0) result.status = 'partial';
    } catch (error) {
      result.status = 'failure';
      result.error = error as Error;
      this.#keep({ input, error: error as Error });
    } finally {
      this.#running--;
    }
    return result;
  }

  /** infer() for who does not wait: returns at once, and what fails can be replayed. */
  inject(input: unknown): void {
    void this.infer(input);
  }

  /** Sends everything through again that had no result; what fails anew is kept again. */
  replay(): Promise<Inference[]> {
    return Promise.all(this.#replayable.splice(0).map(({ input }) => this.infer(input)));
  }

  /** Its neuron leaves. Inputs under way fail. */
  close(): void {
    this.#host.leave();
  }

  #keep(failed: Replayable): void {
    this.#replayable.push(failed);
    if (this.#replayable.length <= this.#capacity) return;
    this.#replayable.shift();
    this.#dropped++;
  }

  // One stage: agent after agent, as many as there are backups, or two at a time.
  async #through(to: To, value: unknown, result: Inference): Promise<unknown> {
    const tried = [...result.failed];
    const done = new AbortController();
    const attempts = new Set<Promise<Reply | undefined>>();
    let last: Error | undefined;
    const begin = (): boolean => {
      const picked = this.#host.pick(to, tried);
      if (picked === undefined) return false;
      const { id } = picked;
      tried.push(id);
      const asked = this.#host
        .ask(picked, value, result.correlationId, done.signal)
        .catch((error: Error) => {
          if (!done.signal.aborted) {
            result.failed.push(id);
            last = error;
          }
          return undefined;
        })
        .finally(() => attempts.delete(asked));
      attempts.add(asked);
      return true;
    };
    try {
      for (let left = 1 + this.#redundancy; ; ) {
        if (attempts.size === 0) {
          if (left === 0 || !begin()) break;
          left--;
        }
        const first = await this.#firstOf(attempts, left > 0);
        if (first === 'late') {
          if (!begin()) left = 0;
          else left--;
        } else if (first !== undefined) {
          result.path.push(first.from);
          return first.value;
        }
      }
    } finally {
      done.abort();
    }
    throw last ?? new NeuronBusError('NO_ROUTE', describe(to));
  }

  // The first answer, undefined after the first failure, or 'late' when it is time to ask a backup beside.
  #firstOf(
    attempts: Set<Promise<Reply | undefined>>,
    mayHedge: boolean,
  ): Promise<Reply | undefined | 'late'> {
    const { hedgeMs } = this.#options;
    if (hedgeMs === undefined || !mayHedge) return Promise.race(attempts);
    const { alarms } = this.#host;
    return new Promise((resolve) => {
      const alarm = alarms.set(hedgeMs, () => resolve('late'));
      void Promise.race(attempts).then((first) => {
        alarms.lift(alarm);
        resolve(first);
      });
    });
  }

  #stages(): To[] {
    const { stages, from, to } = this.#options;
    if (stages !== undefined) return stages.map((capability) => ({ capability }));
    return shortestWay(this.#host.cards(), from!, to!).map(([takes, gives]) => this.#kind(takes, gives));
  }

  // The same function for the same kinds, so that what is learned of those it means is found again.
  #kind(takes: string, gives: string): (card: RegisteredCard) => boolean {
    const key = JSON.stringify([takes, gives]);
    let fits = this.#kinds.get(key);
    if (fits === undefined) {
      fits = ({ consumes, produces }) => consumes.includes(takes) && produces.includes(gives);
      this.#kinds.set(key, fits);
    }
    return fits;
  }
}

/** The fewest steps from one kind to another, as [consumed, produced]. @throws NeuronBusError ERR_NB_NO_ROUTE. */
export function shortestWay(cards: readonly RegisteredCard[], from: string, to: string): [string, string][] {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  let edge = [from];
  while (edge.length > 0 && !cameFrom.has(to)) {
    const next: string[] = [];
    for (const kind of edge) {
      for (const { consumes, produces } of cards) {
        if (!consumes.includes(kind)) continue;
        for (const gives of produces) {
          if (cameFrom.has(gives)) continue;
          cameFrom.set(gives, kind);
          next.push(gives);
        }
      }
    }
    edge = next;
  }
  if (!cameFrom.has(to)) throw new NeuronBusError('NO_ROUTE', `from '${from}' to '${to}'`);
  const way: [string, string][] = [];
  for (let kind = to; ; ) {
    const before = cameFrom.get(kind);
    if (before === undefined) return way.reverse();
    way.push([before, kind]);
    kind = before;
  }
}

const KEYS: ReadonlySet<string> = new Set([
  'stages',
  'from',
  'to',
  'strategy',
  'redundancy',
  'timeoutMs',
  'hedgeMs',
  'replayCapacity',
  'name',
]);

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkNetworkOptions(options: NetworkOptions): void {
  checkKeys('options', options, KEYS);
  const { stages, from, to, redundancy, timeoutMs, hedgeMs, replayCapacity, strategy } = options;
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs);
  if (strategy !== undefined) resolveChoice('strategy', strategy); // throws what is wrong with it
  const isName = (value: unknown) => typeof value === 'string' && value !== '';
  if (stages !== undefined) {
    if (!Array.isArray(stages) || stages.length === 0 || !stages.every(isName)) {
      throw invalidArgument('stages', stages, 'an array of one or more capabilities');
    }
    if (from !== undefined || to !== undefined)
      throw invalidArgument('stages', stages, 'left out when from and to are given');
  } else {
    if (!isName(from))
      throw invalidArgument('from', from, 'a kind of value, as cards consume it; or give stages');
    if (!isName(to)) throw invalidArgument('to', to, 'a kind of value, as cards produce it; or give stages');
  }
  for (const [name, value] of Object.entries({ redundancy, replayCapacity })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw invalidArgument(name, value, 'an integer, 0 or more');
  }
  if (hedgeMs !== undefined && !(Number.isFinite(hedgeMs) && hedgeMs >= 0)) {
    throw invalidArgument('hedgeMs', hedgeMs, 'a number of milliseconds, 0 or more');
  }
}

function describe(to: To): string {
  return typeof to === 'function' ? 'nobody of these kinds' : JSON.stringify(to);
}
