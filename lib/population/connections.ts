// SPDX-License-Identifier: MIT
//
// Who is connected to whom, how strongly and how late: the options of net.connect(), checked. Pure, any thread.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Engine } from './engine.js';
import { PATTERN, RECEPTOR, WEIGHTS } from './native_network.js';
import type { Population } from './neurons.js';
import { checkRule, type PlasticityRule, STATIC_RULE } from './plasticity.js';
import { Homeostasis, Rewiring } from './upkeep.js';
import {
  allocate,
  checkBoolean,
  checkChoice,
  checkDistribution,
  checkIndices,
  checkInteger,
  checkNumber,
  type Distribution,
  isList,
  type Range,
  WEIGHT,
} from './validation.js';

/**
 * One weight for all, one for each synapse (by pre, then by post; of a list in its order; of a convolution the kernel
 * `[channel out][y][x][channel in]`), or drawn from a distribution. Normal ones are cut at 0, so that they keep the sign of
 * their mean, and at the bounds of the rule.
 */
export type Weights = number | ArrayLike<number> | Distribution;

interface CommonOptions {
  /** Weights for synapses of current or of pulses, mV: see {@link Weights}. */
  weightMv?: Weights;
  /** The same for other units: of the leak conductance where the post-synaptic neurons have conductances. One of both. */
  weight?: Weights;
  /**
   * Time from a spike to its arrival, ms: a whole number of steps from 0 to 65,535; with 0 it arrives in the step in which it was
   * fired. `{ uniform: [a, b] }`: drawn for each synapse from the steps of a to b; an array: of each entry of a list. Default
   * 1 ms, to the nearest step but the step at least.
   */
  delayMs?: number | ArrayLike<number> | { readonly uniform: readonly [number, number] };
  /** The rule by which the weights change. Default: they do not. */
  plasticity?: PlasticityRule;
  /** Scaling of the weights at intervals. */
  homeostasis?: Homeostasis;
  /** Pruning and growth at intervals. */
  rewiring?: Rewiring;
  /** Which synapses of the post-synaptic neuron; default 'by-sign': inhibitory ones where the weight is negative. */
  receptor?: 'by-sign' | 'excitatory' | 'inhibitory';
  /** Of the projection, to find it again after a load; no two have the same. */
  name?: string;
}

interface MaybeSelf {
  /** Within one population: may a neuron connect to itself. Default false. */
  self?: boolean;
}

export interface AllToAll extends CommonOptions, MaybeSelf {
  pattern: 'all-to-all';
}

/** Neuron i to neuron i, between populations of one size. */
export interface OneToOne extends CommonOptions {
  pattern: 'one-to-one';
}

export interface FixedProbability extends CommonOptions, MaybeSelf {
  pattern: 'fixed-probability';
  /** With which each pair is connected, 0 to 1. */
  probability: number;
}

export interface FixedDegree extends CommonOptions, MaybeSelf {
  /** Each post-synaptic neuron from `degree` different ones, or each pre-synaptic one to so many. */
  pattern: 'fixed-in-degree' | 'fixed-out-degree';
  degree: number;
}

/** Neuron pre[i] to neuron post[i]; a pair may occur more than once. */
export interface List extends CommonOptions {
  pattern: 'list';
  pre: ArrayLike<number>;
  post: ArrayLike<number>;
}

/**
 * 2-D convolution, the same kernel at all places; with a rule each synapse then learns for itself. Neurons are numbered `[y][x][channel]`. out[y][x][f] receives
 * in[y stride + dy - padding][x stride + dx - padding][c] with the weight kernel[f][dy][dx][c]. The post-synaptic population must
 * have floor((height + 2 padding - kernel) / stride) + 1 rows, as many columns by width, times the channels.
 */
export interface Convolution extends CommonOptions {
  pattern: 'convolution';
  input: { readonly height: number; readonly width: number; readonly channels?: number };
  kernel: { readonly height: number; readonly width: number };
  /** Channels of the post-synaptic population. Default 1. */
  channels?: number;
  /** Default 1. */
  stride?: number;
  /** Zeros around the input. Default 0. */
  padding?: number;
}

export type ConnectOptions = AllToAll | OneToOne | FixedProbability | FixedDegree | List | Convolution;
export type PatternName = ConnectOptions['pattern'];

const COMMON = [
  'pattern',
  'weightMv',
  'weight',
  'delayMs',
  'plasticity',
  'homeostasis',
  'rewiring',
  'receptor',
  'name',
];
const KEYS: Readonly<Record<PatternName, ReadonlySet<string>>> = {
  'all-to-all': new Set([...COMMON, 'self']),
  'one-to-one': new Set(COMMON),
  'fixed-probability': new Set([...COMMON, 'self', 'probability']),
  'fixed-in-degree': new Set([...COMMON, 'self', 'degree']),
  'fixed-out-degree': new Set([...COMMON, 'self', 'degree']),
  list: new Set([...COMMON, 'pre', 'post']),
  convolution: new Set([...COMMON, 'input', 'kernel', 'channels', 'stride', 'padding']),
};

/** Delays of 65,535 steps at most: for so long fired neurons are remembered. */
const MAX_DELAY_STEPS = 65_535;

/** @internal What NativeNetwork.connect() takes. */
export interface ResolvedConnection {
  readonly numbers: Float64Array;
  readonly pre: Uint32Array;
  readonly post: Uint32Array;
  readonly weights: Float32Array;
  readonly delays: Uint32Array;
}

/** @internal @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the parameter. */
export function resolveConnection(
  engine: Engine,
  pre: Population,
  post: Population,
  options: ConnectOptions,
): ResolvedConnection {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', options, 'an object');
  const pattern = checkChoice('pattern', options.pattern, PATTERN);
  checkKeys('an option of connect()', options, KEYS[pattern]);
  if (post.kind === 'spike-source' || post.kind === 'poisson')
    throw invalidArgument('post', post.kind, 'a population of model neurons: a source receives nothing');
  const rule = checkRule(options.plasticity);
  const shape = resolveShape(pre, post, options);
  const weights = resolveWeights(post, options, rule, shape.given);
  const delays = resolveDelays(engine, options.delayMs, shape.list);
  checkUpkeep(engine, options, weightRange(rule));
  const receptor = RECEPTOR[checkChoice('receptor', options.receptor ?? 'by-sign', RECEPTOR)];
  return {
    numbers: Float64Array.from([
      ...[pre.id, post.id, PATTERN[pattern], shape.probability, shape.degree, shape.self ? 1 : 0],
      ...shape.convolution,
      ...[weights.kind, weights.a, weights.b, delays.low, delays.high, receptor],
      ...(rule?.numbers ?? STATIC_RULE),
    ]),
    pre: shape.pre,
    post: shape.post,
    weights: weights.given,
    delays: delays.given,
  };
}

interface Shape {
  probability: number;
  degree: number;
  self: boolean;
  pre: Uint32Array;
  post: Uint32Array;
  convolution: readonly number[];
  /** How many weights would be given; undefined: as many as there happen to be synapses, which native code decides. */
  given: number | undefined;
  /** Entries of a list. */
  list: number | undefined;
}

function resolveShape(pre: Population, post: Population, options: ConnectOptions): Shape {
  const none = new Uint32Array(0);
  const shape: Shape = {
    ...{ probability: 0, degree: 0, self: true, pre: none, post: none },
    ...{ convolution: [0, 0, 0, 0, 0, 0, 0, 0], given: undefined, list: undefined },
  };
  const within = pre === post;
  if ('self' in options && options.self !== undefined) shape.self = checkBoolean('self', options.self);
  else shape.self = !within;
  const others = (size: number) => (within && !shape.self ? size - 1 : size);
  switch (options.pattern) {
    case 'all-to-all':
      shape.given = pre.size * others(post.size);
      break;
    case 'one-to-one':
      if (pre.size !== post.size)
        throw invalidArgument('the size of post', post.size, `${pre.size}, the size of pre, for one-to-one`);
      shape.self = true;
      shape.given = pre.size;
      break;
    case 'fixed-probability':
      shape.probability = checkNumber('probability', options.probability, { min: 0, max: 1 });
      break;
    case 'fixed-in-degree':
      shape.degree = checkInteger('degree', options.degree, 0, others(pre.size));
      shape.given = shape.degree * post.size;
      break;
    case 'fixed-out-degree':
      shape.degree = checkInteger('degree', options.degree, 0, others(post.size));
      shape.given = shape.degree * pre.size;
      break;
    case 'list':
      shape.pre = checkIndices('pre', options.pre, pre.size);
      shape.post = checkIndices('post', options.post, post.size);
      if (shape.pre.length !== shape.post.length)
        throw invalidArgument('the length of post', shape.post.length, `${shape.pre.length}, that of pre`);
      shape.self = true;
      shape.given = shape.pre.length;
      shape.list = shape.pre.length;
      break;
    case 'convolution':
      shape.self = true;
      shape.convolution = resolveConvolution(pre, post, options);
      shape.given = shape.convolution[3] * shape.convolution[4] * shape.convolution[5] * shape.convolution[2];
      break;
  }
  return shape;
}

const INPUT_KEYS: ReadonlySet<string> = new Set(['height', 'width', 'channels']);
const KERNEL_KEYS: ReadonlySet<string> = new Set(['height', 'width']);

function resolveConvolution(pre: Population, post: Population, options: Convolution): readonly number[] {
  checkKeys('input', options.input, INPUT_KEYS);
  checkKeys('kernel', options.kernel, KERNEL_KEYS);
  const most = 2 ** 16;
  const height = checkInteger('input.height', options.input.height, 1, most);
  const width = checkInteger('input.width', options.input.width, 1, most);
  const inChannels = checkInteger('input.channels', options.input.channels ?? 1, 1, most);
  const stride = checkInteger('stride', options.stride ?? 1, 1, most);
  const padding = checkInteger('padding', options.padding ?? 0, 0, most);
  const kernelHeight = checkInteger('kernel.height', options.kernel.height, 1, height + 2 * padding);
  const kernelWidth = checkInteger('kernel.width', options.kernel.width, 1, width + 2 * padding);
  const channels = checkInteger('channels', options.channels ?? 1, 1, most);
  if (height * width * inChannels !== pre.size)
    throw invalidArgument('the size of pre', pre.size, `${height * width * inChannels}, that of input`);
  const rows = Math.floor((height + 2 * padding - kernelHeight) / stride) + 1;
  const columns = Math.floor((width + 2 * padding - kernelWidth) / stride) + 1;
  if (rows * columns * channels !== post.size) {
    const shape = `${rows * columns * channels}: ${rows} rows, ${columns} columns, ${channels} channels`;
    throw invalidArgument('the size of post', post.size, shape);
  }
  return [height, width, inChannels, channels, kernelHeight, kernelWidth, stride, padding];
}

interface ResolvedWeights {
  kind: number;
  a: number;
  b: number;
  given: Float32Array;
}

function resolveWeights(
  post: Population,
  options: ConnectOptions,
  rule: PlasticityRule | undefined,
  count: number | undefined,
): ResolvedWeights {
  const { weightMv, weight } = options;
  if ((weightMv === undefined) === (weight === undefined))
    throw new NeuronBusError('INVALID_ARGUMENT', 'connect() needs one of weightMv and weight');
  const name = weightMv === undefined ? 'weight' : 'weightMv';
  if (name === 'weightMv' && post.kind === 'lif-conductance')
    throw new NeuronBusError(
      'INVALID_ARGUMENT',
      'weightMv cannot be: the post-synaptic neurons have conductances; give weight, in units of the leak conductance',
    );
  const value = weightMv ?? weight;
  const range = weightRange(rule);
  const given = new Float32Array(0);
  if (typeof value === 'number')
    return { kind: WEIGHTS.constant, a: checkNumber(name, value, range), b: 0, given };
  if (isList(value)) {
    if (count === undefined)
      throw invalidArgument(
        name,
        value,
        'a number or a distribution: how many synapses there will be is random',
      );
    return {
      kind: WEIGHTS.given,
      a: 0,
      b: 0,
      given: checkWeights(name, value, range, count),
    };
  }
  const distribution = checkDistribution(name, value);
  if (distribution === undefined) throw invalidArgument(name, value, 'a number, an array or a distribution');
  const uniform = 'uniform' in distribution;
  const [a, b] = uniform ? distribution.uniform : distribution.normal;
  checkNumber(`${name}.${uniform ? 'uniform' : 'normal'}[0]`, a, range);
  if (uniform) checkNumber(`${name}.uniform[1]`, b, range);
  return { kind: uniform ? WEIGHTS.uniform : WEIGHTS.normal, a, b, given };
}

/** @internal What weights of a rule may be. */
export function weightRange(rule: { readonly wMin: number; readonly wMax: number } | undefined): Range {
  return rule === undefined ? WEIGHT : { min: rule.wMin, max: rule.wMax };
}

/** @internal Weights in single precision, in which the bounds of a rule are kept as well. */
export function checkWeights(
  name: string,
  weights: ArrayLike<number>,
  range: Range,
  length: number,
): Float32Array {
  const rounded = { min: Math.fround(range.min!), max: Math.fround(range.max!) };
  if (weights.length !== length) throw invalidArgument(`the length of ${name}`, weights.length, `${length}`);
  const result = allocate(name, Float32Array, length);
  for (let i = 0; i < length; i++) {
    const weight = weights[i];
    result[i] = checkNumber(
      `${name}[${i}]`,
      typeof weight === 'number' ? Math.fround(weight) : weight,
      rounded,
    );
  }
  return result;
}

function resolveDelays(engine: Engine, delayMs: CommonOptions['delayMs'], list: number | undefined) {
  const given = new Uint32Array(0);
  const steps = (name: string, ms: unknown, index?: number) =>
    engine.steps(name, ms, 0, MAX_DELAY_STEPS, index);
  if (delayMs === undefined) {
    const low = Math.min(MAX_DELAY_STEPS, Math.max(1, Math.round(1 / engine.dtMs)));
    return { low, high: low, given };
  }
  if (typeof delayMs === 'number') {
    const low = steps('delayMs', delayMs);
    return { low, high: low, given };
  }
  if (isList(delayMs)) {
    if (list === undefined)
      throw invalidArgument('delayMs', delayMs, 'a number, or { uniform }: only a list has one for each');
    if (delayMs.length !== list) throw invalidArgument('the length of delayMs', delayMs.length, `${list}`);
    const all = allocate('delayMs', Uint32Array, list);
    for (let i = 0; i < list; i++) all[i] = steps('delayMs', delayMs[i], i);
    return { low: 1, high: 1, given: all };
  }
  const distribution = checkDistribution('delayMs', delayMs);
  if (distribution === undefined || !('uniform' in distribution))
    throw invalidArgument('delayMs', delayMs, 'a number of ms, { uniform: [a, b] } or, of a list, an array');
  const low = steps('delayMs.uniform[0]', distribution.uniform[0]);
  return { low, high: steps('delayMs.uniform[1]', distribution.uniform[1]), given };
}

function checkUpkeep(engine: Engine, { homeostasis, rewiring }: CommonOptions, range: Range): void {
  if (homeostasis !== undefined && !(homeostasis instanceof Homeostasis))
    throw invalidArgument('homeostasis', homeostasis, 'what homeostasis() returns');
  if (rewiring !== undefined && !(rewiring instanceof Rewiring))
    throw invalidArgument('rewiring', rewiring, 'what rewiring() returns');
  if (homeostasis !== undefined) engine.steps('homeostasis.everyMs', homeostasis.everyMs, 1);
  if (rewiring === undefined) return;
  engine.steps('rewiring.everyMs', rewiring.everyMs, 1);
  if (rewiring.wish.grow !== 0) checkNumber('rewiring.weight', rewiring.wish.weight, range);
}
