// SPDX-License-Identifier: MIT
//
// Spikes that tell their position and whether they are whole, and axons that begin anywhere. For the axon's tests; the
// functions are pure or set up memory that nobody else knows yet.
#pragma once

#include <cstdint>
#include <cstring>

#include "native/core/axon.h"
#include "owned_segment.h"

namespace nbtest {

inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// All 64 bytes follow from the number: any two words of different spikes give the mixture away.
inline nb_spike numbered_spike(uint64_t number) {
  nb_spike spike;
  uint64_t words[8] = {number};
  for (uint64_t i = 1; i < 8; i++) words[i] = mix(number * 8 + i);
  std::memcpy(&spike, words, sizeof spike);
  return spike;
}

inline bool is_whole(const nb_spike& spike) {
  const nb_spike expected = numbered_spike(spike.timestamp_ns);
  return std::memcmp(&spike, &expected, sizeof spike) == 0;
}

// Lets an axon that nobody opened yet begin at any position.
inline void begin_at(const neuronbus::Segment& segment, uint64_t position) {
  nb_axon& axon = segment.axon(0);
  axon.head = axon.intent = axon.tail = static_cast<uint32_t>(position);
  axon.head_high = axon.intent_high = static_cast<uint32_t>(position >> 31);
}

constexpr uint64_t kTwo31 = uint64_t{1} << 31;
constexpr uint64_t kTwo32 = uint64_t{1} << 32;

inline const char* mode_name(uint32_t mode) {
  constexpr const char* kNames[] = {"drop-newest", "drop-oldest", "fail", "block", "sample"};
  return kNames[mode];
}

}  // namespace nbtest
