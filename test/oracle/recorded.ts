// What Brian2 recorded, and from which parameters. Not a test itself.
import { readFileSync } from 'node:fs';

/** A file of this folder. */
export const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const parameters = read('./parameters.json');

/** Synapses, with delays in steps. */
export interface Pairs {
  readonly pre: number[];
  readonly post: number[];
  readonly delay: number[];
}
