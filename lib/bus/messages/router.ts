// SPDX-License-Identifier: MIT
//
// Which of several agents gets a question: what each asker of this thread has learned of those who can answer, kept by whom it
// asks for. Called on the thread of the bus. The strategies are in lib/routing; here they meet cards, synapses and loads.

import { NeuronBusError } from '../../memory/errors.js';
import { seededRandom } from '../../memory/random.js';
import { EnergyBudget } from '../../routing/energy.js';
import { Paces } from '../../routing/pace.js';
import { createStrategy, type ResolvedChoice } from '../../routing/strategies.js';
import { Candidates, type RoutingStrategy } from '../../routing/strategy.js';
import type { Registry } from '../registry.js';
import type { Workspace } from '../workspace.js';
import { AddressBook, Growth, type Place } from './address_book.js';
import { loadIndex } from './load.js';
import type { To } from './options.js';
import { TimeScale, type TimeScales } from './time_scale.js';

/** What one asker knows of those whom one selector means. */
export class Route {
  readonly strategy: RoutingStrategy;
  readonly scale: TimeScale;
  candidates = new Candidates([]);
  /** Of the cortex, when the candidates were listed. */
  version = -1;
  /** What the roster said of each. */
  readonly entries = new Map<number, number>();

  constructor(strategy: RoutingStrategy, scale: TimeScale) {
    this.strategy = strategy;
    this.scale = scale;
  }
}

/** A question under way, for whoever tells the strategy how it ended. */
export interface Ticket {
  readonly strategy: RoutingStrategy;
  /** What finished() wants to have back. */
  readonly load: number;
}

/** A question went to `agent` over this route. */
export function startedOn({ strategy }: Route, agent: number, now: number): Ticket {
  return { strategy, load: strategy.started(agent, now) };
}

/** Id of an agent, and the route that led to it. */
export interface Destination {
  readonly id: number;
  readonly route: Route | undefined;
}

export interface RouterHost {
  random(): number;
  now(): number;
  /** Weight of the synapse between two neurons, if there is one. */
  weightOf(pre: number, post: number): number | undefined;
}

type Predicate = Extract<To, (...args: never[]) => unknown>;

/** Predicates of an asker that have a route of their own, at most; of more, those that were used last. */
const MOST_PREDICATES = 128;

class RoutesOfAsker {
  readonly byAddress = new AddressBook<Route>();
  /** The one that was used last is the last. */
  readonly byPredicate = new Map<Predicate, Route>();
  /** Of all predicates that are used for the first time. */
  passing: Route | undefined;
}

/** All were tried. */
export const NOBODY = -1;
/** There is somebody, but the strategy wants nobody to be asked. */
export const REFUSED = -2;

export class Router {
  readonly #ws: Workspace;
  readonly #registry: Registry;
  readonly #choice: ResolvedChoice;
  readonly #random: () => number;
  readonly #budget: EnergyBudget;
  readonly #host: RouterHost;
  readonly #scales: TimeScales;
  readonly #askers = new Map<number, RoutesOfAsker>();
  readonly #growth = new Growth();
  readonly #paces = new AddressBook<Paces>();
  readonly #pacesOfPassing = new Paces();
  readonly #pacesOfPredicates = new WeakMap<Predicate, Paces>();
  readonly #met = new WeakSet<Predicate>();

  constructor(
    workspace: Workspace,
    registry: Registry,
    choice: ResolvedChoice,
    host: RouterHost,
    scales: TimeScales,
  ) {
    this.#ws = workspace;
    this.#registry = registry;
    this.#choice = choice;
    const { seed, budgetPerSecond } = choice.options;
    this.#random = seed === undefined ? () => host.random() : seededRandom(seed);
    this.#budget = new EnergyBudget(budgetPerSecond);
    this.#host = host;
    this.#scales = scales;
  }

  /** The route of `from` to those whom `to` means, if there are any. `list` says who they are now, without `from`. */
  route(from: number, to: Exclude<To, number>, list: () => readonly number[]): Route | undefined {
    const routes = this.#askers.get(from);
    const { version } = this.#registry.cortex;
    if (typeof to === 'function') return this.#passed(routes, from, to, list(), version);
    const known = routes?.byAddress.get(to);
    if (known?.version === version) return known;
    const ids = list();
    if (ids.length === 0) {
      if (known !== undefined) routes?.byAddress.delete(to);
      return undefined;
    }
    const route = known ?? this.#newRoute(from, to);
    this.#renew(route, ids, version);
    return route;
  }

  /** The id of one of them, NOBODY, or REFUSED. `tried`: ids that are out of the question. */
  choose({ strategy, candidates }: Route, tried: readonly number[]): number {
    const { ids } = candidates;
    let positions: number[] | undefined;
    if (tried.length > 0) {
      positions = [];
      for (let at = 0; at < ids.length; at++) if (tried.includes(ids[at])) positions.push(at);
      if (positions.length === ids.length) return NOBODY;
    } else if (ids.length === 1 && !strategy.mayRefuse) return ids[0];
    const chosen = strategy.choose(candidates, this.#host.now(), positions);
    return chosen < 0 ? REFUSED : ids[chosen];
  }

  /** Why that was. */
  refusalOf({ strategy, candidates }: Route): NeuronBusError {
    const count = candidates.ids.length;
    const who = count === 1 ? 'the one agent that fits' : `any of the ${count} agents that fit`;
    const why = strategy.refusal(this.#host.now());
    return new NeuronBusError(
      'NO_ROUTE',
      `The strategy '${strategy.name}' does not let ${who} be asked: ${why}`,
      {
        advice: 'Ask later, raise the budget, or choose another strategy',
      },
    );
  }

  /** A neuron of this thread left. */
  left(id: number): void {
    this.#askers.delete(id);
  }

  // A predicate that is the same function each time is a group of its own. Many are written where they are used, and so never come
  // again: what is learned on their way is of the agents, whichever predicate they fit.
  #passed(
    routes: RoutesOfAsker | undefined,
    from: number,
    to: Predicate,
    ids: readonly number[],
    version: number,
  ): Route | undefined {
    if (ids.length === 0) return undefined;
    const all = routes ?? this.#routesOf(from);
    let route = all.byPredicate.get(to);
    if (route !== undefined) {
      all.byPredicate.delete(to);
      all.byPredicate.set(to, route);
    } else if (this.#met.has(to)) {
      let paces = this.#pacesOfPredicates.get(to);
      if (paces === undefined) {
        paces = new Paces();
        this.#pacesOfPredicates.set(to, paces);
      }
      route = new Route(this.#newStrategy(from, paces), new TimeScale());
      all.byPredicate.set(to, route);
      if (all.byPredicate.size > MOST_PREDICATES) {
        for (const oldest of all.byPredicate.keys()) {
          all.byPredicate.delete(oldest);
          break;
        }
      }
    } else {
      this.#met.add(to);
      all.passing ??= new Route(this.#newStrategy(from, this.#pacesOfPassing), new TimeScale());
      route = all.passing;
    }
    this.#renew(route, ids, version);
    return route;
  }

  #routesOf(from: number): RoutesOfAsker {
    let routes = this.#askers.get(from);
    if (routes === undefined) {
      routes = new RoutesOfAsker();
      this.#askers.set(from, routes);
    }
    return routes;
  }

  #newRoute(from: number, to: Place): Route {
    if (this.#growth.added()) this.#sweep();
    let paces = this.#paces.get(to);
    if (paces === undefined) {
      paces = new Paces();
      this.#paces.set(to, paces);
    }
    const route = new Route(this.#newStrategy(from, paces), this.#scales.of(from, to));
    this.#routesOf(from).byAddress.set(to, route);
    return route;
  }

  #sweep(): void {
    const { cortex } = this.#registry;
    this.#paces.sweep(cortex);
    let left = this.#paces.size;
    for (const { byAddress } of this.#askers.values()) {
      byAddress.sweep(cortex);
      left += byAddress.size;
    }
    this.#growth.swept(left);
  }

  #renew(route: Route, ids: readonly number[], version: number): void {
    route.version = version;
    const { u16, u32, roster } = this.#ws;
    const known = route.candidates.ids;
    const same =
      ids.length === known.length &&
      ids.every((id, i) => id === known[i] && route.entries.get(id) === u32[roster + id]);
    if (same) return;
    for (const [id, entry] of route.entries) {
      if (u32[roster + id] === entry) continue;
      route.strategy.forget(id);
      route.entries.delete(id);
    }
    for (const id of ids) route.entries.set(id, u32[roster + id]);
    const { cortex } = this.#registry;
    route.candidates = new Candidates(ids, {
      loads: u16,
      loadAt: ids.map((id) => loadIndex(this.#ws, id)),
      costs: ids.map((id) => cortex.card(id)?.cost ?? 0),
    });
  }

  #newStrategy(from: number, paces: Paces): RoutingStrategy {
    const { strategy, options } = this.#choice;
    const seed = Math.floor(this.#random() * 2 ** 32);
    const weights = new Weights((agent) => this.#host.weightOf(from, agent));
    return createStrategy(strategy, { ...options, seed, weights, paces, budget: this.#budget });
  }
}

/** Begins with what the synapses of the bus have learned, or brought from a file. */
class Weights {
  readonly #learned = new Map<number, number>();
  readonly #synapse: (agent: number) => number | undefined;

  constructor(synapse: (agent: number) => number | undefined) {
    this.#synapse = synapse;
  }

  weightOf(agent: number): number | undefined {
    return this.#learned.get(agent) ?? this.#synapse(agent);
  }

  setWeight(agent: number, weight: number): void {
    this.#learned.set(agent, weight);
  }

  forget(agent: number): void {
    this.#learned.delete(agent);
  }
}
