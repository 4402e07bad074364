// The spike trains of Masquelier, Guyonneau and Thorpe 2008: 2,000 afferents whose rates wander, and a pattern of 50 ms that
// half of them repeat, hidden so that neither the rate of an afferent nor that of all tells when. Pure functions of the seed.
//
// The numbers are those of the paper as its authors' program has them, by way of the replication that started from that
// program: Hathway and Goodman 2018, ReScience 4(1) #6, code/create_input.py and code/run_simulation.py.
import { Random } from '../random.js';

export interface InputOptions {
  readonly seed: number;
  /** Distinct input; the experiment repeats it, as the paper does (150 s, three times). */
  readonly durationMs: number;
  readonly dtMs: number;
  readonly afferents: number;
  /** How many of the afferents take part in the pattern: the first ones. */
  readonly patternAfferents: number;
  readonly patternMs: number;
  /** Share of the time that the pattern takes. */
  readonly patternShare: number;
  /** Standard deviation of the time of each spike of the pattern, each time anew. */
  readonly jitterMs: number;
}

export interface Input {
  /** Where the spikes of each step begin in `neurons`; one more at the end. */
  readonly offsets: Uint32Array;
  readonly neurons: Uint16Array;
  /** When the pattern begins, in order. */
  readonly patternsMs: Float64Array;
}

// Rates wander between 0 and 90 Hz, from 0 to 90 in 50 ms at most; nobody is silent for more than 50 ms. 54 Hz on average.
const MAX_RATE_HZ = 90;
const MAX_SILENCE_MS = 50;
const MAX_SLOPE = MAX_RATE_HZ / MAX_SILENCE_MS;
// How much the slope changes in a millisecond, at most.
const MAX_BEND = MAX_SLOPE / 5;
// Spikes that belong to nothing, of all afferents and at all times.
const NOISE_HZ = 10;

export function makeInput(options: InputOptions): Input {
  const { afferents, patternAfferents, durationMs, dtMs, patternMs } = options;
  const random = new Random(options.seed);
  const windows = placePatterns(random, Math.floor(durationMs / patternMs), options.patternShare);
  const patterns = Uint32Array.from([...windows.keys()].filter((window) => windows[window] === 1));
  const steps = Math.round(durationMs / dtMs);
  const trains = new Trains(steps, dtMs, 80 * afferents * (durationMs / 1000));
  const first = patterns[0]! * patternMs;
  for (let neuron = 0; neuron < afferents; neuron++) {
    trains.begin();
    const times = wanderingTrain(random, durationMs);
    if (neuron < patternAfferents) {
      const motif = times.filter((time) => time >= first && time < first + patternMs);
      for (const time of times) if (windows[Math.floor(time / patternMs)] !== 1) trains.add(time);
      for (const window of patterns) {
        const shift = window * patternMs - first;
        for (const time of motif) trains.add(time + shift + options.jitterMs * random.normal());
      }
    } else for (const time of times) trains.add(time);
    const meanMs = 1000 / NOISE_HZ;
    for (let at = meanMs * random.exponential(); at < durationMs; at += meanMs * random.exponential())
      trains.add(at);
  }
  return { ...trains.byStep(), patternsMs: Float64Array.from(patterns, (window) => window * patternMs) };
}

/** Windows with the pattern, at random, never two in a row. */
function placePatterns(random: Random, count: number, share: number): Uint8Array {
  const windows = new Uint8Array(count);
  for (let left = Math.floor(count * share); left > 0; ) {
    const at = random.integer(count);
    if (windows[at] || windows[at - 1] || windows[at + 1]) continue;
    windows[at] = 1;
    left--;
  }
  return windows;
}

/** A Poisson train whose rate changes each millisecond by a slope that changes too. Times in ms, in order. */
function wanderingTrain(random: Random, durationMs: number): number[] {
  const times: number[] = [];
  let last = -random.uniform() * MAX_SILENCE_MS;
  let rate = random.uniform() * MAX_RATE_HZ;
  let slope = (2 * random.uniform() - 1) * MAX_SLOPE;
  for (let ms = 1; ms <= durationMs; ms++) {
    if (random.uniform() < rate / 1000 || ms - last > MAX_SILENCE_MS) {
      last = ms - random.uniform();
      times.push(last);
    }
    rate = Math.min(MAX_RATE_HZ, Math.max(0, rate + slope));
    slope = Math.min(MAX_SLOPE, Math.max(-MAX_SLOPE, slope + (2 * random.uniform() - 1) * MAX_BEND));
  }
  return times;
}

// Trains come neuron by neuron, and are wanted step by step: a counting sort.
class Trains {
  readonly #steps: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #begins: number[] = [];
  #size = 0;

  constructor(
    readonly steps: number,
    readonly dtMs: number,
    capacity: number,
  ) {
    this.#steps = new Uint32Array(capacity);
    this.#counts = new Uint32Array(steps + 1);
  }

  begin(): void {
    this.#begins.push(this.#size);
  }

  /** A spike of the neuron that begin() began; jitter may have moved it out of the time there is. */
  add(timeMs: number): void {
    const step = Math.min(this.steps - 1, Math.max(0, Math.floor(timeMs / this.dtMs)));
    this.#steps[this.#size++] = step;
    this.#counts[step + 1]!++;
  }

  byStep(): Pick<Input, 'offsets' | 'neurons'> {
    const offsets = this.#counts;
    for (let step = 0; step < this.steps; step++) offsets[step + 1]! += offsets[step]!;
    const next = offsets.slice();
    const neurons = new Uint16Array(this.#size);
    this.#begins.push(this.#size);
    for (let neuron = 0; neuron + 1 < this.#begins.length; neuron++) {
      for (let at = this.#begins[neuron]!; at < this.#begins[neuron + 1]!; at++)
        neurons[next[this.#steps[at]!]!++] = neuron;
    }
    return { offsets, neurons };
  }
}
