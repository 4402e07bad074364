// SPDX-License-Identifier: MIT
//
// What an author of an agent sees: the class to extend, and the handle through which it speaks.
// Everything here is called on the thread of the bus.

import { NeuronBusError } from '../memory/errors.js';
import type { Spike, SpikeInit, SpikeType } from '../memory/spike.js';
import type { RegisteredCard } from './agent_card.js';
import type { Board } from './blackboard/board.js';
import type { Emitter } from './emitter.js';
import type { Message, Request } from './messages/incoming.js';
import type { BroadcastOptions, MessageOptions, Outgoing, RequestOptions, To } from './messages/options.js';
import type { Reply } from './messages/reply.js';
import type { TokenStream } from './messages/token_stream.js';
import type { NeuronBus } from './neuron_bus.js';
import type { Workspace } from './workspace.js';

/** Leaky integrate-and-fire; weights are in units of `threshold - rest` (1 by default). */
export interface NeuronDynamics {
  /** Potential at which the neuron fires. Default 1. */
  threshold?: number;
  /** Resting potential, below the threshold. Default 0. */
  rest?: number;
  /** Time constant of the leak, ms. Default 20; Infinity = no leak. */
  leakMs?: number;
  /** After firing, excitatory spikes are dropped (and counted) for this long, ms. Default 0. */
  refractoryMs?: number;
}

export interface SendOptions {
  /** Default `SpikeType.Excitatory`. */
  type?: SpikeType;
  /** 0..255, default 0. From 224 on a spike is a reflex: it never waits for the end of a burst. */
  priority?: number;
  /** Any value that JSON can express, in place of a payload. */
  json?: unknown;
}

/** Handles of the neurons that are registered. */
const voices = new WeakMap<Neuron, NeuronHandle>();

/** @internal From now on `neuron` speaks through `handle`; undefined: not any more. */
export function giveVoice(neuron: Neuron, handle: NeuronHandle | undefined): void {
  if (handle === undefined) voices.delete(neuron);
  else voices.set(neuron, handle);
}

/**
 * An agent. Extend it and register an instance. It takes spikes, or messages and questions, or all of them:
 *
 * ```ts
 * class Echo extends Neuron {
 *   onSpike(spike: Spike, handle: NeuronHandle) { handle.reply(spike, 'pong'); }
 * }
 * class Translator extends Neuron {
 *   async onRequest(request: Request) { return { text: await translate(request.value) }; }
 * }
 * ```
 */
export abstract class Neuron {
  /** What it can do; added to the capabilities of its card. */
  readonly capabilities?: readonly string[];
  /**
   * Nobody else on the bus may have one of its capabilities: otherwise register() throws ERR_NB_CAPABILITY_TAKEN. Of two that
   * come at the same moment on two threads at most one stays; both may be refused. Read once, at registration.
   */
  readonly exclusive?: boolean;
  /** Read once, at registration. */
  readonly dynamics?: NeuronDynamics;

  /**
   * A spike arrived. `spike` is valid until this returns (for an async function: until its first `await`); keep
   * `spike.clone()`. What it throws or rejects with becomes an 'error' event, and delivery goes on. As it is here it ignores
   * spikes, for neurons that only take messages.
   */
  onSpike(_spike: Spike, _handle: NeuronHandle): void | Promise<void> {}

  /** A message came that wants no answer. What it throws or rejects with becomes an 'error' event, and so does its absence. */
  onMessage?(message: Message, handle: NeuronHandle): void | Promise<void>;

  /**
   * A question came. The answer is what this returns, what its promise resolves to, or the parts of its (async) generator;
   * after a plain `undefined` it is `request.reply()` that answers, whenever it is called. What it throws or rejects with goes
   * to the asker as ERR_NB_REMOTE.
   */
  onRequest?(request: Request, handle: NeuronHandle): unknown;

  /** How many onMessage and onRequest may run at a time, 1 or more; further messages wait by priority. Default: no limit. */
  readonly concurrency?: number;

  /** The potential crossed the threshold; called after the `onSpike` of the spike that did it. */
  onFire?(handle: NeuronHandle): void | Promise<void>;

  /** It was registered: the moment to look for others and connect. */
  onRegister?(handle: NeuronHandle): void | Promise<void>;

  /** Called once at the start of every `bus.tick()`, before spikes are delivered. */
  tick?(handle: NeuronHandle): void | Promise<void>;

  /** As {@link NeuronHandle.send}, while it is registered. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON when it is not. */
  send(to: To, value: unknown, options?: MessageOptions): boolean {
    const voice = voices.get(this);
    if (voice === undefined) throw new NeuronBusError('UNKNOWN_NEURON', 'This neuron is not registered');
    return voice.send(to, value, options);
  }
}

/** A neuron's voice. The methods return false when the spike was dropped (which is counted). */
export class NeuronHandle {
  readonly id: number;
  readonly card: RegisteredCard;
  readonly bus: NeuronBus;
  readonly #workspace: Workspace;
  readonly #emitter: Emitter;

  /** @internal */
  constructor(card: RegisteredCard, bus: NeuronBus, workspace: Workspace, emitter: Emitter) {
    this.id = card.id;
    this.card = card;
    this.bus = bus;
    this.#workspace = workspace;
    this.#emitter = emitter;
  }

  /** Clock of the bus at its last reading, ns: exact to the burst, and free. */
  get now(): number {
    if (this.#workspace.closed) throw new NeuronBusError('CLOSED');
    return this.#workspace.lastReading();
  }

  /** Sends a prepared spike; without `target` it is a broadcast. @throws NeuronBusError as {@link NeuronBus.fire}. */
  fire(spike: SpikeInit | Spike): boolean {
    return this.bus.fire(this.#speaker(), spike);
  }

  /** Sends to one neuron. @throws NeuronBusError as {@link NeuronBus.fire}. */
  fireTo(target: number, payload?: string | Uint8Array, options?: SendOptions): boolean {
    return this.#emitter.send(this.#speaker(), target, payload, options);
  }

  /** Sends to every neuron that has a synapse from this one, in no particular order. */
  broadcast(payload?: string | Uint8Array, options?: SendOptions): boolean {
    return this.#emitter.broadcast(this.#speaker(), payload, options);
  }

  /** Sends to the source of `spike`. If that is gone by now, the spike is counted as dropped (deadTarget). */
  reply(spike: Spike, payload?: string | Uint8Array, options?: SendOptions): boolean {
    return this.#emitter.reply(this.#speaker(), spike, payload, options);
  }

  /**
   * Sends a message that wants no answer to one neuron: see {@link To}. False: it was dropped, which is counted.
   *
   * @throws NeuronBusError ERR_NB_NO_ROUTE, ERR_NB_INVALID_ARGUMENT, ERR_NB_FULL (backpressure 'fail'), ERR_NB_ARENA_FULL,
   * ERR_NB_TOO_LARGE, ERR_NB_DEAD_TARGET, ERR_NB_UNKNOWN_NEURON (this one left), ERR_NB_CLOSED.
   */
  send(to: To, value: unknown, options?: MessageOptions): boolean {
    return this.bus.send(this.#speaker(), to, value, options);
  }

  /**
   * As send(), to all that fit but those in `exclude`, and but this one unless `to` is its id. Nobody is waited for. Returns how
   * many it went to, 0 when nobody fits.
   */
  sendAll(to: To, value: unknown, options?: BroadcastOptions): number {
    return this.bus.sendAll(this.#speaker(), to, value, options);
  }

  /**
   * Asks one neuron. Rejects with a NeuronBusError: ERR_NB_TIMEOUT, ERR_NB_ABORTED (its cause is the reason of the signal),
   * ERR_NB_REMOTE (its cause has name and message of the other's error), ERR_NB_DEAD_TARGET, ERR_NB_CLOSED, ERR_NB_FULL (the
   * question was dropped), and what send() throws.
   */
  request<T, R = unknown>(to: To, value: Outgoing<T, R>, options?: RequestOptions): Promise<Reply<R>> {
    try {
      return this.bus.request(this.#speaker(), to, value, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Asks one neuron for an answer in parts: `for await (const token of handle.stream(to, prompt))`. Throws as request(). */
  stream<T, R = unknown>(to: To, value: Outgoing<T, R>, options?: RequestOptions): TokenStream<R> {
    return this.bus.stream(this.#speaker(), to, value, options);
  }

  /** The state that all agents of the bus share; somebody has to register a {@link Blackboard}. */
  blackboard(): Board {
    return this.bus.blackboard(this.#speaker());
  }

  /** Cards of the neurons with this capability, this one included. */
  discover(capability: string): RegisteredCard[] {
    return this.bus.discover(capability);
  }

  /** Cards of the neurons in this region or below it. */
  discoverInRegion(region: string): RegisteredCard[] {
    return this.bus.discoverInRegion(region);
  }

  /** Uniform in [0, 1), from the seed of the bus. */
  random(): number {
    return this.bus.random();
  }

  /** The id, unless the neuron left: then it may be somebody else's by now. */
  #speaker(): number {
    if (this.#workspace.residents[this.id]?.handle !== this) {
      if (this.#workspace.closed) throw new NeuronBusError('CLOSED');
      throw new NeuronBusError('UNKNOWN_NEURON', `${this.card.name} (${this.id}) is unregistered`);
    }
    return this.id;
  }
}
