// SPDX-License-Identifier: MIT
//
// What may be said of the values that a caller gives. Pure.
#pragma once

#include <cmath>

#include "network.h"

namespace neuronbus::population {

inline bool all_finite(Values values) {
  for (size_t i = 0; i < values.count; i++) {
    if (!std::isfinite(values.values[i])) return false;
  }
  return true;
}

inline bool all_above(Values values, double bound, bool or_equal) {
  for (size_t i = 0; i < values.count; i++) {
    if (!(values.values[i] > bound || (or_equal && values.values[i] == bound))) return false;
  }
  return true;
}

}  // namespace neuronbus::population
