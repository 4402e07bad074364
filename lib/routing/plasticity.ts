// SPDX-License-Identifier: MIT
//
// How a synapse from requester to responder learns: the formulas, and nothing else. Pure functions, any thread.
//
//   parameter   default  meaning
//   aPlus       0.2      amplitude of an answer
//   aMinus      0.5      amplitude of a failure or of silence
//   aReward     2        amplitude of dopamine
//   min, max    0.001, 1 bounds of the weight
//   rest        0.5      weight of a synapse of which nothing is known
//   halfLifeNs  600 s    of what an unused synapse knows
//   tauTraceNs  60 s     of the eligibility trace
//
// The window exp(-dt / tau) is that of pair-based STDP (Bi and Poo 1998; Song, Miller and Abbott 2000), applied to a request
// and its own answer, one to one, as the exchange rule of the bus does; tau is not fixed but the mean time that this
// responder takes (learned.ts). The factors (max - w) and (w - min) are soft bounds (van Rossum, Bi and Turrigiano 2000).

import { checkKeys, invalidArgument } from '../memory/errors.js';

export interface Plasticity {
  readonly aPlus: number;
  readonly aMinus: number;
  readonly aReward: number;
  readonly min: number;
  readonly max: number;
  readonly rest: number;
  readonly halfLifeNs: number;
  readonly tauTraceNs: number;
}

export const plasticityDefaults: Plasticity = {
  aPlus: 0.2,
  aMinus: 0.5,
  aReward: 2,
  min: 0.001,
  max: 1,
  rest: 0.5,
  halfLifeNs: 600e9,
  tauTraceNs: 60e9,
};

/** The defaults with some parameters changed. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter. */
export function plasticityOf(changed: Partial<Plasticity>): Plasticity {
  checkKeys('plasticity', changed, new Set(Object.keys(plasticityDefaults)));
  const rule = { ...plasticityDefaults, ...changed };
  const check = (name: keyof Plasticity, ok: boolean, expected: string) => {
    if (typeof rule[name] !== 'number' || !ok)
      throw invalidArgument(`plasticity.${name}`, rule[name], expected);
  };
  check('aPlus', rule.aPlus >= 0 && rule.aPlus < 1, 'from 0 to below 1');
  check('aMinus', rule.aMinus >= 0 && rule.aMinus < 1, 'from 0 to below 1');
  check('aReward', rule.aReward >= 0 && rule.aReward < 100, 'from 0 to below 100');
  check('min', rule.min > 0, 'above 0');
  check('max', rule.max > rule.min, 'above plasticity.min');
  check('rest', rule.rest >= rule.min && rule.rest <= rule.max, 'from plasticity.min to plasticity.max');
  check('halfLifeNs', rule.halfLifeNs > 0, 'above 0');
  check('tauTraceNs', rule.tauTraceNs > 0, 'above 0');
  return rule;
}

/** STDP window of an answer `dtNs` after its request: exp(-dt / tau), in (0, 1]. */
export function window(dtNs: number, tauNs: number): number {
  return Math.exp(-Math.max(0, dtNs) / tauNs);
}

/** An answer: w += aPlus · exp(-dt / tau) · (max - w). */
export function potentiated(weight: number, dtNs: number, tauNs: number, rule: Plasticity): number {
  return weight + rule.aPlus * window(dtNs, tauNs) * (rule.max - weight);
}

/** A failure or silence: w -= aMinus · (w - min). */
export function depressed(weight: number, rule: Plasticity): number {
  return weight - rule.aMinus * (weight - rule.min);
}

/**
 * Eligibility of an exchange when dopamine arrives `ageNs` after the answer: the STDP window, decayed,
 * e = exp(-dt / tau) · exp(-age / tauTrace). The trace of Izhikevich (2007), "Solving the distal reward problem through
 * linkage of STDP and dopamine signaling", dc/dt = -c / tau_c + STDP(dt) · δ(t), kept for each exchange by itself, because a
 * reward names the answer that it is for.
 */
export function eligibility(dtNs: number, tauNs: number, ageNs: number, rule: Plasticity): number {
  return window(dtNs, tauNs) * window(ageNs, rule.tauTraceNs);
}

/**
 * Dopamine: dw = aReward · S · e, towards the bound that its sign points to, at most nine tenths of the way.
 *
 * dw/dt = d · c is the rule of Izhikevich (2007). S is the reward less the reward that the requester is used to, the form in
 * which reward-modulated STDP learns what is better and not merely what is good: Frémaux, Sprekeler and Gerstner (2010),
 * "Functional requirements for reward-modulated spike-timing-dependent plasticity"; Legenstein, Pecevski and Maass (2008).
 */
export function modulated(weight: number, surprise: number, trace: number, rule: Plasticity): number {
  const step = Math.min(0.9, Math.abs(rule.aReward * surprise * trace));
  return surprise >= 0 ? weight + step * (rule.max - weight) : weight - step * (weight - rule.min);
}

/** Disuse: after `idleNs` what was learned has halved for each half-life, w -> rest + (w - rest) · 2^(-idle / halfLife). */
export function relaxed(weight: number, idleNs: number, rule: Plasticity): number {
  return rule.rest + (weight - rule.rest) * 2 ** (-Math.max(0, idleNs) / rule.halfLifeNs);
}
