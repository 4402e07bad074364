// SPDX-License-Identifier: MIT
//
// When the output of a network is clear: agreement among neurons, confidence in a class. Exact in simulated time: the spikes are
// gone through step by step, so that the verdict does not depend on when anybody looks. Pure, any thread.

import { checkKeys } from '../memory/errors.js';
import { Classes } from './classes.js';
import { checkSpikes } from './decoders.js';
import type { Spikes } from './recording.js';
import { checkInteger, checkNumber, NOT_NEGATIVE, POSITIVE } from './validation.js';

/** What output neurons say at a moment. */
export interface Consensus {
  readonly class: number;
  /** Share of the active neurons that are of this class, 0 to 1. */
  readonly agreement: number;
  /** Neurons that have a class and fired within the window. */
  readonly active: number;
  /** The moment, ms from the beginning of the input. */
  readonly timeMs: number;
}

/** What output spikes say at a moment. */
export interface Decision {
  readonly class: number;
  /** Posterior share of this class, 0 to 1. */
  readonly confidence: number;
  /** Spikes of neurons that have a class, within the window. */
  readonly spikes: number;
  /** The moment, ms from the beginning of the input. */
  readonly timeMs: number;
}

export interface ConsensusOptions {
  /** Only spikes of the last so many ms count. Default: all since the beginning of the input. */
  windowMs?: number;
  /** So many neurons must be active. Default 1. */
  quorum?: number;
}

export interface DecisionOptions {
  /** Only spikes of the last so many ms count. Default: all since the beginning of the input. */
  windowMs?: number;
  /** Weight of having seen nothing, in spikes spread evenly over the classes: 0 trusts the first spike. Default 1. */
  doubtSpikes?: number;
}

/** Spikes of a sliding window by class. */
class Tally {
  readonly classes: Classes;
  /** Spikes of each class. */
  readonly spikes: Float64Array;
  /** Neurons of each class that fired. */
  readonly voters: Uint32Array;
  total = 0;
  active = 0;
  readonly #byNeuron: Uint32Array;
  readonly #windowMs: number;
  #neurons: number[] = [];
  #timesMs: number[] = [];
  #oldest = 0;

  constructor(classes: Classes, windowMs: number) {
    this.classes = classes;
    this.#windowMs = windowMs;
    this.spikes = new Float64Array(classes.count);
    this.voters = new Uint32Array(classes.count);
    this.#byNeuron = new Uint32Array(classes.of.length);
  }

  clear(): void {
    this.spikes.fill(0);
    this.voters.fill(0);
    this.#byNeuron.fill(0);
    this.total = 0;
    this.active = 0;
    this.#neurons = [];
    this.#timesMs = [];
    this.#oldest = 0;
  }

  add(neuron: number, timeMs: number): void {
    const group = this.classes.of[neuron];
    if (group < 0) return;
    this.spikes[group]++;
    this.total++;
    if (this.#byNeuron[neuron]++ === 0) {
      this.voters[group]++;
      this.active++;
    }
    if (this.#windowMs === Number.POSITIVE_INFINITY) return;
    this.#neurons.push(neuron);
    this.#timesMs.push(timeMs);
  }

  /** The window is (timeMs - windowMs, timeMs] now. */
  moveTo(timeMs: number): void {
    while (this.#oldest < this.#timesMs.length && this.#timesMs[this.#oldest] <= timeMs - this.#windowMs) {
      const neuron = this.#neurons[this.#oldest++];
      const group = this.classes.of[neuron];
      this.spikes[group]--;
      this.total--;
      if (--this.#byNeuron[neuron] === 0) {
        this.voters[group]--;
        this.active--;
      }
    }
    if (this.#oldest < 4096 || this.#oldest * 2 < this.#timesMs.length) return;
    this.#neurons = this.#neurons.slice(this.#oldest);
    this.#timesMs = this.#timesMs.slice(this.#oldest);
    this.#oldest = 0;
  }
}

/** Index of the only greatest value; -1: there are two, or none above 0. */
function leader(values: ArrayLike<number>): number {
  let best = -1;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] > most) [best, most] = [i, values[i]];
    else if (values[i] === most) best = -1;
  }
  return best;
}

/** @internal Listens to output spikes, input after input, until its criterion holds. */
export abstract class Judge<Verdict> {
  /** The furthest that it got. */
  best: Verdict | undefined;
  protected readonly tally: Tally;

  constructor(classes: Classes, windowMs: number | undefined) {
    const given =
      windowMs === undefined ? Number.POSITIVE_INFINITY : checkNumber('windowMs', windowMs, POSITIVE);
    this.tally = new Tally(classes, given);
  }

  /** Another input begins: what was heard does not count any more. */
  begin(): void {
    this.tally.clear();
  }

  /** Further spikes, in order of time. The first verdict that is good enough, if there is one. */
  hear({ neuron, timeMs }: Spikes): Verdict | undefined {
    for (let i = 0; i < neuron.length; ) {
      const now = timeMs[i];
      this.tally.moveTo(now);
      for (; i < neuron.length && timeMs[i] === now; i++) this.tally.add(neuron[i], now);
      const verdict = this.verdict(now);
      if (verdict === undefined) continue;
      if (this.best === undefined || this.measure(verdict) > this.measure(this.best)) this.best = verdict;
      if (this.reached(verdict)) return verdict;
    }
    return undefined;
  }

  /** What there is to say now; undefined: nothing, or two classes lead. */
  protected abstract verdict(timeMs: number): Verdict | undefined;
  protected abstract measure(verdict: Verdict): number;
  protected abstract reached(verdict: Verdict): boolean;
  /** How far it got, for people. */
  abstract describe(): string;
}

const CONSENSUS_KEYS: ReadonlySet<string> = new Set(['windowMs', 'quorum']);
const DECISION_KEYS: ReadonlySet<string> = new Set(['windowMs', 'doubtSpikes']);
/** A share of 0.8 is reached by 4 of 5, whatever rounding makes of both. */
const ROUNDING = 1e-12;

/** @internal */
export class ConsensusJudge extends Judge<Consensus> {
  readonly #agreement: number;
  readonly #quorum: number;

  constructor(classes: Classes, agreement: number, options: ConsensusOptions) {
    checkKeys('options', options, CONSENSUS_KEYS);
    super(classes, options.windowMs);
    this.#agreement = checkNumber('agreement', agreement, { above: 0, max: 1 });
    this.#quorum = checkInteger('quorum', options.quorum ?? 1, 1, classes.of.length);
  }

  protected verdict(timeMs: number): Consensus | undefined {
    const { voters, active } = this.tally;
    const group = leader(voters);
    if (group < 0) return undefined;
    return { class: group, agreement: voters[group] / active, active, timeMs };
  }

  // Without a quorum there is no agreement to speak of, but more voters are further than fewer.
  protected measure({ agreement, active }: Consensus): number {
    return active >= this.#quorum ? 1 + agreement : active / this.#quorum;
  }

  protected reached({ agreement, active }: Consensus): boolean {
    return active >= this.#quorum && agreement >= this.#agreement - ROUNDING;
  }

  describe(): string {
    const wanted = `an agreement of ${this.#agreement}`;
    if (this.best === undefined) return `${wanted} was wanted, but no class was ahead`;
    const { agreement, active, timeMs, class: group } = this.best;
    const few = active < this.#quorum ? ` of a quorum of ${this.#quorum}` : '';
    const voters = `${Math.round(agreement * active)} of ${active} active neurons${few}`;
    return `${wanted} was wanted, and ${agreement.toFixed(3)} reached (class ${group}, ${voters}, at ${timeMs} ms)`;
  }
}

/** @internal */
export class DecisionJudge extends Judge<Decision> {
  readonly #confidence: number;
  readonly #doubt: number;

  constructor(classes: Classes, confidence: number, options: DecisionOptions) {
    checkKeys('options', options, DECISION_KEYS);
    super(classes, options.windowMs);
    this.#confidence = checkNumber('confidence', confidence, { above: 0, max: 1 });
    this.#doubt = checkNumber('doubtSpikes', options.doubtSpikes ?? 1, NOT_NEGATIVE);
  }

  protected verdict(timeMs: number): Decision | undefined {
    const { spikes, total, classes } = this.tally;
    const shares = classes.shares(spikes);
    if (shares === undefined) return undefined;
    const group = leader(shares);
    if (group < 0) return undefined;
    const confidence = (total * shares[group] + this.#doubt / classes.inhabited) / (total + this.#doubt);
    return { class: group, confidence, spikes: total, timeMs };
  }

  protected measure({ confidence }: Decision): number {
    return confidence;
  }

  protected reached({ confidence }: Decision): boolean {
    return confidence >= this.#confidence - ROUNDING;
  }

  describe(): string {
    const wanted = `a confidence of ${this.#confidence}`;
    if (this.best === undefined) return `${wanted} was wanted, but no class was ahead`;
    const { confidence, spikes, timeMs, class: group } = this.best;
    return `${wanted} was wanted, and ${confidence.toFixed(3)} reached (class ${group}, ${spikes} spikes, at ${timeMs} ms)`;
  }
}

/**
 * When the output population first agreed on a class. At the time t of a spike, with V_c the number of neurons of class c that
 * fired at least once in (t - windowMs, t] (one neuron, one vote, however often it fires),
 *
 *     agreement(t) = max_c V_c / sum_c V_c
 *
 * and there is a consensus when that is at least `agreement`, at least `quorum` neurons voted, and one class alone is ahead. All
 * spikes of one moment count together. Neurons of class -1 have no vote.
 *
 * @param classes the class of each neuron, from 0; -1: none.
 * @param agreement above 0, at most 1.
 * @returns undefined: never.
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function findConsensus(
  spikes: Spikes,
  classes: ArrayLike<number>,
  agreement: number,
  options: ConsensusOptions = {},
): Consensus | undefined {
  const groups = new Classes(classes);
  const judge = new ConsensusJudge(groups, agreement, options);
  return judge.hear(inOrder(checkSpikes(spikes, groups.of.length)));
}

/**
 * When the spikes first spoke for one class clearly enough. At the time t of a spike, with N spikes in (t - windowMs, t], r_c the
 * mean number of them for a neuron of class c, C classes and d = `doubtSpikes`,
 *
 *     confidence(t) = max_c (N r_c / sum_k r_k + d / C) / (N + d)
 *
 * the posterior mean of the share of class c under a symmetric Dirichlet prior that is worth d spikes (Gelman et al. 2013, Bayesian
 * Data Analysis, section 3.4); with d = 0 the plain share. Means, so that a class of more neurons has no advantage. All spikes of
 * one moment count together; there is no decision while two classes are equally far ahead. Neurons of class -1 do not count.
 *
 * @param classes the class of each neuron, from 0; -1: none.
 * @param confidence above 0, at most 1.
 * @returns undefined: never.
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function findDecision(
  spikes: Spikes,
  classes: ArrayLike<number>,
  confidence: number,
  options: DecisionOptions = {},
): Decision | undefined {
  const groups = new Classes(classes);
  const judge = new DecisionJudge(groups, confidence, options);
  return judge.hear(inOrder(checkSpikes(spikes, groups.of.length)));
}

function inOrder(spikes: Spikes): Spikes {
  const { neuron, timeMs } = spikes;
  const order = Uint32Array.from(neuron, (_, i) => i).sort((a, b) => timeMs[a] - timeMs[b] || a - b);
  return {
    neuron: Uint32Array.from(order, (i) => neuron[i]),
    timeMs: Float64Array.from(order, (i) => timeMs[i]),
  };
}
