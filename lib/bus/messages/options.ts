// SPDX-License-Identifier: MIT
//
// To whom messages go, and how: the options of send(), request() and stream(), checked. Any thread.

import { checkKeys, invalidArgument } from '../../memory/errors.js';
import type { SpikeType } from '../../memory/spike.js';
import { checkPriority, checkType } from '../../memory/spike_writer.js';
import type { RegisteredCard } from '../agent_card.js';
import type { ChannelValue } from './channel.js';
import { isTraceparent } from './traceparent.js';

/**
 * A neuron id, the name on a card, a capability, a region (and what lies below it), or a predicate over cards. Where several
 * neurons fit, one is chosen.
 */
export type To =
  | number
  | string
  | { readonly capability: string }
  | { readonly region: string }
  | ((card: RegisteredCard) => boolean);

/**
 * A value, or one over a typed channel: text, bytes, undefined, or whatever JSON expresses. `R`: what is answered. A text goes as
 * UTF-8, which has no half of a surrogate pair: that arrives as U+FFFD. Within JSON it arrives as it was.
 */
export type Outgoing<T = unknown, R = unknown> = ChannelValue<T, R> | T;

export interface MessageOptions {
  /** Told to the receiver; default `SpikeType.Excitatory`. */
  type?: SpikeType;
  /** 0..255, default 0: order among what waits at the receiver. From 224 on it never waits for the end of a burst. */
  priority?: number;
  /** The conversation that it belongs to; default: a new one for a request, none for a message. */
  correlationId?: number | undefined;
  /** W3C trace context to pass on. */
  traceparent?: string | undefined;
}

export interface BroadcastOptions extends MessageOptions {
  /** Ids that it does not go to. */
  exclude?: readonly number[];
}

export interface RequestOptions extends MessageOptions {
  /** How long to wait, ms; Infinity = for ever. Of a stream: from part to part. Default: `requestTimeoutMs` of the bus. */
  timeoutMs?: number;
  /** Gives up. */
  signal?: AbortSignal;
  /** It may be asked more than once: on timeout, death or a full ring it is, of whoever fits. Default false. */
  idempotent?: boolean;
  /** Further attempts of an idempotent request. Default 3. `timeoutMs` is for each. */
  retries?: number;
  /** Pause before the first further attempt, ms; it doubles each time up to a minute, and half of it is random. Default 10. */
  backoffMs?: number;
}

const MESSAGE_KEYS: ReadonlySet<string> = new Set(['type', 'priority', 'correlationId', 'traceparent']);
const REQUEST_KEYS: ReadonlySet<string> = new Set([
  ...MESSAGE_KEYS,
  'timeoutMs',
  'signal',
  'idempotent',
  'retries',
  'backoffMs',
]);
/** What the deadline of a message can say: half of 2^32 units of 2^16 ns. */
export const MAX_TIMEOUT_MS = 2 ** 47 / 1e6;

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkMessageOptions(options: MessageOptions): void {
  checkKeys('options', options, MESSAGE_KEYS);
  checkCommon(options);
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkBroadcastOptions({ exclude, ...options }: BroadcastOptions): void {
  checkMessageOptions(options);
  if (exclude !== undefined && !(Array.isArray(exclude) && exclude.every(Number.isInteger))) {
    throw invalidArgument('exclude', exclude, 'an array of neuron ids');
  }
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkRequestOptions(options: RequestOptions): void {
  checkKeys('options', options, REQUEST_KEYS);
  checkCommon(options);
  const { timeoutMs, signal, idempotent, retries, backoffMs } = options;
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs);
  if (signal !== undefined) checkSignal(signal);
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    throw invalidArgument('idempotent', idempotent, 'true or false');
  }
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    throw invalidArgument('retries', retries, 'an integer, 0 or more');
  }
  if (backoffMs !== undefined && !(Number.isFinite(backoffMs) && backoffMs >= 0)) {
    throw invalidArgument('backoffMs', backoffMs, 'a number of milliseconds, 0 or more');
  }
}

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function checkSignal(signal: AbortSignal): void {
  if (typeof signal?.addEventListener !== 'function')
    throw invalidArgument('signal', signal, 'an AbortSignal');
}

export function checkTimeout(name: string, value: number): number {
  const good =
    typeof value === 'number' && value > 0 && (value <= MAX_TIMEOUT_MS || value === Number.POSITIVE_INFINITY);
  if (!good)
    throw invalidArgument(
      name,
      value,
      `a number of milliseconds above 0, at most ${Math.floor(MAX_TIMEOUT_MS)}, or Infinity`,
    );
  return value;
}

function checkCommon({ type, priority, correlationId, traceparent }: MessageOptions): void {
  if (type !== undefined) checkType(type);
  if (priority !== undefined) checkPriority(priority);
  if (correlationId !== undefined && correlationId >>> 0 !== correlationId) {
    throw invalidArgument('correlationId', correlationId, 'the correlationId of a message');
  }
  if (traceparent !== undefined && !isTraceparent(traceparent)) {
    throw invalidArgument('traceparent', traceparent, 'a W3C traceparent (00-<trace id>-<span id>-<flags>)');
  }
}
