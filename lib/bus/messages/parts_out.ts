// SPDX-License-Identifier: MIT
//
// An answer in parts, at who answers: takes parts out of a generator only as fast as they are read. Called on the thread of the
// bus.

import { NeuronBusError } from '../../memory/errors.js';
import type { Request } from './incoming.js';
import { STREAM_WINDOW } from './token_stream.js';

interface Credit {
  parts: number;
  granted: () => void;
  ended: () => void;
}

const nothing = () => {};

/** A promise: there is no room for the part now, and it waits. */
type SendPart = (request: Request, index: number, value: unknown) => boolean | Promise<boolean>;

export class PartsOut {
  readonly #credits = new Map<Request, Credit>();
  readonly #sendPart: SendPart;

  constructor(sendPart: SendPart) {
    this.#sendPart = sendPart;
  }

  /** Whether parts of an answer are under way. */
  has(request: Request): boolean {
    return this.#credits.has(request);
  }

  /** The asker has room for so many further parts. */
  grant(request: Request, parts: number): void {
    const credit = this.#credits.get(request);
    if (credit === undefined || !(parts > 0)) return;
    credit.parts += parts;
    credit.granted();
  }

  /** The request is done: whoever waits for room for its parts need not any more. */
  wake(request: Request): void {
    if (this.#credits.size === 0) return;
    const credit = this.#credits.get(request);
    credit?.granted();
    credit?.ended();
  }

  /**
   * Sends all `parts` as there is credit, and room in the ring and in the arena. Returns how many there were; -1: nobody wants
   * more, and the generator was ended.
   * Rejects with what it throws, or with ERR_NB_FULL when a part was dropped.
   */
  async send(request: Request, parts: AsyncIterable<unknown>): Promise<number> {
    const credit: Credit = { parts: STREAM_WINDOW, granted: nothing, ended: nothing };
    const iterator = parts[Symbol.asyncIterator](); // may throw
    this.#credits.set(request, credit);
    let over = false;
    try {
      for (let count = 0; ; count++) {
        while (credit.parts === 0 && !request.done) {
          await new Promise<void>((resolve) => {
            credit.granted = resolve;
          });
        }
        if (request.done) return -1;
        over = true; // if this throws
        const { done, value } = checkResult(await iterator.next());
        if (done === true) return request.done ? -1 : count;
        over = false;
        if (request.done) return -1;
        credit.parts--;
        let sent = this.#sendPart(request, count, value);
        if (typeof sent !== 'boolean') {
          const ended = new Promise<void>((resolve) => {
            credit.ended = resolve;
          });
          sent = (await Promise.race([sent, ended])) === true;
          if (request.done) return -1;
        }
        if (!sent) throw new NeuronBusError('FULL', 'A part of the stream was dropped');
      }
    } finally {
      this.#credits.delete(request);
      if (!over) await iterator.return?.();
    }
  }
}

// As for-await does, which would have no end otherwise: a result that is no object is not done either.
function checkResult(result: IteratorResult<unknown>): IteratorResult<unknown> {
  if (Object(result) !== result) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  return result;
}
