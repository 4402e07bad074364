// SPDX-License-Identifier: MIT
//
// The synapses between two populations. A handle; the numbers live in native code.
//
// On the thread of the network. Methods throw ERR_NB_CLOSED after net.close(), and ERR_NB_RUNNING while native threads compute.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { checkWeights, type PatternName, weightRange } from './connections.js';
import type { Engine } from './engine.js';
import { type Done, type NativeNetwork, REGROW } from './native_network.js';
import type { Population } from './neurons.js';
import {
  checkRewire,
  Every,
  type Homeostasis,
  type Rewire,
  type RewireOptions,
  type Rewiring,
} from './upkeep.js';
import { allocate, checkBoolean, checkNumber, isList, WEIGHT } from './validation.js';

/** From so many synapses on, what is done to all of them in a run is done by other threads: fewer take less time than waking one. */
const MANY_SYNAPSES = 2 ** 16;

/** @internal What a projection is besides its synapses; saved with the network. */
export interface ProjectionFacts {
  readonly name: string | undefined;
  readonly pattern: PatternName;
  readonly rule: 'static' | 'pair' | 'triplet' | 'reward';
  readonly wMin: number;
  readonly wMax: number;
}

/** Where synapses begin and end, by pre, then by post. */
export interface Endpoints {
  readonly pre: Uint32Array;
  readonly post: Uint32Array;
}

/** The synapses that one `net.connect()` made. */
export class Projection {
  /** Its number in the network, in order of creation: `net.projections[id]`. */
  readonly id: number;
  readonly pre: Population;
  readonly post: Population;
  /** As it was named when it was made, or undefined. */
  readonly name: string | undefined;
  readonly pattern: PatternName;
  readonly rule: 'static' | 'pair' | 'triplet' | 'reward';
  /** @internal */
  readonly engine: Engine;
  /** @internal */
  readonly facts: ProjectionFacts;
  /** @internal */
  readonly upkeep: { homeostasis?: [Homeostasis, Every]; rewiring?: [Rewiring, Every] } = {};
  #learning: boolean;

  /** @internal */
  constructor(
    engine: Engine,
    id: number,
    pre: Population,
    post: Population,
    facts: ProjectionFacts,
    learning = true,
  ) {
    this.engine = engine;
    this.id = id;
    this.pre = pre;
    this.post = post;
    this.facts = facts;
    this.name = facts.name;
    this.pattern = facts.pattern;
    this.rule = facts.rule;
    this.#learning = learning && facts.rule !== 'static';
  }

  /** How many synapses. */
  get synapses(): number {
    return this.#info()[2];
  }

  /** Memory of everything that belongs to it, bytes. */
  get bytes(): number {
    return this.#info()[3];
  }

  get bytesPerSynapse(): number {
    const [, , synapses, bytes] = this.#info();
    return synapses === 0 ? 0 : bytes / synapses;
  }

  #info(): Float64Array {
    const out = new Float64Array(5);
    this.engine.call((native) => native.info(this.id, out));
    return out;
  }

  /** A copy of all weights, by pre, then by post; of all-to-all therefore row by pre. Setting it is {@link setWeights}. */
  get weights(): Float32Array {
    const out = allocate('weights', Float32Array, this.synapses);
    this.engine.call((native) => native.weights(this.id, out));
    return out;
  }

  set weights(weights: ArrayLike<number>) {
    this.setWeights(weights);
  }

  /**
   * Sets all weights, in the order of {@link Projection.weights}; or all to one.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT (length, a number that is not finite or outside of the rule's bounds).
   */
  setWeights(weights: ArrayLike<number> | number): void {
    const { synapses } = this;
    const range = weightRange(this.rule === 'static' ? undefined : this.facts);
    let all: Float32Array;
    if (typeof weights === 'number') {
      checkNumber('weights', weights, range);
      all = allocate('weights', Float32Array, synapses).fill(weights);
    } else {
      if (!isList(weights)) throw invalidArgument('weights', weights, 'a number or an array of numbers');
      all = checkWeights('weights', weights, range, synapses);
    }
    this.engine.call((native) => native.setWeights(this.id, all));
  }

  /** Where the synapses begin and end, in the order of {@link weights}. */
  get endpoints(): Endpoints {
    const { synapses } = this;
    const pre = allocate('endpoints', Uint32Array, synapses);
    const post = allocate('endpoints', Uint32Array, synapses);
    this.engine.call((native) => native.endpoints(this.id, pre, post));
    return { pre, post };
  }

  /** A copy of all delays, ms, in the order of {@link weights}. */
  get delaysMs(): Float64Array {
    const steps = allocate('delaysMs', Uint32Array, this.synapses);
    this.engine.call((native) => native.delays(this.id, steps));
    return this.engine.timesOf(Float64Array.from(steps));
  }

  /** Whether its rule changes weights. Switching it off keeps them as they are; traces go on. A static one never learns. */
  get learning(): boolean {
    return this.#learning;
  }

  set learning(on: boolean) {
    checkBoolean('learning', on);
    if (on && this.rule === 'static')
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        'learning cannot be true: the projection has no plasticity',
      );
    this.engine.call((native) => native.setLearning(this.id, on));
    this.#learning = on;
  }

  /** Reward for this projection alone: see `net.reward()`. @throws ERR_NB_INVALID_ARGUMENT if its rule knows no reward. */
  reward(amount: number): void {
    checkNumber('amount', amount, WEIGHT);
    if (this.rule !== 'reward')
      throw new NeuronBusError(
        'INVALID_ARGUMENT',
        `reward() is for rewardStdp(), but the rule is ${this.rule}`,
      );
    this.engine.call((native) => native.reward(this.id, amount));
  }

  /**
   * Multiplies the weights into each neuron by one factor, so that they sum to `total`; they stay within the bounds of the rule.
   * No factor above 0 does that where they sum to 0 or have the other sign: these are left as they are.
   */
  normalize(total: number): void {
    checkNumber('total', total, WEIGHT);
    this.engine.call((native) => native.normalize(this.id, total));
  }

  /** Prunes, and grows new synapses at random places by the seed. Gives how many of each. */
  rewire(options: RewireOptions = {}): { removed: number; grown: number } {
    return this.#rewire(this.#checkedRewire(checkRewire(options)));
  }

  #checkedRewire(wish: Rewire): Rewire {
    if (wish.grow !== 0 && this.rule !== 'static')
      checkNumber('weight', wish.weight, { min: this.facts.wMin, max: this.facts.wMax });
    return wish;
  }

  #rewire(wish: Rewire): { removed: number; grown: number } {
    const counts = new Float64Array(2);
    this.engine.call((native) => this.#rewireBy(native, wish, counts));
    const [removed, grown] = counts;
    return { removed, grown };
  }

  #rewireBy(native: NativeNetwork, wish: Rewire, counts: Float64Array, done?: Done): void {
    const { pruneBelow = Number.NEGATIVE_INFINITY, dead, grow, weight } = wish;
    native.rewire(this.id, pruneBelow, dead, grow === 'removed' ? REGROW : grow, weight, counts, done);
  }

  /** @internal What is done at intervals, in the course of a run: of many synapses by other threads. */
  maintain(homeostasis: Homeostasis | undefined, rewiring: Rewiring | undefined): void {
    const { engine } = this;
    if (rewiring !== undefined) this.#checkedRewire(rewiring.wish);
    if (homeostasis !== undefined) {
      const { everyMs, totalWeight } = homeostasis;
      const task = this.#every(engine.steps('homeostasis.everyMs', everyMs, 1), (native, done) =>
        native.normalize(this.id, totalWeight, done),
      );
      this.upkeep.homeostasis = [homeostasis, task];
    }
    if (rewiring !== undefined) {
      const { everyMs, wish } = rewiring;
      const task = this.#every(engine.steps('rewiring.everyMs', everyMs, 1), (native, done) =>
        this.#rewireBy(native, wish, new Float64Array(2), done),
      );
      this.upkeep.rewiring = [rewiring, task];
    }
  }

  #every(steps: number, what: (native: NativeNetwork, done?: Done) => void): Every {
    const task = new Every(this.engine, steps, () => this.#inRun(what));
    this.engine.periodic.add(task);
    return task;
  }

  #inRun(what: (native: NativeNetwork, done?: Done) => void): void | Promise<void> {
    return this.synapses < MANY_SYNAPSES ? this.engine.call(what) : this.engine.work(what);
  }

  /** @internal {@link weights}, in the course of a run: `out` has them when this returns, or when the promise is settled. */
  copyWeights(out: Float32Array): void | Promise<void> {
    return this.#inRun((native, done) => native.weights(this.id, out, done));
  }

  toJSON(): object {
    const { id, name, pattern, rule, pre, post } = this;
    return { id, name, pattern, rule, pre: pre.id, post: post.id };
  }
}

/** @internal A projection of this very network. */
export function checkProjection(name: string, projection: unknown, engine: Engine): Projection {
  if (!(projection instanceof Projection))
    throw invalidArgument(name, projection, 'a projection of the network');
  if (projection.engine !== engine)
    throw new NeuronBusError('INVALID_ARGUMENT', `${name} is a projection of another network`);
  return projection;
}
