// SPDX-License-Identifier: MIT
//
// Whom a message means: an id, a name, or one of those who fit. Called on the thread of the bus.

import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import type { RegisteredCard } from '../agent_card.js';
import type { Registry } from '../registry.js';
import type { Workspace } from '../workspace.js';
import type { Health } from './health.js';
import type { To } from './options.js';
import { type Destination, NOBODY, REFUSED, type Router } from './router.js';

const NONE: readonly number[] = [];

export class Addressing {
  readonly #ws: Workspace;
  readonly #registry: Registry;
  readonly #health: Health;
  readonly #now: () => number;

  constructor(workspace: Workspace, registry: Registry, health: Health, now: () => number) {
    this.#ws = workspace;
    this.#registry = registry;
    this.#health = health;
    this.#now = now;
  }

  /**
   * One neuron that `to` means, and that is not `from` itself unless `from` names itself by id. Of several the one that `router`
   * chooses, without those that are out, as long as there is another.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_UNKNOWN_NEURON (the asker), ERR_NB_NO_ROUTE (nobody fits, or the
   * strategy refuses those who do), and what a strategy that is a function throws.
   */
  one(router: Router, from: number, to: To): Destination {
    const found = this.oneOf(router, from, to, NONE);
    if (found === undefined) throw new NeuronBusError('NO_ROUTE', describe(to));
    return found;
  }

  /** The same, without those whose ids are in `tried`. Undefined when nobody is left; ERR_NB_NO_ROUTE is then a refusal. */
  oneOf(router: Router, from: number, to: To, tried: readonly number[]): Destination | undefined {
    if (typeof from !== 'number' || this.#ws.residents[from] === undefined)
      this.#registry.resident('from', from);
    if (typeof to !== 'number') return this.#chosen(router, from, to, tried);
    const open = this.#isThere(to) && (tried === NONE || !tried.includes(to));
    return open ? { id: to, route: undefined } : undefined;
  }

  #isThere(id: number): boolean {
    return this.#ws.residents[id] !== undefined || this.#ws.ganglionOf(id) >= 0;
  }

  #chosen(
    router: Router,
    from: number,
    to: Exclude<To, number>,
    tried: readonly number[],
  ): Destination | undefined {
    const route = router.route(from, to, () => this.all(from, to));
    if (route === undefined) return undefined;
    const { ids } = route.candidates;
    let id = NOBODY;
    if (this.#health.anyOut) {
      const now = this.#now();
      const out = Array.from(ids).filter((agent) => !this.#health.mayAsk(agent, now));
      if (out.length > 0 && out.length < ids.length) id = router.choose(route, [...out, ...tried]);
    }
    if (id === NOBODY) id = router.choose(route, tried);
    if (id === REFUSED) throw router.refusalOf(route);
    if (id < 0) return undefined;
    this.#health.asked(id, this.#now);
    return { id, route };
  }

  /**
   * The ids of all that `to` means, none if it is nobody; without `from`, unless `from` names itself by id.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_UNKNOWN_NEURON (the sender).
   */
  all(from: number, to: To): number[] {
    this.#registry.resident('from', from);
    if (typeof to === 'number') return this.#isThere(to) ? [to] : [];
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

function describe(to: To): string {
  if (typeof to === 'number') return `neuron ${to}`;
  if (typeof to === 'string') return `name '${to}'`;
  if (typeof to === 'function') return 'the predicate';
  return JSON.stringify(to);
}
