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

export class SynapseTable implements SynapseSource {
  readonly #workspace: Workspace;
  readonly #memory: Memory;
  readonly #native: NativeGanglion;
  readonly #settle: () => void;
  readonly #pre: number;
  readonly #post: number;
  readonly #weight: number;
  readonly #lastPre: number;

  /** `settle` books what handlers did so far, so that weights are current; it throws ERR_NB_CLOSED. */
  constructor(workspace: Workspace, settle: () => void) {
    const { memory, native } = workspace;
    this.#workspace = workspace;
    this.#memory = memory;
    this.#native = native;
    this.#settle = settle;
    this.#pre = memory.u64At(L.HEADER_SYNAPSE_PRE_OFFSET) / 2;
    this.#post = memory.u64At(L.HEADER_SYNAPSE_POST_OFFSET) / 2;
    this.#weight = memory.u64At(L.HEADER_SYNAPSE_WEIGHT_OFFSET) / 8;
    this.#lastPre = memory.u64At(L.HEADER_SYNAPSE_LAST_PRE_OFFSET);
  }

  get count(): number {
    return this.#workspace.account().synapses;
  }

  find(pre: number, post: number): Synapse | undefined {
    const index = this.#native.find(pre, post);
    return index < 0 ? undefined : new Synapse(this, index, pre, post);
  }

  all(): Synapse[] {
    const { u16 } = this.#memory;
    const result: Synapse[] = [];
    const slots = this.#workspace.account().synapseSlots;
    for (let i = 0; i < slots; i++) {
      if (u16[this.#pre + i] === L.BROADCAST) continue;
      result.push(new Synapse(this, i, u16[this.#pre + i], u16[this.#post + i]));
    }
    return result;
  }

  isSynapse(index: number, pre: number, post: number): boolean {
    this.#settle();
    return this.#memory.u16[this.#pre + index] === pre && this.#memory.u16[this.#post + index] === post;
  }

  weightOf(index: number): number {
    return this.#memory.f64[this.#weight + index];
  }

  lastUsedNsOf(index: number): number {
    return this.#memory.u64At(this.#lastPre + 8 * index);
  }

  setWeight(pre: number, post: number, weight: number): void {
    callNative(() => this.#native.setWeight(pre, post, weight));
  }

  ruleOf(index: number): PlasticityRule {
    return ruleName(this.#memory.u32At(this.#ruleRecord(index) + L.RULE_KIND));
  }

  /** Everything a snapshot keeps of a synapse. */
  describe(synapse: Synapse, index: number, now: number): SavedSynapse {
    const { f64, u8 } = this.#memory;
    const firstParameter = (this.#ruleRecord(index) + L.RULE_A_PLUS) / 8;
    const filter = this.#filterRecord(index);
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
    return this.all().map((synapse) =>
      this.describe(synapse, this.#native.find(synapse.pre, synapse.post), now),
    );
  }

  #ruleRecord(index: number): number {
    const column = this.#memory.u64At(L.HEADER_SYNAPSE_RULE_OFFSET) / 2;
    return this.#memory.u64At(L.HEADER_RULES_OFFSET) + this.#memory.u16[column + index] * L.RULE_BYTES;
  }

  /** -1 = no filter. */
  #filterRecord(index: number): number {
    const column = this.#memory.u64At(L.HEADER_SYNAPSE_FILTER_OFFSET) / 2;
    const number = this.#memory.u16[column + index];
    return number === 0 ? -1 : this.#memory.u64At(L.HEADER_FILTERS_OFFSET) + (number - 1) * L.FILTER_BYTES;
  }
}
