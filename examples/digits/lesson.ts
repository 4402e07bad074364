// Learning and being examined. Labels are used for two things only: to say for which digit a neuron stands once it has learned, and
// to count what was right.
import { assignClasses, ClassDecoder, type Spikes } from 'neuronbus/population';
import type { Digits } from './drawing.js';
import type { DigitNetwork } from './network.js';

export const CLASSES = 10;

export function imageOf({ pixels, size }: Digits, index: number): Float32Array {
  return pixels.subarray(index * size * size, (index + 1) * size * size);
}

/** Shows images from one to another, and lets the network learn from them. Returns how many spikes an image evoked. */
export async function learn(
  network: DigitNetwork,
  images: Digits,
  from: number,
  to: number,
): Promise<number> {
  network.learning = true;
  let spikes = 0;
  for (let i = from; i < to; i++) spikes += (await network.show(imageOf(images, i))).neuron.length;
  return spikes / (to - from);
}

export interface Examination {
  /** Share of the test images that were recognised. */
  accuracy: number;
  /** The digit that each learning neuron stands for, -1 for none. */
  classes: Int32Array;
  /** Of `digit` taken for `answer`: confusion[digit * 10 + answer]. Images without an answer are in none. */
  confusion: Uint32Array;
  /** Test images that evoked no spike of a neuron with a class. */
  silent: number;
}

/** Assigns neurons to digits by their answers to the training images, then asks for the test images. Nothing is learned from either. */
export async function examine(network: DigitNetwork, train: Digits, test: Digits): Promise<Examination> {
  network.learning = false;
  const responses: Uint32Array[] = [];
  for (let i = 0; i < train.count; i++)
    responses.push(countsOf(await network.show(imageOf(train, i)), network.learners.size));
  const classes = assignClasses(responses, train.labels.subarray(0, train.count), { classes: CLASSES });
  const decoder = new ClassDecoder({ classes });
  const confusion = new Uint32Array(CLASSES * CLASSES);
  let right = 0;
  let silent = 0;
  for (let i = 0; i < test.count; i++) {
    const answer = decoder.decode(await network.show(imageOf(test, i)))?.class;
    if (answer === undefined) silent++;
    else confusion[test.labels[i]! * CLASSES + answer]! += 1;
    if (answer === test.labels[i]) right++;
  }
  return { accuracy: right / test.count, classes, confusion, silent };
}

function countsOf({ neuron }: Spikes, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const index of neuron) counts[index]! += 1;
  return counts;
}
