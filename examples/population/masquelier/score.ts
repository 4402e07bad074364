// What a run of the experiment is worth, by the criterion of the paper. Pure functions.

export interface Score {
  /** Share of the patterns during which it fired. */
  readonly hitRate: number;
  /** Spikes outside of any pattern. */
  readonly falseAlarms: number;
  /** Mean time from the beginning of a pattern to a spike in it, ms; NaN without hits. */
  readonly latencyMs: number;
  /** Hit rate above 98 %, no false alarm, latency below 10 ms. */
  readonly success: boolean;
}

/** Each spike's time since the beginning of the pattern that is on, ms; NaN outside of any. Times in order. */
export function latencies(
  spikesMs: Float64Array,
  patternsMs: ArrayLike<number>,
  patternMs: number,
): Float64Array {
  let next = 0;
  return spikesMs.map((time) => {
    while (next < patternsMs.length && patternsMs[next]! <= time) next++;
    const since = next > 0 ? time - patternsMs[next - 1]! : Number.NaN;
    return since <= patternMs ? since : Number.NaN;
  });
}

/** Of what happened at `fromMs` and later. */
export function scoreOf(
  spikesMs: Float64Array,
  patternsMs: Float64Array,
  patternMs: number,
  fromMs: number,
): Score {
  const spikes = spikesMs.filter((time) => time >= fromMs);
  const patterns = patternsMs.filter((time) => time >= fromMs);
  const since = latencies(spikes, patterns, patternMs);
  const hits = since.filter((ms) => !Number.isNaN(ms));
  const begins = new Set(spikes.map((time, i) => Math.round(time - since[i]!)));
  begins.delete(Number.NaN);
  const hitRate = begins.size / patterns.length;
  const falseAlarms = spikes.length - hits.length;
  const latencyMs = hits.reduce((sum, ms) => sum + ms, 0) / hits.length;
  return { hitRate, falseAlarms, latencyMs, success: hitRate > 0.98 && falseAlarms === 0 && latencyMs < 10 };
}

/** When it fired outside of a pattern for the last time, ms: from then on it knows the pattern. */
export function foundMs(spikesMs: Float64Array, patternsMs: Float64Array, patternMs: number): number {
  const since = latencies(spikesMs, patternsMs, patternMs);
  for (let i = since.length - 1; i >= 0; i--) if (Number.isNaN(since[i]!)) return spikesMs[i]!;
  return 0;
}
