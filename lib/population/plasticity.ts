// SPDX-License-Identifier: MIT
//
// Rules by which synapses learn: parameters with units in their names, defaults with their source, checks. The formulas are in
// native/core/population/plasticity.h. Pure, any thread.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import { BOUNDS, PAIRING, RULE } from './native_network.js';
import { checkChoice, checkNumber, TIME_CONSTANT, WEIGHT } from './validation.js';

/**
 * Which spikes pair, as in Morrison, Diesmann and Gerstner 2008 (Biol. Cybern. 98:459). An arrival and a post-spike of one step:
 * the arrival came first.
 *
 * - 'all': all with all.
 * - 'nearest': a post-spike with the last arrival at or before it, an arrival with the last post-spike before it.
 * - 'reduced-nearest': the same, but potentiation and depression take turns: only the first post-spike after an arrival pairs with
 *   it, and an arrival only with a post-spike since the arrival before. Not for triplets.
 */
export type Pairing = 'all' | 'nearest' | 'reduced-nearest';

/** 'additive': steps of one size, cut at the bounds; 'multiplicative': steps in proportion to what is left to the bound. */
export type Bounds = 'additive' | 'multiplicative';

interface WeightBounds {
  /** Least weight, in the unit of the weights. Default 0. */
  wMin?: number;
  /** Greatest weight, in the unit of the weights. Default 1. */
  wMax?: number;
  /** Default 'all'. */
  pairing?: Pairing;
  /** Default 'additive'. */
  bounds?: Bounds;
}

/**
 * Pair rule: a post-spike dt after an arrival adds aPlus exp(-dt / tauPlus), an arrival dt after a post-spike takes
 * aMinus exp(-dt / tauMinus); with multiplicative bounds times (wMax - w) and (w - wMin).
 */
export interface PairStdpOptions extends WeightBounds {
  /** Potentiation, in the unit of the weights (multiplicative: a share). Default 0.005. */
  aPlus?: number;
  /** Depression, in the unit of the weights (multiplicative: a share). Default 1.05 times `aPlus`. */
  aMinus?: number;
  /** ms, above 0. Default 20. */
  tauPlusMs?: number;
  /** ms, above 0. Default 20. */
  tauMinusMs?: number;
}

/** Triplet rule of Pfister and Gerstner 2006: equations 3 and 4 of the paper. */
export interface TripletStdpOptions extends WeightBounds {
  /** Published values of the eight parameters; those given beside it win. Default 'visual-cortex-all-to-all-minimal'. */
  set?: TripletSet;
  /** Pair potentiation A2+. */
  a2Plus?: number;
  /** Pair depression A2-. */
  a2Minus?: number;
  /** Triplet potentiation A3+. */
  a3Plus?: number;
  /** Triplet depression A3-. */
  a3Minus?: number;
  /** Fast trace of pre, ms, above 0. */
  tauPlusMs?: number;
  /** Fast trace of post, ms, above 0. */
  tauMinusMs?: number;
  /** Slow trace of pre, ms, above 0. */
  tauXMs?: number;
  /** Slow trace of post, ms, above 0. */
  tauYMs?: number;
}

/**
 * Reward-modulated: what a pair rule would do goes into an eligibility trace c of the synapse, dc/dt = -c / tauEligibility, and
 * the weight follows it in proportion to dopamine d, dw/dt = c d / tauDopamine, dd/dt = -d / tauDopamine, to which `reward(x)`
 * adds x: so that a trace that hardly fades changes the weight by c x, whatever the time constant.
 */
export interface RewardStdpOptions extends PairStdpOptions {
  /** ms, above 0. Default 1000. */
  tauEligibilityMs?: number;
  /** ms; 0: a reward x acts at once, w += c x. Default 200. */
  tauDopamineMs?: number;
}

/** Of Table 4 of Pfister and Gerstner 2006. */
export type TripletSet =
  | 'visual-cortex-all-to-all'
  | 'visual-cortex-all-to-all-minimal'
  | 'visual-cortex-nearest'
  | 'visual-cortex-nearest-minimal';

/** A2+, A2-, A3+, A3-, tau_x, tau_y; tau+ and tau- are 16.8 and 33.7 ms in all. The minimal ones do not use tau_x. */
const TRIPLET_SETS: Readonly<Record<TripletSet, { pairing: Pairing; values: readonly number[] }>> = {
  'visual-cortex-all-to-all': { pairing: 'all', values: [5e-10, 7e-3, 6.2e-3, 2.3e-4, 101, 125] },
  'visual-cortex-all-to-all-minimal': { pairing: 'all', values: [0, 7.1e-3, 6.5e-3, 0, 101, 114] },
  'visual-cortex-nearest': { pairing: 'nearest', values: [8.8e-11, 6.6e-3, 5.3e-2, 3.1e-3, 714, 40] },
  'visual-cortex-nearest-minimal': { pairing: 'nearest', values: [0, 8e-3, 5e-2, 0, 714, 40] },
};

/** @internal The numbers of `struct Plasticity` of network.h, in order. */
export type RuleNumbers = readonly number[];

/** A rule with its parameters, for `net.connect()`. Made by {@link pairStdp}, {@link tripletStdp} and {@link rewardStdp}. */
export class PlasticityRule {
  readonly name: 'pair' | 'triplet' | 'reward';
  readonly wMin: number;
  readonly wMax: number;
  /** @internal */
  readonly numbers: RuleNumbers;

  /** @internal */
  constructor(name: 'pair' | 'triplet' | 'reward', options: WeightBounds, numbers: readonly number[]) {
    this.name = name;
    this.wMin = checkNumber('wMin', options.wMin ?? 0, WEIGHT);
    this.wMax = checkNumber('wMax', options.wMax ?? 1, WEIGHT);
    if (!(Math.fround(this.wMax) > Math.fround(this.wMin)))
      throw invalidArgument('wMax', this.wMax, `above wMin, ${this.wMin}, also in single precision`);
    const pairing = PAIRING[checkChoice('pairing', options.pairing ?? 'all', PAIRING)];
    const bounds = BOUNDS[checkChoice('bounds', options.bounds ?? 'additive', BOUNDS)];
    this.numbers = [RULE[name], pairing, bounds, this.wMin, this.wMax, ...numbers];
  }
}

/** @internal */
export const STATIC_RULE: RuleNumbers = [RULE.static, 0, 0, 0, 1, 0, 0, 20, 20, 0, 0, 1, 1, 1, 0];

const BOUND_KEYS = ['wMin', 'wMax', 'pairing', 'bounds'];
const PAIR_KEYS: ReadonlySet<string> = new Set([...BOUND_KEYS, 'aPlus', 'aMinus', 'tauPlusMs', 'tauMinusMs']);
const REWARD_KEYS: ReadonlySet<string> = new Set([...PAIR_KEYS, 'tauEligibilityMs', 'tauDopamineMs']);
const TRIPLET_KEYS: ReadonlySet<string> = new Set([
  ...BOUND_KEYS,
  'set',
  'a2Plus',
  'a2Minus',
  'a3Plus',
  'a3Minus',
  'tauPlusMs',
  'tauMinusMs',
  'tauXMs',
  'tauYMs',
]);

/**
 * Pair STDP. Defaults: Song, Miller and Abbott 2000 (Nature Neurosci. 3:919), with weights in units of their greatest.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function pairStdp(options: PairStdpOptions = {}): PlasticityRule {
  checkKeys('a parameter of pairStdp()', options, PAIR_KEYS);
  const aPlus = checkNumber('aPlus', options.aPlus ?? 0.005, WEIGHT);
  const aMinus = checkNumber('aMinus', options.aMinus ?? 1.05 * aPlus, WEIGHT);
  return new PlasticityRule('pair', options, [aPlus, aMinus, ...fastTaus(options, 20, 20), 0, 0, 1, 1, 1, 0]);
}

/**
 * Triplet STDP, Pfister and Gerstner 2006 (J. Neurosci. 26:9673), whose parameter sets have names.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function tripletStdp(options: TripletStdpOptions = {}): PlasticityRule {
  checkKeys('a parameter of tripletStdp()', options, TRIPLET_KEYS);
  const set =
    TRIPLET_SETS[checkChoice('set', options.set ?? 'visual-cortex-all-to-all-minimal', TRIPLET_SETS)];
  const [a2Plus, a2Minus, a3Plus, a3Minus, tauXMs, tauYMs] = set.values;
  const { pairing = set.pairing } = options;
  if (pairing === 'reduced-nearest')
    throw invalidArgument('pairing', pairing, "'all' or 'nearest' for triplets");
  const amplitude = (name: 'a2Plus' | 'a2Minus' | 'a3Plus' | 'a3Minus', published: number) =>
    checkNumber(name, options[name] ?? published, WEIGHT);
  return new PlasticityRule('triplet', { ...options, pairing }, [
    amplitude('a2Plus', a2Plus),
    amplitude('a2Minus', a2Minus),
    ...fastTaus(options, 16.8, 33.7),
    amplitude('a3Plus', a3Plus),
    amplitude('a3Minus', a3Minus),
    checkNumber('tauXMs', options.tauXMs ?? tauXMs, TIME_CONSTANT),
    checkNumber('tauYMs', options.tauYMs ?? tauYMs, TIME_CONSTANT),
    1,
    0,
  ]);
}

/**
 * Reward-modulated STDP. Defaults: Izhikevich 2007 (Cereb. Cortex 17:2443) as in its published code: aPlus 0.1, aMinus 0.15,
 * weights up to 4 mV.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function rewardStdp(options: RewardStdpOptions = {}): PlasticityRule {
  checkKeys('a parameter of rewardStdp()', options, REWARD_KEYS);
  const aPlus = checkNumber('aPlus', options.aPlus ?? 0.1, WEIGHT);
  return new PlasticityRule('reward', { ...options, wMax: options.wMax ?? 4 }, [
    aPlus,
    checkNumber('aMinus', options.aMinus ?? 1.5 * aPlus, WEIGHT),
    ...fastTaus(options, 20, 20),
    0,
    0,
    1,
    1,
    checkNumber('tauEligibilityMs', options.tauEligibilityMs ?? 1000, TIME_CONSTANT),
    checkNumber('tauDopamineMs', options.tauDopamineMs ?? 200, { ...TIME_CONSTANT, orZero: true }),
  ]);
}

function fastTaus(
  options: { tauPlusMs?: number; tauMinusMs?: number },
  plus: number,
  minus: number,
): number[] {
  return [
    checkNumber('tauPlusMs', options.tauPlusMs ?? plus, TIME_CONSTANT),
    checkNumber('tauMinusMs', options.tauMinusMs ?? minus, TIME_CONSTANT),
  ];
}

/** @internal */
export function checkRule(rule: unknown): PlasticityRule | undefined {
  if (rule === undefined || rule instanceof PlasticityRule) return rule;
  throw invalidArgument('plasticity', rule, 'what pairStdp(), tripletStdp() or rewardStdp() returns');
}
