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

  // The caller must hold a reference while it adds others. NB_ERR_INVALID_ARGUMENT beyond 2^24 - 1 of them.
  nb_status retain(const nb_arena_ref& ref, uint32_t count = 1);

  // Gives one reference back; with the last one the block may be used again. NB_ERR_STALE_REFERENCE when there was none.
  nb_status release(const nb_arena_ref& ref) {
    Found found;
    if (!find(ref, &found)) return NB_ERR_STALE_REFERENCE;
    uint64_t use = load_relaxed(found.block->use);
    do {
      if (!matches(use, ref, found)) return NB_ERR_STALE_REFERENCE;
      // SYNC arena-release: whoever writes the bytes next does so after the last reader's last look.
    } while (!shared(found.block->use).compare_exchange_weak(use, less_one(use, found)));
    if (references(use) == 1) retire(found);
    return NB_OK;
  }

  // release() of a payload that this ganglion owes because a spike refers to it. Whoever dies before it has given up the place
  // of the spike has its successor call this again, for the same place; then nothing is released twice (SYNC release-once).
  void release_once(const nb_arena_ref& ref, uint64_t place);
  static uint64_t place(uint32_t axon, uint32_t position) { return uint64_t{axon + 1} << 32 | position; }
  static uint64_t copied_place(uint32_t index) { return place(NB_NONE - 1, index); }

  uint64_t capacity_bytes() const { return uint64_t{chunk_count_ - first_chunk_} * NB_ARENA_CHUNK_BYTES; }

  ArenaStats stats() const;

  // Bit g = ganglion g has a carved chunk without a live block.
  uint64_t owners_of_empty_chunks() const;

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

  // 0 is no generation, so that a reference of zeros is stale.
  static uint32_t next_generation(uint32_t generation) { return generation + 1 == 0 ? 1 : generation + 1; }
  static uint32_t generation_of(uint64_t use) { return static_cast<uint32_t>(use >> 32); }
  static uint32_t references(uint64_t use) {
    const auto count = static_cast<uint32_t>(use);
    return (count & NB_BLOCK_PARTING) == 0 ? count & NB_BLOCK_COUNT_MASK : 0;
  }
  static uint32_t releaser(uint64_t use) { return static_cast<uint32_t>(use) >> NB_BLOCK_RELEASER_SHIFT; }
  static uint64_t block(const nb_arena_ref& ref) { return uint64_t{ref.generation} << 32 | ref.grain; }
  // `use` with one reference less. Without references nothing stays but the generation.
  uint64_t less_one(uint64_t use, const Found& found) const {
    if (references(use) > 1) return use - 1;
    return found.run_chunks > 0 ? parting(use) : use >> 32 << 32;
  }
  void retire(const Found& found) { found.run_chunks > 0 ? free_run(found.first, found.run_chunks) : tell_room(*found.chunk); }
  // Of a run that this ganglion takes apart: a generation that nobody has a reference to, and who does it, in one step, so that
  // whoever clears away after it can go on.
  uint64_t parting(uint64_t use) const {
    return uint64_t{next_generation(generation_of(use))} << 32 | NB_BLOCK_PARTING | (ganglion_ + 1);
  }

  // Whether the block is in use and is the one that the reference means.
  static bool matches(uint64_t use, const nb_arena_ref& ref, const Found& found) {
    return references(use) != 0 && generation_of(use) == ref.generation &&
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

  uint32_t count_free(uint32_t index, uint32_t size_class) const;
  bool empty(uint32_t index, uint32_t size_class) const;
  // In nb_block.kept.
  static uint32_t keeper_bit(uint32_t ganglion) { return 1u << (ganglion < 31 ? ganglion : 31); }
  void free_run(uint32_t first, uint32_t chunks);
  void free_chunk(uint32_t index);

  // After a block was freed, and all that its releaser does to the chunk then, which may be somebody else's by now: a hint too
  // many costs a search. A look at `room` after the release, and one at the block after clearing `room`, never both miss.
  static void tell_room(nb_chunk& holder) {
    if (shared(holder.room).load() == 0) store_release<uint32_t>(holder.room, 1);  // SYNC arena-release
  }

  Segment segment_;
  uint8_t* base_;
  uint32_t chunk_count_;
  uint32_t first_chunk_;  // those before it hold the headers
  uint32_t ganglion_;

 private:
  bool find_run(const nb_arena_ref& ref, uint32_t index, Found* found) const;
};

}  // namespace neuronbus
