// SPDX-License-Identifier: MIT
//
// What pre-spikes do when they arrive, and post-spikes when a synapse takes them. One thread works on a block.
#include <algorithm>

#include "projection.h"
#include "tiny_numbers.h"

namespace neuronbus::population {
namespace {


inline void prefetch(const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at);
#else
  (void)at;
#endif
}

// exp factors over a stretch of time without events, for all synapses of a row.
struct Stretch {
  float eligibility;  // factor
  float weight;       // gained by an eligibility of 1
};

}  // namespace

// What taking the post-spikes of one row needs to know.
class RowTask {
 public:
  RowTask(const Projection& projection, const PostLog& log, uint32_t* scratch)
      : p_(projection), log_(log), scratch_(scratch), rule_(projection.plasticity) {
    terms = {static_cast<float>(rule_.weight_min), static_cast<float>(rule_.weight_max)};
    triplet_ = rule_.rule == Rule::kTriplet;
    reduced_ = rule_.pairing == Pairing::kReducedNearest;
    slow_ = triplet_ ? log.traces[projection.slow_trace_].data() : nullptr;
  }

  // `since`: the row has taken everything before it.
  void begin(const PreTrace& trace, Step since) {
    trace_ = trace;
    since_ = since;
    relative_ = since > log_.base ? static_cast<uint32_t>(since - log_.base) : 0;
    known_step_ = ~uint32_t{0};
    arrived_ = trace.last == kNoStep ? kNever : static_cast<double>(trace.last);
    arrived_relative_ = trace.last != kNoStep && trace.last > log_.base ? static_cast<uint32_t>(trace.last - log_.base) : 0;
  }

  // x (A2+ + A3+ y2) for a log entry.
  float change(uint32_t entry) {
    if (log_.step[entry] != known_step_) {
      known_step_ = log_.step[entry];
      x_ = trace_.fast * p_.fast_.at(log_.base + known_step_ - trace_.last);
      pair_change_ = static_cast<float>(rule_.a_plus * x_);
    }
    return triplet_ ? static_cast<float>(x_ * (rule_.a_plus + rule_.a3_plus * slow_[entry])) : pair_change_;
  }

  // Entries of neuron `local` that are still to be taken, in the order of time, in scratch. Returns how many.
  uint32_t pending(uint32_t local) {
    if (reduced_) return first_since_arrival(local);
    uint32_t count = 0;
    for (uint32_t entry = log_.head[local]; entry != PostLog::kNone && log_.step[entry] >= relative_; entry = log_.earlier[entry]) {
      scratch_[count++] = entry;
    }
    std::reverse(scratch_, scratch_ + count);
    return count;
  }

  // Reduced nearest pairing: whether an arrival may depress, because there was a post-spike since the last one.
  bool takes_turn(uint32_t local) const {
    const uint32_t newest = log_.head[local];
    if (newest != PostLog::kNone) return log_.step[newest] >= arrived_relative_;
    return log_.before[local] != kNever && log_.before[local] >= arrived_;
  }

  template <bool Soft>
  float take(float weight, uint32_t local) {
    const uint32_t count = pending(local);
    for (uint32_t i = 0; i < count; i++) weight = facilitate<Soft>(terms, weight, change(scratch_[i]));
    return weight;
  }

  // A whole all-to-all row: the log in the order of time.
  template <bool Soft>
  void take_row(float* weights) {
    const uint32_t* const steps = log_.step.data();
    uint32_t entry = static_cast<uint32_t>(std::lower_bound(steps, steps + log_.count, relative_) - steps);
    for (; entry < log_.count; entry++) {
      float& weight = weights[log_.post[entry]];
      weight = facilitate<Soft>(terms, weight, change(entry));
    }
  }

  Stretch stretch(Step from, Step to) const {
    const double gain = p_.dopamine == 0 || rule_.tau_dopamine_ms == 0
                            ? 0
                            : p_.dopamine * p_.dopamine_decay_.at(from - p_.dopamine_at) / rule_.tau_dopamine_ms *
                                  (1 - p_.both_.at(to - from)) * p_.dt_ms / p_.both_.rate();
    return {static_cast<float>(p_.eligible_.at(to - from)), static_cast<float>(gain)};
  }

  void pass(float* weight, float* eligibility, const Stretch& s) const {
    *weight = bounded(terms, *weight + *eligibility * s.weight);
    *eligibility *= s.eligibility;
  }

  // Reward rule: takes what is pending and brings both values to `now`; `whole` is the stretch from `since` to now.
  template <bool Soft>
  void take_eligible(float* weight, float* eligibility, uint32_t local, Step now, const Stretch& whole) {
    const uint32_t count = pending(local);
    if (count == 0) return pass(weight, eligibility, whole);
    Step at = since_;
    for (uint32_t i = 0; i < count; i++) {
      const Step step = log_.base + log_.step[scratch_[i]];
      pass(weight, eligibility, stretch(at, step));
      *eligibility += change(scratch_[i]) * (Soft ? terms.maximum - *weight : 1);
      at = step;
    }
    pass(weight, eligibility, stretch(at, now));
  }

  Terms<float> terms;

 private:
  // As pending(): the first entry since the last arrival, unless it has acted.
  uint32_t first_since_arrival(uint32_t local) {
    if (log_.before[local] != kNever && log_.before[local] >= arrived_) return 0;
    uint32_t first = PostLog::kNone;
    for (uint32_t entry = log_.head[local]; entry != PostLog::kNone && log_.step[entry] >= arrived_relative_;) {
      first = entry;
      entry = log_.earlier[entry];
    }
    if (first == PostLog::kNone || log_.step[first] < relative_) return 0;
    scratch_[0] = first;
    return 1;
  }

  const Projection& p_;
  const PostLog& log_;
  uint32_t* scratch_;
  const Plasticity& rule_;
  bool triplet_, reduced_;
  const float* slow_;
  PreTrace trace_{};
  Step since_ = 0;
  uint32_t relative_ = 0;
  uint32_t known_step_ = 0;
  double arrived_ = kNever;  // the last arrival
  uint32_t arrived_relative_ = 0;
  double x_ = 0;
  float pair_change_ = 0;
};

void Projection::deliver(uint32_t thread, Step now, uint32_t* list) {
  for (Group& group : groups) {
    if (now < group.delay) continue;
    const uint32_t count = pre->list_fired(now - group.delay, list);
    if (count == 0) continue;
    for (Block& block : group.blocks) {
      if (post->shards[block.shard].thread != thread) continue;
      if (!plastic() || !learning) {
        deliver_static(block, list, count);
      } else if (plasticity.bounds == Bounds::kMultiplicative) {
        deliver_plastic<true>(block, thread, group, now, list, count);
      } else {
        deliver_plastic<false>(block, thread, group, now, list, count);
      }
    }
    if (plastic()) remember(group, thread, now, list, count);
  }
}

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

// Rows are far apart: the place of a row is asked for well before its synapses, and these well before they are used.
template <typename Row>
void Projection::each_sparse_row(const Block& block, const uint32_t* list, uint32_t count, Row visit) {
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

void Projection::deliver_static(const Block& block, const uint32_t* list, uint32_t count) {
  double* const excitatory = post->excitatory.data() + block.first;
  double* const inhibitory = post->inhibitory.data() + block.first;
  double* const target = feed_ == Feed::kInhibitory ? inhibitory : excitatory;
  const double scale = feed_ == Feed::kInhibitory ? inhibitory_scale_ : 1;
  const auto by_sign = [&](float weight, uint32_t to) {
    weight < 0 ? inhibitory[to] += weight * inhibitory_scale_ : excitatory[to] += weight;
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
  const uint16_t* const index = block.index.data();
  const float* const weights = block.weight.data();
  if (block.weight.empty()) {
    const double added = constant_ * scale;  // one constant has one sign
    each_sparse_row(block, list, count, [&](uint32_t, uint32_t begin, uint32_t end) {
      for (uint32_t k = begin; k < end; k++) target[index[k]] += added;
    });
  } else if (feed_ != Feed::kBySign) {
    each_sparse_row(block, list, count, [&](uint32_t, uint32_t begin, uint32_t end) {
      for (uint32_t k = begin; k < end; k++) target[index[k]] += weights[k] * scale;
    });
  } else {
    each_sparse_row(block, list, count, [&](uint32_t, uint32_t begin, uint32_t end) {
      for (uint32_t k = begin; k < end; k++) by_sign(weights[k], index[k]);
    });
  }
}

template <bool Soft>
void Projection::deliver_plastic(Block& block, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count) {
  const PostLog& log = post->logs[block.shard];
  RowTask task(*this, log, scratch_[thread].data());
  const float* const post_trace = post->traces[trace_].now.data() + block.first;
  double* const excitatory = post->excitatory.data() + block.first;
  double* const inhibitory = post->inhibitory.data() + block.first;
  double* const target = feed_ == Feed::kInhibitory ? inhibitory : excitatory;
  const double scale = feed_ == Feed::kInhibitory ? inhibitory_scale_ : 1;
  const bool reward = plasticity.rule == Rule::kReward;
  const bool reduced = plasticity.pairing == Pairing::kReducedNearest;
  const Kernels& run = kernels();

  for (uint32_t i = 0; i < count; i++) {
    const uint32_t row = list[i];
    const PreTrace& trace = group.traces[thread][row];
    const bool first = trace.last == kNoStep;
    const Step since = first ? now : std::max(trace.last, block.applied);
    task.begin(trace, since);
    double slow = 0;
    if (plasticity.rule == Rule::kTriplet && !first) slow = trace.slow * slow_.at(now - trace.last);
    const float change = static_cast<float>(plasticity.a_minus + plasticity.a3_minus * slow);

    if (block.dense() && !reward && !reduced && feed_ != Feed::kBySign) {
      float* const weights = block.weight.data() + size_t{row} * block.stride;
      if (!first) task.take_row<Soft>(weights);
      (Soft ? run.dense_multiplicative : run.dense_additive)(
          {weights, post_trace, target, scale, change, task.terms.minimum, task.terms.maximum, block.stride});
      continue;
    }
    const Stretch whole = reward ? task.stretch(since, now) : Stretch{};
    const size_t begin = block.dense() ? size_t{row} * block.stride : block.start[row];
    const size_t end = block.dense() ? begin + block.count : block.start[row + 1];
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
        weight < 0 ? inhibitory[to] += weight * inhibitory_scale_ : excitatory[to] += weight;
      }
      block.weight[k] = reward ? weight : depress<Soft>(task.terms, weight, fall);
    }
  }
}

template <bool Soft>
void Projection::sweep_block(Block& block, const Group& group, Step now) {
  const uint32_t thread = post->shards[block.shard].thread;
  RowTask task(*this, post->logs[block.shard], scratch_[thread].data());
  const bool reward = plasticity.rule == Rule::kReward;
  for (uint32_t row = 0; row < pre->size; row++) {
    const PreTrace& trace = group.traces[thread][row];
    if (trace.last == kNoStep) continue;
    const Step since = std::max(trace.last, block.applied);
    if (since >= now) continue;
    task.begin(trace, since);
    const size_t begin = block.dense() ? size_t{row} * block.stride : block.start[row];
    if (block.dense() && !reward && plasticity.pairing != Pairing::kReducedNearest) {
      task.take_row<Soft>(block.weight.data() + begin);
      continue;
    }
    const size_t end = block.dense() ? begin + block.count : block.start[row + 1];
    const Stretch whole = reward ? task.stretch(since, now) : Stretch{};
    for (size_t k = begin; k < end; k++) {
      const uint32_t to = block.dense() ? static_cast<uint32_t>(k - begin) : block.index[k];
      if (reward) {
        task.take_eligible<Soft>(&block.weight[k], &block.eligibility[k], to, now, whole);
      } else {
        block.weight[k] = task.take<Soft>(block.weight[k], to);
      }
    }
  }
  block.applied = now;
}

void Projection::sweep(uint32_t shard, Step now) {
  if (!plastic() || !learning) return;
  for (Group& group : groups) {
    Block& block = group.blocks[shard];
    plasticity.bounds == Bounds::kMultiplicative ? sweep_block<true>(block, group, now) : sweep_block<false>(block, group, now);
  }
}

void Projection::sync(Step now) {
  const TinyIsZero mode;  // as in a step
  for (uint32_t shard = 0; shard < post->shards.size(); shard++) sweep(shard, now);
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
    for (Block& block : group.blocks) {
      const float left = static_cast<float>(eligible_.at(now - block.applied));
      for (size_t i = 0; i < block.eligibility.size(); i++) block.eligibility[i] *= left;
      block.applied = now;
    }
  }
}

}  // namespace neuronbus::population
