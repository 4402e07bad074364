// SPDX-License-Identifier: MIT
//
// Which output neuron stands for which class: given, or learned from what it answers to. Pure, any thread.

import { checkKeys, invalidArgument } from '../memory/errors.js';
import { checkInteger, checkNumber, isList, NOT_NEGATIVE } from './validation.js';

/** No class. */
export const UNASSIGNED = -1;
const MAX_CLASSES = 2 ** 24;

/** Neurons in classes, checked. */
export class Classes {
  /** Class of each neuron, or -1. */
  readonly of: Int32Array;
  /** One more than the highest class. */
  readonly count: number;
  /** Neurons of each class. */
  readonly sizes: Uint32Array;
  /** Classes that have a neuron. */
  readonly inhabited: number;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: not integers from -1, or no neuron has a class. */
  constructor(classes: ArrayLike<number>) {
    if (!isList(classes)) throw invalidArgument('classes', classes, 'an array with the class of each neuron');
    this.of = new Int32Array(classes.length);
    let count = 0;
    for (let i = 0; i < classes.length; i++) {
      this.of[i] = checkInteger(`classes[${i}]`, classes[i], UNASSIGNED, MAX_CLASSES - 1);
      count = Math.max(count, this.of[i] + 1);
    }
    if (count === 0) throw invalidArgument('classes', classes, 'an array in which some neuron has a class');
    this.count = count;
    this.sizes = new Uint32Array(count);
    for (const group of this.of) if (group >= 0) this.sizes[group]++;
    this.inhabited = this.sizes.reduce((sum, size) => sum + (size > 0 ? 1 : 0), 0);
  }

  /** The share of each class in the sum of the mean counts, from the spikes of each class; undefined: there is no spike. */
  shares(counts: ArrayLike<number>): Float64Array | undefined {
    const shares = new Float64Array(this.count);
    let sum = 0;
    for (let i = 0; i < this.count; i++) {
      shares[i] = this.sizes[i] === 0 ? 0 : counts[i] / this.sizes[i];
      sum += shares[i];
    }
    if (sum === 0) return undefined;
    for (let i = 0; i < this.count; i++) shares[i] /= sum;
    return shares;
  }
}

/**
 * Gives each neuron the class to whose examples it answered most on average, after learning without labels (Diehl and Cook 2015,
 * Front. Comput. Neurosci. 9:99, section 2.5): argmax over c of the mean of `responses[k][i]` over the examples k of class c; of
 * equals the lower class. Who never answered gets -1.
 *
 * @param responses for each example the spike count (or rate) of each neuron.
 * @param labels for each example its class, from 0.
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT: lengths that do not fit, labels that are no classes, negative responses.
 */
export function assignClasses(
  responses: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: { classes?: number } = {},
): Int32Array {
  checkKeys('options', options, new Set(['classes']));
  if (!Array.isArray(responses) || responses.length === 0)
    throw invalidArgument('responses', responses, 'an array with the responses to each example');
  if (!isList(labels)) throw invalidArgument('labels', labels, 'an array with the class of each example');
  if (labels.length !== responses.length)
    throw invalidArgument('the length of labels', labels.length, `${responses.length}, as of responses`);
  const most =
    options.classes === undefined ? MAX_CLASSES : checkInteger('classes', options.classes, 1, MAX_CLASSES);
  let count = options.classes ?? 0;
  for (let k = 0; k < labels.length; k++)
    count = Math.max(count, checkInteger(`labels[${k}]`, labels[k], 0, most - 1) + 1);
  const size = isList(responses[0]) ? responses[0].length : 0;
  const examples = new Uint32Array(count);
  const sums = new Float64Array(count * size);
  responses.forEach((response, k) => {
    if (!isList(response) || response.length !== size)
      throw invalidArgument(`responses[${k}]`, response, `an array of ${size} numbers, as the first one`);
    examples[labels[k]]++;
    for (let i = 0; i < size; i++)
      sums[labels[k] * size + i] += checkNumber(`responses[${k}]`, response[i], NOT_NEGATIVE, i);
  });
  const assigned = new Int32Array(size).fill(UNASSIGNED);
  const best = new Float64Array(size);
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < size; i++) {
      const mean = examples[c] === 0 ? 0 : sums[c * size + i] / examples[c];
      if (mean > best[i]) [best[i], assigned[i]] = [mean, c];
    }
  }
  return assigned;
}
