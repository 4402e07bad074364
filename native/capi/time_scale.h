// SPDX-License-Identifier: MIT
//
// How long answers take that an asker is used to, for native hosts: what time_scale.ts does for JavaScript, and says why. Called
// on the one thread that owns the ganglion.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "neuronbus/layout.h"

namespace neuronbus {

class TimeScale {
 public:
  // On the wire: the mean of the last answer times, rounded up; 0 = there was none.
  uint8_t byte() const { return byte_; }

  void answered(double delay_ns) {
    if (answers_ < kMemory) answers_++;
    double counted = std::max(1.0, delay_ns);
    if (answers_ > 1) counted = std::min(counted, kCut * mean_ns_);
    mean_ns_ += (counted - mean_ns_) / answers_;
    const auto mean = static_cast<float>(mean_ns_);
    uint32_t bits;
    std::memcpy(&bits, &mean, sizeof bits);
    const int64_t step = (int64_t{bits} - NB_MESSAGE_SCALE_BASE + (1 << NB_MESSAGE_SCALE_SHIFT) - 1) >> NB_MESSAGE_SCALE_SHIFT;
    byte_ = static_cast<uint8_t>(std::min<int64_t>(255, std::max<int64_t>(1, step)));
  }

 private:
  static constexpr int kMemory = 20;  // answers that the mean is of
  static constexpr double kCut = 8;   // an answer counts as so many times the mean at most

  double mean_ns_ = 0;
  int answers_ = 0;
  uint8_t byte_ = 0;
};

}  // namespace neuronbus
