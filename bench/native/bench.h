// SPDX-License-Identifier: MIT
//
// What the native benchmarks share: options, rounds, pinned threads, one line of JSON for a result. Included by one file.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace neuronbus {
namespace bench {

struct Options {
  bool quick = false;
  bool list = false;
  bool pin = true;
  std::string filter;
};

inline Options options;

// Keeps the optimiser from dropping what computes the value.
inline void consume(uint64_t value) {
  static std::atomic<uint64_t> sink;
  sink.store(value, std::memory_order_relaxed);
}

inline void pin_to(unsigned cpu) {
#ifdef __linux__
  const unsigned cpus = std::thread::hardware_concurrency();
  if (!options.pin || cpus < 2) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu % cpus, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);  // a container may forbid it: then the kernel chooses
#else
  (void)cpu;
#endif
}

// Rounds of a test, or a fifth of them.
inline int rounds_of(int full) { return options.quick ? full / 5 : full; }

inline void print(const char* name, double ns_per_op, const std::string& more = "") {
  std::printf("{\"name\":\"%s\",\"nsPerOp\":%.3f,\"perSecond\":%.0f%s}\n", name, ns_per_op, 1e9 / ns_per_op, more.c_str());
  std::fflush(stdout);
}

// `run` does `count` operations and returns the ns they took.
using Run = std::function<uint64_t(uint64_t count)>;

inline std::vector<double> rounds(int times, uint64_t count, const Run& run) {
  std::vector<double> results;
  for (int i = 0; i < times; i++) results.push_back(static_cast<double>(run(count)) / static_cast<double>(count));
  std::sort(results.begin(), results.end());
  return results;
}

inline void best_of(const char* name, uint64_t count, const Run& run) { print(name, rounds(rounds_of(60), count, run).front()); }

// `body` runs in a second thread on another core while `rest` runs here. The other thread works with copies: what lies on
// this thread's stack shares lines with what this thread writes.
inline void in_two_threads(const std::function<void()>& body, const std::function<void()>& rest) {
  std::thread other([body] {
    pin_to(1);
    body();
  });
  pin_to(0);
  rest();
  other.join();
}

inline void spin_until(const std::atomic<uint64_t>& value, uint64_t wanted) {
  while (value.load(std::memory_order_acquire) < wanted) {
  }
}

}  // namespace bench
}  // namespace neuronbus
