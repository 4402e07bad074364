// SPDX-License-Identifier: MIT
#include "clock.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#ifdef _WIN32
#include <chrono>
#else
#include <time.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace neuronbus {
namespace {

constexpr uint64_t kFirstWindowNs = 10'000'000;
constexpr uint64_t kLastWindowNs = 1'000'000'000;
constexpr uint64_t kJumpNs = 1'000'000;
constexpr uint64_t kBaselineNs = 4'000'000'000;  // rates are measured over one to two of these
constexpr uint64_t kTrustedBaselineNs = 50'000'000;  // from here a measured rate is better than the calibration
constexpr uint64_t kCalibrationNs = 1'500'000;
constexpr uint64_t kMinHz = 1'000'000;
constexpr uint64_t kMaxHz = 20'000'000'000;

bool counter_is_invariant() {
#if defined(_MSC_VER) && defined(_M_X64)
  int registers[4];
  __cpuid(registers, static_cast<int>(0x80000000));
  if (static_cast<uint32_t>(registers[0]) < 0x80000007u) return false;
  __cpuid(registers, static_cast<int>(0x80000007));
  return (registers[3] & (1 << 8)) != 0;
#elif defined(__x86_64__)
  unsigned a, b, c, d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
#elif defined(__aarch64__) || defined(_M_ARM64)
  return true;
#else
  return false;
#endif
}

ClockSource counter_source() {
#if defined(__aarch64__) || defined(_M_ARM64)
  return ClockSource::cntvct;
#else
  return ClockSource::tsc;
#endif
}

uint64_t rate_between(uint64_t ticks, uint64_t ns) {
  return static_cast<uint64_t>(static_cast<double>(ns) / static_cast<double>(ticks) * 4294967296.0 + 0.5);
}

uint64_t ticks_for(uint64_t ns, uint64_t rate) {
  return static_cast<uint64_t>(static_cast<double>(ns) * 4294967296.0 / static_cast<double>(rate));
}

bool plausible(uint64_t rate) {
  const double hz = 1e9 * 4294967296.0 / static_cast<double>(rate == 0 ? 1 : rate);
  return hz >= static_cast<double>(kMinHz) && hz <= static_cast<double>(kMaxHz);
}

// The best rate any thread of the process measured: what a new Clock begins with. Only a hint, hence relaxed.
std::atomic<uint64_t> best_rate{0};

}  // namespace

struct Clock::Calibration {
  ClockSource source = ClockSource::monotonic;
  Sample start{};
};

uint64_t Clock::os_now() {
#ifdef _WIN32
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
#else
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(time.tv_nsec);
#endif
}

// Counter and OS clock at the same instant: the tightest of a few attempts, because a thread may be interrupted between.
Clock::Sample Clock::sample() {
  Sample best{};
  uint64_t best_gap = UINT64_MAX;
  for (int attempt = 0; attempt < 4; attempt++) {
    const uint64_t before = counter();
    const uint64_t ns = os_now();
    const uint64_t gap = counter() - before;
    if (gap >= best_gap) continue;
    best_gap = gap;
    best = {before + gap / 2, ns};
  }
  return best;
}

Clock::Calibration Clock::calibrate() {
  Calibration result;
  const char* wish = std::getenv("NEURONBUS_CLOCK");
  if (wish != nullptr && std::strcmp(wish, "monotonic") == 0) return result;
  if (!counter_is_invariant()) return result;
  const Sample start = sample();
  Sample end = start;
  while (end.ns - start.ns < kCalibrationNs) end = sample();
  if (end.ticks <= start.ticks) return result;
  const uint64_t rate = rate_between(end.ticks - start.ticks, end.ns - start.ns);
  if (!plausible(rate)) return result;
  best_rate.store(rate, std::memory_order_relaxed);
  result.start = start;
  result.source = counter_source();
  return result;
}

Clock::Clock() {
  static const Calibration process = calibrate();  // once per process; other threads wait for it
  source_ = process.source;
  if (source_ == ClockSource::monotonic) return;
  const Sample here = sample();
  measured_rate_ = rate_ = best_rate.load(std::memory_order_relaxed);
  anchor_ticks_ = here.ticks;
  anchor_ns_ = last_ns_ = here.ns;
  window_ns_ = kFirstWindowNs;
  window_ticks_ = ticks_for(window_ns_, rate_);
  baseline_ = next_baseline_ = here.ns - process.start.ns < kBaselineNs ? process.start : here;
}

const char* Clock::source() const {
  switch (source_) {
    case ClockSource::tsc:
      return "tsc";
    case ClockSource::cntvct:
      return "cntvct";
    default:
      return "monotonic";
  }
}

uint64_t Clock::frequency_hz() const {
  if (source_ == ClockSource::monotonic) return 1'000'000'000;
  return static_cast<uint64_t>(1e9 * 4294967296.0 / static_cast<double>(measured_rate_) + 0.5);
}

uint64_t Clock::now_monotonic() {
  const uint64_t ns = os_now();
  last_ns_ = ns > last_ns_ ? ns : last_ns_;
  return last_ns_;
}

// What the fast path would say at `ticks`. The bent rate was meant for its window only; beyond, the measured one holds.
uint64_t Clock::extrapolate(uint64_t ticks) const {
  const uint64_t elapsed = ticks - anchor_ticks_;
  if (static_cast<int64_t>(elapsed) < 0) return last_ns_;
  const uint64_t bent = elapsed < window_ticks_ ? elapsed : window_ticks_;
  const double beyond = static_cast<double>(elapsed - bent) * (static_cast<double>(measured_rate_) / 4294967296.0);
  const uint64_t ns = anchor_ns_ + ((bent * rate_) >> kRateShift) + static_cast<uint64_t>(beyond);
  return ns > last_ns_ ? ns : last_ns_;
}

void Clock::measure_rate(const Sample& here) {
  const uint64_t span_ns = here.ns - baseline_.ns;
  if (here.ticks <= baseline_.ticks || span_ns < kTrustedBaselineNs) return;
  const uint64_t rate = rate_between(here.ticks - baseline_.ticks, span_ns);
  if (!plausible(rate)) return;
  measured_rate_ = rate;
  best_rate.store(rate, std::memory_order_relaxed);
  if (here.ns - next_baseline_.ns < kBaselineNs) return;
  baseline_ = next_baseline_;
  next_baseline_ = here;
}

uint64_t Clock::reanchor() {
  const Sample here = sample();
  uint64_t ours = extrapolate(here.ticks);
  const int64_t error = static_cast<int64_t>(here.ns - ours);  // positive: the OS clock is ahead
  const uint64_t distance = static_cast<uint64_t>(error < 0 ? -error : error);
  if (distance > kJumpNs) {
    // The counter and the OS clock parted. Nobody has seen anything beyond last_ns_, so that is all we must respect.
    ours = here.ns > last_ns_ ? here.ns : last_ns_;
    baseline_ = next_baseline_ = here;
    window_ns_ = kFirstWindowNs;
  } else {
    measure_rate(here);
    window_ns_ = window_ns_ * 2 < kLastWindowNs ? window_ns_ * 2 : kLastWindowNs;
  }

  double bend = static_cast<double>(static_cast<int64_t>(here.ns - ours)) / static_cast<double>(window_ns_);
  if (bend > 0.5) bend = 0.5;
  if (bend < -0.5) bend = -0.5;
  rate_ = static_cast<uint64_t>(static_cast<double>(measured_rate_) * (1.0 + bend));
  window_ticks_ = ticks_for(window_ns_, measured_rate_);
  anchor_ticks_ = here.ticks;
  anchor_ns_ = ours;
  last_ns_ = ours;
  return ours;
}

}  // namespace neuronbus
