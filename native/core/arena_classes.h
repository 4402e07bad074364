// SPDX-License-Identifier: MIT
//
// Size classes of the arena: how a chunk of 1024 grains is carved into equal blocks. Pure functions, any thread.
//
// Sizes in grains of 64 bytes. Up to half a chunk a block is at most a third larger than the next smaller class (a half
// for the last class), so that much is wasted at most inside a block, besides rounding up to a grain. From 4 KiB up the
// sizes are what divides a chunk without a rest. Above half a chunk a block is a run of whole chunks.
#pragma once

#include <array>
#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

constexpr std::array<uint16_t, 29> kBlockGrains = {1,  2,  3,  4,  5,  6,  7,  8,   10,  12,  14,  16,  20,  24, 28,
                                                   32, 40, 48, 56, 68, 85, 102, 127, 146, 170, 204, 255, 341, 511};
constexpr uint32_t kBlockClasses = static_cast<uint32_t>(kBlockGrains.size());
constexpr uint32_t kLargestBlockGrains = kBlockGrains[kBlockClasses - 1];
constexpr uint32_t kRecordsPerGrain = NB_ARENA_GRAIN_BYTES / sizeof(nb_block);

struct BlockGeometry {
  uint32_t grains = 0;      // of a block
  uint32_t count = 0;       // blocks in the chunk; 0 when the headers leave no room for one
  uint32_t data_grain = 0;  // first grain of block 0, from the beginning of the chunk
  uint32_t reciprocal = 0;  // 2^20 / grains, rounded up

  // Of a grain counted from data_grain; exact below 1024.
  constexpr uint32_t index_of(uint32_t offset) const { return (offset * reciprocal) >> 20; }
};

using ChunkGeometries = std::array<BlockGeometry, kBlockClasses>;

// How a chunk is carved for each class, when chunk headers take its first `skew` grains.
constexpr ChunkGeometries chunk_geometries(uint32_t skew) {
  ChunkGeometries all{};
  const uint32_t room = NB_CHUNK_GRAINS - skew;
  for (uint32_t size_class = 0; size_class < kBlockClasses; size_class++) {
    const uint32_t grains = kBlockGrains[size_class];
    uint32_t count = room / grains;
    while (count * grains + (count + kRecordsPerGrain - 1) / kRecordsPerGrain > room) count--;
    BlockGeometry& geometry = all[size_class];
    geometry.grains = grains;
    geometry.count = count;
    geometry.data_grain = skew + (count + kRecordsPerGrain - 1) / kRecordsPerGrain;
    geometry.reciprocal = ((1u << 20) + grains - 1) / grains;
  }
  return all;
}

inline constexpr ChunkGeometries kGeometries = chunk_geometries(0);

namespace detail {

constexpr std::array<uint8_t, kLargestBlockGrains + 1> class_table() {
  std::array<uint8_t, kLargestBlockGrains + 1> table{};
  uint8_t size_class = 0;
  for (uint32_t grains = 0; grains <= kLargestBlockGrains; grains++) {
    while (kBlockGrains[size_class] < grains) size_class++;
    table[grains] = size_class;
  }
  return table;
}

inline constexpr std::array<uint8_t, kLargestBlockGrains + 1> kClassOfGrains = class_table();

}  // namespace detail

// The smallest class that holds this many grains, which must be at most kLargestBlockGrains.
constexpr uint32_t class_of_grains(uint32_t grains) { return detail::kClassOfGrains[grains]; }

constexpr uint32_t grains_for(uint32_t bytes) {
  return bytes / NB_ARENA_GRAIN_BYTES + (bytes % NB_ARENA_GRAIN_BYTES != 0 || bytes == 0 ? 1 : 0);
}

}  // namespace neuronbus
