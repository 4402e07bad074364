// What tests of every kind share: waiting, the account of a bus, the code of an error. Not a test itself.
import { type BusStats, NeuronBusError } from 'neuronbus';

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds`; only a hang guard limits it. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(2)) {
    if (Date.now() > end) throw new Error(`${what} never happened`);
  }
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
