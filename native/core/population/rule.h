// SPDX-License-Identifier: MIT
//
// The two functions of a plastic rule, over one value or a vector of them; plasticity.h says what they mean. `Soft` chooses
// multiplicative bounds. A further rule of this family is two more such functions, and their use in row_task.h,
// plastic_rows.cc and kernels_body.h.
//
// Pure. Nothing of the standard library may be called here; kernels_body.h says why.
#pragma once

namespace neuronbus::population {

inline float min_of(float a, float b) { return a < b ? a : b; }
inline float max_of(float a, float b) { return a > b ? a : b; }

template <typename V>
struct Terms {
  V minimum, maximum;
};

template <typename V>
inline V bounded(const Terms<V>& terms, V weight) {
  return min_of(max_of(weight, terms.minimum), terms.maximum);
}

// A post-spike: `change` is x (A2+ + A3+ y2).
template <bool Soft, typename V>
inline V facilitate(const Terms<V>& terms, V weight, V change) {
  return bounded(terms, Soft ? weight + change * (terms.maximum - weight) : weight + change);
}

// An arrival: `change` is y (A2- + A3- x2).
template <bool Soft, typename V>
inline V depress(const Terms<V>& terms, V weight, V change) {
  return bounded(terms, Soft ? weight - change * (weight - terms.minimum) : weight - change);
}

}  // namespace neuronbus::population
