// SPDX-License-Identifier: MIT
//
// Nanoseconds of CLOCK_MONOTONIC, from the cycle counter where that is invariant.
//
// A Clock belongs to one thread: nothing in it is shared, so now() needs no atomic. Every thread makes its own; all of
// them follow the same OS clock to within about a microsecond. now() never goes back within one Clock.
//
//   counter  --(subtract anchor, multiply, shift)-->  ns         fast path, no system call
//   every window (10 ms, doubling to 1 s): compare with the OS clock, measure the rate over seconds, and choose the
//   next window's rate so that the difference is gone at its end. The value itself never jumps, except forward when
//   the OS clock is more than 1 ms ahead (the machine slept, or moved to another host).
#pragma once

#include <cstdint>

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
#include <intrin.h>
#elif defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace neuronbus {

enum class ClockSource : uint8_t { tsc, cntvct, monotonic };

class Clock {
 public:
  // The first Clock of a process measures the counter's frequency, which takes about 2 ms. With NEURONBUS_CLOCK=monotonic
  // in the environment the counter is not used.
  Clock();

  uint64_t now() {
    if (source_ == ClockSource::monotonic) return now_monotonic();
    const uint64_t elapsed = counter() - anchor_ticks_;
    if (elapsed >= window_ticks_) return reanchor();  // also when the counter went back: the difference wraps
    const uint64_t ns = anchor_ns_ + ((elapsed * rate_) >> kRateShift);
    last_ns_ = ns > last_ns_ ? ns : last_ns_;
    return last_ns_;
  }

  const char* source() const;

  // Of the counter, as measured so far; 1e9 when there is none.
  uint64_t frequency_hz() const;

  // CLOCK_MONOTONIC itself (the steady clock on Windows): what now() follows.
  static uint64_t os_now();

 private:
  // A rate is ns per tick in 32.32 fixed point. A window is at most 2^31 ns long, so the product stays below 2^64.
  static constexpr int kRateShift = 32;

  struct Sample {
    uint64_t ticks;
    uint64_t ns;
  };

  static uint64_t counter() {
#if defined(_MSC_VER) && defined(_M_ARM64)
    return static_cast<uint64_t>(_ReadStatusReg(0x5F02));  // CNTVCT_EL0
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#elif defined(__x86_64__) || defined(_M_X64)
    return __rdtsc();
#else
    return 0;
#endif
  }

  struct Calibration;
  static Calibration calibrate();
  static Sample sample();

  uint64_t now_monotonic();
  uint64_t reanchor();
  uint64_t extrapolate(uint64_t ticks) const;
  void measure_rate(const Sample& here);

  uint64_t anchor_ticks_ = 0;
  uint64_t anchor_ns_ = 0;
  uint64_t rate_ = 0;          // of this window: the measured one, bent towards the OS clock
  uint64_t window_ticks_ = 0;  // how long the anchor may be used
  uint64_t last_ns_ = 0;
  uint64_t window_ns_ = 0;
  uint64_t measured_rate_ = 0;
  Sample baseline_{};       // the measured rate is that from here to now
  Sample next_baseline_{};  // takes the place of baseline_ when that is old
  ClockSource source_ = ClockSource::monotonic;
};

}  // namespace neuronbus
