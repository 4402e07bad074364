// The command line of the text pipeline. Any thread.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileSource, hasStandardInput, type Source, shippedSources, standardInput } from './input.js';
import { MAX_WORKERS } from './stages.js';

export const HELP = `Reads texts with a pipeline of agents that talk over NeuronBus.

  npm start                    the texts in examples/data, or standard input if something is piped in
  npm start -- FILE...         these files; - is standard input
  npm start -- --json FILE...  one line of JSON for each document, one for the bus
  npm start -- --threads N     the agents on N threads, the one that reads included; default: as many as there are
                               processors, at most 6

A pipe or a file given as standard input must hold text: empty is an error. A terminal or /dev/null counts as
none. Texts are UTF-8 (or UTF-16 with a byte order mark). The exit code is 0 when every input was read, 1 when
one was not, 2 for a mistake on the command line.
`;

export interface Options {
  sources: Source[];
  json: boolean;
  help: boolean;
  threads: number;
}

/** @throws TypeError with a message for the person who typed it. */
export async function parseOptions(args: string[]): Promise<Options> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      threads: { type: 'string' },
    },
  });
  const { json = false, help = false } = values;
  const threads = threadsFrom(values.threads);
  return { sources: help ? [] : await sourcesFor(positionals), json, help, threads };
}

function threadsFrom(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), MAX_WORKERS + 1);
  const threads = Number(text);
  if (text.trim() !== '' && Number.isInteger(threads) && threads >= 1) return threads;
  throw new TypeError(`--threads must be an integer, 1 or more, not '${text}'`);
}

async function sourcesFor(names: readonly string[]): Promise<Source[]> {
  if (names.length === 0) return hasStandardInput() ? [standardInput] : shippedSources();
  if (names.filter((name) => name === '-').length > 1)
    throw new TypeError('Standard input (-) can be read only once');
  // npm runs scripts in the folder of the package; the person may stand elsewhere.
  const folder = process.env.npm_lifecycle_event === 'start' ? process.env.INIT_CWD : undefined;
  return names.map((name) => (name === '-' ? standardInput : fileSource(resolve(folder ?? '.', name), name)));
}
