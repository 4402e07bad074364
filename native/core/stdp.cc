// SPDX-License-Identifier: MIT
#include "stdp.h"

namespace neuronbus::stdp {
namespace {

bool positive(double value) { return std::isfinite(value) && value > 0; }
bool amplitude(double value) { return std::isfinite(value) && value >= 0 && value < 1; }

}  // namespace

bool valid(const nb_rule& rule) {
  return rule.kind <= NB_RULE_PAIR_NEAREST && amplitude(rule.a_plus) && amplitude(rule.a_minus) &&
         positive(rule.tau_plus_ns) && positive(rule.tau_minus_ns) && positive(rule.answer_window_ns) &&
         std::isfinite(rule.weight_min) && std::isfinite(rule.weight_max) && rule.weight_min >= 0 &&
         rule.weight_min < rule.weight_max;
}

}  // namespace neuronbus::stdp
