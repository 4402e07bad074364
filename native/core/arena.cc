// SPDX-License-Identifier: MIT
#include "arena.h"

namespace neuronbus {
namespace {

constexpr uint32_t kFirstFitChunks = 64;  // looked at from the bottom, to keep the others wholly free
constexpr uint32_t kWorthwhileShare = 8;  // a chunk with less than 1/8 free costs long searches: only if there is no other
constexpr uint32_t kClaimPause = 32;

// 0 is no generation, so that a reference of zeros is stale.
uint32_t next_generation(uint32_t generation) { return generation + 1 == 0 ? 1 : generation + 1; }

}  // namespace

ArenaView::ArenaView(const Segment& segment, uint32_t ganglion)
    : base_(segment.arena()),
      chunk_count_(segment.header().arena_chunk_count),
      first_chunk_(chunk_count_ / NB_CHUNK_GRAINS),
      first_skew_(chunk_count_ % NB_CHUNK_GRAINS),
      ganglion_(ganglion),
      first_geometries_(chunk_geometries(first_skew_)) {}

nb_status ArenaView::retain(const nb_arena_ref& ref, uint32_t count) {
  Found found;
  if (!find(ref, &found)) return NB_ERR_STALE_REFERENCE;
  uint64_t use = load_relaxed(found.block->use);
  do {
    if (!matches(use, ref, found)) return NB_ERR_STALE_REFERENCE;
    if (count > UINT32_MAX - static_cast<uint32_t>(use)) return NB_ERR_INVALID_ARGUMENT;
  } while (!shared(found.block->use).compare_exchange_weak(use, use + count, std::memory_order_relaxed));
  return NB_OK;
}

bool ArenaView::find_run(const nb_arena_ref& ref, uint32_t index, Found* found) const {
  nb_chunk& first = chunk(index);
  const uint32_t chunks = load_relaxed(first.run_chunks);
  if (chunks == 0 || chunks > chunk_count_ - index) return false;
  if (ref.grain != index * NB_CHUNK_GRAINS + skew(index)) return false;
  const uint64_t grains = uint64_t{chunks} * NB_CHUNK_GRAINS - skew(index);
  *found = {&first, &first.run_block, grains * NB_ARENA_GRAIN_BYTES, index, chunks};
  return true;
}

// By whoever took the last reference of the run: until the chunks are free nobody else touches them.
void ArenaView::free_run(uint32_t first, uint32_t chunks) {
  nb_chunk& head = chunk(first);
  head.generation_floor = static_cast<uint32_t>(load_relaxed(head.run_block.use) >> 32);
  for (uint32_t index = first + 1; index < first + chunks; index++) {
    if (load_relaxed(chunk(index).state) != NB_CHUNK_TAIL) break;  // damaged: keep to what is certainly ours
    store_release<uint32_t>(chunk(index).state, NB_CHUNK_FREE);  // SYNC chunk-claim
  }
  store_release<uint32_t>(head.state, NB_CHUNK_FREE);  // SYNC chunk-claim
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
    result.claimed_bytes += NB_ARENA_CHUNK_BYTES - uint64_t{skew(index)} * NB_ARENA_GRAIN_BYTES;
    if (state == NB_CHUNK_RUN) {
      result.live_blocks++;
      result.live_bytes += uint64_t{load_relaxed(counted.run_chunks)} * NB_ARENA_CHUNK_BYTES;
    } else if ((state & NB_CHUNK_STATE_MASK) == NB_CHUNK_BLOCKS && state >> 8 < kBlockClasses) {
      const uint32_t live = load_relaxed(counted.allocated) - load_relaxed(counted.released);
      result.live_blocks += live;
      result.live_bytes += uint64_t{live} * geometry(index, state >> 8).grains * NB_ARENA_GRAIN_BYTES;
    }
  }
  return result;
}

nb_status Arena::allocate(uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  const uint32_t grains = grains_for(bytes);
  uint32_t size_class = grains <= kLargestBlockGrains ? class_of_grains(grains) : kBlockClasses;
  if (size_class < kBlockClasses && take(size_class, bytes, ref, data)) return NB_OK;
  if (ganglion_ == NB_NONE) return NB_ERR_INVALID_ARGUMENT;
  if (uint64_t{grains} * NB_ARENA_GRAIN_BYTES > capacity_bytes()) return NB_ERR_TOO_LARGE;
  if (size_class < kBlockClasses && find_room(&size_class) && take(size_class, bytes, ref, data)) return NB_OK;
  if (size_class == kBlockClasses && (allocate_run(bytes, ref, data) || (trim() > 0 && allocate_run(bytes, ref, data)))) {
    return NB_OK;
  }
  return NB_ERR_ARENA_FULL;
}

// One block of the current chunk of the class, if it has one.
bool Arena::take(uint32_t size_class, uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  Current& current = current_[size_class];
  if (current.chunk == NB_NONE) return false;
  if (free_blocks(current.chunk, size_class) == 0) return false;
  const BlockGeometry& shape = geometry(current.chunk, size_class);
  nb_block* blocks = records(current.chunk);
  for (uint32_t tries = 0; tries < shape.count; tries++) {
    const uint32_t index = current.cursor;
    current.cursor = index + 1 < shape.count ? index + 1 : 0;
    nb_block& block = blocks[index];
    const uint64_t use = load_acquire(block.use);  // SYNC arena-release: the last reader is done with the bytes
    if (static_cast<uint32_t>(use) != 0) continue;
    const uint32_t generation = next_generation(static_cast<uint32_t>(use >> 32));
    store_relaxed(block.length, bytes);
    store_release(block.use, uint64_t{generation} << 32 | 1);  // SYNC arena-allocate
    nb_chunk& owned = chunk(current.chunk);
    store_relaxed(owned.allocated, owned.allocated + 1);
    fill(current.chunk * NB_CHUNK_GRAINS + shape.data_grain + index * shape.grains, generation, bytes, ref, data);
    return true;
  }
  return false;
}

// Makes a chunk with room the current one of the class; of a larger class when nothing else is left.
bool Arena::find_room(uint32_t* size_class) {
  if (settle_first(*size_class)) return true;
  if (claim_pause_ > 0) {
    claim_pause_--;
  } else {
    if (claim(*size_class)) return true;
    claim_pause_ = kClaimPause;
  }
  if (settle_next(*size_class)) return true;
  trim();
  return claim(*size_class) || settle_larger(size_class);
}

bool Arena::owns(uint32_t index, uint32_t* size_class) const {
  nb_chunk& candidate = chunk(index);
  const uint32_t state = load_acquire(candidate.state);  // SYNC chunk-claim
  if ((state & NB_CHUNK_STATE_MASK) != NB_CHUNK_BLOCKS || load_relaxed(candidate.owner) != ganglion_) return false;
  *size_class = state >> 8;
  return *size_class < kBlockClasses;
}

// Never too many: a block counts as taken until its last releaser has finished with the chunk.
uint32_t Arena::free_blocks(uint32_t index, uint32_t size_class) const {
  nb_chunk& owned = chunk(index);
  const uint32_t taken = owned.allocated - load_acquire(owned.released);  // SYNC arena-release
  const uint32_t count = geometry(index, size_class).count;
  return taken < count ? count - taken : 0;
}

bool Arena::settle_first(uint32_t size_class) {
  const uint32_t end = chunk_count_ - first_chunk_ < kFirstFitChunks ? chunk_count_ : first_chunk_ + kFirstFitChunks;
  for (uint32_t index = first_chunk_; index < end; index++) {
    uint32_t its_class;
    if (!owns(index, &its_class) || its_class != size_class) continue;
    const uint32_t free = free_blocks(index, size_class);
    if (free == 0 || free < geometry(index, size_class).count / kWorthwhileShare) continue;
    current_[size_class] = {index, 0};
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
    current_[size_class] = {index, 0};
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
    current_[best] = {index, 0};
  }
  if (best == kBlockClasses) return false;
  *size_class = best;
  return true;
}

// Takes a free chunk, the lowest that we know of, and carves it.
bool Arena::claim(uint32_t size_class) {
  return claim_between(claim_cursor_, chunk_count_, size_class) || claim_between(first_chunk_, claim_cursor_, size_class);
}

bool Arena::claim_between(uint32_t begin, uint32_t end, uint32_t size_class) {
  for (uint32_t index = begin; index < end; index++) {
    uint32_t expected = NB_CHUNK_FREE;
    if (load_relaxed(chunk(index).state) != NB_CHUNK_FREE || geometry(index, size_class).count == 0) continue;
    // SYNC chunk-claim: acquires what the previous owner left, the generation floor above all.
    if (!shared(chunk(index).state)
             .compare_exchange_strong(expected, NB_CHUNK_CLAIMED, std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    carve(index, size_class);
    current_[size_class] = {index, 0};
    claim_cursor_ = index + 1;
    return true;
  }
  return false;
}

void Arena::carve(uint32_t index, uint32_t size_class) {
  nb_chunk& claimed = chunk(index);
  const BlockGeometry& shape = geometry(index, size_class);
  store_relaxed(claimed.owner, ganglion_);
  claimed.block_bytes = shape.grains * NB_ARENA_GRAIN_BYTES;
  claimed.block_count = shape.count;
  claimed.data_grain = index * NB_CHUNK_GRAINS + shape.data_grain;
  claimed.run_chunks = 0;
  store_relaxed(claimed.allocated, 0u);
  store_relaxed(claimed.released, 0u);
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
  for (uint32_t i = 0; i < geometry(index, size_class).count; i++) {
    const uint32_t generation = static_cast<uint32_t>(load_relaxed(blocks[i].use) >> 32);
    highest = generation > highest ? generation : highest;
  }
  owned.generation_floor = highest;
  if (current_[size_class].chunk == index) current_[size_class] = {};
  if (index < claim_cursor_) claim_cursor_ = index;
  store_release<uint32_t>(owned.state, NB_CHUNK_FREE);  // SYNC chunk-claim
}

uint32_t Arena::trim() {
  uint32_t given_back = 0;
  for (uint32_t index = first_chunk_; index < chunk_count_; index++) {
    uint32_t size_class;
    if (!owns(index, &size_class)) continue;
    nb_chunk& owned = chunk(index);
    if (owned.allocated != load_acquire(owned.released)) continue;  // SYNC arena-release
    give_back(index, size_class);
    given_back++;
  }
  return given_back;
}

void Arena::fill(uint32_t grain_index, uint32_t generation, uint32_t bytes, nb_arena_ref* ref, uint8_t** data) const {
  *ref = {grain_index, generation, bytes, ganglion_};
  *data = grain(grain_index);
}

// Runs come from the top and carved chunks from the bottom, so that each leaves the other contiguous room.
bool Arena::allocate_run(uint32_t bytes, nb_arena_ref* ref, uint8_t** data) {
  const uint64_t wanted = grains_for(bytes);
  uint64_t room = 0;
  uint32_t chunks = 0;
  for (uint32_t index = chunk_count_; index-- > first_chunk_;) {
    if (load_relaxed(chunk(index).state) != NB_CHUNK_FREE) {
      room = chunks = 0;
      continue;
    }
    room += NB_CHUNK_GRAINS - skew(index);
    chunks++;
    if (room < wanted) continue;
    if (!claim_run(index, chunks)) {
      room = chunks = 0;
      continue;
    }
    nb_chunk& first = chunk(index);
    const uint32_t generation = next_generation(first.generation_floor);
    const uint32_t data_grain = index * NB_CHUNK_GRAINS + skew(index);
    store_relaxed(first.owner, ganglion_);
    first.block_bytes = static_cast<uint32_t>(room * NB_ARENA_GRAIN_BYTES < UINT32_MAX ? room * NB_ARENA_GRAIN_BYTES : UINT32_MAX);
    first.block_count = 1;
    first.data_grain = data_grain;
    store_relaxed(first.run_chunks, chunks);
    store_relaxed(first.run_block.length, bytes);
    store_relaxed(first.run_block.use, uint64_t{generation} << 32 | 1);
    store_release<uint32_t>(first.state, NB_CHUNK_RUN);  // SYNC chunk-claim
    fill(data_grain, generation, bytes, ref, data);
    return true;
  }
  return false;
}

// All or none: another ganglion may take one of them meanwhile.
bool Arena::claim_run(uint32_t first, uint32_t chunks) {
  for (uint32_t index = first; index < first + chunks; index++) {
    uint32_t expected = NB_CHUNK_FREE;
    if (shared(chunk(index).state)  // SYNC chunk-claim
            .compare_exchange_strong(expected, NB_CHUNK_TAIL, std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    while (index-- > first) store_release<uint32_t>(chunk(index).state, NB_CHUNK_FREE);  // SYNC chunk-claim
    return false;
  }
  return true;
}

}  // namespace neuronbus
