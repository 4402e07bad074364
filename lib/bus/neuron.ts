// SPDX-License-Identifier: MIT
//
// What an author of an agent sees: the class to extend, and the handle through which it speaks.
// Everything here is called on the thread of the bus.

import { NeuronBusError } from '../memory/errors.js';
import type { Spike, SpikeInit, SpikeType } from '../memory/spike.js';
import type { RegisteredCard } from './agent_card.js';
import type { Emitter } from './emitter.js';
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

/**
 * An agent. Extend it and register an instance:
 *
 * ```ts
 * class Echo extends Neuron {
 *   onSpike(spike: Spike, handle: NeuronHandle) { handle.reply(spike, 'pong'); }
 * }
 * ```
 */
export abstract class Neuron {
  /** What it can do; added to the capabilities of its card. */
  readonly capabilities?: readonly string[];
  /** Read once, at registration. */
  readonly dynamics?: NeuronDynamics;

  /**
   * A spike arrived. `spike` is valid until this returns (for an async function: until its first `await`); keep
   * `spike.clone()`. What it throws or rejects with becomes an 'error' event, and delivery goes on.
   */
  abstract onSpike(spike: Spike, handle: NeuronHandle): void | Promise<void>;

  /** The potential crossed the threshold; called after the `onSpike` of the spike that did it. */
  onFire?(handle: NeuronHandle): void | Promise<void>;

  /** It was registered: the moment to look for others and connect. */
  onRegister?(handle: NeuronHandle): void | Promise<void>;

  /** Called once at the start of every `bus.tick()`, before spikes are delivered. */
  tick?(handle: NeuronHandle): void | Promise<void>;
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
