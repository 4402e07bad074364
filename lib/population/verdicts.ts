// SPDX-License-Identifier: MIT
//
// Those who wait for the output of a network to become clear: a judge each, a deadline, a signal. On the thread of the network.

import { checkTimeout } from '../bus/messages/options.js';
import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Judge } from './decision.js';
import type { Spikes } from './recording.js';

export interface AwaitOptions {
  /** How long to wait, ms of real time; Infinity = for ever. Default 30,000. */
  timeoutMs?: number;
  /** Gives up: ERR_NB_ABORTED. */
  signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** setTimeout() knows no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Waiting {
  readonly judge: Judge<unknown>;
  /** Inputs before this one do not count. */
  readonly from: number;
  inputs: number;
  resolve(verdict: unknown): void;
  reject(error: unknown): void;
}

/** @internal */
export class Verdicts {
  readonly #waiting = new Set<Waiting>();
  /** The input that runs, or ran last, and what it led to so far. */
  #input = 0;
  #heard: Spikes[] = [];

  /**
   * Resolves to the first verdict on input `from` or a later one. What is known of `from` counts, too.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option; the promise rejects with ERR_NB_TIMEOUT or ERR_NB_ABORTED.
   */
  wait<Verdict>(judge: Judge<Verdict>, from: number, options: AwaitOptions): Promise<Verdict> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    checkKeys('options', options, new Set(['timeoutMs', 'signal']));
    checkTimeout('timeoutMs', timeoutMs);
    if (signal !== undefined && typeof signal?.addEventListener !== 'function')
      throw invalidArgument('signal', signal, 'an AbortSignal');
    if (signal?.aborted) return Promise.reject(aborted(judge, signal));
    return new Promise<Verdict>((resolve, reject) => {
      const begunMs = performance.now();
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        this.#waiting.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const waiting: Waiting = {
        ...{ judge, from, inputs: 0 },
        resolve: (verdict) => {
          end();
          resolve(verdict as Verdict);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const abort = () => waiting.reject(aborted(judge, signal!));
      // Timers end early by less than a millisecond, and know no infinity.
      const arm = () => {
        const left = timeoutMs - (performance.now() - begunMs);
        if (left <= 0) waiting.reject(timedOut(waiting, timeoutMs));
        else timer = setTimeout(arm, Math.min(left, LONGEST_TIMER_MS));
      };
      this.#waiting.add(waiting);
      this.#replay(waiting);
      if (!this.#waiting.has(waiting)) return;
      signal?.addEventListener('abort', abort, { once: true });
      if (timeoutMs !== Number.POSITIVE_INFINITY) arm();
    });
  }

  /** Input `input` begins. */
  begin(input: number): void {
    this.#input = input;
    this.#heard = [];
    for (const waiting of this.#waiting) if (waiting.from <= input) this.#begin(waiting);
  }

  /** Output spikes of the input that runs, in order. */
  hear(spikes: Spikes): void {
    this.#heard.push(spikes);
    for (const waiting of this.#waiting) if (waiting.from <= this.#input) this.#tell(waiting, spikes);
  }

  /** Input `input` could not be run: those who wait for it need not. */
  fail(input: number, error: unknown): void {
    for (const waiting of this.#waiting) if (waiting.from <= input) waiting.reject(error);
  }

  /** Nothing comes any more. */
  end(error: unknown): void {
    for (const waiting of this.#waiting) waiting.reject(error);
    this.#heard = [];
  }

  #replay(waiting: Waiting): void {
    if (this.#input === 0 || waiting.from > this.#input) return;
    this.#begin(waiting);
    for (const spikes of this.#heard) if (this.#waiting.has(waiting)) this.#tell(waiting, spikes);
  }

  #begin(waiting: Waiting): void {
    waiting.inputs++;
    waiting.judge.begin();
  }

  #tell(waiting: Waiting, spikes: Spikes): void {
    const verdict = waiting.judge.hear(spikes);
    if (verdict !== undefined) waiting.resolve(verdict);
  }
}

function timedOut({ judge, inputs }: Waiting, timeoutMs: number): NeuronBusError {
  const during = inputs === 0 ? 'no input' : inputs === 1 ? 'one input' : `${inputs} inputs`;
  return new NeuronBusError('TIMEOUT', `In ${timeoutMs} ms and ${during}, ${judge.describe()}`);
}

function aborted(judge: Judge<unknown>, signal: AbortSignal): NeuronBusError {
  return new NeuronBusError('ABORTED', judge.describe(), { cause: signal.reason });
}
