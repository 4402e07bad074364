// SPDX-License-Identifier: MIT
//
// Payloads of more than 46 bytes: references to blocks of the segment's arena, and reading them in place.
//
// Any thread may read a block while somebody holds a reference on it. Allocation, retain and release are native and come in
// through ArenaPort; only the owner of a ganglion may call its port.

import { fence } from './cursor.js';
import { NeuronBusError } from './errors.js';
import * as L from './layout.js';
import type { Memory } from './memory.js';

/** Where a block lies. A reference whose generation is not the block's is stale: ERR_NB_STALE_REFERENCE. */
export interface ArenaRef {
  /** First byte of the block in units of 64 bytes from the start of the arena. */
  readonly grain: number;
  readonly generation: number;
  /** Bytes used. */
  readonly length: number;
  /** Ganglion that allocated the block. */
  readonly owner: number;
}

/** What native code does for the arena on behalf of one ganglion. */
export interface ArenaPort {
  readonly memory: Memory;
  /** A block with one reference. ERR_NB_ARENA_FULL, ERR_NB_TOO_LARGE. */
  allocate(length: number): ArenaRef;
  /** ERR_NB_STALE_REFERENCE. */
  retain(ref: ArenaRef): void;
  /** ERR_NB_STALE_REFERENCE. */
  release(ref: ArenaRef): void;
}

export function arenaRef(grain: number, generation: number, length: number, owner: number): ArenaRef {
  return Object.freeze({ grain, generation, length, owner });
}

/** The bytes of a block that was just allocated, for its writer; not checked. */
export function arenaTarget(memory: Memory, ref: ArenaRef): Uint8Array {
  return new Uint8Array(memory.buffer, memory.arenaOffset + ref.grain * L.ARENA_GRAIN_BYTES, ref.length);
}

/** The bytes of a block, in place. ERR_NB_STALE_REFERENCE when the block was released or never was. */
export function arenaBytes(memory: Memory, ref: ArenaRef): Uint8Array {
  const record = findRecord(memory, ref);
  // References and generation share one 64-bit word, here read in halves. The generation comes second and only grows: if it
  // is the wanted one, the references seen were this block's, or it was allocated between the two looks.
  // SYNC arena-allocate
  if (record < 0 || Atomics.load(memory.u32, record) === 0 || memory.u32[record + 1] !== ref.generation) {
    throw new NeuronBusError('STALE_REFERENCE');
  }
  if (memory.u32[record + (L.BLOCK_LENGTH >> 2)] !== ref.length) throw new NeuronBusError('STALE_REFERENCE');
  return arenaTarget(memory, ref);
}

/**
 * A copy of the bytes of a block, for who holds no reference; null when they are gone. A block that was given back keeps its
 * bytes until it is handed out again, and then it has another generation before the first new byte. SYNC arena-allocate
 */
export function arenaCopy(memory: Memory, ref: ArenaRef): Uint8Array | null {
  const record = findRecord(memory, ref);
  if (!isOf(memory, record, ref)) return null;
  const copy = arenaTarget(memory, ref).slice();
  fence();
  return findRecord(memory, ref) === record && isOf(memory, record, ref) ? copy : null;
}

function isOf({ u32 }: Memory, record: number, ref: ArenaRef): boolean {
  return (
    record >= 0 && u32[record + 1] === ref.generation && u32[record + (L.BLOCK_LENGTH >> 2)] === ref.length
  );
}

// Index of the block's record in memory.u32, or -1. References come from shared memory or from users, and the chunk's header
// is shared too: nothing of it is believed unchecked, and typed arrays end where the mapping does.
function findRecord(memory: Memory, ref: ArenaRef): number {
  const chunk = Math.floor(ref.grain / L.CHUNK_GRAINS);
  if (!(chunk >= 0 && chunk < memory.arenaChunkCount)) return -1;
  const { u32, arenaOffset } = memory;
  const header = (arenaOffset + chunk * L.CHUNK_BYTES) / 4;
  const state = Atomics.load(u32, header); // SYNC chunk-claim
  if (u32[header + (L.CHUNK_OWNER >> 2)] !== ref.owner) return -1;
  const dataGrain = u32[header + (L.CHUNK_DATA_GRAIN >> 2)];
  if (state === L.CHUNK_RUN) {
    const end = (chunk + u32[header + (L.CHUNK_RUN_CHUNKS >> 2)]) * L.CHUNK_GRAINS;
    const fits =
      end <= memory.arenaChunkCount * L.CHUNK_GRAINS && ref.length <= (end - dataGrain) * L.ARENA_GRAIN_BYTES;
    return ref.grain === dataGrain && fits ? header + (L.CHUNK_RUN_BLOCK >> 2) : -1;
  }
  const blockBytes = u32[header + (L.CHUNK_BLOCK_BYTES >> 2)];
  const count = u32[header + (L.CHUNK_BLOCK_COUNT >> 2)];
  const block = ((ref.grain - dataGrain) * L.ARENA_GRAIN_BYTES) / blockBytes;
  if ((state & L.CHUNK_STATE_MASK) !== L.CHUNK_BLOCKS || ref.length > blockBytes) return -1;
  if (!Number.isInteger(block) || block < 0 || block >= count) return -1;
  if (ref.grain * L.ARENA_GRAIN_BYTES + ref.length > (chunk + 1) * L.ARENA_CHUNK_BYTES) return -1;
  // The records lie before the blocks, padded to whole grains.
  const recordGrain = dataGrain - Math.ceil((count * L.BLOCK_BYTES) / L.ARENA_GRAIN_BYTES);
  if (recordGrain < chunk * L.CHUNK_GRAINS) return -1;
  return (arenaOffset + recordGrain * L.ARENA_GRAIN_BYTES + block * L.BLOCK_BYTES) / 4;
}
