// The hundred neurons of the swarm and the paths between them. Used by the thread of the bus.
import { Neuron, type NeuronBus, type NeuronHandle, type Spike, SpikeType } from 'neuronbus';

/** Regions, and how probably an agent that lives there answers. */
export const REGIONS: Readonly<Record<string, number>> = {
  'cortex/visual/v1': 1,
  'cortex/visual/v4': 0.8,
  'cortex/auditory/a1': 0.4,
  'cortex/language/broca': 0.1,
  'cortex/language/wernicke': 0,
};
const NEURONS_PER_REGION = 20;
const PATHS = 8; // out of each neuron

/** Asks all it has a path to, once a tick; answers with a probability. */
export class Agent extends Neuron {
  readonly #answers: number;

  constructor(answers: number) {
    super();
    this.#answers = answers;
  }

  override tick(handle: NeuronHandle): void {
    handle.broadcast('who knows?');
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    // An answer is modulatory: no question itself, so nobody answers it.
    if (spike.type === SpikeType.Modulatory || handle.random() >= this.#answers) return;
    handle.reply(spike, 'I do', { type: SpikeType.Modulatory });
  }
}

export interface RegionWeights {
  region: string;
  answers: number;
  synapses: number;
  mean: number;
  strongest: number;
  weakest: number;
}

export class Colony {
  readonly #bus: NeuronBus;

  /**
   * Registers the neurons and draws random paths; a path back would count the answers as questions, so there
   * is none.
   */
  constructor(bus: NeuronBus) {
    this.#bus = bus;
    for (const [region, answers] of Object.entries(REGIONS)) {
      for (let i = 1; i <= NEURONS_PER_REGION; i++) {
        bus.register(new Agent(answers), { name: `${region}/${i}`, regions: [region] });
      }
    }
    const ids = bus.neurons().map((card) => card.id);
    for (const pre of ids) {
      for (let paths = 0; paths < PATHS; ) {
        const post = ids[Math.floor(bus.random() * ids.length)]!;
        if (post === pre || bus.synapse(pre, post) || bus.synapse(post, pre)) continue;
        bus
          .connect(pre, post)
          .weight(0.3 + 0.4 * bus.random())
          .build();
        paths++;
      }
    }
  }

  /** Of the paths that end in each region. */
  weights(): RegionWeights[] {
    return Object.entries(REGIONS).map(([region, answers]) => {
      const members = new Set(this.#bus.discoverInRegion(region).map((card) => card.id));
      const weights = this.#bus
        .synapses()
        .filter((synapse) => members.has(synapse.post))
        .map((synapse) => synapse.weight)
        .sort((a, b) => b - a);
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      return {
        region,
        answers,
        synapses: weights.length,
        mean,
        strongest: weights[0]!,
        weakest: weights.at(-1)!,
      };
    });
  }
}
