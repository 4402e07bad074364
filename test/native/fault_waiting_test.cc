// SPDX-License-Identifier: MIT
//
// Deaths around a sleeping reader and in the hands of one; signals and wake-ups that nobody meant.
#include "fault_lives.h"

#ifdef NB_TEST_FAULTS

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>

#include <filesystem>

using namespace neuronbus;
using namespace nbtest;

namespace {

uint32_t& wakes(Survivor& survivor, const Member& who) {
  return survivor.colony.segment().ganglion(who.ganglion->index()).wake;
}

// Pumps and sleeps in turn, as a host does that is woken by a futex. What wakes it is not asked.
class Sleeper {
 public:
  explicit Sleeper(Survivor& survivor)
      : survivor_(survivor), self(survivor.colony, 1), word_(wakes(survivor, self)), thread_([this] { run(); }) {}
  ~Sleeper() {
    stopping_ = true;
    wake();
    thread_.join();
  }
  void wake() {
    shared(word_).fetch_add(1);
    futex_wake(&word_);
  }
  bool asleep() const { return asleep_.load(); }
  pthread_t thread() { return thread_.native_handle(); }

 private:
  void run() {
    while (!stopping_) {
      self.pump();
      const uint32_t seen = load_acquire(word_);
      if (!self.ganglion->park()) continue;
      asleep_ = true;
      while (load_acquire(word_) == seen && !stopping_) futex_wait(&word_, seen, 60'000'000'000);
      asleep_ = false;
      self.ganglion->unpark();
    }
  }

  Survivor& survivor_;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> stopping_{false};

 public:
  Member self;

 private:
  uint32_t& word_;
  std::thread thread_;
};

// All that `from` has sent there is read. False after half a minute: it sleeps for ever.
bool read_by(Survivor& survivor, Sleeper& sleeper) {
  const Segment& segment = survivor.colony.segment();
  nb_axon& axon = segment.axon(segment.axon_index(survivor.self.ganglion->index(), sleeper.self.ganglion->index()) - 1);
  for (int i = 0; i < 30'000; i++) {
    if (load_acquire(axon.tail) == load_acquire(axon.head)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return fail(__FILE__, __LINE__, "a sleeper was not woken");
}

}  // namespace

NB_TEST("faults: a sender that dies between taking the flag of a sleeper and waking it leaves nobody asleep") {
  Survivor survivor(NB_MODE_DROP_NEWEST, kBelowWrap32);
  Board& board = Board::get();
  board.forget();
  bool killed = true;
  for (uint64_t n = 1; killed; n++) {
    board.begin();
    {
      Sleeper sleeper(survivor);
      while (!sleeper.asleep()) sched_yield();
      Doomed sender([&] {
        Colony colony(open_bus(), 0);
        Member self(colony, 1);
        arm(n);
        CHECK(self.send(sleeper.self.ids[0]));
        disarm();
      });
      sender.wait();
      killed = sender.killed();
      survivor.self.ganglion->reap();
      CHECK(survivor.self.send(sleeper.self.ids[0]));
      CHECK(read_by(survivor, sleeper));
    }
    survivor.clear_away();
    if (!survivor.alone() || failure_count() > 0) return void(fail(__FILE__, __LINE__, "death " + std::to_string(n) + ", at " + board.last()));
  }
  CHECK(board.passed("wake") && board.passed("rouse") && board.passed("publish"));
}

NB_TEST("faults: a reader that dies between its flag and its sleep, or asleep, keeps no sender waiting") {
  Survivor survivor(NB_MODE_DROP_NEWEST, kBelowWrap32);
  for (const bool asleep : {false, true}) {
    Board& board = Board::get();
    board.begin();
    Doomed reader([&] {
      Colony colony(open_bus(), 0);
      Member self(colony, 1);
      uint32_t& word = colony.segment().ganglion(self.ganglion->index()).wake;
      const uint32_t seen = word;
      self.pump();
      CHECK(self.ganglion->park());
      board.neuron = self.ids[0];
      board.phase = 1;
      if (!asleep) raise(SIGKILL);
      for (;;) futex_wait(&word, seen, 60'000'000'000);
    });
    while (board.phase == 0 && reader.running()) sched_yield();
    if (asleep) reader.kill();
    reader.wait();
    for (uint32_t i = 0; i < 12; i++) (void)survivor.self.send(static_cast<uint16_t>(board.neuron), i % 2 * 100);
    survivor.clear_away();
    CHECK(survivor.alone());
  }
}

NB_TEST("faults: blocks in the hands of a reader that dies come back once, under another generation") {
  Survivor survivor(NB_MODE_DROP_NEWEST, kBelowWrap32);
  Arena& arena = survivor.self.ganglion->arena();
  Board& board = Board::get();
  board.begin();
  Doomed reader([&] {
    Colony colony(open_bus(), 0);
    Member self(colony, 1);
    board.neuron = self.ids[0];
    board.phase = 1;
    while (board.phase < 2) sched_yield();
    self.control().limit = self.control().self_head;
    self.control().budget = 64;
    self.control().renew = 1;
    self.ganglion->route();
    board.received = self.control().dispatch_count;
    self.control().handled = 2;
    self.ganglion->settle();
    raise(SIGKILL);
  });
  while (board.phase == 0 && reader.running()) sched_yield();
  std::vector<nb_arena_ref> sent;
  for (uint32_t i = 0; i < 6; i++) {
    CHECK(survivor.self.send(static_cast<uint16_t>(board.neuron), i == 5 ? 5000 : 100));
    sent.push_back(survivor.self.last_block);
  }
  board.phase = 2;
  reader.wait();
  CHECK_EQ(board.received.load(), 6u);
  CHECK_EQ(arena.stats().live_blocks, 6u);
  survivor.clear_away();
  CHECK_EQ(arena.stats().live_blocks, 0u);
  std::vector<nb_arena_ref> again;
  for (int i = 0; i < 64; i++) {
    nb_arena_ref ref{};
    uint8_t* bytes = nullptr;
    if (arena.allocate(i % 8 == 7 ? 5000 : 100, &ref, &bytes) == NB_OK) again.push_back(ref);
  }
  uint32_t used_again = 0;
  for (const nb_arena_ref& old : sent) {
    const uint8_t* bytes = nullptr;
    uint32_t length = 0;
    CHECK_EQ(arena.read(old, &bytes, &length), NB_ERR_STALE_REFERENCE);
    CHECK_EQ(arena.release(old), NB_ERR_STALE_REFERENCE);
    uint32_t holders = 0;
    for (const nb_arena_ref& ref : again) {
      if (ref.grain != old.grain) continue;
      holders++;
      CHECK(static_cast<int32_t>(ref.generation - old.generation) > 0);
    }
    CHECK(holders <= 1);
    used_again += holders;
  }
  CHECK(used_again > 0);
  for (const nb_arena_ref& ref : again) CHECK_EQ(arena.release(ref), NB_OK);
  CHECK(survivor.alone());
}

NB_TEST("faults: a block that a dead reader had retained is free when its owner leaves") {
  Survivor survivor(NB_MODE_DROP_NEWEST, 0);
  Board& board = Board::get();
  board.begin();
  {
    Member owner(survivor.colony, 1);
    nb_arena_ref ref{};
    uint8_t* bytes = nullptr;
    CHECK_EQ(owner.ganglion->arena().allocate(100, &ref, &bytes), NB_OK);
    Doomed reader([&] {
      Colony colony(open_bus(), 0);
      Member self(colony, 1);
      CHECK_EQ(self.ganglion->arena().retain(ref), NB_OK);
      raise(SIGKILL);
    });
    reader.wait();
    CHECK_EQ(survivor.self.ganglion->reap(), 1u);
    CHECK_EQ(owner.ganglion->arena().release(ref), NB_OK);
    CHECK_EQ(owner.ganglion->arena().stats().live_blocks, 1u);
  }
  survivor.clear_away();
  CHECK(survivor.alone());
}

namespace {

std::atomic<uint64_t> signals{0};

// Signals without SA_RESTART for as long as it lives, to the threads that it is given.
class Storm {
 public:
  explicit Storm(std::vector<pthread_t> targets) {
    struct sigaction action {};
    action.sa_handler = [](int) { signals.fetch_add(1); };
    CHECK_EQ(sigaction(SIGUSR1, &action, &before_), 0);
    thread_ = std::thread([this, targets] {
      while (!stopping_) {
        for (const pthread_t target : targets) pthread_kill(target, SIGUSR1);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  }
  ~Storm() {
    stopping_ = true;
    thread_.join();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until the last one is delivered
    sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  struct sigaction before_ {};
};

size_t open_descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(open), end(open)));
}

}  // namespace

NB_TEST("interruptions: under a storm of signals and of wake-ups that nobody meant nothing is lost") {
  Survivor survivor(NB_MODE_DROP_NEWEST, kBelowWrap32);
  const uint64_t before = signals.load();
  const auto count = static_cast<uint32_t>(scaled(3000));
  {
    Sleeper sleeper(survivor);
    Storm storm({pthread_self(), sleeper.thread()});
    for (uint32_t i = 0; i < count; i++) {
      if (i % 3 == 0) sleeper.wake();
      if (i % 5 == 0) futex_wake(&wakes(survivor, sleeper.self));
      while (!survivor.self.send(sleeper.self.ids[0], i % 4 == 0 ? 100 : 0)) survivor.turn();
      if (i % 16 == 0 && !read_by(survivor, sleeper)) return;
    }
    CHECK(read_by(survivor, sleeper));
    while (!sleeper.asleep()) sched_yield();
    CHECK_EQ(sleeper.self.received, count);
  }
  CHECK(signals.load() > before);
  survivor.clear_away();
  CHECK(survivor.alone());
}

NB_TEST("interruptions: under a storm of signals buses are made, joined and left, and no descriptor or file stays") {
  BusPlace place;
  const uint64_t before = signals.load();
  const size_t descriptors = open_descriptors();
  {
    Storm storm({pthread_self()});
    for (uint64_t i = 0; i < scaled(300); i++) {
      Mapping* mapping = create_bus(small_options(NB_MODE_DROP_NEWEST), 0);
      Colony colony(mapping, 0);
      Mapping* again = open_bus();
      CHECK(again == mapping);
      {
        Member one(colony);
        Member two(colony);
        CHECK(one.send(two.ids[0], 5000));
        CHECK(two.pump() == 1);
        CHECK_EQ(one.ganglion->reap(), 0u);
      }
      again->release();
    }
  }
  CHECK(signals.load() > before);
  CHECK_EQ(open_descriptors(), descriptors);
  for (const auto& entry : std::filesystem::directory_iterator(place.directory())) CHECK_EQ(entry.path().filename().string() == ".lock", true);
}

#endif
