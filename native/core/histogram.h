// SPDX-License-Identifier: MIT
//
// Log-linear latency histogram in shared memory: 16 linear buckets per power of two, relative error at most 1/16.
//
// Written by the owner of the ganglion, read by anybody. lib/bus/stats.ts reads quantiles from the same buckets.
#pragma once

#include <algorithm>
#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

inline uint32_t floor_log2(uint64_t value) {
#if defined(__GNUC__) || defined(__clang__)
  return 63 ^ static_cast<uint32_t>(__builtin_clzll(value));  // as 63 - it, in one instruction on x86-64
#else
  uint32_t result = 0;
  while (value >>= 1) result++;
  return result;
#endif
}

inline uint32_t histogram_bucket(uint64_t value) {
  constexpr uint64_t kLinear = uint64_t{1} << NB_HISTOGRAM_SUB_BITS;  // values below it have a bucket each
  const uint32_t shift = floor_log2(value | kLinear) - NB_HISTOGRAM_SUB_BITS;
  return (shift << NB_HISTOGRAM_SUB_BITS) + static_cast<uint32_t>(value >> shift);
}

// Counts latencies into the histogram of `owner`. No branch depends on them: within a batch they move on from bucket to
// bucket, and a wrong guess at each step would cost more than all the rest.
class LatencyTally {
 public:
  explicit LatencyTally(nb_ganglion& owner) : owner_(owner), max_(owner.latency_max_ns) {}
  ~LatencyTally() {
    owner_.latency_count += count_;
    owner_.latency_max_ns = max_;
  }
  LatencyTally(const LatencyTally&) = delete;
  LatencyTally& operator=(const LatencyTally&) = delete;

  // A negative one, from clocks of different cores, counts as 0.
  void add(int64_t latency_ns) {
    const uint64_t latency = static_cast<uint64_t>(std::max<int64_t>(latency_ns, 0));
    owner_.latency[histogram_bucket(latency)]++;
    max_ = std::max(max_, latency);
    count_++;
  }

 private:
  nb_ganglion& owner_;
  uint64_t max_;
  uint64_t count_ = 0;
};

}  // namespace neuronbus
