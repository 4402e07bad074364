// SPDX-License-Identifier: MIT
//
// What decays without end must not become slow: a current, a trace, an eligibility without events comes to numbers below the
// smallest normal one after some seconds of simulated time and stays there, where many processors compute some fifty times slower.
// While one of these lives, its thread takes such numbers for 0.
#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(_M_ARM64) && defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace neuronbus::population {

class TinyIsZero {
 public:
  TinyIsZero() : before_(read()) { write(before_ | kFlush); }
  ~TinyIsZero() { write(before_); }
  TinyIsZero(const TinyIsZero&) = delete;
  TinyIsZero& operator=(const TinyIsZero&) = delete;

 private:
#if defined(__x86_64__) || defined(_M_X64)
  static constexpr uint64_t kFlush = 0x8040;  // results (FTZ) and operands (DAZ)
  static uint64_t read() { return _mm_getcsr(); }
  static void write(uint64_t mode) { _mm_setcsr(static_cast<unsigned int>(mode)); }
#elif defined(__aarch64__) && defined(__GNUC__)
  static constexpr uint64_t kFlush = uint64_t{1} << 24;  // FPCR.FZ
  static uint64_t read() {
    uint64_t mode;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void write(uint64_t mode) { __asm__ __volatile__("msr fpcr, %0" : : "r"(mode) : "memory"); }
#elif defined(_M_ARM64) && defined(_MSC_VER) && !defined(__clang__)
  static constexpr uint64_t kFlush = uint64_t{1} << 24;
  static uint64_t read() { return static_cast<uint64_t>(_ReadStatusReg(ARM64_FPCR)); }
  static void write(uint64_t mode) { _WriteStatusReg(ARM64_FPCR, static_cast<__int64>(mode)); }
#else
  static constexpr uint64_t kFlush = 0;
  static uint64_t read() { return 0; }
  static void write(uint64_t) {}
#endif

  uint64_t before_;
};

}  // namespace neuronbus::population
