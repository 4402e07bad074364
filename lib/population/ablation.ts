// SPDX-License-Identifier: MIT
//
// Death and healing of neurons in a network: who was killed, and synapses that replace those of the dead. On the thread of the
// network, while it rests.

import { checkKeys } from '../memory/errors.js';
import type { SpikingNetwork } from './network.js';
import type { Population } from './neurons.js';
import type { Projection } from './projection.js';
import { checkBoolean, checkNumber } from './validation.js';

/** Neurons that died. */
export interface Ablation {
  readonly population: Population;
  /** Their indices, in order. */
  readonly neurons: Uint32Array;
  /** When that was noticed, ms of simulated time. */
  readonly timeMs: number;
}

export interface HealOptions {
  /** Whether as many synapses grow as are removed, at random places between the living. Default true. */
  grow?: boolean;
  /** Weight of what grows. Default: for each projection the mean of those that are left. */
  weight?: number;
}

/** What became of the synapses of one projection. */
export interface Healing {
  readonly projection: Projection;
  /** Synapses from and to the dead that were removed. */
  readonly removed: number;
  /** New ones; fewer than removed where no more pairs are free. */
  readonly grown: number;
}

/** @internal Knows who is dead. */
export class Graveyard {
  readonly #net: SpikingNetwork;
  readonly #killed = new Map<Population, Uint32Array>();

  constructor(net: SpikingNetwork) {
    this.#net = net;
    this.look();
  }

  /** As of the last look(). Only populations with dead neurons. */
  get killed(): ReadonlyMap<Population, Uint32Array> {
    return new Map([...this.#killed].map(([population, neurons]) => [population, neurons.slice()]));
  }

  /** Who died since the last time. The network must rest. */
  look(): Ablation[] {
    const { populations, timeMs } = this.#net;
    const found: Ablation[] = [];
    for (const population of populations) {
      const killed = population.killed;
      const before = this.#killed.get(population);
      if (killed.length === (before?.length ?? 0)) continue; // the dead stay dead
      this.#killed.set(population, killed);
      const known = new Set(before);
      found.push({ population, neurons: killed.filter((neuron) => !known.has(neuron)), timeMs });
    }
    return found;
  }
}

/** @internal @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkHeal(options: HealOptions): { grow: boolean; weight: number | undefined } {
  checkKeys('options', options, new Set(['grow', 'weight']));
  const { weight } = options;
  return {
    grow: checkBoolean('grow', options.grow ?? true),
    weight: weight === undefined ? undefined : checkNumber('weight', weight),
  };
}

/**
 * @internal Rewires the projections from and to populations with dead neurons. A convolution stays as it is: its kernel is shared,
 * and the dead take no part in it.
 */
export function rewireAll(
  { projections }: SpikingNetwork,
  killed: ReadonlyMap<Population, Uint32Array>,
  { grow, weight }: { grow: boolean; weight: number | undefined },
): Healing[] {
  const healed: Healing[] = [];
  for (const projection of projections) {
    if (projection.pattern === 'convolution') continue;
    if (!killed.has(projection.pre) && !killed.has(projection.post)) continue;
    const typical = weight ?? (grow ? meanOfLiving(projection) : undefined);
    const wish = grow && typical !== undefined ? { grow: 'removed' as const, weight: typical } : {};
    healed.push({ projection, ...projection.rewire({ dead: true, ...wish }) });
  }
  return healed;
}

/** Mean weight of the synapses between living neurons; undefined: there is none. */
function meanOfLiving(projection: Projection): number | undefined {
  const { weights } = projection;
  const { pre, post } = projection.endpoints;
  const [alivePre, alivePost] = [projection.pre.alive, projection.post.alive];
  let sum = 0;
  let count = 0;
  for (let i = 0; i < weights.length; i++) {
    if (alivePre[pre[i]] === 0 || alivePost[post[i]] === 0) continue;
    sum += weights[i];
    count++;
  }
  return count === 0 ? undefined : sum / count;
}
