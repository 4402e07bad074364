// SPDX-License-Identifier: MIT
#include "native/core/axon.h"

#include <vector>

#include "axon_fixture.h"
#include "harness.h"

using namespace neuronbus;
using nbtest::begin_at;
using nbtest::is_whole;
using nbtest::kTwo31;
using nbtest::kTwo32;
using nbtest::numbered_spike;

namespace {

uint64_t dropped(const AxonStats& stats) {
  uint64_t sum = 0;
  for (const uint64_t count : stats.dropped) sum += count;
  return sum;
}

void check_accounts(const AxonProducer& producer) {
  const AxonStats stats = axon_stats(producer.view());
  CHECK_EQ(stats.published, stats.consumed + dropped(stats) + stats.queued);
}

// Offers spikes numbered from `first`; returns the numbers that were accepted.
std::vector<uint64_t> offer_numbers(AxonProducer& producer, uint64_t first, uint64_t count) {
  std::vector<uint64_t> accepted;
  for (uint64_t i = first; i < first + count; i++) {
    if (producer.offer(numbered_spike(i)) == Offer::accepted) accepted.push_back(i);
    check_accounts(producer);
  }
  return accepted;
}

std::vector<uint64_t> take_numbers(AxonReader& reader) {
  std::vector<uint64_t> numbers;
  nb_spike spike;
  while (reader.take(&spike, 1) == 1) {
    CHECK(is_whole(spike));
    numbers.push_back(spike.timestamp_ns);
  }
  return numbers;
}

std::vector<uint64_t> range(uint64_t first, uint64_t end) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = first; i < end; i++) numbers.push_back(i);
  return numbers;
}

struct Line {
  explicit Line(const SegmentOptions& options) : segment(options) {
    CHECK_EQ(producer.open(*segment, 0, 7), NB_OK);
    CHECK_EQ(reader.open(*segment, 0, 8), NB_OK);
  }
  AxonStats stats() const { return axon_stats(producer.view()); }

  OwnedSegment segment;
  AxonProducer producer;
  AxonReader reader;
};

SegmentOptions sampling(uint32_t capacity, uint32_t every) {
  SegmentOptions options = axon_options(capacity, NB_MODE_SAMPLE);
  options.sample_every = every;
  return options;
}

}  // namespace

NB_TEST("axon: drop-newest keeps the oldest and counts the rest") {
  Line line(axon_options(8, NB_MODE_DROP_NEWEST));
  CHECK(offer_numbers(line.producer, 0, 12) == range(0, 8));
  CHECK_EQ(line.stats().dropped[NB_DROP_FULL], 4u);
  CHECK_EQ(line.stats().queued, 8u);
  CHECK(take_numbers(line.reader) == range(0, 8));
  CHECK_EQ(line.stats().consumed, 8u);
}

NB_TEST("axon: drop-oldest keeps the newest and hands every evicted spike over") {
  Line line(axon_options(8, NB_MODE_DROP_OLDEST));
  std::vector<uint64_t> evicted;
  for (uint64_t i = 0; i < 12; i++) {
    const Offer offer = line.producer.offer(numbered_spike(i), [&](const nb_spike& spike) {
      CHECK(is_whole(spike));
      evicted.push_back(spike.timestamp_ns);
    });
    CHECK(offer == Offer::accepted);
    check_accounts(line.producer);
  }
  CHECK(evicted == range(0, 4));
  CHECK_EQ(line.stats().dropped[NB_DROP_OLDEST], 4u);
  CHECK(take_numbers(line.reader) == range(4, 12));
  CHECK_EQ(line.stats().consumed, 8u);
}

NB_TEST("axon: fail says so, and counts") {
  Line line(axon_options(2, NB_MODE_FAIL));
  CHECK(line.producer.offer(numbered_spike(0)) == Offer::accepted);
  CHECK(line.producer.offer(numbered_spike(1)) == Offer::accepted);
  CHECK(line.producer.offer(numbered_spike(2)) == Offer::full);
  CHECK_EQ(line.stats().dropped[NB_DROP_FULL], 1u);
  check_accounts(line.producer);
}

NB_TEST("axon: block gives up at its deadline, and counts") {
  SegmentOptions options = axon_options(2, NB_MODE_BLOCK);
  options.block_ns = 2'000'000;
  Line line(options);
  CHECK(offer_numbers(line.producer, 0, 4) == range(0, 2));
  CHECK_EQ(line.stats().dropped[NB_DROP_DEADLINE], 2u);
  CHECK_EQ(line.stats().dropped[NB_DROP_FULL], 0u);
}

NB_TEST("axon: sample thins out above half full, and is full when it is full") {
  Line line(sampling(8, 3));
  // 0 to 4 fill more than half; then every third passes: 7, 10, 13; then the ring is full.
  const std::vector<uint64_t> expected = {0, 1, 2, 3, 4, 7, 10, 13};
  CHECK(offer_numbers(line.producer, 0, 18) == expected);
  CHECK_EQ(line.stats().dropped[NB_DROP_SAMPLED], 6u);
  CHECK_EQ(line.stats().dropped[NB_DROP_FULL], 4u);
  CHECK(take_numbers(line.reader) == expected);
  CHECK(offer_numbers(line.producer, 18, 3) == range(18, 21));
}

NB_TEST("axon: one producer and one reader at a time, any number after another") {
  OwnedSegment segment(axon_options(4, NB_MODE_DROP_NEWEST));
  AxonProducer first, second;
  AxonReader reader, other;
  CHECK_EQ(first.open(*segment, 0, 0), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(first.open(*segment, 1, 5), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(first.open(*segment, 0, 5), NB_OK);
  CHECK_EQ(second.open(*segment, 0, 6), NB_ERR_PRODUCER_TAKEN);
  CHECK_EQ(reader.open(*segment, 0, 5), NB_OK);
  CHECK_EQ(other.open(*segment, 0, 6), NB_ERR_READER_TAKEN);
  offer_numbers(first, 0, 5);
  first.close();
  CHECK_EQ(second.open(*segment, 0, 6), NB_OK);
  nb_spike spike;
  CHECK_EQ(reader.take(&spike, 1), 1u);
  CHECK_EQ(spike.timestamp_ns, 0u);
  reader.close();
  CHECK_EQ(other.open(*segment, 0, 6), NB_OK);
  offer_numbers(second, 4, 1);
  CHECK(take_numbers(other) == range(1, 5));
  const AxonStats stats = axon_stats(second.view());
  CHECK_EQ(stats.published, 6u);
  CHECK_EQ(stats.dropped[NB_DROP_FULL], 1u);
}

NB_TEST("axon: closing an end that was never open leaves the other's claim") {
  OwnedSegment segment(axon_options(4, NB_MODE_DROP_NEWEST));
  AxonProducer owner, refused;
  CHECK_EQ(owner.open(*segment, 0, 5), NB_OK);
  CHECK_EQ(refused.open(*segment, 0, 6), NB_ERR_PRODUCER_TAKEN);
  refused.close();
  CHECK_EQ(segment->axon(0).producer, 5u);
}

NB_TEST("axon: slots are claimed up to the wrap, and nothing shows before the commit") {
  Line line(axon_options(8, NB_MODE_DROP_NEWEST));
  CHECK(offer_numbers(line.producer, 0, 5).size() == 5);
  CHECK(take_numbers(line.reader) == range(0, 5));
  uint32_t granted;
  nb_spike* slots = line.producer.claim(8, &granted);
  CHECK_EQ(granted, 3u);
  for (uint32_t i = 0; i < granted; i++) slots[i] = numbered_spike(5 + i);
  CHECK_EQ(line.reader.available(), 0u);
  line.producer.commit(2);
  CHECK(take_numbers(line.reader) == range(5, 7));
  slots = line.producer.claim(8, &granted);
  CHECK_EQ(granted, 1u);
  slots[0] = numbered_spike(7);
  line.producer.commit(1);
  slots = line.producer.claim(100, &granted);
  CHECK_EQ(granted, 7u);
  line.producer.commit(0);
  CHECK(take_numbers(line.reader) == range(7, 8));
}

NB_TEST("axon: spikes read in place are there until advance") {
  Line line(axon_options(4, NB_MODE_DROP_NEWEST));
  CHECK(line.reader.peek() == nullptr);
  offer_numbers(line.producer, 0, 4);
  CHECK_EQ(line.reader.available(), 4u);
  for (uint32_t i = 0; i < 4; i++) CHECK_EQ(line.reader.at(i).timestamp_ns, i);
  CHECK(!line.producer.try_publish(numbered_spike(4)));
  line.reader.advance(3);
  CHECK_EQ(line.producer.try_publish(numbered_spike(4)), true);
  const nb_spike* spike = line.reader.peek();
  CHECK(spike != nullptr && spike->timestamp_ns == 3);
  CHECK(spike == line.producer.view().slots + 3);
}

NB_TEST("axon: an observer sees all that comes after it, and slows nobody") {
  Line line(axon_options(16, NB_MODE_DROP_NEWEST));
  offer_numbers(line.producer, 0, 3);
  AxonObserver observer;
  CHECK_EQ(observer.open(*line.segment, 0), NB_OK);
  nb_spike spike;
  CHECK(!observer.next(&spike));
  offer_numbers(line.producer, 3, 5);
  CHECK(take_numbers(line.reader) == range(0, 8));
  for (uint64_t i = 3; i < 8; i++) CHECK(observer.next(&spike) && is_whole(spike) && spike.timestamp_ns == i);
  CHECK(!observer.next(&spike));
  CHECK_EQ(observer.lost(), 0u);
}

NB_TEST("axon: an observer that slept for more than 2^32 spikes is told exactly how many it lost") {
  OwnedSegment segment(axon_options(4, NB_MODE_DROP_OLDEST));
  const uint64_t start = 5 * kTwo32 - 2;
  begin_at(*segment, start);
  AxonObserver observer;
  CHECK_EQ(observer.open(*segment, 0), NB_OK);
  const uint64_t later = start + 3 * kTwo32 + kTwo31 + 17;
  begin_at(*segment, later);
  AxonProducer producer;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
  for (uint64_t i = 0; i < 8; i++) CHECK(producer.offer(numbered_spike(later + i)) == Offer::accepted);
  nb_spike spike;
  uint64_t received = 0;
  while (observer.next(&spike)) {
    CHECK(is_whole(spike));
    CHECK_EQ(spike.timestamp_ns, observer.position() - 1);
    received++;
  }
  CHECK(received > 0);
  CHECK_EQ(received + observer.lost(), later + 8 - start);
}

NB_TEST("axon: a cursor whose writer stopped between its two stores reads as before them") {
  for (const uint64_t position : {uint64_t{0}, kTwo31 - 1, kTwo31, kTwo32 - 1, kTwo32, 7 * kTwo32 + 5}) {
    auto low = static_cast<uint32_t>(position);
    auto high = static_cast<uint32_t>(position >> 31);
    uint64_t read = 1;
    CHECK(load_cursor(low, high, &read));
    CHECK_EQ(read, position);
    high++;
    CHECK(load_cursor(low, high, &read));
    CHECK_EQ(read, position);
  }
}

NB_TEST("axon: damaged cursors end in errors or emptiness, not in wild reads") {
  nbtest::Random random = nbtest::random_for_test();
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    for (int round = 0; round < 500; round++) {
      Line line(axon_options(4, mode));
      AxonObserver observer;
      observer.open(*line.segment, 0);
      offer_numbers(line.producer, 0, random.below(6));
      auto* words = reinterpret_cast<uint32_t*>(&line.segment->axon(0));
      for (const size_t offset : {offsetof(nb_axon, head), offsetof(nb_axon, head_high), offsetof(nb_axon, intent),
                                  offsetof(nb_axon, intent_high), offsetof(nb_axon, tail)}) {
        if (random.chance(2)) words[offset / 4] = static_cast<uint32_t>(random.next());
      }
      nb_spike spikes[8];
      for (int i = 0; i < 8; i++) {
        line.producer.offer(spikes[0] = numbered_spike(1));
        CHECK(line.reader.take(spikes, 8) <= 4);
        observer.next(&spikes[0]);
      }
    }
  }
}

NB_TEST("axon: a reader calls an axon damaged whose head ran away") {
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    Line line(axon_options(4, mode));
    line.segment->axon(0).head = 1000;
    nb_spike spike;
    CHECK_EQ(line.reader.take(&spike, 1), 0u);
    CHECK(line.reader.damaged());
  }
}

NB_TEST("axon: an axon that contradicts its segment is refused") {
  OwnedSegment segment(axon_options(4, NB_MODE_DROP_NEWEST));
  nb_axon& axon = segment->axon(0);
  AxonProducer producer;
  axon.capacity = 8;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_ERR_BAD_SEGMENT);
  axon.capacity = 4;
  axon.mode = NB_MODE_SAMPLE + 1;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_ERR_BAD_SEGMENT);
  axon.mode = NB_MODE_SAMPLE;
  axon.sample_every = 0;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(axon.producer, 0u);
  axon.sample_every = 1;
  CHECK_EQ(producer.open(*segment, 0, 1), NB_OK);
}
