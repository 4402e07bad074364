// SPDX-License-Identifier: MIT
//
// The axon against a plain queue: random operations, every mode, tiny capacities, cursors on both sides of 2^31 and 2^32.
// One thread.
#include <algorithm>
#include <deque>
#include <iterator>
#include <vector>

#include "axon_fixture.h"
#include "harness.h"

using namespace neuronbus;
using nbtest::is_whole;
using nbtest::numbered_spike;

namespace {

// A spike's number is its position in the ring, so an observer can be checked without knowing what it missed.
class Model {
 public:
  Model(uint32_t mode, uint32_t capacity, uint64_t start, nbtest::Random& random)
      : mode_(mode), capacity_(capacity), start_(start), head_(start), random_(random), segment_(options()) {
    nbtest::begin_at(*segment_, start);
    CHECK_EQ(producer_.open(*segment_, 0, 1), NB_OK);
    CHECK_EQ(reader_.open(*segment_, 0, 2), NB_OK);
    for (Tap& tap : taps_) open(tap);
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
        offer();
        break;
      case 2:
        publish_batch();
        break;
      case 3:
        claim();
        break;
      case 4:
        take();
        break;
      case 5:
        if (reader_.in_place()) read_in_place();
        break;
      case 6:
        observe();
        break;
      default:
        if (random_.chance(50)) reopen();
        break;
    }
    check_accounts();
  }

 private:
  struct Tap {
    AxonObserver observer;
    uint64_t opened_at = 0;
    uint64_t received = 0;
  };

  SegmentOptions options() const {
    SegmentOptions options = axon_options(capacity_, mode_);
    options.sample_every = 3;
    options.block_ns = 0;
    return options;
  }

  bool full() const { return queue_.size() == capacity_; }

  void accept() { queue_.push_back(head_++); }

  void offer() {
    uint64_t evicted = UINT64_MAX;
    const Offer result = producer_.offer(numbered_spike(head_), [&](const nb_spike& spike) {
      CHECK(is_whole(spike));
      evicted = spike.timestamp_ns;
    });
    if (mode_ == NB_MODE_SAMPLE && !full() && queue_.size() > capacity_ / 2 && ++pressed_ % 3 != 0) {
      CHECK(result == Offer::dropped);
      dropped_[NB_DROP_SAMPLED]++;
      return;
    }
    if (full() && mode_ == NB_MODE_DROP_OLDEST) {
      CHECK_EQ(evicted, queue_.front());
      queue_.pop_front();
      dropped_[NB_DROP_OLDEST]++;
    } else if (full()) {
      CHECK(result == (mode_ == NB_MODE_FAIL ? Offer::full : Offer::dropped));
      dropped_[mode_ == NB_MODE_BLOCK ? NB_DROP_DEADLINE : NB_DROP_FULL]++;
      return;
    } else {
      CHECK_EQ(evicted, UINT64_MAX);
    }
    CHECK(result == Offer::accepted);
    accept();
  }

  void publish_batch() {
    std::vector<nb_spike> spikes;
    for (uint64_t i = random_.below(2 * capacity_ + 1); i > 0; i--) spikes.push_back(numbered_spike(head_ + spikes.size()));
    const size_t room = capacity_ - queue_.size();
    const uint32_t done = producer_.try_publish(spikes.data(), static_cast<uint32_t>(spikes.size()));
    CHECK_EQ(done, spikes.size() < room ? spikes.size() : room);
    for (uint32_t i = 0; i < done; i++) accept();
  }

  void claim() {
    const auto wanted = static_cast<uint32_t>(1 + random_.below(2 * capacity_));
    const uint64_t room = capacity_ - queue_.size();
    const uint64_t to_end = capacity_ - head_ % capacity_;
    uint32_t granted;
    nb_spike* slots = producer_.claim(wanted, &granted);
    CHECK_EQ(granted, std::min({uint64_t{wanted}, room, to_end}));
    CHECK_EQ(slots == nullptr, granted == 0);
    const auto used = static_cast<uint32_t>(random_.below(granted + 1));
    for (uint32_t i = 0; i < granted; i++) write_slot(slots + i, numbered_spike(i < used ? head_ + i : 12345));
    if (used > 0) producer_.commit(used);
    for (uint32_t i = 0; i < used; i++) accept();
  }

  void take() {
    std::vector<nb_spike> spikes(1 + random_.below(2 * capacity_));
    const uint32_t count = reader_.take(spikes.data(), static_cast<uint32_t>(spikes.size()));
    if (!CHECK_EQ(count, std::min(spikes.size(), queue_.size()))) return;
    for (uint32_t i = 0; i < count; i++) consume(spikes[i]);
  }

  void read_in_place() {
    const uint32_t available = reader_.available();
    CHECK_EQ(available, queue_.size());
    const auto count = static_cast<uint32_t>(random_.below(available + 1));
    for (uint32_t i = 0; i < count; i++) consume(reader_.at(i));
    if (count > 0) reader_.advance(count);
    const nb_spike* next = reader_.peek();
    CHECK_EQ(next == nullptr, queue_.empty());
    if (next != nullptr) CHECK_EQ(next->timestamp_ns, queue_.front());
  }

  void consume(const nb_spike& spike) {
    CHECK(is_whole(spike));
    CHECK_EQ(spike.timestamp_ns, queue_.front());
    queue_.pop_front();
    consumed_++;
  }

  void observe() {
    Tap& tap = taps_[random_.below(std::size(taps_))];
    nb_spike spike;
    for (uint64_t i = random_.below(2 * capacity_ + 2); i > 0; i--) {
      const uint64_t before = tap.observer.position();
      if (!tap.observer.next(&spike)) {
        CHECK_EQ(tap.observer.position(), head_);
        break;
      }
      tap.received++;
      CHECK(is_whole(spike));
      CHECK(spike.timestamp_ns >= before && spike.timestamp_ns < head_);
      CHECK_EQ(spike.timestamp_ns + 1, tap.observer.position());
    }
    CHECK_EQ(tap.received + tap.observer.lost(), tap.observer.position() - tap.opened_at);
    if (random_.chance(20)) open(tap);
  }

  void open(Tap& tap) {
    CHECK_EQ(tap.observer.open(*segment_, 0), NB_OK);
    tap.opened_at = head_;
    tap.received = 0;
  }

  void reopen() {
    producer_.close();
    reader_.close();
    CHECK_EQ(producer_.open(*segment_, 0, 3), NB_OK);
    CHECK_EQ(reader_.open(*segment_, 0, 4), NB_OK);
    pressed_ = 0;
  }

  void check_accounts() {
    const AxonStats stats = axon_stats(producer_.view());
    CHECK_EQ(stats.queued, queue_.size());
    uint64_t dropped = 0;
    for (uint32_t reason = NB_DROP_FULL; reason <= NB_DROP_DEADLINE; reason++) {
      CHECK_EQ(stats.dropped[reason], dropped_[reason]);
      dropped += dropped_[reason];
    }
    CHECK_EQ(stats.consumed, start_ + consumed_);
    CHECK_EQ(stats.published, stats.consumed + dropped + stats.queued);
  }

  const uint32_t mode_;
  const uint32_t capacity_;
  const uint64_t start_;
  uint64_t head_;
  nbtest::Random& random_;
  OwnedSegment segment_;
  AxonProducer producer_;
  AxonReader reader_;
  Tap taps_[3];
  std::deque<uint64_t> queue_;
  uint64_t consumed_ = 0;
  uint64_t dropped_[4] = {};
  uint64_t pressed_ = 0;
};

void run_model(uint32_t mode) {
  nbtest::Random random = nbtest::random_for_test();
  const uint64_t starts[] = {0, nbtest::kTwo31 - 3, nbtest::kTwo32 - 3, 9 * nbtest::kTwo32 - 5,
                             9 * nbtest::kTwo32 + nbtest::kTwo31 - 1};
  for (const uint32_t capacity : {2u, 4u, 8u, 256u}) {
    for (const uint64_t start : starts) {
      Model model(mode, capacity, start, random);
      for (uint64_t i = 0; i < nbtest::scaled(10'000); i++) model.step();
    }
  }
}

}  // namespace

NB_TEST("axon: random operations do what a plain queue does, drop-newest") { run_model(NB_MODE_DROP_NEWEST); }
NB_TEST("axon: random operations do what a plain queue does, drop-oldest") { run_model(NB_MODE_DROP_OLDEST); }
NB_TEST("axon: random operations do what a plain queue does, fail") { run_model(NB_MODE_FAIL); }
NB_TEST("axon: random operations do what a plain queue does, block") { run_model(NB_MODE_BLOCK); }
NB_TEST("axon: random operations do what a plain queue does, sample") { run_model(NB_MODE_SAMPLE); }
