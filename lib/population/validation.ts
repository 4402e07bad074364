// SPDX-License-Identifier: MIT
//
// Checks of what people give to a network, and numbers for many neurons. Every message names the parameter. Pure, any thread.

import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { seededRandom } from '../memory/random.js';

/**
 * Random numbers, drawn from the seed of the network: uniform in [from, to), or normal with mean and standard deviation.
 * What a drawn number must be, it must be by itself: one that is out of range is an error, and never cut.
 */
export type Distribution =
  | { readonly uniform: readonly [from: number, to: number] }
  | { readonly normal: readonly [mean: number, standardDeviation: number] };

/** One number for all neurons, one for each neuron, or a distribution that each neuron's is drawn from. */
export type Values = number | ArrayLike<number> | Distribution;

/** Which numbers are allowed. `above` and `below` exclude their bound. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
  /** Or 0. */
  readonly orZero?: boolean;
}

export const ANY: Range = {};
/** ms. Shorter ones than a femtosecond, and longer ones than thousands of years, are no numbers to compute with. */
export const TIME_CONSTANT: Range = { min: 1e-12, max: 1e15 };
/** mV, and what is computed like it. */
export const POTENTIAL: Range = { min: -1e9, max: 1e9 };
/** Weights, and what is added to them or scales them: native code keeps weights in single precision. */
export const WEIGHT: Range = { min: -1e9, max: 1e9 };
export const NOT_NEGATIVE: Range = { min: 0 };
export const POSITIVE: Range = { above: 0 };

function inside(value: number, range: Range): boolean {
  if (value === 0 && range.orZero) return true;
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = range;
  return value >= min && value <= max && value > above && value < below;
}

function describeRange({ min, max, above, below, orZero }: Range): string {
  const what = orZero ? '0, or a number' : 'a finite number';
  const parts = [
    min !== undefined && `at least ${min}`,
    above !== undefined && `above ${above}`,
    max !== undefined && `at most ${max}`,
    below !== undefined && `below ${below}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? what : `${what} ${parts.join(' and ')}`;
}

/** The name of an element; only made where something is wrong with it. */
export function nameAt(name: string, index: number | undefined): string {
  return index === undefined ? name : `${name}[${index}]`;
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name`, or its element `index`. */
export function checkNumber(name: string, value: unknown, range: Range = ANY, index?: number): number {
  if (typeof value !== 'number' || !inside(value, range))
    throw invalidArgument(nameAt(name, index), value, describeRange(range));
  return value;
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name`. */
export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalidArgument(name, value, `an integer from ${min} to ${max}`);
  return value;
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name`. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(name, value, 'true or false');
  return value;
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name`. */
export function checkChoice<T extends string>(name: string, value: unknown, choices: Record<T, unknown>): T {
  if (typeof value !== 'string' || !Object.hasOwn(choices, value))
    throw invalidArgument(name, value, `one of ${Object.keys(choices).join(', ')}`);
  return value as T;
}

/** The number of elements, if these are many numbers. Strings and functions, which have a length, are not. */
export function isList(value: unknown): value is ArrayLike<number> {
  return (
    Array.isArray(value) ||
    (ArrayBuffer.isView(value) && typeof (value as { length?: unknown }).length === 'number')
  );
}

/** Indices below `size`, as a fresh array. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name` and the index. */
export function checkIndices(name: string, indices: unknown, size: number): Uint32Array {
  if (!isList(indices)) throw invalidArgument(name, indices, 'an array of indices');
  const result = allocate(name, Uint32Array, indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= size)
      throw invalidArgument(`${name}[${i}]`, index, `an integer from 0 to ${size - 1}`);
    result[i] = index;
  }
  return result;
}

/** Many numbers, as a fresh array. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming `name` and the index. */
export function checkNumbers(name: string, values: unknown, range: Range, length?: number): Float64Array {
  if (!isList(values)) throw invalidArgument(name, values, 'an array of numbers');
  if (length !== undefined && values.length !== length)
    throw invalidArgument(`the length of ${name}`, values.length, `${length}`);
  const result = allocate(name, Float64Array, values.length);
  for (let i = 0; i < result.length; i++) result[i] = checkNumber(name, values[i], range, i);
  return result;
}

/** A distribution with finite numbers in order, or undefined if this is none. */
export function checkDistribution(name: string, value: unknown): Distribution | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  const keys = Object.keys(value);
  const kind = keys[0];
  if (keys.length !== 1 || (kind !== 'uniform' && kind !== 'normal'))
    throw invalidArgument(name, keys.join(', ') || value, 'a number, an array, { uniform } or { normal }');
  const [a, b] = checkNumbers(`${name}.${kind}`, (value as Record<string, unknown>)[kind], ANY, 2);
  if (kind === 'normal') {
    checkNumber(`${name}.normal[1]`, b, NOT_NEGATIVE);
    return { normal: [a, b] };
  }
  checkNumber(`${name}.uniform[1]`, b, { min: a });
  return { uniform: [a, b] };
}

/** What can be known of values before there is a size: refuses what no population could take. */
export function checkValues(name: string, value: unknown, range: Range): Values {
  if (typeof value === 'number') return checkNumber(name, value, range);
  if (isList(value)) return checkNumbers(name, value, range);
  const distribution = checkDistribution(name, value);
  if (distribution === undefined) throw invalidArgument(name, value, 'a number, an array or a distribution');
  return distribution;
}

/** Values for `size` neurons: a single one if it holds for all, else one for each. */
export function resolveValues(
  name: string,
  values: Values,
  size: number,
  range: Range,
  random: () => number,
): Float64Array {
  const checked = checkValues(name, values, range);
  if (typeof checked === 'number') return Float64Array.of(checked);
  if (isList(checked)) return checkNumbers(name, checked, range, size);
  const result = allocate(name, Float64Array, size);
  const draw = sampler(checked, random);
  for (let i = 0; i < size; i++) result[i] = checkNumber(name, draw(), range, i);
  return result;
}

function sampler(distribution: Distribution, random: () => number): () => number {
  if ('uniform' in distribution) {
    const [from, to] = distribution.uniform;
    return () => from + (to - from) * random();
  }
  const [mean, deviation] = distribution.normal;
  // Box and Muller 1958, Ann. Math. Stat. 29:610; of each pair one is used.
  return () => mean + deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A generator for one purpose of one population: unrelated to all others of the seed. */
export function randomFor(seed: number, population: number, purpose: string): () => number {
  let mixed = Math.imul(seed ^ (seed / 2 ** 32), 0x9e3779b1) ^ Math.imul(population + 1, 0x85ebca77);
  for (let i = 0; i < purpose.length; i++) mixed = Math.imul(mixed ^ purpose.charCodeAt(i), 0x01000193);
  return seededRandom(mixed);
}

/** A typed array; ERR_NB_NO_MEMORY where there is none of this length. */
export function allocate<T>(name: string, kind: new (length: number) => T, length: number): T {
  try {
    return new kind(length);
  } catch (cause) {
    throw new NeuronBusError('NO_MEMORY', `${name} would have ${length} elements`, { cause });
  }
}
