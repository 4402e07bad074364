// SPDX-License-Identifier: MIT
//
// The part of a bus that says who is on it and who is connected: neurons, cards, synapses. Called on the thread of the bus.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { callNative } from '../memory/native.js';
import type { AgentCardInit, RegisteredCard } from './agent_card.js';
import { BusMessages } from './bus_messages.js';
import type { Emitter } from './emitter.js';
import { type Membrane, readMembrane } from './membrane.js';
import type { Neuron, NeuronHandle } from './neuron.js';
import { type Synapse, SynapseBuilder } from './synapse.js';
import type { Workspace } from './workspace.js';

export abstract class BusTopology extends BusMessages {
  /** @internal */
  protected abstract handleOf(card: RegisteredCard, workspace: Workspace, emitter: Emitter): NeuronHandle;

  // ---- neurons ------------------------------------------------------------------------------------------------------

  /**
   * Adds an agent. Returns its id.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (card, dynamics), ERR_NB_ALREADY_REGISTERED, ERR_NB_ID_TAKEN,
   * ERR_NB_TOO_MANY_NEURONS, ERR_NB_CAPABILITY_TAKEN (an exclusive neuron), ERR_NB_TOO_MANY_SYNAPSES (that a loaded snapshot has
   * for it), ERR_NB_CLOSED.
   */
  register(neuron: Neuron, card: AgentCardInit): number {
    const { workspace, registry, persistence, scheduler, dispatcher, stage } = this.open();
    const handle = registry.add(neuron, card, (complete) =>
      this.handleOf(complete, workspace, stage.emitter),
    );
    try {
      persistence.registered(handle.card);
    } catch (error) {
      registry.remove(handle.id);
      throw error;
    }
    scheduler.update();
    this.emit('register', handle.card);
    if (neuron.onRegister !== undefined) {
      dispatcher.guarded(handle.id, () => neuron.onRegister!(handle));
    }
    return handle.id;
  }

  /**
   * Removes an agent and all its synapses. Spikes for it that are under way are counted as dropped (deadTarget).
   *
   * @throws NeuronBusError ERR_NB_UNKNOWN_NEURON, ERR_NB_CLOSED.
   */
  unregister(id: number): void {
    const { dispatcher, registry, conversations, persistence, scheduler } = this.open();
    dispatcher.settle();
    const card = registry.remove(id);
    conversations.left(id);
    persistence.unregistered(id);
    scheduler.update();
    this.emit('unregister', card);
  }

  /** Cards of the neurons with this capability, in order of registration. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
  discover(capability: string): RegisteredCard[] {
    const { registry } = this.open();
    checkText('capability', capability);
    return registry.cortex.withCapability(capability);
  }

  /**
   * Cards of the neurons in this region or one below it: 'app' finds 'app/core', not 'application'.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT.
   */
  discoverInRegion(region: string): RegisteredCard[] {
    const { registry } = this.open();
    checkText('region', region);
    return registry.cortex.inRegion(region);
  }

  card(id: number): RegisteredCard | undefined {
    return this.open().registry.cortex.card(id);
  }

  /** All cards. */
  neurons(): RegisteredCard[] {
    return this.open().registry.cortex.all();
  }

  /** State of a neuron's integrate-and-fire membrane. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON. */
  membrane(id: number): Membrane {
    const { registry, workspace } = this.open();
    registry.resident('id', id);
    return readMembrane(workspace.memory, id);
  }

  // ---- synapses -----------------------------------------------------------------------------------------------------

  /** Begins a synapse from `pre` to `post`. @throws NeuronBusError ERR_NB_UNKNOWN_NEURON, ERR_NB_SELF_SYNAPSE. */
  connect(pre: number, post: number): SynapseBuilder {
    const { registry, workspace, synapses, persistence } = this.open();
    persistence.look();
    registry.known('pre', pre);
    registry.known('post', post);
    if (pre === post) throw new NeuronBusError('SELF_SYNAPSE', `neuron ${pre}`);
    return new SynapseBuilder(({ weight, kind, parameters, typeMask, minPriority, prefix }) => {
      this.open();
      const { native } = workspace;
      callNative(() => native.connect(pre, post, weight, kind, parameters, typeMask, minPriority, prefix));
      persistence.settled(pre, post);
      return synapses.find(pre, post)!;
    });
  }

  /** @throws NeuronBusError ERR_NB_UNKNOWN_SYNAPSE. */
  disconnect(pre: number, post: number): void {
    const { workspace, dispatcher, persistence } = this.open();
    dispatcher.settle();
    callNative(() => workspace.native.disconnect(pre, post));
    persistence.settled(pre, post);
  }

  synapse(pre: number, post: number): Synapse | undefined {
    const { synapses, persistence } = this.open();
    persistence.look();
    return synapses.find(pre, post);
  }

  synapses(): Synapse[] {
    const { synapses, persistence } = this.open();
    persistence.look();
    return synapses.all();
  }
}

function checkText(argument: string, value: string): void {
  if (typeof value !== 'string' || value === '') throw invalidArgument(argument, value, 'a non-empty string');
}
