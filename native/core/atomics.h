// SPDX-License-Identifier: MIT
//
// Atomic access to words of the shared layout, which are plain integers so that C and JavaScript can name them.
//
// Any thread. Every call site of anything stronger than relaxed names its pair: `SYNC <label>`; docs/memory-order.md
// has one paragraph per label, and tools/check-sync.mjs fails on a label that stands alone.
#pragma once

#include <atomic>
#include <cstdint>

#include "fault_point.h"
#include "neuronbus/layout.h"

namespace neuronbus {

static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free, "32-bit atomics");
static_assert(sizeof(std::atomic<uint64_t>) == 8 && std::atomic<uint64_t>::is_always_lock_free, "64-bit atomics");

#ifdef NB_FAULT_POINTS

// A shared word whose every store is a fault point.
template <typename T>
class Watched {
 public:
  Watched(T& word, const char* where, int line)
      : word_(reinterpret_cast<std::atomic<T>&>(word)), where_(where), line_(line) {}
  T load(std::memory_order order = std::memory_order_seq_cst) const { return word_.load(order); }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) const { point().store(value, order); }
  template <typename... A>
  T exchange(A... a) const { return point().exchange(a...); }
  template <typename... A>
  T fetch_add(A... a) const { return point().fetch_add(a...); }
  template <typename... A>
  T fetch_or(A... a) const { return point().fetch_or(a...); }
  template <typename... A>
  T fetch_and(A... a) const { return point().fetch_and(a...); }
  template <typename... A>
  bool compare_exchange_strong(T& seen, A... a) const { return point().compare_exchange_strong(seen, a...); }
  template <typename... A>
  bool compare_exchange_weak(T& seen, A... a) const { return point().compare_exchange_weak(seen, a...); }

 private:
  std::atomic<T>& point() const { return fault_point(where_, line_), word_; }
  std::atomic<T>& word_;
  const char* where_;
  int line_;
};

template <typename T>
inline Watched<T> shared(T& word NB_CALLER_PARAMETER) {
  return Watched<T>(word NB_CALLER);
}

#else

template <typename T>
inline std::atomic<T>& shared(T& word) {
  return reinterpret_cast<std::atomic<T>&>(word);
}

#endif

template <typename T>
inline T load_relaxed(T& word) {
  return shared(word).load(std::memory_order_relaxed);
}

template <typename T>
inline void store_relaxed(T& word, T value NB_CALLER_PARAMETER) {
  shared(word NB_CALLER).store(value, std::memory_order_relaxed);
}

template <typename T>
inline T load_acquire(T& word) {
  return shared(word).load(std::memory_order_acquire);
}

template <typename T>
inline void store_release(T& word, T value NB_CALLER_PARAMETER) {
  shared(word NB_CALLER).store(value, std::memory_order_release);
}

// The state of what ganglion `index` is busy with, so that it is found when that one dies.
constexpr uint32_t claimed_by(uint32_t index) { return NB_CLAIMED | (index + 1) << NB_CLAIMER_SHIFT; }

}  // namespace neuronbus
