// SPDX-License-Identifier: MIT
//
// The arena between threads: references travel through axons, others release them, several ganglia allocate from the same
// chunks. Payloads must stay what their owners wrote while a reference is held.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "arena_fixture.h"
#include "native/core/axon.h"

using namespace neuronbus;

namespace {

nb_spike spike_with(const nb_arena_ref& ref) {
  nb_spike spike{};
  spike.kind = NB_LENGTH_ARENA << 2;
  std::memcpy(spike.payload, &ref, sizeof ref);
  return spike;
}

nb_arena_ref ref_in(const nb_spike& spike) {
  nb_arena_ref ref;
  std::memcpy(&ref, spike.payload, sizeof ref);
  return ref;
}

bool intact(const ArenaView& arena, const nb_arena_ref& ref) {
  const uint8_t* data;
  uint32_t length;
  return arena.read(ref, &data, &length) == NB_OK && length == ref.length && nbtest::payload_intact(data, ref);
}

}  // namespace

NB_TEST("arena stress: two threads read and release what a third allocates") {
  constexpr int kReceivers = 2;
  SegmentOptions options = arena_options(65);
  options.max_axons = kReceivers;
  options.axon_capacity = 32;
  OwnedSegment segment(options);
  const uint64_t count = nbtest::scaled(400'000);
  std::vector<std::thread> receivers;
  for (uint32_t r = 0; r < kReceivers; r++) {
    receivers.emplace_back([&, r] {
      AxonReader reader;
      CHECK_EQ(reader.open(*segment, r, r + 1), NB_OK);
      ArenaView arena(*segment, r == 0 ? NB_NONE : r);
      for (uint64_t received = 0; received < count;) {
        const nb_spike* spike = reader.peek();
        if (spike == nullptr) {
          std::this_thread::yield();
          continue;
        }
        const nb_arena_ref ref = ref_in(*spike);
        CHECK(intact(arena, ref));
        reader.advance();
        CHECK_EQ(arena.release(ref), NB_OK);
        received++;
      }
    });
  }
  {
    nbtest::Random random = nbtest::random_for_test();
    Arena arena(*segment, 0);
    AxonProducer producers[kReceivers];
    for (uint32_t r = 0; r < kReceivers; r++) CHECK_EQ(producers[r].open(*segment, r, 9), NB_OK);
    for (uint64_t sent = 0; sent < count;) {
      const auto bytes = static_cast<uint32_t>(random.below(random.chance(16) ? 9000 : 600));
      nb_arena_ref ref;
      uint8_t* data;
      if (arena.allocate(bytes, &ref, &data) != NB_OK) {
        std::this_thread::yield();
        continue;
      }
      nbtest::fill_payload(data, ref);
      CHECK_EQ(arena.retain(ref, kReceivers - 1), NB_OK);
      for (AxonProducer& producer : producers) {
        while (!producer.try_publish(spike_with(ref))) std::this_thread::yield();
      }
      sent++;
    }
  }
  for (auto& thread : receivers) thread.join();
  Arena arena(*segment, 0);
  CHECK_EQ(arena.stats().live_blocks, 0u);
  arena.trim();
  CHECK_EQ(arena.stats().free_chunks, arena.stats().chunks);
}

NB_TEST("arena stress: ganglia that share the chunks never share a block") {
  constexpr uint32_t kGanglia = 3;
  OwnedSegment segment(arena_options(33));
  const uint64_t seed = nbtest::random_for_test().next();
  std::vector<std::thread> threads;
  std::atomic<uint64_t> allocated{0};
  for (uint32_t g = 0; g < kGanglia; g++) {
    threads.emplace_back([&, g] {
      nbtest::Random random(seed + g);
      Arena arena(*segment, g);
      std::vector<nb_arena_ref> live;
      for (uint64_t i = 0; i < nbtest::scaled(300'000); i++) {
        if (random.chance(2)) {
          const auto bytes = static_cast<uint32_t>(random.below(random.chance(8) ? 30000 : 3000));
          nb_arena_ref ref;
          uint8_t* data;
          if (arena.allocate(bytes, &ref, &data) == NB_OK) {
            nbtest::fill_payload(data, ref);
            live.push_back(ref);
            allocated.fetch_add(1, std::memory_order_relaxed);
          }
        } else if (!live.empty()) {
          const size_t index = random.below(live.size());
          CHECK(intact(arena, live[index]));
          CHECK_EQ(arena.release(live[index]), NB_OK);
          live[index] = live.back();
          live.pop_back();
        }
        if (random.chance(200)) arena.trim();
      }
      for (const nb_arena_ref& ref : live) {
        CHECK(intact(arena, ref));
        CHECK_EQ(arena.release(ref), NB_OK);
      }
      arena.trim();
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(allocated.load() > 0);
  Arena arena(*segment, 0);
  CHECK_EQ(arena.stats().free_chunks, arena.stats().chunks);
}

NB_TEST("arena stress: of many threads that release once too often, exactly the right number succeed") {
  constexpr uint32_t kThreads = 3;
  OwnedSegment segment(arena_options(3));
  Arena owner(*segment, 0);
  for (uint64_t round = 0; round < nbtest::scaled(3000); round++) {
    const uint32_t references = 1 + static_cast<uint32_t>(round % (2 * kThreads - 1));
    nb_arena_ref ref;
    uint8_t* data;
    CHECK_EQ(owner.allocate(round % 2 == 0 ? 64 : 4096, &ref, &data), NB_OK);
    if (references > 1) CHECK_EQ(owner.retain(ref, references - 1), NB_OK);
    std::atomic<uint32_t> succeeded{0};
    std::atomic<uint32_t> ready{0};
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < kThreads; t++) {
      threads.emplace_back([&] {
        ArenaView arena(*segment, NB_NONE);
        ready.fetch_add(1);
        while (ready.load() < kThreads) std::this_thread::yield();
        for (int i = 0; i < 2; i++) {
          if (arena.release(ref) == NB_OK) succeeded.fetch_add(1);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK_EQ(succeeded.load(), references);
  }
  CHECK_EQ(owner.stats().live_blocks, 0u);
}
