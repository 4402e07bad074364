// SPDX-License-Identifier: MIT
//
// The axon between threads: every message once, in order and whole; nothing torn; nothing unaccounted for.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "axon_fixture.h"
#include "harness.h"

using namespace neuronbus;
using nbtest::is_whole;
using nbtest::numbered_spike;

namespace {

// For loops that wait for the other thread: two threads on one processor must not burn whole time slices.
class Patience {
 public:
  void wait() {
    if (++waits_ % 64 == 0) std::this_thread::yield();
  }

 private:
  uint32_t waits_ = 0;
};

struct Case {
  uint32_t capacity;
  uint64_t start;
};

// A ring of two slots wraps at each other spike; the starts make the cursors wrap during the test.
const Case kCases[] = {
    {2, nbtest::kTwo32 - 1000}, {4, nbtest::kTwo31 - 1000}, {64, 0}, {1024, 3 * nbtest::kTwo32 - 5000}};

// Publishes spikes numbered start .. end: one by one, as batches and in place, by turns.
void publish_all(AxonProducer& producer, uint64_t start, uint64_t end) {
  Patience patience;
  std::vector<nb_spike> batch;
  for (uint64_t next = start; next < end;) {
    uint64_t done = 0;
    if (next % 3 == 0) {
      done = producer.try_publish(numbered_spike(next)) ? 1 : 0;
    } else if (next % 3 == 1) {
      batch.clear();
      for (uint64_t i = next; i < end && i < next + 7; i++) batch.push_back(numbered_spike(i));
      done = producer.try_publish(batch.data(), static_cast<uint32_t>(batch.size()));
    } else {
      uint32_t granted;
      nb_spike* slots = producer.claim(end - next < 5 ? static_cast<uint32_t>(end - next) : 5, &granted);
      for (uint32_t i = 0; i < granted; i++) write_slot(slots + i, numbered_spike(next + i));
      if (granted > 0) producer.commit(granted);
      done = granted;
    }
    next += done;
    if (done == 0) patience.wait();
  }
}

struct Watch {
  uint64_t received = 0;
  uint64_t lost = 0;
  uint64_t position = 0;
};

// Follows the ring until it has seen all up to `end`, and checks whatever it gets.
Watch observe_all(AxonObserver& observer, const std::atomic<uint64_t>& end) {
  Watch watch;
  Patience patience;
  nb_spike spike;
  for (;;) {
    const uint64_t last = end.load();
    if (observer.next(&spike)) {
      watch.received++;
      CHECK(is_whole(spike));
      CHECK_EQ(spike.timestamp_ns, observer.position() - 1);
    } else if (observer.position() == last) {
      break;
    } else {
      patience.wait();
    }
  }
  watch.lost = observer.lost();
  watch.position = observer.position();
  return watch;
}

}  // namespace

NB_TEST("axon stress: every spike arrives once, in order and whole, read in place") {
  for (const Case& one : kCases) {
    const uint64_t end = one.start + nbtest::scaled(one.capacity < 64 ? 400'000 : 2'000'000);
    OwnedSegment segment(axon_options(one.capacity, NB_MODE_DROP_NEWEST));
    nbtest::begin_at(*segment, one.start);
    std::thread consumer([&] {
      AxonReader reader;
      CHECK_EQ(reader.open(*segment, 0, 2), NB_OK);
      Patience patience;
      for (uint64_t next = one.start; next < end;) {
        const uint32_t available = reader.available();
        for (uint32_t i = 0; i < available; i++) {
          CHECK(is_whole(reader.at(i)));
          CHECK_EQ(reader.at(i).timestamp_ns, next + i);
        }
        if (available > 0) reader.advance(available);
        next += available;
        if (available == 0) patience.wait();
      }
      CHECK(reader.peek() == nullptr);
    });
    AxonProducer producer;
    CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
    publish_all(producer, one.start, end);
    consumer.join();
    const AxonStats stats = axon_stats(producer.view());
    CHECK_EQ(stats.consumed, end);
    CHECK_EQ(stats.queued, 0u);
  }
}

NB_TEST("axon stress: observers get no torn and no wrong spike, and lose exactly what they say") {
  for (const Case& one : kCases) {
    OwnedSegment segment(axon_options(one.capacity, NB_MODE_DROP_OLDEST));
    nbtest::begin_at(*segment, one.start);
    std::atomic<uint64_t> end{UINT64_MAX};
    std::atomic<int> ready{0};
    std::vector<std::thread> observers;
    for (int i = 0; i < 3; i++) {
      observers.emplace_back([&] {
        AxonObserver observer;
        CHECK_EQ(observer.open(*segment, 0), NB_OK);
        ready.fetch_add(1);
        const Watch watch = observe_all(observer, end);
        CHECK_EQ(watch.received + watch.lost, watch.position - one.start);
        CHECK(watch.received > 0);
      });
    }
    while (ready.load() < 3) std::this_thread::yield();
    AxonProducer producer;
    CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
    const uint64_t last = one.start + nbtest::scaled(3'000'000);
    for (uint64_t i = one.start; i < last; i++) CHECK(producer.offer(numbered_spike(i)) == Offer::accepted);
    end.store(last);
    for (auto& thread : observers) thread.join();
  }
}

NB_TEST("axon stress: drop-oldest hands each spike to the reader or to the producer, whole") {
  for (const Case& one : kCases) {
    for (const uint32_t take : {1u, 16u}) {
      OwnedSegment segment(axon_options(one.capacity, NB_MODE_DROP_OLDEST));
      nbtest::begin_at(*segment, one.start);
      const uint64_t count = nbtest::scaled(1'000'000);
      std::vector<uint8_t> fate(count, 0);  // 1 = consumed, 2 = evicted; each written by the one thread that owns the spike
      std::atomic<bool> finished{false};
      std::thread consumer([&] {
        AxonReader reader;
        CHECK_EQ(reader.open(*segment, 0, 2), NB_OK);
        std::vector<nb_spike> spikes(take);
        uint64_t next = one.start;
        Patience patience;
        for (;;) {
          const bool last_look = finished.load();
          const uint32_t taken = reader.take(spikes.data(), take);
          for (uint32_t i = 0; i < taken; i++) {
            CHECK(is_whole(spikes[i]));
            const uint64_t number = spikes[i].timestamp_ns;
            if (!CHECK(number >= next && number < one.start + count)) return;
            CHECK_EQ(fate[number - one.start], 0);
            fate[number - one.start] = 1;
            next = number + 1;
          }
          if (taken == 0 && last_look) break;
          if (taken == 0) patience.wait();
        }
        CHECK(!reader.damaged());
      });
      AxonProducer producer;
      CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
      for (uint64_t i = 0; i < count; i++) {
        producer.offer(numbered_spike(one.start + i), [&](const nb_spike& spike) {
          CHECK(is_whole(spike));
          uint8_t& its_fate = fate[spike.timestamp_ns - one.start];
          CHECK_EQ(its_fate, 0);
          its_fate = 2;
        });
      }
      finished.store(true);
      consumer.join();
      uint64_t consumed = 0;
      uint64_t evicted = 0;
      for (const uint8_t one_fate : fate) {
        consumed += one_fate == 1 ? 1 : 0;
        evicted += one_fate == 2 ? 1 : 0;
      }
      const AxonStats stats = axon_stats(producer.view());
      CHECK_EQ(consumed + evicted, count);
      CHECK_EQ(stats.dropped[NB_DROP_OLDEST], evicted);
      CHECK_EQ(stats.consumed, one.start + consumed);
      CHECK_EQ(stats.queued, 0u);
    }
  }
}

NB_TEST("axon stress: block loses nothing while the reader keeps reading") {
  SegmentOptions options = axon_options(4, NB_MODE_BLOCK);
  options.block_ns = 60'000'000'000;
  OwnedSegment segment(options);
  const uint64_t count = nbtest::scaled(200'000);
  std::thread consumer([&] {
    AxonReader reader;
    CHECK_EQ(reader.open(*segment, 0, 2), NB_OK);
    nb_spike spike;
    Patience patience;
    for (uint64_t next = 0; next < count;) {
      if (reader.take(&spike, 1) == 0) {
        patience.wait();
        continue;
      }
      CHECK_EQ(spike.timestamp_ns, next);
      next++;
    }
  });
  AxonProducer producer;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
  for (uint64_t i = 0; i < count; i++) CHECK(producer.offer(numbered_spike(i)) == Offer::accepted);
  consumer.join();
}

NB_TEST("axon stress: the accounts balance in every mode with a reader that comes and goes") {
  for (uint32_t mode = NB_MODE_DROP_NEWEST; mode <= NB_MODE_SAMPLE; mode++) {
    SegmentOptions options = axon_options(16, mode);
    options.sample_every = 4;
    options.block_ns = 1000;
    OwnedSegment segment(options);
    const uint64_t offers = nbtest::scaled(300'000);
    std::atomic<bool> finished{false};
    std::atomic<uint64_t> consumed{0};
    std::thread consumer([&] {
      nb_spike spikes[5];
      for (bool last = false; !last;) {
        last = finished.load();
        AxonReader reader;
        CHECK_EQ(reader.open(*segment, 0, 2), NB_OK);
        for (int i = 0; i < 100 || last; i++) {
          const uint32_t taken = reader.take(spikes, 5);
          consumed.fetch_add(taken);
          for (uint32_t k = 0; k < taken; k++) CHECK(is_whole(spikes[k]));
          if (taken == 0) std::this_thread::yield();
          if (taken == 0 && last) break;
        }
      }
    });
    AxonProducer producer;
    CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < offers; i++) {
      accepted += producer.offer(numbered_spike(i)) == Offer::accepted ? 1 : 0;
      if (i % 100 != 0) continue;
      const AxonStats now = axon_stats(producer.view());
      CHECK_EQ(now.published, i + 1);
      CHECK_EQ(now.published,
               now.consumed + now.queued + now.dropped[0] + now.dropped[1] + now.dropped[2] + now.dropped[3]);
    }
    finished.store(true);
    consumer.join();
    const AxonStats stats = axon_stats(producer.view());
    CHECK_EQ(stats.published, offers);
    CHECK_EQ(stats.consumed, consumed.load());
    CHECK_EQ(stats.queued, 0u);
    CHECK_EQ(accepted, stats.consumed + stats.dropped[NB_DROP_OLDEST]);
  }
}
