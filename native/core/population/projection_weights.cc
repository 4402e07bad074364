// SPDX-License-Identifier: MIT
//
// Weights as a caller sets and changes them.
#include <algorithm>
#include <cmath>

#include "projection.h"

namespace neuronbus::population {

bool Projection::has_own_weights() const {
  if (plastic()) return true;
  for (const Group& group : groups) {
    for (const Block& block : group.blocks) {
      if (block.dense()) return !block.one_row() || pre->size == 1;
      if (!block.weight.empty()) return true;
    }
  }
  return false;
}

nb_status Projection::own_weights() {
  std::vector<Column<float>> made;
  for (Group& group : groups) {
    for (Block& block : group.blocks) {
      made.emplace_back();
      const size_t needed = block.dense() ? size_t{block.stride} * pre->size : block.index.size();
      if (block.weight.size() == needed) continue;
      if (!made.back().reserve(needed + kRowPadding) || !made.back().resize(needed)) return NB_ERR_NO_MEMORY;
      made.back().fill(constant_);
    }
  }
  size_t next = 0;
  for (Group& group : groups) {
    for (Block& block : group.blocks) {
      if (Column<float>& own = made[next++]; !own.empty()) block.weight = std::move(own);
    }
  }
  return NB_OK;
}

nb_status Projection::set_weights(const float* weights, uint64_t count, Step now) {
  if (count != synapses || (count > 0 && weights == nullptr)) return NB_ERR_INVALID_ARGUMENT;
  const float low = plastic() ? static_cast<float>(plasticity.weight_min) : -3e38f;
  const float high = plastic() ? static_cast<float>(plasticity.weight_max) : 3e38f;
  for (uint64_t i = 0; i < count; i++) {
    if (!(weights[i] >= low && weights[i] <= high)) return NB_ERR_INVALID_ARGUMENT;
  }
  if (nb_status status = own_weights(); status != NB_OK) return status;
  sync(now);
  each_synapse([&](const Block& block, size_t at, uint32_t, uint32_t, uint32_t) {
    const_cast<Block&>(block).weight[at] = *weights++;
  });
  choose_feed();
  return NB_OK;
}

// Whether all synapses feed the same input, which saves a decision for each.
void Projection::choose_feed() {
  inhibitory_scale_ = receptor == Receptor::kBySign && post->model == Model::kLifConductance ? -1 : 1;
  if (receptor != Receptor::kBySign) {
    feed_ = receptor == Receptor::kExcitatory ? Feed::kExcitatory : Feed::kInhibitory;
    post->inhibited = post->inhibited || feed_ == Feed::kInhibitory;
    return;
  }
  float low = constant_;
  float high = constant_;
  if (plastic()) {
    low = static_cast<float>(plasticity.weight_min);
    high = static_cast<float>(plasticity.weight_max);
  } else {
    bool first = true;
    for (const Group& group : groups) {
      for (const Block& block : group.blocks) {
        for (size_t i = 0; i < block.weight.size(); i++) {
          low = first ? block.weight[i] : std::min(low, block.weight[i]);
          high = first ? block.weight[i] : std::max(high, block.weight[i]);
          first = false;
        }
      }
    }
  }
  feed_ = low >= 0 ? Feed::kExcitatory : high <= 0 ? Feed::kInhibitory : Feed::kBySign;
  post->inhibited = post->inhibited || feed_ != Feed::kExcitatory;
}

nb_status Projection::normalize(double total, Step now, const Stop* stop) {
  if (!std::isfinite(total) || std::fabs(total) > 3e38) return NB_ERR_INVALID_ARGUMENT;
  Column<double> sums;
  if (!sums.resize(post->size)) return NB_ERR_NO_MEMORY;
  if (nb_status status = own_weights(); status != NB_OK) return status;
  sync(now);
  const auto add = [&](const Block& block, size_t at, uint32_t, uint32_t to, uint32_t) { sums[to] += block.weight[at]; };
  if (!each_synapse(add, stop)) return NB_ERR_ABORTED;
  for (size_t i = 0; i < sums.size(); i++) sums[i] = sums[i] * total > 0 ? total / sums[i] : 1;
  const Terms<float> terms{static_cast<float>(plasticity.weight_min), static_cast<float>(plasticity.weight_max)};
  const auto scale = [&](const Block& block, size_t at, uint32_t, uint32_t to, uint32_t) {
    float& weight = const_cast<Block&>(block).weight[at];
    weight = static_cast<float>(std::min(3e38, std::max(-3e38, weight * sums[to])));
    if (plastic()) weight = bounded(terms, weight);
  };
  const bool all = each_synapse(scale, stop);
  choose_feed();
  return all ? NB_OK : NB_ERR_ABORTED;
}

}  // namespace neuronbus::population
