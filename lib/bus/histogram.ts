// SPDX-License-Identifier: MIT
//
// Log-linear histograms, as native/core/histogram.h writes them: 2^subBits buckets of one width per power of two, so that a
// value read from its bucket is at most one part in 2^subBits too large. Pure functions, any thread.

/** The bucket of a value, an integer from 0, below 2^51. */
export function bucketOf(value: number, subBits: number): number {
  let high = 0;
  if (value >= 2 ** 31) {
    value /= 2 ** 20;
    high = 20;
  }
  const bits = value | 0;
  const shift = 31 - Math.clz32(bits | (1 << subBits)) - subBits;
  return ((shift + high) << subBits) + (bits >>> shift);
}

/** The largest value that falls into a bucket. */
export function bucketTop(bucket: number, subBits: number): number {
  const sub = 1 << subBits;
  if (bucket < sub) return bucket;
  const shift = (bucket >> subBits) - 1;
  return ((bucket & (sub - 1)) + sub + 1) * 2 ** shift - 1;
}

/** The smallest bucket so that at least this share of `count` values lies in it or below it. `at` reads a bucket. */
export function quantileBucket(
  share: number,
  count: number,
  buckets: number,
  at: (bucket: number) => number,
): number {
  let left = Math.ceil(share * count);
  for (let bucket = 0; bucket < buckets; bucket++) {
    left -= at(bucket);
    if (left <= 0) return bucket;
  }
  return buckets - 1;
}
