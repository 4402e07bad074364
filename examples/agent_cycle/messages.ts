// What the nine agents hand on to each other, and where they are found. Plain data, any thread.

/** In the order of the cycle. */
export const ROLES = [
  'observer',
  'reasoner',
  'actor',
  'validator',
  'executor',
  'memory',
  'analyzer',
  'learner',
  'improver',
] as const;
export type Role = (typeof ROLES)[number];

/** What an agent of this role is discovered by. */
export function capabilityOf(role: Role): string {
  return `cycle/${role}`;
}

/** How a message came to an agent. */
export interface Hop {
  readonly role: Role;
  /** From sending to handling, ns. */
  readonly latencyNs: number;
  readonly correlationId: number;
}

/** Grows from agent to agent. Temperatures are in °C, powers in percent. */
export interface Job {
  readonly cycle: number;
  readonly seed: number;
  readonly hops: readonly Hop[];
  /** Why it went no further. */
  readonly rejected?: string;
  readonly observation?: { readonly mean: number; readonly spread: number; readonly power: number };
  readonly finding?: { readonly error: number; readonly anomaly: boolean };
  readonly action?: { readonly change: number; readonly predicted: number };
  readonly verdict?: { readonly approved: boolean };
  readonly outcome?: { readonly temperature: number; readonly power: number };
  readonly records?: number;
  readonly analysis?: { readonly surprise: number; readonly effect: number | null };
  readonly gain?: number;
  readonly threshold?: number;
}

/** What is kept on the blackboard. */
export const PLANT = 'plant';
export const GAIN = 'model/gain';
export const THRESHOLD = 'model/threshold';
export const MEMORY = 'memory/';
