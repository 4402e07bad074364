// SPDX-License-Identifier: MIT
//
// All taps of one bus. Called on the thread of the bus.

import { invalidArgument } from '../memory/errors.js';
import type { Memory } from '../memory/memory.js';
import { type Spike, salvageSpike } from '../memory/spike.js';
import type { Cortex } from './cortex.js';
import type { Registry } from './registry.js';
import { checkTapOptions, Tap, type TapHost, type TapOptions } from './tap.js';
import { TapStream } from './tap_stream.js';

export class Taps implements TapHost {
  readonly memory: Memory;
  readonly failed: (error: unknown) => void;
  readonly #registry: Registry;
  readonly #open = new Set<Tap>();

  constructor(memory: Memory, registry: Registry, failed: (error: unknown) => void) {
    this.memory = memory;
    this.failed = failed;
    this.#registry = registry;
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
  open(options: TapOptions, callback?: (spike: Spike) => void): Tap {
    const checked = checkTapOptions(options);
    if (callback === undefined) return new TapStream(this, checked);
    if (typeof callback !== 'function') throw invalidArgument('callback', callback, 'a function');
    return new Tap(this, checked, (spike) => {
      callback(salvageSpike(spike));
      return true;
    });
  }

  get cortex(): Cortex {
    return this.#registry.cortex;
  }

  keep(tap: Tap): void {
    this.#open.add(tap);
  }

  forget(tap: Tap): void {
    this.#open.delete(tap);
  }

  /** The bus closes. */
  finish(): void {
    for (const tap of this.#open) tap.finish();
  }
}
