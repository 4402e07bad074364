// SPDX-License-Identifier: MIT
//
// What the synapses of one row take of the post-spikes since their last arrival. For the thread that owns the block.
#pragma once

#include <algorithm>

#include "projection.h"

namespace neuronbus::population {

// exp factors over a stretch of time without events, for all synapses of a row.
struct Stretch {
  float eligibility;  // factor
  float weight;       // gained by an eligibility of 1
};

// What taking the post-spikes of one row needs to know.
class RowTask {
 public:
  RowTask(const Projection& projection, const PostLog& log, PostLog::Link* scratch)
      : p_(projection), log_(log), scratch_(scratch), rule_(projection.plasticity) {
    terms = {static_cast<float>(rule_.weight_min), static_cast<float>(rule_.weight_max)};
    triplet_ = rule_.rule == Rule::kTriplet;
    reduced_ = rule_.pairing == Pairing::kReducedNearest;
    slow_ = triplet_ ? log.traces[projection.slow_trace_].data() : nullptr;
  }

  // An arrival now in a row whose shard has taken everything before `applied`. Returns A2- + A3- x2.
  float arrive(const PreTrace& trace, Step applied, Step now) {
    begin(trace, trace.last == kNoStep ? now : std::max(trace.last, applied));
    const double slow = triplet_ && !first() ? trace.slow * p_.slow_.at(now - trace.last) : 0;
    return static_cast<float>(rule_.a_minus + rule_.a3_minus * slow);
  }

  // Nothing has arrived in the row before.
  bool first() const { return trace_.last == kNoStep; }
  Step since() const { return since_; }

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
  float change(PostLog::Link at) {
    if (at.step != known_step_) {
      known_step_ = at.step;
      x_ = trace_.fast * p_.fast_.at(log_.base + known_step_ - trace_.last);
      pair_change_ = static_cast<float>(rule_.a_plus * x_);
    }
    return triplet_ ? static_cast<float>(x_ * (rule_.a_plus + rule_.a3_plus * slow_[at.entry])) : pair_change_;
  }

  // Entries of neuron `local` that are still to be taken, in the order of time, in scratch. Returns how many.
  uint32_t pending(uint32_t local) {
    if (!reduced_) return since_taken(local);
    scratch_[0] = first_since_arrival(local);
    return scratch_[0].entry == PostLog::kNone ? 0 : 1;
  }

  // Reduced nearest pairing: whether an arrival may depress, because there was a post-spike since the last one. At the first one it
  // does not matter: without any post-spike the trace is 0.
  bool takes_turn(uint32_t local) const {
    if (first()) return true;
    const PostLog::Link newest = log_.head[local];
    if (newest.entry != PostLog::kNone) return newest.step >= arrived_relative_;
    return log_.before[local] != kNever && log_.before[local] >= arrived_;
  }

  template <bool Soft>
  float take(float weight, uint32_t local) {
    const uint32_t count = pending(local);
    for (uint32_t i = 0; i < count; i++) weight = facilitate<Soft>(terms, weight, change(scratch_[i]));
    return weight;
  }

  // A whole all-to-all row: the log in the order of time. Whether there was anything to take.
  template <bool Soft>
  bool take_row(float* weights) {
    const uint32_t* const steps = log_.step.data();
    const uint32_t entry = static_cast<uint32_t>(std::lower_bound(steps, steps + log_.count, relative_) - steps);
    if (entry == log_.count) return false;
    const uint32_t range = steps[log_.count - 1] - steps[entry] + 1;
    if (range > kMostSteps || range > log_.count - entry) {
      for (uint32_t e = entry; e < log_.count; e++) {
        float& weight = weights[log_.post[e]];
        weight = facilitate<Soft>(terms, weight, change({e, steps[e]}));
      }
    } else if (triplet_) {
      take_steps<Soft, true>(weights, entry, range);
    } else {
      take_steps<Soft, false>(weights, entry, range);
    }
    return true;
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

  // Reward rule: takes what is pending. Both values are then of the last event of the synapse, which is returned.
  template <bool Soft>
  Step take_events(float* weight, float* eligibility, uint32_t local) {
    const uint32_t count = since_taken(local);
    const uint32_t only = reduced_ ? first_since_arrival(local).entry : PostLog::kNone;
    Step at = since_of(local);
    for (uint32_t i = 0; i < count; i++) {
      const Step step = log_.base + scratch_[i].step;
      pass(weight, eligibility, stretch(at, step));
      at = step;
      if (reduced_ && scratch_[i].entry != only) continue;
      *eligibility += change(scratch_[i]) * (Soft ? terms.maximum - *weight : 1);
    }
    return at;
  }

  // The same, and brings both values to `now`; `whole` is the stretch from `since` to now.
  template <bool Soft>
  void take_eligible(float* weight, float* eligibility, uint32_t local, Step now, const Stretch& whole) {
    const Step at = take_events<Soft>(weight, eligibility, local);
    pass(weight, eligibility, at == since_ ? whole : stretch(at, now));
  }

  Terms<float> terms;

 private:
  static constexpr uint32_t kMostSteps = 1024;

  // take_row(), where most steps have several post-spikes: what changes from step to step is found out first, because no processor
  // foresees where a step ends.
  template <bool Soft, bool Triplet>
  void take_steps(float* weights, uint32_t entry, uint32_t range) const {
    double x[kMostSteps];
    const uint32_t* const steps = log_.step.data();
    const uint16_t* const posts = log_.post.data();
    const uint32_t first = steps[entry];
    const uint32_t count = log_.count;
    const Terms<float> bounds = terms;
    const double a_plus = rule_.a_plus, a3_plus = rule_.a3_plus;
    p_.fast_.scaled(log_.base + first - trace_.last, range, trace_.fast, x);
    for (uint32_t e = entry; e < count; e++) {
      const double change = x[steps[e] - first] * (Triplet ? a_plus + a3_plus * slow_[e] : a_plus);
      float* const weight = weights + posts[e];
      *weight = facilitate<Soft>(bounds, *weight, static_cast<float>(change));
    }
  }

  // Reward rule: when the last event of a synapse was that is not in the log.
  Step since_of(uint32_t local) const {
    if (since_ >= log_.base || log_.before[local] == kNever) return since_;
    return std::max(since_, static_cast<Step>(log_.before[local]));
  }

  // As pending(), for all pairings.
  uint32_t since_taken(uint32_t local) {
    uint32_t count = 0;
    for (PostLog::Link at = log_.head[local]; at.entry != PostLog::kNone && at.step >= relative_; at = log_.earlier[at.entry]) {
      scratch_[count++] = at;
    }
    std::reverse(scratch_, scratch_ + count);
    return count;
  }

  // Reduced nearest pairing: the first entry since the last arrival; none when it has been taken.
  PostLog::Link first_since_arrival(uint32_t local) const {
    constexpr PostLog::Link kNothing{PostLog::kNone, 0};
    if (log_.before[local] != kNever && log_.before[local] >= arrived_) return kNothing;
    PostLog::Link first = kNothing;
    for (PostLog::Link at = log_.head[local]; at.entry != PostLog::kNone && at.step >= arrived_relative_; at = log_.earlier[at.entry]) {
      first = at;
    }
    return first.entry == PostLog::kNone || first.step < relative_ ? kNothing : first;
  }

  const Projection& p_;
  const PostLog& log_;
  PostLog::Link* scratch_;
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

}  // namespace neuronbus::population
