// SPDX-License-Identifier: MIT
//
// What bus.spawn() is told (the module, how many threads, how often to try again), and what it tells its workers. Pure
// functions, any thread.

import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { WorkerOptions } from 'node:worker_threads';
import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { BusHandle } from './membership.js';
import type { AttachOptions } from './options.js';

export interface SpawnOptions {
  /** Worker threads, from 1 to one less than `maxGanglia`. Default 1. */
  threads?: number;
  /** Given to each worker: anything that can be cloned (as by `structuredClone`). */
  data?: unknown;
  /** Options of the bus in each worker, as for `NeuronBus.attach`. */
  attach?: AttachOptions;
  /** Of `worker_threads.Worker`; a loader of TypeScript goes into `execArgv`. Default: as this thread. */
  worker?: Pick<WorkerOptions, 'argv' | 'env' | 'execArgv' | 'name' | 'resourceLimits'>;
  /** A worker that failed so many times within `restartWindowMs` is given up at the next failure. Default 5; 0 = never again. */
  maxRestarts?: number;
  /** Default 60,000. */
  restartWindowMs?: number;
  /** Pause before the first restart; each further one within the window doubles it. Default 100. */
  backoffMs?: number;
  /** No pause is longer. Default 5,000. */
  maxBackoffMs?: number;
}

/** What the default export of a spawned module gets besides the bus. */
export interface SpawnContext {
  /** Which of the workers this is, from 0. A worker that takes the place of a failed one has its number. */
  readonly index: number;
  readonly threads: number;
  /** `data` of spawn(), cloned. */
  // biome-ignore lint/suspicious/noExplicitAny: the author of both ends knows what it is
  readonly data: any;
}

/** What the pool gives the thread of a worker. */
export interface SpawnData {
  handle: BusHandle;
  url: string;
  attach: AttachOptions;
  context: SpawnContext;
}

/** What a worker tells the pool once it runs. */
export const READY = 'neuronbus: ready';

export type ResolvedSpawn = Required<Omit<SpawnOptions, 'data'>> & Pick<SpawnOptions, 'data'>;

const DEFAULTS = { maxRestarts: 5, restartWindowMs: 60_000, backoffMs: 100, maxBackoffMs: 5000 };
const KNOWN = new Set(['threads', 'data', 'attach', 'worker', ...Object.keys(DEFAULTS)]);
const WORKER = new Set(['argv', 'env', 'execArgv', 'name', 'resourceLimits']);
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Options with all defaults filled in. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function resolveSpawn(options: SpawnOptions, maxThreads: number): ResolvedSpawn {
  checkKeys('options', options, KNOWN);
  const { threads = 1, data, attach = {}, worker = {} } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
    const range = maxThreads < 1 ? '' : ` from 1 to ${maxThreads}`;
    throw invalidArgument('threads', threads, `an integer${range}: maxGanglia counts this thread, too`);
  }
  if (typeof attach !== 'object' || attach === null) throw invalidArgument('attach', attach, 'an object');
  checkKeys('worker', worker, WORKER);
  const limits = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = options[name];
    if (value === undefined) continue;
    const whole = name === 'maxRestarts';
    if (
      typeof value !== 'number' ||
      !(value >= 0) ||
      value > MAX_TIMER_MS ||
      (whole && !Number.isInteger(value))
    ) {
      throw invalidArgument(name, value, whole ? 'an integer, 0 or more' : `from 0 to ${MAX_TIMER_MS} ms`);
    }
    limits[name] = value;
  }
  for (const [name, value] of Object.entries({ data, attach })) checkCloneable(name, value);
  return { threads, data, attach, worker, ...limits };
}

function checkCloneable(name: string, value: unknown): void {
  try {
    structuredClone(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NeuronBusError('INVALID_ARGUMENT', `${name} cannot be cloned (${reason})`, { cause });
  }
}

/** Where the module is. A relative path would be relative to what? @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function moduleUrl(url: URL | string): string {
  const wanted = "a URL, as new URL('./agents.js', import.meta.url), or an absolute path";
  if (typeof url !== 'string' && !(url instanceof URL)) throw invalidArgument('url', url, wanted);
  const href = typeof url === 'string' && isAbsolute(url) ? pathToFileURL(url).href : String(url);
  if (!URL.canParse(href)) throw invalidArgument('url', url, wanted);
  if (href.startsWith('file:') && !isThere(href)) {
    throw new NeuronBusError('INVALID_ARGUMENT', `url is ${href}, but there is no such file`);
  }
  return href;
}

/** A loader of TypeScript finds agents.ts under the name agents.js. */
function isThere(href: string): boolean {
  const path = fileURLToPath(href);
  return existsSync(path) || existsSync(path.replace(/js$/, 'ts'));
}
