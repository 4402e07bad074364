// SPDX-License-Identifier: MIT
//
// The kernels for AVX-512 (its foundation alone). Eight doubles, sixteen floats. The instruction set brings fused multiplication; all
// builds have -ffp-contract=off, so that it is not used.
#include "kernels_sets.h"

#ifdef NB_KERNELS_X64
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
// GCC 12's own header starts registers from themselves to say that their content is of no interest.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC target("avx512f")
#endif

#include "rule.h"

namespace neuronbus::population {
namespace {

struct Mask {
  __mmask8 value;
};

struct Doubles {
  static constexpr uint32_t lanes = 8;
  __m512d value;
  static Doubles load(const double* p) { return {_mm512_loadu_pd(p)}; }
  static Doubles widen(const float* p) { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
  static Doubles all(double x) { return {_mm512_set1_pd(x)}; }
  void store(double* p) const { _mm512_storeu_pd(p, value); }
};

inline Doubles operator+(Doubles a, Doubles b) { return {_mm512_add_pd(a.value, b.value)}; }
inline Doubles operator-(Doubles a, Doubles b) { return {_mm512_sub_pd(a.value, b.value)}; }
inline Doubles operator*(Doubles a, Doubles b) { return {_mm512_mul_pd(a.value, b.value)}; }
inline Doubles operator/(Doubles a, Doubles b) { return {_mm512_div_pd(a.value, b.value)}; }
inline Mask at_least(Doubles a, Doubles b) { return {_mm512_cmp_pd_mask(a.value, b.value, _CMP_GE_OQ)}; }
inline Mask greater(Doubles a, Doubles b) { return {_mm512_cmp_pd_mask(a.value, b.value, _CMP_GT_OQ)}; }
inline Mask and_not(Mask a, Mask b) { return {static_cast<__mmask8>(a.value & ~b.value)}; }
inline uint32_t bits(Mask m) { return m.value; }
inline Doubles select(Mask m, Doubles a, Doubles b) { return {_mm512_mask_blend_pd(m.value, b.value, a.value)}; }
inline Doubles max_of(Doubles a, Doubles b) { return {_mm512_max_pd(a.value, b.value)}; }
inline void narrow(Doubles a, float* p) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a.value)); }

inline Doubles scale_by_power(Doubles p, Doubles shifted) {
  const __m512i exponent = _mm512_slli_epi64(_mm512_add_epi64(_mm512_castpd_si512(shifted.value), _mm512_set1_epi64(1023)), 52);
  return {_mm512_mul_pd(p.value, _mm512_castsi512_pd(exponent))};
}

struct Floats {
  static constexpr uint32_t lanes = 16;
  __m512 value;
  static Floats load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Floats all(float x) { return {_mm512_set1_ps(x)}; }
  void store(float* p) const { _mm512_storeu_ps(p, value); }
};

inline Floats operator-(Floats a, Floats b) { return {_mm512_sub_ps(a.value, b.value)}; }
inline Floats operator*(Floats a, Floats b) { return {_mm512_mul_ps(a.value, b.value)}; }
inline Floats min_of(Floats a, Floats b) { return {_mm512_min_ps(a.value, b.value)}; }
inline Floats max_of(Floats a, Floats b) { return {_mm512_max_ps(a.value, b.value)}; }

#include "kernels_body.h"

}  // namespace
}  // namespace neuronbus::population

#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

namespace neuronbus::population {

const Kernels& avx512_kernels() {
  static constexpr Kernels all = table("avx512");
  return all;
}

}  // namespace neuronbus::population
#endif
