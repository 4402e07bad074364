// SPDX-License-Identifier: MIT
//
// What the simulator asks of whoever distributes requests, and what it offers in return. One balancer for each requester.

/** Same meaning as the outcomes of lib/routing: answered, an error, or nothing until the timeout. */
export type Outcome = 'answered' | 'failed' | 'silent';

/** What a balancer may look at. Which of it a method is entitled to is for that method to say. */
export interface Surroundings {
  readonly size: number;
  /** Agents that are not known to be dead. Its elements change in place; `version` counts the changes. */
  readonly members: { readonly list: number[]; version: number };
  /** Requests at each agent, waiting and in service, of all requesters. */
  readonly queued: Int32Array;
  /** For oracles: mean service time from now on, ns. */
  readonly trueMeanNs: Float64Array;
  /** For oracles. */
  readonly failing: Uint8Array;
  /** For oracles. */
  readonly quality: Float64Array;
  /** What the agent tells when probed: Prequal's server side, see server_side.ts. */
  probe(agent: number): Probe;
}

export interface Probe {
  readonly inFlight: number;
  readonly latencyNs: number;
}

export interface Balancer {
  /** A member. */
  choose(nowNs: number): number;
  /** What it returns is handed to `done`. */
  sent(agent: number, nowNs: number): number;
  done(agent: number, sentNs: number, ticket: number, outcome: Outcome, nowNs: number): void;
  /** The answer of that exchange is worth `reward`, -1 to 1. */
  rewarded?(agent: number, reward: number, latencyNs: number, nowNs: number): void;
}

/** Makes the balancer of one requester; `seed` differs between requesters. */
export type BalancerFactory = (surroundings: Surroundings, seed: number) => Balancer;
