// SPDX-License-Identifier: MIT
#include "neuron_table.h"

#include <cmath>
#include <cstring>

#include "atomics.h"
#include "stdp.h"

namespace neuronbus {
namespace {

bool valid(const Dynamics& d) {
  return std::isfinite(d.threshold) && std::isfinite(d.rest) && d.threshold > d.rest && d.leak_ns > 0 &&
         d.refractory_ns >= 0 && d.refractory_ns < 9e18;
}

}  // namespace

nb_status NeuronTable::add(uint16_t wanted, const Dynamics& dynamics, uint16_t flags, uint64_t now, uint64_t consumed,
                           const nb_arena_ref* card, uint16_t* id) {
  if (!valid(dynamics)) return NB_ERR_INVALID_ARGUMENT;
  uint32_t chosen = wanted;
  if (wanted == NB_BROADCAST) {
    uint32_t tried = 0;
    for (chosen = next_; tried < capacity_; tried++, chosen++) {
      if (chosen >= capacity_) chosen = 0;
      if (claim(chosen, consumed)) break;
    }
    if (tried == capacity_) return NB_ERR_TOO_MANY_NEURONS;
    next_ = chosen + 1;
  } else {
    if (chosen >= capacity_) return NB_ERR_INVALID_ARGUMENT;
    if (!claim(chosen, consumed)) return NB_ERR_ID_TAKEN;
  }
  nb_neuron& neuron = neurons_[chosen];
  std::memset(reinterpret_cast<uint8_t*>(&neuron) + sizeof neuron.state, 0, sizeof neuron - sizeof neuron.state);
  store_relaxed(neuron.ganglion, ganglion_);
  neuron.flags = flags;
  neuron.in_head = NB_NONE;
  neuron.threshold = dynamics.threshold;
  neuron.rest = neuron.potential = dynamics.rest;
  neuron.leak_rate = 1 / dynamics.leak_ns;
  neuron.refractory_ns = static_cast<uint64_t>(dynamics.refractory_ns);
  neuron.updated_ns = now;
  neuron.last_fire_ns = stdp::kNever;
  neuron.since = now;
  segment_.card(chosen) = card != nullptr ? *card : nb_arena_ref{};
  store_release<uint32_t>(neuron.state, NB_LIVE);  // SYNC neuron-live
  announce(chosen, ganglion_ + 1u);
  count_++;
  *id = static_cast<uint16_t>(chosen);
  return NB_OK;
}

bool NeuronTable::claim(uint32_t id, uint64_t consumed) {
  if (!usable(id, consumed)) return false;
  uint32_t expected = NB_FREE;
  return shared(neurons_[id].state).compare_exchange_strong(expected, NB_CLAIMED);  // SYNC neuron-live
}

// Everybody who looks at the topology from now on sees who has the id.
void NeuronTable::announce(uint32_t id, uint32_t place) {
  uint32_t& entry = segment_.roster(id);
  const uint32_t count = (load_relaxed(entry) & ~uint32_t{NB_ROSTER_GANGLION_MASK}) + NB_ROSTER_STEP;
  store_release<uint32_t>(entry, count | place);      // SYNC roster-topology
  shared(segment_.commons().topology).fetch_add(1);   // SYNC roster-topology
}

void NeuronTable::remove(uint16_t id, uint64_t written) {
  announce(id, 0);
  neurons_[id].since = written;
  store_release<uint32_t>(neurons_[id].state, NB_FREE);  // SYNC neuron-live
  count_--;
}

}  // namespace neuronbus
