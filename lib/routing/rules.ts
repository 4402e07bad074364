// SPDX-License-Identifier: MIT
//
// The strategies that choose by a rule of their own. They learn as the learned strategy does, so that a change of strategy
// loses nothing, but choose differently. Owned by one requester, on its thread.

import { invalidArgument } from '../memory/errors.js';
import { type LearnedOptions, LearnedStrategy } from './learned.js';
import type { Candidates, Knowledge } from './strategy.js';

const never = Number.POSITIVE_INFINITY;

/**
 * The position with the least value; of equals the first from `first` on. -1 when there is none below infinity. What
 * `position` returns NaN or infinity for is left out.
 */
export function leastPosition(
  count: number,
  first: number,
  tried: readonly number[] | undefined,
  value: (position: number) => number,
): number {
  let best = -1;
  let least = never;
  for (let i = 0; i < count; i++) {
    const position = first + i < count ? first + i : first + i - count;
    if (tried?.includes(position)) continue;
    const candidate = value(position);
    if (candidate < least) {
      best = position;
      least = candidate;
    }
  }
  return best;
}

/** One after the other, whatever they are like. */
export class RoundRobinStrategy extends LearnedStrategy {
  override readonly name = 'round-robin';
  #next = 0;

  override choose(candidates: Candidates, _nowNs: number, tried?: readonly number[]): number {
    const count = candidates.ids.length;
    const position = leastPosition(count, this.#next < count ? this.#next : 0, tried, () => 0);
    this.#next = position + 1;
    return this.taken(candidates, position);
  }
}

/** Strategies that leave out agents that are asked on trial only, and choose the least of something among the others. */
abstract class LeastStrategy extends LearnedStrategy {
  #next = 0;

  override choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    const count = candidates.ids.length;
    let position = tried === undefined ? this.trial(candidates, nowNs) : -1;
    if (position < 0) {
      const first = this.#next < count ? this.#next : 0;
      position = leastPosition(count, first, tried, (at) =>
        this.isOut(candidates, at) ? never : this.measure(candidates, at),
      );
      this.#next = position + 1;
    }
    if (position < 0) position = this.leastBad(candidates, tried);
    return this.taken(candidates, position);
  }

  /** What there is to be least of. Equals are asked in turns. */
  protected abstract measure(candidates: Candidates, position: number): number;
}

/** The fewest requests waiting or in work. */
export class LoadBalancedStrategy extends LeastStrategy {
  override readonly name = 'load-balanced';

  protected measure(candidates: Candidates, position: number): number {
    return this.load(candidates, position);
  }
}

/**
 * The agent that is nearest: that takes the least time to answer, as it has been lately, divided by the weight of the synapse.
 * Load is not looked at, so that the way of a conversation changes only when agents do.
 */
export class ShortestPathStrategy extends LeastStrategy {
  override readonly name = 'shortest-path';

  protected measure(candidates: Candidates, position: number): number {
    return this.distanceNs(candidates, position);
  }

  /** Length of the edge to a candidate, ns; 0 for a stranger, which is so asked at once. */
  distanceNs(candidates: Candidates, position: number): number {
    return this.answerTimeNs(candidates, position) / this.weight(candidates, position);
  }
}

export interface EnergyOptions extends LearnedOptions {
  /** What all requests of a second may cost, in the unit of the cards. Default: no limit. */
  readonly budgetPerSecond?: number;
  /** An agent is too slow for saving when it would take this many times what the quickest one would. Default 4. */
  readonly patience?: number;
}

/**
 * The cheapest of the agents that are not too slow. The budget is a bucket that holds what a second brings; when it does not
 * suffice for that agent the cheapest one is asked, and when it does not suffice for any, none: -1, see `readyAtNs`.
 */
export class EnergyEfficientStrategy extends LearnedStrategy {
  override readonly name = 'energy-efficient';
  readonly #budget: number;
  readonly #patience: number;
  #tokens: number;
  #filledNs = Number.NaN;
  #missing = 0;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT */
  constructor(options: EnergyOptions = {}) {
    super(options);
    const { budgetPerSecond = never, patience = 4 } = options;
    if (!(budgetPerSecond > 0)) throw invalidArgument('budgetPerSecond', budgetPerSecond, 'above 0');
    if (!(patience >= 1)) throw invalidArgument('patience', patience, 'from 1');
    this.#budget = budgetPerSecond;
    this.#patience = patience;
    this.#tokens = budgetPerSecond;
  }

  /** The earliest time at which the last request that was refused could be paid for. */
  get readyAtNs(): number {
    return this.#filledNs + (this.#missing / this.#budget) * 1e9;
  }

  override choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    this.#fill(nowNs);
    const { costs, ids } = candidates;
    const trial = tried === undefined ? this.trial(candidates, nowNs) : -1;
    let position = trial >= 0 && costs[trial] <= this.#tokens ? trial : this.#cheapest(candidates, tried);
    if (position < 0) position = leastPosition(ids.length, 0, tried, (at) => costs[at]);
    if (position < 0) return -1;
    if (costs[position] > this.#tokens) {
      this.#missing = costs[position] - this.#tokens;
      return -1;
    }
    this.#tokens -= costs[position];
    return this.taken(candidates, position);
  }

  /** Of those that are affordable and not too slow; of equally cheap ones the quickest. -1 without such. */
  #cheapest(candidates: Candidates, tried: readonly number[] | undefined): number {
    const { costs, ids } = candidates;
    const delay = (at: number) =>
      this.isOut(candidates, at) ? never : this.delayNs(candidates, at) / this.weight(candidates, at);
    const quickest = leastPosition(ids.length, 0, tried, delay);
    if (quickest < 0) return -1;
    const limit = delay(quickest) * this.#patience;
    const worth = (at: number) => delay(at) <= limit && costs[at] <= this.#tokens;
    const cheapest = leastPosition(ids.length, 0, tried, (at) => (worth(at) ? costs[at] : never));
    if (cheapest < 0) return -1;
    return leastPosition(ids.length, 0, tried, (at) =>
      worth(at) && costs[at] === costs[cheapest] ? delay(at) : never,
    );
  }

  #fill(nowNs: number): void {
    const seconds = Number.isNaN(this.#filledNs) ? 0 : Math.max(0, nowNs - this.#filledNs) / 1e9;
    if (this.#budget !== never) this.#tokens = Math.min(this.#budget, this.#tokens + seconds * this.#budget);
    this.#filledNs = nowNs;
  }
}

/** A rule of the user: returns a position, or -1 for none. */
export type RoutingFunction = (candidates: Candidates, knowledge: Knowledge, nowNs: number) => number;

export class CustomStrategy extends LearnedStrategy {
  override readonly name: string;
  readonly #rule: RoutingFunction;

  constructor(rule: RoutingFunction, options: LearnedOptions = {}) {
    super(options);
    this.name = rule.name || 'custom';
    this.#rule = rule;
  }

  /**
   * What was tried already is not chosen again: the next best by the learned rule is.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT when the function returns what is no position.
   */
  override choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    const position = this.#rule(candidates, this, nowNs);
    if (!Number.isInteger(position) || position < -1 || position >= candidates.ids.length) {
      throw invalidArgument('the position', position, `an integer from -1 to ${candidates.ids.length - 1}`);
    }
    if (tried?.includes(position)) return super.choose(candidates, nowNs, tried);
    return this.taken(candidates, position);
  }
}
