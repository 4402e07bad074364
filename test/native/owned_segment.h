// SPDX-License-Identifier: MIT
//
// A segment in a mapping of its own, for tests and benchmarks. One thread creates and destroys it; its view may be used
// by all. The memory goes with the object, so everything that is open on it must be declared after it.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "native/core/mapping.h"
#include "native/core/segment.h"

namespace neuronbus {

class OwnedSegment {
 public:
  explicit OwnedSegment(const SegmentOptions& options) {
    size_t bytes = 0;
    require(Segment::size(options, &bytes));
    require(Mapping::create(bytes, &mapping_));
    require(Segment::format(mapping_->base(), bytes, options, 1));
    require(Segment::attach(mapping_->base(), bytes, &segment_));
  }
  // Takes over a reference to a mapping that holds one already.
  explicit OwnedSegment(Mapping* mapping) : mapping_(mapping) {
    require(Segment::attach(mapping_->base(), mapping_->bytes(), &segment_));
  }
  OwnedSegment(const OwnedSegment&) = delete;
  OwnedSegment& operator=(const OwnedSegment&) = delete;
  ~OwnedSegment() { mapping_->release(); }

  const Segment& operator*() const { return segment_; }
  const Segment* operator->() const { return &segment_; }
  Mapping* mapping() const { return mapping_; }
  size_t bytes() const { return mapping_->bytes(); }

 private:
  static void require(nb_status status) {
    if (status == NB_OK) return;
    std::fprintf(stderr, "cannot make a segment: nb_status %d\n", static_cast<int>(status));
    std::abort();
  }

  Mapping* mapping_ = nullptr;
  Segment segment_;
};

inline SegmentOptions axon_options(uint32_t capacity, uint32_t mode) {
  SegmentOptions options;
  options.max_axons = 1;
  options.axon_capacity = capacity;
  options.mode = mode;
  return options;
}

inline SegmentOptions arena_options(uint32_t chunks) {
  SegmentOptions options;
  options.arena_chunks = chunks;
  return options;
}

}  // namespace neuronbus
