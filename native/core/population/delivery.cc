// SPDX-License-Identifier: MIT
//
// What pre-spikes deliver when they arrive. One thread works on a block.
#include <algorithm>
#include <cstring>

#include "projection.h"
#include "rows_ahead.h"

namespace neuronbus::population {

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

namespace {

// deliver(index, weights, how many, first post) for what is to be delivered, row after row.
template <typename Deliver>
void each_row(const Block& block, const uint32_t* list, uint32_t count, const Deliver& deliver) {
  const RowStarts::Look start = block.start.look();
  const RowsAhead ahead(block, 0, block.shards, list, count);
  const uint16_t* const index = block.index.data();
  const float* const weight = block.weight.data();
  for (uint32_t i = 0; i < count; i++) {
    ahead.ask(i);
    size_t piece = size_t{list[i]} * block.shards;
    uint32_t begin = start[piece];
    for (uint32_t first = 0; first < block.count; first += block.shard_posts) {
      const uint32_t end = start[++piece];
      deliver(index + begin, weight == nullptr ? nullptr : weight + begin, end - begin, first);
      begin = end;
    }
  }
}

// The same for one shard. Rows of a few synapses are put one behind another first, in pieces of a fixed size, because a loop over each
// would end somewhere else every time, which no processor foresees. What is copied too much is overwritten by the next row.
template <typename Deliver>
void each_short_row(const Block& block, const uint32_t* list, uint32_t count, const Deliver& deliver) {
  constexpr uint32_t kRoom = 4096;
  uint16_t index[kRoom + kRowPadding];
  float weight[kRoom + kRowPadding];
  const uint16_t* const from_index = block.index.data();
  const float* const from_weight = block.weight.empty() ? nullptr : block.weight.data();
  const RowStarts::Look start = block.start.look();
  const RowsAhead ahead(block, 0, 1, list, count);
  uint32_t held = 0;
  for (uint32_t i = 0; i < count; i++) {
    ahead.ask(i);
    const uint32_t end = start[list[i] + size_t{1}];
    for (uint32_t begin = start[list[i]]; begin < end;) {
      std::memcpy(index + held, from_index + begin, kRowPadding * sizeof(uint16_t));
      if (from_weight != nullptr) std::memcpy(weight + held, from_weight + begin, kRowPadding * sizeof(float));
      const uint32_t taken = std::min(end - begin, kRowPadding);
      begin += taken;
      held += taken;
      if (held <= kRoom - kRowPadding) continue;
      deliver(index, weight, held, 0);
      held = 0;
    }
  }
  deliver(index, weight, held, 0);
}

}  // namespace

void Projection::deliver_static(const Block& block, const uint32_t* list, uint32_t count) {
  double* const excitatory = post->excitatory.data() + block.first;
  double* const inhibitory = post->inhibitory.data() + block.first;
  double* const target = feed_ == Feed::kInhibitory ? inhibitory : excitatory;
  const Scales scales = scales_onto(block.shard);
  const double scale = feed_ == Feed::kInhibitory ? scales.inhibitory : scales.excitatory;
  const auto by_sign = [=](float weight, uint32_t to) {
    weight < 0 ? inhibitory[to] += weight * scales.inhibitory : excitatory[to] += weight * scales.excitatory;
  };
  if (block.dense()) {
    const size_t stride = block.one_row() ? 0 : block.stride;
    if (feed_ == Feed::kBySign) {
      for (uint32_t i = 0; i < count; i++) {
        const float* const weights = block.weight.data() + list[i] * stride;
        for (uint32_t j = 0; j < block.count; j++) by_sign(weights[j], j);
      }
      return;
    }
    const Kernels& run = kernels();
    DenseRows some{{}, 0, target, scale, block.stride};
    for (uint32_t i = 0; i < count; i++) {
      some.weights[some.rows++] = block.weight.data() + list[i] * stride;
      if (some.rows < kRowsAtOnce && i + 1 < count) continue;
      run.dense(some);
      some.rows = 0;
    }
    return;
  }
  const auto with = [&](auto deliver) {
    const bool short_rows = block.shards == 1 && block.index.size() < size_t{pre->size} * 2 * kRowPadding;
    short_rows ? each_short_row(block, list, count, deliver) : each_row(block, list, count, deliver);
  };
  if (block.weight.empty()) {
    const double added = constant_ * scale;  // one constant has one sign
    with([=](const uint16_t* index, const float*, uint32_t length, uint32_t first) {
      for (uint32_t k = 0; k < length; k++) target[first + index[k]] += added;
    });
  } else if (feed_ != Feed::kBySign) {
    with([=](const uint16_t* index, const float* weights, uint32_t length, uint32_t first) {
      for (uint32_t k = 0; k < length; k++) target[first + index[k]] += weights[k] * scale;
    });
  } else {
    with([=](const uint16_t* index, const float* weights, uint32_t length, uint32_t first) {
      for (uint32_t k = 0; k < length; k++) by_sign(weights[k], first + index[k]);
    });
  }
}

}  // namespace neuronbus::population
