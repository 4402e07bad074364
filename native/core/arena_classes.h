// SPDX-License-Identifier: MIT
//
// Size classes of the arena: how a chunk of 64 grains is carved into equal blocks. Pure functions, any thread.
//
// A chunk is small, 4 KiB, because a straggler of one size keeps the whole chunk from all others; in an arena of 1 MiB that
// matters more than the time to carve a chunk. The larger classes are what divides a chunk without a rest. A payload of
// more than half a chunk gets whole chunks, so it wastes less than one; below, a block wastes at most a third of itself,
// besides rounding to 64 bytes.
#pragma once

#include <array>
#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

constexpr std::array<uint16_t, 13> kBlockGrains = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 21, 31};
constexpr uint32_t kBlockClasses = static_cast<uint32_t>(kBlockGrains.size());
constexpr uint32_t kLargestBlockGrains = kBlockGrains[kBlockClasses - 1];
constexpr uint32_t kRecordsPerGrain = NB_ARENA_GRAIN_BYTES / sizeof(nb_block);

// Of a chunk that is carved for one class.
struct BlockGeometry {
  uint32_t grains = 0;      // of a block
  uint32_t count = 0;       // blocks in the chunk
  uint32_t data_grain = 0;  // first grain of block 0, from the beginning of the chunk
  uint32_t reciprocal = 0;  // 2^16 / grains, rounded up

  // The block that a grain counted from data_grain belongs to.
  constexpr uint32_t index_of(uint32_t offset) const { return (offset * reciprocal) >> 16; }
};

namespace detail {

constexpr std::array<BlockGeometry, kBlockClasses> geometries() {
  std::array<BlockGeometry, kBlockClasses> all{};
  for (uint32_t size_class = 0; size_class < kBlockClasses; size_class++) {
    const uint32_t grains = kBlockGrains[size_class];
    uint32_t count = NB_CHUNK_GRAINS / grains;
    while (count * grains + (count + kRecordsPerGrain - 1) / kRecordsPerGrain > NB_CHUNK_GRAINS) count--;
    BlockGeometry& geometry = all[size_class];
    geometry.grains = grains;
    geometry.count = count;
    geometry.data_grain = (count + kRecordsPerGrain - 1) / kRecordsPerGrain;
    geometry.reciprocal = ((1u << 16) + grains - 1) / grains;
  }
  return all;
}

constexpr std::array<uint8_t, kLargestBlockGrains + 1> class_table() {
  std::array<uint8_t, kLargestBlockGrains + 1> table{};
  uint8_t size_class = 0;
  for (uint32_t grains = 0; grains <= kLargestBlockGrains; grains++) {
    while (kBlockGrains[size_class] < grains) size_class++;
    table[grains] = size_class;
  }
  return table;
}

}  // namespace detail

inline constexpr std::array<BlockGeometry, kBlockClasses> kGeometries = detail::geometries();

// The smallest class that holds this many grains, by grains up to kLargestBlockGrains.
inline constexpr std::array<uint8_t, kLargestBlockGrains + 1> kClassOfGrains = detail::class_table();

constexpr uint32_t grains_for(uint32_t bytes) {
  return bytes / NB_ARENA_GRAIN_BYTES + (bytes % NB_ARENA_GRAIN_BYTES != 0 || bytes == 0 ? 1 : 0);
}

constexpr uint32_t chunks_for(uint32_t bytes) {
  return bytes / NB_ARENA_CHUNK_BYTES + (bytes % NB_ARENA_CHUNK_BYTES != 0 || bytes == 0 ? 1 : 0);
}

}  // namespace neuronbus
