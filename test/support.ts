// What tests of every kind share: waiting, collecting garbage, the account of a bus, the code of an error. Not a test itself.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type BusStats, NeuronBusError } from 'neuronbus';
import { seen } from './hang.js';

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds`; only a hang guard limits it. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  await seen(
    async () => (await holds()) || undefined,
    () => what,
  );
}

let collect: (() => void) | undefined;

/** A full collection, also where nobody gave --expose-gc. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

export function dropped(stats: BusStats): number {
  return Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
}

/** What is missing in the account: 0. */
export function missing(stats: BusStats): number {
  return stats.published - stats.delivered - dropped(stats) - stats.queued;
}

/** The code of a NeuronBusError; any other error is thrown on. */
export function codeIn(error: unknown): string {
  if (!(error instanceof NeuronBusError)) throw error;
  return error.code;
}

/** The code of the NeuronBusError that the promise rejects with. */
export async function codeOfPromise(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return codeIn(error);
  }
  return 'no error';
}
