// SPDX-License-Identifier: MIT
//
// Models of neurons: parameters with units in their names, defaults with their source, checks. Pure, any thread.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Engine } from './engine.js';
import type { MODEL } from './native_network.js';
import {
  checkBoolean,
  checkChoice,
  checkNumber,
  checkValues,
  isList,
  NOT_NEGATIVE,
  POTENTIAL,
  type Range,
  randomFor,
  resolveValues,
  TIME_CONSTANT,
  type Values,
} from './validation.js';

/**
 * Leaky integrate-and-fire, with synapses of exponential current, or of exponential conductance with `conductance`:
 *
 * - current: tau dv/dt = rest - v + drive + i_exc + i_inh, di/dt = -i / tau_syn, integrated exactly (Rotter and Diesmann 1999,
 *   Biol. Cybern. 81:381); an arriving spike adds its weight, in mV, to i.
 * - conductance: tau dv/dt = rest - v + drive + g_exc (E_exc - v) + g_inh (E_inh - v); g in units of the leak conductance,
 *   exponential Euler with g held over the step.
 *
 * At or above the threshold it fires, and v is set to the reset and held there for the refractory period; currents go on.
 */
export interface LifOptions {
  /** Membrane time constant, ms, above 0. Default 10. */
  tauMs?: Values;
  /** Resting potential, mV. Default -70. */
  restMv?: Values;
  /** Potential at which it fires, mV. Default -55. */
  thresholdMv?: Values;
  /** Potential after a spike, mV, below the threshold. Default: the resting potential. */
  resetMv?: Values;
  /** Refractory period, ms, a whole number of steps (drawn ones and the default go to the nearest). Default 2. */
  refractoryMs?: Values;
  /** Time constant of synaptic currents or conductances, ms. 0: a spike is a jump of the potential. Default 2. */
  synapseTauMs?: Values;
  /** The same for inhibition, where it differs, ms. Default: `synapseTauMs`. */
  inhibitorySynapseTauMs?: Values;
  /** Steady drive, mV: where the potential would end above rest. Default 0. */
  driveMv?: Values;
  /** true: a spike of its own also clears its excitatory current or conductance. Default false. */
  resetExcitatory?: boolean;
  /** Synapses of conductance in place of current; weights are then in units of the leak conductance. */
  conductance?: ConductanceOptions;
}

export interface ConductanceOptions {
  /** Reversal potential of excitation, mV. Default 0. */
  excitatoryReversalMv?: Values;
  /** Reversal potential of inhibition, mV. Default -80. */
  inhibitoryReversalMv?: Values;
}

export interface AdaptiveLifOptions extends LifOptions {
  /** By how much each spike of its own raises its threshold, mV. Default 0.05. */
  thresholdIncrementMv?: Values;
  /** Time constant with which the threshold falls back, ms, above 0. Default 1e7. */
  thresholdTauMs?: Values;
}

/** The types of Izhikevich 2003, Fig. 2. */
export type IzhikevichType =
  | 'regular-spiking'
  | 'intrinsically-bursting'
  | 'chattering'
  | 'fast-spiking'
  | 'low-threshold-spiking'
  | 'thalamo-cortical'
  | 'resonator';

/** Their a, b, c and d. */
const IZHIKEVICH_TYPES: Readonly<Record<IzhikevichType, readonly [number, number, number, number]>> = {
  'regular-spiking': [0.02, 0.2, -65, 8],
  'intrinsically-bursting': [0.02, 0.2, -55, 4],
  chattering: [0.02, 0.2, -50, 2],
  'fast-spiking': [0.1, 0.2, -65, 2],
  'low-threshold-spiking': [0.02, 0.25, -65, 2],
  'thalamo-cortical': [0.02, 0.25, -65, 0.05],
  resonator: [0.1, 0.26, -65, 2],
};

/**
 * dv/dt = 0.04 v^2 + 5 v + 140 - u + I, du/dt = a (b v - u), v in mV, t in ms; at `peakMv` v becomes c and u grows by d
 * (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569). I is the drive and the synaptic currents.
 */
export interface IzhikevichOptions {
  /** Published values of a, b, c and d. Default 'regular-spiking'. */
  type?: IzhikevichType;
  /** Rate of the recovery u, 1/ms. */
  a?: Values;
  /** Sensitivity of the recovery to the potential, 1/ms. */
  b?: Values;
  /** Potential after a spike, mV, below the peak. */
  c?: Values;
  /** What a spike adds to the recovery, mV/ms. */
  d?: Values;
  /** Peak at which a spike is counted, mV. Default 30. */
  peakMv?: Values;
  /** Steady I, as published. Default 0. */
  drive?: Values;
  /** 0 (default): a spike is a jump of v by its weight in mV; else the time constant of an exponential current I, ms. */
  synapseTauMs?: Values;
  /** The same for inhibition, where it differs, ms. Default: `synapseTauMs`. */
  inhibitorySynapseTauMs?: Values;
}

export type ModelName = 'lif' | 'lif-conductance' | 'izhikevich';

/** What a neuron has, by name: potentials in mV, currents and conductances in the units of the weights, rates in Hz. */
export type StateVariable =
  | 'potentialMv'
  | 'excitatory'
  | 'inhibitory'
  /** How far the threshold is above the fixed one. */
  | 'thresholdOffsetMv'
  /** u of Izhikevich. */
  | 'recovery'
  /** Of a Poisson source. */
  | 'rateHz';

/** @internal The state variables of each kind of population. */
export const VARIABLES: Readonly<Record<keyof typeof MODEL, readonly StateVariable[]>> = {
  lif: ['potentialMv', 'excitatory', 'inhibitory', 'thresholdOffsetMv'],
  'lif-conductance': ['potentialMv', 'excitatory', 'inhibitory', 'thresholdOffsetMv'],
  izhikevich: ['potentialMv', 'excitatory', 'inhibitory', 'recovery'],
  'spike-source': [],
  poisson: ['rateHz'],
};

/** @internal What state variables may be. */
export function rangeOf(model: keyof typeof MODEL, variable: StateVariable): Range {
  if (variable === 'rateHz') return NOT_NEGATIVE;
  return model === 'lif-conductance' && variable !== 'potentialMv' ? { min: 0, max: 1e9 } : POTENTIAL;
}

interface Parameter {
  readonly name: string;
  readonly range: Range;
  readonly values: Values;
  /** Nobody wrote it: it is rounded where a number that somebody wrote is refused. */
  readonly isDefault?: boolean;
}

/** A model with its parameters, for `net.population()`. Made by {@link lif}, {@link adaptiveLif} and {@link izhikevich}. */
export class NeuronModel {
  readonly name: ModelName;
  readonly #parameters: readonly Parameter[];

  /** @internal */
  constructor(name: ModelName, parameters: readonly Parameter[]) {
    this.name = name;
    for (const { name: parameter, values, range } of parameters) checkValues(parameter, values, range);
    this.#parameters = parameters.map((parameter) => ({ ...parameter }));
  }

  /** @internal For so many neurons, in the order of network.h. */
  resolve(engine: Engine, population: number, size: number): { counts: Uint32Array; values: Float64Array } {
    const all = this.#parameters.map(({ name, range, values, isDefault }) => {
      const resolved = resolveValues(name, values, size, range, randomFor(engine.seed, population, name));
      if (name !== 'refractoryMs') return resolved;
      const exact = isDefault !== true && (typeof values === 'number' || isList(values));
      return wholeSteps(engine, name, exact, resolved);
    });
    const at = (name: string) => this.#parameters.findIndex((parameter) => parameter.name === name);
    const [low, high] = this.name === 'izhikevich' ? ['c', 'peakMv'] : ['resetMv', 'thresholdMv'];
    mustBeBelow(low, all[at(low)], high, all[at(high)], size);
    const counts = Uint32Array.from(all, (values) => values.length);
    const values = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
    let offset = 0;
    for (const part of all) {
      values.set(part, offset);
      offset += part.length;
    }
    return { counts, values };
  }
}

function wholeSteps(engine: Engine, name: string, exact: boolean, values: Float64Array): Float64Array {
  return values.map((ms) => engine.timeOf(exact ? engine.steps(name, ms, 0) : Math.round(ms / engine.dtMs)));
}

function mustBeBelow(
  lowName: string,
  low: Float64Array,
  highName: string,
  high: Float64Array,
  size: number,
): void {
  const both = Math.max(low.length, high.length) > 1 ? size : 1;
  for (let i = 0; i < both; i++) {
    const a = low[low.length > 1 ? i : 0];
    const b = high[high.length > 1 ? i : 0];
    if (!(a < b)) {
      const what = both > 1 ? ` of neuron ${i}` : '';
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        `${lowName}${what} is ${a}, but must be below ${highName}, ${b}`,
      );
    }
  }
}

const CONDUCTANCE_KEYS: ReadonlySet<string> = new Set(['excitatoryReversalMv', 'inhibitoryReversalMv']);
const LIF_KEYS: ReadonlySet<string> = new Set([
  'tauMs',
  'restMv',
  'thresholdMv',
  'resetMv',
  'refractoryMs',
  'synapseTauMs',
  'inhibitorySynapseTauMs',
  'driveMv',
  'resetExcitatory',
  'conductance',
]);
const ADAPTIVE_KEYS: ReadonlySet<string> = new Set([...LIF_KEYS, 'thresholdIncrementMv', 'thresholdTauMs']);
const IZHIKEVICH_KEYS: ReadonlySet<string> = new Set([
  'type',
  'a',
  'b',
  'c',
  'd',
  'peakMv',
  'drive',
  'synapseTauMs',
  'inhibitorySynapseTauMs',
]);

function lifModel(options: AdaptiveLifOptions, incrementMv: Values, thresholdTauMs: Values): NeuronModel {
  const { conductance, restMv = -70, synapseTauMs = 2, resetExcitatory = false } = options;
  checkBoolean('resetExcitatory', resetExcitatory);
  if (conductance !== undefined) checkKeys('conductance', conductance, CONDUCTANCE_KEYS);
  // A conductance has no jump of the potential to offer.
  const synapseTau = conductance === undefined ? { ...TIME_CONSTANT, orZero: true } : TIME_CONSTANT;
  return new NeuronModel(conductance === undefined ? 'lif' : 'lif-conductance', [
    { name: 'tauMs', range: TIME_CONSTANT, values: options.tauMs ?? 10 },
    { name: 'restMv', range: POTENTIAL, values: restMv },
    { name: 'thresholdMv', range: POTENTIAL, values: options.thresholdMv ?? -55 },
    { name: 'resetMv', range: POTENTIAL, values: options.resetMv ?? restMv },
    {
      name: 'refractoryMs',
      range: NOT_NEGATIVE,
      values: options.refractoryMs ?? 2,
      isDefault: options.refractoryMs === undefined,
    },
    { name: 'synapseTauMs', range: synapseTau, values: synapseTauMs },
    {
      name: 'inhibitorySynapseTauMs',
      range: synapseTau,
      values: options.inhibitorySynapseTauMs ?? synapseTauMs,
    },
    { name: 'driveMv', range: POTENTIAL, values: options.driveMv ?? 0 },
    {
      name: 'conductance.excitatoryReversalMv',
      range: POTENTIAL,
      values: conductance?.excitatoryReversalMv ?? 0,
    },
    {
      name: 'conductance.inhibitoryReversalMv',
      range: POTENTIAL,
      values: conductance?.inhibitoryReversalMv ?? -80,
    },
    { name: 'thresholdIncrementMv', range: { min: 0, max: 1e9 }, values: incrementMv },
    { name: 'thresholdTauMs', range: TIME_CONSTANT, values: thresholdTauMs },
    { name: 'resetExcitatory', range: NOT_NEGATIVE, values: resetExcitatory ? 1 : 0 },
  ]);
}

/**
 * Leaky integrate-and-fire. Defaults: those of the current-based neuron of Tsodyks, Uziel and Markram 2000 (J. Neurosci.
 * 20:RC50) as NEST has them in `iaf_psc_exp`; reversal potentials: Vogels and Abbott 2005 (J. Neurosci. 25:10786).
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function lif(options: LifOptions = {}): NeuronModel {
  checkKeys('a parameter of lif()', options, LIF_KEYS);
  return lifModel(options, 0, 1);
}

/**
 * Leaky integrate-and-fire whose threshold rises with each of its spikes and falls back slowly, so that no neuron wins all the
 * time. Defaults of the threshold: Diehl and Cook 2015 (Front. Comput. Neurosci. 9:99), as in its published code; the rest as
 * {@link lif}.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function adaptiveLif(options: AdaptiveLifOptions = {}): NeuronModel {
  checkKeys('a parameter of adaptiveLif()', options, ADAPTIVE_KEYS);
  return lifModel(options, options.thresholdIncrementMv ?? 0.05, options.thresholdTauMs ?? 1e7);
}

/**
 * Izhikevich's neuron; the published types by name. dt of 1 ms or less is what it was made for.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function izhikevich(options: IzhikevichOptions = {}): NeuronModel {
  checkKeys('a parameter of izhikevich()', options, IZHIKEVICH_KEYS);
  const type = checkChoice('type', options.type ?? 'regular-spiking', IZHIKEVICH_TYPES);
  const [a, b, c, d] = IZHIKEVICH_TYPES[type];
  const { synapseTauMs = 0 } = options;
  const synapseTau = { ...TIME_CONSTANT, orZero: true };
  return new NeuronModel('izhikevich', [
    { name: 'a', range: { min: -1e3, max: 1e3 }, values: options.a ?? a },
    { name: 'b', range: { min: -1e3, max: 1e3 }, values: options.b ?? b },
    { name: 'c', range: POTENTIAL, values: options.c ?? c },
    { name: 'd', range: POTENTIAL, values: options.d ?? d },
    { name: 'peakMv', range: POTENTIAL, values: options.peakMv ?? 30 },
    { name: 'drive', range: POTENTIAL, values: options.drive ?? 0 },
    { name: 'synapseTauMs', range: synapseTau, values: synapseTauMs },
    {
      name: 'inhibitorySynapseTauMs',
      range: synapseTau,
      values: options.inhibitorySynapseTauMs ?? synapseTauMs,
    },
  ]);
}

/** @internal */
export function checkModel(model: unknown): NeuronModel {
  if (!(model instanceof NeuronModel))
    throw invalidArgument('model', model, 'what lif(), adaptiveLif() or izhikevich() returns');
  return model;
}

/** @internal */
export function checkRate(name: string, value: unknown): number {
  return checkNumber(name, value, NOT_NEGATIVE);
}
