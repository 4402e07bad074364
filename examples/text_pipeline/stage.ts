// What all agents of the text pipeline share: finding whoever takes over, handing on, and saying thanks.
import { Neuron, type NeuronHandle, type Spike, SpikeType } from 'neuronbus';

// These agents work for milliseconds, not microseconds: an answer within a second is a good one.
const LEARNING = { tauPlusMs: 1000, answerWithinMs: 10_000 };
const FIRST_WEIGHT = 0.5;

export abstract class Stage extends Neuron {
  readonly #providers = new Map<string, readonly number[]>();

  /** Hands a message to every agent that offers the capability. */
  protected pass(handle: NeuronHandle, capability: string, message: object): void {
    const ids = this.#providers.get(capability) ?? this.#connect(handle, capability);
    const text = JSON.stringify(message);
    // When all synapses of this agent lead there, one broadcast does it, and the bus stores the text once.
    if (this.#providers.size === 1) handle.broadcast(text);
    else for (const id of ids) handle.fireTo(id, text);
  }

  /**
   * The answer by which the sender's synapse learns that its message was used. Modulatory, so that it is no
   * request itself and expects no answer.
   */
  protected thank(handle: NeuronHandle, spike: Spike): void {
    handle.reply(spike, 'thanks', { type: SpikeType.Modulatory });
  }

  /** Whether a spike is only the thanks of another agent. */
  protected isThanks(spike: Spike): boolean {
    return spike.type === SpikeType.Modulatory;
  }

  // At the first hand-over: by then everybody is registered.
  #connect(handle: NeuronHandle, capability: string): readonly number[] {
    const ids = handle.discover(capability).map((card) => card.id);
    if (ids.length === 0) throw new Error(`${handle.card.name} finds nobody who offers ${capability}`);
    for (const id of ids) handle.bus.connect(handle.id, id).weight(FIRST_WEIGHT).stdp(LEARNING).build();
    this.#providers.set(capability, ids);
    return ids;
  }
}
