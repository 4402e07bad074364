// SPDX-License-Identifier: MIT
//
// What routing is: choosing one of several agents that can do the same, and learning from what came of it.
//
// Plain interfaces. A strategy belongs to one requester and one kind of request, a capability: how quick and how good an agent
// is at one thing says nothing about another. It is called on the requester's thread; candidates may be shared by all
// requesters of a thread.

/**
 * The agents that can do something, as whoever asks for a capability keeps them: made once, and made anew when agents come or
 * go. Positions in the arrays are what strategies return.
 *
 * `loads` is what shared memory buys: the number of requests that each agent has got, from anybody, and has not answered
 * yet, read in place when a choice is made. A strategy knows beside it what its own requester sent, which may be under way
 * still: the larger number counts. Without `loads` (agents on other machines) there is only the latter.
 */
export class Candidates {
  /** Ids of the agents, each once. */
  readonly ids: Int32Array;
  /** Where loads are; the load of candidate i is `loads[loadAt[i]]`. May be a view of shared memory. */
  readonly loads: Int32Array | Uint16Array | undefined;
  readonly loadAt: Int32Array;
  /** What one request costs, from the cards; any unit, the same for all. Zero where a card says nothing. */
  readonly costs: Float64Array;

  constructor(
    ids: ArrayLike<number>,
    options: { loads?: Int32Array | Uint16Array; loadAt?: ArrayLike<number>; costs?: ArrayLike<number> } = {},
  ) {
    this.ids = Int32Array.from(ids);
    this.loads = options.loads;
    this.loadAt = Int32Array.from(options.loadAt ?? ids);
    this.costs = options.costs ? Float64Array.from(options.costs) : new Float64Array(this.ids.length);
  }
}

/**
 * How an exchange ended: with an answer, with an error (or the death of the agent), with nothing until the timeout, or given up
 * by the requester for reasons of its own, which says nothing of the agent.
 */
export const Outcome = { answered: 0, failed: 1, silent: 2, abandoned: 3 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Times are ns of one monotonic clock; agents are named by their ids. Choosing allocates nothing once agents are known. */
export interface RoutingStrategy {
  readonly name: string;
  /** Whether choose() may throw, or say -1 though there is somebody who was not tried. */
  readonly mayRefuse: boolean;
  /**
   * The position of the agent to ask, or -1 when none may be asked now. `tried`: positions that are out of the question, for
   * backups and repeated attempts.
   */
  choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number;
  /** Why choose() said -1 just now. */
  refusal(nowNs: number): string;
  /** A request was sent. Returns the load that it met; keep it with the request and hand it to `finished`. */
  started(agent: number, nowNs: number): number;
  /** Once for each `started`. */
  finished(agent: number, sentNs: number, load: number, outcome: Outcome, nowNs: number): void;
  /**
   * The requester says what an answer was worth, from -1 to 1; later than `finished`, at most once an answer.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT
   */
  rewarded(agent: number, reward: number, sentNs: number, answeredNs: number, nowNs: number): void;
  /** The id is free, and nothing of it is under way: whoever gets it next is somebody else. */
  forget(agent: number): void;
}

/** What a requester has learned of its candidates, by position. */
export interface Knowledge {
  /** Requests that wait at the agent or are in work there. */
  load(candidates: Candidates, position: number): number;
  /** Of the synapse, 0.001 to 1. */
  weight(candidates: Candidates, position: number): number;
  /** Expected time to an answer with this load; meaningless numbers, but equal ones, before anybody has answered. */
  delayNs(candidates: Candidates, position: number): number;
  /** Mean time of the last answers; 0 when there was none. */
  answerTimeNs(candidates: Candidates, position: number): number;
  /** It failed too often, and is asked on trial only. */
  isOut(candidates: Candidates, position: number): boolean;
}
