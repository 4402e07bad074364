// SPDX-License-Identifier: MIT
//
// Atomic access to words of the shared layout, which are plain integers so that C and JavaScript can name them.
//
// Any thread. Every call site of anything stronger than relaxed names its pair: `SYNC <label>`; docs/memory-order.md
// has one paragraph per label, and tools/check-sync.mjs fails on a label that stands alone.
#pragma once

#include <atomic>
#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free, "32-bit atomics");
static_assert(sizeof(std::atomic<uint64_t>) == 8 && std::atomic<uint64_t>::is_always_lock_free, "64-bit atomics");

template <typename T>
inline std::atomic<T>& shared(T& word) {
  return reinterpret_cast<std::atomic<T>&>(word);
}

template <typename T>
inline T load_relaxed(T& word) {
  return shared(word).load(std::memory_order_relaxed);
}

template <typename T>
inline void store_relaxed(T& word, T value) {
  shared(word).store(value, std::memory_order_relaxed);
}

template <typename T>
inline T load_acquire(T& word) {
  return shared(word).load(std::memory_order_acquire);
}

template <typename T>
inline void store_release(T& word, T value) {
  shared(word).store(value, std::memory_order_release);
}

// The state of what ganglion `index` is busy with, so that it is found when that one dies.
constexpr uint32_t claimed_by(uint32_t index) { return NB_CLAIMED | (index + 1) << NB_CLAIMER_SHIFT; }

}  // namespace neuronbus
