// What one synapse learns at different rates of spikes, on the virtual clock. Any thread, each call has its
// own bus.
import { Neuron, NeuronBus, type NeuronHandle, type Spike, SpikeType } from 'neuronbus';

export const RATES = [1, 100, 10_000, 1_000_000, 10_000_000] as const; // spikes a second
export const PROBABILITIES = [1, 0.75, 0.5, 0.25, 0] as const; // of an answer
const SPIKES = 3000;

// The defaults of the rule.
const A_PLUS = 0.01;
const A_MINUS = 0.012;
const WEIGHT_MIN = 0.001;

class Answerer extends Neuron {
  readonly #probability: number;

  constructor(probability: number) {
    super();
    this.#probability = probability;
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (handle.random() < this.#probability) handle.reply(spike, 'yes', { type: SpikeType.Modulatory });
  }
}

class Asker extends Neuron {
  onSpike(): void {}
}

/**
 * One weight for each of PROBABILITIES: its mean over the second half of SPIKES questions to each at `rate`.
 */
export function weightsAt(rate: number, seed: number): number[] {
  const bus = NeuronBus.create({ name: 'rates', clock: 'virtual', seed, maxNeurons: 8 });
  const asker = bus.register(new Asker(), { name: 'asker' });
  const synapses = PROBABILITIES.map((probability) => {
    const answerer = bus.register(new Answerer(probability), { name: `answers ${probability}` });
    return bus.connect(asker, answerer).weight(0.5).build();
  });
  const sums = PROBABILITIES.map(() => 0);
  for (let spike = 0; spike < SPIKES; spike++) {
    bus.fire(asker, { payload: 'do you?' });
    bus.tick();
    bus.clock.advance(1000 / rate);
    if (spike < SPIKES / 2) continue;
    for (const [at, synapse] of synapses.entries()) sums[at]! += synapse.weight;
  }
  bus.close();
  return sums.map((sum) => sum / (SPIKES / 2));
}

/** Where the weight rests on average: an answer lifts it by A⁺·(1 − w), silence lowers it by A⁻·(w − wMin). */
export function expectedWeight(probability: number): number {
  const up = probability * A_PLUS;
  const down = (1 - probability) * A_MINUS;
  return (up + down * WEIGHT_MIN) / (up + down);
}
