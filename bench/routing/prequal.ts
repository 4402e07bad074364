// SPDX-License-Identifier: MIT
//
// Prequal with asynchronous probes, from Wydrowski, Kleinberg, Rumble and Archer: Load is not what you should balance:
// Introducing Prequal, NSDI 2024 (arXiv:2312.10172), section 4. One object for each requester.
//
// Each request sends `probeRate` probes to agents drawn without replacement; the answers go into a pool and are used by later
// requests. Here an answer comes at once: on one machine a probe costs microseconds. The choice is hot-cold lexicographic: a
// probe is hot when its requests in flight are above a quantile of those seen lately; of the cold ones the lowest latency is
// taken, if all are hot the fewest in flight. Using a probe counts one more in flight into it. Probes leave the pool when
// it is full (the oldest), after a second, after `reuse` uses, and `removeRate` a request, the worst and the oldest in turns.
//
// The paper's pool (16) is small against its fleet; with as few agents as here its formula for the number of uses has no
// solution, so the pool is at most half of the agents. The paper names a heuristic against agents that fail fast but does
// not give it; here an error is reported to the server side as it is, and the agent is shunned like one whose probe is lost:
// its probes are discarded and ignored for a second.
//
// The synchronous mode of the paper asks first and chooses among the answers to a request's own probes; it suits a machine on
// which probes are nearly free.

import { seededRandom } from '../../lib/memory/random.js';
import type { Balancer, BalancerFactory, Outcome, Surroundings } from './balancer.js';

const poolLimit = 16;
const probeRate = 3;
const syncProbes = 5;
const removeRate = 1;
/** 2^-0.25 */
const hotQuantile = 0.84;
const maxAgeNs = 1e9;
const surplus = 1;
/** Requests in flight that the quantile is taken of: the last this many probe answers. */
const seenLimit = 128;
const histogramSize = 1024;

interface PooledProbe {
  readonly agent: number;
  readonly atNs: number;
  readonly latencyNs: number;
  inFlight: number;
  usesLeft: number;
}

class Prequal implements Balancer {
  readonly #around: Surroundings;
  readonly #random: () => number;
  readonly #pool: PooledProbe[] = [];
  readonly #seen: number[] = [];
  /** How often each number is among the seen. */
  readonly #histogram = new Int32Array(histogramSize);
  readonly #shunnedUntilNs: Float64Array;
  #removeWorst = false;

  readonly #synchronous: boolean;

  constructor(around: Surroundings, seed: number, synchronous: boolean) {
    this.#around = around;
    this.#random = seededRandom(seed);
    this.#synchronous = synchronous;
    this.#shunnedUntilNs = new Float64Array(around.size);
  }

  choose(nowNs: number): number {
    if (this.#synchronous) {
      this.#pool.length = 0;
      this.#probeSome(nowNs, syncProbes, syncProbes);
      return this.#select();
    }
    this.#expire(nowNs);
    const chosen = this.#select();
    this.#remove();
    const members = this.#around.members.list.length;
    this.#probeSome(nowNs, probeRate, Math.max(2, Math.min(poolLimit, members >> 1)));
    return chosen;
  }

  sent(): number {
    return 0;
  }

  done(agent: number, _sentNs: number, _ticket: number, outcome: Outcome, nowNs: number): void {
    if (outcome === 'answered') return;
    this.#shunnedUntilNs[agent] = nowNs + maxAgeNs;
    this.#discard((probe) => probe.agent === agent);
  }

  #expire(nowNs: number): void {
    const { list } = this.#around.members;
    this.#discard((probe) => nowNs - probe.atNs > maxAgeNs || !list.includes(probe.agent));
  }

  #select(): number {
    const { list } = this.#around.members;
    if (this.#pool.length < 2) return list[Math.floor(this.#random() * list.length)];
    const limit = this.#hotAbove();
    const cold = this.#pool.filter((probe) => probe.inFlight <= limit);
    const best =
      cold.length > 0
        ? cold.reduce((a, b) => (b.latencyNs < a.latencyNs ? b : a))
        : this.#pool.reduce((a, b) => (b.inFlight < a.inFlight ? b : a));
    best.inFlight++;
    if (--best.usesLeft <= 0) this.#pool.splice(this.#pool.indexOf(best), 1);
    return best.agent;
  }

  #hotAbove(): number {
    let left = Math.floor(hotQuantile * (this.#seen.length - 1));
    let inFlight = 0;
    while (left >= this.#histogram[inFlight]) left -= this.#histogram[inFlight++];
    return inFlight;
  }

  #see(inFlight: number): void {
    const value = Math.min(histogramSize - 1, inFlight);
    this.#seen.push(value);
    this.#histogram[value]++;
    if (this.#seen.length > seenLimit) this.#histogram[this.#seen.shift() as number]--;
  }

  /** The worst: of the hot ones the most in flight; without hot ones the highest latency. */
  #remove(): void {
    for (let i = 0; i < removeRate && this.#pool.length > 0; i++) {
      this.#removeWorst = !this.#removeWorst;
      if (!this.#removeWorst) {
        this.#pool.shift();
        continue;
      }
      const limit = this.#hotAbove();
      const hot = this.#pool.filter((probe) => probe.inFlight > limit);
      const worst =
        hot.length > 0
          ? hot.reduce((a, b) => (b.inFlight > a.inFlight ? b : a))
          : this.#pool.reduce((a, b) => (b.latencyNs > a.latencyNs ? b : a));
      this.#pool.splice(this.#pool.indexOf(worst), 1);
    }
  }

  #probeSome(nowNs: number, probes: number, size: number): void {
    const { list } = this.#around.members;
    for (const agent of this.#draw(list, Math.min(probes, list.length))) {
      if (this.#shunnedUntilNs[agent] > nowNs) continue;
      const { inFlight, latencyNs } = this.#around.probe(agent);
      this.#see(inFlight);
      this.#discard((probe) => probe.agent === agent);
      if (this.#pool.length >= size) this.#pool.shift();
      this.#pool.push({ agent, atNs: nowNs, inFlight, latencyNs, usesLeft: this.#uses(size, list.length) });
    }
  }

  /** max(1, (1 + surplus) / ((1 - pool / agents) probeRate - removeRate)), rounded up or down at random to that mean. */
  #uses(pool: number, agents: number): number {
    const net = (1 - pool / agents) * probeRate - removeRate;
    const uses = net > 0 ? Math.max(1, (1 + surplus) / net) : Number.POSITIVE_INFINITY;
    if (uses === Number.POSITIVE_INFINITY) return uses;
    return Math.floor(uses) + (this.#random() < uses % 1 ? 1 : 0);
  }

  #draw(list: readonly number[], count: number): number[] {
    const drawn: number[] = [];
    while (drawn.length < count) {
      const agent = list[Math.floor(this.#random() * list.length)];
      if (!drawn.includes(agent)) drawn.push(agent);
    }
    return drawn;
  }

  #discard(which: (probe: PooledProbe) => boolean): void {
    for (let i = this.#pool.length - 1; i >= 0; i--) if (which(this.#pool[i])) this.#pool.splice(i, 1);
  }
}

export const prequal: BalancerFactory = (around, seed) => new Prequal(around, seed, false);
export const prequalSynchronous: BalancerFactory = (around, seed) => new Prequal(around, seed, true);
