// SPDX-License-Identifier: MIT
//
// What pre-spikes deliver when they arrive. One thread works on a block.
#include <algorithm>
#include <cstring>

#include "projection.h"

namespace neuronbus::population {
namespace {

inline void prefetch(const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at);
#else
  (void)at;
#endif
}

}  // namespace

void Projection::deliver(uint32_t thread, Step now, FiredList* fired) {
  for (Group& group : groups) {
    if (now < group.delay) continue;
    fired->look(*pre, now, group.delay);
    const uint32_t* const list = fired->neurons.data();
    const uint32_t count = fired->count;
    if (count == 0) continue;
    for (Block& block : group.blocks) {
      if (post->shards[block.shard].thread != thread) continue;
      if (!plastic() || !learning) {
        deliver_static(block, list, count);
      } else {
        deliver_learning(block, thread, group, now, list, count);
      }
    }
    if (plastic()) remember(group, thread, now, list, count);
  }
}

// Rows are far apart: the place of a row is asked for well before its synapses, and these well before they are used.
template <typename Row>
void Projection::each_sparse_row(const Block& block, const uint32_t* list, uint32_t count, const Row& visit) {
  constexpr uint32_t kPlaceAhead = 24;
  constexpr uint32_t kRowAhead = 10;
  const uint32_t* const start = block.start.data();
  const uint16_t* const index = block.index.data();
  const float* const weight = block.weight.empty() ? nullptr : block.weight.data();
  for (uint32_t i = 0; i < count; i++) {
    if (i + kPlaceAhead < count) prefetch(start + list[i + kPlaceAhead]);
    if (i + kRowAhead < count) {
      const uint32_t row = list[i + kRowAhead];
      const uint32_t begin = start[row];
      prefetch(index + begin);
      prefetch(index + start[row + 1]);
      if (weight != nullptr) {
        prefetch(weight + begin);
        prefetch(weight + start[row + 1]);
      }
    }
    visit(list[i], start[list[i]], start[list[i] + 1]);
  }
}

// Rows of a few synapses are put one behind another first, in pieces of a fixed size, because a loop over each would end somewhere
// else every time, which no processor foresees. What is copied too much is overwritten by the next row.
template <typename Deliver>
void Projection::each_short_row(const Block& block, const uint32_t* list, uint32_t count, const Deliver& deliver) {
  constexpr uint32_t kRoom = 4096;
  uint16_t index[kRoom + kRowPadding];
  float weight[kRoom + kRowPadding];
  const uint16_t* const from_index = block.index.data();
  const float* const from_weight = block.weight.empty() ? nullptr : block.weight.data();
  uint32_t held = 0;
  each_sparse_row(block, list, count, [&](uint32_t, uint32_t begin, uint32_t end) {
    while (begin < end) {
      std::memcpy(index + held, from_index + begin, kRowPadding * sizeof(uint16_t));
      if (from_weight != nullptr) std::memcpy(weight + held, from_weight + begin, kRowPadding * sizeof(float));
      const uint32_t taken = std::min(end - begin, kRowPadding);
      begin += taken;
      held += taken;
      if (held <= kRoom - kRowPadding) continue;
      deliver(index, weight, held);
      held = 0;
    }
  });
  deliver(index, weight, held);
}

void Projection::deliver_static(const Block& block, const uint32_t* list, uint32_t count) {
  double* const excitatory = post->excitatory.data() + block.first;
  double* const inhibitory = post->inhibitory.data() + block.first;
  double* const target = feed_ == Feed::kInhibitory ? inhibitory : excitatory;
  const Scales scales = scales_onto(block.shard);
  const double scale = feed_ == Feed::kInhibitory ? scales.inhibitory : scales.excitatory;
  const auto by_sign = [&](float weight, uint32_t to) {
    weight < 0 ? inhibitory[to] += weight * scales.inhibitory : excitatory[to] += weight * scales.excitatory;
  };
  if (block.dense()) {
    const Kernels& run = kernels();
    const size_t stride = block.weight.size() == block.stride ? 0 : block.stride;
    for (uint32_t i = 0; i < count; i++) {
      const float* const weights = block.weight.data() + list[i] * stride;
      if (feed_ != Feed::kBySign) {
        run.dense({weights, target, scale, block.stride});
      } else {
        for (uint32_t j = 0; j < block.count; j++) by_sign(weights[j], j);
      }
    }
    return;
  }
  const double added = constant_ * scale;  // one constant has one sign
  const auto deliver = [&](const uint16_t* index, const float* weights, uint32_t length) {
    if (block.weight.empty()) {
      for (uint32_t k = 0; k < length; k++) target[index[k]] += added;
    } else if (feed_ != Feed::kBySign) {
      for (uint32_t k = 0; k < length; k++) target[index[k]] += weights[k] * scale;
    } else {
      for (uint32_t k = 0; k < length; k++) by_sign(weights[k], index[k]);
    }
  };
  if (block.index.size() < size_t{pre->size} * 2 * kRowPadding) return each_short_row(block, list, count, deliver);
  each_sparse_row(block, list, count, [&](uint32_t, uint32_t begin, uint32_t end) {
    deliver(block.index.data() + begin, block.weight.data() + begin, end - begin);
  });
}

}  // namespace neuronbus::population
