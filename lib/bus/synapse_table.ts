// SPDX-License-Identifier: MIT
//
// The synapse columns of the shared memory, as JavaScript reads them. Any thread may read; changes go through native calls
// on the thread of the bus.

import * as L from '../memory/layout.js';
import type { Memory } from '../memory/memory.js';
import { callNative, type NativeGanglion } from '../memory/native.js';
import { PARAMETERS, type SavedSynapse } from './snapshot.js';
import { type PlasticityRule, ruleName, Synapse, type SynapseSource } from './synapse.js';
import type { Workspace } from './workspace.js';

export interface SynapseTableHost {
  /** Books what handlers did so far, so that weights are current. @throws ERR_NB_CLOSED */
  settle(): void;
  /** Somebody set the weight of a synapse. */
  weightSet(pre: number, post: number): void;
}

/** Where a synapse lies: row = ganglion * maxSynapses + index. */
export class SynapseTable implements SynapseSource {
  readonly #workspace: Workspace;
  readonly #memory: Memory;
  readonly #native: NativeGanglion;
  readonly #host: SynapseTableHost;
  readonly #pre: number;
  readonly #post: number;
  readonly #weight: number;
  readonly #lastPre: number;
  readonly #rule: number;
  readonly #filter: number;
  readonly #outgoing: number;

  constructor(workspace: Workspace, host: SynapseTableHost) {
    const { memory, native } = workspace;
    this.#workspace = workspace;
    this.#memory = memory;
    this.#native = native;
    this.#host = host;
    this.#pre = memory.u64At(L.HEADER_SYNAPSE_PRE_OFFSET);
    this.#post = memory.u64At(L.HEADER_SYNAPSE_POST_OFFSET);
    this.#weight = memory.u64At(L.HEADER_SYNAPSE_WEIGHT_OFFSET);
    this.#lastPre = memory.u64At(L.HEADER_SYNAPSE_LAST_PRE_OFFSET);
    this.#rule = memory.u64At(L.HEADER_SYNAPSE_RULE_OFFSET);
    this.#filter = memory.u64At(L.HEADER_SYNAPSE_FILTER_OFFSET);
    this.#outgoing = memory.u64At(L.HEADER_OUTGOING_OFFSET);
  }

  /** Of this thread's neurons. */
  get count(): number {
    return this.#workspace.account().synapses;
  }

  find(pre: number, post: number): Synapse | undefined {
    const row = this.rowOf(pre, post);
    return row < 0 ? undefined : new Synapse(this, row, pre, post);
  }

  /** -1 = none. */
  rowOf(pre: number, post: number): number {
    const index = this.#native.find(pre, post);
    const ganglion = this.#workspace.ganglionOf(post);
    if (index < 0 || ganglion < 0 || this.#orphaned(ganglion, pre)) return -1;
    return ganglion * this.#memory.maxSynapses + index;
  }

  /** Whether `pre` left, and perhaps another has its id: whose table it is clears its synapses away when it comes to that. */
  #orphaned(ganglion: number, pre: number): boolean {
    const { u32 } = this.#memory;
    const record = this.#memory.workspaceAt(ganglion) + this.#outgoing + pre * L.OUTGOING_BYTES;
    return u32[(record + L.OUTGOING_ROSTER) / 4] !== u32[this.#workspace.roster + pre];
  }

  /** Of the whole bus. */
  all(): Synapse[] {
    return Array.from({ length: this.#memory.maxGanglia }, (_, ganglion) => this.#allOf(ganglion)).flat();
  }

  #allOf(ganglion: number): Synapse[] {
    const { memory } = this.#workspace;
    if (this.#workspace.generationOf(ganglion) < 0) return [];
    if (ganglion === this.#workspace.index) this.#workspace.account();
    const slots = memory.u64At(memory.workspaceAt(ganglion) + L.CONTROL_SYNAPSE_SLOTS);
    const first = ganglion * memory.maxSynapses;
    const result: Synapse[] = [];
    for (let row = first; row < first + Math.min(slots, memory.maxSynapses); row++) {
      const pre = this.#u16(this.#pre, row);
      if (pre >= memory.maxNeurons || this.#orphaned(ganglion, pre)) continue; // free, or as good as
      result.push(new Synapse(this, row, pre, this.#u16(this.#post, row)));
    }
    return result;
  }

  isSynapse(row: number, pre: number, post: number): boolean {
    this.#host.settle();
    if (this.#u16(this.#pre, row) !== pre || this.#u16(this.#post, row) !== post) return false;
    return !this.#orphaned(Math.floor(row / this.#memory.maxSynapses), pre);
  }

  weightOf(row: number): number {
    return this.#memory.f64[this.#byte(this.#weight, row, 8) / 8];
  }

  lastUsedNsOf(row: number): number {
    return this.#memory.u64At(this.#byte(this.#lastPre, row, 8));
  }

  /** Byte offset of an entry of a column. */
  #byte(column: number, row: number, bytes: number): number {
    return this.#tables(row) + column + bytes * (row % this.#memory.maxSynapses);
  }

  #u16(column: number, row: number): number {
    return this.#memory.u16[this.#byte(column, row, 2) / 2];
  }

  #tables(row: number): number {
    return this.#memory.workspaceAt(Math.floor(row / this.#memory.maxSynapses));
  }

  setWeight(pre: number, post: number, weight: number): void {
    callNative(() => this.#native.setWeight(pre, post, weight));
    this.#host.weightSet(pre, post);
  }

  ruleOf(row: number): PlasticityRule {
    return ruleName(this.#memory.u32At(this.#ruleRecord(row) + L.RULE_KIND));
  }

  /** Everything a snapshot keeps of a synapse. */
  describe(synapse: Synapse, row: number, now: number): SavedSynapse {
    const { f64, u8 } = this.#memory;
    const firstParameter = (this.#ruleRecord(row) + L.RULE_A_PLUS) / 8;
    const filter = this.#filterRecord(row);
    const prefix = filter + L.FILTER_PREFIX;
    return {
      pre: synapse.pre,
      post: synapse.post,
      weight: synapse.weight,
      rule: synapse.rule,
      parameters: Array.from(f64.subarray(firstParameter, firstParameter + PARAMETERS)),
      filter:
        filter < 0
          ? null
          : {
              typeMask: u8[filter + L.FILTER_TYPE_MASK],
              minPriority: u8[filter + L.FILTER_MIN_PRIORITY],
              prefix: Buffer.from(u8.subarray(prefix, prefix + u8[filter + L.FILTER_PREFIX_LENGTH])).toString(
                'base64',
              ),
            },
      idleNs: Math.max(0, now - synapse.lastUsed),
    };
  }

  /** All synapses as a snapshot keeps them. */
  describeAll(now: number): SavedSynapse[] {
    return this.all().map((synapse) => this.describe(synapse, this.rowOf(synapse.pre, synapse.post), now));
  }

  #ruleRecord(row: number): number {
    return (
      this.#tables(row) +
      this.#memory.u64At(L.HEADER_RULES_OFFSET) +
      this.#u16(this.#rule, row) * L.RULE_BYTES
    );
  }

  /** -1 = no filter. */
  #filterRecord(row: number): number {
    const number = this.#u16(this.#filter, row);
    if (number === 0) return -1;
    return this.#tables(row) + this.#memory.u64At(L.HEADER_FILTERS_OFFSET) + (number - 1) * L.FILTER_BYTES;
  }
}
