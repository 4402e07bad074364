// SPDX-License-Identifier: MIT
//
// Processes that die at a fault point of choice, and a board that they share with the test. A test runs the same life again and
// again, each time one store longer, until it comes through unharmed.
//
// Only the program of tools/native_tests.mjs has fault points. Not under ThreadSanitizer: each process here has one thread, so
// there is nothing for it to see, and a fork under it takes long.
#pragma once

#include "harness.h"
#include "native/core/fault_point.h"

#if defined(NB_FAULT_POINTS) && defined(__linux__) && !defined(__SANITIZE_THREAD__)
#define NB_TEST_FAULTS 1

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>

namespace nbtest {

// In memory that parent and children share.
struct Board {
  static constexpr uint32_t kPlaces = 1024;

  struct Place {
    std::atomic<const char*> where;
    int line;
    uint64_t passed;
  };

  std::atomic<uint32_t> phase;
  std::atomic<uint32_t> neuron;
  std::atomic<uint64_t> begun;  // spikes that the child began to send
  std::atomic<uint64_t> sent;   // that send() has returned from
  std::atomic<uint64_t> received;
  // Written by who is armed.
  const char* where;  // passed last
  int line;
  int failures;
  Place places[kPlaces];

  static Board& get();
  // For a new life. What was passed so far stays known.
  void begin();
  void forget();
  uint32_t count() const;  // different places that were passed
  bool passed(const std::string& where) const;
  std::string last() const;
};

// From here on this process dies at the n-th fault point, counted from 1. 0: never.
void arm(uint64_t n);
void disarm();

// A forked process that runs `body` and leaves. It dies with the test, or after a minute.
class Doomed {
 public:
  explicit Doomed(const std::function<void()>& body);
  ~Doomed();
  Doomed(const Doomed&) = delete;
  bool running();
  void wait();
  void kill();
  bool killed() const { return killed_; }

 private:
  void ended(int status);
  pid_t pid_ = 0;
  bool killed_ = false;
};

// A name of a bus for this test, in a directory of its own.
class BusPlace {
 public:
  BusPlace();
  ~BusPlace();
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace nbtest

#endif
