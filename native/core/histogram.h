// SPDX-License-Identifier: MIT
//
// Log-linear latency histogram in shared memory: 16 linear buckets per power of two, relative error at most 1/16.
//
// Written by the owner of the ganglion, read by anybody. lib/bus/stats.ts reads quantiles from the same buckets.
#pragma once

#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

inline uint32_t floor_log2(uint64_t value) {
#if defined(__GNUC__) || defined(__clang__)
  return 63 - static_cast<uint32_t>(__builtin_clzll(value));
#else
  uint32_t result = 0;
  while (value >>= 1) result++;
  return result;
#endif
}

inline uint32_t histogram_bucket(uint64_t value) {
  if (value < (1u << NB_HISTOGRAM_SUB_BITS)) return static_cast<uint32_t>(value);
  const uint32_t shift = floor_log2(value) - NB_HISTOGRAM_SUB_BITS;
  return ((shift + 1) << NB_HISTOGRAM_SUB_BITS) + static_cast<uint32_t>((value >> shift) & 15);
}

}  // namespace neuronbus
