// SPDX-License-Identifier: MIT
//
// Inputs and outputs of a population as spikes and messages of the bus carry them. Pure, any thread.

import { Message } from '../bus/messages/incoming.js';
import type { SendOptions } from '../bus/neuron.js';
import type { Spike } from '../memory/spike.js';

/** @internal The value of a message; the payload of a spike as JSON, undefined without one. ERR_NB_BAD_PAYLOAD. */
export function readValue(incoming: Spike | Message): unknown {
  if (incoming instanceof Message) return incoming.value;
  return incoming.length === 0 ? undefined : incoming.json();
}

/** @internal An output as an answer: numbers in a plain array, also one level down, since JSON knows no typed ones. */
export function plain(output: unknown): unknown {
  if (output instanceof Uint8Array || typeof output !== 'object' || output === null) return output;
  if (Array.isArray(output) || isNumbers(output)) return listed(output);
  return Object.fromEntries(Object.entries(output).map(([key, value]) => [key, listed(value)]));
}

/** @internal An output as payload and options of a spike: text and bytes as they are, all else as JSON. */
export function carried(output: unknown): [payload?: string | Uint8Array, options?: SendOptions] {
  if (typeof output === 'string' || output instanceof Uint8Array) return [output];
  return [undefined, { json: plain(output) }];
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function listed(value: unknown): unknown {
  return isNumbers(value) ? Array.from(value) : value;
}
