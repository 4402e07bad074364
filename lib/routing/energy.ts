// SPDX-License-Identifier: MIT
//
// The strategy that saves: the cheapest agent that is not too slow, within a budget. Owned by one requester, on its thread; the
// requesters of a thread may share the budget.

import { invalidArgument } from '../memory/errors.js';
import { type LearnedOptions, LearnedStrategy } from './learned.js';
import { leastPosition } from './rules.js';
import type { Candidates } from './strategy.js';

const never = Number.POSITIVE_INFINITY;

/** A bucket that holds what a second brings. Full at first. */
export class EnergyBudget {
  readonly perSecond: number;
  #tokens: number;
  #filledNs = Number.NaN;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT */
  constructor(perSecond = never) {
    if (!(typeof perSecond === 'number' && perSecond > 0))
      throw invalidArgument('budgetPerSecond', perSecond, 'a number above 0');
    this.perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** What can be spent now. */
  at(nowNs: number): number {
    const seconds = Number.isNaN(this.#filledNs) ? 0 : Math.max(0, nowNs - this.#filledNs) / 1e9;
    if (this.perSecond !== never)
      this.#tokens = Math.min(this.perSecond, this.#tokens + seconds * this.perSecond);
    this.#filledNs = nowNs;
    return this.#tokens;
  }

  spend(cost: number): void {
    this.#tokens -= cost;
  }

  /** When it can pay `cost`, ns; infinite for more than it ever holds. */
  readyAtNs(cost: number): number {
    if (cost > this.perSecond) return never;
    return this.#filledNs + (Math.max(0, cost - this.#tokens) / this.perSecond) * 1e9;
  }
}

export interface EnergyOptions extends LearnedOptions {
  /** What all requests of a second may cost, in the unit of the cards. Default: no limit. */
  readonly budgetPerSecond?: number;
  /** Shared with other requesters, instead of `budgetPerSecond`. */
  readonly budget?: EnergyBudget;
  /** An agent is too slow for saving when it would take this many times what the quickest one would. Default 4. */
  readonly patience?: number;
}

/**
 * The cheapest of the agents that are not too slow. When the budget does not suffice for that agent the cheapest one is asked,
 * and when it does not suffice for any, none: -1, see `readyAtNs`.
 */
export class EnergyEfficientStrategy extends LearnedStrategy {
  override readonly name = 'energy-efficient';
  override readonly mayRefuse: boolean;
  readonly #budget: EnergyBudget;
  readonly #patience: number;
  #refused = 0;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT */
  constructor(options: EnergyOptions = {}) {
    super(options);
    const { patience = 4 } = options;
    if (!(typeof patience === 'number' && patience >= 1))
      throw invalidArgument('patience', patience, 'a number from 1');
    this.#budget = options.budget ?? new EnergyBudget(options.budgetPerSecond);
    this.#patience = patience;
    this.mayRefuse = this.#budget.perSecond !== never;
  }

  /** The earliest time at which the last request that was refused could be paid for. */
  get readyAtNs(): number {
    return this.#budget.readyAtNs(this.#refused);
  }

  override refusal(nowNs: number): string {
    const { perSecond } = this.#budget;
    if (this.#refused > perSecond)
      return `the cheapest one costs ${this.#refused}, which is more than the budget of a second, ${perSecond}`;
    const ms = Math.ceil((this.readyAtNs - nowNs) / 1e6);
    return `the budget of ${perSecond} a second is spent, and suffices again in ${ms} ms`;
  }

  override choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    const tokens = this.#budget.at(nowNs);
    const { costs, ids } = candidates;
    const trial = tried === undefined ? this.trial(candidates, nowNs) : -1;
    let position = trial >= 0 && costs[trial] <= tokens ? trial : this.#cheapest(candidates, tokens, tried);
    if (position < 0) position = leastPosition(ids.length, 0, tried, (at) => costs[at]);
    if (position < 0) return -1;
    if (costs[position] > tokens) {
      this.#refused = costs[position];
      return -1;
    }
    this.#budget.spend(costs[position]);
    return this.taken(candidates, position);
  }

  /** Of those that are affordable and not too slow; of equally cheap ones the quickest. -1 without such. */
  #cheapest(candidates: Candidates, tokens: number, tried: readonly number[] | undefined): number {
    const { costs, ids } = candidates;
    const delay = (at: number) =>
      this.isOut(candidates, at) ? never : this.delayNs(candidates, at) / this.weight(candidates, at);
    const quickest = leastPosition(ids.length, 0, tried, delay);
    if (quickest < 0) return -1;
    const limit = delay(quickest) * this.#patience;
    const worth = (at: number) => delay(at) <= limit && costs[at] <= tokens;
    const cheapest = leastPosition(ids.length, 0, tried, (at) => (worth(at) ? costs[at] : never));
    if (cheapest < 0) return -1;
    return leastPosition(ids.length, 0, tried, (at) =>
      worth(at) && costs[at] === costs[cheapest] ? delay(at) : never,
    );
  }
}
