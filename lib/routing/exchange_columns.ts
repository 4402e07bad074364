// SPDX-License-Identifier: MIT
//
// What a requester knows of each agent that it asked, beside the pace. Owned by one learned strategy.

import { type Columns, grownFloats, grownInts } from './directory.js';

/** Times are ns. */
export class ExchangeColumns implements Columns {
  weight = new Float64Array(0);
  /** 1 / weight, what the choice multiplies with; infinite while the agent is out; 1 for a stranger. */
  reluctance = new Float64Array(0);
  inFlight = new Int32Array(0);
  /** When it last answered or failed, or got something to do while it had nothing of ours. */
  progressNs = new Float64Array(0);
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

  grow(slots: number): void {
    this.weight = grownFloats(this.weight, slots);
    this.reluctance = grownFloats(this.reluctance, slots);
    this.inFlight = grownInts(this.inFlight, slots);
    this.progressNs = grownFloats(this.progressNs, slots);
    this.learnedNs = grownFloats(this.learnedNs, slots);
    this.tauNs = grownFloats(this.tauNs, slots);
    this.answers = grownInts(this.answers, slots);
    this.strikes = grownInts(this.strikes, slots);
    this.struckNs = grownFloats(this.struckNs, slots);
    this.trialNs = grownFloats(this.trialNs, slots);
    this.dopamine = grownFloats(this.dopamine, slots);
    this.rewards = grownInts(this.rewards, slots);
  }

  clear(slot: number): void {
    this.weight[slot] = 0;
    this.reluctance[slot] = 1;
    this.inFlight[slot] = 0;
    this.progressNs[slot] = 0;
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
