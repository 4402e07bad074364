// SPDX-License-Identifier: MIT
//
// The kernels for AVX2. Four doubles, eight floats; the instruction set has no fused multiplication, so none can slip in.
#include "kernels_sets.h"

#ifdef NB_KERNELS_X64
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "rule.h"

namespace neuronbus::population {
namespace {

struct Mask {
  __m256d value;
};

struct Doubles {
  static constexpr uint32_t lanes = 4;
  __m256d value;
  static Doubles load(const double* p) { return {_mm256_loadu_pd(p)}; }
  static Doubles widen(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
  static Doubles all(double x) { return {_mm256_set1_pd(x)}; }
  void store(double* p) const { _mm256_storeu_pd(p, value); }
};

inline Doubles operator+(Doubles a, Doubles b) { return {_mm256_add_pd(a.value, b.value)}; }
inline Doubles operator-(Doubles a, Doubles b) { return {_mm256_sub_pd(a.value, b.value)}; }
inline Doubles operator*(Doubles a, Doubles b) { return {_mm256_mul_pd(a.value, b.value)}; }
inline Doubles operator/(Doubles a, Doubles b) { return {_mm256_div_pd(a.value, b.value)}; }
inline Mask at_least(Doubles a, Doubles b) { return {_mm256_cmp_pd(a.value, b.value, _CMP_GE_OQ)}; }
inline Mask greater(Doubles a, Doubles b) { return {_mm256_cmp_pd(a.value, b.value, _CMP_GT_OQ)}; }
inline Mask and_not(Mask a, Mask b) { return {_mm256_andnot_pd(b.value, a.value)}; }
inline uint32_t bits(Mask m) { return static_cast<uint32_t>(_mm256_movemask_pd(m.value)); }
inline Doubles select(Mask m, Doubles a, Doubles b) { return {_mm256_blendv_pd(b.value, a.value, m.value)}; }
inline Doubles max_of(Doubles a, Doubles b) { return {_mm256_max_pd(a.value, b.value)}; }
inline void narrow(Doubles a, float* p) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a.value)); }

inline Doubles scale_by_power(Doubles p, Doubles shifted) {
  const __m256i exponent = _mm256_slli_epi64(_mm256_add_epi64(_mm256_castpd_si256(shifted.value), _mm256_set1_epi64x(1023)), 52);
  return {_mm256_mul_pd(p.value, _mm256_castsi256_pd(exponent))};
}

struct Floats {
  static constexpr uint32_t lanes = 8;
  __m256 value;
  static Floats load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Floats all(float x) { return {_mm256_set1_ps(x)}; }
  void store(float* p) const { _mm256_storeu_ps(p, value); }
};

inline Floats operator-(Floats a, Floats b) { return {_mm256_sub_ps(a.value, b.value)}; }
inline Floats operator*(Floats a, Floats b) { return {_mm256_mul_ps(a.value, b.value)}; }
inline Floats min_of(Floats a, Floats b) { return {_mm256_min_ps(a.value, b.value)}; }
inline Floats max_of(Floats a, Floats b) { return {_mm256_max_ps(a.value, b.value)}; }

#include "kernels_body.h"

}  // namespace
}  // namespace neuronbus::population

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

namespace neuronbus::population {

const Kernels& avx2_kernels() {
  static constexpr Kernels all = table("avx2");
  return all;
}

}  // namespace neuronbus::population
#endif
