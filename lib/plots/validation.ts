// SPDX-License-Identifier: MIT
//
// What all pictures take, and the checks of what they are given. Pure functions; all throw ERR_NB_INVALID_ARGUMENT.

import { checkKeys, invalidArgument } from '../memory/errors.js';

/** Of every picture. */
export interface PlotOptions {
  /** Above the picture; also its text for who cannot see it. */
  title?: string;
  /** Of the area within the axes. Default 640. */
  widthPx?: number;
  /** Of the area within the axes. Default 320. */
  heightPx?: number;
}

export interface Frame {
  title: string;
  widthPx: number;
  heightPx: number;
}

const COMMON = ['title', 'widthPx', 'heightPx'];

/** The options that every picture has, and a refusal of keys that this one does not know. */
export function checkFrame(
  options: PlotOptions,
  own: readonly string[],
  title: string,
  heightPx = 320,
  widthPx = 640,
): Frame {
  checkKeys('options', options, new Set([...COMMON, ...own]));
  return {
    title: text('title', options.title ?? title),
    widthPx: integer('widthPx', options.widthPx ?? widthPx, 50, 4000),
    heightPx: integer('heightPx', options.heightPx ?? heightPx, 50, 4000),
  };
}

export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument(name, value, 'a string');
  return value;
}

export function integer(name: string, value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw invalidArgument(name, value, `an integer from ${least} to ${most}`);
  return value as number;
}

export function finite(name: string, value: unknown): number {
  if (!Number.isFinite(value)) throw invalidArgument(name, value, 'a finite number');
  return value as number;
}

/** An array or typed array of numbers; of bigints neither. */
export function list(name: string, value: unknown): ArrayLike<number> {
  const typed = ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (!typed && !Array.isArray(value)) throw invalidArgument(name, value, 'an array or typed array');
  const numbers = value as unknown as ArrayLike<number>;
  if (numbers.length > 0 && typeof numbers[0] !== 'number') throw invalidArgument(name, value, 'of numbers');
  return numbers;
}

/** The same, each of them finite. */
export function finiteList(name: string, value: unknown): ArrayLike<number> {
  const numbers = list(name, value);
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) throw invalidArgument(`${name}[${i}]`, numbers[i], 'a finite number');
  }
  return numbers;
}

/** The same, each of them the number of one of `size`. */
export function indexList(name: string, value: unknown, size: number): ArrayLike<number> {
  const numbers = list(name, value);
  for (let i = 0; i < numbers.length; i++) {
    const index = numbers[i] as number;
    if (!Number.isInteger(index) || index < 0 || index >= size)
      throw invalidArgument(`${name}[${i}]`, index, `an integer from 0 to ${size - 1}`);
  }
  return numbers;
}

export function sameLength(name: string, list: ArrayLike<number>, count: number): void {
  if (list.length !== count) throw invalidArgument(`${name}.length`, list.length, `${count}`);
}

/** [low, high] with low < high. */
export function range(name: string, value: readonly [number, number]): [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw invalidArgument(name, value, 'two numbers');
  const [low, high] = [finite(`${name}[0]`, value[0]), finite(`${name}[1]`, value[1])];
  if (!(low < high)) throw invalidArgument(name, `${low}, ${high}`, 'two numbers, the lower one first');
  return [low, high];
}

/** The least and the greatest; widened where they are the same, and 0 to 1 where there are none. */
export function extent(...lists: readonly ArrayLike<number>[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of lists) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  const half = Math.abs(low) / 2 || 0.5;
  return [low - half, high + half];
}

/** "weight (mV)", and "weight" of what has no unit. */
export function labelled(what: string, unit: string): string {
  return unit === '' ? what : `${what} (${unit})`;
}

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const integers = new Intl.NumberFormat('en');

export function written(value: number): string {
  return Number.isInteger(value) ? integers.format(value) : numbers.format(value);
}
