// All sessions of the two-choice task, and what they come to.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accuracyCurve } from 'neuronbus/plots';
import type { Options } from '../options.js';
import { percent, type Report } from '../report.js';
import { mean } from '../statistics.js';
import { FULL, LAST, learningCurve, QUICK, type Result, runSession, WINDOW } from './session.js';

export const DEFAULTS = { runs: 10, quickRuns: 2 };

/** Writes `two-choice.svg` if there is a folder to write to. */
export async function runTwoChoice({ seed, runs, quick, out }: Options): Promise<Report> {
  const length = quick ? QUICK : FULL;
  const results: Result[] = [];
  for (let run = 0; run < runs; run++) results.push(await runSession(seed + run, length));
  if (out !== undefined) await draw(results, out);
  const average = (of: 'learned' | 'relearned') => percent(mean(results.map((result) => result[of])), 1);
  const reversed =
    length.reversed > 0 ? `, ${average('relearned')} of the last ${LAST} after the reversal` : '';
  return {
    title: `two_choice: ${runs} runs of ${length.trials} trials${length.reversed > 0 ? `, and ${length.reversed} with the rule reversed` : ''}`,
    columns: [
      ['seed', 'r'],
      ['learned', 'r'],
      ['relearned', 'r'],
      ['weights A → left, right; B → left, right', 'l'],
    ],
    rows: results.map((result) => [
      ...[String(result.seed), percent(result.learned), percent(result.relearned)],
      `${result.after.map((row) => row.map((weight) => weight.toFixed(2)).join(', ')).join('; ')} mV`,
    ]),
    lines: bars(results, length.trials),
    conclusion: `Right in ${average('learned')} of the last ${LAST} trials${reversed} (chance: 50 %).`,
  };
}

function averageCurve(results: readonly Result[]) {
  const curves = results.map(({ correct }) => learningCurve(correct));
  const { examples } = curves[0]!;
  return { examples, accuracy: examples.map((_, i) => mean(curves.map(({ accuracy }) => accuracy[i]!))) };
}

function bars(results: readonly Result[], trials: number): string[] {
  const { examples, accuracy } = averageCurve(results);
  return examples.map((trial, i) => {
    const bar = '█'.repeat(Math.round(20 * accuracy[i]!)).padEnd(20, '░');
    const note = trial === trials + WINDOW ? '  rule reversed' : '';
    return `${String(trial).padStart(5)}  ${bar}  ${percent(accuracy[i]!).padStart(5)}${note}`;
  });
}

async function draw(results: readonly Result[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const first = results[0]!;
  const svg = await accuracyCurve(
    [
      { name: `mean of ${results.length}`, ...averageCurve(results) },
      { name: `seed ${first.seed}`, ...learningCurve(first.correct) },
    ],
    { title: 'Two choices learned by reward', chance: 0.5, xLabel: 'trials' },
  );
  await writeFile(join(folder, 'two-choice.svg'), svg);
}
