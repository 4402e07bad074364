// SPDX-License-Identifier: MIT
//
// The default strategy: the agent from which a useful answer is expected soonest. Owned by one requester, for one kind of
// request, on its thread.
//
//   cost = (load + 1) · pace / w
//
// load is what waits at the agent now (candidates.loads), pace the time it takes for one request (pace.ts), w the weight of the
// synapse to it (plasticity.ts). (load + 1) · pace is the expected delay; choosing the least of it is the rule "shortest
// expected delay". w is near 1 for an agent that answers always and as soon as it uses to; it falls with failures, silence and
// rewards below what the requester is used to, and with it falls the traffic.

import { invalidArgument } from '../memory/errors.js';
import { seededRandom } from '../memory/random.js';
import { Directory } from './directory.js';
import { ExchangeColumns, OwnWeights, type SynapseWeights } from './exchange_columns.js';
import { Paces } from './pace.js';
import {
  depressed,
  eligibility,
  modulated,
  type Plasticity,
  plasticityOf,
  potentiated,
  relaxed,
} from './plasticity.js';
import { type Candidates, type Knowledge, Outcome, type RoutingStrategy } from './strategy.js';

export interface LearnedOptions {
  /** Same seed, same choices. Default 0. */
  readonly seed?: number;
  /** Share of choices that go to an agent drawn at random, so that one that has become better is found. Default 0.002. */
  readonly exploration?: number;
  readonly plasticity?: Partial<Plasticity>;
  readonly weights?: SynapseWeights;
  /** What the requesters of a thread that ask for the same share. Default: nothing is shared. */
  readonly paces?: Paces;
}

/** An agent that failed last and whose weight is below this is asked on trial only. */
const trialBelow = 0.3;
/**
 * The wait for the first trial: so many mean answer times of the requester, and so many times what the failure took, so that
 * trials cost a bounded share of time. It doubles with every trial that fails.
 */
const firstTrialTaus = 60;
const firstTrialFailures = 10;
const longestTrialNs = 60e9;
/** Up to this many candidates all are looked at; of more, some from a random place and those that were best lately. */
const scanLimit = 128;
const sampleSize = 64;
const recentSize = 16;
/** Answers that tau, rewards that the dopamine of an agent, and rewards that what the requester is used to are means of. */
const tauMemory = 20;
const dopamineMemory = 20;
const usualMemory = 50;
const never = Number.POSITIVE_INFINITY;
const noneTried: readonly number[] = [];

export class LearnedStrategy implements RoutingStrategy, Knowledge {
  readonly name: string = 'learned';
  readonly mayRefuse: boolean = false;
  readonly #random: () => number;
  readonly #explorationRate: number;
  readonly #rule: Plasticity;
  readonly #weights: SynapseWeights;
  readonly #paces: Paces;
  readonly #columns: ExchangeColumns;
  readonly #directory: Directory;
  readonly #recent = new Int32Array(recentSize);
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

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT */
  constructor(options: LearnedOptions = {}) {
    this.#random = seededRandom(options.seed ?? 0);
    this.#explorationRate = explorationRate(options.exploration);
    this.#rule = plasticityOf(options.plasticity ?? {});
    this.#weights = options.weights ?? new OwnWeights();
    this.#columns = new ExchangeColumns(this.#weights);
    this.#directory = new Directory(this.#columns);
    this.#paces = options.paces ?? new Paces();
    this.#untilExploration = this.#drawExploration();
  }

  choose(candidates: Candidates, nowNs: number, tried?: readonly number[]): number {
    const slots = this.#directory.slotsOf(candidates);
    if (slots.length === 0) return -1;
    if (tried !== undefined) return this.taken(candidates, this.#leastOfRest(candidates, tried));
    let position = this.trial(candidates, nowNs);
    if (position < 0) position = this.#explored(slots);
    if (position < 0) position = this.#least(candidates, slots, this.#paces.slotsOf(candidates));
    if (position < 0) position = this.#leastOfRest(candidates, noneTried);
    return this.taken(candidates, position);
  }

  refusal(_nowNs: number): string {
    return 'nobody is left';
  }

  started(agent: number, _nowNs: number): number {
    const slot = this.#directory.slotOf(agent);
    const { inFlight } = this.#columns;
    const load = slot === this.#lastSlot ? this.#lastLoad : inFlight[slot];
    this.#lastSlot = -1;
    inFlight[slot]++;
    return load;
  }

  finished(agent: number, sentNs: number, load: number, outcome: Outcome, nowNs: number): void {
    const slot = this.#directory.slotOf(agent);
    const columns = this.#columns;
    if (columns.inFlight[slot] > 0) columns.inFlight[slot]--;
    if (outcome === Outcome.abandoned) return;
    // Silence is a lower bound of the latency; an error says nothing about the time an answer takes.
    if (outcome !== Outcome.failed) this.#paces.observe(agent, nowNs - sentNs, load);
    const idleNs = columns.learnedNs[slot] === 0 ? 0 : nowNs - columns.learnedNs[slot];
    let weight = relaxed(this.#weightOf(slot), idleNs, this.#rule);
    columns.learnedNs[slot] = nowNs;
    if (outcome === Outcome.answered) {
      const dtNs = nowNs - sentNs;
      // A trial that went well takes the agent back in.
      if (columns.reluctance[slot] === never) weight = Math.max(weight, this.#rule.rest);
      columns.strikes[slot] = 0;
      this.#setWeight(slot, potentiated(weight, dtNs, this.#adaptTau(slot, dtNs), this.#rule));
    } else {
      this.#strike(slot, sentNs, nowNs);
      this.#setWeight(slot, depressed(weight, this.#rule));
    }
  }

  rewarded(agent: number, reward: number, sentNs: number, answeredNs: number, nowNs: number): void {
    if (!(reward >= -1 && reward <= 1)) throw invalidArgument('reward', reward, 'from -1 to 1');
    const slot = this.#directory.slotOf(agent);
    const { dopamine, rewards, tauNs } = this.#columns;
    // The agent was forgotten meanwhile.
    if (tauNs[slot] === 0) return;
    dopamine[slot] += (reward - dopamine[slot]) / Math.min(dopamineMemory, ++rewards[slot]);
    this.#usualReward += (reward - this.#usualReward) / Math.min(usualMemory, ++this.#rewards + 1);
    const surprise = dopamine[slot] - this.#usualReward;
    const trace = eligibility(answeredNs - sentNs, tauNs[slot], nowNs - answeredNs, this.#rule);
    this.#setWeight(slot, modulated(this.#weightOf(slot), surprise, trace, this.#rule));
  }

  forget(agent: number): void {
    this.#directory.release(agent);
    this.#weights.forget?.(agent);
    this.#paces.forget(agent);
    this.#lastSlot = -1;
  }

  load(candidates: Candidates, position: number): number {
    return this.#loadAt(candidates, this.#directory.slotsOf(candidates), position);
  }

  weight(candidates: Candidates, position: number): number {
    return this.#weightOf(this.#slotAt(candidates, position));
  }

  delayNs(candidates: Candidates, position: number): number {
    return (this.load(candidates, position) + 1) * this.#paces.expectedAt(candidates, position);
  }

  answerTimeNs(candidates: Candidates, position: number): number {
    const slot = this.#slotAt(candidates, position);
    return this.#columns.tauNs[slot];
  }

  isOut(candidates: Candidates, position: number): boolean {
    const slot = this.#slotAt(candidates, position);
    return this.#columns.reluctance[slot] === never;
  }

  /** Before columns are read: a new agent may make them grow. */
  #slotAt(candidates: Candidates, position: number): number {
    return this.#directory.slotsOf(candidates)[position];
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
    if (sentNs < struckNs[slot]) return;
    const firstNs = Math.max(this.#usualTauNs * firstTrialTaus, (nowNs - sentNs) * firstTrialFailures);
    struckNs[slot] = nowNs;
    trialNs[slot] = nowNs + Math.min(longestTrialNs, firstNs * 2 ** Math.min(20, strikes[slot]++));
  }

  #weightOf(slot: number): number {
    return this.#weights.weightOf(this.#directory.idOf(slot)) ?? this.#rule.rest;
  }

  #setWeight(slot: number, weight: number): void {
    const { reluctance, strikes, trialNs } = this.#columns;
    this.#weights.setWeight(this.#directory.idOf(slot), weight);
    if (strikes[slot] > 0 && weight < trialBelow) {
      reluctance[slot] = never;
      this.#nextTrialNs = Math.min(this.#nextTrialNs, trialNs[slot]);
    } else {
      reluctance[slot] = 1 / weight;
    }
  }

  /** For rules of their own: a candidate that is out and is to be tried now, or -1. */
  protected trial(candidates: Candidates, nowNs: number): number {
    return nowNs >= this.#nextTrialNs ? this.#dueTrial(this.#directory.slotsOf(candidates), nowNs) : -1;
  }

  /** For rules of their own: what to say instead of -1 when all that were not tried are out. */
  protected leastBad(candidates: Candidates, tried: readonly number[] = noneTried): number {
    return this.#leastOfRest(candidates, tried);
  }

  /** For rules of their own: every choice goes through this, which keeps the load that the request will meet. */
  protected taken(candidates: Candidates, position: number): number {
    if (position < 0) return -1;
    const slots = this.#directory.slotsOf(candidates);
    this.#lastSlot = slots[position];
    this.#lastLoad = this.#loadAt(candidates, slots, position);
    return position;
  }

  #loadAt(candidates: Candidates, slots: Int32Array, position: number): number {
    const { loads, loadAt } = candidates;
    const own = this.#columns.inFlight[slots[position]];
    return loads === undefined ? own : Math.max(own, loads[loadAt[position]]);
  }

  /** Now and then a candidate drawn at random, unless it is out; otherwise -1. */
  #explored(slots: Int32Array): number {
    if (--this.#untilExploration > 0) return -1;
    this.#untilExploration = this.#drawExploration();
    const position = Math.floor(this.#random() * slots.length);
    return this.#columns.reluctance[slots[position]] === never ? -1 : position;
  }

  /**
   * The candidate with the least cost; -1 when all that were looked at are out. Begins anywhere, so that equals are drawn
   * evenly. Of very many, looks at some and at the best of the last choices: "Load balancing with memory" (Mitzenmacher,
   * Prabhakar and Shah 2002).
   */
  #least(candidates: Candidates, slots: Int32Array, paceSlots: Int32Array): number {
    const count = slots.length;
    const first = Math.floor(this.#random() * count);
    if (count <= scanLimit) {
      const best = this.#leastIn(candidates, slots, paceSlots, first, count, -1);
      return this.#leastIn(candidates, slots, paceSlots, 0, first, best);
    }
    const end = Math.min(count, first + sampleSize);
    let best = this.#leastIn(candidates, slots, paceSlots, first, end, -1);
    best = this.#leastIn(candidates, slots, paceSlots, 0, first + sampleSize - end, best);
    best = this.#leastOfRecent(candidates, slots, paceSlots, best);
    if (best >= 0) this.#recent[this.#recentNext] = best;
    this.#recentNext = (this.#recentNext + 1) % recentSize;
    return best;
  }

  /** The candidate of least cost from `from` to before `to`, or `best` if none of them is better. */
  #leastIn(
    candidates: Candidates,
    slots: Int32Array,
    paceSlots: Int32Array,
    from: number,
    to: number,
    best: number,
  ): number {
    const { inFlight, reluctance } = this.#columns;
    const { expectedNs } = this.#paces;
    const { loads, loadAt } = candidates;
    let least = best < 0 ? never : this.#cost(candidates, slots, paceSlots, best);
    for (let position = from; position < to; position++) {
      const slot = slots[position];
      const expected = expectedNs[paceSlots[position]];
      // Who would not be better with nothing to do need not be asked for a load, which is far away in memory.
      if (expected * reluctance[slot] >= least) continue;
      const load = loads === undefined ? inFlight[slot] : Math.max(inFlight[slot], loads[loadAt[position]]);
      const cost = (load + 1) * expected * reluctance[slot];
      if (cost < least) {
        best = position;
        least = cost;
      }
    }
    return best;
  }

  /** The same of the best of the last choices. */
  #leastOfRecent(candidates: Candidates, slots: Int32Array, paceSlots: Int32Array, best: number): number {
    let least = best < 0 ? never : this.#cost(candidates, slots, paceSlots, best);
    for (let i = 0; i < recentSize; i++) {
      const position = this.#recent[i];
      if (position >= slots.length) continue;
      const cost = this.#cost(candidates, slots, paceSlots, position);
      if (cost < least) {
        best = position;
        least = cost;
      }
    }
    return best;
  }

  #cost(candidates: Candidates, slots: Int32Array, paceSlots: Int32Array, position: number): number {
    const load = this.#loadAt(candidates, slots, position);
    return (
      (load + 1) * this.#paces.expectedNs[paceSlots[position]] * this.#columns.reluctance[slots[position]]
    );
  }

  /** The best of all that were not tried; if these are all out, the least bad one. -1 when all were tried. */
  #leastOfRest(candidates: Candidates, tried: readonly number[]): number {
    let best = -1;
    let bestCost = never;
    let bestIsOut = true;
    const count = candidates.ids.length;
    const first = Math.floor(this.#random() * count);
    for (let i = 0; i < count; i++) {
      const position = (first + i) % count;
      if (tried.includes(position)) continue;
      const isOut = this.isOut(candidates, position);
      const cost = this.delayNs(candidates, position) / this.weight(candidates, position);
      if (isOut === bestIsOut ? cost < bestCost : bestIsOut) {
        best = position;
        bestCost = cost;
        bestIsOut = isOut;
      }
    }
    return best;
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
      next = Math.min(next, trialNs[slot] <= nowNs ? nowNs + waitNs / firstTrialTaus : trialNs[slot]);
    }
    this.#nextTrialNs = next;
    return due;
  }

  #drawExploration(): number {
    if (this.#explorationRate === 0) return never;
    return Math.max(1, Math.ceil(-Math.log(1 - this.#random()) / this.#explorationRate));
  }
}

/** Of the exponential variate that, rounded up, says after how many choices one explores a `share` of them. */
function explorationRate(share: number | undefined): number {
  if (share === undefined) return 0.002;
  if (!(typeof share === 'number' && share >= 0 && share <= 1))
    throw invalidArgument('exploration', share, 'a number from 0 to 1');
  return -Math.log1p(-share);
}
