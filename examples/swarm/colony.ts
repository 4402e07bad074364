// The hundred neurons of the swarm and the paths between them. Each thread of the swarm populates its share; the colony is
// used by the thread that drew the paths.
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

const NAMES = Object.keys(REGIONS).flatMap((region) =>
  Array.from({ length: NEURONS_PER_REGION }, (_, i) => ({ region, name: `${region}/${i + 1}` })),
);
/** The text of a modulatory spike that makes an agent ask. */
export const CUE = 'ask';

/** Asks all it has a path to when it gets its cue; answers with a probability. */
export class Agent extends Neuron {
  readonly #answers: number;

  constructor(answers: number) {
    super();
    this.#answers = answers;
  }

  ask(handle: NeuronHandle): void {
    handle.broadcast('who knows?');
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    // An answer is modulatory: no question itself, so nobody answers it.
    if (spike.type === SpikeType.Modulatory) {
      if (spike.text() === CUE) this.ask(handle);
    } else if (handle.random() < this.#answers) {
      handle.reply(spike, 'I do', { type: SpikeType.Modulatory });
    }
  }
}

/** Needs no cue: asks at every tick. */
export class RestlessAgent extends Agent {
  override tick(handle: NeuronHandle): void {
    this.ask(handle);
  }
}

/** Registers those neurons that thread `index` of `threads` has: each once in all. */
export function populate(bus: NeuronBus, Kind: typeof Agent, index = 0, threads = 1): void {
  NAMES.forEach(({ region, name }, i) => {
    if (i % threads === index) bus.register(new Kind(REGIONS[region]!), { name, regions: [region] });
  });
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
  readonly ids: readonly number[];

  /**
   * Draws random paths between the neurons, of whatever thread; a path back would count the answers as questions, so there is
   * none. The same paths for the same seed, however many threads there are.
   */
  constructor(bus: NeuronBus) {
    this.#bus = bus;
    const known = new Map(bus.neurons().map(({ name, id }) => [name, id]));
    const ids = NAMES.map(({ name }) => known.get(name)!);
    this.ids = ids;
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
