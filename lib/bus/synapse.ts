// SPDX-License-Identifier: MIT
//
// Synapses as users see them: a builder with checked parameters, and a live view of one row of the shared table.
// Called on the thread of their bus.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as layout from '../memory/layout.js';
import { SpikeType } from '../memory/spike.js';

/** Which plasticity rule a synapse follows; the formulas are in docs/learning.md and native/core/stdp.h. */
export type PlasticityRule = 'exchange' | 'pair' | 'pair-nearest' | 'static';

/** Parameters of spike-timing-dependent plasticity. */
export interface StdpOptions {
  /**
   * 'exchange' (default): answered spikes strengthen, unanswered ones weaken, at any rate of traffic. 'pair' and
   * 'pair-nearest': the plain pair rule, all-to-all or nearest-spike. 'static': the weight never changes.
   */
  rule?: PlasticityRule;
  /** A+, 0 <= A+ < 1. Default 0.01. */
  aPlus?: number;
  /** A-, 0 <= A- < 1. Default 0.012. */
  aMinus?: number;
  /** τ+, ms. Default 20. With 'exchange' that of spikes; of questions τ is what the asker is used to. */
  tauPlusMs?: number;
  /** τ-, ms. Default 20. Not used by 'exchange'. */
  tauMinusMs?: number;
  /** Lower bound of the weight, >= 0. Default 0.001. */
  min?: number;
  /** Upper bound of the weight. Default 1. */
  max?: number;
  /** 'exchange': an answer that comes later is none, ms. Default 5 τ+. */
  answerWithinMs?: number;
}

/** A dendritic filter: what does not pass is dropped before the neuron sees it, and counted. */
export interface SynapseFilter {
  /** Types that pass. Default all. */
  types?: readonly SpikeType[];
  /** 0..255. Default 0. */
  minPriority?: number;
  /** First bytes of the payload, at most 46; a string means its UTF-8 bytes. */
  prefix?: string | Uint8Array;
}

export const RULES: Readonly<Record<PlasticityRule, number>> = {
  static: layout.RULE_STATIC,
  exchange: layout.RULE_EXCHANGE,
  pair: layout.RULE_PAIR_ALL,
  'pair-nearest': layout.RULE_PAIR_NEAREST,
};
const RULE_NAMES = Object.keys(RULES) as PlasticityRule[];

export function ruleName(kind: number): PlasticityRule {
  return RULE_NAMES.find((name) => RULES[name] === kind)!;
}

/** A checked synapse, in the units of the table (ns). */
export interface SynapseSpec {
  weight: number;
  kind: number;
  /** aPlus, aMinus, tauPlusNs, tauMinusNs, min, max, answerWindowNs: the order of nb_rule. */
  parameters: Float64Array;
  /** 0 = no filter. */
  typeMask: number;
  minPriority: number;
  prefix: Uint8Array;
}

function checkNumber(name: string, value: number, ok: boolean, range: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || !ok) {
    throw invalidArgument(name, value, `a number ${range}`);
  }
}

const STDP_KEYS: ReadonlySet<string> = new Set([
  'rule',
  'aPlus',
  'aMinus',
  'tauPlusMs',
  'tauMinusMs',
  'min',
  'max',
  'answerWithinMs',
]);
const EVERY_TYPE = [SpikeType.Excitatory, SpikeType.Inhibitory, SpikeType.Modulatory];
const FILTER_KEYS: ReadonlySet<string> = new Set(['types', 'minPriority', 'prefix']);

/** Parameters of nb_rule from options, in ns. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter. */
export function ruleParameters(options: StdpOptions): { kind: number; parameters: Float64Array } {
  checkKeys('stdp', options, STDP_KEYS);
  const rule = options.rule ?? 'exchange';
  if (!Object.hasOwn(RULES, rule))
    throw invalidArgument('stdp.rule', rule, `one of ${RULE_NAMES.join(', ')}`);
  const { aPlus = 0.01, aMinus = 0.012, tauPlusMs = 20, tauMinusMs = 20, min = 0.001, max = 1 } = options;
  const { answerWithinMs = 5 * tauPlusMs } = options;
  checkNumber('stdp.aPlus', aPlus, aPlus >= 0 && aPlus < 1, 'from 0 to below 1');
  checkNumber('stdp.aMinus', aMinus, aMinus >= 0 && aMinus < 1, 'from 0 to below 1');
  checkNumber('stdp.tauPlusMs', tauPlusMs, tauPlusMs > 0, 'above 0');
  checkNumber('stdp.tauMinusMs', tauMinusMs, tauMinusMs > 0, 'above 0');
  checkNumber('stdp.min', min, min >= 0, 'from 0');
  checkNumber('stdp.max', max, max > min, 'above stdp.min');
  checkNumber('stdp.answerWithinMs', answerWithinMs, answerWithinMs > 0, 'above 0');
  const ns = 1e6;
  const times = [tauPlusMs * ns, tauMinusMs * ns] as const;
  return {
    kind: RULES[rule],
    parameters: Float64Array.of(aPlus, aMinus, ...times, min, max, answerWithinMs * ns),
  };
}

/** `bus.connect(a, b).weight(0.8).filter({ minPriority: 10 }).stdp({ tauPlusMs: 20 }).build()` */
export class SynapseBuilder {
  readonly #create: (spec: SynapseSpec) => Synapse;
  #weight = 0.5;
  #stdp: StdpOptions = {};
  #typeMask = 0;
  #minPriority = 0;
  #prefix = new Uint8Array(0);

  /** @internal */
  constructor(create: (spec: SynapseSpec) => Synapse) {
    this.#create = create;
  }

  /** Initial weight, within the bounds of the rule. Default 0.5. */
  weight(weight: number): this {
    checkNumber('weight', weight, true, 'within the bounds of the rule');
    this.#weight = weight;
    return this;
  }

  filter(filter: SynapseFilter): this {
    checkKeys('filter', filter, FILTER_KEYS);
    const { types = EVERY_TYPE, minPriority = 0, prefix = '' } = filter;
    if (!Array.isArray(types) || types.length === 0 || types.some((type) => ![0, 1, 2].includes(type))) {
      throw invalidArgument(
        'filter.types',
        types,
        'a non-empty array of SpikeType.Excitatory, Inhibitory and Modulatory',
      );
    }
    checkNumber(
      'filter.minPriority',
      minPriority,
      Number.isInteger(minPriority) && minPriority >= 0 && minPriority < 256,
      'from 0 to 255',
    );
    const bytes = typeof prefix === 'string' ? new TextEncoder().encode(prefix) : prefix;
    if (!(bytes instanceof Uint8Array) || bytes.length > layout.INLINE_BYTES) {
      throw invalidArgument(
        'filter.prefix',
        prefix,
        `a string or Uint8Array of at most ${layout.INLINE_BYTES} bytes`,
      );
    }
    this.#typeMask = types.reduce((mask: number, type: number) => mask | (1 << type), 0);
    this.#minPriority = minPriority;
    this.#prefix = Uint8Array.from(bytes);
    return this;
  }

  stdp(options: StdpOptions): this {
    ruleParameters(options);
    this.#stdp = { ...options };
    return this;
  }

  /**
   * Connects, or changes nothing and throws.
   *
   * @throws NeuronBusError ERR_NB_SYNAPSE_EXISTS, ERR_NB_TOO_MANY_SYNAPSES, ERR_NB_INVALID_ARGUMENT (weight outside the
   * bounds of the rule), ERR_NB_UNKNOWN_NEURON (unregistered meanwhile), ERR_NB_CLOSED.
   */
  build(): Synapse {
    const { kind, parameters } = ruleParameters(this.#stdp);
    const [min, max] = [parameters[4]!, parameters[5]!];
    checkNumber('weight', this.#weight, this.#weight >= min && this.#weight <= max, `from ${min} to ${max}`);
    return this.#create({
      weight: this.#weight,
      kind,
      parameters,
      typeMask: this.#typeMask,
      minPriority: this.#minPriority,
      prefix: this.#prefix,
    });
  }
}

/** What a {@link Synapse} reads from: the bus, which knows whether the row is still this synapse. */
export interface SynapseSource {
  /** Asked before anything else: makes the table current. @throws NeuronBusError ERR_NB_CLOSED. */
  isSynapse(index: number, pre: number, post: number): boolean;
  weightOf(index: number): number;
  setWeight(pre: number, post: number, weight: number): void;
  ruleOf(index: number): PlasticityRule;
  lastUsedNsOf(index: number): number;
}

/** A connection, live: `weight` is what it is now. After pruning or disconnecting `alive` is false. */
export class Synapse {
  readonly pre: number;
  readonly post: number;
  readonly #source: SynapseSource;
  readonly #index: number;

  /** @internal */
  constructor(source: SynapseSource, index: number, pre: number, post: number) {
    this.#source = source;
    this.#index = index;
    this.pre = pre;
    this.post = post;
  }

  /** False once it was pruned or disconnected, or one of its neurons unregistered. */
  get alive(): boolean {
    return this.#source.isSynapse(this.#index, this.pre, this.post);
  }

  /** @throws NeuronBusError ERR_NB_UNKNOWN_SYNAPSE when it is no longer alive. */
  get weight(): number {
    return this.#source.weightOf(this.#checked());
  }

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT outside the bounds of the rule, ERR_NB_UNKNOWN_SYNAPSE. */
  set weight(weight: number) {
    this.#checked();
    this.#source.setWeight(this.pre, this.post, weight);
  }

  get rule(): PlasticityRule {
    return this.#source.ruleOf(this.#checked());
  }

  /** When a spike came through last (or when it was made), ns of the bus clock. */
  get lastUsed(): number {
    return this.#source.lastUsedNsOf(this.#checked());
  }

  #checked(): number {
    if (!this.alive) throw new NeuronBusError('UNKNOWN_SYNAPSE', `synapse ${this.pre} → ${this.post}`);
    return this.#index;
  }
}
