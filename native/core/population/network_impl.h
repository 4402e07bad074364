// SPDX-License-Identifier: MIT
//
// What a Network consists of, for the files that implement it.
#pragma once

#include <memory>
#include <vector>

#include "network.h"
#include "population.h"
#include "projection.h"
#include "recorder.h"
#include "team.h"

namespace neuronbus::population {

struct Network::Impl {
  // Steps between two barriers are at most this many, so that *stop is looked at often.
  static constexpr Step kLongestBatch = 32;

  NetworkOptions options;
  Step now = 0;
  std::vector<std::unique_ptr<Population>> populations;
  std::vector<std::unique_ptr<Projection>> projections;
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<FiredList> lists;  // of each thread
  std::unique_ptr<Team> team;           // from the first run on, when there is more than one thread

  nb_status keep_population(std::unique_ptr<Population> population, uint32_t* id);
  nb_status keep_projection(std::unique_ptr<Projection> projection, uint32_t* id);
  Step batch() const;    // steps between two meetings at which one works alone
  bool instant() const;  // some spikes arrive in the step in which they are fired
  void begin_batch(Step steps);
  void end_batch(Step steps);
  // The parts of a batch that fall to one worker: of its own thread, and of those that the system did not give.
  void compute(uint32_t worker, uint32_t workers, Step steps, bool meets);
  // The two halves of a step, in the shards of one thread.
  void integrate(uint32_t thread, Step step);
  void deliver(uint32_t thread, Step step);
  void sync();

  bool has_population(uint32_t id) const { return id < populations.size(); }
  bool has_projection(uint32_t id) const { return id < projections.size(); }
};

}  // namespace neuronbus::population
