// SPDX-License-Identifier: MIT
//
// What a Network consists of, for the files that implement it.
#pragma once

#include <memory>
#include <vector>

#include "network.h"
#include "pace.h"
#include "population.h"
#include "projection.h"
#include "recorder.h"
#include "team.h"

namespace neuronbus::population {

struct Network::Impl {
  // Steps between two meetings are at most this many, so that *stop is looked at often.
  static constexpr Step kLongestBatch = 32;
  static_assert(kLongestBatch + FiredFew::kLongest <= FiredFew::kSteps, "who is behind looks at what nobody writes yet");

  NetworkOptions options;
  Step now = 0;
  std::vector<std::unique_ptr<Population>> populations;
  std::vector<std::unique_ptr<Projection>> projections;
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<FiredList> lists;  // of each thread
  std::unique_ptr<Team> team;           // from the first run on, when there is more than one thread
  Pace pace;

  nb_status keep_population(std::unique_ptr<Population> population, uint32_t* id);
  nb_status keep_projection(std::unique_ptr<Projection> projection, uint32_t* id);
  // How many steps later than a spike, at least, it matters to who is no source: so far may threads be apart.
  Step lead() const;
  void begin_batch(Step steps);
  void end_batch(Step steps);
  void compute_alone(Step steps);
  // The parts of a batch that fall to one worker: of its own thread, and of those that the system did not give.
  void compute(uint32_t worker, Step steps, Step lead);
  // All steps of a batch, of sources in the shards of one thread.
  void emit(uint32_t thread, Step steps);
  // The two halves of a step, of all but sources in the shards of one thread.
  void integrate(uint32_t thread, Step step);
  void deliver(uint32_t thread, Step step);
  void sync();

  bool has_population(uint32_t id) const { return id < populations.size(); }
  bool has_projection(uint32_t id) const { return id < projections.size(); }
};

}  // namespace neuronbus::population
