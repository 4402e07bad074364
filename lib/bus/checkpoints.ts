// SPDX-License-Identifier: MIT
//
// Snapshots of a running bus, one after the other. Called on the thread of the bus.

import { checkKeys, invalidArgument } from '../memory/errors.js';

export interface CheckpointOptions {
  /** From the end of one to the beginning of the next, ms. Default 100. */
  intervalMs?: number;
}

export interface CheckpointHost {
  /** Writes the file, atomically. */
  save(): Promise<void>;
  closed(): boolean;
  failed(error: unknown): void;
}

const KEYS: ReadonlySet<string> = new Set(['intervalMs']);

/** Made by {@link NeuronBus.checkpoint}. Does not keep the process alive. */
export class Checkpoints {
  readonly #host: CheckpointHost;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #stopped = false;
  #count = 0;

  /** @internal */
  constructor(options: CheckpointOptions, host: CheckpointHost) {
    checkKeys('options', options, KEYS);
    const { intervalMs = 100 } = options;
    if (!(typeof intervalMs === 'number' && intervalMs >= 1 && intervalMs < 2 ** 31)) {
      throw invalidArgument('intervalMs', intervalMs, 'a number of milliseconds, 1 or more');
    }
    this.#host = host;
    this.#intervalMs = intervalMs;
    this.#wait();
  }

  /** How many were written. */
  get count(): number {
    return this.#count;
  }

  /** Writes a last one, unless the bus is closed. Resolves when it is there; rejects when it cannot be written. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#host.closed()) return;
    await this.#host.save();
    this.#count++;
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#saving = this.#save();
    }, this.#intervalMs).unref();
  }

  async #save(): Promise<void> {
    if (this.#host.closed()) return;
    try {
      await this.#host.save();
      this.#count++;
    } catch (error) {
      if (!this.#host.closed()) this.#host.failed(error);
    }
    if (!this.#stopped && !this.#host.closed()) this.#wait();
  }
}
