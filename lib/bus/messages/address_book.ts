// SPDX-License-Identifier: MIT
//
// What is kept for each name, capability and region that somebody asked for. Called on the thread of the bus.
//
// Names come and go with the agents that have them: what is kept for one that nobody has any more is swept out, each time when
// there may be twice as much as was of use last.

import type { Cortex } from '../cortex.js';
import type { To } from './options.js';

/** An address that says by itself whom it means. */
export type Place = Exclude<To, number | ((...args: never[]) => unknown)>;

/** One value for each address. A name is never taken for a capability, whatever it looks like. */
export class AddressBook<T> {
  readonly #names = new Map<string, T>();
  readonly #capabilities = new Map<string, T>();
  readonly #regions = new Map<string, T>();

  get size(): number {
    return this.#names.size + this.#capabilities.size + this.#regions.size;
  }

  /** Undefined also for what is no address. */
  get(to: Place): T | undefined {
    if (typeof to === 'string') return this.#names.get(to);
    if (typeof to !== 'object' || to === null) return undefined;
    return 'capability' in to ? this.#capabilities.get(to.capability) : this.#regions.get(to.region);
  }

  set(to: Place, value: T): void {
    if (typeof to === 'string') this.#names.set(to, value);
    else if ('capability' in to) this.#capabilities.set(to.capability, value);
    else this.#regions.set(to.region, value);
  }

  delete(to: Place): void {
    if (typeof to === 'string') this.#names.delete(to);
    else if ('capability' in to) this.#capabilities.delete(to.capability);
    else this.#regions.delete(to.region);
  }

  /** Drops what is kept for addresses that nobody on the bus has. */
  sweep(cortex: Cortex): void {
    for (const name of this.#names.keys()) if (cortex.named(name).length === 0) this.#names.delete(name);
    for (const capability of this.#capabilities.keys())
      if (cortex.withCapability(capability).length === 0) this.#capabilities.delete(capability);
    for (const region of this.#regions.keys())
      if (cortex.inRegion(region).length === 0) this.#regions.delete(region);
  }
}

const FEWEST = 64;

/** When to sweep. */
export class Growth {
  #added = 0;
  #limit = FEWEST;

  /** One more is kept. Returns whether it is time. */
  added(): boolean {
    return ++this.#added > this.#limit;
  }

  /** So many were left. */
  swept(left: number): void {
    this.#added = 0;
    this.#limit = Math.max(FEWEST, left);
  }
}
