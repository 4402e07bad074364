// SPDX-License-Identifier: MIT
//
// Whom a message means: an id, a name, or one of those who fit. Called on the thread of the bus.

import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import type { RegisteredCard } from '../agent_card.js';
import type { Registry } from '../registry.js';
import type { Workspace } from '../workspace.js';
import type { To } from './options.js';

/** Chooses one of several. `key` names the group, the same for the same selector. */
export type Choose = (from: number, candidates: readonly number[], key: string | To) => number;

export class Addressing {
  readonly #ws: Workspace;
  readonly #registry: Registry;
  readonly #choose: Choose;

  constructor(workspace: Workspace, registry: Registry, choose: Choose) {
    this.#ws = workspace;
    this.#registry = registry;
    this.#choose = choose;
  }

  /**
   * The id of one neuron that `to` means and that is not `from` itself, unless `from` names itself by id.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_UNKNOWN_NEURON (the asker), ERR_NB_NO_ROUTE.
   */
  one(from: number, to: To): number {
    if (this.#ws.residents[from] === undefined) this.#registry.resident('from', from);
    if (typeof to === 'number') {
      if (this.#ws.residents[to] === undefined && this.#ws.ganglionOf(to) < 0) throw noRoute(`neuron ${to}`);
      return to;
    }
    const found = this.all(from, to);
    if (found.length === 0) throw noRoute(describe(to));
    return found.length === 1 ? found[0] : this.#choose(from, found, to);
  }

  /** The ids of all that `to` means, without `from`. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
  all(from: number, to: To): number[] {
    return this.#cards(to).flatMap(({ id }) => (id === from ? [] : [id]));
  }

  #cards(to: To): RegisteredCard[] {
    const { cortex } = this.#registry;
    if (typeof to === 'string') return cortex.named(to);
    if (typeof to === 'function') return cortex.all().filter((card) => to(card) === true);
    if (typeof to === 'object' && to !== null) {
      if ('capability' in to && typeof to.capability === 'string')
        return cortex.withCapability(to.capability);
      if ('region' in to && typeof to.region === 'string') return cortex.inRegion(to.region);
    }
    throw invalidArgument(
      'to',
      to,
      'a neuron id, a name, { capability }, { region } or a predicate over cards',
    );
  }
}

function noRoute(whom: string): NeuronBusError {
  return new NeuronBusError('NO_ROUTE', whom);
}

function describe(to: To): string {
  if (typeof to === 'string') return `name '${to}'`;
  if (typeof to === 'function') return 'the predicate';
  return JSON.stringify(to);
}
