// What a classifier without any neurons reaches on the same images. Pure functions.

import type { Digits } from './drawing.js';

const CLASSES = 10;

/** Share of the test images whose pixels are nearest to the mean image of their own digit in the training images. */
export function nearestCentroid(train: Digits, test: Digits): number {
  const area = train.size * train.size;
  const sums = new Float64Array(CLASSES * area);
  const counts = new Float64Array(CLASSES);
  for (let i = 0; i < train.count; i++) {
    const label = train.labels[i]!;
    counts[label]! += 1;
    for (let pixel = 0; pixel < area; pixel++) sums[label * area + pixel]! += train.pixels[i * area + pixel]!;
  }
  const means = sums.map((sum, i) => sum / counts[Math.floor(i / area)]!);
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const distances = Array.from(counts, (_, label) => {
      let sum = 0;
      for (let pixel = 0; pixel < area; pixel++)
        sum += (test.pixels[i * area + pixel]! - means[label * area + pixel]!) ** 2;
      return sum;
    });
    if (distances.indexOf(Math.min(...distances)) === test.labels[i]) right++;
  }
  return right / test.count;
}
