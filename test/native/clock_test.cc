// SPDX-License-Identifier: MIT
#include "native/core/clock.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

#include "harness.h"

using neuronbus::Clock;

namespace {

// How far a reading lies outside the OS clock's readings right before and after it: independent of being interrupted.
uint64_t distance_to_os_clock(Clock& clock) {
  const uint64_t before = Clock::os_now();
  const uint64_t now = clock.now();
  const uint64_t after = Clock::os_now();
  if (now < before) return before - now;
  return now > after ? now - after : 0;
}

bool monotonic_forced() {
  const char* wish = std::getenv("NEURONBUS_CLOCK");
  return wish != nullptr && std::strcmp(wish, "monotonic") == 0;
}

constexpr uint64_t kDriftNs = 50'000;  // over a second: 50 ppm; in a quiet process it is below 1 us

}  // namespace

NB_TEST("clock: never goes back, across many windows") {
  Clock clock;
  uint64_t last = clock.now();
  const uint64_t end = Clock::os_now() + 300'000'000;
  while (Clock::os_now() < end) {
    for (int i = 0; i < 1000; i++) {
      const uint64_t now = clock.now();
      if (!CHECK(now >= last)) return;
      last = now;
    }
  }
}

NB_TEST("clock: stays with the OS clock for a second") {
  Clock clock;
  uint64_t worst = 0;
  const uint64_t end = Clock::os_now() + 1'200'000'000;
  while (Clock::os_now() < end) {
    const uint64_t distance = distance_to_os_clock(clock);
    worst = distance > worst ? distance : worst;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  CHECK(worst < kDriftNs);
}

NB_TEST("clock: is right at the first call after being left alone for many windows") {
  Clock clock;
  clock.now();
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(distance_to_os_clock(clock) < kDriftNs);
  CHECK(distance_to_os_clock(clock) < kDriftNs);
}

NB_TEST("clock: clocks of different threads agree") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; t++) {
    threads.emplace_back([] {
      Clock clock;
      for (int i = 0; i < 2000; i++) {
        CHECK(distance_to_os_clock(clock) < kDriftNs);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

NB_TEST("clock: the source is a counter only if nobody forbade it, and its frequency is stable") {
  Clock clock;
  const std::string source = clock.source();
  if (monotonic_forced()) {
    CHECK(source == "monotonic");
    CHECK_EQ(clock.frequency_hz(), 1'000'000'000u);
    return;
  }
  CHECK(source == "tsc" || source == "cntvct" || source == "monotonic");
  const uint64_t first = clock.frequency_hz();
  const uint64_t end = Clock::os_now() + 100'000'000;
  while (Clock::os_now() < end) clock.now();
  const uint64_t later = clock.frequency_hz();
  CHECK((first > later ? first - later : later - first) < later / 1000);
}

#ifdef __linux__
NB_TEST("clock: never goes back when its thread moves between processors") {
  cpu_set_t before;
  if (!CHECK_EQ(sched_getaffinity(0, sizeof before, &before), 0)) return;
  Clock clock;
  uint64_t last = clock.now();
  for (int round = 0; round < 400; round++) {
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &before)) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof one, &one);
      const uint64_t now = clock.now();
      if (!CHECK(now >= last)) return;
      last = now;
    }
  }
  sched_setaffinity(0, sizeof before, &before);
}
#endif
