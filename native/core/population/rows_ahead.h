// SPDX-License-Identifier: MIT
//
// What a walk along rows asks the memory for before it is there. For the thread that owns the block.
#pragma once

#include <algorithm>

#include "block.h"
#include "plasticity.h"

namespace neuronbus::population {

// GCC takes a function that does nothing but prefetch for one without effect, and leaves out a call that it has not inlined.
#if defined(__GNUC__)
#define NB_PREFETCHING __attribute__((always_inline)) inline
#else
#define NB_PREFETCHING inline
#endif

NB_PREFETCHING void prefetch(const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at);
#else
  (void)at;
#endif
}

// Rows are far apart: the place of a row is asked for well before its synapses, and these well before they are used.
class RowsAhead {
 public:
  // For the rows of a list, of which `pieces` from the s-th on are going to be read, and the traces of their pre-neurons if they learn.
  RowsAhead(const Block& block, uint32_t s, uint32_t pieces, const uint32_t* list, uint32_t count, const PreTrace* traces = nullptr)
      : start_(block.start.look()), shards_(block.shards), s_(s), pieces_(pieces), list_(list), count_(count), traces_(traces) {
    index_ = block.index.data();
    weight_ = block.weight.empty() ? nullptr : block.weight.data();
  }

  // While the i-th row of the list is worked on.
  NB_PREFETCHING void ask(uint32_t i) const {
    if (start_.table != nullptr && i + kPlaceAhead < count_) prefetch(start_.table + first_piece(i + kPlaceAhead));
    if (i + kRowAhead >= count_) return;
    if (traces_ != nullptr) prefetch(traces_ + list_[i + kRowAhead]);
    const size_t piece = first_piece(i + kRowAhead);
    const uint32_t begin = start_[piece];
    const uint32_t end = start_[piece + pieces_];
    lines(index_ + begin, index_ + end, kIndexLines);
    if (weight_ != nullptr) lines(weight_ + begin, weight_ + end, 2 * kIndexLines);
  }

 private:
  static constexpr uint32_t kPlaceAhead = 16;
  static constexpr uint32_t kRowAhead = 6;
  static constexpr uint32_t kIndexLines = 8;

  size_t first_piece(uint32_t i) const { return list_[i] * shards_ + s_; }

  // The first lines of an array. Of a long one the processor sees for itself how it goes on.
  template <typename T>
  static NB_PREFETCHING void lines(const T* begin, const T* end, uint32_t most) {
    constexpr size_t kLine = kColumnAlignment / sizeof(T);
    for (; begin < end && most > 0; begin += kLine, most--) prefetch(begin);
    prefetch(end);
  }

  RowStarts::Look start_;
  size_t shards_;
  uint32_t s_, pieces_;
  const uint32_t* list_;
  uint32_t count_;
  const PreTrace* traces_;
  const uint16_t* index_;
  const float* weight_;
};

// The same of all-to-all rows, whose synapses are first read where post-spikes were, here and there.
class DenseRowsAhead {
 public:
  DenseRowsAhead(const Block& block, const uint32_t* list, uint32_t count)
      : weight_(block.weight.data()), stride_(block.stride), asked_(std::min(block.stride, kMost)), list_(list), count_(count) {}

  NB_PREFETCHING void ask(uint32_t i) const {
    if (i + 1 >= count_) return;
    const float* const row = weight_ + list_[i + 1] * stride_;
    for (uint32_t k = 0; k < asked_; k += kColumnAlignment / sizeof(float)) prefetch(row + k);
  }

 private:
  static constexpr uint32_t kMost = 4096;  // synapses: half of a common nearest cache

  const float* weight_;
  size_t stride_;
  uint32_t asked_;
  const uint32_t* list_;
  uint32_t count_;
};

}  // namespace neuronbus::population
