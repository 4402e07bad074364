// SPDX-License-Identifier: MIT
#include "native/core/ganglion.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "ganglion_fixture.h"

using namespace neuronbus;
using nbtest::Host;
using nbtest::kModes;

NB_TEST("ganglion: a spike to a neuron is one dispatch entry that names the slot, the synapse and the neuron") {
  for (const uint32_t mode : kModes) {
    Host host(mode);
    const uint32_t synapse = host.connect(0, 1);
    host.write(0, 1).sequence = 77;
    host.write(2, 1);
    CHECK_EQ(host.route(), 2u);
    CHECK_EQ(host.spike_of(0).sequence, 77u);
    CHECK_EQ(host.entry(0).neuron, 1);
    CHECK_EQ(host.entry(0).synapse, synapse);
    CHECK_EQ(host.entry(1).synapse, NB_NONE);
    host.finish();
    CHECK_EQ(host.counters().delivered, 2u);
    CHECK_EQ(host.axon().tail, 2u);
    CHECK(host.reconciles(2));
  }
}

NB_TEST("ganglion: route stops at its budget, before a broadcast that goes beyond it too, and never cuts one") {
  for (const uint32_t mode : kModes) {
    Host host(mode);
    for (uint16_t post = 1; post < 4; post++) host.connect(0, post);
    for (int i = 0; i < 4; i++) host.write(1, 2);
    host.write(0, NB_BROADCAST);
    host.write(1, 2);
    std::vector<uint32_t> counts;
    do {
      counts.push_back(host.route(3));
      CHECK(host.reconciles(6));
      host.finish();
    } while (host.control().more != 0);
    CHECK(counts == (std::vector<uint32_t>{3, 4, 1}));
    CHECK_EQ(host.counters().fanned, 2u);
    CHECK(host.reconciles(6));
  }
}

NB_TEST("ganglion: settle books what is handled and no more, as often as it is called") {
  Host host;
  host.connect(0, 1, NB_RULE_EXCHANGE);
  for (int i = 0; i < 5; i++) host.write(0, 1);
  host.advance(100);
  CHECK_EQ(host.route(), 5u);
  for (uint32_t handled = 0; handled <= 5; handled++) {
    host.control().handled = handled;
    for (int again = 0; again < 2; again++) {
      CHECK(host.reconciles(5));
      CHECK_EQ(host.counters().delivered, handled);
      CHECK_EQ(host.counters().depressions, handled);
      CHECK_EQ(host.counters().latency_count, handled);
    }
  }
  CHECK_EQ(host.counters().latency_max_ns, 100u);
}

NB_TEST("ganglion: an answer strengthens, silence weakens, a dead neuron teaches nothing") {
  for (const uint16_t flags : {0, NB_DISPATCH_ANSWERED, NB_DISPATCH_DEAD}) {
    Host host;
    const uint32_t synapse = host.connect(0, 1, NB_RULE_EXCHANGE);
    host.write(0, 1);
    host.route();
    host.segment.dispatch(0)[0].flags |= flags;
    host.finish();
    const double expected = flags == 0 ? 0.001 + 0.499 * 0.988 : flags == NB_DISPATCH_ANSWERED ? 0.505 : 0.5;
    CHECK(std::fabs(host.weight(synapse) - expected) < 1e-15);
    CHECK_EQ(host.counters().dropped[NB_DROP_DEAD_TARGET], flags == NB_DISPATCH_DEAD ? 1u : 0u);
    CHECK(host.reconciles(1));
  }
}

NB_TEST("ganglion: spikes that no writer produces are counted as corrupt and list nothing") {
  for (const uint32_t mode : kModes) {
    Host host(mode);
    uint32_t written = 0;
    for (uint8_t length = NB_INLINE_BYTES + 1; length < NB_LENGTH_ARENA; length++, written++) {
      host.write(0, 1).kind = static_cast<uint8_t>(length << 2);
    }
    for (uint16_t source : {8, 9, 0x7FFF, 0xFFFF}) {
      host.write(source, 1);
      host.write(source, NB_BROADCAST);
      written += 2;
    }
    host.write(0, 1, 3);
    CHECK_EQ(host.deliver(), 0u);
    CHECK_EQ(host.counters().dropped[NB_DROP_CORRUPT], written + 1);
    for (uint16_t target : {4, 7, 8, 9, 0x7FFF, 0xFFFE}) host.write(0, target);
    CHECK_EQ(host.deliver(), 0u);
    CHECK_EQ(host.counters().dropped[NB_DROP_DEAD_TARGET], 6u);
    CHECK(host.reconciles(written + 7));
  }
}

NB_TEST("ganglion: slots of random bytes are delivered or counted, whatever they say") {
  nbtest::Random random = nbtest::random_for_test();
  for (const uint32_t mode : kModes) {
    Host host(mode, 64);
    nb_filter filter{};
    filter.type_mask = 7;
    filter.prefix_length = 4;
    for (uint16_t post = 1; post < 4; post++) host.connect(0, post, NB_RULE_EXCHANGE, post == 2 ? &filter : nullptr);
    host.connect(2, 3, NB_RULE_PAIR_ALL);
    uint64_t written = 0;
    for (uint64_t round = 0; round < nbtest::scaled(20000); round++) {
      const uint32_t count = static_cast<uint32_t>(random.below(64)) + 1;
      for (uint32_t i = 0; i < count; i++, written++) {
        nb_spike& spike = host.write(0, 0);
        auto* words = reinterpret_cast<uint64_t*>(&spike);
        for (int w = 0; w < 8; w++) words[w] = random.next();
        if (random.chance(2)) spike.source = static_cast<uint16_t>(random.below(9));
        if (random.chance(2)) spike.target = random.chance(4) ? NB_BROADCAST : static_cast<uint16_t>(random.below(9));
        if (random.chance(2)) spike.kind = static_cast<uint8_t>(NB_LENGTH_ARENA << 2 | random.below(4));
      }
      host.route(static_cast<uint32_t>(random.below(100)));
      CHECK(host.reconciles(written));
      host.finish();
      while (host.control().more != 0) {
        host.route();
        host.finish();
      }
      host.advance(random.below(1000000));
    }
    CHECK(host.reconciles(written));
    CHECK(host.counters().delivered > 0);
  }
}

NB_TEST("ganglion: a log of random emissions is read within its bounds") {
  nbtest::Random random = nbtest::random_for_test();
  Host host;
  const uint32_t exchange = host.connect(0, 1, NB_RULE_EXCHANGE);
  const uint32_t pair = host.connect(2, 1, NB_RULE_PAIR_ALL);
  auto* log = reinterpret_cast<uint8_t*>(host.segment.emissions(0));
  for (uint64_t round = 0; round < nbtest::scaled(300); round++) {
    host.write(0, 1);
    host.deliver();
    for (size_t i = 0; i < NB_EMISSION_LOG_ENTRIES * sizeof(nb_emission); i++) log[i] = static_cast<uint8_t>(random.next());
    for (uint32_t i = 0; i < NB_EMISSION_LOG_ENTRIES; i++) {
      host.segment.emissions(0)[i].source = static_cast<uint16_t>(random.below(6));
      if (random.chance(2)) host.segment.emissions(0)[i].target = static_cast<uint16_t>(random.below(6));
    }
    host.control().emissions = random.chance(2) ? NB_EMISSION_LOG_ENTRIES : static_cast<uint32_t>(random.next());
    host.ganglion->settle();
    CHECK_EQ(host.control().emissions, 0u);
    for (const uint32_t synapse : {exchange, pair}) {
      CHECK(host.weight(synapse) >= 0.001 && host.weight(synapse) <= 1);
    }
  }
}

NB_TEST("ganglion: what the host says is handled never goes beyond what was listed") {
  Host host;
  for (int i = 0; i < 3; i++) host.write(0, 1);
  host.route();
  host.control().handled = 0xFFFFFFFFu;
  host.ganglion->settle();
  CHECK_EQ(host.counters().delivered, 3u);
  host.ganglion->settle();
  CHECK_EQ(host.counters().delivered, 3u);
}

NB_TEST("ganglion: what its owner keeps for later is not counted as delivered, alone or among others") {
  for (const uint32_t mode : kModes) {
    Host host(mode);
    for (const uint32_t count : {1u, 5u}) {
      const uint64_t before = host.counters().delivered;
      for (uint32_t i = 0; i < count; i++) host.write(0, 1, 16 << 2 | NB_TYPE_MESSAGE);
      CHECK_EQ(host.route(), count);
      for (uint32_t i = 0; i < count; i += 2) host.segment.dispatch(0)[i].flags |= NB_DISPATCH_KEPT;
      host.finish();
      CHECK_EQ(host.counters().delivered - before, count / 2);
      host.counters().delivered += count - count / 2;  // their turn
    }
    CHECK(host.reconciles(6));
  }
}

NB_TEST("ganglion: a ring that wraps hundreds of times delivers everything once and in order") {
  for (const uint32_t mode : kModes) {
    Host host(mode, 4);
    uint32_t next = 0;
    for (uint32_t i = 0; i < 1000; i++) {
      host.write(0, 1).sequence = i;
      if (i % 3 != 0) continue;
      do {
        const uint32_t count = host.route(2);
        for (uint32_t e = 0; e < count; e++, next++) CHECK_EQ(host.spike_of(e).sequence, next);
        host.finish();
      } while (host.control().more != 0);
    }
    CHECK_EQ(next, 1000u);
    CHECK_EQ(host.axon().tail, 1000u);
    CHECK_EQ(host.axon().head, 1000u);
    CHECK_EQ(host.ganglion->queued(), 0u);
  }
}

NB_TEST("ganglion: beyond 2^32 positions spikes are told apart, and so are the owners of an id") {
  Host host(NB_MODE_DROP_OLDEST, 4);
  for (int jump = 0; jump < 2; jump++) {  // at most 2^31 at a time, because a position is told from the last one
    host.control().self_head += 0x7FFFFFFE;
    host.axon().tail = host.control().self_head;
    host.ganglion->settle();
  }
  for (uint32_t i = 0; i < 20; i++) {
    uint16_t id = 0;
    host.write(0, 1).sequence = i;
    host.write(0, 2);
    CHECK_EQ(host.ganglion->unregister_neuron(2), NB_OK);
    CHECK_EQ(host.ganglion->register_neuron(2, Dynamics{}, nullptr, &id), NB_ERR_ID_TAKEN);
    CHECK_EQ(host.route(), 1u);
    CHECK_EQ(host.spike_of(0).sequence, i);
    host.finish();
    CHECK_EQ(host.ganglion->register_neuron(2, Dynamics{}, nullptr, &id), NB_OK);
    CHECK_EQ(host.ganglion->queued(), 0u);
  }
  CHECK_EQ(host.axon().head, 2u * 0x7FFFFFFE + 40);
  CHECK_EQ(host.axon().head_high, 2u);
  CHECK_EQ(host.counters().dropped[NB_DROP_DEAD_TARGET], 20u);
}

NB_TEST("ganglion: a second one that joins after the first finds no spikes, neurons or synapses of it") {
  for (const uint32_t mode : kModes) {
    Host host(mode);
    host.connect(0, 1);
    for (int i = 0; i < 3; i++) host.write(0, 1);
    host.deliver();
    for (int i = 0; i < 3; i++) host.write(0, 1);
    host.ganglion.reset();
    host.join();
    CHECK_EQ(host.ganglion->neurons().count(), 0u);
    CHECK_EQ(host.ganglion->synapses().count(), 0u);
    CHECK_EQ(host.ganglion->queued(), 0u);
    uint16_t id = 0;
    CHECK_EQ(host.ganglion->register_neuron(1, Dynamics{}, nullptr, &id), NB_OK);
    CHECK_EQ(host.route(), 0u);
    host.finish();
    host.write(1, 1);
    CHECK_EQ(host.deliver(), 1u);
  }
}

NB_TEST("ganglion: a segment has room for as many as it says, and gives a place back") {
  Host host;
  Ganglion* other = nullptr;
  CHECK_EQ(Ganglion::join(host.segment, nullptr, Plasticity{}, &other), NB_ERR_TOO_MANY_GANGLIA);
  host.ganglion.reset();
  CHECK_EQ(host.counters().state, static_cast<uint32_t>(NB_FREE));
  host.join();
  CHECK_EQ(host.counters().state, static_cast<uint32_t>(NB_LIVE));
}

NB_TEST("ganglion: plasticity that is no number is refused") {
  Host host;
  host.ganglion.reset();
  Ganglion* other = nullptr;
  const double bad = std::nan("");
  for (const Plasticity& plasticity : {Plasticity{bad, 1, 1}, Plasticity{1, bad, 1}, Plasticity{1, 1, bad}, Plasticity{0, 1, 1},
                                       Plasticity{1, -1, 1}, Plasticity{1, 1, 0}}) {
    CHECK_EQ(Ganglion::join(host.segment, nullptr, plasticity, &other), NB_ERR_INVALID_ARGUMENT);
  }
}
