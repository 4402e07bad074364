// SPDX-License-Identifier: MIT
//
// Spike-timing-dependent plasticity: what a pre-spike, a post-spike, an answer and silence do to one weight.
//
// Pure functions over one synapse; the owner of the post-synaptic ganglion calls them.
//
// parameter      unit  default  meaning
// a_plus         1     0.01     A+, potentiation of one causal pair
// a_minus        1     0.012    A-, depression of one anti-causal pair; exchange: of one unanswered spike
// tau_plus_ns    ns    20 ms    time constant of potentiation
// tau_minus_ns   ns    20 ms    time constant of depression
// weight_min     1     0.001    lower bound
// weight_max     1     1        upper bound
//
// Pair rules (Song, Miller & Abbott 2000, Nat. Neurosci. 3:919; pairing schemes as in Morrison, Diesmann & Gerstner 2008,
// Biol. Cybern. 98:459, section 4.1.1 and 4.1.2), additive with hard bounds:
//   dw = +A+ exp(-(t_post - t_pre) / tau+)   for t_pre < t_post, applied when post fires
//   dw = -A- exp(-(t_pre - t_post) / tau-)   for t_post < t_pre, applied when pre arrives
// A pair with t_pre = t_post changes nothing, as the formula does not define it. All-to-all pairs every two spikes;
// nearest pairs each spike with the last one of the other side that lies strictly before it.
//
// Exchange rule, the default for agents. The pair rule above depresses every path that is busy on the scale of tau: the
// next request after an answer counts as "post before pre". Agents therefore pair one to one: a pre-spike pairs with the
// answer to it and with nothing else, so that no interval between different exchanges enters, and the outcome does not
// depend on the rate of traffic:
//   answered after dt:   w += A+ exp(-dt / tau+) (w_max - w)
//   not answered:        w -= A- (w - w_min)
// Of spikes tau+ is the parameter. Of questions it is the time scale of the asker: tau = the mean time of answers to it from who can
// answer the same (lib/bus/messages/time_scale.ts), and an answer that comes later than that is the closer to none, the later it is:
//   answered after x tau:  w += A+ exp(-x) (w_max - w) - A- late(x) (w - w_min),   late(x) = 1 - exp(-(x - 1)) for x > 1, else 0
// At x = 0 that is a prompt answer, for x to infinity it is silence. Without late() every weight of who always answers would tend
// to w_max at any speed; with it that is so for who takes no longer than usual, a lone agent for one, and others settle below,
// at 0.5 for x = 1.27 and at 0.15 for x = 2. A window of depression behind that of potentiation is found for pre before post, too
// (Nishiyama et al. 2000, Nature 408:584; Wittenberg & Wang 2006, J. Neurosci. 26:6610).
// A spike counts as unanswered as soon as its handler returned without emitting; an answer that comes later, but within the
// answer window, first takes that depression back. With a share p of spikes answered promptly w settles at
// (p A+ w_max + (1 - p) A- w_min) / (p A+ + (1 - p) A-): the weight estimates how reliably and how fast the target answers.
// Soft bounds as in van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus::stdp {

constexpr uint64_t kNever = ~uint64_t{0};

inline double clamp_weight(const nb_rule& rule, double weight) {
  return std::min(rule.weight_max, std::max(rule.weight_min, weight));
}

// ---- pair rules -----------------------------------------------------------------------------------------------------

inline double facilitate(const nb_rule& rule, double weight, double pre_trace) {
  return clamp_weight(rule, weight + rule.a_plus * pre_trace);
}

inline double depress(const nb_rule& rule, double weight, double post_trace) {
  return clamp_weight(rule, weight - rule.a_minus * post_trace);
}

// A trace remembers earlier spikes of one side: `before` = their decayed sum just before the last instant, `ties` =
// how many fell exactly on it (at most 255 are told apart).
struct Trace {
  float before;
  uint8_t ties;
};

// Value at `now` of all spikes strictly before `now`; `last` is the trace's last instant.
inline double trace_at(Trace trace, bool nearest, uint64_t last, uint64_t now, double tau_ns) {
  if (now <= last) return trace.before;
  if (trace.ties == 0) return 0;
  const double sum = nearest ? 1.0 : trace.before + static_cast<double>(trace.ties);
  return sum * std::exp(-static_cast<double>(now - last) / tau_ns);
}

// The trace after one more spike at `now`.
inline Trace trace_add(Trace trace, bool nearest, uint64_t last, uint64_t now, double tau_ns) {
  if (trace.ties != 0 && now <= last) {
    const bool count = !nearest && trace.ties < 255;
    return {trace.before, static_cast<uint8_t>(trace.ties + (count ? 1 : 0))};
  }
  return {static_cast<float>(trace_at(trace, nearest, last, now, tau_ns)), 1};
}

// ---- exchange rule --------------------------------------------------------------------------------------------------

inline double answered(const nb_rule& rule, double weight, double delay_ns) {
  const double gain = rule.a_plus * std::exp(-std::max(0.0, delay_ns) / rule.tau_plus_ns);
  return clamp_weight(rule, weight + gain * (rule.weight_max - weight));
}

// A question, answered after `delay` in units of the asker's time scale, from 0.
inline double replied(const nb_rule& rule, double weight, double delay) {
  const double soon = rule.a_plus * std::exp(-std::max(0.0, delay));
  const double late = delay > 1 ? rule.a_minus * (1 - std::exp(1 - delay)) : 0;
  return clamp_weight(rule, weight + soon * (rule.weight_max - weight) - late * (weight - rule.weight_min));
}

inline double unanswered(const nb_rule& rule, double weight, uint32_t spikes = 1) {
  double kept = 1;  // (1 - A-)^spikes
  for (double factor = 1 - rule.a_minus; spikes > 0; spikes >>= 1, factor *= factor) {
    if ((spikes & 1) != 0) kept *= factor;
  }
  return clamp_weight(rule, rule.weight_min + (weight - rule.weight_min) * kept);
}

// Takes one unanswered() back: exact if nothing but other silence came in between, otherwise to first order in A+ and A-.
inline double forgiven(const nb_rule& rule, double weight) {
  return clamp_weight(rule, rule.weight_min + (weight - rule.weight_min) / (1 - rule.a_minus));
}

// Reward-modulated, with three factors, pre, post and a neuromodulator (Izhikevich 2007, Cereb. Cortex 17:2443; Fremaux &
// Gerstner 2016, Front. Neural Circuits 9:85), and the soft bounds of the exchange rule. `signal` in [-1, 1] is the reward times
// the eligibility trace that the exchange left:
//   dw = A+ signal (w_max - w)  for signal > 0,     dw = A- signal (w - w_min)  for signal < 0
inline double rewarded(const nb_rule& rule, double weight, double signal) {
  const double change = signal > 0 ? rule.a_plus * (rule.weight_max - weight) : rule.a_minus * (weight - rule.weight_min);
  return clamp_weight(rule, weight + signal * change);
}

// ---- disuse ---------------------------------------------------------------------------------------------------------

inline double decayed(const nb_rule& rule, double weight, double idle_ns, double half_life_ns) {
  return clamp_weight(rule, weight * std::exp2(-idle_ns / half_life_ns));
}

// False when a parameter is not finite or out of range: A+ and A- in [0, 1), time constants
// and window > 0, 0 <= w_min < w_max.
bool valid(const nb_rule& rule);

}  // namespace neuronbus::stdp
