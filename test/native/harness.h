// SPDX-License-Identifier: MIT
//
// The native test harness: tests register themselves, every *.cc in this folder is part of the one test program.
//
//   NB_TEST("a clock never goes back") { CHECK(a <= b); CHECK_EQ(count, 3u); }
//
// CHECK may be called from any thread. It records a failure and goes on; its value tells whether it held, so that
// `if (!CHECK(...)) return;` leaves. Random numbers come from random_for_test(): the seed is printed, and
// NEURONBUS_SEED=<seed> repeats a run.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define NB_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define NB_TEST_SANITIZED 1
#endif
#endif

namespace nbtest {

struct Registration {
  Registration(const char* name, void (*body)());
};

// Records a failure of the running test. Always false.
bool fail(const char* file, int line, const std::string& what);

// Failures of the running test so far, in this process.
int failure_count();

inline bool check(bool held, const char* file, int line, const char* expression) {
  return held || fail(file, line, expression);
}

template <typename A, typename B>
bool check_equal(const A& actual, const B& expected, const char* file, int line, const char* expression) {
  if (actual == expected) return true;
  std::ostringstream text;
  text << expression << ": " << +actual << " is not " << +expected;
  return fail(file, line, text.str());
}

// xoshiro256**, by Blackman and Vigna.
class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t next();
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool chance(uint32_t one_in) { return below(one_in) == 0; }

 private:
  uint64_t state_[4];
};

// Seeded for the running test; the same seed gives a test the same numbers whichever other tests run.
Random random_for_test();

// How much work a stress test does: less in sanitizer builds, and divided by NEURONBUS_TEST_DIVISOR (for emulators).
uint64_t scaled(uint64_t count);

// The test names on the command line are substrings; none = all. Returns the exit code.
int run(int argc, char** argv);

}  // namespace nbtest

#define NB_TEST_JOIN_(a, b) a##b
#define NB_TEST_JOIN(a, b) NB_TEST_JOIN_(a, b)
#define NB_TEST(name)                                                                                            \
  static void NB_TEST_JOIN(nb_test_, __LINE__)();                                                                \
  static const nbtest::Registration NB_TEST_JOIN(nb_test_entry_, __LINE__)(name, NB_TEST_JOIN(nb_test_, __LINE__)); \
  static void NB_TEST_JOIN(nb_test_, __LINE__)()

#define CHECK(expression) nbtest::check(static_cast<bool>(expression), __FILE__, __LINE__, #expression)
#define CHECK_EQ(actual, expected) nbtest::check_equal((actual), (expected), __FILE__, __LINE__, #actual " == " #expected)
