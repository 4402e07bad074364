// SPDX-License-Identifier: MIT
//
// The arena against a map of what is allocated, and its behaviour under long traffic. One thread.
#include <deque>
#include <vector>

#include "arena_fixture.h"

using namespace neuronbus;

namespace {

struct Live {
  nb_arena_ref ref;
  uint32_t references;
};

uint32_t random_size(nbtest::Random& random) {
  switch (random.below(8)) {
    case 0:
      return static_cast<uint32_t>(random.below(65));
    case 1:
    case 2:
      return static_cast<uint32_t>(random.below(600));
    case 3:
    case 4:
      return static_cast<uint32_t>(random.below(5000));
    case 5:
      return static_cast<uint32_t>(random.below(40000));
    case 6:
      return static_cast<uint32_t>(random.below(150000));
    default:
      return static_cast<uint32_t>(64 * (1 + random.below(1024)));
  }
}

// Two ganglia over one arena; live blocks and released references as the model has them.
class Model {
 public:
  Model(uint32_t chunks, nbtest::Random& random)
      : random_(random), segment_(arena_options(chunks)), arenas_{Arena(*segment_, 0), Arena(*segment_, 1)} {}

  void step() {
    Arena& arena = arenas_[random_.below(2)];
    const uint64_t kind = random_.below(100);
    if (kind < (growing_ ? 50 : 25)) {
      allocate(arena);
    } else if (kind < 75) {
      change(arena);
    } else if (kind < 90) {
      probe(arena);
    } else if (kind < 91) {
      arena.trim();
    } else if (kind < 92) {
      growing_ = !growing_;
    } else if (kind == 92) {
      CHECK_EQ(arena.stats().live_blocks, live_.size());
    }
  }

  // Everything released: all of it must be available again.
  void finish() {
    for (const Live& one : live_) {
      for (uint32_t i = 0; i < one.references; i++) CHECK_EQ(arenas_[i % 2].release(one.ref), NB_OK);
    }
    for (Arena& arena : arenas_) arena.trim();
    const ArenaStats stats = arenas_[0].stats();
    CHECK_EQ(stats.live_blocks, 0u);
    CHECK_EQ(stats.live_bytes, 0u);
    CHECK_EQ(stats.free_chunks, stats.chunks);
    nb_arena_ref ref;
    uint8_t* data;
    CHECK_EQ(arenas_[0].allocate(static_cast<uint32_t>(stats.capacity_bytes), &ref, &data), NB_OK);
  }

  uint64_t allocations() const { return allocations_; }

 private:
  void allocate(Arena& arena) {
    const uint32_t bytes = random_size(random_);
    nb_arena_ref ref;
    uint8_t* data;
    const nb_status status = arena.allocate(bytes, &ref, &data);
    if (status != NB_OK) {
      CHECK_EQ(status, uint64_t{bytes} > arena.stats().capacity_bytes ? NB_ERR_TOO_LARGE : NB_ERR_ARENA_FULL);
      return;
    }
    CHECK_EQ(reinterpret_cast<uintptr_t>(data) % NB_ARENA_GRAIN_BYTES, 0u);
    nbtest::fill_payload(data, ref);
    live_.push_back({ref, 1});
    allocations_++;
  }

  void change(Arena& arena) {
    if (live_.empty()) return;
    const size_t index = random_.below(live_.size());
    Live& one = live_[index];
    if (random_.chance(4)) {
      const auto more = static_cast<uint32_t>(1 + random_.below(3));
      CHECK_EQ(arena.retain(one.ref, more), NB_OK);
      one.references += more;
      return;
    }
    CHECK(intact(arena, one.ref));
    CHECK_EQ(arena.release(one.ref), NB_OK);
    if (--one.references > 0) return;
    stale_.push_back(one.ref);
    if (stale_.size() > 500) stale_.pop_front();
    live_[index] = live_.back();
    live_.pop_back();
  }

  // Live references read back their bytes, released and falsified ones are refused.
  void probe(Arena& arena) {
    if (!live_.empty()) {
      nb_arena_ref ref = live_[random_.below(live_.size())].ref;
      CHECK(intact(arena, ref));
      falsify(&ref);
      CHECK_EQ(arena.release(ref), NB_ERR_STALE_REFERENCE);
    }
    if (!stale_.empty()) {
      const nb_arena_ref& ref = stale_[random_.below(stale_.size())];
      CHECK(!intact(arena, ref));
      CHECK_EQ(arena.release(ref), NB_ERR_STALE_REFERENCE);
      CHECK_EQ(arena.retain(ref), NB_ERR_STALE_REFERENCE);
    }
  }

  void falsify(nb_arena_ref* ref) {
    switch (random_.below(4)) {
      case 0:
        ref->generation += 1 + static_cast<uint32_t>(random_.below(1000));
        break;
      case 1:
        ref->length += 1 + static_cast<uint32_t>(random_.below(1000));
        break;
      case 2:
        ref->owner += 1;
        break;
      default:
        ref->grain += 1u << (20 + random_.below(12));
        break;
    }
  }

  static bool intact(const Arena& arena, const nb_arena_ref& ref) {
    const uint8_t* data;
    uint32_t length;
    return arena.read(ref, &data, &length) == NB_OK && length == ref.length && nbtest::payload_intact(data, ref);
  }

  nbtest::Random& random_;
  OwnedSegment segment_;
  Arena arenas_[2];
  std::vector<Live> live_;
  std::deque<nb_arena_ref> stale_;
  bool growing_ = true;
  uint64_t allocations_ = 0;
};

}  // namespace

NB_TEST("arena: random operations do what a plain map does") {
  nbtest::Random random = nbtest::random_for_test();
  for (const uint32_t chunks : {2u, 5u, 20u, 65u, 260u}) {
    Model model(chunks, random);
    for (uint64_t i = 0; i < nbtest::scaled(100'000); i++) model.step();
    CHECK(model.allocations() > 0);
    model.finish();
  }
}

NB_TEST("arena: a million messages of 4 KB go through 1 MiB") {
  for (const size_t in_flight : {size_t{1}, size_t{64}, size_t{200}}) {
    OwnedSegment segment(arena_options(256));
    Arena producer(*segment, 0);
    ArenaView consumer(*segment, NB_NONE);
    std::deque<nb_arena_ref> queue;
    for (uint64_t i = 0; i < nbtest::scaled(1'000'000); i++) {
      nb_arena_ref ref;
      uint8_t* data;
      if (!CHECK_EQ(producer.allocate(4096, &ref, &data), NB_OK)) return;
      nbtest::fill_payload(data, ref);
      queue.push_back(ref);
      if (queue.size() < in_flight) continue;
      const uint8_t* received = nullptr;
      uint32_t length = 0;
      CHECK_EQ(consumer.read(queue.front(), &received, &length), NB_OK);
      if (!CHECK(nbtest::payload_intact(received, queue.front()))) return;
      CHECK_EQ(consumer.release(queue.front()), NB_OK);
      queue.pop_front();
    }
  }
}

namespace {

// The share of payloads of mixed sizes that found no room while at most `share` of the arena is in use. Sizes come in phases,
// small, large and all, so that each begins among the stragglers of the one before.
double refusals(nbtest::Random& random, double share, bool in_order) {
  OwnedSegment segment(arena_options(256));
  Arena arena(*segment, 0);
  const auto limit = static_cast<uint64_t>(share * static_cast<double>(arena.stats().capacity_bytes));
  std::deque<nb_arena_ref> live;
  uint64_t live_bytes = 0;
  uint64_t refused = 0;
  const uint64_t rounds = nbtest::scaled(400'000);
  for (uint64_t i = 0; i < rounds; i++) {
    const uint64_t phase = i * 12 / rounds % 3;
    const auto bytes = static_cast<uint32_t>(47 + random.below(phase == 0 ? 200 : phase == 1 ? 20000 : 3000));
    while (live_bytes + bytes > limit) {
      if (!in_order) std::swap(live.front(), live[random.below(live.size())]);
      live_bytes -= live.front().length;
      CHECK_EQ(arena.release(live.front()), NB_OK);
      live.pop_front();
    }
    nb_arena_ref ref;
    uint8_t* data;
    if (arena.allocate(bytes, &ref, &data) != NB_OK) {
      refused++;
      continue;
    }
    live.push_back(ref);
    live_bytes += bytes;
  }
  return static_cast<double>(refused) / static_cast<double>(rounds);
}

}  // namespace

// Fragmentation refuses one now and then; what must not happen is that stragglers take the arena over.
NB_TEST("arena: mixed sizes released in order find room in 1 MiB that is half full") {
  nbtest::Random random = nbtest::random_for_test();
  CHECK(refusals(random, 0.5, true) < 0.001);
}

NB_TEST("arena: mixed sizes released at random find room in 1 MiB that is a quarter full") {
  nbtest::Random random = nbtest::random_for_test();
  CHECK(refusals(random, 0.25, false) < 0.001);
}
