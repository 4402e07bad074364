// SPDX-License-Identifier: MIT
//
// The neuron table: who is registered, and the membrane of each neuron.
//
// Each ganglion has an object of its own and changes only its own neurons. A failing call changes nothing.
//
// An id is claimed by compare-and-swap (SYNC neuron-live). It may be used again by the same ganglion once its inbox has been
// read up to where it stood at unregistration (nb_neuron.since), so that no queued spike reaches a successor, and by another
// ganglion at once: what is still under way goes to the ganglion where the id was.
//
// Membrane (leaky integrate-and-fire, Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics, section 1.3, solved
// exactly between inputs; a spike is a delta pulse of its synapse's weight):
//   u(t) = rest + (u(t0) - rest) exp(-(t - t0) / tau_leak)
//   excitatory  u += w; refractory neurons drop it; u >= threshold fires: u = rest, refractory for refractory_ns
//   inhibitory  u -= w, down to rest - (threshold - rest), so that a burst cannot silence a neuron for ever
//   modulatory  leaves u alone
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "atomics.h"
#include "segment.h"

namespace neuronbus {

struct Dynamics {
  double threshold = 1;
  double rest = 0;
  double leak_ns = 20e6;  // time constant; infinity = no leak
  double refractory_ns = 0;
};

class NeuronTable {
 public:
  NeuronTable(const Segment& segment, uint32_t ganglion)
      : segment_(segment),
        neurons_(segment.neurons()),
        capacity_(segment.header().max_neurons),
        ganglion_(static_cast<uint16_t>(ganglion)) {}

  // Registers a neuron under `wanted`, or under a free id when that is NB_BROADCAST. `consumed`: how far the inbox has been
  // read. `card` may be null. NB_ERR_INVALID_ARGUMENT (dynamics), _ID_TAKEN, _TOO_MANY_NEURONS.
  nb_status add(uint16_t wanted, const Dynamics& dynamics, uint64_t now, uint64_t consumed,
                const nb_arena_ref* card, uint16_t* id);

  // The caller has removed its synapses. `written` = position up to which spikes for it may be queued.
  void remove(uint16_t id, uint64_t written);

  // For whoever clears away after this ganglion: frees an id that it had claimed but not registered. False if it had not.
  bool give_up_claim(uint32_t id);
  // Its inbox is empty, and it is about to be somebody else's: all its free ids may be used again.
  void forget_positions();

  // Registered, by any ganglion.
  bool live(uint32_t id) const { return id < capacity_ && load_acquire(neurons_[id].state) == NB_LIVE; }  // SYNC neuron-live
  // Registered here.
  bool resident(uint32_t id) const { return live(id) && load_relaxed(neurons_[id].ganglion) == ganglion_; }
  // The ganglion of a neuron, or NB_NONE. May be out of date by the time it is used.
  uint32_t ganglion_of(uint32_t id) const {
    const uint32_t place = id < capacity_ ? load_relaxed(segment_.roster(id)) & NB_ROSTER_GANGLION_MASK : 0;
    return place == 0 ? NB_NONE : place - 1;
  }
  nb_neuron& operator[](uint32_t id) const { return neurons_[id]; }
  uint32_t capacity() const { return capacity_; }
  uint32_t count() const { return count_; }

 private:
  bool claim(uint32_t id, uint64_t consumed);
  void announce(uint32_t id, uint32_t place);
  bool usable(uint32_t id, uint64_t consumed) const {
    nb_neuron& neuron = neurons_[id];
    return load_acquire(neuron.state) == NB_FREE &&  // SYNC neuron-live
           (load_relaxed(neuron.ganglion) != ganglion_ || load_relaxed(neuron.since) <= consumed);
  }

  Segment segment_;
  nb_neuron* neurons_;
  uint32_t capacity_;
  uint16_t ganglion_;
  uint32_t count_ = 0;
  uint32_t next_ = 0;  // ids are handed out round robin, so that a freed one comes back as late as possible
};

// What an input does to the membrane at `now`.
enum class Input : uint8_t { kIntegrated, kFired, kRefractory };

inline void leak(nb_neuron& neuron, uint64_t now) {
  if (neuron.potential != neuron.rest) {
    const double x = static_cast<double>(now - neuron.updated_ns) * neuron.leak_rate;
    // Below 2^-14 three terms of the series are exp(-x) to 4e-14, and inputs in quick succession are the usual case.
    const double kept = x < 0x1p-14 ? 1 - x * (1 - 0.5 * x) : std::exp(-x);
    neuron.potential = neuron.rest + (neuron.potential - neuron.rest) * kept;
  }
  neuron.updated_ns = now;
}

// One excitatory input to a membrane that may fire. True: it crossed the threshold.
inline bool excite(double& potential, double weight, double threshold, double rest) {
  const double raised = potential + weight;
  if (raised < threshold) {
    potential = raised;
    return false;
  }
  potential = rest;
  return true;
}

inline Input integrate(nb_neuron& neuron, uint8_t type, double weight, uint64_t now) {
  if (type == NB_TYPE_MODULATORY) return Input::kIntegrated;
  if (now > neuron.updated_ns) leak(neuron, now);
  if (type == NB_TYPE_INHIBITORY) {
    neuron.potential = std::max(neuron.potential - weight, 2 * neuron.rest - neuron.threshold);
    return Input::kIntegrated;
  }
  if (now < neuron.refractory_until_ns) return Input::kRefractory;
  if (!excite(neuron.potential, weight, neuron.threshold, neuron.rest)) return Input::kIntegrated;
  neuron.refractory_until_ns = now + neuron.refractory_ns;
  neuron.crossings++;
  return Input::kFired;
}

}  // namespace neuronbus
