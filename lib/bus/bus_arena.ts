// SPDX-License-Identifier: MIT
//
// `bus.arena`: blocks for payloads of any size, by hand. Called on the thread of the bus.

import { type ArenaRef, arenaBytes, arenaTarget } from '../memory/arena.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Workspace } from './workspace.js';

/**
 * Payloads over 46 bytes travel through the arena by themselves; this is for data that several spikes refer to. A block
 * lives as long as somebody holds a reference: write() gives one, retain() adds one, release() takes one away.
 */
export class BusArena {
  readonly #workspace: () => Workspace;

  /** @internal `workspace` throws ERR_NB_CLOSED once the bus is closed. */
  constructor(workspace: () => Workspace) {
    this.#workspace = workspace;
  }

  /** Copies `bytes` (or the UTF-8 of a string) into a new block. @throws NeuronBusError ERR_NB_ARENA_FULL, ERR_NB_TOO_LARGE. */
  write(bytes: Uint8Array | string): ArenaRef {
    const workspace = this.#workspace();
    const source = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    if (!(source instanceof Uint8Array)) throw invalidArgument('bytes', bytes, 'a Uint8Array or a string');
    const ref = workspace.allocate(source.length);
    arenaTarget(workspace.memory, ref).set(source);
    return ref;
  }

  /** The block in place, valid until it is released or the bus closes: slice() it for an asynchronous API. @throws NeuronBusError ERR_NB_STALE_REFERENCE. */
  read(ref: ArenaRef): Uint8Array {
    return arenaBytes(this.#workspace().memory, checked(ref));
  }

  /** @throws NeuronBusError ERR_NB_STALE_REFERENCE. */
  retain(ref: ArenaRef): void {
    this.#workspace().retain(checked(ref));
  }

  /** @throws NeuronBusError ERR_NB_STALE_REFERENCE, also when it was released before. */
  release(ref: ArenaRef): void {
    this.#workspace().release(checked(ref));
  }
}

function checked(ref: ArenaRef): ArenaRef {
  const fields =
    ref === null || typeof ref !== 'object' ? [] : [ref.grain, ref.generation, ref.length, ref.owner];
  if (fields.length !== 4 || fields.some((field) => field >>> 0 !== field)) {
    throw new NeuronBusError('INVALID_ARGUMENT', 'ref must be what bus.arena.write() returned');
  }
  return ref;
}
