// All runs of the experiment of Song, Miller and Abbott 2000, and what they come to.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weightHistogram } from 'neuronbus/plots';
import type { Options } from '../options.js';
import { percent, type Report } from '../report.js';
import { FULL_MS, QUICK_MS, type Result, runTrial } from './experiment.js';

export const DEFAULTS = { runs: 5, quickRuns: 1 };

/** Writes `song-additive.svg` and `song-multiplicative.svg` if there is a folder to write to. */
export async function runSong({ seed, runs, quick, out }: Options): Promise<Report> {
  const durationMs = quick ? QUICK_MS : FULL_MS;
  const rows: string[][] = [];
  const counts = { additive: 0, multiplicative: 0 };
  for (const bounds of ['additive', 'multiplicative'] as const) {
    for (let run = 0; run < runs; run++) {
      const result = await runTrial(seed + run, durationMs, bounds);
      if (run === 0 && out !== undefined) await draw(result, bounds, out);
      if (result.bimodal) counts[bounds]++;
      rows.push([bounds, ...rowOf(result)]);
    }
  }
  return {
    title: `song_2000: ${runs} runs of ${durationMs / 1000} s for each kind of bounds`,
    columns: [
      ['bounds', 'l'],
      ['seed', 'r'],
      ['lowest tenth', 'r'],
      ['fullest between', 'r'],
      ['highest tenth', 'r'],
      ['dip', 'r'],
      ['p', 'r'],
      ['weights have', 'l'],
      ['output', 'r'],
    ],
    rows,
    conclusion: `Two modes in ${counts.additive} of ${runs} runs with additive bounds, in ${counts.multiplicative} of ${runs} with multiplicative ones.`,
  };
}

function rowOf({ seed, tenths, dip, probability, bimodal, rateHz }: Result): string[] {
  return [
    String(seed),
    percent(tenths[0]!, 1),
    percent(Math.max(...tenths.slice(1, 9)), 1),
    percent(tenths[9]!, 1),
    dip.toFixed(4),
    probability.toFixed(3),
    bimodal ? 'two modes' : 'one mode',
    `${rateHz.toFixed(1)} Hz`,
  ];
}

async function draw({ weights }: Result, bounds: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const title = `Weights after STDP with ${bounds} bounds`;
  const svg = await weightHistogram(weights, { title, bins: 40, range: [0, 1], unit: 'of the greatest' });
  await writeFile(join(folder, `song-${bounds}.svg`), svg);
}
