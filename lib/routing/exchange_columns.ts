// SPDX-License-Identifier: MIT
//
// What a requester knows of each agent that it asked, beside the pace. Owned by one learned strategy.

import { type Columns, grownFloats, grownInts } from './directory.js';

/** Where the weights of synapses from the requester to agents live: the bus, or an object of its own. */
export interface SynapseWeights {
  /** Undefined without a synapse: the weight is then that of rest. */
  weightOf(agent: number): number | undefined;
  setWeight(agent: number, weight: number): void;
  /** The agent is gone; a bus knows by itself. */
  forget?(agent: number): void;
}

export class OwnWeights implements SynapseWeights {
  readonly #weights = new Map<number, number>();

  weightOf(agent: number): number | undefined {
    return this.#weights.get(agent);
  }

  setWeight(agent: number, weight: number): void {
    this.#weights.set(agent, weight);
  }

  forget(agent: number): void {
    this.#weights.delete(agent);
  }
}

/** Times are ns. */
export class ExchangeColumns implements Columns {
  readonly #weights: SynapseWeights;
  /** 1 / weight, what the choice multiplies with; infinite while the agent is out; 1 for a stranger. */
  reluctance = new Float64Array(0);
  inFlight = new Int32Array(0);
  /** When the weight was last changed by an exchange. */
  learnedNs = new Float64Array(0);
  tauNs = new Float64Array(0);
  answers = new Int32Array(0);
  /** Failures since the last answer, those of requests under way together counted once. */
  strikes = new Int32Array(0);
  struckNs = new Float64Array(0);
  trialNs = new Float64Array(0);
  /** Mean of the last rewards. */
  dopamine = new Float64Array(0);
  rewards = new Int32Array(0);

  constructor(weights: SynapseWeights) {
    this.#weights = weights;
  }

  grow(slots: number): void {
    this.reluctance = grownFloats(this.reluctance, slots);
    this.inFlight = grownInts(this.inFlight, slots);
    this.learnedNs = grownFloats(this.learnedNs, slots);
    this.tauNs = grownFloats(this.tauNs, slots);
    this.answers = grownInts(this.answers, slots);
    this.strikes = grownInts(this.strikes, slots);
    this.struckNs = grownFloats(this.struckNs, slots);
    this.trialNs = grownFloats(this.trialNs, slots);
    this.dopamine = grownFloats(this.dopamine, slots);
    this.rewards = grownInts(this.rewards, slots);
  }

  clear(slot: number, agent: number): void {
    this.reluctance[slot] = 1 / (this.#weights.weightOf(agent) ?? 1);
    this.inFlight[slot] = 0;
    this.learnedNs[slot] = 0;
    this.tauNs[slot] = 0;
    this.answers[slot] = 0;
    this.strikes[slot] = 0;
    this.struckNs[slot] = 0;
    this.trialNs[slot] = 0;
    this.dopamine[slot] = 0;
    this.rewards[slot] = 0;
  }
}
