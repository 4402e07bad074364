// SPDX-License-Identifier: MIT
//
// The kernels without vectors, for every processor, and the measure of the others.
#include <cstring>

#include "kernels_sets.h"
#include "rule.h"

namespace neuronbus::population {
namespace {

struct Mask {
  bool value;
};

struct Doubles {
  static constexpr uint32_t lanes = 1;
  double value;
  static Doubles load(const double* p) { return {*p}; }
  static Doubles widen(const float* p) { return {static_cast<double>(*p)}; }
  static Doubles all(double x) { return {x}; }
  void store(double* p) const { *p = value; }
};

inline Doubles operator+(Doubles a, Doubles b) { return {a.value + b.value}; }
inline Doubles operator-(Doubles a, Doubles b) { return {a.value - b.value}; }
inline Doubles operator*(Doubles a, Doubles b) { return {a.value * b.value}; }
inline Doubles operator/(Doubles a, Doubles b) { return {a.value / b.value}; }
inline Mask at_least(Doubles a, Doubles b) { return {a.value >= b.value}; }
inline Mask greater(Doubles a, Doubles b) { return {a.value > b.value}; }
inline Mask and_not(Mask a, Mask b) { return {a.value && !b.value}; }
inline uint32_t bits(Mask m) { return m.value ? 1 : 0; }
inline Doubles select(Mask m, Doubles a, Doubles b) { return m.value ? a : b; }
inline Doubles max_of(Doubles a, Doubles b) { return {a.value > b.value ? a.value : b.value}; }
inline void narrow(Doubles a, float* p) { *p = static_cast<float>(a.value); }

// p 2^n, n from the low bits of the sum that rounded it.
inline Doubles scale_by_power(Doubles p, Doubles shifted) {
  uint64_t exponent;
  std::memcpy(&exponent, &shifted.value, 8);
  exponent = (exponent + 1023) << 52;
  double power;
  std::memcpy(&power, &exponent, 8);
  return {p.value * power};
}

struct Floats {
  static constexpr uint32_t lanes = 1;
  float value;
  static Floats load(const float* p) { return {*p}; }
  static Floats all(float x) { return {x}; }
  void store(float* p) const { *p = value; }
};

inline Floats operator-(Floats a, Floats b) { return {a.value - b.value}; }
inline Floats operator*(Floats a, Floats b) { return {a.value * b.value}; }
inline Floats min_of(Floats a, Floats b) { return {a.value < b.value ? a.value : b.value}; }
inline Floats max_of(Floats a, Floats b) { return {a.value > b.value ? a.value : b.value}; }

#include "kernels_body.h"

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels all = table("scalar");
  return all;
}

}  // namespace neuronbus::population
