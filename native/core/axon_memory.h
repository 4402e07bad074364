// SPDX-License-Identifier: MIT
//
// What the axon's participants share: 63-bit cursors in two words, copies of slots that may be overwritten, the fences
// between them. Any thread.
#pragma once

#include <cstring>
#include <utility>

#include "atomics.h"
#include "neuronbus/layout.h"

#if defined(__SANITIZE_THREAD__)
#define NB_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NB_THREAD_SANITIZER 1
#endif
#endif

namespace neuronbus {

// A slot may be read by an observer while the producer overwrites it. Copies of both are relaxed atomic words: the
// observer gets garbage, finds that out and throws it away, but there is no data race. On x86 and ARM64 a relaxed atomic
// word is an ordinary load or store.
//
// Written out word by word: gcc does not unroll a loop over atomics, which costs 3 ns a spike.
namespace detail {

template <uint32_t... Word>
inline void write_words(uint64_t* to, const uint8_t* from, std::integer_sequence<uint32_t, Word...>) {
  uint64_t words[sizeof...(Word)];
  (std::memcpy(&words[Word], from + Word * sizeof(uint64_t), sizeof(uint64_t)), ...);
  (store_relaxed(to[Word], words[Word]), ...);
}

template <uint32_t... Word>
inline void read_words(uint64_t* from, uint8_t* to, std::integer_sequence<uint32_t, Word...>) {
  const uint64_t words[] = {load_relaxed(from[Word])...};
  (std::memcpy(to + Word * sizeof(uint64_t), &words[Word], sizeof(uint64_t)), ...);
}

using SpikeWords = std::make_integer_sequence<uint32_t, NB_SPIKE_BYTES / sizeof(uint64_t)>;

}  // namespace detail

inline void write_slot(nb_spike* slot, const nb_spike& spike) {
  detail::write_words(reinterpret_cast<uint64_t*>(slot), reinterpret_cast<const uint8_t*>(&spike), detail::SpikeWords{});
}

inline void read_slot(const nb_spike* slot, nb_spike* spike) {
  auto* from = reinterpret_cast<uint64_t*>(const_cast<nb_spike*>(slot));
  detail::read_words(from, reinterpret_cast<uint8_t*>(spike), detail::SpikeWords{});
}

// The position in a pair of words (see nb_axon). The writer stores the high word first, so a low word that was read while
// the high word stood still belongs to it or to the period before, and the bit that both share tells which. That needs no
// further step of the writer: one that was preempted or died between its two stores is no obstacle. False only if the high
// word, which grows by one in 2^31 spikes, moved at every attempt: then the memory is damaged.
inline bool load_cursor(uint32_t& low, uint32_t& high, uint64_t* position) {
  for (int attempt = 0; attempt < 256; attempt++) {
    const uint32_t before = load_acquire(high);   // SYNC axon-publish: the three loads stay in this order
    const uint32_t value = load_acquire(low);     // SYNC axon-publish
    const uint32_t after = load_relaxed(high);
    if (before != after) continue;
    const uint64_t period = (before & 1) == value >> 31 ? before : before - 1;
    *position = period << 31 | (value & 0x7FFFFFFF);
    return true;
  }
  return false;
}

// Says that positions below `next` may be under writing. Returns after that is visible to whoever sees a later write.
inline void announce_intent(nb_axon& axon, uint64_t next) {
  store_relaxed(axon.intent_high, static_cast<uint32_t>(next >> 31));
#ifdef NB_THREAD_SANITIZER
  // The sanitizer knows no fences. A sequentially consistent exchange orders at least as much.
  shared(axon.intent).exchange(static_cast<uint32_t>(next), std::memory_order_seq_cst);  // SYNC axon-intent
#else
  store_release(axon.intent, static_cast<uint32_t>(next));  // SYNC axon-intent: behind its high word
  std::atomic_thread_fence(std::memory_order_release);  // SYNC axon-intent: before any store into a slot
#endif
}

// The intent as of after the loads before this call.
inline bool load_intent(nb_axon& axon, uint64_t* position) {
#ifdef NB_THREAD_SANITIZER
  shared(axon.intent).fetch_add(0, std::memory_order_seq_cst);  // SYNC axon-intent
#else
  std::atomic_thread_fence(std::memory_order_acquire);  // SYNC axon-intent: after all loads from the slot
#endif
  return load_cursor(axon.intent, axon.intent_high, position);
}

}  // namespace neuronbus
