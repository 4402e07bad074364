// SPDX-License-Identifier: MIT
//
// What may be sent, and what it means when it may not. Pure functions, any thread.

import { describe, invalidArgument, NeuronBusError } from '../memory/errors.js';
import { Frame } from '../memory/message_frame.js';
import { jsonText, type Payload } from '../memory/spike_writer.js';

/** The text of `json`, which excludes a payload. ERR_NB_INVALID_ARGUMENT. */
export function jsonInstead(json: unknown, payload: string | Uint8Array | undefined): string {
  if (payload !== undefined) throw invalidArgument('json', json, 'left out when payload is given');
  return jsonText(json);
}

/** No neuron has this id, if it is one. */
export function unknown(argument: string, id: number): NeuronBusError {
  const what =
    typeof id === 'number' ? `${argument} ${id}` : `${argument} is ${describe(id)}, but ids are numbers`;
  return new NeuronBusError('UNKNOWN_NEURON', what);
}

/** ERR_NB_INVALID_ARGUMENT. */
export function checkPayload(payload: Payload): void {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array) && !(payload instanceof Frame)) {
    throw invalidArgument('payload', payload, 'a string or a Uint8Array');
  }
}

/** The ganglion of the receiver went away under our eyes. */
export function isGone(error: unknown): boolean {
  return error instanceof NeuronBusError && error.code === 'ERR_NB_DEAD_TARGET';
}
