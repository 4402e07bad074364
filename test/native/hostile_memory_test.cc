// SPDX-License-Identifier: MIT
//
// A ganglion among participants that write anything anywhere: every call ends, inside the segment, whatever it answers.
//
// NEURONBUS_FUZZ_SECONDS (default 5) bounds the fuzzing. A call that does not end is ended by an alarm, which names the seed.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "membership_fixture.h"

using namespace neuronbus;
using nbtest::Random;

namespace {

constexpr unsigned kWatchdogSeconds = 60;

// Memory of its own with a forbidden page on either side, so that the sanitizer or the kernel sees every step outside.
class Victim {
 public:
  explicit Victim(uint32_t mode) : options_(nbtest::members_options(3, mode, 32)) {
    options_.max_synapses = 48;
    CHECK_EQ(Segment::size(options_, &bytes_), NB_OK);
    memory_.reset(new (std::align_val_t{NB_PAGE_BYTES}) uint8_t[bytes_]());
    CHECK_EQ(Segment::format(memory_.get(), bytes_, options_, 0), NB_OK);
    CHECK_EQ(Segment::attach(memory_.get(), bytes_, &segment), NB_OK);
    for (auto* to : {&ganglion, &other}) {
      Ganglion* joined = nullptr;
      CHECK_EQ(Ganglion::join(segment, nullptr, Plasticity{1e6, 1e3, 1e3}, &joined), NB_OK);
      to->reset(joined);
    }
    for (int i = 0; i < 4; i++) {
      uint16_t id = 0;
      CHECK_EQ(ganglion->register_neuron(NB_BROADCAST, Dynamics{1, 0, 20e6, 0}, nullptr, &id), NB_OK);
      CHECK_EQ(other->register_neuron(NB_BROADCAST, Dynamics{1, 0, 20e6, 0}, nullptr, &id), NB_OK);
    }
  }

  nb_control& control() { return segment.control(ganglion->index()); }
  size_t bytes() const { return bytes_; }

  struct Free {
    void operator()(uint8_t* memory) const { ::operator delete[](memory, std::align_val_t{NB_PAGE_BYTES}); }
  };

  Segment segment;

 private:
  SegmentOptions options_;
  size_t bytes_ = 0;
  std::unique_ptr<uint8_t[], Free> memory_;

 public:
  std::unique_ptr<Ganglion> ganglion;
  std::unique_ptr<Ganglion> other;
};

struct Place {
  uint64_t offset;
  uint64_t bytes;
};

// What the others may have written to, table by table; and all of it.
std::vector<Place> targets(const Segment& segment, uint32_t self, size_t bytes) {
  const nb_segment_header& h = segment.header();
  const uint64_t mine = segment.workspace(self);
  std::vector<Place> all;
  for (uint32_t i = 0; i < h.max_ganglia; i++) {
    if (i != self) all.push_back({h.ganglia_offset + i * sizeof(nb_ganglion), 64});
  }
  all.push_back({h.axon_index_offset, uint64_t{h.max_ganglia} * h.max_ganglia * 4});
  for (uint32_t i = 0; i < 4; i++) all.push_back({segment.axon_offset(i), sizeof(nb_axon)});
  for (uint32_t i = 0; i < 4; i++) all.push_back({segment.axon_offset(i), h.axon_stride});
  all.push_back({h.commons_offset, 8});
  all.push_back({h.roster_offset, h.max_neurons * 4});
  all.push_back({h.cards_offset, h.max_neurons * sizeof(nb_arena_ref)});
  all.push_back({h.neurons_offset, h.max_neurons * sizeof(nb_neuron)});
  all.push_back({mine, sizeof(nb_control)});
  all.push_back({mine + h.dispatch_offset, 64 * sizeof(nb_dispatch)});
  all.push_back({mine + h.emissions_offset, 16 * sizeof(nb_emission)});
  all.push_back({mine + h.mailbox_offset, NB_MAIL_SLOTS * sizeof(nb_mail)});
  all.push_back({mine + h.outgoing_offset, h.max_neurons * sizeof(nb_outgoing)});
  for (const uint64_t column : {h.synapse_pre_offset, h.synapse_post_offset, h.synapse_rule_offset, h.synapse_filter_offset}) {
    all.push_back({mine + column, h.max_synapses * 2});
  }
  for (const uint64_t column : {h.synapse_next_out_offset, h.synapse_next_in_offset}) {
    all.push_back({mine + column, h.max_synapses * 4});
  }
  all.push_back({mine + h.synapse_hash_offset, h.synapse_hash_slots * 4});
  all.push_back({mine + h.rules_offset, h.outgoing_offset - h.rules_offset});
  all.push_back({mine + h.synapse_weight_offset, h.synapse_next_out_offset - h.synapse_weight_offset});
  all.push_back({h.arena_offset, h.arena_chunk_count * sizeof(nb_chunk)});
  all.push_back({NB_PAGE_BYTES, bytes - NB_PAGE_BYTES});
  return all;
}

// Numbers that are nearly right do more harm than random ones.
uint32_t number(Random& random) {
  switch (random.below(6)) {
    case 0: return static_cast<uint32_t>(random.next());
    case 1: return NB_NONE - static_cast<uint32_t>(random.below(3));
    case 2: return static_cast<uint32_t>(random.below(70));
    case 3: return 0x80000000u + static_cast<uint32_t>(random.below(5)) - 2;
    case 4: return static_cast<uint32_t>(random.below(5)) | static_cast<uint32_t>(random.below(5)) << NB_CLAIMER_SHIFT;
    default: return static_cast<uint32_t>(random.below(4));
  }
}

void damage(Victim& victim, const std::vector<Place>& places, Random& random) {
  const Place place = places[random.below(places.size())];
  for (uint64_t writes = 1 + random.below(8); writes > 0; writes--) {
    uint8_t* at = victim.segment.base() + place.offset;
    if (random.chance(3)) {
      at[random.below(place.bytes)] = static_cast<uint8_t>(random.next());
    } else {
      const uint32_t value = number(random);
      std::memcpy(at + 4 * random.below(place.bytes / 4), &value, 4);
    }
  }
}

nb_spike spike_of(Random& random, uint32_t max_neurons) {
  nb_spike spike{};
  uint8_t noise[64];
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random.next());
  if (random.chance(2)) std::memcpy(&spike, noise, sizeof spike);
  spike.source = static_cast<uint16_t>(random.chance(8) ? random.next() : random.below(max_neurons));
  spike.target = static_cast<uint16_t>(random.chance(3) ? NB_BROADCAST : random.chance(8) ? random.next() : random.below(max_neurons));
  if (random.chance(2)) spike.kind = static_cast<uint8_t>(random.below(3));
  return spike;
}

nb_mail wish(Random& random, uint32_t max_neurons) {
  nb_mail mail{};
  mail.what = static_cast<uint32_t>(random.below(5));
  mail.pre = static_cast<uint16_t>(random.below(max_neurons + 1));
  mail.post = static_cast<uint16_t>(random.below(max_neurons + 1));
  mail.weight = 0.5;
  mail.rule = nb_rule{static_cast<uint32_t>(random.below(4)), 0, 0.01, 0.012, 20e6, 20e6, 0.001, 1, 1e3};
  mail.has_filter = random.chance(3) ? 1 : 0;
  mail.filter.type_mask = 7;
  mail.filter.prefix_length = static_cast<uint8_t>(random.below(5));
  return mail;
}

void step(Victim& victim, Random& random) {
  Ganglion& self = *victim.ganglion;
  nb_control& control = victim.control();
  const uint32_t max_neurons = victim.segment.header().max_neurons;
  const auto id = static_cast<uint16_t>(random.below(max_neurons + 1));
  const auto other = static_cast<uint16_t>(random.below(max_neurons + 1));
  const auto peer = static_cast<uint32_t>(random.below(5));
  uint32_t index = 0;
  uint16_t assigned = 0;
  switch (random.below(18)) {
    case 0: {
      const nb_axon& own = victim.segment.axon(self.axon());
      auto* slots = reinterpret_cast<nb_spike*>(victim.segment.base() + victim.segment.axon_offset(self.axon()) + sizeof own);
      for (int i = 0; i < 5; i++) slots[control.self_head++ & 31] = spike_of(random, max_neurons);
      break;
    }
    case 1: case 2: case 3:
      if (random.chance(2)) control.limit = control.self_head;
      if (random.chance(2)) control.budget = 64;
      if (random.chance(2)) control.renew = 1;
      self.route();
      break;
    case 4: case 5:
      control.handled = control.dispatch_count;
      self.settle();
      break;
    case 6: self.finish(); break;
    case 7: (void)self.anywhere(wish(random, max_neurons), 200'000); break;
    case 8: (void)self.disconnect(id, other); break;
    case 9: (void)self.set_weight(id, other, 0.5); (void)self.set_idle(id, other, 1e7); (void)self.find_synapse(id, other); break;
    case 10: (void)self.register_neuron(id, Dynamics{1, 0, 20e6, 0}, nullptr, &assigned); break;
    case 11: (void)self.unregister_neuron(id); break;
    case 12: (void)self.park(); self.unpark(); break;
    case 13: (void)self.drop_oldest(); (void)self.queued(); break;
    case 14: if (random.chance(8)) (void)self.open_axon(peer, &index); break;
    case 15: self.abandon_axon(peer); self.wake(number(random)); break;
    case 16: {
      nb_arena_ref reference{};
      uint8_t* data = nullptr;
      if (self.arena().allocate(static_cast<uint32_t>(random.below(9000)), &reference, &data) == NB_OK) {
        std::memset(data, 7, 1);
        (void)self.arena().release(reference);
      }
      (void)self.arena().stats();
      if (random.chance(4)) self.arena().trim();
      break;
    }
    default: self.serve_mail(); (void)self.reap();
  }
}

// The other one writes and opens axons as an honest participant would, in between.
void stir(Victim& victim, Random& random) {
  Ganglion& other = *victim.other;
  uint32_t index = 0;
  if (random.chance(16)) (void)other.open_axon(victim.ganglion->index(), &index);
  const uint32_t known = victim.segment.axon_index(other.index(), victim.ganglion->index());
  if (known == 0 || known > victim.segment.header().max_axons) return;
  nb_axon& axon = victim.segment.axon(known - 1);
  auto* slots = reinterpret_cast<nb_spike*>(&axon + 1);
  for (int i = 0; i < 3; i++) slots[axon.head++ & 31] = spike_of(random, victim.segment.header().max_neurons);
}

double fuzz_seconds() {
  const char* wish = std::getenv("NEURONBUS_FUZZ_SECONDS");
  return wish != nullptr ? std::strtod(wish, nullptr) : 5;
}

}  // namespace

NB_TEST("hostile memory: every call ends inside the segment, whatever others write into the tables") {
  auto seeds = nbtest::random_for_test();
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(fuzz_seconds());
  uint64_t lives = 0;
  do {
    const uint64_t seed = seeds.next();
    Random random(seed);
    alarm(kWatchdogSeconds);  // deadly
    if (std::getenv("NEURONBUS_FUZZ_VERBOSE") != nullptr) std::printf("     life %llu\n", static_cast<unsigned long long>(seed)), std::fflush(stdout);
    Victim victim(random.chance(2) ? NB_MODE_DROP_NEWEST : NB_MODE_DROP_OLDEST);
    const std::vector<Place> places = targets(victim.segment, victim.ganglion->index(), victim.bytes());
    for (int i = 0; i < 20; i++) (void)victim.ganglion->anywhere(wish(random, victim.segment.header().max_neurons), 0);
    const uint64_t harmless = random.below(100);
    for (uint64_t i = 0; i < 400; i++) {
      if (i >= harmless && random.chance(4)) damage(victim, places, random);
      stir(victim, random);
      step(victim, random);
    }
    if (random.chance(2)) victim.other.reset();
    victim.ganglion.reset();
    victim.other.reset();
    lives++;
  } while (std::chrono::steady_clock::now() < end);
  alarm(0);
  CHECK(lives > 0);
}

NB_TEST("hostile memory: a ring whose cursor cannot be is counted once and not read again, others go on, and a successor is heard") {
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    nbtest::Colony colony(nbtest::members_options(3, mode), 0);
    nbtest::Member victim(colony);
    nbtest::Member honest(colony);
    const auto corrupt = [&] { return colony.segment().ganglion(victim.ganglion->index()).dropped[NB_DROP_CORRUPT]; };
    uint32_t delivered = 0;
    {
      nbtest::Member hostile(colony);
      CHECK(hostile.send(victim.ids[0]));
      CHECK(honest.send(victim.ids[0]));
      delivered = victim.pump();
      CHECK_EQ(delivered, 2u);
      uint32_t number = 0;
      CHECK_EQ(hostile.ganglion->open_axon(victim.ganglion->index(), &number), NB_OK);
      nb_axon& axon = colony.segment().axon(number);
      for (uint32_t i = 1; i < 20; i++) {
        store_release<uint32_t>(axon.head, axon.head + i * 100'000);
        CHECK(honest.send(victim.ids[1]));
        delivered += victim.pump();
        CHECK_EQ(delivered, 2 + i);
        CHECK_EQ(corrupt(), 1u);
      }
      store_release<uint32_t>(axon.head, load_relaxed(axon.tail));  // so that its own half leaves in order
    }
    nbtest::Member successor(colony);
    CHECK(successor.send(victim.ids[0]));
    CHECK_EQ(victim.pump(), 1u);
    CHECK_EQ(corrupt(), 1u);
  }
}
