// SPDX-License-Identifier: MIT
//
// The default strategy: the agent from which a useful answer is expected soonest. Owned by one requester, on its thread.
//
//   cost = (load + 1) · pace / w
//
// load is what waits at the agent now (candidates.loads), pace the time it takes for one request (pace.ts), w the weight of the
// synapse to it (plasticity.ts). (load + 1) · pace is the expected delay; choosing the least of it is the rule "shortest
// expected delay". w is near 1 for an agent that answers always and as soon as it uses to; it falls with failures, silence and
// rewards below what the requester is used to, and with it falls the traffic.

import { seededRandom } from '../bus/random.js';
import { Directory } from './directory.js';
import { ExchangeColumns } from './exchange_columns.js';
import { Paces } from './pace.js';
import {
  depressed,
  eligibility,
  modulated,
  type Plasticity,
  plasticityDefaults,
  potentiated,
  relaxed,
} from './plasticity.js';
import { type Candidates, Outcome, type RoutingStrategy } from './strategy.js';

/** Where weights live when the strategy does not keep them itself: the synapses of the bus. */
export interface SynapseWeights {
  /** Undefined without a synapse: the weight is then that of rest. */
  weightOf(agent: number): number | undefined;
  setWeight(agent: number, weight: number): void;
}

export interface LearnedOptions {
  /** Same seed, same choices. Default 0. */
  readonly seed?: number;
  /** Share of choices that go to an agent drawn at random, so that one that has become better is found. Default 0.002. */
  readonly exploration?: number;
  readonly plasticity?: Partial<Plasticity>;
  readonly weights?: SynapseWeights;
  /** What the requesters of a thread share. Default: nothing is shared. */
  readonly paces?: Paces;
}

/** An agent that failed last and whose weight is below this is asked on trial only. */
const trialBelow = 0.3;
/** The wait for the first trial, in mean answer times of the requester. It doubles with every trial that fails. */
const firstTrialTaus = 60;
const longestTrialNs = 60e9;
/** Up to this many candidates all are looked at; of more, some from a random place and those that were best lately. */
const scanLimit = 128;
const sampleSize = 64;
const recentSize = 16;
/** A request in flight without progress for so many times what was expected makes its agent suspect. */
const suspicion = 4;
/** Answers that tau, rewards that the dopamine of an agent, and rewards that what the requester is used to are means of. */
const tauMemory = 20;
const dopamineMemory = 20;
const usualMemory = 50;
const never = Number.POSITIVE_INFINITY;
const noneTried: readonly number[] = [];

export class LearnedStrategy implements RoutingStrategy {
  readonly name = 'learned';
  readonly #random: () => number;
  readonly #exploration: number;
  readonly #rule: Plasticity;
  readonly #weights: SynapseWeights | undefined;
  readonly #paces: Paces;
  readonly #columns = new ExchangeColumns();
  readonly #directory = new Directory(this.#columns);
  readonly #recent = new Int32Array(recentSize).fill(-1);
  #recentNext = 0;
  #untilExploration: number;
  #lastSlot = -1;
  #lastLoad = 0;
  /** The earliest trial of any agent that is out. */
  #nextTrialNs = never;
  /** Mean time of an answer, of any agent. */
  #usualTauNs = 0;
  #usualReward = 0;
  #rewards = 0;

  constructor(options: LearnedOptions = {}) {
    this.#random = seededRandom(options.seed ?? 0);
    this.#exploration = options.exploration ?? 0.002;
    this.#rule = { ...plasticityDefaults, ...options.plasticity };
    this.#weights = options.weights;
    this.#paces = options.paces ?? new Paces();
    this.#untilExploration = this.#drawExploration();
  }

  choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    const slots = this.#directory.slotsOf(candidates);
    const count = slots.length;
    if (count === 0) return -1;
    const paceSlots = this.#paces.slotsOf(candidates);
    if (tried !== undefined) return this.#thorough(candidates, slots, paceSlots, nowNs, tried);
    if (nowNs >= this.#nextTrialNs) {
      const trial = this.#dueTrial(slots, nowNs);
      if (trial >= 0) return this.#chosen(candidates, slots, trial);
    }
    if (--this.#untilExploration <= 0) {
      this.#untilExploration = this.#drawExploration();
      const drawn = Math.floor(this.#random() * count);
      if (this.#columns.reluctance[slots[drawn]] !== never) return this.#chosen(candidates, slots, drawn);
    }
    const best = this.#least(candidates, slots, paceSlots);
    if (best < 0 || this.#isSuspect(candidates, slots, paceSlots, best, nowNs))
      return this.#thorough(candidates, slots, paceSlots, nowNs, noneTried);
    return this.#chosen(candidates, slots, best);
  }

  started(agent: number, nowNs: number): number {
    const slot = this.#directory.slotOf(agent);
    const { inFlight, progressNs } = this.#columns;
    const load = slot === this.#lastSlot ? this.#lastLoad : inFlight[slot];
    this.#lastSlot = -1;
    if (inFlight[slot]++ === 0) progressNs[slot] = nowNs;
    return load;
  }

  finished(agent: number, sentNs: number, load: number, outcome: Outcome, nowNs: number): void {
    const slot = this.#directory.slotOf(agent);
    const columns = this.#columns;
    if (columns.inFlight[slot] > 0) columns.inFlight[slot]--;
    columns.progressNs[slot] = nowNs;
    // Silence is a lower bound of the latency; an error says nothing about the time an answer takes.
    if (outcome !== Outcome.failed) this.#paces.observe(agent, nowNs - sentNs, load);
    const weight = relaxed(this.#weightOf(slot), nowNs - columns.learnedNs[slot], this.#rule);
    columns.learnedNs[slot] = nowNs;
    if (outcome === Outcome.answered) {
      this.#setWeight(slot, potentiated(weight, nowNs - sentNs, this.#adaptTau(slot, nowNs - sentNs), this.#rule));
      columns.strikes[slot] = 0;
    } else {
      this.#setWeight(slot, depressed(weight, this.#rule));
      this.#strike(slot, sentNs, nowNs);
    }
  }

  rewarded(agent: number, reward: number, sentNs: number, answeredNs: number, nowNs: number): void {
    const slot = this.#directory.slotOf(agent);
    const { dopamine, rewards, tauNs } = this.#columns;
    dopamine[slot] += (reward - dopamine[slot]) / Math.min(dopamineMemory, ++rewards[slot]);
    this.#usualReward += (reward - this.#usualReward) / Math.min(usualMemory, ++this.#rewards + 1);
    const surprise = dopamine[slot] - this.#usualReward;
    const trace = eligibility(answeredNs - sentNs, tauNs[slot], nowNs - answeredNs, this.#rule);
    this.#setWeight(slot, modulated(this.#weightOf(slot), surprise, trace, this.#rule));
  }

  forget(agent: number): void {
    this.#directory.release(agent);
    this.#paces.forget(agent);
    this.#lastSlot = -1;
  }

  /** What is known of an agent; for people and tests. */
  inspect(agent: number): { weight: number; paceNs: number; tauNs: number; inFlight: number } {
    const slot = this.#directory.slotOf(agent);
    return {
      weight: this.#weightOf(slot),
      paceNs: this.#paces.expectedOf(agent),
      tauNs: this.#columns.tauNs[slot],
      inFlight: this.#columns.inFlight[slot],
    };
  }

  /** The mean of the answer times of the agent, which is the time constant of its window. */
  #adaptTau(slot: number, dtNs: number): number {
    const { answers, tauNs } = this.#columns;
    tauNs[slot] += (Math.max(1, dtNs) - tauNs[slot]) / Math.min(tauMemory, ++answers[slot]);
    this.#usualTauNs += (dtNs - this.#usualTauNs) / (this.#usualTauNs === 0 ? 1 : tauMemory);
    return tauNs[slot];
  }

  #strike(slot: number, sentNs: number, nowNs: number): void {
    const { strikes, struckNs, trialNs } = this.#columns;
    // Requests that were under way together fail together: one strike.
    if (sentNs >= struckNs[slot]) {
      const waitNs = Math.max(this.#usualTauNs, nowNs - sentNs) * firstTrialTaus * 2 ** Math.min(20, strikes[slot]++);
      struckNs[slot] = nowNs;
      trialNs[slot] = nowNs + Math.min(longestTrialNs, waitNs);
    }
    this.#setReluctance(slot);
  }

  #weightOf(slot: number): number {
    if (this.#weights === undefined) return this.#columns.weight[slot] || this.#rule.rest;
    return this.#weights.weightOf(this.#directory.idOf(slot)) ?? this.#rule.rest;
  }

  #setWeight(slot: number, weight: number): void {
    this.#columns.weight[slot] = weight;
    this.#weights?.setWeight(this.#directory.idOf(slot), weight);
    this.#setReluctance(slot);
  }

  #setReluctance(slot: number): void {
    const { reluctance, strikes, trialNs } = this.#columns;
    const weight = this.#weightOf(slot);
    if (strikes[slot] > 0 && weight < trialBelow) {
      reluctance[slot] = never;
      this.#nextTrialNs = Math.min(this.#nextTrialNs, trialNs[slot]);
    } else {
      reluctance[slot] = 1 / weight;
    }
  }

  #chosen(candidates: Candidates, slots: Int32Array, position: number): number {
    this.#lastSlot = slots[position];
    this.#lastLoad = this.#loadAt(candidates, slots, position);
    return position;
  }

  #loadAt(candidates: Candidates, slots: Int32Array, position: number): number {
    const { loads } = candidates;
    return loads === undefined ? this.#columns.inFlight[slots[position]] : loads[candidates.loadAt[position]];
  }

  /**
   * The candidate with the least cost; -1 when all that were looked at are out. Begins anywhere, so that equals are drawn
   * evenly. Of very many, looks at some and at the best of the last choices: "Load balancing with memory" (Mitzenmacher,
   * Prabhakar and Shah 2002).
   */
  #least(candidates: Candidates, slots: Int32Array, paceSlots: Int32Array): number {
    const count = slots.length;
    const { inFlight, reluctance } = this.#columns;
    const { expectedNs } = this.#paces;
    const { loads, loadAt } = candidates;
    const sampled = count > scanLimit;
    const looks = sampled ? sampleSize + recentSize : count;
    let position = Math.floor(this.#random() * count);
    let best = -1;
    let bestCost = never;
    for (let look = 0; look < looks; look++) {
      if (sampled && look >= sampleSize) {
        position = this.#recent[look - sampleSize];
        if (position < 0 || position >= count) continue;
      }
      const slot = slots[position];
      const load = loads === undefined ? inFlight[slot] : loads[loadAt[position]];
      const cost = (load + 1) * expectedNs[paceSlots[position]] * reluctance[slot];
      if (cost < bestCost) {
        best = position;
        bestCost = cost;
      }
      if (++position === count) position = 0;
    }
    if (sampled) {
      this.#recent[this.#recentNext] = best;
      this.#recentNext = (this.#recentNext + 1) % recentSize;
    }
    return best;
  }

  /** Something of this requester is in flight there, and nothing has come back for far too long. */
  #isSuspect(
    candidates: Candidates,
    slots: Int32Array,
    paceSlots: Int32Array,
    position: number,
    nowNs: number,
  ): boolean {
    const slot = slots[position];
    const { answers, inFlight, progressNs } = this.#columns;
    if (inFlight[slot] === 0 || answers[slot] === 0) return false;
    const load = Math.max(1, this.#loadAt(candidates, slots, position));
    return nowNs - progressNs[slot] > suspicion * load * this.#paces.expectedNs[paceSlots[position]];
  }

  /**
   * With what the quick look leaves out: a suspect is thought to be as slow as it has let us wait; if all are out, the least
   * bad of them. -1 when all were tried.
   */
  #thorough(
    candidates: Candidates,
    slots: Int32Array,
    paceSlots: Int32Array,
    nowNs: number,
    tried: readonly number[],
  ): number {
    const { progressNs, reluctance } = this.#columns;
    const { expectedNs } = this.#paces;
    const count = slots.length;
    const offset = Math.floor(this.#random() * count);
    let best = -1;
    let bestCost = never;
    let bestIsOut = true;
    for (let i = 0; i < count; i++) {
      const position = (offset + i) % count;
      if (tried.includes(position)) continue;
      const slot = slots[position];
      const load = this.#loadAt(candidates, slots, position);
      const isOut = reluctance[slot] === never;
      let paceNs = expectedNs[paceSlots[position]];
      if (this.#isSuspect(candidates, slots, paceSlots, position, nowNs))
        paceNs = (nowNs - progressNs[slot]) / Math.max(1, load);
      const cost = ((load + 1) * paceNs) / this.#weightOf(slot);
      if (isOut === bestIsOut ? cost < bestCost : bestIsOut) {
        best = position;
        bestCost = cost;
        bestIsOut = isOut;
      }
    }
    return best < 0 ? -1 : this.#chosen(candidates, slots, best);
  }

  /** A candidate that is out and whose trial is due. Its next trial moves on, so that there is one at a time. */
  #dueTrial(slots: Int32Array, nowNs: number): number {
    const { reluctance, trialNs } = this.#columns;
    const waitNs = Math.min(longestTrialNs, this.#usualTauNs * firstTrialTaus + 1);
    let due = -1;
    let next = never;
    for (let slot = 0; slot < this.#directory.used; slot++) {
      if (reluctance[slot] !== never) continue;
      if (due < 0 && trialNs[slot] <= nowNs) {
        due = slots.indexOf(slot);
        if (due >= 0) trialNs[slot] = nowNs + waitNs;
      }
      // One whose trial is due, but that is no candidate here, does not make every choice look again.
      next = Math.min(next, trialNs[slot] <= nowNs ? nowNs + waitNs : trialNs[slot]);
    }
    this.#nextTrialNs = next;
    return due;
  }

  #drawExploration(): number {
    if (this.#exploration <= 0) return never;
    return Math.max(1, Math.ceil(-Math.log(1 - this.#random()) / this.#exploration));
  }
}
