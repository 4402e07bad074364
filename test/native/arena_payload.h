// SPDX-License-Identifier: MIT
//
// Recognisable block contents for the arena's tests. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <cstring>

#include "neuronbus/layout.h"

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

}  // namespace nbtest
