// SPDX-License-Identifier: MIT
//
// Rows that learn: arrivals, what synapses take of post-spikes, reward.
#include <algorithm>

#include "projection.h"
#include "row_task.h"
#include "rows_ahead.h"
#include "tiny_numbers.h"

namespace neuronbus::population {

// The traces of the pre-neurons, with this arrival.
void Projection::remember(Group& group, uint32_t thread, Step now, const uint32_t* list, uint32_t count) {
  const bool nearest = plasticity.pairing != Pairing::kAll;
  const bool triplet = plasticity.rule == Rule::kTriplet;
  for (uint32_t i = 0; i < count; i++) {
    PreTrace& trace = group.traces[thread][list[i]];
    if (nearest || trace.last == kNoStep) {
      trace.fast = trace.slow = 1;
    } else {
      trace.fast = trace.fast * fast_.at(now - trace.last) + 1;
      if (triplet) trace.slow = trace.slow * slow_.at(now - trace.last) + 1;
    }
    trace.last = now;
  }
}

void Projection::deliver_learning(Block& block, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count) {
  const bool soft = plasticity.bounds == Bounds::kMultiplicative;
  if (block.dense() && takes_whole_rows() && feed_ != Feed::kBySign) {
    soft ? deliver_rows<true>(block, thread, group, now, list, count) : deliver_rows<false>(block, thread, group, now, list, count);
    return;
  }
  for (uint32_t s = 0; s < block.shards; s++) {
    soft ? deliver_synapses<true>(block, s, thread, group, now, list, count)
         : deliver_synapses<false>(block, s, thread, group, now, list, count);
  }
}

// All-to-all: a block is one shard.
template <bool Soft>
void Projection::deliver_rows(Block& block, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count) {
  RowTask task(*this, post->logs[block.shard], scratch_[thread].data());
  const Scales scales = scales_onto(block.shard);
  PlasticRows some{};
  some.post_trace = post->traces[trace_].now.data() + block.first;
  some.target = (feed_ == Feed::kInhibitory ? post->inhibitory : post->excitatory).data() + block.first;
  some.scale = feed_ == Feed::kInhibitory ? scales.inhibitory : scales.excitatory;
  some.minimum = task.terms.minimum;
  some.maximum = task.terms.maximum;
  some.count = block.stride;
  const auto run = Soft ? kernels().dense_multiplicative : kernels().dense_additive;
  const DenseRowsAhead ahead(block, list, count);
  const Step applied = group.applied[block.shard];
  for (uint32_t i = 0; i < count; i++) {
    ahead.ask(i);
    float* const weights = block.weight.data() + block.begin(list[i], 0);
    some.change[some.rows] = task.arrive(group.traces[thread][list[i]], applied, now);
    some.weights[some.rows++] = weights;
    // A row that took something is in the nearest cache, and may not be any more when others have come.
    const bool took = !task.first() && task.take_row<Soft>(weights);
    if (!took && some.rows < kRowsAtOnce && i + 1 < count) continue;
    run(some);
    some.rows = 0;
  }
}

template <bool Soft>
void Projection::deliver_synapses(Block& block, uint32_t s, uint32_t thread, const Group& group, Step now, const uint32_t* list,
                                  uint32_t count) {
  const PostLog& log = post->logs[block.shard + s];
  const uint32_t first_post = block.first + s * block.shard_posts;
  RowTask task(*this, log, scratch_[thread].data());
  const float* const post_trace = post->traces[trace_].now.data() + first_post;
  double* const excitatory = post->excitatory.data() + first_post;
  double* const inhibitory = post->inhibitory.data() + first_post;
  double* const target = feed_ == Feed::kInhibitory ? inhibitory : excitatory;
  const Scales scales = scales_onto(block.shard + s);
  const double scale = feed_ == Feed::kInhibitory ? scales.inhibitory : scales.excitatory;
  const bool reward = plasticity.rule == Rule::kReward;
  const bool reduced = plasticity.pairing == Pairing::kReducedNearest;
  const PreTrace* const traces = group.traces[thread].data();
  const RowsAhead ahead(block, s, 1, list, count, traces);
  const Step applied = group.applied[block.shard + s];

  for (uint32_t i = 0; i < count; i++) {
    if (!block.dense()) ahead.ask(i);
    const uint32_t row = list[i];
    const float change = task.arrive(traces[row], applied, now);
    const bool first = task.first();
    const size_t begin = block.begin(row, s);
    const size_t end = block.end(row, s);
    const Stretch whole = reward ? task.stretch(task.since(), now) : Stretch{};
    for (size_t k = begin; k < end; k++) {
      const uint32_t to = block.dense() ? static_cast<uint32_t>(k - begin) : block.index[k];
      float weight = block.weight[k];
      const float fall = reduced && !task.takes_turn(to) ? 0 : change * post_trace[to];
      if (reward) {
        if (!first) task.take_eligible<Soft>(&weight, &block.eligibility[k], to, now, whole);
        block.eligibility[k] -= fall * (Soft ? weight - task.terms.minimum : 1);
      } else if (!first) {
        weight = task.take<Soft>(weight, to);
      }
      if (feed_ != Feed::kBySign) {
        target[to] += weight * scale;
      } else {
        weight < 0 ? inhibitory[to] += weight * scales.inhibitory : excitatory[to] += weight * scales.excitatory;
      }
      block.weight[k] = reward ? weight : depress<Soft>(task.terms, weight, fall);
    }
  }
}

template <bool Soft>
void Projection::take_rows(Block& block, uint32_t s, Group& group, Step now, Until until) {
  const uint32_t shard = block.shard + s;
  const uint32_t thread = post->shards[shard].thread;
  RowTask task(*this, post->logs[shard], scratch_[thread].data());
  const bool reward = plasticity.rule == Rule::kReward;
  for (uint32_t row = 0; row < pre->size; row++) {
    const PreTrace& trace = group.traces[thread][row];
    if (trace.last == kNoStep) continue;
    const Step since = std::max(trace.last, group.applied[shard]);
    if (since >= now) continue;
    task.begin(trace, since);
    const size_t begin = block.begin(row, s);
    if (block.dense() && takes_whole_rows()) {
      task.take_row<Soft>(block.weight.data() + begin);
      continue;
    }
    const size_t end = block.end(row, s);
    const Stretch whole = reward ? task.stretch(since, now) : Stretch{};
    for (size_t k = begin; k < end; k++) {
      const uint32_t to = block.dense() ? static_cast<uint32_t>(k - begin) : block.index[k];
      if (!reward) {
        block.weight[k] = task.take<Soft>(block.weight[k], to);
      } else if (until == Until::kNow) {
        task.take_eligible<Soft>(&block.weight[k], &block.eligibility[k], to, now, whole);
      } else {
        (void)task.take_events<Soft>(&block.weight[k], &block.eligibility[k], to);
      }
    }
  }
  if (!reward || until == Until::kNow) group.applied[shard] = now;
}

void Projection::take(uint32_t shard, Step now, Until until) {
  if (!plastic() || !learning) return;
  for (Group& group : groups) {
    Block& block = group.blocks[block_of_shard_[shard]];
    const uint32_t s = shard - block.shard;
    plasticity.bounds == Bounds::kMultiplicative ? take_rows<true>(block, s, group, now, until)
                                                 : take_rows<false>(block, s, group, now, until);
  }
}

void Projection::sweep(uint32_t shard, Step now) { take(shard, now, Until::kLastEvent); }

void Projection::sync(Step now) {
  const TinyIsZero mode;  // as in a step
  for (uint32_t shard = 0; shard < post->shards.size(); shard++) take(shard, now, Until::kNow);
}

nb_status Projection::reward(double amount, Step now) {
  if (plasticity.rule != Rule::kReward || !std::isfinite(amount)) return NB_ERR_INVALID_ARGUMENT;
  sync(now);
  if (plasticity.tau_dopamine_ms > 0) {
    dopamine = dopamine * dopamine_decay_.at(now - dopamine_at) + amount;
    dopamine_at = now;
    return NB_OK;
  }
  if (!learning) return NB_OK;
  const Terms<float> terms{static_cast<float>(plasticity.weight_min), static_cast<float>(plasticity.weight_max)};
  for (Group& group : groups) {
    for (Block& block : group.blocks) {
      for (size_t i = 0; i < block.weight.size(); i++) {
        block.weight[i] = bounded(terms, static_cast<float>(block.weight[i] + amount * block.eligibility[i]));
      }
    }
  }
  return NB_OK;
}

// What happens while a projection does not learn never acts on it; eligibilities go on decaying.
void Projection::set_learning(bool on, Step now) {
  if (!plastic() || on == learning) return;
  if (!on) {
    sync(now);
    learning = false;
    return;
  }
  learning = true;
  for (Group& group : groups) {
    const float left = static_cast<float>(eligible_.at(now - group.applied[0]));  // all shards stopped at the same step
    for (Block& block : group.blocks) {
      for (size_t i = 0; i < block.eligibility.size(); i++) block.eligibility[i] *= left;
    }
    group.applied.fill(now);
  }
}

}  // namespace neuronbus::population
