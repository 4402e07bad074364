// SPDX-License-Identifier: MIT
//
// What a ganglion that left or died leaves in the arena, for whoever clears away: in its name, while it cannot come back.
#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "arena.h"
#include "axon_memory.h"

namespace neuronbus {

uint64_t ArenaView::owners_of_empty_chunks() const {
  uint64_t owners = 0;
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    const uint32_t state = load_acquire(chunk(index).state);  // SYNC chunk-claim
    const uint32_t owner = load_relaxed(chunk(index).owner);
    if ((state & NB_CHUNK_STATE_MASK) != NB_CHUNK_BLOCKS || state >> 8 >= kBlockClasses || owner >= NB_MAX_GANGLIA) continue;
    if ((owners >> owner & 1) == 0 && empty(index, state >> 8)) owners |= uint64_t{1} << owner;
  }
  return owners;
}

void Arena::take_back_all(const Segment& segment) {
  std::unordered_set<uint32_t> under_way;
  const uint32_t axons = std::min(segment.header().max_axons, load_relaxed(segment.commons().axons_used));
  for (uint32_t number = 0; number < axons; number++) {
    nb_axon& axon = segment.axon(number);
    if (load_acquire(axon.state) == NB_FREE || load_relaxed(axon.from_ganglion) != ganglion_) continue;  // SYNC ganglion-claim
    const auto* slots = reinterpret_cast<const nb_spike*>(&axon + 1);
    const uint32_t capacity = segment.header().axon_capacity;
    const uint32_t tail = load_acquire(axon.tail);  // SYNC axon-release
    const uint32_t count = std::min(load_acquire(axon.head) - tail, capacity);  // SYNC axon-publish
    for (uint32_t i = 0; i < count; i++) {
      nb_spike spike;
      read_slot(&slots[(tail + i) & (capacity - 1)], &spike);
      nb_arena_ref reference;
      std::memcpy(&reference, spike.payload, sizeof reference);
      if (spike.kind >> 2 == NB_LENGTH_ARENA) under_way.insert(reference.grain);
    }
  }
  // Receivers of drop-oldest axons move the tail before their handlers run. What they still read lies in their copies, from
  // which finish() strikes each payload that it released. After the rings, so that none is missed on its way.
  const bool copied = segment.header().backpressure == NB_MODE_DROP_OLDEST;
  for (uint32_t reader = 0; copied && reader < segment.header().max_ganglia; reader++) {
    if (reader == ganglion_ || load_acquire(segment.ganglion(reader).state) != NB_LIVE) continue;  // SYNC ganglion-claim
    for (uint32_t i = 0; i < NB_INBOX_SLOTS; i++) {
      nb_spike spike;
      read_slot(&segment.inbox(reader)[i], &spike);
      nb_arena_ref reference;
      std::memcpy(&reference, spike.payload, sizeof reference);
      if (spike.kind >> 2 == NB_LENGTH_ARENA && reference.owner == ganglion_) under_way.insert(reference.grain);
    }
  }
  uint32_t there = 0;  // who may still have what it retained
  for (uint32_t keeper = 0; keeper < segment.header().max_ganglia; keeper++) {
    if (load_acquire(segment.ganglion(keeper).state) != NB_FREE) there |= keeper_bit(keeper);  // SYNC ganglion-claim
  }
  const auto lost = [&](nb_block& block, uint32_t grain_index, bool run) {
    uint64_t use = load_acquire(block.use);  // SYNC arena-allocate
    while (references(use) != 0 && (load_relaxed(block.kept) & there) == 0 && under_way.count(grain_index) == 0) {
      const uint64_t freed = run ? parting(use) : use >> 32 << 32;
      if (shared(block.use).compare_exchange_weak(use, freed)) return true;  // SYNC arena-release
    }
    return false;
  };
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    nb_chunk& owned = chunk(index);
    const uint32_t state = load_acquire(owned.state);  // SYNC chunk-claim
    if (load_relaxed(owned.owner) != ganglion_) continue;
    uint32_t size_class;
    if (state == NB_CHUNK_RUN) {
      const uint32_t chunks = load_relaxed(owned.run_chunks);
      const bool sane = chunks > 0 && chunks <= chunk_count_ - index;
      if (sane && lost(owned.run_block, index * NB_CHUNK_GRAINS, true)) free_run(index, chunks);
    } else if (owns(index, &size_class)) {
      const BlockGeometry& shape = kGeometries[size_class];
      const uint32_t first = index * NB_CHUNK_GRAINS + shape.data_grain;
      for (uint32_t i = 0; i < shape.count; i++) (void)lost(records(index)[i], first + i * shape.grains, false);
    }
  }
  finish_for_others();
  free_orphans();
  trim();
}

// After a death, in chunks of anybody: runs that this ganglion had begun to take apart, and room that it had not told of.
void Arena::finish_for_others() {
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    nb_chunk& head = chunk(index);
    const uint32_t state = load_acquire(head.state);  // SYNC chunk-claim
    if ((state & NB_CHUNK_STATE_MASK) == NB_CHUNK_BLOCKS) store_relaxed(head.room, 1u);
    if (state != NB_CHUNK_RUN) continue;
    const uint32_t chunks = load_relaxed(head.run_chunks);
    const bool sane = chunks > 0 && chunks <= chunk_count_ - index;
    const auto use = static_cast<uint32_t>(load_relaxed(head.run_block.use));
    if (sane && use == (NB_BLOCK_PARTING | (ganglion_ + 1))) free_run(index, chunks);
  }
}

// Chunks that this ganglion had claimed when it died, but not yet put to use, or not yet freed.
void Arena::free_orphans() {
  uint32_t covered = 0;  // chunks before this one belong to a run
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    const uint32_t state = load_acquire(chunk(index).state);  // SYNC chunk-claim
    const uint32_t claimer = state & ~uint32_t{NB_CHUNK_STATE_MASK};
    const uint32_t kind = state & NB_CHUNK_STATE_MASK;
    if (kind == NB_CHUNK_RUN) covered = index + std::min(load_relaxed(chunk(index).run_chunks), chunk_count_ - index);
    if (claimer != (ganglion_ + 1) << 8) continue;
    if (kind == NB_CHUNK_CLAIMED || (kind == NB_CHUNK_TAIL && index >= covered)) free_chunk(index);
  }
}

}  // namespace neuronbus
