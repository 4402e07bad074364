// SPDX-License-Identifier: MIT
#include "arena.h"

#include <algorithm>

#include "axon_memory.h"
#include "pages.h"

namespace neuronbus {
namespace {

constexpr uint32_t kProbes = 256;         // chunks looked at from the bottom before a new one is claimed
constexpr uint32_t kProbePause = 8;       // chunks claimed without looking after a look in vain: an arena that is filling up
constexpr uint32_t kPrefaultChunks = 16;    // whose pages are asked for at once when the first of them is used for the first time
constexpr uint32_t kWorthwhileShare = 8;  // a chunk with less than 1/8 free costs long searches: only if there is no other

}  // namespace

ArenaView::ArenaView(const Segment& segment, uint32_t ganglion)
    : segment_(segment),
      base_(segment.arena()),
      chunk_count_(segment.header().arena_chunk_count),
      first_chunk_((chunk_count_ + NB_CHUNK_GRAINS - 1) / NB_CHUNK_GRAINS),
      ganglion_(ganglion) {}

nb_status ArenaView::retain(const nb_arena_ref& ref, uint32_t count) {
  Found found;
  if (!find(ref, &found)) return NB_ERR_STALE_REFERENCE;
  uint64_t use = load_relaxed(found.block->use);
  do {
    if (!matches(use, ref, found)) return NB_ERR_STALE_REFERENCE;
    if (count > NB_BLOCK_COUNT_MASK - references(use)) return NB_ERR_INVALID_ARGUMENT;
    if (ref.owner != ganglion_) shared(found.block->kept).fetch_or(keeper_bit(ganglion_), std::memory_order_relaxed);
  } while (!shared(found.block->use).compare_exchange_weak(use, use + count, std::memory_order_relaxed));
  return NB_OK;
}

// The swap leaves our name in the block, by which a successor knows that it was made. Who puts another name there first tells
// the one before, so that this is never lost.
void ArenaView::release_once(const nb_arena_ref& ref, uint64_t place) {
  Found found;
  if (!find(ref, &found)) return;
  nb_ganglion& self = segment_.ganglion(ganglion_);
  const uint32_t me = ganglion_ + 1;
  uint64_t use = load_acquire(found.block->use);  // SYNC arena-release
  if (load_relaxed(self.releasing) == place) {
    if (!matches(use, ref, found) || releaser(use) == me || load_acquire(self.released) == block(ref)) return;  // SYNC release-once
  } else {
    while (matches(use, ref, found) && releaser(use) == me) {  // of another spike with the same block
      const uint64_t nameless = use & ~(uint64_t{0x7F} << NB_BLOCK_RELEASER_SHIFT);
      if (shared(found.block->use).compare_exchange_weak(use, nameless)) use = nameless;  // SYNC release-once
    }
    if (load_relaxed(self.released) == block(ref)) store_relaxed<uint64_t>(self.released, 0);
    store_release(self.releasing, place);  // SYNC release-once
  }
  uint64_t next;
  do {
    if (!matches(use, ref, found)) return;
    const uint32_t before = releaser(use);
    if (before != 0 && before != me && before <= segment_.header().max_ganglia) {
      store_release(segment_.ganglion(before - 1).released, block(ref));  // SYNC release-once
    }
    next = less_one(use, found);
    if (references(next) != 0) next = (next & ~(uint64_t{0x7F} << NB_BLOCK_RELEASER_SHIFT)) | uint64_t{me} << NB_BLOCK_RELEASER_SHIFT;
  } while (!shared(found.block->use).compare_exchange_weak(use, next));  // SYNC arena-release
  if (references(use) == 1) retire(found);
}

bool ArenaView::find_run(const nb_arena_ref& ref, uint32_t index, Found* found) const {
  nb_chunk& first = chunk(index);
  const uint32_t chunks = load_relaxed(first.run_chunks);
  if (chunks == 0 || chunks > chunk_count_ - index || ref.grain != index * NB_CHUNK_GRAINS) return false;
  *found = {&first, &first.run_block, uint64_t{chunks} * NB_ARENA_CHUNK_BYTES, index, chunks};
  return true;
}

// By whoever took the last reference of the run, or took over from it. All chunks get its name before the first one is free, so
// that each is found if it dies here; a second time nothing is done twice.
void ArenaView::free_run(uint32_t first, uint32_t chunks) {
  nb_chunk& head = chunk(first);
  const uint32_t mine = NB_CHUNK_CLAIMED | (ganglion_ + 1) << 8;
  uint32_t end = first + 1;
  for (; end < first + chunks; end++) {
    const uint32_t state = load_relaxed(chunk(end).state);
    if ((state & NB_CHUNK_STATE_MASK) != NB_CHUNK_TAIL && state != mine) break;  // damaged: keep to what is certainly ours
    store_relaxed(chunk(end).state, mine);
  }
  store_relaxed(head.generation_floor, generation_of(load_relaxed(head.run_block.use)));
  store_release(head.state, mine);  // SYNC chunk-claim
  while (end > first) free_chunk(--end);
}

void ArenaView::free_chunk(uint32_t index) {
  store_release<uint32_t>(chunk(index).state, NB_CHUNK_FREE);  // SYNC chunk-claim
  if (index < load_relaxed(chunk(0).lowest_free)) store_relaxed(chunk(0).lowest_free, index);
}

uint32_t ArenaView::count_free(uint32_t index, uint32_t size_class) const {
  uint32_t count = 0;
  for (uint32_t i = 0; i < kGeometries[size_class].count; i++) {
    if (static_cast<uint32_t>(shared(records(index)[i].use).load()) == 0) count++;  // SYNC arena-release
  }
  return count;
}

bool ArenaView::empty(uint32_t index, uint32_t size_class) const {
  for (uint32_t i = 0; i < kGeometries[size_class].count; i++) {
    if (static_cast<uint32_t>(load_acquire(records(index)[i].use)) != 0) return false;  // SYNC arena-release
  }
  return true;
}

ArenaStats ArenaView::stats() const {
  ArenaStats result;
  result.capacity_bytes = capacity_bytes();
  result.chunks = chunk_count_ - first_chunk_;
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    nb_chunk& counted = chunk(index);
    const uint32_t state = load_acquire(counted.state);  // SYNC chunk-claim
    if (state == NB_CHUNK_FREE) {
      result.free_chunks++;
      continue;
    }
    result.claimed_bytes += NB_ARENA_CHUNK_BYTES;
    if (state == NB_CHUNK_RUN) {
      result.live_blocks++;
      result.live_bytes += uint64_t{load_relaxed(counted.run_chunks)} * NB_ARENA_CHUNK_BYTES;
    } else if ((state & NB_CHUNK_STATE_MASK) == NB_CHUNK_BLOCKS && state >> 8 < kBlockClasses) {
      const uint32_t live = kGeometries[state >> 8].count - count_free(index, state >> 8);
      result.live_blocks += live;
      result.live_bytes += uint64_t{live} * kGeometries[state >> 8].grains * NB_ARENA_GRAIN_BYTES;
    }
  }
  return result;
}

nb_status Arena::allocate(uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  const uint32_t grains = grains_for(bytes);
  const bool whole_chunks = grains > kLargestBlockGrains;
  uint32_t size_class = whole_chunks ? kBlockClasses : kClassOfGrains[grains];
  if (!whole_chunks && take(size_class, bytes, ref, data)) return NB_OK;
  if (ganglion_ == NB_NONE) return NB_ERR_INVALID_ARGUMENT;
  if (bytes > capacity_bytes() || capacity_bytes() == 0) return NB_ERR_TOO_LARGE;
  if (whole_chunks) {
    const bool done = allocate_run(bytes, ref, data) || (trim() > 0 && allocate_run(bytes, ref, data));
    return done ? NB_OK : NB_ERR_ARENA_FULL;
  }
  return find_room(&size_class) && take(size_class, bytes, ref, data) ? NB_OK : NB_ERR_ARENA_FULL;
}

// One block of the current chunk of the class, if it has one.
bool Arena::take(uint32_t size_class, uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  Current& current = current_[size_class];
  if (current.chunk == NB_NONE || load_relaxed(chunk(current.chunk).room) == 0) return false;
  const BlockGeometry& shape = kGeometries[size_class];
  nb_block* blocks = records(current.chunk);
  for (int look = 0; look == 0 || (look == 1 && free_blocks(current.chunk, size_class) > 0); look++) {
    for (uint32_t tries = 0; tries < shape.count; tries++) {
      const uint32_t index = current.cursor;
      current.cursor = index + 1 < shape.count ? index + 1 : 0;
      nb_block& block = blocks[index];
      const uint64_t use = load_acquire(block.use);  // SYNC arena-release: the last reader is done with the bytes
      if (static_cast<uint32_t>(use) != 0) continue;
      const uint32_t generation = next_generation(generation_of(use));
      store_relaxed(block.length, bytes);
      store_relaxed(block.kept, 0u);
      store_release(block.use, uint64_t{generation} << 32 | 1);  // SYNC arena-allocate
#ifndef NB_THREAD_SANITIZER  // which knows no fences; all native readers hold references
      std::atomic_thread_fence(std::memory_order_release);  // SYNC arena-allocate: taps without a reference see it before the bytes
#endif
      fill(current.chunk * NB_CHUNK_GRAINS + shape.data_grain + index * shape.grains, generation, bytes, ref, data);
      return true;
    }
  }
  return false;
}

void Arena::fill(uint32_t grain_index, uint32_t generation, uint32_t bytes, nb_arena_ref* ref, uint8_t** data) const {
  *ref = {grain_index, generation, bytes, ganglion_};
  *data = grain(grain_index);
}

// Makes a chunk with room the current one of the class; of a larger class when nothing else is left.
bool Arena::find_room(uint32_t* size_class) {
  uint32_t& pause = current_[*size_class].pause;
  if (pause > 0) {
    pause--;
  } else {
    if (settle_first(*size_class)) return true;
    pause = kProbePause;
  }
  return claim(*size_class) || settle_next(*size_class) || (trim() > 0 && claim(*size_class)) ||
         settle_larger(size_class);
}

bool Arena::owns(uint32_t index, uint32_t* size_class) const {
  nb_chunk& candidate = chunk(index);
  const uint32_t state = load_acquire(candidate.state);  // SYNC chunk-claim
  if ((state & NB_CHUNK_STATE_MASK) != NB_CHUNK_BLOCKS || load_relaxed(candidate.owner) != ganglion_) return false;
  *size_class = state >> 8;
  return *size_class < kBlockClasses;
}

// May miss one that is released meanwhile; then there is `room` again.
uint32_t Arena::free_blocks(uint32_t index, uint32_t size_class) const {
  nb_chunk& owned = chunk(index);
  if (load_relaxed(owned.room) == 0) return 0;
  uint32_t count = count_free(index, size_class);
  if (count > 0) return count;
  shared(owned.room).store(0);  // SYNC arena-release: before another look
  count = count_free(index, size_class);
  if (count > 0) store_relaxed(owned.room, 1u);
  return count;
}

// From the bottom, so that the upper chunks become wholly free.
bool Arena::settle_first(uint32_t size_class) {
  const uint32_t end = chunk_count_ - first_chunk_ < kProbes ? chunk_count_ : first_chunk_ + kProbes;
  for (uint32_t index = first_chunk_; index < end; index++) {
    uint32_t its_class;
    if (!owns(index, &its_class) || its_class != size_class) continue;
    const uint32_t free = free_blocks(index, size_class);
    if (free == 0 || free < kGeometries[size_class].count / kWorthwhileShare) continue;
    current_[size_class].move_to(index);
    return true;
  }
  return false;
}

bool Arena::settle_next(uint32_t size_class) {
  uint32_t index = current_[size_class].chunk;
  for (uint32_t left = chunk_count_ - first_chunk_; left > 0; left--) {
    index = index == NB_NONE || index + 1 >= chunk_count_ ? first_chunk_ : index + 1;
    uint32_t its_class;
    if (!owns(index, &its_class) || its_class != size_class || free_blocks(index, size_class) == 0) continue;
    current_[size_class].move_to(index);
    return true;
  }
  return false;
}

// The smallest of the larger classes that has a free block: wastes memory inside the block, but that or nothing.
bool Arena::settle_larger(uint32_t* size_class) {
  uint32_t best = kBlockClasses;
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    uint32_t its_class;
    if (!owns(index, &its_class) || its_class <= *size_class || its_class >= best) continue;
    if (free_blocks(index, its_class) == 0) continue;
    best = its_class;
    current_[best].move_to(index);
  }
  if (best == kBlockClasses) return false;
  *size_class = best;
  return true;
}

bool Arena::claim(uint32_t size_class) {
  uint32_t index;
  if (!claim_chunk(&index)) return false;
  carve(index, size_class);
  current_[size_class].move_to(index);
  return true;
}

// The lowest free chunk, as CLAIMED. The hint is right unless threads met at it, hence the second search.
bool Arena::claim_chunk(uint32_t* index) {
  const uint32_t lowest = load_relaxed(chunk(0).lowest_free);
  const uint32_t begin = lowest < first_chunk_ ? first_chunk_ : lowest > chunk_count_ ? chunk_count_ : lowest;
  const bool found = claim_between(begin, chunk_count_, index) || claim_between(first_chunk_, begin, index);
  store_relaxed(chunk(0).lowest_free, found ? *index + 1 : chunk_count_);
  return found;
}

bool Arena::claim_between(uint32_t begin, uint32_t end, uint32_t* claimed) {
  for (uint32_t index = begin; index < end; index++) {
    if (!claim_as(index, NB_CHUNK_CLAIMED)) continue;
    *claimed = index;
    return true;
  }
  return false;
}

bool Arena::claim_as(uint32_t index, uint32_t state) {
  uint32_t expected = NB_CHUNK_FREE;
  if (load_relaxed(chunk(index).state) != NB_CHUNK_FREE) return false;
  // SYNC chunk-claim: acquires what the previous owner left, the generation floor above all.
  return shared(chunk(index).state)
      .compare_exchange_strong(expected, state | (ganglion_ + 1) << 8, std::memory_order_acquire, std::memory_order_relaxed);
}

void Arena::carve(uint32_t index, uint32_t size_class) {
  nb_chunk& claimed = chunk(index);
  const BlockGeometry& shape = kGeometries[size_class];
  if (claimed.generation_floor == 0 && index % kPrefaultChunks == 0) {
    prefault(grain(index * NB_CHUNK_GRAINS), uint64_t{std::min(kPrefaultChunks, chunk_count_ - index)} * NB_ARENA_CHUNK_BYTES);
  }
  store_relaxed(claimed.owner, ganglion_);
  claimed.block_bytes = shape.grains * NB_ARENA_GRAIN_BYTES;
  claimed.block_count = shape.count;
  claimed.data_grain = index * NB_CHUNK_GRAINS + shape.data_grain;
  store_relaxed(claimed.room, 1u);
  nb_block* blocks = records(index);
  for (uint32_t i = 0; i < shape.count; i++) {
    store_relaxed(blocks[i].use, uint64_t{claimed.generation_floor} << 32);
    store_relaxed(blocks[i].length, 0u);
  }
  store_release<uint32_t>(claimed.state, NB_CHUNK_BLOCKS | size_class << 8);  // SYNC chunk-claim
}

// Of a chunk of ours without live blocks. Its references stay stale for good, because the next carving begins above them.
void Arena::give_back(uint32_t index, uint32_t size_class) {
  nb_chunk& owned = chunk(index);
  nb_block* blocks = records(index);
  uint32_t highest = owned.generation_floor;
  for (uint32_t i = 0; i < kGeometries[size_class].count; i++) {
    const uint32_t generation = static_cast<uint32_t>(load_relaxed(blocks[i].use) >> 32);
    if (static_cast<int32_t>(generation - highest) > 0) highest = generation;  // they wrap
  }
  store_relaxed(owned.generation_floor, highest);
  if (current_[size_class].chunk == index) current_[size_class].move_to(NB_NONE);
  free_chunk(index);
}

uint32_t Arena::trim() { return trim(first_chunk_, chunk_count_); }

bool Arena::trim_some() {
  constexpr uint32_t kSome = 4096;
  const uint32_t begin = std::max(trimmed_, first_chunk_);
  const uint32_t end = chunk_count_ - begin < kSome ? chunk_count_ : begin + kSome;
  trim(begin, end);
  trimmed_ = end < chunk_count_ ? end : 0;
  return trimmed_ != 0;
}

uint32_t Arena::trim(uint32_t begin, uint32_t end) {
  uint32_t given_back = 0;
  for (uint32_t index = begin; index < end; index++) {
    uint32_t size_class;
    if (!owns(index, &size_class)) continue;
    if (!empty(index, size_class)) continue;
    give_back(index, size_class);
    given_back++;
  }
  return given_back;
}

bool Arena::allocate_run(uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  const uint32_t chunks = chunks_for(bytes);
  uint32_t index;
  if (!(chunks == 1 ? claim_chunk(&index) : claim_run(chunks, &index))) return false;
  nb_chunk& first = chunk(index);
  const uint32_t generation = next_generation(first.generation_floor);
  store_relaxed(first.owner, ganglion_);
  first.block_count = 1;
  first.data_grain = index * NB_CHUNK_GRAINS;
  store_relaxed(first.run_chunks, chunks);
  store_relaxed(first.run_block.length, bytes);
  store_relaxed(first.run_block.kept, 0u);
  store_relaxed(first.run_block.use, uint64_t{generation} << 32 | 1);
  store_release<uint32_t>(first.state, NB_CHUNK_RUN);  // SYNC chunk-claim
  fill(index * NB_CHUNK_GRAINS, generation, bytes, ref, data);
  return true;
}

// Several contiguous chunks, from the top, to leave the bottom to blocks and single chunks.
bool Arena::claim_run(uint32_t chunks, uint32_t* first) {
  uint32_t found = 0;
  for (uint32_t index = chunk_count_; index-- > first_chunk_;) {
    found = load_relaxed(chunk(index).state) == NB_CHUNK_FREE ? found + 1 : 0;
    if (found < chunks) continue;
    if (claim_all(index, chunks)) {
      *first = index;
      return true;
    }
    found = 0;
  }
  return false;
}

// All or none: another ganglion may take one of them meanwhile.
bool Arena::claim_all(uint32_t first, uint32_t chunks) {
  for (uint32_t index = first; index < first + chunks; index++) {
    if (claim_as(index, NB_CHUNK_TAIL)) continue;
    while (index-- > first) store_release<uint32_t>(chunk(index).state, NB_CHUNK_FREE);  // SYNC chunk-claim
    return false;
  }
  return true;
}

}  // namespace neuronbus
