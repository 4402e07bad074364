// SPDX-License-Identifier: MIT
//
// Who is to be told when an AbortSignal is aborted: one listener for all who heed the same signal, which takes as long to remove
// as there are others, and of which Node.js thinks ten are too many. Any thread.

interface Heeded {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

export class Aborts {
  readonly #bySignal = new Map<AbortSignal, Heeded>();

  /** Calls when `signal` is aborted, in the order in which it was told to. Returns what lifts it. */
  heed(signal: AbortSignal, call: () => void): () => void {
    const heeded = this.#bySignal.get(signal) ?? this.#listen(signal);
    const own = () => call(); // the same one may come twice
    heeded.calls.add(own);
    return () => {
      if (heeded.calls.delete(own) && heeded.calls.size === 0) this.#leave(signal, heeded);
    };
  }

  #listen(signal: AbortSignal): Heeded {
    const calls = new Set<() => void>();
    const listener = () => {
      this.#bySignal.delete(signal);
      for (const call of calls) call(); // but for those that are lifted meanwhile
      calls.clear();
    };
    const heeded = { calls, listener };
    this.#bySignal.set(signal, heeded);
    signal.addEventListener('abort', listener, { once: true });
    return heeded;
  }

  #leave(signal: AbortSignal, heeded: Heeded): void {
    signal.removeEventListener('abort', heeded.listener);
    if (this.#bySignal.get(signal) === heeded) this.#bySignal.delete(signal);
  }
}
