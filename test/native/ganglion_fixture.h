// SPDX-License-Identifier: MIT
//
// A ganglion on raw memory, and what its host does: write spikes, hand over, say what happened. For the ganglion's tests;
// one thread.
#pragma once

#include <memory>
#include <vector>

#include "harness.h"
#include "native/core/ganglion.h"
#include "raw_segment.h"

namespace nbtest {

using namespace neuronbus;

inline SegmentOptions bus_options(uint32_t mode, uint32_t capacity) {
  SegmentOptions options;
  options.max_ganglia = options.max_axons = 1;
  options.axon_capacity = capacity;
  options.mode = mode;
  options.max_neurons = 8;
  options.max_synapses = 32;
  options.max_rules = options.max_filters = 8;
  options.arena_chunks = 32;
  options.virtual_clock = true;
  return options;
}

struct Host : RawSegment {
  explicit Host(uint32_t mode = NB_MODE_DROP_NEWEST, uint32_t capacity = 64, const Plasticity& plasticity = {})
      : RawSegment(bus_options(mode, capacity)) {
    join(plasticity);
    for (int i = 0; i < 4; i++) {
      uint16_t id = 0;
      CHECK_EQ(ganglion->register_neuron(NB_BROADCAST, Dynamics{1e9, 0, 20e6, 0}, nullptr, &id), NB_OK);
    }
  }
  void join(const Plasticity& plasticity = {}) {
    Ganglion* joined = nullptr;
    CHECK_EQ(Ganglion::join(segment, nullptr, plasticity, &joined), NB_OK);
    ganglion.reset(joined);
  }
  nb_control& control() { return segment.control(0); }
  nb_ganglion& counters() { return segment.ganglion(0); }
  nb_axon& axon() { return segment.axon(0); }

  void advance(uint64_t ns) { control().virtual_ns += ns; }

  nb_spike& write(uint16_t source, uint16_t target, uint8_t type = NB_TYPE_EXCITATORY) {
    nb_spike& slot = slot_at(control().self_head++);
    slot = nb_spike{};
    slot.timestamp_ns = control().virtual_ns;
    slot.source = source;
    slot.target = target;
    slot.kind = type;
    return slot;
  }
  nb_spike& slot_at(uint32_t position) {
    return reinterpret_cast<nb_spike*>(&axon() + 1)[position & (axon().capacity - 1)];
  }

  uint32_t route(uint32_t budget = 4096) {
    control().limit = control().self_head;
    control().budget = budget;
    ganglion->route();
    return control().dispatch_count;
  }
  // Everything routed was handled, without an answer.
  void finish() {
    control().handled = control().dispatch_count;
    ganglion->finish();
  }
  uint32_t deliver() {
    uint32_t total = 0;
    do {
      total += route();
      finish();
    } while (control().more != 0);
    return total;
  }

  uint32_t connect(uint16_t pre, uint16_t post, uint32_t kind = NB_RULE_STATIC, const nb_filter* filter = nullptr) {
    nb_rule rule{kind, 0, 0.01, 0.012, 20e6, 20e6, 0.001, 1, 1e8};
    uint32_t index = NB_NONE;
    CHECK_EQ(ganglion->connect(pre, post, 0.5, rule, filter, &index), NB_OK);
    return index;
  }
  double weight(uint32_t index) { return ganglion->synapses().weight(index); }
  const nb_dispatch& entry(uint32_t index) { return segment.dispatch(0)[index]; }
  const nb_spike& spike_of(uint32_t index) {
    return *reinterpret_cast<const nb_spike*>(segment.base() + uint64_t{entry(index).spike} * NB_SPIKE_BYTES);
  }

  uint64_t dropped() {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < NB_DROP_REASONS; i++) sum += counters().dropped[i] + (i < 4 ? axon().dropped[i] : 0);
    return sum;
  }
  // Everything that was written is somewhere. Settles.
  bool reconciles(uint64_t written) {
    ganglion->settle();
    const uint64_t waiting = ganglion->queued() + (control().dispatch_count - control().settled);
    return written + counters().fanned == counters().delivered + dropped() + waiting;
  }

  std::unique_ptr<Ganglion> ganglion;
};

constexpr uint32_t kModes[] = {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST};

}  // namespace nbtest
