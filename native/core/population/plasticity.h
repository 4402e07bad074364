// SPDX-License-Identifier: MIT
//
// Plasticity: what an arrival of a pre-spike and a post-spike do to one synapse. The functions are in rule.h;
// the thread that owns the post-neuron calls them.
//
// x, x2   traces of the pre-neuron: each arrival adds 1 (nearest: sets to 1), they decay with tau_plus and tau_x
// y, y2   traces of the post-neuron: each post-spike adds 1 (nearest: sets to 1), they decay with tau_minus and tau_y
//
//   arrival:     w -= y (A2- + A3- x2) s-     with y before a post-spike of the same step, x2 before this arrival
//   post-spike:  w += x (A2+ + A3+ y2) s+     with x after an arrival of the same step, y2 before this post-spike
//
// Pair STDP has A3+ = A3- = 0 (Song, Miller & Abbott 2000, Nat. Neurosci. 3:919; pairing schemes as in Morrison, Diesmann & Gerstner
// 2008, Biol. Cybern. 98:459; reduced nearest: x is 0 for all but the first post-spike since an arrival, y for all but the first
// arrival since a post-spike). Triplet STDP: Pfister & Gerstner 2006, J. Neurosci. 26:9673, equations 3 and 4.
// Bounds: additive s+ = s- = 1; multiplicative s+ = w_max - w, s- = w - w_min (van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812).
// In both w stays in [w_min, w_max] after each event.
//
// Reward-modulated STDP (Izhikevich 2007, Cereb. Cortex 17:2443): the pair rule changes an eligibility e instead of w, and
//   de/dt = -e / tau_e,   dd/dt = -d / tau_d,   reward(amount): d += amount,   dw/dt = e d / tau_d
// integrated exactly between events. A reward that an eligibility hardly outlives thus adds amount * e, and so does
// tau_d = 0, where it acts at once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "memory.h"
#include "network.h"
#include "rule.h"

namespace neuronbus::population {

// x and x2 of a pre-neuron.
struct PreTrace {
  double fast, slow;  // at the last arrival, with it
  Step last;          // kNoStep: none yet
};

// exp(-n dt / tau) for whole numbers n of steps; tau 0 is a decay at once.
class Decay {
 public:
  bool create(double dt_ms, double tau_ms) {
    rate_ = tau_ms > 0 ? dt_ms / tau_ms : INFINITY;
    const double useful = tau_ms > 0 ? 40 / rate_ : 1;
    if (!table_.resize(useful < kTable ? static_cast<size_t>(useful) + 1 : kTable)) return false;
    for (size_t n = 0; n < table_.size(); n++) table_[n] = exact(n);
    return true;
  }
  double at(Step steps) const { return steps < table_.size() ? table_[steps] : exact(steps); }
  // of[i] = at(first + i) * by
  void scaled(Step first, size_t count, double by, double* of) const {
    const size_t known = first < table_.size() ? std::min(count, static_cast<size_t>(table_.size() - first)) : 0;
    for (size_t i = 0; i < known; i++) of[i] = by * table_[first + i];
    for (size_t i = known; i < count; i++) of[i] = by * exact(first + i);
  }
  double rate() const { return rate_; }  // per step
  uint64_t bytes() const { return table_.bytes(); }

 private:
  static constexpr size_t kTable = 4096;
  double exact(Step steps) const { return steps == 0 ? 1 : std::exp(-static_cast<double>(steps) * rate_); }
  double rate_ = 0;
  Column<double> table_;
};

// False when a parameter is not finite or out of range: amplitudes finite, time constants that the rule uses > 0 (tau_dopamine >= 0),
// weight_min < weight_max.
bool valid(const Plasticity& plasticity);

}  // namespace neuronbus::population
