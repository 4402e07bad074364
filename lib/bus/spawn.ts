// SPDX-License-Identifier: MIT
//
// Worker threads that join the bus by themselves, and what becomes of those that fail. Called on the thread of the bus that
// spawned them.
//
// Each worker is watched on its own: one that ends without being asked is started again after a pause, which doubles with
// each restart within the window; after too many it is given up, and the others go on.

import { Worker } from 'node:worker_threads';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Memory } from '../memory/memory.js';
import type { BusHandle } from './membership.js';
import { attachedOptions } from './options.js';
import {
  moduleUrl,
  READY,
  type ResolvedSpawn,
  resolveSpawn,
  type SpawnData,
  type SpawnOptions,
} from './spawn_options.js';

/** A worker of a pool ended without being asked. */
export interface WorkerEnd {
  pool: WorkerPool;
  /** Which of its workers, from 0. */
  index: number;
  /** What it threw or rejected with; without that, an ERR_NB_WORKER_FAILED that names the exit code. */
  error: unknown;
  /** undefined: its thread could not even be started. */
  exitCode: number | undefined;
  /** It is started again in a while; otherwise it is given up. */
  restarting: boolean;
}

/** What a pool needs of its bus. */
export interface PoolHost {
  readonly memory: Memory;
  handle(): BusHandle;
  /** `error`: what to report as the failure. */
  ended(end: WorkerEnd, error: unknown): void;
}

interface Slot {
  worker: Worker | undefined;
  timer: NodeJS.Timeout | undefined;
  ready: boolean;
  /** When it was started again within the window, ms. */
  restarts: number[];
}

const ENTRY = new URL('./spawned.js', import.meta.url);

/** The pools of a bus. */
export class WorkerPools {
  readonly #host: PoolHost;
  readonly #pools = new Set<WorkerPool>();

  constructor(host: PoolHost) {
    this.#host = host;
  }

  /** As `NeuronBus.spawn`. */
  spawn(url: URL | string, options: SpawnOptions): WorkerPool {
    const { memory } = this.#host;
    if (memory.virtualClock) {
      throw invalidArgument('clock', 'virtual', "'real' for spawn(): a virtual clock has one thread");
    }
    const href = moduleUrl(url);
    const resolved = resolveSpawn(options, memory.maxGanglia - 1);
    attachedOptions(memory, resolved.attach); // refuses what each worker would refuse
    const pool = new WorkerPool(this.#host, href, resolved);
    for (const old of this.#pools) if (old.terminated) this.#pools.delete(old);
    this.#pools.add(pool);
    return pool;
  }

  close(): void {
    for (const pool of this.#pools) void pool.terminate();
    this.#pools.clear();
  }
}

/** The workers of one `bus.spawn()`. Like any worker, they keep the process alive: until terminate(), or the bus is closed. */
export class WorkerPool {
  /** The module that they run. */
  readonly url: string;
  readonly threads: number;
  /**
   * Every worker has joined the bus, its module's default export has returned or resolved, and its bus is started. Rejects
   * with ERR_NB_WORKER_FAILED when one is given up before that, with ERR_NB_CLOSED when the pool is terminated before. No
   * unhandled rejection if nobody awaits it: failures are events of the bus as well.
   */
  readonly ready: Promise<void>;
  readonly #host: PoolHost;
  readonly #options: ResolvedSpawn;
  readonly #slots: Slot[];
  #failed: NeuronBusError | undefined;
  #end: Promise<void> | undefined;
  #settle!: { resolve: () => void; reject: (error: NeuronBusError) => void };

  /** @internal */
  constructor(host: PoolHost, url: string, options: ResolvedSpawn) {
    this.#host = host;
    this.#options = options;
    this.url = url;
    this.threads = options.threads;
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.ready.catch(() => {});
    this.#slots = Array.from({ length: options.threads }, () => {
      return { worker: undefined, timer: undefined, ready: false, restarts: [] };
    });
    try {
      this.#slots.forEach((_, index) => void this.#start(index));
    } catch (cause) {
      void this.terminate(); // the first one already was refused: its options are wrong
      throw new NeuronBusError('INVALID_ARGUMENT', `worker is refused by the runtime (${text(cause)})`, {
        cause,
      });
    }
  }

  /** Set when a worker was given up: ERR_NB_WORKER_FAILED with what it failed of as the cause. Of several, the first. */
  get failed(): NeuronBusError | undefined {
    return this.#failed;
  }

  /** Workers that have a thread; fewer than `threads` while one waits for its restart, or when one was given up. */
  get alive(): number {
    return this.#slots.filter(({ worker }) => worker !== undefined).length;
  }

  get terminated(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Ends all workers, whatever they do; nothing is restarted. Their neurons leave the bus, what was under way to them is
   * counted as dropped (deadTarget). Resolves when the threads are gone. A second call gives the same promise.
   */
  terminate(): Promise<void> {
    this.#end ??= this.#endAll();
    return this.#end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.terminate();
  }

  async #endAll(): Promise<void> {
    this.#settle.reject(new NeuronBusError('CLOSED', 'The pool ended before all of its workers were ready'));
    const ends = this.#slots.map(({ worker, timer }) => {
      clearTimeout(timer);
      return worker?.terminate();
    });
    await Promise.all(ends);
  }

  #start(index: number): void {
    const slot = this.#slots[index];
    const { data, attach, worker: options } = this.#options;
    const context = { index, threads: this.threads, data };
    const workerData: SpawnData = { handle: this.#host.handle(), url: this.url, attach, context };
    const worker = new Worker(ENTRY, { name: `neuronbus ${index}`, ...options, workerData });
    let failure: { error: unknown } | undefined;
    slot.timer = undefined;
    slot.worker = worker;
    worker.on('message', (message) => {
      if (message === READY) this.#becameReady(slot);
    });
    worker.on('error', (error) => {
      failure ??= { error };
    });
    worker.on('exit', (exitCode) => {
      slot.worker = undefined;
      this.#lost(index, failure, exitCode);
    });
  }

  #becameReady(slot: Slot): void {
    slot.ready = true;
    if (this.#slots.every(({ ready }) => ready)) this.#settle.resolve();
  }

  /** A worker is gone: start it again, or give it up. */
  #lost(index: number, failure: { error: unknown } | undefined, exitCode: number | undefined): void {
    if (this.terminated) return;
    const pauseMs = this.#pauseBefore(this.#slots[index]);
    const restarting = pauseMs !== undefined;
    const next = restarting ? `it is started again in ${Math.ceil(pauseMs)} ms` : 'it is given up';
    const detail = `worker ${index} of ${this.url} ended with exit code ${exitCode}, and ${next}`;
    const { error } = failure ?? { error: new NeuronBusError('WORKER_FAILED', detail) };
    const reason = failure === undefined ? `exit code ${exitCode}` : text(error);
    if (restarting) this.#slots[index].timer = setTimeout(() => this.#restart(index), pauseMs);
    this.#host.ended(
      { pool: this, index, error, exitCode, restarting },
      restarting ? error : this.#giveUp(index, error, reason),
    );
  }

  /** How long to wait before the next restart, ms; undefined: there were too many. */
  #pauseBefore(slot: Slot): number | undefined {
    const { maxRestarts, restartWindowMs, backoffMs, maxBackoffMs } = this.#options;
    const since = performance.now() - restartWindowMs;
    slot.restarts = slot.restarts.filter((at) => at >= since);
    const count = slot.restarts.length;
    return count < maxRestarts ? Math.min(backoffMs * 2 ** count, maxBackoffMs) : undefined;
  }

  #restart(index: number): void {
    this.#slots[index].restarts.push(performance.now());
    try {
      this.#start(index);
    } catch (error) {
      this.#lost(index, { error }, undefined);
    }
  }

  #giveUp(index: number, cause: unknown, reason: string): NeuronBusError {
    const { restarts } = this.#slots[index];
    const detail = `worker ${index} of ${this.url}, restarted ${restarts.length} times: ${reason}`;
    const error = new NeuronBusError('WORKER_FAILED', detail, { cause });
    this.#failed ??= error;
    this.#settle.reject(error);
    return error;
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
