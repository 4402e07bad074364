// SPDX-License-Identifier: MIT
//
// The part of a bus through which agents talk: messages and questions, in the name of a neuron of this thread. Called on the
// thread of the bus.

import type { AgentCardInit } from './agent_card.js';
import type { Parts } from './assembly.js';
import { Board } from './blackboard/board.js';
import { BusEventSource } from './events.js';
import type { AgentHealth } from './messages/health.js';
import type { HistoryEntry, HistoryQuery } from './messages/history.js';
import { Network } from './messages/network.js';
import { checkNetworkOptions, type NetworkOptions } from './messages/network_options.js';
import type { ExchangeObserver } from './messages/observer.js';
import type { BroadcastOptions, MessageOptions, Outgoing, RequestOptions, To } from './messages/options.js';
import type { Reply } from './messages/reply.js';
import type { TokenStream } from './messages/token_stream.js';
import type { BusTraffic } from './messages/traffic.js';
import { Neuron } from './neuron.js';

/** In whose name a network asks. */
class Asker extends Neuron {}

export abstract class BusMessages extends BusEventSource {
  /** @internal @throws NeuronBusError ERR_NB_CLOSED. */
  protected abstract open(): Parts;
  abstract register(neuron: Neuron, card: AgentCardInit): number;
  abstract unregister(id: number): void;

  /** As {@link NeuronHandle.send}, in the name of neuron `from`. */
  send(from: number, to: To, value: unknown, options?: MessageOptions): boolean {
    return this.open().conversations.send(from, to, value, options);
  }

  /** As {@link NeuronHandle.sendAll}, in the name of neuron `from`. */
  sendAll(from: number, to: To, value: unknown, options?: BroadcastOptions): number {
    return this.open().conversations.sendAll(from, to, value, options);
  }

  /** As {@link NeuronHandle.request}, in the name of neuron `from`. */
  request<T, R = unknown>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options?: RequestOptions,
  ): Promise<Reply<R>> {
    try {
      return this.open().conversations.request(from, to, value, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** As {@link NeuronHandle.stream}, in the name of neuron `from`. */
  stream<T, R = unknown>(
    from: number,
    to: To,
    value: Outgoing<T, R>,
    options?: RequestOptions,
  ): TokenStream<R> {
    return this.open().conversations.stream(from, to, value, options);
  }

  /**
   * A way through several agents: either by the capabilities of its stages, or found from what cards consume and produce.
   *
   * ```ts
   * const net = bus.network({ stages: ['tokenize', 'embed', 'classify'], redundancy: 2, timeoutMs: 100 });
   * const { status, value, path, failed } = await net.infer(text);
   * ```
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option, ERR_NB_TOO_MANY_NEURONS, ERR_NB_CLOSED.
   */
  network(options: NetworkOptions): Network {
    const { conversations } = this.open();
    checkNetworkOptions(options);
    const id = this.register(new Asker(), { name: options.name ?? 'network' });
    return new Network(
      id,
      options,
      conversations.networkHost(id, options, () => this.unregister(id)),
    );
  }

  /** What neurons of this thread know of an agent as one to be asked. */
  health(id: number): AgentHealth {
    return this.open().conversations.health(id);
  }

  /** As {@link NeuronHandle.blackboard}, in the name of neuron `from`. */
  blackboard(from: number): Board {
    return new Board(this, from);
  }

  /**
   * The last `historyCapacity` messages and exchanges that neurons of this thread took part in, in the order in which they
   * were sent. An exchange is there once it ended. One within this thread is one entry; one between threads is an entry here
   * and one there, with the same correlation id.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming what is wrong with the query, ERR_NB_CLOSED.
   */
  history(query: HistoryQuery = {}): HistoryEntry[] {
    return this.open().conversations.records.history.find(query);
  }

  /** Counts, rates and latencies of the messages and exchanges of this thread's neurons. @throws NeuronBusError ERR_NB_CLOSED. */
  traffic(): BusTraffic {
    const { conversations } = this.open();
    return conversations.records.traffic.read(conversations.now());
  }

  /** @internal One observer at a time; undefined: none. */
  get exchangeObserver(): ExchangeObserver | undefined {
    return this.open().conversations.observer;
  }

  /** @internal */
  set exchangeObserver(observer: ExchangeObserver | undefined) {
    this.open().conversations.observer = observer;
  }
}
