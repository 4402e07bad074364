// SPDX-License-Identifier: MIT
//
// The cortex: which neuron has which card, and who can do what, where. Called on the thread of its bus.

import type { RegisteredCard } from './agent_card.js';

/** Finds cards by id, by capability, and by region and everything below it, without looking at all of them. */
export class Cortex {
  readonly #cards = new Map<number, RegisteredCard>();
  #byName: Map<string, Set<number>> | undefined; // made when somebody is looked for by name
  readonly #byCapability = new Map<string, Set<number>>();
  readonly #byRegion = new Map<string, Set<number>>();

  /** Counts up with every change. */
  version = 0;

  get size(): number {
    return this.#cards.size;
  }

  add(card: RegisteredCard): void {
    const { id } = card;
    this.version++;
    this.#cards.set(id, card);
    if (this.#byName !== undefined) link(this.#byName, card.name, id);
    for (const capability of card.capabilities) link(this.#byCapability, capability, id);
    for (const region of card.regions) {
      for (const ancestor of ancestors(region)) link(this.#byRegion, ancestor, id);
    }
  }

  remove(id: number): void {
    const card = this.#cards.get(id);
    if (card === undefined) return;
    this.version++;
    this.#cards.delete(id);
    if (this.#byName !== undefined) unlink(this.#byName, card.name, id);
    for (const capability of card.capabilities) unlink(this.#byCapability, capability, id);
    for (const region of card.regions) {
      for (const ancestor of ancestors(region)) unlink(this.#byRegion, ancestor, id);
    }
  }

  card(id: number): RegisteredCard | undefined {
    return this.#cards.get(id);
  }

  all(): RegisteredCard[] {
    return [...this.#cards.values()];
  }

  /** Cards with this name, in order of registration. */
  named(name: string): RegisteredCard[] {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const card of this.#cards.values()) link(this.#byName, card.name, card.id);
    }
    return this.#resolve(this.#byName.get(name));
  }

  /** Cards with this capability, in order of registration. */
  withCapability(capability: string): RegisteredCard[] {
    return this.#resolve(this.#byCapability.get(capability));
  }

  /** Cards in this region or a region below it: 'app' finds 'app/core', not 'application'. */
  inRegion(region: string): RegisteredCard[] {
    return this.#resolve(this.#byRegion.get(region));
  }

  /** Whether a neuron is in this region or a region below it. */
  isIn(id: number, region: string): boolean {
    return this.#byRegion.get(region)?.has(id) === true;
  }

  #resolve(ids: Set<number> | undefined): RegisteredCard[] {
    return ids === undefined ? [] : Array.from(ids, (id) => this.#cards.get(id)!);
  }
}

/** 'a/b/c' lies in 'a', 'a/b' and 'a/b/c'. */
function ancestors(region: string): string[] {
  const segments = region.split('/');
  return segments.map((_, depth) => segments.slice(0, depth + 1).join('/'));
}

function link(index: Map<string, Set<number>>, key: string, id: number): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}

function unlink(index: Map<string, Set<number>>, key: string, id: number): void {
  const ids = index.get(key);
  if (ids?.delete(id) && ids.size === 0) index.delete(key);
}
