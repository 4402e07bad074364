// SPDX-License-Identifier: MIT
//
// Recognisable block contents for the arena's tests, and short ways to do what they all do. Any thread that may use the
// arena it passes.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "harness.h"
#include "native/core/arena.h"
#include "owned_segment.h"

namespace nbtest {

// Fills the whole block with what follows from its reference, which no two live blocks share.
inline uint64_t payload_seed(const nb_arena_ref& ref) {
  return (uint64_t{ref.grain} << 32 | ref.generation) * 0x9E3779B97F4A7C15u;
}

inline void fill_payload(uint8_t* data, const nb_arena_ref& ref) {
  const uint64_t seed = payload_seed(ref);
  uint32_t i = 0;
  for (; i + 8 <= ref.length; i += 8) {
    const uint64_t word = seed ^ (uint64_t{i} * 0xD1B54A32D192ED03u);
    std::memcpy(data + i, &word, 8);
  }
  for (; i < ref.length; i++) data[i] = static_cast<uint8_t>(seed >> (i % 8 * 8));
}

inline bool payload_intact(const uint8_t* data, const nb_arena_ref& ref) {
  const uint64_t seed = payload_seed(ref);
  uint32_t i = 0;
  for (; i + 8 <= ref.length; i += 8) {
    uint64_t word;
    std::memcpy(&word, data + i, 8);
    if (word != (seed ^ (uint64_t{i} * 0xD1B54A32D192ED03u))) return false;
  }
  for (; i < ref.length; i++) {
    if (data[i] != static_cast<uint8_t>(seed >> (i % 8 * 8))) return false;
  }
  return true;
}

// Allocates and fills.
inline nb_status allocate(neuronbus::Arena& arena, uint32_t bytes, nb_arena_ref* ref) {
  uint8_t* data = nullptr;
  const nb_status status = arena.allocate(bytes, ref, &data);
  if (status == NB_OK) fill_payload(data, *ref);
  return status;
}

inline bool readable(const neuronbus::ArenaView& arena, const nb_arena_ref& ref) {
  const uint8_t* data = nullptr;
  uint32_t length = 0;
  if (arena.read(ref, &data, &length) != NB_OK) return false;
  return CHECK_EQ(length, ref.length) && CHECK(payload_intact(data, ref));
}

// Fills the arena with blocks of one size and says how many there were room for.
inline std::vector<nb_arena_ref> exhaust(neuronbus::Arena& arena, uint32_t bytes) {
  std::vector<nb_arena_ref> refs;
  nb_arena_ref ref;
  while (allocate(arena, bytes, &ref) == NB_OK) refs.push_back(ref);
  return refs;
}

inline void release_all(neuronbus::ArenaView& arena, const std::vector<nb_arena_ref>& refs) {
  for (const nb_arena_ref& ref : refs) CHECK_EQ(arena.release(ref), NB_OK);
}

}  // namespace nbtest
