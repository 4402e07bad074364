// SPDX-License-Identifier: MIT
//
// What the processes of the fault tests do, and what a survivor must find after any of them died. The survivor is the test
// itself; it has two neurons, and nothing else in the segment is left when everybody else is gone.
#pragma once

#include "fault_fixture.h"

#ifdef NB_TEST_FAULTS

#include <sched.h>

#include "membership_fixture.h"

namespace nbtest {

constexpr uint64_t kPatienceNs = 10'000'000'000;
constexpr uint32_t kLetters = 12;  // more than a ring holds

inline nb_mail wish(uint32_t what, uint16_t pre, uint16_t post, double weight = 0.5) {
  nb_mail mail{};
  mail.what = what;
  mail.pre = pre;
  mail.post = post;
  mail.weight = weight;
  mail.rule = nb_rule{NB_RULE_STATIC, 0, 0.01, 0.012, 20e6, 20e6, 0.001, 1, 1e8};
  return mail;
}

inline Mapping* create_bus(const SegmentOptions& options, uint64_t start) {
  size_t bytes = 0;
  Mapping* mapping = nullptr;
  CHECK_EQ(Segment::size(options, &bytes), NB_OK);
  const auto format = [&](uint8_t* base, size_t size) { return Segment::format(base, size, options, 1); };
  if (!CHECK_EQ(Mapping::create_named("faults", bytes, bytes, format, &mapping), NB_OK)) std::abort();
  Segment segment;
  CHECK_EQ(Segment::attach(mapping->base(), mapping->bytes(), &segment), NB_OK);
  wind(segment, start);
  return mapping;
}

inline Mapping* open_bus() {
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(Mapping::open_named("faults", &mapping), NB_OK)) std::abort();
  return mapping;
}

inline SegmentOptions small_options(uint32_t mode) {
  SegmentOptions options = members_options(4, mode, 8);
  options.max_neurons = 8;
  options.max_synapses = 16;
  options.arena_chunks = 16;
  return options;
}

// A neuron with a card in the arena, as the hosts register them.
inline void register_with_card(Member& self) {
  nb_arena_ref card{};
  uint8_t* bytes = nullptr;
  uint16_t id = 0;
  if (!CHECK_EQ(self.ganglion->arena().allocate(200, &card, &bytes), NB_OK)) return;
  if (CHECK_EQ(self.ganglion->register_neuron(NB_BROADCAST, Dynamics{1e9, 0, 20e6, 0}, &card, &id), NB_OK)) {
    self.ids.push_back(id);
  }
}

// Letter by letter, in the ring, in blocks and in runs of chunks; waits where the mode does.
inline void send_letters(Member& self, uint16_t target, uint32_t count, const std::function<void()>& meanwhile) {
  static constexpr uint32_t kBytes[] = {0, 100, 5000};
  Board& board = Board::get();
  for (uint32_t i = 0; i < count; i++) {
    board.begun = i + 1;
    while (!self.send(target, kBytes[i % 3])) meanwhile();
    board.sent = i + 1;
  }
}

struct Survivor {
  Survivor(uint32_t mode, uint64_t start) : colony(create_bus(small_options(mode), start), start), self(colony) {
    self.gaps = mode == NB_MODE_DROP_OLDEST;
  }

  // As a host that is awake.
  void turn() {
    self.pump();
    sched_yield();
  }

  // As a host that finds out that somebody died.
  uint32_t clear_away() {
    const uint32_t dead = self.ganglion->reap();
    self.tend();
    self.pump();
    self.ganglion->reap();  // what was under way to here is released by now
    return dead;
  }

  // Sends a block that this one has a reference to as well.
  bool send_held(uint16_t target, uint32_t bytes, std::vector<nb_arena_ref>* held) {
    self.retain_next = bytes > 0;
    if (!self.send(target, bytes)) return false;
    if (bytes > 0) held->push_back(self.last_block);
    return true;
  }

  // The others have given back theirs, and nobody gave back this one's.
  void let_go(const std::vector<nb_arena_ref>& held) {
    for (const nb_arena_ref& ref : held) {
      const uint8_t* bytes = nullptr;
      uint32_t length = 0;
      CHECK_EQ(self.ganglion->arena().read(ref, &bytes, &length), NB_OK);
      CHECK_EQ(self.ganglion->arena().release(ref), NB_OK);
      CHECK_EQ(self.ganglion->arena().read(ref, &bytes, &length), NB_ERR_STALE_REFERENCE);
    }
  }

  bool alone() {
    const Segment& segment = colony.segment();
    const nb_segment_header& header = segment.header();
    const uint32_t me = self.ganglion->index();
    bool all = true;
    for (uint32_t i = 0; i < header.max_ganglia; i++) {
      if (i != me) all &= CHECK_EQ(segment.ganglion(i).state, uint32_t{NB_FREE});
    }
    for (uint32_t i = 0; i < header.max_axons; i++) {
      nb_axon& axon = segment.axon(i);
      all &= CHECK(axon.state == NB_FREE || (axon.state == NB_LIVE && axon.to_ganglion == me));
    }
    for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) all &= CHECK_EQ(segment.mailbox(me)[i].state, uint32_t{NB_FREE});
    for (uint32_t id = 0; id < header.max_neurons; id++) {
      const bool mine = id == self.ids[0] || id == self.ids[1];
      all &= CHECK_EQ(segment.neurons()[id].state, mine ? uint32_t{NB_LIVE} : uint32_t{NB_FREE});
      all &= CHECK_EQ(segment.neurons()[id].listeners & ~(uint64_t{1} << me), 0u);
    }
    all &= memory_is_back() & ids_are_back();
    self.ganglion->finish();
    return colony.reconciles() && all;
  }

  bool memory_is_back() {
    self.ganglion->arena().trim();
    const ArenaStats stats = self.ganglion->arena().stats();
    return CHECK_EQ(stats.live_blocks, 0u) & CHECK_EQ(stats.free_chunks, stats.chunks);
  }

  bool ids_are_back() {
    std::vector<uint16_t> all;
    uint16_t id = 0;
    while (self.ganglion->register_neuron(NB_BROADCAST, Dynamics{}, nullptr, &id) == NB_OK) all.push_back(id);
    const bool whole = CHECK_EQ(all.size() + 2, colony.segment().header().max_neurons);
    for (const uint16_t one : all) CHECK_EQ(self.ganglion->unregister_neuron(one), NB_OK);
    return whole;
  }

  BusPlace place;
  Colony colony;
  Member self;
};

// The whole of a participant's life, told by phases: 1 = it is there, 2 = the survivor has sent it something,
// 3 = it sends, 4 = it has sent.
inline void live(uint64_t deadly, uint16_t target, uint32_t mode, const std::function<void(Member&)>& last = nullptr) {
  Board& board = Board::get();
  arm(deadly);
  Colony colony(open_bus(), 0);
  {
    Member self(colony, 1);
    self.gaps = mode == NB_MODE_DROP_OLDEST;
    register_with_card(self);
    const auto meanwhile = [&] { self.pump(), sched_yield(); };
    board.neuron = self.ids[0];
    board.phase = 1;
    CHECK_EQ(self.ganglion->anywhere(wish(NB_MAIL_CONNECT, self.ids[0], target), kPatienceNs), NB_OK);
    while (board.phase < 2) meanwhile();
    board.phase = 3;
    send_letters(self, target, kLetters, meanwhile);
    for (int i = 0; i < 3; i++) meanwhile();
    uint32_t synapse = 0;
    CHECK_EQ(self.ganglion->connect(target, self.ids[1], 0.5, wish(0, 0, 0).rule, nullptr, &synapse), NB_OK);
    CHECK_EQ(self.ganglion->unregister_neuron(self.ids[1]), NB_OK);
    if (self.ganglion->park()) self.ganglion->unpark();
    board.received = self.received;
    if (last) last(self);
  }
}

// Lets a process live, and one store longer each time, until it comes through; `step` lives are left out in between.
template <typename Life, typename After>
uint64_t die_at_every_point(uint64_t step, const Life& life, const After& after) {
  Board& board = Board::get();
  board.forget();
  for (uint64_t n = 1;; n += step) {
    board.begin();
    const bool killed = life(n);
    if (!after() || failure_count() > 0) {
      return fail(__FILE__, __LINE__, "after death " + std::to_string(n) + ", at " + board.last()), n;
    }
    if (!killed) return n;
  }
}

}  // namespace nbtest

#endif
