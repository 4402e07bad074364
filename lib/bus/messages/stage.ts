// SPDX-License-Identifier: MIT
//
// One stage of a network: agent after agent, as many as there are backups, or one beside another. Called on the thread of the
// bus.

import { type ErrorCode, NeuronBusError } from '../../memory/errors.js';
import type { Alarms } from './alarms.js';
import type { To } from './options.js';
import type { Reply } from './reply.js';
import type { Destination } from './router.js';

export interface StageHost {
  /** One that `to` means, without those whose ids are in `tried`. ERR_NB_CLOSED when the network left. */
  pick(to: To, tried: readonly number[]): Destination | undefined;
  ask(to: Destination, value: unknown, correlationId: number, signal: AbortSignal): Promise<Reply>;
  /** What the roster says of an agent now. */
  entryOf(agent: number): number;
  readonly alarms: Alarms;
}

export interface StageOptions {
  /** Agents that may be asked beyond the first. */
  readonly redundancy: number;
  readonly hedgeMs: number | undefined;
}

/** What became of one input so far. */
export interface Trail {
  readonly correlationId: number;
  /** Ids of the agents that answered, in order. */
  readonly path: number[];
  /** Ids of those that did not though they were asked, in order. */
  readonly failed: number[];
  /** Of each of them, what the roster said. */
  readonly entries: number[];
}

/** A value that cannot be sent: nobody else would get it either. */
export class Unsendable extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

interface Answer {
  readonly from: number;
  readonly value: unknown;
}

/** Whose fault it is that there is no answer: 'room' is that of nobody, and another agent may be asked. */
type Blame = 'agent' | 'room' | 'value' | 'network';

const BLAME: Partial<Record<ErrorCode, Blame>> = {
  ERR_NB_REMOTE: 'agent',
  ERR_NB_TIMEOUT: 'agent',
  ERR_NB_DEAD_TARGET: 'agent',
  ERR_NB_BAD_PAYLOAD: 'agent',
  ERR_NB_STALE_REFERENCE: 'agent',
  ERR_NB_FULL: 'room',
  ERR_NB_ARENA_FULL: 'room',
  ERR_NB_INVALID_ARGUMENT: 'value',
  ERR_NB_TOO_LARGE: 'value',
};

function whoseFault(error: Error): Blame {
  if (!(error instanceof NeuronBusError)) return 'value'; // thrown by its toJSON(), for example
  return BLAME[error.code] ?? 'network';
}

/** The answer of one of those whom `to` means. @throws Unsendable, or what the last agent's error was. */
export async function through(
  host: StageHost,
  { redundancy, hedgeMs }: StageOptions,
  to: To,
  value: unknown,
  trail: Trail,
): Promise<unknown> {
  const tried = [...trail.failed];
  const done = new AbortController();
  const attempts = new Set<Promise<Answer | undefined>>();
  let last: Error | undefined;
  let over = false;

  const lost = (id: number, entry: number, error: Error, blame: Blame): undefined => {
    if (done.signal.aborted) return;
    last = blame === 'value' ? new Unsendable(error) : error;
    over = blame === 'value' || blame === 'network';
    if (blame !== 'agent') return;
    trail.failed.push(id);
    trail.entries.push(entry);
  };

  const begin = (): boolean => {
    let picked: Destination | undefined;
    try {
      picked = host.pick(to, tried);
    } catch (error) {
      last ??= error as Error;
      return false;
    }
    if (picked === undefined) return false;
    const { id } = picked;
    const entry = host.entryOf(id);
    tried.push(id);
    const attempt = host
      .ask(picked, value, trail.correlationId, done.signal)
      .then(read, (error: Error) => lost(id, entry, error, whoseFault(error)))
      .catch((error: Error) => lost(id, entry, error, 'agent'))
      .finally(() => attempts.delete(attempt));
    attempts.add(attempt);
    return true;
  };

  try {
    for (let left = 1 + redundancy; !over; ) {
      if (attempts.size === 0) {
        if (left === 0 || !begin()) break;
        left--;
      }
      const first = await firstOf(attempts, host.alarms, left > 0 ? hedgeMs : undefined);
      if (first === 'late') {
        if (!begin()) left = 0;
        else left--;
      } else if (first !== undefined) {
        trail.path.push(first.from);
        return first.value;
      }
    }
  } finally {
    done.abort();
  }
  throw last ?? new NeuronBusError('NO_ROUTE', describe(to));
}

// Throws when the answer is nothing that can be read, or that its channel allows.
function read({ from, value }: Reply): Answer {
  return { from, value };
}

// The first answer, undefined after the first failure, or 'late' when it is time to ask a backup beside.
function firstOf(
  attempts: Set<Promise<Answer | undefined>>,
  alarms: Alarms,
  hedgeMs: number | undefined,
): Promise<Answer | undefined | 'late'> {
  const first = Promise.race(attempts);
  if (hedgeMs === undefined) return first;
  return new Promise((resolve) => {
    const alarm = alarms.set(hedgeMs, () => resolve('late'));
    void first.then((answer) => {
      alarms.lift(alarm);
      resolve(answer);
    });
  });
}

function describe(to: To): string {
  return typeof to === 'function' ? 'nobody of these kinds' : JSON.stringify(to);
}
