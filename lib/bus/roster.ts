// SPDX-License-Identifier: MIT
//
// Neurons of other threads and processes, as this one sees them. Called on the one thread that owns the ganglion.
//
// Every registration and departure changes an entry of the roster in shared memory and then counts the topology up. So a look
// at one word tells whether there is anything new, and then a scan of the roster tells what.

import { arenaBytes, arenaRef } from '../memory/arena.js';
import * as L from '../memory/layout.js';
import { AgentCard, type AgentCardInit, type RegisteredCard } from './agent_card.js';
import type { Cortex } from './cortex.js';
import type { Workspace } from './workspace.js';

const text = new TextDecoder();
const bytes = new TextEncoder();

/** What a card looks like in the arena. */
export function encodeCard({ id: _, ...card }: AgentCard): Uint8Array {
  return bytes.encode(JSON.stringify(card));
}

/** Told of neurons of other ganglia, when their coming or going is noticed. */
export interface RosterHost {
  joined(card: RegisteredCard): void;
  left(id: number): void;
}

export class Roster {
  readonly #ws: Workspace;
  readonly #cortex: Cortex;
  readonly #host: RosterHost;
  readonly #topology: number;
  readonly #cards: number;
  readonly #known: Uint32Array;
  #seen = 0;

  constructor(workspace: Workspace, cortex: Cortex, host: RosterHost) {
    const { memory } = workspace;
    this.#ws = workspace;
    this.#cortex = cortex;
    this.#host = host;
    this.#topology = (memory.u64At(L.HEADER_COMMONS_OFFSET) + L.COMMONS_TOPOLOGY) / 4;
    this.#cards = memory.u64At(L.HEADER_CARDS_OFFSET) / 4;
    this.#known = new Uint32Array(memory.maxNeurons);
  }

  /** Counted up with every neuron that comes or goes. */
  get topology(): number {
    return Atomics.load(this.#ws.u32, this.#topology); // SYNC roster-topology
  }

  /** Brings the cortex up to date. Returns whether anything changed. */
  sync(): boolean {
    if (this.#ws.closed) return false;
    const now = this.topology;
    if (now === this.#seen) return false;
    this.#seen = now;
    const { u32, roster, index } = this.#ws;
    const left: number[] = [];
    const joined: RegisteredCard[] = [];
    for (let id = 0; id < this.#known.length; id++) {
      const entry = u32[roster + id];
      if (entry === this.#known[id]) continue;
      const before = (this.#known[id] & L.ROSTER_GANGLION_MASK) - 1;
      const after = (entry & L.ROSTER_GANGLION_MASK) - 1;
      if (before >= 0 && before !== index) {
        this.#cortex.remove(id);
        left.push(id);
      }
      const here = after < 0 || after === index;
      const card = here ? undefined : this.#read(id, entry);
      if (!here && card === undefined) {
        this.#seen = now - 1; // it went, or changed, under our eyes: look again next time
        this.#known[id] = 0;
        continue;
      }
      this.#known[id] = entry;
      if (card === undefined) continue;
      this.#cortex.add(card);
      joined.push(card);
    }
    for (const id of left) this.#host.left(id); // now that all is as it is
    for (const card of joined) this.#host.joined(card);
    return true;
  }

  /** An id is this ganglion's: a neuron of another that is known under it must go before the new one is in the cortex. */
  claimed(id: number): void {
    const before = (this.#known[id] & L.ROSTER_GANGLION_MASK) - 1;
    if (before >= 0 && before !== this.#ws.index) this.sync();
  }

  /** Puts the card of a neuron of this ganglion, which has none yet, where others see it. @throws ERR_NB_ARENA_FULL */
  publish(card: RegisteredCard): void {
    const { grain, generation, length, owner } = this.#ws.keep(encodeCard(card));
    const at = this.#cards + (card.id * L.ARENA_REF_BYTES) / 4;
    this.#ws.u32[at + (L.ARENA_REF_GRAIN >> 2)] = grain;
    this.#ws.u32[at + (L.ARENA_REF_LENGTH >> 2)] = length;
    this.#ws.u32[at + (L.ARENA_REF_OWNER >> 2)] = owner;
    Atomics.store(this.#ws.u32, at + (L.ARENA_REF_GENERATION >> 2), generation); // SYNC roster-topology
  }

  /** The card of another ganglion's neuron; undefined when it is not what `entry` meant any more. */
  #read(id: number, entry: number): RegisteredCard | undefined {
    const { memory, u32, roster } = this.#ws;
    const at = this.#cards + (id * L.ARENA_REF_BYTES) / 4;
    const field = (offset: number) => u32[at + (offset >> 2)];
    const reference = arenaRef(
      field(L.ARENA_REF_GRAIN),
      field(L.ARENA_REF_GENERATION),
      field(L.ARENA_REF_LENGTH),
      field(L.ARENA_REF_OWNER),
    );
    if (reference.generation === 0) return nameless(id);
    try {
      const copy = arenaBytes(memory, reference).slice();
      if (Atomics.load(u32, roster + id) !== entry) return undefined;
      return new AgentCard({ ...(JSON.parse(text.decode(copy)) as AgentCardInit), id }) as RegisteredCard;
    } catch {
      return Atomics.load(u32, roster + id) === entry ? nameless(id) : undefined;
    }
  }
}

/** For a neuron whose card cannot be read: it can be sent to, but not found. */
function nameless(id: number): RegisteredCard {
  return new AgentCard({ name: `neuron ${id}`, id }) as RegisteredCard;
}
