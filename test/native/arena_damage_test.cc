// SPDX-License-Identifier: MIT
//
// References that nobody gave out and headers that nobody of this library wrote: errors, never an address outside.
#include <cstring>
#include <vector>

#include "arena_fixture.h"

using namespace neuronbus;
using nbtest::allocate;
using nbtest::exhaust;

NB_TEST("arena: of all grains only the first of a live block makes a reference") {
  for (uint32_t size_class = 0; size_class < kBlockClasses; size_class++) {
    OwnedSegment segment(arena_options(4));
    Arena arena(*segment, 0);
    const std::vector<nb_arena_ref> refs = exhaust(arena, kBlockGrains[size_class] * NB_ARENA_GRAIN_BYTES);
    CHECK_EQ(refs.size(), 3u * kGeometries[size_class].count);
    size_t accepted = 0;
    for (uint32_t grain = 0; grain < 5 * NB_CHUNK_GRAINS; grain++) {
      nb_arena_ref ref = refs[0];
      ref.grain = grain;
      const uint8_t* data;
      uint32_t length;
      if (arena.read(ref, &data, &length) == NB_OK) accepted++;
    }
    CHECK_EQ(accepted, refs.size());
  }
}

NB_TEST("arena: a payload cannot pass for the record of a block that does not exist") {
  for (uint32_t size_class = 0; size_class < kBlockClasses; size_class++) {
    const BlockGeometry& shape = kGeometries[size_class];
    const uint32_t behind = shape.data_grain + shape.count * shape.grains;  // where a block more would lie
    if (behind >= NB_CHUNK_GRAINS || shape.count % kRecordsPerGrain != 0) continue;
    OwnedSegment segment(arena_options(2));
    Arena arena(*segment, 0);
    nb_arena_ref ref;
    uint8_t* data;
    CHECK_EQ(arena.allocate(shape.grains * NB_ARENA_GRAIN_BYTES, &ref, &data), NB_OK);
    const nb_block forged = {uint64_t{ref.generation} << 32 | 1, ref.length, 0};
    std::memcpy(data, &forged, sizeof forged);  // block 0 follows the last record
    ref.grain = NB_CHUNK_GRAINS + behind;
    const uint8_t* read;
    uint32_t length;
    CHECK_EQ(arena.read(ref, &read, &length), NB_ERR_STALE_REFERENCE);
    CHECK_EQ(arena.release(ref), NB_ERR_STALE_REFERENCE);
  }
}

NB_TEST("arena: a damaged length of a block or a run does not reach beyond it") {
  OwnedSegment segment(arena_options(20));
  Arena arena(*segment, 0);
  const uint8_t* data;
  uint32_t length;
  nb_arena_ref block, run;
  CHECK_EQ(allocate(arena, 1000, &block), NB_OK);
  CHECK_EQ(allocate(arena, 10000, &run), NB_OK);
  auto* headers = reinterpret_cast<nb_chunk*>(segment->arena());
  for (const uint32_t damage : {uint32_t{12289}, uint32_t{1} << 20, UINT32_MAX}) {
    auto* records = reinterpret_cast<nb_block*>(segment->arena() + NB_ARENA_CHUNK_BYTES);
    records[0].length = block.length = damage;
    CHECK_EQ(arena.read(block, &data, &length), NB_ERR_STALE_REFERENCE);
    nb_chunk& header = headers[run.grain / NB_CHUNK_GRAINS];
    header.run_block.length = run.length = damage;
    header.run_chunks = 3;
    CHECK_EQ(arena.read(run, &data, &length), NB_ERR_STALE_REFERENCE);
    header.run_chunks = UINT32_MAX;
    CHECK_EQ(arena.read(run, &data, &length), NB_ERR_STALE_REFERENCE);
    CHECK_EQ(arena.release(run), NB_ERR_STALE_REFERENCE);
  }
}

NB_TEST("arena: no reference made of random numbers and no damaged header leads outside the arena") {
  nbtest::Random random = nbtest::random_for_test();
  constexpr uint32_t kChunks = 20;
  OwnedSegment segment(arena_options(kChunks));
  Arena arena(*segment, 0);
  exhaust(arena, 600);
  const uint8_t* begin = segment->arena();
  const uint8_t* end = begin + kChunks * NB_ARENA_CHUNK_BYTES;
  for (uint64_t round = 0; round < nbtest::scaled(300'000); round++) {
    if (round % 16 == 0) {
      auto* header = reinterpret_cast<uint32_t*>(segment->arena() + random.below(kChunks) * sizeof(nb_chunk));
      const uint64_t small = random.below(8) | random.below(kBlockClasses + 2) << 8;
      header[random.below(16)] = static_cast<uint32_t>(random.chance(2) ? small : random.next());
    }
    nb_arena_ref ref;
    ref.grain = static_cast<uint32_t>(random.chance(4) ? random.next() : random.below(kChunks * NB_CHUNK_GRAINS + 10));
    ref.generation = static_cast<uint32_t>(random.below(4));
    ref.length = static_cast<uint32_t>(random.chance(2) ? 600 : random.next());
    ref.owner = static_cast<uint32_t>(random.below(2));
    const uint8_t* data = nullptr;
    uint32_t length = 0;
    if (arena.read(ref, &data, &length) == NB_OK) CHECK(data >= begin && data + length <= end);
    arena.retain(ref);
    arena.release(ref);
    uint8_t* fresh = nullptr;
    const auto bytes = static_cast<uint32_t>(random.below(100'000));
    if (arena.allocate(bytes, &ref, &fresh) == NB_OK && CHECK(fresh >= begin && fresh + bytes <= end)) arena.release(ref);
  }
}
