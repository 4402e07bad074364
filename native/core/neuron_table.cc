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

nb_status NeuronTable::add(uint16_t wanted, uint16_t ganglion, const Dynamics& dynamics, uint16_t flags, uint64_t now,
                           uint64_t consumed, uint16_t* id) {
  if (!valid(dynamics)) return NB_ERR_INVALID_ARGUMENT;
  uint32_t chosen = wanted;
  if (wanted == NB_BROADCAST) {
    uint32_t tried = 0;
    for (chosen = next_; tried < capacity_; tried++, chosen++) {
      if (chosen >= capacity_) chosen = 0;
      if (usable(chosen, consumed)) break;
    }
    if (tried == capacity_) return NB_ERR_TOO_MANY_NEURONS;
    next_ = chosen + 1;
  } else {
    if (chosen >= capacity_) return NB_ERR_INVALID_ARGUMENT;
    if (!usable(chosen, consumed)) return NB_ERR_ID_TAKEN;
  }
  nb_neuron& neuron = neurons_[chosen];
  std::memset(&neuron, 0, sizeof neuron);
  neuron.ganglion = ganglion;
  neuron.flags = flags;
  neuron.out_head = neuron.in_head = NB_NONE;
  neuron.threshold = dynamics.threshold;
  neuron.rest = neuron.potential = dynamics.rest;
  neuron.leak_rate = 1 / dynamics.leak_ns;
  neuron.refractory_ns = static_cast<uint64_t>(dynamics.refractory_ns);
  neuron.updated_ns = now;
  neuron.last_fire_ns = stdp::kNever;
  store_release<uint32_t>(neuron.state, NB_LIVE);  // SYNC neuron-live
  count_++;
  *id = static_cast<uint16_t>(chosen);
  return NB_OK;
}

void NeuronTable::remove(uint16_t id, uint64_t written) {
  neurons_[id].retired_at = written;
  store_release<uint32_t>(neurons_[id].state, NB_FREE);  // SYNC neuron-live
  count_--;
}

}  // namespace neuronbus
