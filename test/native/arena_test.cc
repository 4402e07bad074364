// SPDX-License-Identifier: MIT
#include "native/core/arena.h"

#include <vector>

#include "arena_fixture.h"

using namespace neuronbus;
using nbtest::allocate;
using nbtest::exhaust;
using nbtest::readable;
using nbtest::release_all;

namespace {

// Chunks for payloads of so many KiB, and the one or more that hold the headers.
uint32_t chunks_for_kib(uint32_t kib) { return kib / 4 + 1 + kib / 256; }

}  // namespace

NB_TEST("arena: every class fits a chunk, and a block's number is found from any grain") {
  for (const BlockGeometry& shape : kGeometries) {
    CHECK_EQ(shape.data_grain, (shape.count + kRecordsPerGrain - 1) / kRecordsPerGrain);
    CHECK(shape.count >= 2);
    CHECK(shape.data_grain + shape.count * shape.grains <= NB_CHUNK_GRAINS);
    for (uint32_t offset = 0; offset < NB_CHUNK_GRAINS; offset++) CHECK_EQ(shape.index_of(offset), offset / shape.grains);
  }
}

NB_TEST("arena: a block wastes at most a third of itself, besides rounding to 64 bytes") {
  for (uint32_t bytes = 0; bytes <= kLargestBlockGrains * NB_ARENA_GRAIN_BYTES; bytes++) {
    const uint32_t grains = grains_for(bytes);
    const uint32_t block = kBlockGrains[kClassOfGrains[grains]];
    CHECK(grains * NB_ARENA_GRAIN_BYTES >= bytes && block >= grains);
    CHECK((block - grains) * 3 <= block);
  }
}

NB_TEST("arena: bytes come back until the last reference is released") {
  OwnedSegment segment(arena_options(chunks_for_kib(128)));
  Arena arena(*segment, 0);
  nb_arena_ref ref;
  for (const uint32_t bytes : {0u, 1u, 47u, 64u, 65u, 1984u, 1985u, 4096u, 4097u, 65536u, 80000u}) {
    if (!CHECK_EQ(allocate(arena, bytes, &ref), NB_OK)) continue;
    CHECK_EQ(ref.length, bytes);
    CHECK(readable(arena, ref));
    CHECK_EQ(arena.retain(ref, 2), NB_OK);
    for (int i = 0; i < 3; i++) {
      CHECK(readable(arena, ref));
      CHECK_EQ(arena.release(ref), NB_OK);
    }
    CHECK(!readable(arena, ref));
    CHECK_EQ(arena.release(ref), NB_ERR_STALE_REFERENCE);
    CHECK_EQ(arena.retain(ref), NB_ERR_STALE_REFERENCE);
  }
  CHECK_EQ(arena.stats().live_blocks, 0u);
}

NB_TEST("arena: a block at the largest count of references refuses more") {
  OwnedSegment segment(arena_options(2));
  Arena arena(*segment, 0);
  nb_arena_ref ref;
  CHECK_EQ(allocate(arena, 100, &ref), NB_OK);
  CHECK_EQ(arena.retain(ref, NB_BLOCK_COUNT_MASK - 1), NB_OK);
  CHECK_EQ(arena.retain(ref), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(arena.release(ref), NB_OK);
  CHECK(readable(arena, ref));
}

NB_TEST("arena: a double release never frees the block's next owner") {
  OwnedSegment segment(arena_options(2));
  Arena arena(*segment, 0);
  std::vector<nb_arena_ref> full = exhaust(arena, 1000);
  const nb_arena_ref old = full.back();
  full.pop_back();
  CHECK_EQ(arena.release(old), NB_OK);
  nb_arena_ref successor;
  CHECK_EQ(allocate(arena, 1000, &successor), NB_OK);
  CHECK_EQ(successor.grain, old.grain);
  CHECK_EQ(arena.release(old), NB_ERR_STALE_REFERENCE);
  CHECK(readable(arena, successor));
  release_all(arena, full);
}

NB_TEST("arena: full is an error that ends with the first release") {
  for (const uint32_t bytes : {1u, 64u, 500u, 1984u, 4096u, 20000u, 65536u, 100000u}) {
    OwnedSegment segment(arena_options(chunks_for_kib(256)));
    Arena arena(*segment, 0);
    std::vector<nb_arena_ref> refs = exhaust(arena, bytes);
    CHECK(refs.size() >= 1);
    nb_arena_ref ref;
    CHECK_EQ(allocate(arena, bytes, &ref), NB_ERR_ARENA_FULL);
    const size_t victim = refs.size() / 2;
    CHECK_EQ(arena.release(refs[victim]), NB_OK);
    CHECK_EQ(allocate(arena, bytes, &refs[victim]), NB_OK);
    for (const nb_arena_ref& one : refs) CHECK(readable(arena, one));
    const size_t count = refs.size();
    release_all(arena, refs);
    CHECK_EQ(exhaust(arena, bytes).size(), count);
  }
}

NB_TEST("arena: what can never fit is told apart from what does not fit now") {
  OwnedSegment segment(arena_options(chunks_for_kib(192)));
  Arena arena(*segment, 0);
  nb_arena_ref ref;
  const auto capacity = static_cast<uint32_t>(arena.stats().capacity_bytes);
  CHECK_EQ(capacity, 192u * 1024);
  CHECK_EQ(allocate(arena, capacity + 1, &ref), NB_ERR_TOO_LARGE);
  CHECK_EQ(allocate(arena, UINT32_MAX, &ref), NB_ERR_TOO_LARGE);
  if (CHECK_EQ(allocate(arena, capacity, &ref), NB_OK)) {
    CHECK(readable(arena, ref));
    nb_arena_ref other;
    CHECK_EQ(allocate(arena, 1, &other), NB_ERR_ARENA_FULL);
    CHECK_EQ(arena.release(ref), NB_OK);
  }
  CHECK_EQ(allocate(arena, 1, &ref), NB_OK);
}

NB_TEST("arena: without chunks everything is too large, without a ganglion nothing is allocated") {
  for (const uint32_t chunks : {0u, 1u}) {
    OwnedSegment none(arena_options(chunks));
    Arena nothing(*none, 0);
    nb_arena_ref ref{};
    CHECK_EQ(allocate(nothing, 0, &ref), NB_ERR_TOO_LARGE);
    CHECK_EQ(allocate(nothing, 5000, &ref), NB_ERR_TOO_LARGE);
    CHECK_EQ(nothing.release(ref), NB_ERR_STALE_REFERENCE);
  }
  OwnedSegment segment(arena_options(2));
  Arena foreign(*segment, NB_NONE);
  nb_arena_ref ref{};
  CHECK_EQ(allocate(foreign, 64, &ref), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(allocate(foreign, 4096, &ref), NB_ERR_INVALID_ARGUMENT);
}

NB_TEST("arena: references stay stale when their chunk is carved anew, also as a run and back") {
  OwnedSegment segment(arena_options(5));
  Arena arena(*segment, 0);
  std::vector<nb_arena_ref> stale;
  for (int round = 0; round < 20; round++) {
    for (const uint32_t bytes : {64u, 1000u, 4096u, 8000u, 1984u, 100u, 16384u}) {
      std::vector<nb_arena_ref> refs = exhaust(arena, bytes);
      CHECK(!refs.empty());
      for (const nb_arena_ref& old : stale) {
        const uint8_t* data;
        uint32_t length;
        CHECK_EQ(arena.read(old, &data, &length), NB_ERR_STALE_REFERENCE);
        CHECK_EQ(arena.release(old), NB_ERR_STALE_REFERENCE);
      }
      release_all(arena, refs);
      for (size_t i = 0; i < refs.size(); i += 1 + refs.size() / 8) stale.push_back(refs[i]);
    }
  }
}

NB_TEST("arena: a released payload makes room for every other size") {
  OwnedSegment segment(arena_options(chunks_for_kib(64)));
  Arena arena(*segment, 0);
  for (uint32_t bytes = 1; bytes < 65536; bytes += bytes / 7 + 1) {
    nb_arena_ref ref;
    if (!CHECK_EQ(allocate(arena, bytes, &ref), NB_OK)) return;
    CHECK_EQ(arena.release(ref), NB_OK);
  }
}

NB_TEST("arena: a small payload takes a larger block when nothing else is free") {
  OwnedSegment segment(arena_options(4));
  Arena arena(*segment, 0);
  std::vector<nb_arena_ref> large = exhaust(arena, 1900);
  CHECK_EQ(arena.release(large[3]), NB_OK);
  CHECK_EQ(allocate(arena, 50, &large[3]), NB_OK);
  CHECK(readable(arena, large[3]));
  nb_arena_ref ref;
  CHECK_EQ(allocate(arena, 50, &ref), NB_ERR_ARENA_FULL);
  release_all(arena, large);
}

NB_TEST("arena: trim gives other ganglia what one no longer uses") {
  OwnedSegment segment(arena_options(5));
  Arena first(*segment, 0);
  Arena second(*segment, 1);
  std::vector<nb_arena_ref> refs = exhaust(first, 1000);
  nb_arena_ref ref;
  CHECK_EQ(allocate(second, 1000, &ref), NB_ERR_ARENA_FULL);
  for (const nb_arena_ref& one : refs) CHECK_EQ(second.release(one), NB_OK);
  CHECK_EQ(first.stats().free_chunks, 0u);
  CHECK_EQ(first.trim(), 4u);
  CHECK_EQ(first.stats().free_chunks, 4u);
  CHECK_EQ(allocate(second, 1000, &ref), NB_OK);
  CHECK_EQ(ref.owner, 1u);
  CHECK_EQ(first.trim(), 0u);
}

NB_TEST("arena: a successor of the same ganglion finds the chunks of its predecessor") {
  OwnedSegment segment(arena_options(20));
  std::vector<nb_arena_ref> refs;
  {
    Arena arena(*segment, 0);
    refs = exhaust(arena, 1500);
  }
  Arena successor(*segment, 0);
  CHECK_EQ(successor.stats().live_blocks, refs.size());
  CHECK_EQ(successor.release(refs.back()), NB_OK);
  refs.pop_back();
  nb_arena_ref ref;
  CHECK_EQ(allocate(successor, 1500, &ref), NB_OK);
  release_all(successor, refs);
}

NB_TEST("arena: the headers of a large arena keep out of its blocks") {
  constexpr uint32_t kChunks = 40 * NB_CHUNK_GRAINS + 7;
  OwnedSegment segment(arena_options(kChunks));
  Arena arena(*segment, 0);
  CHECK_EQ(arena.stats().capacity_bytes, uint64_t{kChunks - 41} * NB_ARENA_CHUNK_BYTES);
  const std::vector<nb_arena_ref> refs = exhaust(arena, 3000);
  CHECK_EQ(refs.size(), kChunks - 41);
  for (const nb_arena_ref& ref : refs) CHECK(ref.grain >= kChunks && readable(arena, ref));
  release_all(arena, refs);
  CHECK_EQ(exhaust(arena, 600).size(), (kChunks - 41) * 6u);
}
