// SPDX-License-Identifier: MIT
//
// The kernels for NEON of 64-bit ARM. Two doubles, four floats. Fused multiplication is an instruction of its own there; all builds
// have -ffp-contract=off, so that it is not used.
#include "kernels_sets.h"

#ifdef NB_KERNELS_NEON
#include <arm_neon.h>

#include "rule.h"

namespace neuronbus::population {
namespace {

struct Mask {
  uint64x2_t value;
};

struct Doubles {
  static constexpr uint32_t lanes = 2;
  float64x2_t value;
  static Doubles load(const double* p) { return {vld1q_f64(p)}; }
  static Doubles widen(const float* p) { return {vcvt_f64_f32(vld1_f32(p))}; }
  static Doubles all(double x) { return {vdupq_n_f64(x)}; }
  void store(double* p) const { vst1q_f64(p, value); }
};

inline Doubles operator+(Doubles a, Doubles b) { return {vaddq_f64(a.value, b.value)}; }
inline Doubles operator-(Doubles a, Doubles b) { return {vsubq_f64(a.value, b.value)}; }
inline Doubles operator*(Doubles a, Doubles b) { return {vmulq_f64(a.value, b.value)}; }
inline Doubles operator/(Doubles a, Doubles b) { return {vdivq_f64(a.value, b.value)}; }
inline Mask at_least(Doubles a, Doubles b) { return {vcgeq_f64(a.value, b.value)}; }
inline Mask greater(Doubles a, Doubles b) { return {vcgtq_f64(a.value, b.value)}; }
inline Mask and_not(Mask a, Mask b) { return {vbicq_u64(a.value, b.value)}; }
inline uint32_t bits(Mask m) {
  return static_cast<uint32_t>((vgetq_lane_u64(m.value, 0) & 1) | (vgetq_lane_u64(m.value, 1) & 2));
}
inline Doubles select(Mask m, Doubles a, Doubles b) { return {vbslq_f64(m.value, a.value, b.value)}; }
// By comparison, as the others do it: the instructions for it treat what is not a number in another way.
inline Doubles max_of(Doubles a, Doubles b) { return select(greater(a, b), a, b); }
inline void narrow(Doubles a, float* p) { vst1_f32(p, vcvt_f32_f64(a.value)); }

inline Doubles scale_by_power(Doubles p, Doubles shifted) {
  const int64x2_t exponent = vshlq_n_s64(vaddq_s64(vreinterpretq_s64_f64(shifted.value), vdupq_n_s64(1023)), 52);
  return {vmulq_f64(p.value, vreinterpretq_f64_s64(exponent))};
}

struct Floats {
  static constexpr uint32_t lanes = 4;
  float32x4_t value;
  static Floats load(const float* p) { return {vld1q_f32(p)}; }
  static Floats all(float x) { return {vdupq_n_f32(x)}; }
  void store(float* p) const { vst1q_f32(p, value); }
};

inline Floats operator-(Floats a, Floats b) { return {vsubq_f32(a.value, b.value)}; }
inline Floats operator*(Floats a, Floats b) { return {vmulq_f32(a.value, b.value)}; }
inline Floats min_of(Floats a, Floats b) { return {vbslq_f32(vcltq_f32(a.value, b.value), a.value, b.value)}; }
inline Floats max_of(Floats a, Floats b) { return {vbslq_f32(vcgtq_f32(a.value, b.value), a.value, b.value)}; }

#include "kernels_body.h"

}  // namespace

const Kernels& neon_kernels() {
  static constexpr Kernels all = table("neon");
  return all;
}

}  // namespace neuronbus::population
#endif
