// SPDX-License-Identifier: MIT
//
// The strategies of lib/routing as balancers of the simulator, with the loads of agents in sight, as between agents of one
// machine. One object for each requester.

import { LearnedStrategy } from '../../lib/routing/learned.js';
import { Paces } from '../../lib/routing/pace.js';
import { LoadBalancedStrategy } from '../../lib/routing/rules.js';
import { Candidates, Outcome as Outcomes, type RoutingStrategy } from '../../lib/routing/strategy.js';
import type { Balancer, BalancerFactory, Outcome, Surroundings } from './balancer.js';

class Ours implements Balancer {
  readonly #around: Surroundings;
  readonly #strategy: RoutingStrategy;
  #candidates: Candidates;
  #version = 0;

  constructor(around: Surroundings, strategy: RoutingStrategy) {
    this.#around = around;
    this.#strategy = strategy;
    this.#candidates = this.#current();
  }

  #current(): Candidates {
    const { members, queued } = this.#around;
    this.#version = members.version;
    return new Candidates(members.list, { loads: queued });
  }

  choose(nowNs: number): number {
    if (this.#version !== this.#around.members.version) this.#candidates = this.#current();
    return this.#candidates.ids[this.#strategy.choose(this.#candidates, nowNs)];
  }

  sent(agent: number, nowNs: number): number {
    return this.#strategy.started(agent, nowNs);
  }

  done(agent: number, sentNs: number, load: number, outcome: Outcome, nowNs: number): void {
    this.#strategy.finished(agent, sentNs, load, Outcomes[outcome], nowNs);
  }

  rewarded(agent: number, reward: number, latencyNs: number, nowNs: number): void {
    this.#strategy.rewarded(agent, reward, nowNs - latencyNs, nowNs, nowNs);
  }
}

/** Requesters that live on one thread and share what they know of the paces of agents. */
export function learnedOnOneThread(): BalancerFactory {
  const paces = new WeakMap<Surroundings, Paces>();
  return (around, seed) => {
    if (!paces.has(around)) paces.set(around, new Paces());
    return new Ours(around, new LearnedStrategy({ seed, paces: paces.get(around) }));
  };
}

/** Requesters on threads of their own: each learns for itself. */
export function learnedOnThreads(): BalancerFactory {
  return (around, seed) => new Ours(around, new LearnedStrategy({ seed }));
}

export function loadBalanced(): BalancerFactory {
  return (around, seed) => new Ours(around, new LoadBalancedStrategy({ seed }));
}
