// A network that learns by reward which of two actions goes with which of two stimuli.
//
// Each stimulus is a group of Poisson neurons, each action a population; the population that fires more is the action taken.
// The reward comes after a pause in which all neurons have fired at random: eligibility traces bridge it (Izhikevich 2007, Cereb.
// Cortex 17:2443). What is given to the synapses is the reward minus the one expected for this stimulus: without such a critic, the
// rule strengthens whatever is active (Frémaux, Sprekeler and Gerstner 2010, J. Neurosci. 30:13326).
import { lif, type Population, type Projection, rewardStdp, SpikingNetwork } from 'neuronbus/population';
import { Random } from '../random.js';

const STIMULUS_NEURONS = 50;
const ACTION_NEURONS = 20;
const STIMULUS_MS = 200;
const PAUSE_MS = 300;
const LEARNING_MS = 500;
const REST_HZ = 2;
const STIMULUS_HZ = 40;
const MAX_WEIGHT_MV = 6;
/** How fast the expected reward follows the reward. */
const CRITIC_RATE = 0.05;

export interface Trial {
  readonly stimulus: 0 | 1;
  readonly action: 0 | 1;
  readonly correct: boolean;
  /** Spikes of both actions during the stimulus. */
  readonly spikes: readonly [number, number];
}

export class Learner {
  readonly network: SpikingNetwork;
  readonly #stimuli;
  readonly #actions: readonly Population[];
  readonly #synapses: readonly Projection[];
  readonly #random: Random;
  readonly #expected: [number, number] = [0.5, 0.5];

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.network = new SpikingNetwork({ dtMs: 0.5, seed, threads: 1 });
    this.#stimuli = this.network.poisson(2 * STIMULUS_NEURONS, { rateHz: REST_HZ });
    const model = () => lif({ tauMs: 20, restMv: -70, thresholdMv: -55, refractoryMs: 2, synapseTauMs: 5 });
    this.#actions = [0, 1].map(() => this.network.population(ACTION_NEURONS, model()));
    this.#synapses = this.#actions.map((action) =>
      this.network.connect(this.#stimuli, action, {
        ...{ pattern: 'all-to-all', weightMv: { uniform: [2, 3] }, delayMs: 1 },
        plasticity: rewardStdp({ aPlus: 0.005, aMinus: 0.0015, wMin: 0, wMax: MAX_WEIGHT_MV }),
      }),
    );
    const [left, right] = this.#actions as [Population, Population];
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      this.network.connect(from, to, { pattern: 'all-to-all', weightMv: -3, delayMs: 1 });
    }
  }

  /** Shows a stimulus, takes the action chosen, rewards it if it is the one that `rule` names for the stimulus. */
  async trial(rule: readonly [0 | 1, 0 | 1]): Promise<Trial> {
    const stimulus = this.#random.uniform() < 0.5 ? 0 : 1;
    const before = this.#spikes();
    this.#stimuli.setRate(
      Float64Array.from({ length: 2 * STIMULUS_NEURONS }, (_, neuron) =>
        Math.floor(neuron / STIMULUS_NEURONS) === stimulus ? STIMULUS_HZ : REST_HZ,
      ),
    );
    await this.network.run(STIMULUS_MS);
    this.#stimuli.setRate(REST_HZ);
    const [left, right] = this.#spikes().map((count, action) => count - before[action]!) as [number, number];
    const toss = this.#random.uniform() < 0.5 ? 0 : 1;
    const action = left === right ? toss : left > right ? 0 : 1;
    const correct = action === rule[stimulus];
    await this.network.run(PAUSE_MS);
    const surprise = (correct ? 1 : 0) - this.#expected[stimulus];
    this.network.reward(surprise);
    this.#expected[stimulus] += CRITIC_RATE * surprise;
    await this.network.run(LEARNING_MS);
    return { stimulus, action, correct, spikes: [left, right] };
  }

  /** Mean weight from each stimulus to each action, mV: `[stimulus][action]`. */
  meanWeights(): number[][] {
    const all = this.#synapses.map(({ weights }) => weights);
    const half = STIMULUS_NEURONS * ACTION_NEURONS;
    return [0, 1].map((stimulus) =>
      all.map((weights) => {
        const part = weights.subarray(stimulus * half, (stimulus + 1) * half);
        return part.reduce((sum, weight) => sum + weight, 0) / half;
      }),
    );
  }

  close(): void {
    this.network.close();
  }

  #spikes(): number[] {
    return this.#actions.map(({ spikeCounts }) => spikeCounts.reduce((sum, count) => sum + count, 0));
  }
}
