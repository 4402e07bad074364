// SPDX-License-Identifier: MIT
//
// Who the learned routing is compared with, written from their papers and documentation. One object for each requester.
//
// Except for the oracle and Prequal's probes, none of them sees more than what its own requester sent and received: that is
// how they are published and how they run in proxies and RPC libraries.

import { seededRandom } from '../../lib/memory/random.js';
import type { Balancer, BalancerFactory, Outcome, Surroundings } from './balancer.js';

abstract class Baseline implements Balancer {
  protected readonly around: Surroundings;
  protected readonly random: () => number;
  protected readonly pending: Int32Array;

  constructor(around: Surroundings, seed: number) {
    this.around = around;
    this.random = seededRandom(seed);
    this.pending = new Int32Array(around.size);
  }

  abstract choose(nowNs: number): number;

  sent(agent: number, _nowNs: number): number {
    return this.pending[agent]++;
  }

  done(agent: number, _sentNs: number, _ticket: number, _outcome: Outcome, _nowNs: number): void {
    this.pending[agent]--;
  }

  protected below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** The element with the least cost; ties are broken at random. */
  protected least(list: readonly number[], cost: (agent: number) => number): number {
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (const agent of list) {
      const value = cost(agent);
      if (value < bestCost) {
        best = agent;
        bestCost = value;
        ties = 1;
      } else if (value === bestCost && this.random() * ++ties < 1) {
        best = agent;
      }
    }
    return best;
  }
}

class Random extends Baseline {
  choose(): number {
    return this.around.members.list[this.below(this.around.members.list.length)];
  }
}

/** Requesters begin at different agents, as they would. */
class RoundRobin extends Baseline {
  #next = this.below(this.around.size);

  choose(): number {
    const { list } = this.around.members;
    return list[this.#next++ % list.length];
  }
}

/** The agent with the fewest requests of this requester in flight. */
class LeastInFlight extends Baseline {
  choose(): number {
    return this.least(this.around.members.list, (agent) => this.pending[agent]);
  }
}

/**
 * Power of two choices with peak EWMA and failure accrual, as Finagle documents them (Clients, "P2C + Peak EWMA", "Failure
 * Accrual"): of two members drawn at random the one with the lower cost × (pending + 1). The cost follows a latency above it
 * at once, and one below it with weight 1 - exp(-dt / decay); looking at it counts as a latency of zero. A member without
 * history costs more than any other while something is pending there. After five failures in a row a member is left out for
 * 5 s, then twice as long each time up to 300 s; the first request after that decides.
 */
class PeakEwma extends Baseline {
  readonly #decayNs: number;
  readonly #cost = new Float64Array(this.around.size);
  readonly #stampNs = new Float64Array(this.around.size);
  readonly #failures = new Int32Array(this.around.size);
  readonly #backOffNs = new Float64Array(this.around.size);
  readonly #outUntilNs = new Float64Array(this.around.size);

  constructor(around: Surroundings, seed: number, decayNs: number) {
    super(around, seed);
    this.#decayNs = decayNs;
  }

  choose(nowNs: number): number {
    const { list } = this.around.members;
    const open = list.filter((agent) => this.#outUntilNs[agent] <= nowNs);
    const drawn = open.length > 0 ? open : list;
    if (drawn.length === 1) return drawn[0];
    const first = this.below(drawn.length);
    const other = this.below(drawn.length - 1);
    const second = other >= first ? other + 1 : other;
    const [a, b] = [drawn[first], drawn[second]];
    return this.#load(a, nowNs) <= this.#load(b, nowNs) ? a : b;
  }

  override done(agent: number, sentNs: number, ticket: number, outcome: Outcome, nowNs: number): void {
    super.done(agent, sentNs, ticket, outcome, nowNs);
    this.#observe(agent, nowNs - sentNs, nowNs);
    if (outcome === 'answered') {
      this.#failures[agent] = 0;
      this.#backOffNs[agent] = 0;
      this.#outUntilNs[agent] = 0;
      return;
    }
    this.#failures[agent]++;
    const onTrial = this.#backOffNs[agent] > 0 && this.#outUntilNs[agent] <= nowNs;
    if (this.#failures[agent] < 5 && !onTrial) return;
    this.#backOffNs[agent] = Math.min(300e9, Math.max(5e9, this.#backOffNs[agent] * 2));
    this.#outUntilNs[agent] = nowNs + this.#backOffNs[agent] * (0.5 + 0.5 * this.random());
    this.#failures[agent] = 0;
  }

  #observe(agent: number, latencyNs: number, nowNs: number): void {
    const weight = Math.exp(-(nowNs - this.#stampNs[agent]) / this.#decayNs);
    const cost = this.#cost[agent];
    this.#cost[agent] = latencyNs > cost ? latencyNs : cost * weight + latencyNs * (1 - weight);
    this.#stampNs[agent] = nowNs;
  }

  #load(agent: number, nowNs: number): number {
    this.#observe(agent, 0, nowNs);
    const pending = this.pending[agent];
    if (this.#cost[agent] === 0 && pending > 0) return 2 ** 47 + pending;
    return this.#cost[agent] * (pending + 1);
  }
}

/** Shortest expected delay with true speeds and true queues, and of the agents that live, work and answer best. */
class Oracle extends Baseline {
  choose(): number {
    const { members, quality, failing, queued, trueMeanNs } = this.around;
    const working = members.list.filter((agent) => !failing[agent]);
    const best = working.reduce((most, agent) => Math.max(most, quality[agent]), -1);
    const good = working.filter((agent) => quality[agent] === best);
    return this.least(good, (agent) => (queued[agent] + 1) * trueMeanNs[agent]);
  }
}

export const random: BalancerFactory = (around, seed) => new Random(around, seed);
export const roundRobin: BalancerFactory = (around, seed) => new RoundRobin(around, seed);
export const leastInFlight: BalancerFactory = (around, seed) => new LeastInFlight(around, seed);
/** Finagle's default decay is 10 s. */
export function peakEwma(decayNs = 10e9): BalancerFactory {
  return (around, seed) => new PeakEwma(around, seed, decayNs);
}
export const oracle: BalancerFactory = (around, seed) => new Oracle(around, seed);
