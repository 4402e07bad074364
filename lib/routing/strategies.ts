// SPDX-License-Identifier: MIT
//
// Strategies by name, and the options that they have. Any thread.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { EnergyEfficientStrategy, type EnergyOptions } from './energy.js';
import { LearnedStrategy } from './learned.js';
import type { Plasticity } from './plasticity.js';
import {
  CustomStrategy,
  LoadBalancedStrategy,
  RoundRobinStrategy,
  type RoutingFunction,
  ShortestPathStrategy,
} from './rules.js';
import type { RoutingStrategy } from './strategy.js';

/** 'learned' is the default. */
export type StrategyName = 'learned' | 'shortest-path' | 'load-balanced' | 'energy-efficient' | 'round-robin';

/** What every strategy takes. */
export interface StrategyBasics {
  /** Same seed, same choices; an unsigned 32-bit integer. Default: drawn from the seed of the bus. */
  readonly seed?: number;
  /** How weights are learned. */
  readonly plasticity?: Partial<Plasticity>;
}

/** A strategy with options of its own. */
export type StrategyInit = StrategyBasics &
  (
    | {
        readonly name: 'learned';
        /** Share of choices that go to an agent drawn at random, 0 to 1. Default 0.002. */
        readonly exploration?: number;
      }
    | {
        readonly name: 'energy-efficient';
        /**
         * What all questions and messages of a second may cost for which this option chooses, in the unit of the cards: those of
         * the thread's neurons, or of the network. Nobody is asked beyond it. Default: no limit.
         */
        readonly budgetPerSecond?: number;
        /** An agent is too slow for saving when it would take this many times what the quickest one would, from 1. Default 4. */
        readonly patience?: number;
      }
    | { readonly name: Exclude<StrategyName, 'learned' | 'energy-efficient'> }
  );

/** How one of several agents is chosen: a name, a name with options, or a function of one's own. */
export type RoutingChoice = StrategyName | StrategyInit | RoutingFunction;

const byName = {
  learned: LearnedStrategy,
  'shortest-path': ShortestPathStrategy,
  'load-balanced': LoadBalancedStrategy,
  'energy-efficient': EnergyEfficientStrategy,
  'round-robin': RoundRobinStrategy,
} satisfies Record<StrategyName, unknown>;

const commonKeys = ['name', 'seed', 'plasticity'];
const ownKeys: Partial<Record<StrategyName, readonly string[]>> = {
  learned: ['exploration'],
  'energy-efficient': ['budgetPerSecond', 'patience'],
};

/** Options of a strategy that does not know them are ignored, so that only the name need change. */
export type StrategyOptions = EnergyOptions;

/** The strategy of one requester. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT for an unknown name or an option out of range. */
export function createStrategy(
  strategy: StrategyName | RoutingFunction = 'learned',
  options: StrategyOptions = {},
): RoutingStrategy {
  if (typeof strategy === 'function') return new CustomStrategy(strategy, options);
  checkName('strategy', strategy);
  return new byName[strategy](options);
}

/** What a user wrote, taken apart. */
export interface ResolvedChoice {
  readonly strategy: StrategyName | RoutingFunction;
  readonly options: StrategyOptions;
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `argument`, or the option of the strategy. */
export function resolveChoice(argument: string, choice: RoutingChoice): ResolvedChoice {
  if (typeof choice !== 'object' || choice === null) {
    if (typeof choice !== 'function') checkName(argument, choice);
    return { strategy: choice, options: {} };
  }
  const { name, ...options } = choice;
  checkName(`${argument}.name`, name);
  const known = [...commonKeys, ...(ownKeys[name] ?? [])];
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) {
      const detail = `Strategy '${name}' has no option ${argument}.${key}, but ${known.join(', ')}`;
      throw new NeuronBusError('INVALID_ARGUMENT', detail);
    }
    if (value === undefined) delete options[key as keyof typeof options];
  }
  const { seed, plasticity } = options;
  if (seed !== undefined && seed >>> 0 !== seed)
    throw invalidArgument(`${argument}.seed`, seed, 'an unsigned 32-bit integer');
  if (plasticity === null) throw invalidArgument(`${argument}.plasticity`, plasticity, 'an object');
  createStrategy(name, options); // throws what is wrong with them
  return { strategy: name, options };
}

function checkName(argument: string, name: StrategyName): void {
  if (typeof name === 'string' && Object.hasOwn(byName, name)) return;
  const names = Object.keys(byName).join(', ');
  throw invalidArgument(
    argument,
    name,
    `a strategy: a function or one of ${names}, alone or as { name, ... }`,
  );
}
