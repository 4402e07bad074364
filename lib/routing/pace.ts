// SPDX-License-Identifier: MIT
//
// How long each agent takes for one request of a kind, learned from answers. A fact about the agent, so the requesters of a
// thread that ask for the same share one object; used on that thread only.
//
// A request that met q others and was answered after dt tells dt / (q + 1), which for a queue worked off in order is the
// service time on average. The pace is the mean of these, exact at first and exponentially weighted later. Three things make
// it fit for choosing by it:
//
// * Little knowledge is not taken for much. What is expected of an agent lies between its own mean and the pool, the harmonic
//   mean over all agents, as if the pool had been `priorSamples` answers; and an agent that is not asked is known less and less
//   well, so that one that was thought slow by mistake, or was slow once, is tried again.
// * An answer tells less where answers scatter more. Scatter is the squared coefficient of variation of service times, 1 for
//   exponential ones, over all agents: the mean of (q + 1) (r - 1)², r = sample / pace. The prior counts scatter times, the
//   memory is that much longer, and alarms are that much slower.
// * Changes are noticed. Two CUSUM tests (Page 1954, "Continuous inspection schemes"), one against an agent three times as
//   slow and one against three times as fast, with the likelihood ratio of exponential times, and r cut at 8:
//
//     slower  G = max(0, G + r (1 - 1/3) - ln 3)        faster  G = max(0, G + ln 3 - r (3 - 1))
//
//   At G > alarm the old mean is given up for that of the answers since G left zero.

import { type Columns, Directory, grownFloats, grownInts } from './directory.js';
import type { Candidates } from './strategy.js';

const ratio = 3;
const logRatio = Math.log(ratio);
const cut = 8;
/** Without a change an answer raises an alarm less often than once in e^alarm. */
const slowerAlarm = 9;
const fasterAlarm = 9;
/** No alarms before so many answers. */
const fewest = 4;
/** Answers that a mean is of. */
const memory = 50;
const scatterMemory = 200;
const mostScatter = 25;
const priorSamples = 8;
/** What is left of the samples of an agent that did not answer between two sweeps. */
const kept = 0.85;
/** Answers between two sweeps, for each agent. */
const sweepEvery = 4;

export class Paces {
  readonly #columns = new PaceColumns();
  readonly #directory = new Directory(this.#columns);
  #poolNs = 0;
  #untilSweep = 1;
  #scatter = 1;

  /** What is expected of the candidates in `slots`, ns for one request; 1 before anybody answered. Read in place. */
  get expectedNs(): Float64Array {
    return this.#columns.expectedNs;
  }

  /** Slots of all candidates, by position; not those of any other directory. */
  slotsOf(candidates: Candidates): Int32Array {
    return this.#directory.slotsOf(candidates);
  }

  expectedAt(candidates: Candidates, position: number): number {
    const slot = this.#directory.slotsOf(candidates)[position];
    return this.#columns.expectedNs[slot];
  }

  expectedOf(agent: number): number {
    const slot = this.#directory.slotOf(agent);
    return this.#columns.expectedNs[slot];
  }

  /** The agent's own mean, ns; zero when it has answered nobody. */
  measuredOf(agent: number): number {
    const slot = this.#directory.slotOf(agent);
    return this.#columns.meanNs[slot];
  }

  /** An answer after `latencyNs` to a request that met `load` others. */
  observe(agent: number, latencyNs: number, load: number): void {
    const slot = this.#directory.slotOf(agent);
    const columns = this.#columns;
    const sample = Math.max(1, latencyNs) / (load + 1);
    columns.answers[slot]++;
    const known = columns.samples[slot];
    if (known === 0) columns.restart(slot, sample, 1);
    else {
      const r = sample / columns.meanNs[slot];
      this.#scatter += (Math.min(mostScatter, (load + 1) * (r - 1) ** 2) - this.#scatter) / scatterMemory;
      if (known < fewest || !columns.changed(slot, sample, Math.max(1, this.#scatter))) {
        const samples = Math.min(memory * Math.max(1, this.#scatter), known + 1);
        columns.meanNs[slot] += (sample - columns.meanNs[slot]) / samples;
        columns.samples[slot] = samples;
      }
    }
    if (this.#poolNs === 0) this.#poolNs = sample;
    if (--this.#untilSweep <= 0) this.#sweep();
    else this.#expect(slot);
  }

  forget(agent: number): void {
    this.#directory.release(agent);
  }

  #expect(slot: number): void {
    const { expectedNs, meanNs, samples } = this.#columns;
    const prior = priorSamples * this.#scatter;
    expectedNs[slot] = (prior * this.#poolNs + samples[slot] * meanNs[slot]) / (prior + samples[slot]);
  }

  #sweep(): void {
    const { answers, expectedNs, samples } = this.#columns;
    const { used } = this.#directory;
    let rates = 0;
    let known = 0;
    for (let slot = 0; slot < used; slot++) {
      if (samples[slot] === 0) continue;
      if (answers[slot] === 0) samples[slot] *= kept;
      answers[slot] = 0;
      this.#expect(slot);
      rates += 1 / expectedNs[slot];
      known++;
    }
    this.#poolNs = known / rates;
    for (let slot = 0; slot < used; slot++) if (samples[slot] === 0) this.#expect(slot);
    this.#untilSweep = sweepEvery * used;
  }
}

class PaceColumns implements Columns {
  expectedNs = new Float64Array(0);
  meanNs = new Float64Array(0);
  /** Answers that the mean counts for. */
  samples = new Float64Array(0);
  /** Since the last sweep. */
  answers = new Int32Array(0);
  #slower = new Float64Array(0);
  #slowerSum = new Float64Array(0);
  #slowerCount = new Int32Array(0);
  #faster = new Float64Array(0);
  #fasterSum = new Float64Array(0);
  #fasterCount = new Int32Array(0);

  grow(slots: number): void {
    this.expectedNs = grownFloats(this.expectedNs, slots);
    this.meanNs = grownFloats(this.meanNs, slots);
    this.samples = grownFloats(this.samples, slots);
    this.answers = grownInts(this.answers, slots);
    this.#slower = grownFloats(this.#slower, slots);
    this.#slowerSum = grownFloats(this.#slowerSum, slots);
    this.#slowerCount = grownInts(this.#slowerCount, slots);
    this.#faster = grownFloats(this.#faster, slots);
    this.#fasterSum = grownFloats(this.#fasterSum, slots);
    this.#fasterCount = grownInts(this.#fasterCount, slots);
  }

  clear(slot: number): void {
    this.expectedNs[slot] = 1;
    this.answers[slot] = 0;
    this.restart(slot, 0, 0);
  }

  restart(slot: number, meanNs: number, samples: number): void {
    this.meanNs[slot] = meanNs;
    this.samples[slot] = samples;
    this.#slower[slot] = 0;
    this.#slowerSum[slot] = 0;
    this.#slowerCount[slot] = 0;
    this.#faster[slot] = 0;
    this.#fasterSum[slot] = 0;
    this.#fasterCount[slot] = 0;
  }

  /** Tests one more sample; true when the agent has changed, and then its mean is that since the change. */
  changed(slot: number, sample: number, scatter: number): boolean {
    const r = Math.min(cut, sample / this.meanNs[slot]);
    const slower = this.#slower[slot] + (r * (1 - 1 / ratio) - logRatio) / scatter;
    const faster = this.#faster[slot] + (logRatio - r * (ratio - 1)) / scatter;
    this.#slower[slot] = Math.max(0, slower);
    this.#faster[slot] = Math.max(0, faster);
    this.#slowerSum[slot] = slower > 0 ? this.#slowerSum[slot] + sample : 0;
    this.#slowerCount[slot] = slower > 0 ? this.#slowerCount[slot] + 1 : 0;
    this.#fasterSum[slot] = faster > 0 ? this.#fasterSum[slot] + sample : 0;
    this.#fasterCount[slot] = faster > 0 ? this.#fasterCount[slot] + 1 : 0;
    if (slower > slowerAlarm) {
      this.restart(slot, this.#slowerSum[slot] / this.#slowerCount[slot], this.#slowerCount[slot]);
      return true;
    }
    if (faster > fasterAlarm) {
      this.restart(slot, this.#fasterSum[slot] / this.#fasterCount[slot], this.#fasterCount[slot]);
      return true;
    }
    return false;
  }
}
