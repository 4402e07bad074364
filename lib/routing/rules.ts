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

/** A rule of the user: returns a position, or -1 for none. */
export type RoutingFunction = (candidates: Candidates, knowledge: Knowledge, nowNs: number) => number;

export class CustomStrategy extends LearnedStrategy {
  override readonly name: string;
  override readonly mayRefuse = true;
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

  override refusal(): string {
    return 'the function returned -1';
  }
}
