// SPDX-License-Identifier: MIT
//
// Questions that had their turn and outlive their handlers: by who asked, and by number. Called on the thread of the bus.

import type { Request } from './incoming.js';

export class OpenQuestions {
  readonly #byAsker = new Map<number, Map<number, Request>>();

  get none(): boolean {
    return this.#byAsker.size === 0;
  }

  add(request: Request): void {
    const { from, exchange } = request;
    const known = this.#byAsker.get(from);
    if (known === undefined) this.#byAsker.set(from, new Map([[exchange, request]]));
    else known.set(exchange, request);
  }

  remove({ from, exchange }: Request): void {
    if (this.#byAsker.size === 0) return;
    const known = this.#byAsker.get(from);
    if (known?.delete(exchange) && known.size === 0) this.#byAsker.delete(from);
  }

  find(from: number, exchange: number): Request | undefined {
    return this.#byAsker.get(from)?.get(exchange);
  }

  /** Those that `fit`, as a copy. */
  all(fits: (request: Request) => boolean): Request[] {
    const found: Request[] = [];
    for (const requests of this.#byAsker.values()) {
      for (const request of requests.values()) if (fits(request)) found.push(request);
    }
    return found;
  }
}
