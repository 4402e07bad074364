// SPDX-License-Identifier: MIT
//
// Work on a network that takes long: a thread of the pool does it, then a function is called on the thread of the network. While it
// is under way nobody else touches the network; stop and closed are set meanwhile by the thread of the network, and read by the other.
#pragma once

#include <memory>

#include "addon.h"
#include "population/network.h"

namespace neuronbus {

// A network, shared by its wrap and by the work that is under way.
struct HeldNetwork {
  std::unique_ptr<population::Network> network;
  population::Stop stop{false};    // a run is to end at a step boundary
  population::Stop closed{false};  // it is only kept for the work, which nobody waits for
  population::Step now = 0;        // when work was last done
  int64_t reported = 0;            // bytes, to the collector

  void report(napi_env env);
};

struct NetworkWork {
  enum class What { kAdvance, kNormalize, kRewire, kWeights };
  What what = What::kAdvance;
  population::Step steps = 0;
  uint32_t projection = 0;
  double total = 0;       // normalize
  double below = 0;       // rewire, and the next three
  double weight = 0;
  uint64_t grow = 0;
  bool dead = false;
  double* counts = nullptr;  // rewire: takes how many were removed and grown
  float* weights = nullptr;  // weights: takes them

  nb_status run(HeldNetwork& held) const;
  const char* name() const;  // of the call, for errors

  // Calls `done` with an error, or without an argument. `kept`: what the pointers above point into, or null. False: not started.
  bool start(napi_env env, std::shared_ptr<HeldNetwork> held, napi_value done, napi_value kept) const;
};

}  // namespace neuronbus
