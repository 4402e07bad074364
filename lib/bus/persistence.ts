// SPDX-License-Identifier: MIT
//
// Saving and restoring what a bus has learned. Called on the thread of the bus.
//
// Neurons are code, so a snapshot cannot bring them back: it finds them by the name on their card, in order of id where
// several share a name. What belongs to neurons that are not registered yet waits until they are.

import { NeuronBusError } from '../memory/errors.js';
import { callNative, type NativeGanglion } from '../memory/native.js';
import { AgentCard } from './agent_card.js';
import type { Cortex } from './cortex.js';
import type { LoadResult, SavedNeuron, SavedSynapse, SnapshotBody } from './snapshot.js';
import { RULES } from './synapse.js';
import type { SynapseTable } from './synapse_table.js';

export class Persistence {
  readonly #native: NativeGanglion;
  readonly #cortex: Cortex;
  readonly #synapses: SynapseTable;
  readonly #maxSynapses: number;
  #absent: SavedNeuron[] = [];
  #waiting: SavedSynapse[] = [];
  #liveIds = new Map<number, number>(); // id in the snapshot → id on this bus

  constructor(native: NativeGanglion, cortex: Cortex, synapses: SynapseTable, maxSynapses: number) {
    this.#native = native;
    this.#cortex = cortex;
    this.#synapses = synapses;
    this.#maxSynapses = maxSynapses;
  }

  body(name: string, now: number): SnapshotBody {
    const neurons = this.#cortex.all().map((card) => {
      const { id, ...rest } = card;
      return { id, card: rest };
    });
    return { name, neurons, synapses: this.#synapses.describeAll(now) };
  }

  /** Restores what it can now and keeps the rest waiting. All or nothing: an error leaves every synapse as it was. */
  restore(body: SnapshotBody): LoadResult {
    const free = this.#cortex.all().sort((a, b) => a.id - b.id);
    const liveIds = new Map<number, number>();
    const absent = [...body.neurons]
      .sort((a, b) => a.id - b.id)
      .filter((saved) => {
        const match = free.findIndex((card) => card.name === saved.card.name);
        if (match >= 0) liveIds.set(saved.id, free.splice(match, 1)[0].id);
        return match < 0;
      });
    const ready = body.synapses.filter(({ pre, post }) => liveIds.has(pre) && liveIds.has(post));
    this.#replaceAll(ready, liveIds);
    this.#liveIds = liveIds;
    this.#absent = absent;
    this.#waiting = body.synapses.filter((synapse) => !ready.includes(synapse));
    const pending = absent.map(({ id, card }) => new AgentCard({ ...card, id }));
    return { neurons: liveIds.size, synapses: ready.length, pending };
  }

  /** A neuron was registered: perhaps one that a snapshot waits for. */
  registered(id: number, name: string): void {
    const match = this.#absent.findIndex((saved) => saved.card.name === name);
    if (match < 0) return;
    this.#liveIds.set(this.#absent.splice(match, 1)[0].id, id);
    const known = (saved: number) => {
      const live = this.#liveIds.get(saved);
      return live !== undefined && this.#cortex.card(live) !== undefined;
    };
    const ready = this.#waiting.filter(({ pre, post }) => known(pre) && known(post));
    this.#waiting = this.#waiting.filter((synapse) => !ready.includes(synapse));
    this.#replaceAll(ready, this.#liveIds);
  }

  #replaceAll(saved: SavedSynapse[], liveIds: Map<number, number>): void {
    const wanted = saved.map((synapse) => ({
      ...synapse,
      pre: liveIds.get(synapse.pre)!,
      post: liveIds.get(synapse.post)!,
    }));
    const replaced = wanted.flatMap(({ pre, post }) => {
      const index = this.#native.find(pre, post);
      return index < 0 ? [] : [this.#synapses.describe(this.#synapses.find(pre, post)!, index, 0)];
    });
    const after = this.#native.stats().synapses + wanted.length - replaced.length;
    if (after > this.#maxSynapses) {
      throw new NeuronBusError(
        'TOO_MANY_SYNAPSES',
        `the snapshot needs ${after}, maxSynapses is ${this.#maxSynapses}`,
      );
    }
    const made: SavedSynapse[] = [];
    try {
      for (const { pre, post } of replaced) this.#native.disconnect(pre, post);
      for (const synapse of wanted) {
        this.#connect(synapse);
        made.push(synapse);
      }
    } catch (error) {
      for (const { pre, post } of made) this.#native.disconnect(pre, post);
      for (const synapse of replaced) this.#connect(synapse);
      throw error;
    }
  }

  #connect(saved: SavedSynapse): void {
    const { pre, post, weight, rule, parameters, filter, idleNs } = saved;
    const prefix = Buffer.from(filter?.prefix ?? '', 'base64');
    callNative(() => {
      const values = Float64Array.from(parameters);
      const mask = filter?.typeMask ?? 0;
      this.#native.connect(pre, post, weight, RULES[rule], values, mask, filter?.minPriority ?? 0, prefix);
      this.#native.setIdle(pre, post, idleNs);
    });
  }
}
