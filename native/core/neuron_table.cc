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

nb_status NeuronTable::add(uint16_t wanted, const Dynamics& dynamics, uint64_t now, uint64_t consumed,
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
  // Others may look at `ganglion`, `since` and `listeners` while the id is claimed.
  std::memset(&neuron.in_head, 0, offsetof(nb_neuron, since) - offsetof(nb_neuron, in_head));
  neuron.sequence = neuron.open_answers = 0;
  store_relaxed<uint64_t>(neuron.listeners, 0);
  store_relaxed(neuron.ganglion, ganglion_);
  store_relaxed<uint16_t>(neuron.load, 0);
  neuron.in_head = NB_NONE;
  neuron.threshold = dynamics.threshold;
  neuron.rest = neuron.potential = dynamics.rest;
  neuron.leak_rate = 1 / dynamics.leak_ns;
  neuron.refractory_ns = static_cast<uint64_t>(dynamics.refractory_ns);
  neuron.updated_ns = now;
  neuron.last_fire_ns = stdp::kNever;
  store_relaxed(neuron.since, now);
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
  return shared(neurons_[id].state).compare_exchange_strong(expected, claimed_by(ganglion_));  // SYNC neuron-live
}

bool NeuronTable::give_up_claim(uint32_t id) {
  nb_neuron& neuron = neurons_[id];
  if (load_acquire(neuron.state) != claimed_by(ganglion_)) return false;  // SYNC neuron-live
  store_relaxed<uint64_t>(neuron.since, 0);
  store_release<uint32_t>(neuron.state, NB_FREE);  // SYNC neuron-live
  return true;
}

void NeuronTable::forget_positions() {
  for (uint32_t id = 0; id < capacity_; id++) {
    nb_neuron& neuron = neurons_[id];
    if (load_relaxed(neuron.ganglion) != ganglion_ || load_relaxed(neuron.since) == 0 || !claim(id, ~uint64_t{0})) continue;
    if (load_relaxed(neuron.ganglion) == ganglion_) store_relaxed<uint64_t>(neuron.since, 0);
    store_release<uint32_t>(neuron.state, NB_FREE);  // SYNC neuron-live
  }
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
  store_relaxed(neurons_[id].since, written);
  store_release<uint32_t>(neurons_[id].state, NB_FREE);  // SYNC neuron-live
  count_--;
}

}  // namespace neuronbus
