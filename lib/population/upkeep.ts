// SPDX-License-Identifier: MIT
//
// What is done to the synapses of a projection now and then while the network runs: homeostatic scaling, pruning and growth.
// At multiples of an interval of simulated time, so that results do not depend on how a run is sliced. On the thread of the network.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import type { Engine, Periodic } from './engine.js';
import { checkBoolean, checkInteger, checkNumber, WEIGHT } from './validation.js';

export interface HomeostasisOptions {
  /** What the weights into each neuron sum to afterwards, in the unit of the weights, above 0. */
  totalWeight: number;
  /** How often, ms of simulated time. Default 1000. */
  everyMs?: number;
}

export interface RewiringOptions extends RewireOptions {
  /** How often, ms of simulated time. Default 1000. */
  everyMs?: number;
}

export interface RewireOptions {
  /** Synapses whose weight is below this are removed. Default: none for their weight. */
  pruneBelow?: number;
  /** Remove the synapses from and to killed neurons. Default true. */
  dead?: boolean;
  /** How many new synapses between living pairs that are not connected, at most. Default 0; 'removed': as many as were removed. */
  grow?: number | 'removed';
  /** Their weight. Needed to grow. */
  weight?: number;
}

/** Homeostatic scaling, for `net.connect()`. Made by {@link homeostasis}. */
export class Homeostasis {
  readonly totalWeight: number;
  readonly everyMs: number;

  /** @internal */
  constructor({ totalWeight, everyMs = 1000 }: HomeostasisOptions) {
    this.totalWeight = checkNumber('totalWeight', totalWeight, { above: 0, max: WEIGHT.max });
    this.everyMs = checkNumber('everyMs', everyMs, { above: 0 });
  }
}

/** Pruning and growth at intervals, for `net.connect()`. Made by {@link rewiring}. */
export class Rewiring {
  readonly everyMs: number;
  /** @internal */
  readonly wish: Rewire;

  /** @internal */
  constructor(options: RewiringOptions) {
    const { everyMs = 1000, ...wish } = options;
    this.everyMs = checkNumber('everyMs', everyMs, { above: 0 });
    this.wish = checkRewire(wish);
  }
}

/** @internal Rewiring with everything filled in. */
export interface Rewire {
  readonly pruneBelow: number | undefined;
  readonly dead: boolean;
  readonly grow: number | 'removed';
  readonly weight: number;
}

const HOMEOSTASIS_KEYS: ReadonlySet<string> = new Set(['totalWeight', 'everyMs']);
const REWIRE_KEYS: ReadonlySet<string> = new Set(['pruneBelow', 'dead', 'grow', 'weight']);
const REWIRING_KEYS: ReadonlySet<string> = new Set([...REWIRE_KEYS, 'everyMs']);

/**
 * Synaptic scaling: at each interval the weights into each neuron are multiplied by one factor, so that they sum to
 * `totalWeight` (Turrigiano et al. 1998, Nature 391:892, in the form of Diehl and Cook 2015). As it is above 0, weights that sum to
 * 0 or less are left as they are: inhibition scales with `projection.normalize()`.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter.
 */
export function homeostasis(options: HomeostasisOptions): Homeostasis {
  checkKeys('a parameter of homeostasis()', options, HOMEOSTASIS_KEYS);
  return new Homeostasis(options);
}

/** Pruning and growth at each interval. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter. */
export function rewiring(options: RewiringOptions): Rewiring {
  checkKeys('a parameter of rewiring()', options, REWIRING_KEYS);
  return new Rewiring(options);
}

/** @internal */
export function checkRewire(options: RewireOptions): Rewire {
  checkKeys('a parameter of rewire()', options, REWIRE_KEYS);
  const { pruneBelow, dead = true, grow = 0, weight } = options;
  if (pruneBelow !== undefined) checkNumber('pruneBelow', pruneBelow);
  checkBoolean('dead', dead);
  if (grow !== 'removed') checkInteger('grow', grow, 0, 2 ** 32 - 1);
  if (grow !== 0 && weight === undefined)
    throw invalidArgument('weight', weight, 'a number, the weight of new synapses');
  return { pruneBelow, dead, grow, weight: weight === undefined ? 0 : checkNumber('weight', weight, WEIGHT) };
}

/** @internal Does something every so many steps, from the next multiple on. */
export class Every implements Periodic {
  next: number;
  readonly #steps: number;
  readonly #what: () => void | Promise<void>;

  constructor(engine: Engine, steps: number, what: () => void | Promise<void>) {
    this.#steps = steps;
    this.#what = what;
    this.next = (Math.floor(engine.now / steps) + 1) * steps;
  }

  run(): void | Promise<void> {
    const under = this.#what();
    if (under !== undefined) return under.then(() => this.#moveOn());
    this.#moveOn();
  }

  #moveOn(): void {
    this.next += this.#steps;
  }
}
