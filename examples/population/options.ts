// What the experiments read from the command line. Ends the process on a mistake: main thread only.
import { parseArgs } from 'node:util';

export interface Options {
  /** The first seed; run i of several has this plus i. */
  readonly seed: number;
  /** How many runs. */
  readonly runs: number;
  /** A short form of the experiment, for a look and for tests. */
  readonly quick: boolean;
  /** Folder for the pictures; undefined: none are drawn. */
  readonly out: string | undefined;
}

/** Reads `--seed N`, `--runs N`, `--quick` and `--out DIR`. */
export function optionsFrom(defaults: { readonly runs: number; readonly quickRuns: number }): Options {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        runs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        out: { type: 'string' },
      },
    });
    const { quick, out } = values;
    const fallback = quick ? defaults.quickRuns : defaults.runs;
    return {
      seed: integer('seed', values.seed, 0),
      runs: integer('runs', values.runs ?? String(fallback), 1),
      quick,
      out,
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < least || value > 0x7fffffff)
    throw new TypeError(`--${name} must be an integer from ${least} to ${0x7fffffff}, not '${text}'`);
  return value;
}
