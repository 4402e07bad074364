// SPDX-License-Identifier: MIT
//
// Strategies by name. Any thread.

import { invalidArgument } from '../memory/errors.js';
import { LearnedStrategy } from './learned.js';
import {
  CustomStrategy,
  EnergyEfficientStrategy,
  type EnergyOptions,
  LoadBalancedStrategy,
  RoundRobinStrategy,
  type RoutingFunction,
  ShortestPathStrategy,
} from './rules.js';
import type { RoutingStrategy } from './strategy.js';

/** 'learned' is the default. */
export type StrategyName = 'learned' | 'shortest-path' | 'load-balanced' | 'energy-efficient' | 'round-robin';

const byName = {
  learned: LearnedStrategy,
  'shortest-path': ShortestPathStrategy,
  'load-balanced': LoadBalancedStrategy,
  'energy-efficient': EnergyEfficientStrategy,
  'round-robin': RoundRobinStrategy,
} satisfies Record<StrategyName, unknown>;

/** Options of a strategy that does not know them are ignored, so that only the name need change. */
export type StrategyOptions = EnergyOptions;

/** The strategy of one requester. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT for an unknown name or an option out of range. */
export function createStrategy(
  strategy: StrategyName | RoutingFunction = 'learned',
  options: StrategyOptions = {},
): RoutingStrategy {
  if (typeof strategy === 'function') return new CustomStrategy(strategy, options);
  if (!Object.hasOwn(byName, strategy)) {
    throw invalidArgument('strategy', strategy, `a function or one of ${Object.keys(byName).join(', ')}`);
  }
  return new byName[strategy](options);
}
