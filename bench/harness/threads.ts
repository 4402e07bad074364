// SPDX-License-Identifier: MIT
//
// What the two threads of a scenario share besides the thing they measure: a stop flag and the producer's account.
//
// The measuring process' main thread starts the worker and owns the result; the worker only produces or echoes.

import { once } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';
import { expectEqual } from './measure.js';

const stopWord = 0;
const doneWord = 1;
const sumWord = 2;
const creditWord = 3;
const countAt = 2;

/** Flags and totals of one run, over memory that both threads see. */
export class Control {
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(64)) {
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  /** Consumer: asks the producer to end. */
  stop(): void {
    Atomics.store(this.words, stopWord, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.words, stopWord) === 1;
  }

  /** Producer: how much it sent in all, and the checksum of it. Its last act. */
  finish(count: number, sum: number): void {
    this.doubles[countAt] = count;
    this.words[sumWord] = sum;
    Atomics.store(this.words, doneWord, 1);
    Atomics.notify(this.words, doneWord);
  }

  get finished(): boolean {
    return Atomics.load(this.words, doneWord) === 1;
  }

  get sent(): number {
    return this.doubles[countAt];
  }

  /** Consumer: compares its own account with the producer's; call after `finished` and a last drain. */
  check(count: number, sum: number): void {
    expectEqual('messages', count, this.sent);
    expectEqual('checksum', sum | 0, this.words[sumWord]);
  }

  /** Consumer: tells a producer without a bounded queue how far it has come (modulo 2^32). */
  credit(count: number): void {
    Atomics.store(this.words, creditWord, count | 0);
  }

  /** Producer: spins until fewer than `window` messages are under way, or the end. */
  awaitCredit(sent: number, window: number): void {
    while (((sent - Atomics.load(this.words, creditWord)) | 0) >= window && !this.stopped);
  }
}

export let counted = 0;

/** Keeps this thread busy for about a microsecond without touching shared memory. */
export function pause(): void {
  for (let i = 0; i < 2000; i++) counted ^= i;
}

/** Resolves when the worker has posted its first message, that is: when it is set up and about to spin. */
export async function startWorker(
  script: URL,
  workerData: unknown,
  transferList: readonly MessagePort[] = [],
): Promise<Worker> {
  const worker = new Worker(script, { workerData, transferList: [...transferList] });
  worker.on('error', (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
  await once(worker, 'message');
  return worker;
}
