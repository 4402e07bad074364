// SPDX-License-Identifier: MIT
#include "process.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#ifdef _WIN32
#include <process.h>
#else
#include <pthread.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#endif

namespace neuronbus {
namespace {

struct Wakers {
  std::mutex mutex;
  std::map<std::pair<const void*, uint32_t>, Waker> by_ganglion;
};

// Never destroyed: worker threads may come here while the process runs its exit handlers.
Wakers& wakers() {
  static Wakers* instance = new Wakers;
  return *instance;
}

uint64_t random_token() {
  std::random_device device;
  const uint64_t value = uint64_t{device()} << 32 | device();
  return value == 0 ? 1 : value;
}

}  // namespace

// A child by fork() is another process: it gets a number of its own when it asks.
uint64_t process_token() {
  static std::atomic<uint64_t> token{0};
#ifndef _WIN32
  static const int watched = pthread_atfork(nullptr, nullptr, [] { token.store(0, std::memory_order_relaxed); });
  (void)watched;
#endif
  uint64_t known = token.load(std::memory_order_relaxed);
  if (known != 0) return known;
  const uint64_t fresh = random_token();
  return token.compare_exchange_strong(known, fresh, std::memory_order_relaxed) ? fresh : known;
}

uint32_t process_id() {
#ifdef _WIN32
  return static_cast<uint32_t>(_getpid());
#else
  return static_cast<uint32_t>(getpid());
#endif
}

void set_waker(const void* base, uint32_t index, Waker waker) {
  std::lock_guard<std::mutex> lock(wakers().mutex);
  wakers().by_ganglion[{base, index}] = waker;
}

void clear_waker(const void* base, uint32_t index) {
  std::lock_guard<std::mutex> lock(wakers().mutex);
  wakers().by_ganglion.erase({base, index});
}

bool call_waker(const void* base, uint32_t index) {
  std::lock_guard<std::mutex> lock(wakers().mutex);
  const auto found = wakers().by_ganglion.find({base, index});
  if (found == wakers().by_ganglion.end()) return false;
  found->second.call(found->second.data);
  return true;
}

#ifdef __linux__

bool futex_wait(uint32_t* word, uint32_t value, uint64_t timeout_ns) {
  timespec timeout;
  timeout.tv_sec = static_cast<time_t>(timeout_ns / 1000000000);
  timeout.tv_nsec = static_cast<long>(timeout_ns % 1000000000);
  return syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, nullptr, 0) == 0 || errno == EAGAIN;
}

void futex_wake(uint32_t* word) { syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0); }

#else

bool futex_wait(uint32_t*, uint32_t, uint64_t timeout_ns) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(timeout_ns < 1000000 ? timeout_ns : 1000000));
  return true;
}

void futex_wake(uint32_t*) {}

#endif

}  // namespace neuronbus
