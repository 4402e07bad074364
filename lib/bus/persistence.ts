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
import type { LoadResult, SavedNeuron, SavedSynapse, SnapshotBody } from './snapshot.js';
import { RULES } from './synapse.js';
import type { SynapseTable } from './synapse_table.js';

/** What is left of a loaded snapshot; ids are those of the snapshot unless called live. */
interface Remainder {
  /** Neurons that are not registered. */
  absent: SavedNeuron[];
  /** Snapshot id → live id. */
  present: Map<number, number>;
  /** Synapses with an absent end, or whose thread was not asked yet or had no time. */
  waiting: SavedSynapse[];
}

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
  #left: Remainder = { absent: [], present: new Map(), waiting: [] };

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
    const { absent, present, waiting } = this.#left;
    const neurons = cards.map(({ id, ...card }): SavedNeuron => ({ id, card }));
    const here = new Set(neurons.map(({ id }) => id));
    const taken = new Set(here);
    const ids = new Map(present);
    let next = 0;
    for (const saved of absent) {
      while (taken.has(next)) next++;
      taken.add(next);
      ids.set(saved.id, next);
      neurons.push({ ...saved, id: next });
    }
    const kept = waiting.map((synapse) => renamed(synapse, ids));
    const pairs = new Set(kept.map(pairOf)); // what waits for a busy thread takes the place of what is there
    const live = this.#synapses
      .describeAll(this.#host.now())
      .filter((synapse) => here.has(synapse.pre) && here.has(synapse.post)) // nobody's who came since
      .filter((synapse) => !pairs.has(pairOf(synapse)));
    return { name, neurons, synapses: live.concat(kept) };
  }

  /** Restores what it can now and keeps the rest waiting. An error leaves every synapse as it was. */
  restore(body: SnapshotBody): LoadResult {
    const free = this.#registry.cortex.all().sort((a, b) => a.id - b.id);
    const present = new Map<number, number>();
    const absent = [...body.neurons]
      .sort((a, b) => a.id - b.id)
      .filter((saved) => {
        const match = free.findIndex((card) => card.name === saved.card.name);
        if (match >= 0) present.set(saved.id, free.splice(match, 1)[0].id);
        return match < 0;
      });
    const own = this.#restoreOwn({ absent, present, waiting: body.synapses });
    if (this.#left.waiting.length > 0 && !this.#alone)
      this.#looks ??= setInterval(() => this.look(), LOOK_MS).unref();
    const others = this.#restoreOthers(PATIENCE_NS); // may tell of a failure, upon which somebody may close the bus
    const pending = absent.map(({ id, card }) => new AgentCard({ ...card, id }));
    return { neurons: present.size, synapses: own + others, pending };
  }

  /** A neuron of another thread registered: what waited for it is restored by the next look(). */
  joined(card: RegisteredCard): void {
    const left = this.#leftWith(card);
    if (left === undefined) return;
    this.#left = left;
    this.#due = true;
  }

  /**
   * Restores what waits for neurons of other threads that are there by now, as far as their threads have time. Costs nothing
   * that grows with what waits, unless one of them came.
   */
  look(): void {
    if (this.#left.waiting.length === 0) {
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
    if (this.#left.waiting.length > 0) this.#registry.sync(); // who left must get no synapse, nor who has its id by now
    const left = this.#leftWith(card);
    if (left !== undefined) this.#restoreOwn(left);
  }

  /** A neuron left: what still waits for others of its snapshot no longer concerns this id. */
  unregistered(id: number): void {
    const { present } = this.#left;
    for (const [saved, live] of present) if (live === id) present.delete(saved);
    const known = new Set([...present.keys(), ...this.#left.absent.map((neuron) => neuron.id)]);
    this.#left.waiting = this.#left.waiting.filter(({ pre, post }) => known.has(pre) && known.has(post));
  }

  /** What is left when the first that is absent under this name is there; undefined: none is. */
  #leftWith({ id, name }: RegisteredCard): Remainder | undefined {
    const { absent, present, waiting } = this.#left;
    const match = absent.find((saved) => saved.card.name === name);
    if (match === undefined) return undefined;
    return {
      absent: absent.filter((saved) => saved !== match),
      present: new Map(present).set(match.id, id),
      waiting,
    };
  }

  // Nobody else is asked, so nothing can be refused halfway for want of time.
  #restoreOwn({ absent, present, waiting }: Remainder): number {
    const [ready, rest] = parted(waiting, ({ pre, post }) => {
      const owned = present.get(post);
      return owned !== undefined && this.#registry.isResident(owned) && present.has(pre);
    });
    const wanted = ready.map((synapse) => renamed(synapse, present));
    const made = this.#replaceAll(wanted);
    const waitsOn = ready.filter((_, i) => !made.has(wanted[i]));
    this.#left = { absent, present, waiting: rest.concat(waitsOn) };
    this.#due = true;
    return made.size;
  }

  // Who has no time is asked once, and later again, for another synapse first; who has time does not wait for it.
  #restoreOthers(patienceNs: number): number {
    const { present, waiting } = this.#left;
    const [ready, rest] = parted(waiting, ({ pre, post }) => present.has(pre) && present.has(post));
    this.#due = false;
    if (ready.length === 0) return 0;
    const failures: unknown[] = [];
    const skipped: SavedSynapse[] = [];
    const refused: SavedSynapse[] = [];
    const busy = new Set<number>();
    this.#native.setPatience(patienceNs);
    for (const synapse of ready) {
      const wanted = renamed(synapse, present);
      const owner = this.#registry.ownerOf(wanted.post);
      if (busy.has(owner)) {
        skipped.push(synapse);
        continue;
      }
      try {
        this.#replace(wanted);
      } catch (error) {
        if (isForNow(error)) {
          refused.push(synapse);
          busy.add(owner);
          this.#native.setPatience(SHORT_PATIENCE_NS);
        } else failures.push(error);
      }
    }
    this.#native.setPatience(PATIENCE_NS);
    if (busy.size > 0) {
      this.#due = true;
      this.#notBefore = performance.now() + LOOK_MS * busy.size; // each of them took its time
    }
    this.#left.waiting = rest.concat(skipped, refused);
    for (const error of failures) this.#host.failed(error);
    return ready.length - skipped.length - refused.length - failures.length;
  }

  #replace(synapse: SavedSynapse): void {
    const { pre, post } = synapse;
    if (this.#synapses.rowOf(pre, post) >= 0) callNative(() => this.#native.disconnect(pre, post));
    this.#connect(synapse);
  }

  /** Returns those it made: all whose pre-synaptic neuron is still there. */
  #replaceAll(wanted: SavedSynapse[]): Set<SavedSynapse> {
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
    const made = new Set<SavedSynapse>();
    try {
      for (const { pre, post } of replaced) this.#native.disconnect(pre, post);
      for (const synapse of wanted) if (this.#connected(synapse)) made.add(synapse);
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

function parted(
  synapses: SavedSynapse[],
  isFirst: (synapse: SavedSynapse) => boolean,
): [SavedSynapse[], SavedSynapse[]] {
  const first: SavedSynapse[] = [];
  const second: SavedSynapse[] = [];
  for (const synapse of synapses) (isFirst(synapse) ? first : second).push(synapse);
  return [first, second];
}

function pairOf({ pre, post }: SavedSynapse): number {
  return pre * 65536 + post;
}

function renamed(synapse: SavedSynapse, ids: ReadonlyMap<number, number>): SavedSynapse {
  return { ...synapse, pre: ids.get(synapse.pre)!, post: ids.get(synapse.post)! };
}

// Its thread is busy, or gone, which the next look at the roster tells.
function isForNow(error: unknown): boolean {
  const passing = ['ERR_NB_TIMEOUT', 'ERR_NB_DEAD_TARGET', 'ERR_NB_UNKNOWN_NEURON'];
  return error instanceof NeuronBusError && passing.includes(error.code);
}
