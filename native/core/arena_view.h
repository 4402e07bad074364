// SPDX-License-Identifier: MIT
//
// What anybody may do with blocks of the arena: read, retain, release. Allocation is in arena.h.
//
// An ArenaView belongs to one thread and releases on behalf of one ganglion; a thread without a ganglion uses NB_NONE.
// The blocks may be anybody's.
//
// Nothing read from the shared memory is believed: sizes and offsets come from the class table of this library, indices
// are checked. A damaged arena can give wrong bytes of the arena, never an address outside it.
#pragma once

#include "arena_classes.h"
#include "atomics.h"
#include "segment.h"

namespace neuronbus {

// Of the whole arena, all ganglia. Read without stopping anybody: exact when nobody allocates or releases meanwhile.
struct ArenaStats {
  uint64_t capacity_bytes = 0;  // what payloads can use at most
  uint64_t claimed_bytes = 0;   // in chunks that belong to a ganglion
  uint64_t live_bytes = 0;      // in blocks that are referenced, whole blocks
  uint64_t live_blocks = 0;
  uint32_t chunks = 0;
  uint32_t free_chunks = 0;
};

class ArenaView {
 public:
  ArenaView(const Segment& segment, uint32_t ganglion);

  // The bytes in place, valid while the caller holds a reference. NB_ERR_STALE_REFERENCE when the block was released.
  nb_status read(const nb_arena_ref& ref, const uint8_t** data, uint32_t* length) const {
    Found found;
    if (!find(ref, &found)) return NB_ERR_STALE_REFERENCE;
    const uint64_t use = load_acquire(found.block->use);  // SYNC arena-allocate
    if (!matches(use, ref, found)) return NB_ERR_STALE_REFERENCE;
    *data = grain(ref.grain);
    *length = ref.length;
    return NB_OK;
  }

  // The caller must hold a reference while it adds others. NB_ERR_INVALID_ARGUMENT beyond 2^32 - 1 of them.
  nb_status retain(const nb_arena_ref& ref, uint32_t count = 1);

  // Gives one reference back; with the last one the block may be used again. NB_ERR_STALE_REFERENCE when there was none.
  nb_status release(const nb_arena_ref& ref) {
    Found found;
    if (!find(ref, &found)) return NB_ERR_STALE_REFERENCE;
    uint64_t use = load_relaxed(found.block->use);
    do {
      if (!matches(use, ref, found)) return NB_ERR_STALE_REFERENCE;
      // SYNC arena-release: whoever writes the bytes next does so after the last reader's last look. Acquire, so that the
      // last of several releasers may take the run apart.
    } while (!shared(found.block->use)
                  .compare_exchange_weak(use, use - 1, std::memory_order_acq_rel, std::memory_order_relaxed));
    if (static_cast<uint32_t>(use) == 1) retire(found);
    return NB_OK;
  }

  uint64_t capacity_bytes() const { return uint64_t{chunk_count_ - first_chunk_} * NB_ARENA_CHUNK_BYTES; }

  ArenaStats stats() const;

 protected:
  // A well-formed reference: its chunk, the record of its block and how much that holds. The block may be stale still.
  struct Found {
    nb_chunk* chunk;
    nb_block* block;
    uint64_t capacity_bytes;
    uint32_t first;       // number of the chunk
    uint32_t run_chunks;  // 0 = a block in a carved chunk
  };

  nb_chunk& chunk(uint32_t index) const { return reinterpret_cast<nb_chunk*>(base_)[index]; }
  uint8_t* grain(uint32_t index) const { return base_ + uint64_t{index} * NB_ARENA_GRAIN_BYTES; }
  nb_block* records(uint32_t index) const { return reinterpret_cast<nb_block*>(grain(index * NB_CHUNK_GRAINS)); }

  // Whether the block is in use and is the one that the reference means.
  static bool matches(uint64_t use, const nb_arena_ref& ref, const Found& found) {
    return static_cast<uint32_t>(use) != 0 && static_cast<uint32_t>(use >> 32) == ref.generation &&
           load_relaxed(found.block->length) == ref.length && ref.length <= found.capacity_bytes;
  }

  bool find(const nb_arena_ref& ref, Found* found) const {
    const uint32_t index = ref.grain / NB_CHUNK_GRAINS;
    if (index < first_chunk_ || index >= chunk_count_) return false;
    nb_chunk& holder = chunk(index);
    const uint32_t state = load_acquire(holder.state);  // SYNC chunk-claim
    if (load_relaxed(holder.owner) != ref.owner) return false;
    const uint32_t size_class = state >> 8;
    if ((state & NB_CHUNK_STATE_MASK) != NB_CHUNK_BLOCKS || size_class >= kBlockClasses) {
      return state == NB_CHUNK_RUN && find_run(ref, index, found);
    }
    const BlockGeometry& shape = kGeometries[size_class];
    const uint32_t offset = ref.grain % NB_CHUNK_GRAINS - shape.data_grain;
    if (offset >= NB_CHUNK_GRAINS) return false;
    const uint32_t block = shape.index_of(offset);
    if (block >= shape.count || block * shape.grains != offset) return false;
    *found = {&holder, records(index) + block, uint64_t{shape.grains} * NB_ARENA_GRAIN_BYTES, index, 0};
    return true;
  }

  void free_run(uint32_t first, uint32_t chunks);
  void free_chunk(uint32_t index);

  uint8_t* base_;
  uint32_t chunk_count_;
  uint32_t first_chunk_;  // those before it hold the headers
  uint32_t ganglion_;

 private:
  bool find_run(const nb_arena_ref& ref, uint32_t index, Found* found) const;

  void retire(const Found& found) {
    if (found.run_chunks > 0) {
      free_run(found.first, found.run_chunks);
    } else if (load_relaxed(found.chunk->owner) == ganglion_) {
      store_relaxed(found.chunk->allocated, found.chunk->allocated - 1);
    } else {
      shared(found.chunk->released).fetch_add(1, std::memory_order_release);  // SYNC arena-release
    }
  }
};

}  // namespace neuronbus
