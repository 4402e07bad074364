// SPDX-License-Identifier: MIT
//
// Micro benchmarks of the native core. Prints one JSON object a line: {name, nsPerOp, perSecond}, for round trips also
// {p50Ns, p99Ns}. Names tell the topology: producers, readers, threads.
//
//   bench_core [--quick] [--filter TEXT] [--list] [--no-pin]
//
// A test is many rounds of about a millisecond, shorter than a time slice, because the machine is shared. The best is printed
// for loops in one thread (noise only adds), the first quartile for two threads (they must run at the same time, and when
// others want the processors they often do not).
#include <cstdlib>
#include <cstring>

#include "bench.h"
#include "native/core/arena.h"
#include "native/core/axon.h"
#include "native/core/clock.h"
#include "test/native/owned_segment.h"

namespace neuronbus {
namespace {

using namespace bench;

nb_spike sample_spike() {
  nb_spike spike{};
  spike.source = 1;
  spike.target = 2;
  spike.kind = 11 << 2;
  std::memcpy(spike.payload, "hello world", 11);
  return spike;
}

uint64_t publish_and_read(const Segment& segment, uint64_t count) {
  AxonProducer producer;
  AxonReader reader;
  producer.open(segment, 0, 1);
  reader.open(segment, 0, 1);
  nb_spike spike = sample_spike();
  uint64_t sum = 0;
  const uint64_t start = Clock::os_now();
  for (uint64_t i = 0; i < count; i++) {
    spike.timestamp_ns = i;
    producer.try_publish(spike);
    const nb_spike* received = reader.peek();
    sum += received->timestamp_ns + received->payload[0];
    reader.advance();
  }
  const uint64_t elapsed = Clock::os_now() - start;
  consume(sum);
  return elapsed;
}

void same_thread(const char* name, uint32_t capacity) {
  OwnedSegment segment(axon_options(capacity, NB_MODE_DROP_NEWEST));
  publish_and_read(*segment, capacity);
  best_of(name, std::max(500'000u, capacity), [&](uint64_t count) { return publish_and_read(*segment, count); });
}

// Every slot is touched for the first time: the price of the pages is in it.
void same_thread_fresh(const char* name) {
  const uint32_t capacity = 1u << 20;
  const auto results = rounds(rounds_of(15), capacity, [&](uint64_t count) {
    OwnedSegment segment(axon_options(capacity, NB_MODE_DROP_NEWEST));
    return publish_and_read(*segment, count);
  });
  print(name, results.front());
}

void spmc(const char* name) {
  constexpr int kObservers = 8;
  OwnedSegment segment(axon_options(1024, NB_MODE_DROP_OLDEST));
  best_of(name, 100'000, [&](uint64_t count) {
    AxonProducer producer;
    producer.open(*segment, 0, 1);
    AxonObserver observers[kObservers];
    for (AxonObserver& observer : observers) observer.open(*segment, 0);
    nb_spike spike = sample_spike();
    nb_spike received{};
    uint64_t sum = 0;
    const uint64_t start = Clock::os_now();
    for (uint64_t i = 0; i < count; i++) {
      spike.timestamp_ns = i;
      producer.offer(spike);
      for (AxonObserver& observer : observers) {
        observer.next(&received);
        sum += received.timestamp_ns;
      }
    }
    const uint64_t elapsed = Clock::os_now() - start;
    consume(sum);
    return elapsed;
  });
}

void arena_fresh(const char* name) {
  constexpr uint32_t kBlocks = 100'000;
  const auto results = rounds(rounds_of(40), kBlocks, [&](uint64_t count) {
    OwnedSegment segment(arena_options(4096));
    Arena arena(*segment, 0);
    nb_arena_ref ref;
    uint8_t* data;
    const uint64_t start = Clock::os_now();
    for (uint64_t i = 0; i < count; i++) {
      if (arena.allocate(32, &ref, &data) != NB_OK) std::abort();
      data[0] = static_cast<uint8_t>(i);
    }
    return Clock::os_now() - start;
  });
  print(name, results.front());
}

void arena_reused(const char* name, uint32_t bytes, uint32_t live) {
  OwnedSegment segment(arena_options(1024));
  best_of(name, 250'000, [&](uint64_t count) {
    Arena arena(*segment, 0);
    std::vector<nb_arena_ref> refs(live);
    uint8_t* data;
    for (auto& ref : refs) arena.allocate(bytes, &ref, &data);
    uint32_t slot = 0;
    const uint64_t start = Clock::os_now();
    for (uint64_t i = 0; i < count; i++) {
      arena.release(refs[slot]);
      if (arena.allocate(bytes, &refs[slot], &data) != NB_OK) std::abort();
      data[0] = static_cast<uint8_t>(i);
      if (++slot == live) slot = 0;
    }
    const uint64_t elapsed = Clock::os_now() - start;
    for (auto& ref : refs) arena.release(ref);
    return elapsed;
  });
}

void publish_numbers(AxonProducer& producer, uint64_t count, uint32_t batch) {
  nb_spike spike = sample_spike();
  for (uint64_t sent = 0; sent < count;) {
    if (batch == 1) {
      spike.timestamp_ns = sent;
      sent += producer.try_publish(spike) ? 1 : 0;
      continue;
    }
    uint32_t granted;
    const uint64_t left = count - sent;
    nb_spike* slots = producer.claim(left < batch ? static_cast<uint32_t>(left) : batch, &granted);
    for (uint32_t i = 0; i < granted; i++) {
      spike.timestamp_ns = sent + i;
      write_slot(slots + i, spike);
    }
    if (granted > 0) producer.commit(granted);
    sent += granted;
  }
}

uint64_t read_numbers(AxonReader& reader, uint64_t count) {
  constexpr uint32_t kAtOnce = 64;
  uint64_t sum = 0;
  for (uint64_t received = 0; received < count;) {
    const uint32_t available = std::min(reader.available(kAtOnce), kAtOnce);
    for (uint32_t i = 0; i < available; i++) sum += reader.at(i).timestamp_ns + reader.at(i).payload[40];
    if (available > 0) reader.advance(available);
    received += available;
    if (available > 0 && available < kAtOnce) AxonReader::rest();
  }
  return sum;
}

// The threads stay for all rounds, and a round is over before the scheduler takes notice.
void two_threads(const char* name, uint32_t batch) {
  constexpr uint64_t kSpikes = 50'000;
  const auto count = static_cast<uint64_t>(rounds_of(500));
  OwnedSegment segment(axon_options(1u << 12, NB_MODE_DROP_NEWEST));
  AxonProducer producer;
  AxonReader reader;
  producer.open(*segment, 0, 1);
  reader.open(*segment, 0, 1);
  struct {
    alignas(NB_LINE_BYTES) std::atomic<uint64_t> begun{0};
    alignas(NB_LINE_BYTES) std::atomic<uint64_t> ready{0};
  } rounds;
  std::vector<double> results;
  in_two_threads(
      [&reader, &rounds, count] {
        uint64_t sum = 0;
        for (uint64_t round = 1; round <= count; round++) {
          rounds.ready.store(round, std::memory_order_release);
          spin_until(rounds.begun, round);
          sum += read_numbers(reader, kSpikes);
        }
        rounds.ready.store(count + 1, std::memory_order_release);
        consume(sum);
      },
      [&] {
        for (uint64_t round = 1; round <= count; round++) {
          spin_until(rounds.ready, round);
          const uint64_t start = Clock::os_now();
          rounds.begun.store(round, std::memory_order_release);
          publish_numbers(producer, kSpikes, batch);
          spin_until(rounds.ready, round + 1);
          results.push_back(static_cast<double>(Clock::os_now() - start) / kSpikes);
        }
      });
  std::sort(results.begin(), results.end());
  print(name, results[results.size() / 4]);
}

void echo(const char* name) {
  SegmentOptions sizes = axon_options(64, NB_MODE_DROP_NEWEST);
  sizes.max_axons = 2;
  OwnedSegment segment(sizes);
  const uint64_t count = options.quick ? 100'000 : 500'000;
  std::vector<uint32_t> trips(count);
  AxonProducer ask, answer;
  AxonReader asked, answered;
  ask.open(*segment, 0, 1);
  asked.open(*segment, 0, 1);
  answer.open(*segment, 1, 1);
  answered.open(*segment, 1, 1);
  in_two_threads(
      [&asked, &answer, count] {
        for (uint64_t i = 0; i < count; i++) {
          const nb_spike* spike;
          while ((spike = asked.peek()) == nullptr) {
          }
          answer.try_publish(*spike);
          asked.advance();
        }
      },
      [&] {
        nb_spike spike = sample_spike();
        Clock clock;
        for (uint64_t i = 0; i < count; i++) {
          const uint64_t start = clock.now();
          spike.timestamp_ns = start;
          ask.try_publish(spike);
          while (answered.peek() == nullptr) {
          }
          answered.advance();
          trips[i] = static_cast<uint32_t>(clock.now() - start);
        }
      });
  std::sort(trips.begin(), trips.end());
  const uint32_t p50 = trips[count / 2];
  print(name, p50, ",\"p50Ns\":" + std::to_string(p50) + ",\"p99Ns\":" + std::to_string(trips[count * 99 / 100]));
}

void clock_now(const char* name) {
  Clock clock;
  best_of(name, 200'000, [&](uint64_t count) {
    uint64_t sum = 0;
    const uint64_t start = Clock::os_now();
    for (uint64_t i = 0; i < count; i++) sum += clock.now();
    const uint64_t elapsed = Clock::os_now() - start;
    consume(sum);
    return elapsed;
  });
}

void os_clock(const char* name) {
  best_of(name, 200'000, [&](uint64_t count) {
    uint64_t sum = 0;
    const uint64_t start = Clock::os_now();
    for (uint64_t i = 0; i < count; i++) sum += Clock::os_now();
    consume(sum);
    return Clock::os_now() - start;
  });
}

struct Benchmark {
  const char* name;
  std::function<void(const char* name)> run;
};

const Benchmark benchmarks[] = {
    {"axon, 1 thread, publish + read, 4 KiB ring", [](const char* n) { same_thread(n, 64); }},
    {"axon, 1 thread, publish + read, 64 KiB ring", [](const char* n) { same_thread(n, 1024); }},
    {"axon, 1 thread, publish + read, 64 MiB ring reused", [](const char* n) { same_thread(n, 1u << 20); }},
    {"axon, 1 thread, publish + read, fresh 64 MiB ring", same_thread_fresh},
    {"axon, 1 thread, publish + 8 observers", spmc},
    {"axon, 2 threads, publish each", [](const char* n) { two_threads(n, 1); }},
    {"axon, 2 threads, batches of 64", [](const char* n) { two_threads(n, 64); }},
    {"axon, 2 threads, echo round trip", echo},
    {"arena, 32 B, fresh", arena_fresh},
    {"arena, 32 B, allocate + release", [](const char* n) { arena_reused(n, 32, 1); }},
    {"arena, 32 B, allocate + release, 5000 live", [](const char* n) { arena_reused(n, 32, 5000); }},
    {"arena, 4 KiB, allocate + release, 100 live", [](const char* n) { arena_reused(n, 4096, 100); }},
    {"clock, now", clock_now},
    {"clock, CLOCK_MONOTONIC", os_clock},
};

int usage() {
  std::fprintf(stderr, "usage: bench_core [--quick] [--filter TEXT] [--list] [--no-pin]\n");
  return 2;
}

}  // namespace
}  // namespace neuronbus

int main(int argc, char** argv) {
  using namespace neuronbus;
  using neuronbus::bench::options;
  for (int i = 1; i < argc; i++) {
    const std::string option = argv[i];
    if (option == "--quick") {
      options.quick = true;
    } else if (option == "--list") {
      options.list = true;
    } else if (option == "--no-pin") {
      options.pin = false;
    } else if (option == "--filter" && i + 1 < argc) {
      options.filter = argv[++i];
    } else {
      return usage();
    }
  }
  pin_to(0);
  for (const Benchmark& benchmark : benchmarks) {
    if (std::strstr(benchmark.name, options.filter.c_str()) == nullptr) continue;
    if (options.list) {
      std::printf("%s\n", benchmark.name);
    } else {
      benchmark.run(benchmark.name);
    }
  }
  return 0;
}
