// What the experiments ask of numbers. Pure functions, any thread.
import { Random } from './random.js';

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * The interval of Wilson 1927 (J. Am. Stat. Assoc. 22:209) that holds the true share with a probability of 95 %, when `successes`
 * of `runs` came out well.
 */
export function shareInterval(successes: number, runs: number): [low: number, high: number] {
  const z = 1.959964;
  const share = successes / runs;
  const centre = share + z ** 2 / (2 * runs);
  const half = z * Math.sqrt((share * (1 - share)) / runs + z ** 2 / (4 * runs ** 2));
  const scale = 1 + z ** 2 / runs;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

/** How many of the values lie in each tenth of [0, max], as shares that sum to 1. */
export function tenths(values: ArrayLike<number>, max: number): number[] {
  const shares = new Array<number>(10).fill(0);
  for (let i = 0; i < values.length; i++) {
    const tenth = Math.floor((10 * values[i]!) / max);
    shares[Math.min(9, Math.max(0, tenth))]! += 1 / values.length;
  }
  return shares;
}

/**
 * Hartigan's dip: the greatest distance between the empirical distribution function and the unimodal distribution function
 * that is closest to it. 0.5 / n at least, 0.25 at most (Hartigan and Hartigan 1985, Ann. Stat. 13:70, whose algorithm this is).
 *
 * A unimodal function is convex up to its mode and concave from there. The interval that can hold the mode shrinks towards
 * where the convex hull from below and the concave hull from above are furthest apart; outside it, the data may leave the hull
 * of their side by twice the dip.
 */
export function dip(values: ArrayLike<number>): number {
  const { at, below, upTo } = distribution(values);
  let [low, high] = [0, at.length - 1];
  let twice = 1 / values.length;
  while (low < high) {
    const convex = hull(at, below, low, high, 1);
    const concave = hull(at, upTo, low, high, -1);
    let widest = low;
    for (let i = low; i <= high; i++) {
      const touches = convex.touches.has(i) || concave.touches.has(i);
      if (touches && concave.value(i) - convex.value(i) > concave.value(widest) - convex.value(widest))
        widest = i;
    }
    if (concave.value(widest) - convex.value(widest) <= twice) break;
    let [nextLow, nextHigh] = [widest, widest];
    while (!convex.touches.has(nextLow)) nextLow--;
    while (!concave.touches.has(nextHigh)) nextHigh++;
    for (let i = low; i < nextLow; i++) twice = Math.max(twice, upTo[i]! - convex.value(i));
    for (let i = high; i > nextHigh; i--) twice = Math.max(twice, concave.value(i) - below[i]!);
    if (nextLow === low && nextHigh === high) break;
    [low, high] = [nextLow, nextHigh];
  }
  return twice / 2;
}

/** Distinct values in order, and the shares of the data below each and up to each. */
function distribution(values: ArrayLike<number>): {
  at: Float64Array;
  below: Float64Array;
  upTo: Float64Array;
} {
  const sorted = Float64Array.from(values).sort();
  const at = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const below = new Float64Array(at.length);
  const upTo = new Float64Array(at.length);
  let seen = 0;
  for (let i = 0; i < at.length; i++) {
    below[i] = seen / sorted.length;
    while (sorted[seen] === at[i]) seen++;
    upTo[i] = seen / sorted.length;
  }
  return { at, below, upTo };
}

/** The greatest convex function below the points low to high (`sign` 1), or the least concave one above them (-1). */
function hull(at: Float64Array, share: Float64Array, low: number, high: number, sign: 1 | -1) {
  const corners: number[] = [];
  const slope = (from: number, to: number) => (share[to]! - share[from]!) / (at[to]! - at[from]!);
  for (let i = low; i <= high; i++) {
    while (corners.length > 1) {
      const bend = slope(corners.at(-1)!, i) - slope(corners.at(-2)!, corners.at(-1)!);
      if (sign * bend > 0) break;
      corners.pop();
    }
    corners.push(i);
  }
  const values = new Float64Array(high - low + 1);
  values[high - low] = share[high]!;
  for (let piece = 0; piece + 1 < corners.length; piece++) {
    const [from, to] = [corners[piece]!, corners[piece + 1]!];
    for (let i = from; i < to; i++) values[i - low] = share[from]! + slope(from, to) * (at[i]! - at[from]!);
  }
  return { touches: new Set(corners), value: (i: number) => values[i - low]! };
}

/**
 * How often as many numbers from one uniform distribution, the unimodal one whose dip is greatest, have a dip of at least
 * this: out of `samples` times, counting the one at hand. Small: the numbers have more than one mode.
 */
export function dipProbability(observed: number, count: number, samples: number, seed: number): number {
  const random = new Random(seed);
  const sample = new Float64Array(count);
  let reached = 1;
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < count; j++) sample[j] = random.uniform();
    if (dip(sample) >= observed) reached++;
  }
  return reached / (samples + 1);
}
