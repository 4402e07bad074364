// All runs of the experiment of Masquelier, Guyonneau and Thorpe 2008, and what they come to.
import type { Options } from '../options.js';
import { percent, type Report } from '../report.js';
import { shareInterval } from '../statistics.js';
import { FULL, QUICK, type Result, runTrial } from './experiment.js';
import { drawTrial } from './pictures.js';

export const DEFAULTS = { runs: 50, quickRuns: 1 };
const PUBLISHED_SUCCESS = 0.96;

/** Pictures are those of the first run. */
export async function runMasquelier({ seed, runs, quick, out }: Options): Promise<Report> {
  const length = quick ? QUICK : FULL;
  const rows: string[][] = [];
  let found = 0;
  for (let run = 0; run < runs; run++) {
    const result = await runTrial(seed + run, length);
    if (run === 0 && out !== undefined) await drawTrial(result, out);
    if (result.success) found++;
    rows.push(rowOf(result));
  }
  const interval = shareInterval(found, runs).map((share) => percent(share));
  return {
    title: `masquelier_2008: ${runs} runs of ${(length.inputMs * length.repeats) / 1000} s`,
    columns: [
      ['seed', 'r'],
      ['hits', 'r'],
      ['false alarms', 'r'],
      ['latency', 'r'],
      ['knows it since', 'r'],
      ['spikes', 'r'],
      ['', 'l'],
    ],
    rows,
    conclusion:
      `Found in ${found} of ${runs} runs, ${percent(found / runs)} (95 % interval ${interval.join(' to ')}); ` +
      `the paper reports ${percent(PUBLISHED_SUCCESS)}.`,
  };
}

function rowOf(result: Result): string[] {
  return [
    String(result.seed),
    percent(result.hitRate, 1),
    String(result.falseAlarms),
    Number.isNaN(result.latencyMs) ? '' : `${result.latencyMs.toFixed(1)} ms`,
    `${(result.foundMs / 1000).toFixed(1)} s`,
    String(result.spikesMs.length),
    result.success ? 'found' : 'missed',
  ];
}
