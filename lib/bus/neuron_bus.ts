// SPDX-License-Identifier: MIT
//
// NeuronBus: what users hold. It owns the segment and the ganglion of its thread; its parts are put together in assembly.ts,
// and the way of a spike is in emitter.ts and dispatcher.ts. Called on the thread that created it.

import { clock } from '../memory/clock.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { Memory } from '../memory/memory.js';
import { seededRandom } from '../memory/random.js';
import type { Spike, SpikeInit } from '../memory/spike.js';
import type { SpikeBuilder } from '../memory/spike_builder.js';
import type { RegisteredCard } from './agent_card.js';
import { assemble, type Parts } from './assembly.js';
import { BusArena } from './bus_arena.js';
import { NeuronBusBuilder } from './bus_builder.js';
import type { BusClock } from './bus_clock.js';
import { checkName } from './bus_name.js';
import { BusTopology } from './bus_topology.js';
import { type CheckpointOptions, Checkpoints } from './checkpoints.js';
import type { Emitter } from './emitter.js';
import type { Firing } from './firing.js';
import type { BusHandle } from './membership.js';
import { NeuronHandle } from './neuron.js';
import {
  type AttachOptions,
  attachedOptions,
  isNamed,
  type NeuronBusOptions,
  type ResolvedOptions,
  resolveOptions,
  segmentOptions,
} from './options.js';
import { checkPath, type LoadResult, readSnapshot, writeSnapshot } from './snapshot.js';
import type { WorkerPool } from './spawn.js';
import type { SpawnOptions } from './spawn_options.js';
import { type BusStats, readDrops, readStats } from './stats.js';
import type { Tap, TapOptions } from './tap.js';
import type { TapStream } from './tap_stream.js';
import type { Stage } from './trace/replay.js';
import type { Workspace } from './workspace.js';

export class NeuronBus extends BusTopology {
  readonly options: Readonly<ResolvedOptions>;
  readonly arena: BusArena;
  readonly clock: BusClock;
  /** @internal */
  readonly stage: Stage;
  readonly #random: () => number;
  readonly #memory: Memory;
  readonly #parts: Parts;
  readonly #firing: Firing;
  readonly #createdNs: number;
  readonly #creator: boolean;
  #closed = false;
  #disposed = false;
  #lost: unknown;

  static builder(): NeuronBusBuilder {
    return new NeuronBusBuilder(NeuronBus.create);
  }

  /** @throws NeuronBusError ERR_NB_CAPACITY, ERR_NB_INVALID_ARGUMENT (naming the option), ERR_NB_NO_MEMORY. */
  static create(options: NeuronBusOptions = {}): NeuronBus {
    const resolved = resolveOptions(options);
    const named = isNamed(options);
    return NeuronBus.#enter(Memory.create(segmentOptions(resolved, named)), () => resolved, true);
  }

  /**
   * Joins a bus of this process, in another thread: `handle` is its {@link NeuronBus.handle}.
   *
   * @throws NeuronBusError ERR_NB_NO_SUCH_SEGMENT, ERR_NB_TOO_MANY_GANGLIA, ERR_NB_INVALID_ARGUMENT (naming the option, or
   * for a bus with a virtual clock, which has one thread).
   */
  static attach(handle: BusHandle, options: AttachOptions = {}): NeuronBus {
    if (typeof handle?.id !== 'number' || typeof handle.key !== 'number') {
      throw invalidArgument('handle', handle, 'the handle of a NeuronBus');
    }
    const memory = Memory.attach(handle);
    if (memory.maxGanglia === 0) {
      memory.close();
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        'handle is that of an axon, but must be the handle of a bus',
      );
    }
    return NeuronBus.#enter(memory, () => attachedOptions(memory, options), false);
  }

  /**
   * Joins the bus of this name, of any process of this user.
   *
   * @throws NeuronBusError ERR_NB_NO_SUCH_BUS, ERR_NB_NOT_OWNER, ERR_NB_VERSION, ERR_NB_BAD_SEGMENT, ERR_NB_UNSUPPORTED,
   * ERR_NB_NO_ROOM, and as attach().
   */
  static open(name: string, options: AttachOptions = {}): NeuronBus {
    const memory = Memory.open(checkName(name));
    return NeuronBus.#enter(memory, () => attachedOptions(memory, options), false);
  }

  // Takes over the caller's part in the memory, also on failure.
  static #enter(memory: Memory, options: () => ResolvedOptions, creator: boolean): NeuronBus {
    try {
      const bus = new NeuronBus(memory, options(), creator);
      if (memory.named || !creator) bus.#parts.membership.share();
      return bus;
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  private constructor(memory: Memory, options: ResolvedOptions, creator: boolean) {
    super();
    this.options = options;
    this.#creator = creator;
    this.#memory = memory;
    const parts = assemble(memory, options, {
      open: () => this.open().workspace,
      closed: () => this.#closed,
      dispose: () => this.#dispose(),
      reportDrops: () => this.reportDrops(),
      random: () => this.#random(),
      handle: () => this.handle,
      failed: (error, id, card) => this.reportFailure(error, id, card),
      pruned: (pre, post, weight) => this.emit('prune', { pre, post, weight }),
      workerEnded: (end, error) => this.reportWorker(end, error),
      lost: (error) => this.#lose(error),
    });
    this.#parts = parts;
    this.#firing = parts.firing;
    this.stage = parts.stage;
    this.arena = new BusArena(() => this.open().workspace);
    this.clock = parts.clock;
    this.#random = seededRandom(options.seed);
    this.#createdNs = this.clock.now();
  }

  // ---- spikes -------------------------------------------------------------------------------------------------------

  /**
   * Fires a spike from neuron `id`; without `target` it is a broadcast over its synapses. False: dropped and counted.
   *
   * @throws NeuronBusError ERR_NB_UNKNOWN_NEURON, ERR_NB_INVALID_ARGUMENT, ERR_NB_FULL (backpressure 'fail'),
   * ERR_NB_ARENA_FULL, ERR_NB_TOO_LARGE, ERR_NB_STALE_SPIKE, ERR_NB_CLOSED. Then nothing was sent.
   */
  fire(id: number, spike: SpikeInit | Spike | SpikeBuilder): boolean {
    return this.#firing.fire(id, spike);
  }

  /** Delivers every spike that is queued now. Returns how many were handed to a neuron. @throws ERR_NB_REENTRANT. */
  tick(): number {
    this.open();
    return this.stage.drive.tick();
  }

  /** `n` ticks. Returns the sum of what they delivered. */
  run(n: number): number {
    this.open();
    return this.stage.drive.run(n);
  }

  /** Delivers by itself from now on, event-driven, until stop() or close(). Keeps the process alive meanwhile. */
  start(): void {
    const { workspace, membership, scheduler } = this.open();
    workspace.eventDriven = true;
    if (this.#memory.maxGanglia > 1 && !this.clock.virtual) membership.listen(() => scheduler.ring());
    scheduler.start();
  }

  stop(): void {
    const { workspace, scheduler } = this.open();
    workspace.eventDriven = false;
    scheduler.stop();
  }

  /** Ends everything; queued spikes are lost. A second call does nothing; other methods throw ERR_NB_CLOSED from now on. */
  close(): void {
    if (this.#closed) return;
    const { conversations, persistence, scheduler, pools, membership, dispatcher, workspace } = this.#parts;
    conversations.close();
    this.#closed = true;
    scheduler.stop();
    pools.close();
    persistence.close();
    membership.close();
    dispatcher.stop();
    workspace.closed = true;
    workspace.residents.length = 0;
    if (!workspace.running) this.#dispose();
  }

  /** For `NeuronBus.attach()` in other threads of this process. Structured-cloneable. */
  get handle(): BusHandle {
    return this.open().membership.share();
  }

  /**
   * Starts worker threads that join this bus and call the default export of the module `url`:
   *
   * ```ts
   * // agents.js
   * export default (bus, { index, threads, data }) => { bus.register(new Agent(data), { name: `agent ${index}` }); };
   * // main.js
   * const pool = bus.spawn(new URL('./agents.js', import.meta.url), { threads: 4, data: 'anything cloneable' });
   * await pool.ready;
   * ```
   *
   * Each worker starts its bus when the export returned or resolved. One that throws, rejects or exits without being asked
   * is reported ('worker', 'error') and started again, see {@link SpawnOptions}. close() ends the pool without waiting for
   * its threads; `await pool.terminate()` waits.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (url, an option, or a virtual clock), ERR_NB_CLOSED; nothing was started.
   */
  spawn(url: URL | string, options: SpawnOptions = {}): WorkerPool {
    return this.open().pools.spawn(url, options);
  }

  get closed(): boolean {
    return this.#closed;
  }

  // ---- what happened ------------------------------------------------------------------------------------------------

  stats(): BusStats {
    const { workspace, dispatcher, conversations } = this.open();
    this.stage.emitter.tend();
    const routed = dispatcher.settle();
    return readStats(workspace, routed, conversations, {
      name: this.options.name,
      clock: this.clock.virtual ? 'virtual' : clock.source,
      uptimeNs: this.clock.now() - this.#createdNs,
    });
  }

  /**
   * Live traffic: copies of the spikes that match the filter, of all threads and processes on the bus, from now on. Nobody is
   * slowed; what the tap is too slow for is counted in `tap.lost`. A spike is seen once it is visible in its ring (at the end
   * of the tick, at the latest), a broadcast once for each thread that it goes to. Spikes of one ring come in order. A payload
   * of over 46 bytes that is gone by then throws ERR_NB_STALE_REFERENCE when it is read. Without a callback the tap is to be
   * iterated over; closing the bus ends it.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option, ERR_NB_CLOSED.
   */
  tap(options?: TapOptions): TapStream;
  tap(options: TapOptions, callback: (spike: Spike) => void): Tap;
  tap(options: TapOptions = {}, callback?: (spike: Spike) => void): Tap {
    return this.open().taps.open(options, callback);
  }

  /** Uniform in [0, 1), from the seed of the bus. */
  random(): number {
    this.open();
    return this.#random();
  }

  /**
   * Writes cards, synapses and weights to a file, atomically.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (path), ERR_NB_FILE_IO, ERR_NB_CLOSED.
   */
  async save(path: string): Promise<void> {
    const { persistence } = this.open();
    checkPath(path);
    await writeSnapshot(path, persistence.body(this.options.name));
  }

  /**
   * Restores synapses and weights between neurons of the same names. What belongs to neurons that are not registered yet
   * is restored when they are: on another thread or in another process, when this one notices, which takes until it delivers or
   * looks for neurons or synapses, at most 250 ms. What belongs to a thread that has no time is restored when it has,
   * unless the synapse was made, set or cut from this one meanwhile. What cannot be restored on another thread is an 'error' event.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (path), ERR_NB_FILE_IO, ERR_NB_BAD_FILE, ERR_NB_VERSION, ERR_NB_TOO_MANY_SYNAPSES; nothing changed.
   */
  async load(path: string): Promise<LoadResult> {
    this.open();
    checkPath(path);
    const body = await readSnapshot(path);
    const { dispatcher, persistence } = this.open();
    dispatcher.settle();
    return persistence.restore(body);
  }

  /**
   * Saves the bus to a file again and again, so that a restart can load() what was learned. The file is always a whole one; what
   * goes wrong is an 'error' event, and the next attempt comes. Ends with stop(), which saves a last time, or close().
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT, ERR_NB_CLOSED.
   */
  checkpoint(path: string, options: CheckpointOptions = {}): Checkpoints {
    this.open();
    checkPath(path);
    return new Checkpoints(options, {
      save: () => this.save(path),
      closed: () => this.#closed,
      failed: (error) => this.reportFailure(error, -1, undefined),
    });
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  /** @internal */
  protected override open(): Parts {
    if (this.#closed) throw this.#lost ?? new NeuronBusError('CLOSED', this.options.name);
    return this.#parts;
  }

  /** @internal */
  protected override handleOf(card: RegisteredCard, workspace: Workspace, emitter: Emitter): NeuronHandle {
    return new NeuronHandle(card, this, workspace, emitter);
  }

  #lose(error: unknown): void {
    this.#lost = error;
    try {
      this.reportFailure(error, -1, undefined);
    } finally {
      this.close();
    }
  }

  protected override currentDrops(): BusStats['dropped'] | undefined {
    if (this.#closed) return undefined;
    this.#parts.dispatcher.settle();
    return readDrops(this.#parts.workspace);
  }

  #dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.stage.emitter.close();
    this.#parts.taps.finish();
    this.#parts.workspace.native.close();
    if (this.#creator && !this.#memory.named) this.#memory.retire();
    this.#memory.close();
    this.emit('close');
    this.removeAllListeners();
  }
}
