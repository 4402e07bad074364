// SPDX-License-Identifier: MIT
#include "kernels.h"

#include <cstdlib>
#include <cstring>

#include "kernels_sets.h"

#if defined(NB_KERNELS_X64) && defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace neuronbus::population {
namespace {

#ifdef NB_KERNELS_X64

#if defined(_MSC_VER) && !defined(__clang__)
// Both the processor and the operating system, which must keep the registers.
bool has(int leaf7_ebx_bit, unsigned long long registers) {
  int words[4];
  __cpuid(words, 0);
  if (words[0] < 7) return false;
  __cpuid(words, 1);
  if ((words[2] >> 27 & 1) == 0 || (_xgetbv(0) & registers) != registers) return false;
  __cpuidex(words, 7, 0);
  return (words[1] >> leaf7_ebx_bit & 1) != 0;
}
bool has_avx2() { return has(5, 0x6); }
bool has_avx512() { return has(16, 0xE6); }
#else
bool has_avx2() { return __builtin_cpu_supports("avx2"); }
bool has_avx512() { return __builtin_cpu_supports("avx512f"); }
#endif

#endif

const Kernels& widest() {
#ifdef NB_KERNELS_X64
  if (has_avx512()) return avx512_kernels();
  if (has_avx2()) return avx2_kernels();
#endif
#ifdef NB_KERNELS_NEON
  return neon_kernels();
#else
  return scalar_kernels();
#endif
}

constexpr const char* kNames[] = {"scalar", "avx2", "avx512", "neon"};
constexpr const char* kFault = "NEURONBUS_KERNELS must be scalar, avx2, avx512 or neon";

struct Choice {
  const Kernels* kernels;
  const char* fault;
};

// Of a set that the processor does not have comes the widest one, so that one setting may serve machines of several kinds; a word that
// names none is a mistake.
Choice choose() {
  const char* const wish = std::getenv("NEURONBUS_KERNELS");
  if (wish == nullptr) return {&widest(), nullptr};
  const Kernels* const found = kernels_named(wish);
  for (const char* name : kNames) {
    if (std::strcmp(name, wish) == 0) return {found != nullptr ? found : &widest(), nullptr};
  }
  return {&widest(), kFault};
}

const Choice& choice() {
  static const Choice chosen = choose();
  return chosen;
}

}  // namespace

const Kernels* kernels_named(const char* name) {
  if (std::strcmp(name, "scalar") == 0) return &scalar_kernels();
#ifdef NB_KERNELS_X64
  if (std::strcmp(name, "avx2") == 0 && has_avx2()) return &avx2_kernels();
  if (std::strcmp(name, "avx512") == 0 && has_avx512()) return &avx512_kernels();
#endif
#ifdef NB_KERNELS_NEON
  if (std::strcmp(name, "neon") == 0) return &neon_kernels();
#endif
  return nullptr;
}

const Kernels& kernels() {
  static const Kernels& chosen = *choice().kernels;
  return chosen;
}

const char* kernels_fault() { return choice().fault; }

}  // namespace neuronbus::population
