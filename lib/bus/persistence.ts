// SPDX-License-Identifier: MIT
//
// Saving and restoring what a bus has learned. Called on the thread of the bus.
//
// Neurons are code, so a snapshot cannot bring them back: it finds them by the name on their card, in order of id where
// several share a name. What belongs to neurons that are not there waits until they register, on whatever thread, and is saved
// again with the rest meanwhile. Nobody tells what others register: so while something waits, the topology is looked at.
//
// A synapse belongs to the thread of its post-synaptic neuron. Those of this thread are restored at once, all or none; the owners of
// the others are asked one synapse after the other, and who is busy is asked again later, while the others get theirs.

import { NeuronBusError } from '../memory/errors.js';
import { callNative, type NativeGanglion } from '../memory/native.js';
import { AgentCard, type RegisteredCard } from './agent_card.js';
import type { ResolvedOptions } from './options.js';
import type { Registry } from './registry.js';
import { pairOf, Remainder } from './remainder.js';
import type { LoadResult, SavedNeuron, SavedSynapse, SnapshotBody } from './snapshot.js';
import { RULES } from './synapse.js';
import type { SynapseTable } from './synapse_table.js';

export interface PersistenceHost {
  now(): number;
  /** A synapse of another thread cannot be restored. */
  failed(error: unknown): void;
}

/** How often it is looked for neurons of other threads, also when nothing is delivered here, ms. */
const LOOK_MS = 250;
/** How long one that came may take to do what nobody here waits for, ns. */
const SHORT_PATIENCE_NS = 20e6;
/** How long everybody else waits, ns: what the native half begins with. */
const PATIENCE_NS = 2e9;

export class Persistence {
  readonly #native: NativeGanglion;
  readonly #registry: Registry;
  readonly #synapses: SynapseTable;
  readonly #maxSynapses: number;
  readonly #alone: boolean; // no other thread
  readonly #host: PersistenceHost;
  #looks: NodeJS.Timeout | undefined;
  #due = false; // something that waits may have both its ends by now
  #notBefore = 0; // of performance.now()
  #left = Remainder.nothing();

  constructor(
    native: NativeGanglion,
    registry: Registry,
    synapses: SynapseTable,
    { maxSynapses, clock }: Pick<ResolvedOptions, 'maxSynapses' | 'clock'>,
    host: PersistenceHost,
  ) {
    this.#native = native;
    this.#registry = registry;
    this.#synapses = synapses;
    this.#maxSynapses = maxSynapses;
    this.#alone = clock === 'virtual';
    this.#host = host;
  }

  /** Everything live under its live id, and what waits under ids that are free. */
  body(name: string): SnapshotBody {
    this.look();
    const cards = this.#registry.cortex.all(); // may tell of who came or went, which changes what is left
    const here = new Set(cards.map(({ id }) => id));
    const neurons = cards.map(({ id, ...card }): SavedNeuron => ({ id, card }));
    const left = this.#left.body(here);
    const pairs = new Set(left.synapses.map(pairOf)); // what waits for a busy thread takes the place of what is there
    const live = this.#synapses
      .describeAll(this.#host.now())
      .filter((synapse) => here.has(synapse.pre) && here.has(synapse.post)) // nobody's who came since
      .filter((synapse) => !pairs.has(pairOf(synapse)));
    return { name, neurons: neurons.concat(left.neurons), synapses: live.concat(left.synapses) };
  }

  /** Restores what it can now and keeps the rest waiting. An error leaves every synapse as it was. */
  restore(body: SnapshotBody): LoadResult {
    const left = Remainder.of(body, this.#registry.cortex.all());
    const { found: neurons, absent } = left;
    const own = this.#restoreOwn(left);
    if (left.waiting > 0 && !this.#alone) this.#looks ??= setInterval(() => this.look(), LOOK_MS).unref();
    const others = this.#restoreOthers(PATIENCE_NS); // may tell of a failure, upon which somebody may close the bus
    const pending = absent.map(({ id, card }) => new AgentCard({ ...card, id }));
    return { neurons, synapses: own + others, pending };
  }

  /** A neuron of another thread registered: what waited for it is restored by the next look(). */
  joined(card: RegisteredCard): void {
    const left = this.#left.with(card);
    if (left === undefined) return;
    this.#left = left;
    this.#due = true;
  }

  /**
   * Restores what waits for neurons of other threads that are there by now, as far as their threads have time. Costs nothing
   * that grows with what waits, unless one of them came.
   */
  look(): void {
    if (this.#left.waiting === 0) {
      if (this.#looks !== undefined) this.close();
    } else if (!this.#alone && performance.now() >= this.#notBefore) {
      this.#registry.sync();
      if (this.#due) this.#restoreOthers(SHORT_PATIENCE_NS);
    }
  }

  close(): void {
    clearInterval(this.#looks);
    this.#looks = undefined;
  }

  /** A neuron of this thread was registered: perhaps one that a snapshot waits for. Asks no other thread. An error changes nothing. */
  registered(card: RegisteredCard): void {
    if (this.#left.waiting > 0) this.#registry.sync(); // who left must get no synapse, nor who has its id by now
    const left = this.#left.with(card);
    if (left !== undefined) this.#restoreOwn(left);
  }

  /** A neuron left: what still waits for others of its snapshot no longer concerns this id. */
  unregistered(id: number): void {
    this.#left.left(id);
  }

  /** Somebody made, changed or cut a synapse here: a snapshot that was loaded before has no more to say about it. */
  settled(pre: number, post: number): void {
    if (this.#left.waiting === 0) return;
    this.#registry.sync(); // it may be that of a neuron that this thread has not noticed yet
    this.#left.settled(pre, post);
  }

  // Nobody else is asked, so nothing can be refused halfway for want of time.
  #restoreOwn(left: Remainder): number {
    const made = this.#replaceAll(left.ready().filter(({ post }) => this.#registry.isResident(post)));
    for (const { pre, post } of made) left.settled(pre, post);
    this.#left = left;
    this.#due = true;
    return made.length;
  }

  // Who has no time is asked once, and later again, for another synapse first; who has time does not wait for it.
  #restoreOthers(patienceNs: number): number {
    const left = this.#left;
    const ready = left.ready();
    this.#due = false;
    if (ready.length === 0) return 0;
    const failures: unknown[] = [];
    const busy = new Set<number>();
    let made = 0;
    this.#native.setPatience(patienceNs);
    for (const synapse of ready) {
      const { pre, post } = synapse;
      const owner = this.#registry.ownerOf(post);
      if (busy.has(owner)) continue;
      try {
        this.#replace(synapse);
        left.settled(pre, post);
        made++;
      } catch (error) {
        if (isForNow(error)) {
          left.refused(pre, post);
          busy.add(owner);
          this.#native.setPatience(SHORT_PATIENCE_NS);
        } else {
          left.settled(pre, post);
          failures.push(error);
        }
      }
    }
    this.#native.setPatience(PATIENCE_NS);
    if (busy.size > 0) {
      this.#due = true;
      this.#notBefore = performance.now() + LOOK_MS * busy.size; // each of them took its time
    }
    for (const error of failures) this.#host.failed(error);
    return made;
  }

  #replace(synapse: SavedSynapse): void {
    const { pre, post } = synapse;
    if (this.#synapses.rowOf(pre, post) >= 0) callNative(() => this.#native.disconnect(pre, post));
    this.#connect(synapse);
  }

  /** Returns those it made: all whose pre-synaptic neuron is still there. */
  #replaceAll(wanted: SavedSynapse[]): SavedSynapse[] {
    const now = this.#host.now();
    const replaced = wanted.flatMap(({ pre, post }) => {
      const row = this.#synapses.rowOf(pre, post);
      return row < 0 ? [] : [this.#synapses.describe(this.#synapses.find(pre, post)!, row, now)];
    });
    const after = this.#synapses.count + wanted.length - replaced.length;
    if (after > this.#maxSynapses) {
      throw new NeuronBusError(
        'TOO_MANY_SYNAPSES',
        `It needs ${after} synapses, maxSynapses is ${this.#maxSynapses}`,
      );
    }
    const made: SavedSynapse[] = [];
    try {
      for (const { pre, post } of replaced) this.#native.disconnect(pre, post);
      for (const synapse of wanted) if (this.#connected(synapse)) made.push(synapse);
      return made;
    } catch (error) {
      for (const { pre, post } of made) this.#native.disconnect(pre, post);
      for (const synapse of replaced) this.#connected(synapse);
      throw error;
    }
  }

  /** False: a neuron of another thread left, which the next look at the roster tells. */
  #connected(synapse: SavedSynapse): boolean {
    try {
      this.#connect(synapse);
      return true;
    } catch (error) {
      if (error instanceof NeuronBusError && error.code === 'ERR_NB_UNKNOWN_NEURON') return false;
      throw error;
    }
  }

  #connect({ pre, post, weight, rule, parameters, filter, idleNs }: SavedSynapse): void {
    const { typeMask, minPriority, prefix } = filter ?? { typeMask: 0, minPriority: 0, prefix: '' };
    const values = Float64Array.from(parameters);
    const bytes = Buffer.from(prefix, 'base64');
    callNative(() => {
      this.#native.connect(pre, post, weight, RULES[rule], values, typeMask, minPriority, bytes);
      this.#native.setIdle(pre, post, idleNs);
    });
  }
}

// Its thread is busy, or gone, which the next look at the roster tells.
function isForNow(error: unknown): boolean {
  const passing = ['ERR_NB_TIMEOUT', 'ERR_NB_DEAD_TARGET', 'ERR_NB_UNKNOWN_NEURON'];
  return error instanceof NeuronBusError && passing.includes(error.code);
}
