// SPDX-License-Identifier: MIT
//
// The strategies of lib/routing as balancers of the simulator. One object for each requester.

import { LearnedStrategy } from '../../lib/routing/learned.js';
import { Paces } from '../../lib/routing/pace.js';
import { Candidates, Outcome as Outcomes, type RoutingStrategy } from '../../lib/routing/strategy.js';
import type { Balancer, BalancerFactory, Outcome, Surroundings } from './balancer.js';

class Ours implements Balancer {
  readonly #around: Surroundings;
  readonly #strategy: RoutingStrategy;
  readonly #shared: boolean;
  #candidates: Candidates;
  #version = 0;

  constructor(around: Surroundings, strategy: RoutingStrategy, shared: boolean) {
    this.#around = around;
    this.#strategy = strategy;
    this.#shared = shared;
    this.#candidates = this.#current();
  }

  #current(): Candidates {
    const { members, queued } = this.#around;
    this.#version = members.version;
    return new Candidates(members.list, this.#shared ? { loads: queued } : {});
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

/** `shared`: whether the load of an agent can be read, as between agents of one machine. */
export function ours(make: (seed: number) => RoutingStrategy, shared = true): BalancerFactory {
  return (around, seed) => new Ours(around, make(seed), shared);
}

/** Learned routing of requesters that live on one thread and share what they know of the paces of agents. */
export function learnedOnOneThread(): BalancerFactory {
  const paces = new WeakMap<Surroundings, Paces>();
  return (around, seed) => {
    if (!paces.has(around)) paces.set(around, new Paces());
    return new Ours(around, new LearnedStrategy({ seed, paces: paces.get(around) }), true);
  };
}
