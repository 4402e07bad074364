// SPDX-License-Identifier: MIT
//
// What a network is told when it is made, checked. Any thread.

import { checkKeys, invalidArgument } from '../../memory/errors.js';
import { type RoutingChoice, resolveChoice } from '../../routing/strategies.js';
import { checkTimeout } from './options.js';

export interface NetworkOptions {
  /** Capabilities, in order. Either these, or `from` and `to`. */
  stages?: readonly string[];
  /**
   * What goes in and what is to come out: the shortest way over agents whose cards say `consumes` and `produces`, round those
   * that are out.
   */
  from?: string;
  to?: string;
  /** How a stage chooses among several agents, as the option `routing` of the bus. Default: as the bus does. */
  strategy?: RoutingChoice;
  /**
   * Further agents that a stage may turn to when one fails; with `from` and `to`, and 1 or more, also other ways. Default 1.
   */
  redundancy?: number;
  /** How long a stage waits for one agent, ms. Default: `requestTimeoutMs` of the bus. */
  timeoutMs?: number;
  /** When a stage has waited this long, ms, it asks a backup beside, and takes the first answer. Default: never. */
  hedgeMs?: number;
  /** Inputs without a result that are kept for replay(); beyond it the oldest is dropped. Default 1,000. */
  replayCapacity?: number;
  /** On the card of the network's neuron. Default 'network'. */
  name?: string;
}

const KEYS: ReadonlySet<string> = new Set([
  'stages',
  'from',
  'to',
  'strategy',
  'redundancy',
  'timeoutMs',
  'hedgeMs',
  'replayCapacity',
  'name',
]);

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkNetworkOptions(options: NetworkOptions): void {
  checkKeys('options', options, KEYS);
  const { stages, from, to, redundancy, timeoutMs, hedgeMs, replayCapacity, strategy } = options;
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs);
  if (strategy !== undefined) resolveChoice('strategy', strategy); // throws what is wrong with it
  const isName = (value: unknown) => typeof value === 'string' && value !== '';
  if (stages !== undefined) {
    if (!Array.isArray(stages) || stages.length === 0 || !stages.every(isName)) {
      throw invalidArgument('stages', stages, 'an array of one or more capabilities');
    }
    if (from !== undefined || to !== undefined)
      throw invalidArgument('stages', stages, 'left out when from and to are given');
  } else {
    if (!isName(from))
      throw invalidArgument('from', from, 'a kind of value, as cards consume it; or give stages');
    if (!isName(to)) throw invalidArgument('to', to, 'a kind of value, as cards produce it; or give stages');
  }
  for (const [name, value] of Object.entries({ redundancy, replayCapacity })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw invalidArgument(name, value, 'an integer, 0 or more');
  }
  if (hedgeMs !== undefined && !(Number.isFinite(hedgeMs) && hedgeMs >= 0)) {
    throw invalidArgument('hedgeMs', hedgeMs, 'a number of milliseconds, 0 or more');
  }
}
