// SPDX-License-Identifier: MIT
//
// Ganglia of several threads on one segment, each with what its host does: opens axons, writes spikes, hands over. A Member is
// used by one thread at a time.
#pragma once

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "harness.h"
#include "native/core/axon.h"
#include "native/core/ganglion.h"
#include "native/core/process.h"
#include "owned_segment.h"

namespace nbtest {

using namespace neuronbus;

constexpr uint64_t kBelowWrap31 = (uint64_t{1} << 31) - 37;
constexpr uint64_t kBelowWrap32 = (uint64_t{1} << 32) - 37;

inline SegmentOptions members_options(uint32_t ganglia, uint32_t mode, uint32_t capacity = 16) {
  SegmentOptions options;
  options.max_ganglia = ganglia;
  options.max_axons = ganglia * ganglia;
  options.axon_capacity = capacity;
  options.mode = mode;
  options.max_neurons = 4 * ganglia;
  options.max_synapses = 64;
  options.max_rules = options.max_filters = 8;
  options.arena_chunks = 64;
  return options;
}

// What the spikes of the tests say.
struct Letter {
  uint64_t sender;  // of no other member, ever
  uint32_t stream;  // ganglion that it goes to, and its generation
  uint32_t number;  // in this stream
  uint32_t check;

  static uint32_t sum(const Letter& l) {
    return static_cast<uint32_t>((l.sender * 0x9E3779B97F4A7C15u) >> 32) ^ l.stream * 0x85EBCA6Bu ^ l.number * 0xC2B2AE35u;
  }
};

// Axons begin at `start`. Just below 2^32 all other counters of 32 bits do, too.
inline void wind(const Segment& segment, uint64_t start) {
  const nb_segment_header& header = segment.header();
  for (uint32_t i = 0; i < header.max_axons; i++) {
    nb_axon& axon = segment.axon(i);
    axon.head = axon.tail = axon.intent = static_cast<uint32_t>(start);
    axon.head_high = axon.intent_high = static_cast<uint32_t>(start >> 31);
  }
  if (start != kBelowWrap32) return;
  for (uint32_t i = 0; i < header.max_ganglia; i++) {
    nb_ganglion& ganglion = segment.ganglion(i);
    ganglion.wake = ganglion.inboxes = ganglion.mail = ganglion.generation = UINT32_MAX - 1;
  }
  segment.commons().topology = UINT32_MAX - 3;
  for (uint32_t i = 0; i < header.max_neurons; i++) segment.roster(i) = UINT32_MAX & ~uint32_t{NB_ROSTER_GANGLION_MASK};
  for (uint32_t i = 0; i < header.arena_chunk_count; i++) {
    reinterpret_cast<nb_chunk*>(segment.arena())[i].generation_floor = UINT32_MAX - 2;
  }
}

// A segment whose axons begin at a position of choice.
struct Colony {
  Colony(const SegmentOptions& options, uint64_t start) : memory(options), begin(start) { wind(*memory, start); }
  // One that other processes have as well: takes over a reference.
  Colony(Mapping* named, uint64_t start) : memory(named), begin(start) {}

  const Segment& segment() const { return *memory; }
  // Null where one process alone has the memory.
  Mapping* mapping() const { return memory.mapping()->named() ? memory.mapping() : nullptr; }

  // Published = delivered + dropped + queued over all ganglia and axons. For moments when nobody does anything.
  bool reconciles() {
    uint64_t owed = 0;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < memory->header().max_axons; i++) {
      nb_axon& axon = memory->axon(i);
      uint64_t head = 0;
      load_cursor(axon.head, axon.head_high, &head);
      owed += head - begin;
      seen += axon.dropped[NB_DROP_OLDEST] + (axon.head - axon.tail);
    }
    for (uint32_t i = 0; i < memory->header().max_ganglia; i++) {
      const nb_ganglion& ganglion = memory->ganglion(i);
      owed += ganglion.fanned;
      seen += ganglion.delivered;
      for (const uint64_t dropped : ganglion.dropped) seen += dropped;
    }
    return CHECK_EQ(owed, seen);
  }

  bool empty() {
    bool all = true;
    for (uint32_t i = 0; i < memory->header().max_ganglia; i++) {
      all &= CHECK_EQ(memory->ganglion(i).state, uint32_t{NB_FREE});
      for (uint32_t j = 0; j < memory->header().max_ganglia; j++) all &= CHECK_EQ(memory->axon_index(i, j), 0u);
    }
    for (uint32_t i = 0; i < memory->header().max_axons; i++) all &= CHECK_EQ(memory->axon(i).state, uint32_t{NB_FREE});
    for (uint32_t i = 0; i < memory->header().max_neurons; i++) all &= CHECK_EQ(memory->neurons()[i].state, uint32_t{NB_FREE});
    all &= CHECK_EQ(ArenaView(*memory, NB_NONE).stats().live_blocks, 0u);
    return all;
  }

  OwnedSegment memory;
  uint64_t begin;
};

class Member {
 public:
  explicit Member(Colony& colony, uint32_t neurons = 2) : segment_(colony.segment()) {
    Ganglion* joined = nullptr;
    if (!CHECK_EQ(Ganglion::join(segment_, colony.mapping(), Plasticity{}, &joined), NB_OK)) std::abort();
    ganglion.reset(joined);
    static std::atomic<uint64_t> names{1};
    name_ = uint64_t{process_id()} << 24 | names++;
    for (uint32_t i = 0; i < neurons; i++) {
      uint16_t id = 0;
      if (ganglion->register_neuron(NB_BROADCAST, Dynamics{1e9, 0, 20e6, 0}, nullptr, &id) == NB_OK) ids.push_back(id);
    }
  }
  ~Member() {
    for (auto& box : boxes_) box.second.producer->close();
    boxes_.clear();
  }

  // Gives up the axons to those that are gone.
  void tend() {
    for (auto known = boxes_.begin(); known != boxes_.end();) {
      nb_ganglion& other = segment_.ganglion(known->first);
      const bool there = load_acquire(other.state) == NB_LIVE && load_relaxed(other.generation) == known->second.generation;
      const uint32_t to = known->first;
      if (there) {
        ++known;
        continue;
      }
      known->second.producer->close();
      known = boxes_.erase(known);
      ganglion->abandon_axon(to);
    }
  }

  nb_control& control() { return segment_.control(ganglion->index()); }

  // To a neuron of another ganglion, in a block of the arena unless that has 0 bytes. False: nobody there, or no room.
  bool send(uint16_t target, uint32_t block_bytes = 0) {
    const uint32_t to = ganglion->neurons().ganglion_of(target);
    return to != NB_NONE && to != ganglion->index() && post(to, target, block_bytes);
  }

  // Over the synapses of the first neuron, one spike for each ganglion that listens. False: some had no room.
  bool broadcast() {
    const uint64_t listeners = shared(segment_.neurons()[ids[0]].listeners).load();
    bool all = true;
    for (uint32_t to = 0; to < segment_.header().max_ganglia; to++) {
      if ((listeners >> to & 1) != 0 && to != ganglion->index()) all = post(to, NB_BROADCAST, 0) && all;
    }
    return all;
  }

  // Delivers what there is. Returns how many hand-overs.
  uint32_t pump(uint32_t budget = 64) {
    uint32_t total = 0;
    do {
      control().limit = control().self_head;
      control().budget = budget;
      control().renew = 1;
      ganglion->route();
      const uint32_t count = control().dispatch_count;
      for (uint32_t i = 0; i < count; i++) {
        handle(segment_.dispatch(ganglion->index())[i]);
        control().handled = i + 1;
        if (i % 7 == 3) ganglion->settle();
      }
      ganglion->finish();
      total += count;
    } while (control().more != 0);
    return total;
  }

  std::unique_ptr<Ganglion> ganglion;
  std::vector<uint16_t> ids;
  bool gaps = false;  // spikes may be missing, by backpressure or because somebody left
  uint64_t sent = 0;
  uint64_t received = 0;
  nb_arena_ref last_block{};  // that was sent
  bool retain_next = false;   // a second reference on each block that is sent

 private:
  struct Box {
    uint32_t generation;
    uint32_t count;
    std::unique_ptr<AxonProducer> producer;
  };

  Box* box(uint32_t to) {
    const auto known = boxes_.find(to);
    const bool alive = load_acquire(segment_.ganglion(to).state) == NB_LIVE;
    const uint32_t generation = load_relaxed(segment_.ganglion(to).generation);
    if (known != boxes_.end()) {
      if (alive && known->second.generation == generation) return &known->second;
      known->second.producer->close();
      boxes_.erase(known);
      ganglion->abandon_axon(to);
    }
    uint32_t number = 0;
    if (!alive || ganglion->open_axon(to, &number) != NB_OK) return nullptr;
    auto producer = std::make_unique<AxonProducer>();
    if (!CHECK_EQ(producer->open(segment_, number, ganglion->index() + 1), NB_OK)) return nullptr;
    return &boxes_.emplace(to, Box{generation, 0, std::move(producer)}).first->second;
  }

  bool post(uint32_t to, uint16_t target, uint32_t block_bytes) {
    Box* out = box(to);
    if (out == nullptr) return false;
    Letter letter{name_ << 1 | (target == NB_BROADCAST ? 1 : 0), to | out->generation << 8, out->count + 1, 0};
    letter.check = Letter::sum(letter);
    nb_spike spike{};
    spike.timestamp_ns = Clock::os_now();
    spike.sequence = letter.number;
    spike.source = ids.empty() ? 0 : ids[0];
    spike.target = target;
    spike.kind = sizeof letter << 2;
    nb_arena_ref reference{};
    if (block_bytes > 0) {
      uint8_t* bytes = nullptr;
      if (ganglion->arena().allocate(block_bytes, &reference, &bytes) != NB_OK) return false;
      std::memcpy(bytes, &letter, sizeof letter);
      std::memcpy(spike.payload, &reference, sizeof reference);
      spike.kind = NB_LENGTH_ARENA << 2;
      last_block = reference;
      if (retain_next) CHECK_EQ(ganglion->arena().retain(reference), NB_OK);
    } else {
      std::memcpy(spike.payload, &letter, sizeof letter);
    }
    const Offer offer = out->producer->offer(spike, [this](const nb_spike& evicted) {
      if (evicted.kind >> 2 != NB_LENGTH_ARENA) return;
      nb_arena_ref lost;
      std::memcpy(&lost, evicted.payload, sizeof lost);
      CHECK_EQ(ganglion->arena().release(lost), NB_OK);
    });
    if (offer != Offer::accepted) {
      if (block_bytes > 0) CHECK_EQ(ganglion->arena().release(reference), NB_OK);
      if (block_bytes > 0 && retain_next) CHECK_EQ(ganglion->arena().release(reference), NB_OK);
      return false;
    }
    out->count++;
    sent++;
    ganglion->wake(to);
    return true;
  }

  void handle(const nb_dispatch& entry) {
    const auto& spike = *reinterpret_cast<const nb_spike*>(segment_.base() + uint64_t{entry.spike} * NB_SPIKE_BYTES);
    Letter letter;
    if (spike.kind >> 2 == NB_LENGTH_ARENA) {
      nb_arena_ref reference;
      std::memcpy(&reference, spike.payload, sizeof reference);
      const uint8_t* bytes = nullptr;
      uint32_t length = 0;
      if (!CHECK_EQ(ganglion->arena().read(reference, &bytes, &length), NB_OK)) return;
      std::memcpy(&letter, bytes, sizeof letter);
    } else {
      std::memcpy(&letter, spike.payload, sizeof letter);
    }
    CHECK_EQ(letter.check, Letter::sum(letter));
    // Where ids change hands, one that was on its way may come to the next owner of ganglion and id.
    if (!gaps) CHECK_EQ(letter.stream, ganglion->index() | segment_.ganglion(ganglion->index()).generation << 8);
    letter.sender ^= uint64_t{letter.stream} << 32;
    received++;
    uint32_t& last = last_[{letter.sender, entry.neuron}];
    if ((letter.sender & 1) == 0) {
      uint32_t& of_sender = last_[{letter.sender, NB_BROADCAST}];  // whichever neuron it is for
      CHECK(gaps ? letter.number > of_sender : letter.number == of_sender + 1);
      of_sender = letter.number;
    } else {
      CHECK(letter.number > last);
      last = letter.number;
    }
  }

  Segment segment_;
  uint64_t name_ = 0;
  std::map<uint32_t, Box> boxes_;
  std::map<std::pair<uint64_t, uint32_t>, uint32_t> last_;
};

}  // namespace nbtest
