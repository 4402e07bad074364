// SPDX-License-Identifier: MIT
//
// All parts of a generator as one answer, for who wants one. Any thread.

import { setImmediate as turn } from 'node:timers/promises';
import { NeuronBusError } from '../../memory/errors.js';
import { JsonText, jsonOf } from './value.js';

/** So often the event loop has its turn, and what there is becomes one text. */
const PARTS_PER_TURN = 256;

/**
 * A list of all `parts`, as JSON. undefined: it is not `wanted` any more, and the generator was ended.
 *
 * @throws What the generator throws, ERR_NB_INVALID_ARGUMENT for a part that JSON cannot say, and ERR_NB_TOO_LARGE as soon as the
 * text has more than `maxBytes`; then the generator was ended, too.
 */
export async function collect(
  parts: AsyncIterable<unknown>,
  wanted: () => boolean,
  maxBytes: number,
): Promise<JsonText | undefined> {
  const chunks: string[] = [];
  let chunk: string[] = [];
  let length = 0;
  for await (const part of parts) {
    if (!wanted()) return undefined;
    const text = part === undefined ? 'null' : jsonOf(part);
    length += text.length + 1;
    if (length > maxBytes)
      throw new NeuronBusError('TOO_LARGE', `The parts have more than ${maxBytes} bytes`);
    if (chunk.push(text) < PARTS_PER_TURN) continue;
    chunks.push(chunk.join());
    chunk = [];
    await turn();
    if (!wanted()) return undefined;
  }
  if (chunk.length > 0) chunks.push(chunk.join());
  return new JsonText(`[${chunks.join()}]`);
}
