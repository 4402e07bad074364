// What the person typed. Pure, but for the defaults.
import { parseArgs } from 'node:util';

export interface Options {
  seed: number;
  /** Images to learn from. */
  train: number;
  /** Images to be examined with. */
  test: number;
  neurons: number;
  threads: number;
  /** Folder for the pictures; undefined: none are made. */
  out: string | undefined;
  help: boolean;
}

export const HELP = `Usage: node .build/examples/digits.js [options]

  --quick       a small network and few images: some seconds
  --seed N      of images and network (default 1)
  --train N     images to learn from (20,000; quick: 2,000), a multiple of ten
  --test N      images to be examined with (1,000; quick: 300), a multiple of ten
  --neurons N   of the learning layer (400; quick: 100)
  --threads N   the results do not depend on it (default 1)
  --out DIR     writes pictures there, needs the package vega (default: digits-pictures; quick: none)
  --help
`;

/** @throws TypeError that says what is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ quick: flag, help: flag, out: string },
      ...{ seed: string, train: string, test: string, neurons: string, threads: string },
    },
  });
  const quick = values.quick ?? false;
  const integer = (
    name: 'seed' | 'train' | 'test' | 'neurons' | 'threads',
    fallback: number,
    least: number,
  ) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isSafeInteger(value) || value < least || values[name] === '')
      throw new TypeError(`--${name} must be an integer, ${least} or more, not '${values[name]}'`);
    return value;
  };
  const tens = (name: 'train' | 'test', fallback: number) => {
    const value = integer(name, fallback, 10);
    if (value % 10 !== 0) throw new TypeError(`--${name} must be a multiple of ten, not '${values[name]}'`);
    return value;
  };
  return {
    seed: integer('seed', 1, 0),
    train: tens('train', quick ? 2000 : 20_000),
    test: tens('test', quick ? 300 : 1000),
    neurons: integer('neurons', quick ? 100 : 400, 2),
    threads: integer('threads', 1, 1),
    out: values.out ?? (quick ? undefined : 'digits-pictures'),
    help: values.help ?? false,
  };
}
