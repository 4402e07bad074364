// SPDX-License-Identifier: MIT
//
// Who is on the bus: this thread's neurons, their cards, their places in the shared table, and the cards of all others.
// Called on the thread of the bus.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';
import { callNative } from '../memory/native.js';
import { AgentCard, type AgentCardInit, type RegisteredCard } from './agent_card.js';
import { Cortex } from './cortex.js';
import { unknown } from './emission_checks.js';
import { dynamicsInNs } from './membrane.js';
import { giveVoice, type Neuron, type NeuronHandle } from './neuron.js';
import { encodeCard, Roster, type RosterHost } from './roster.js';
import type { Resident, Workspace } from './workspace.js';

export class Registry {
  readonly #cortex = new Cortex();
  readonly #roster: Roster;
  readonly #workspace: Workspace;
  readonly #maxNeurons: number;
  readonly #ids = new Map<Neuron, number>();
  #shared = false;
  readonly #ticking = new Set<number>();

  /** `host`: told of neurons of other threads. */
  constructor(workspace: Workspace, maxNeurons: number, host: RosterHost) {
    this.#workspace = workspace;
    this.#maxNeurons = maxNeurons;
    this.#roster = new Roster(workspace, this.#cortex, host);
  }

  /** Everybody who is on the bus now. */
  get cortex(): Cortex {
    this.#roster.sync();
    return this.#cortex;
  }

  /** From now on others may look: cards go where they see them. */
  share(): void {
    if (this.#shared) return;
    this.#shared = true;
    for (const card of this.#cortex.all()) {
      if (this.#workspace.residents[card.id] !== undefined) this.#roster.publish(card); // others published theirs
    }
  }

  /** Whether neurons of other threads came or went since the last look. */
  sync(): boolean {
    return this.#roster.sync();
  }

  /** Changes whenever somebody comes or goes, on any thread. */
  get topology(): number {
    return this.#roster.topology;
  }

  /** Neurons that have tick(handle), in order of registration. */
  get ticking(): ReadonlySet<number> {
    return this.#ticking;
  }

  /** Adds a neuron, or changes nothing and throws as `NeuronBus.register`. */
  add(neuron: Neuron, card: AgentCardInit, handleFor: (card: RegisteredCard) => NeuronHandle): NeuronHandle {
    if (typeof neuron?.onSpike !== 'function') {
      throw invalidArgument('neuron', neuron, 'a Neuron with onSpike()');
    }
    const known = this.#ids.get(neuron);
    if (known !== undefined) throw new NeuronBusError('ALREADY_REGISTERED', `It has id ${known}`);
    const { concurrency } = neuron;
    if (concurrency !== undefined && !(typeof concurrency === 'number' && concurrency >= 1))
      throw invalidArgument('neuron.concurrency', concurrency, 'a number from 1');
    const given = new AgentCard(card);
    const { capabilities = [] } = neuron;
    if (!Array.isArray(capabilities)) {
      throw invalidArgument('neuron.capabilities', capabilities, 'an array of non-empty strings');
    }
    const complete = given.with({ capabilities: [...given.capabilities, ...capabilities] });
    this.#checkAlone(neuron, complete);
    const wantsFire = typeof neuron.onFire === 'function';
    const id = this.#claim(given.id, neuron, complete);
    const handle = handleFor(complete.with({ id }) as RegisteredCard);
    this.#workspace.residents[id] = { neuron, handle, wantsFire };
    this.#ids.set(neuron, id);
    giveVoice(neuron, handle);
    this.#roster.claimed(id);
    this.#cortex.add(handle.card);
    if (typeof neuron.tick === 'function') this.#ticking.add(id);
    try {
      this.#checkAlone(neuron, handle.card);
    } catch (error) {
      this.remove(id);
      throw error;
    }
    return handle;
  }

  // Of two that register at once, the later in the order of the topology sees the other: so it is asked afterwards, too.
  #checkAlone({ exclusive }: Neuron, { id, capabilities }: AgentCard): void {
    if (exclusive !== true) return;
    for (const capability of capabilities) {
      const other = this.cortex.withCapability(capability).find((card) => card.id !== id);
      if (other === undefined) continue;
      throw new NeuronBusError('CAPABILITY_TAKEN', `${capability}: neuron ${other.id} (${other.name})`);
    }
  }

  /** @throws NeuronBusError ERR_NB_UNKNOWN_NEURON. */
  remove(id: number): RegisteredCard {
    const { neuron, handle } = this.resident('id', id);
    callNative(() => this.#workspace.native.unregister(id));
    this.#ids.delete(neuron);
    giveVoice(neuron, undefined);
    this.#workspace.residents[id] = undefined;
    this.#cortex.remove(id);
    this.#ticking.delete(id);
    return handle.card;
  }

  /** The neuron of an id. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON naming the argument. */
  resident(argument: string, id: number): Resident {
    const resident = typeof id === 'number' ? this.#workspace.residents[id] : undefined;
    if (resident === undefined) throw unknown(argument, id);
    return resident;
  }

  /** Whether a neuron of this thread has the id. */
  isResident(id: number): boolean {
    return this.#workspace.residents[id] !== undefined;
  }

  /** The ganglion of any neuron of the bus, or -1. */
  ownerOf(id: number): number {
    return this.#workspace.ganglionOf(id);
  }

  /** Any neuron of the bus. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON naming the argument. */
  known(argument: string, id: number): void {
    if (typeof id !== 'number' || this.#workspace.ganglionOf(id) < 0) this.resident(argument, id);
  }

  #claim(wanted: number | undefined, neuron: Neuron, card: AgentCard): number {
    if (wanted !== undefined && wanted >= this.#maxNeurons) {
      throw invalidArgument('card.id', wanted, `below maxNeurons (${this.#maxNeurons})`);
    }
    const { threshold, rest, leakNs, refractoryNs } = dynamicsInNs(neuron.dynamics ?? {});
    const { native, running } = this.#workspace;
    if (!running) native.finish(); // ids of the last batch become free with its slots
    const any = L.BROADCAST;
    const shared = this.#shared;
    const block = shared ? this.#workspace.keep(encodeCard(card)) : undefined;
    try {
      return callNative(() => {
        return native.register(wanted ?? any, threshold, rest, leakNs, refractoryNs, shared);
      });
    } catch (error) {
      if (block !== undefined) this.#workspace.release(block);
      const taken = error instanceof NeuronBusError && error.code === 'ERR_NB_ID_TAKEN';
      throw taken ? new NeuronBusError('ID_TAKEN', `id ${wanted}`, { cause: error.cause }) : error;
    }
  }
}
