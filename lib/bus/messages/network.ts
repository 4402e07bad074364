// SPDX-License-Identifier: MIT
//
// A way through several agents, one after the other: each stage's answer is the next one's question. Called on the thread of
// the bus.
//
// A network is a neuron of its own, which asks and learns like any other. Its stages are capabilities, or are found from what
// cards say they consume and produce; then another way is taken where one is barred. Who fails is left out for the rest of the
// way, and a backup is asked instead.

import { NeuronBusError } from '../../memory/errors.js';
import type { RegisteredCard } from '../agent_card.js';
import type { NetworkOptions } from './network_options.js';
import { type StageHost, type StageOptions, type Trail, through, Unsendable } from './stage.js';
import { type Step, shortestWay, stepKey } from './way.js';

/** What came of one input. */
export interface Inference {
  /** 'partial': there is a value, but some agents failed on the way. They are asked on trial only until they answer. */
  status: 'success' | 'partial' | 'failure';
  /** The answer of the last stage; undefined after a failure. */
  value: unknown;
  /** Ids of the agents that answered, in order. */
  path: number[];
  /** Ids of the agents that were asked, or were about to be when they left, and did not answer. */
  failed: number[];
  /** Of a failure: what the last agent's was, or why nobody was asked. */
  error: Error | undefined;
  /** Of the conversation that all its exchanges belong to; 0 when the network was closed. */
  correlationId: number;
}

export interface NetworkHost extends StageHost {
  /** Whether its neuron is on the bus. */
  here(): boolean;
  conversation(): number;
  cards(): readonly RegisteredCard[];
  /** Whether it may be asked now, as far as its health goes. */
  mayAsk(agent: number): boolean;
  /** An agent, of which the roster said `entry`, failed where others did not. */
  mark(agent: number, entry: number): void;
  /** The network's neuron leaves, if it is there. */
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
  readonly #stage: StageOptions;
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
    this.#stage = { redundancy: options.redundancy ?? 1, hedgeMs: options.hedgeMs };
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

  /**
   * Sends `input` through all stages. Never rejects: what goes wrong is in the result, ERR_NB_CLOSED after close(). What fails is
   * kept for replay(), unless it cannot be sent at all.
   */
  async infer(input: unknown): Promise<Inference> {
    if (!this.#host.here()) return failure(new NeuronBusError('CLOSED'));
    this.#running++;
    const trail: Trail = { correlationId: this.#host.conversation(), path: [], failed: [], entries: [] };
    const { correlationId, path, failed } = trail;
    try {
      const value = await this.#run(input, trail);
      if (failed.length > 0) this.#mark(trail);
      const status = failed.length > 0 ? 'partial' : 'success';
      return { status, value, path, failed, error: undefined, correlationId };
    } catch (caught) {
      const error = caught instanceof Unsendable ? caught.cause : (caught as Error);
      // An answer that cannot be sent on may be another one next time; the input is what it is.
      if (!(caught instanceof Unsendable && path.length === 0)) this.#keep({ input, error });
      return { status: 'failure', value: undefined, path, failed, error, correlationId };
    } finally {
      this.#running--;
    }
  }

  /** infer() for who does not wait: returns at once, and what fails can be replayed. @throws NeuronBusError ERR_NB_CLOSED. */
  inject(input: unknown): void {
    if (!this.#host.here()) throw new NeuronBusError('CLOSED');
    void this.infer(input);
  }

  /** Sends everything through again that had no result; what fails anew is kept again. Rejects with ERR_NB_CLOSED. */
  async replay(): Promise<Inference[]> {
    if (!this.#host.here()) throw new NeuronBusError('CLOSED');
    return Promise.all(this.#replayable.splice(0).map(({ input }) => this.infer(input)));
  }

  /** Its neuron leaves. Inputs under way fail. Closing it again does nothing. */
  close(): void {
    this.#host.leave();
  }

  #keep(failed: Replayable): void {
    this.#replayable.push(failed);
    if (this.#replayable.length <= this.#capacity) return;
    this.#replayable.shift();
    this.#dropped++;
  }

  #mark({ failed, entries }: Trail): void {
    for (const [i, agent] of failed.entries()) this.#host.mark(agent, entries[i]);
  }

  async #run(input: unknown, trail: Trail): Promise<unknown> {
    const { stages, from, to } = this.#options;
    if (stages === undefined) return this.#find(from!, to!, input, trail);
    let value = input;
    for (const capability of stages)
      value = await through(this.#host, this.#stage, { capability }, value, trail);
    return value;
  }

  // Where a step fails it is barred, and the rest of the way is looked for anew from all that was reached.
  async #find(from: string, to: string, input: unknown, trail: Trail): Promise<unknown> {
    const reached = new Map([[from, input]]);
    const barred = new Set<string>();
    let way = this.#way([from], to, trail, barred);
    while (way.length > 0) {
      const [takes, gives] = way[0];
      try {
        const value = await through(
          this.#host,
          this.#stage,
          this.#kind(takes, gives),
          reached.get(takes),
          trail,
        );
        reached.set(gives, value);
        way = way.slice(1);
      } catch (error) {
        if (error instanceof Unsendable || this.#stage.redundancy === 0) throw error;
        barred.add(stepKey(takes, gives));
        way = this.#wayElse([...reached.keys()].reverse(), to, trail, barred, error as Error);
      }
    }
    return reached.get(to);
  }

  /** Over agents that are well, or else over any that did not fail this input. @throws NeuronBusError ERR_NB_NO_ROUTE. */
  #way(from: readonly string[], to: string, { failed }: Trail, barred: ReadonlySet<string>): Step[] {
    const cards = this.#host.cards().filter(({ id }) => !failed.includes(id));
    const well = cards.filter(({ id }) => this.#host.mayAsk(id));
    if (well.length < cards.length) {
      try {
        return shortestWay(well, from, to, barred);
      } catch {
        // There is none without those that are out.
      }
    }
    return shortestWay(cards, from, to, barred);
  }

  #wayElse(
    from: readonly string[],
    to: string,
    trail: Trail,
    barred: ReadonlySet<string>,
    otherwise: Error,
  ): Step[] {
    try {
      return this.#way(from, to, trail, barred);
    } catch {
      throw otherwise;
    }
  }

  // The same function for the same kinds, so that what is learned of those it means is found again.
  #kind(takes: string, gives: string): (card: RegisteredCard) => boolean {
    const key = stepKey(takes, gives);
    let fits = this.#kinds.get(key);
    if (fits === undefined) {
      fits = ({ consumes, produces }) => consumes.includes(takes) && produces.includes(gives);
      this.#kinds.set(key, fits);
    }
    return fits;
  }
}

function failure(error: Error): Inference {
  return { status: 'failure', value: undefined, path: [], failed: [], error, correlationId: 0 };
}
