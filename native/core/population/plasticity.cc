// SPDX-License-Identifier: MIT
#include "plasticity.h"

namespace neuronbus::population {
namespace {

bool positive(double value) { return std::isfinite(value) && value > 0; }

// Weights are kept as floats; a bound must be one as well, or no weight could reach it.
bool fits_float(double value) { return std::isfinite(value) && std::fabs(value) < 3e38; }

}  // namespace

bool valid(const Plasticity& p) {
  if (p.rule == Rule::kStatic) return true;
  if (p.rule > Rule::kReward || p.pairing > Pairing::kReducedNearest || p.bounds > Bounds::kMultiplicative) return false;
  if (!fits_float(p.weight_min) || !fits_float(p.weight_max)) return false;
  if (!(static_cast<float>(p.weight_min) < static_cast<float>(p.weight_max))) return false;
  if (!fits_float(p.a_plus) || !fits_float(p.a_minus)) return false;
  if (!positive(p.tau_plus_ms) || !positive(p.tau_minus_ms)) return false;
  if (p.rule == Rule::kTriplet) {
    return p.pairing != Pairing::kReducedNearest && fits_float(p.a3_plus) && fits_float(p.a3_minus) && positive(p.tau_x_ms) &&
           positive(p.tau_y_ms);
  }
  if (p.rule == Rule::kReward) {
    return positive(p.tau_eligibility_ms) && std::isfinite(p.tau_dopamine_ms) && p.tau_dopamine_ms >= 0;
  }
  return true;
}

}  // namespace neuronbus::population
