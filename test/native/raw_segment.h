// SPDX-License-Identifier: MIT
//
// A segment in ordinary memory of exactly its size, so that sanitizers see an access beyond it. For tests; one thread.
#pragma once

#include <vector>

#include "harness.h"
#include "native/core/segment.h"

namespace nbtest {

struct RawSegment {
  explicit RawSegment(const neuronbus::SegmentOptions& options) {
    size_t bytes = 0;
    CHECK_EQ(neuronbus::Segment::size(options, &bytes), NB_OK);
    memory.assign(bytes / NB_PAGE_BYTES, {});
    auto* base = reinterpret_cast<uint8_t*>(memory.data());
    CHECK_EQ(neuronbus::Segment::format(base, bytes, options, 0), NB_OK);
    CHECK_EQ(neuronbus::Segment::attach(base, bytes, &segment), NB_OK);
  }

  struct alignas(NB_PAGE_BYTES) Page {
    uint8_t bytes[NB_PAGE_BYTES];
  };
  std::vector<Page> memory;
  neuronbus::Segment segment;
};

}  // namespace nbtest
