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

// Counts latencies into the histogram of `owner`. Latencies in a row are mostly alike, so what is counted last stays here
// until another bucket is due, or until the end.
class LatencyTally {
 public:
  explicit LatencyTally(nb_ganglion& owner) : owner_(owner), max_(owner.latency_max_ns) {}
  ~LatencyTally() {
    flush();
    owner_.latency_count += total_;
    owner_.latency_max_ns = max_;
  }
  LatencyTally(const LatencyTally&) = delete;
  LatencyTally& operator=(const LatencyTally&) = delete;

  // A negative one, from clocks of different cores, counts as 0.
  void add(int64_t latency_ns) {
    const uint64_t latency = latency_ns > 0 ? static_cast<uint64_t>(latency_ns) : 0;
    const uint32_t bucket = histogram_bucket(latency);
    if (bucket != bucket_) {
      flush();
      bucket_ = bucket;
    }
    count_++;
    if (latency > max_) max_ = latency;
  }

 private:
  void flush() {
    owner_.latency[bucket_] += count_;
    total_ += count_;
    count_ = 0;
  }

  nb_ganglion& owner_;
  uint64_t max_;
  uint64_t count_ = 0;
  uint64_t total_ = 0;
  uint32_t bucket_ = 0;
};

}  // namespace neuronbus
