// SPDX-License-Identifier: MIT
#include "harness.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <vector>

namespace nbtest {
namespace {

constexpr int kShownFailures = 10;

struct Test {
  std::string name;
  void (*body)();
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

std::atomic<int> failures{0};  // of the running test
std::mutex output;
uint64_t run_seed = 0;
const Test* running = nullptr;

uint64_t split_mix(uint64_t* state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t rotate_left(uint64_t value, int by) { return value << by | value >> (64 - by); }

bool wanted(const Test& test, int argc, char** argv) {
  if (argc < 2) return true;
  for (int i = 1; i < argc; i++) {
    if (test.name.find(argv[i]) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Registration::Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }

bool fail(const char* file, int line, const std::string& what) {
  const int before = failures.fetch_add(1);
  std::lock_guard<std::mutex> lock(output);
  if (before < kShownFailures) std::printf("     %s:%d: %s\n", file, line, what.c_str());
  std::fflush(stdout);  // this process may be a child that is about to be killed
  return false;
}

int failure_count() { return failures.load(); }

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = split_mix(&seed);
}

uint64_t Random::next() {
  const uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

Random random_for_test() {
  uint64_t seed = run_seed;
  for (const char c : running->name) seed = seed * 1099511628211u + static_cast<unsigned char>(c);
  return Random(seed);
}

uint64_t scaled(uint64_t count) {
#ifdef NB_TEST_SANITIZED
  count /= 10;
#endif
  static const char* divisor = std::getenv("NEURONBUS_TEST_DIVISOR");
  if (divisor != nullptr) count /= std::max<uint64_t>(1, std::strtoull(divisor, nullptr, 10));
  return std::max<uint64_t>(count, 1);
}

int run(int argc, char** argv) {
  const char* wish = std::getenv("NEURONBUS_SEED");
  run_seed = wish != nullptr ? std::strtoull(wish, nullptr, 10) : std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(run_seed));
  int passed = 0;
  int failed = 0;
  std::sort(tests().begin(), tests().end(), [](const Test& a, const Test& b) { return a.name < b.name; });
  for (const Test& test : tests()) {
    if (!wanted(test, argc, argv)) continue;
    failures = 0;
    running = &test;
    test.body();
    const bool held = failures == 0;
    (held ? passed : failed)++;
    std::printf("%s %s\n", held ? "ok  " : "FAIL", test.name.c_str());
    std::fflush(stdout);
  }
  if (failed > 0) std::printf("repeat with NEURONBUS_SEED=%llu\n", static_cast<unsigned long long>(run_seed));
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace nbtest

int main(int argc, char** argv) { return nbtest::run(argc, argv); }
