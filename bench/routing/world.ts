// SPDX-License-Identifier: MIT
//
// What happens to the agents in a run: how fast each is, whether it lives, whether it fails, how good its answers are.
//
// One object for each run, made from its seed; any thread.

/** Times are ns of simulated time. */
export interface WorldEvent {
  readonly atNs: number;
  apply(world: World): void;
}

/** One of the same length for every agent; the simulator reads them, events change them. */
export class World {
  readonly size: number;
  /** Mean service time of a request that begins now. */
  readonly meanNs: Float64Array;
  readonly alive: Uint8Array;
  /** Answers with an error, whatever is asked. */
  readonly failing: Uint8Array;
  /** Mean reward of an answer, -1 to 1; only looked at when the scenario rewards. */
  readonly quality: Float64Array;

  constructor(meanNs: readonly number[]) {
    this.size = meanNs.length;
    this.meanNs = Float64Array.from(meanNs);
    this.alive = new Uint8Array(this.size).fill(1);
    this.failing = new Uint8Array(this.size);
    this.quality = new Float64Array(this.size);
  }

  /** Requests a second that all living agents together can answer. */
  capacity(): number {
    let sum = 0;
    for (let agent = 0; agent < this.size; agent++) {
      if (this.alive[agent] && !this.failing[agent]) sum += 1e9 / this.meanNs[agent];
    }
    return sum;
  }
}

/** Everything random about a run that does not depend on who chooses: the same for every balancer. */
export interface Arrivals {
  readonly atNs: Float64Array;
  readonly requester: Uint8Array;
  /** Exponential with mean 1; times the mean of the agent it is the service time. */
  readonly work: Float64Array;
  /** Normal with mean 0 and deviation 1; what a reward differs from the quality of the agent by. */
  readonly noise: Float64Array;
}

export interface Run {
  readonly world: World;
  readonly events: readonly WorldEvent[];
  readonly arrivals: Arrivals;
}
