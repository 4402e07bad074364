// SPDX-License-Identifier: MIT
//
// Steps of a network, in the order that network.h promises.
#include <algorithm>

#include "network_impl.h"
#include "tiny_numbers.h"

namespace neuronbus::population {

bool Network::Impl::instant() const {
  for (const auto& projection : projections) {
    if (projection->shortest_delay() == 0) return true;
  }
  return false;
}

Step Network::Impl::batch() const {
  if (instant()) return kLongestBatch;  // threads meet within each step, which is all that later arrivals need, too
  Step steps = kLongestBatch;
  for (const auto& projection : projections) steps = std::min<Step>(steps, projection->shortest_delay());
  return steps;
}

void Network::Impl::integrate(uint32_t thread, Step step) {
  for (auto& recorder : recorders) {
    for (const Shard& shard : recorder->population().shards) {
      if (shard.thread == thread) recorder->sample(shard, step);
    }
  }
  for (auto& population : populations) {
    for (const Shard& shard : population->shards) {
      if (shard.thread == thread) population->integrate(shard, step);
    }
  }
}

void Network::Impl::deliver(uint32_t thread, Step step) {
  lists[thread].of = nullptr;
  for (auto& projection : projections) projection->deliver(thread, step, &lists[thread]);
  for (auto& population : populations) {
    for (uint32_t s = 0; s < population->shards.size(); s++) {
      const Shard& shard = population->shards[s];
      if (shard.thread != thread) continue;
      if (population->jumps()) population->jump(shard, step);
      if (!population->logs.empty()) {
        if (!population->log_has_room(s, step)) {
          for (auto& projection : projections) {
            if (projection->post == population.get()) projection->sweep(s, step);
          }
          population->clear_log(s, step);
        }
        population->log_spikes(shard, step);
      }
      population->reset(shard, step);
    }
  }
}

void Network::Impl::begin_batch(Step steps) {
  for (auto& recorder : recorders) recorder->begin(now, now + steps);
}

void Network::Impl::end_batch(Step steps) {
  for (auto& recorder : recorders) recorder->end(now, now + steps);
  now += steps;
}

void Network::Impl::compute(uint32_t worker, uint32_t workers, Step steps, bool meets) {
  for (Step step = now; step < now + steps; step++) {
    for (uint32_t thread = worker; thread < options.threads; thread += workers) integrate(thread, step);
    if (meets && workers > 1) team->meet([] {});
    for (uint32_t thread = worker; thread < options.threads; thread += workers) deliver(thread, step);
  }
}

namespace {

// One call of advance(): what its workers share. Written by one of them while the others wait.
struct Run {
  Network::Impl& impl;
  const volatile bool* stop;
  Step wanted;
  Step longest;
  bool meets;
  Step done = 0;
  Step batch = 0;  // 0: finished

  void next() {
    if (batch > 0) impl.end_batch(batch);
    done += batch;
    batch = stop != nullptr && *stop ? 0 : std::min(longest, wanted - done);
    if (batch > 0) impl.begin_batch(batch);
  }

  static void work(void* context, uint32_t worker) {
    const TinyIsZero mode;
    Run& run = *static_cast<Run*>(context);
    Team& team = *run.impl.team;
    while (run.batch > 0) {
      run.impl.compute(worker, team.workers(), run.batch, run.meets);
      team.meet([&] { run.next(); });
    }
  }
};

}  // namespace

Step Network::advance(Step steps, const volatile bool* stop) {
  Impl& impl = *impl_;
  Run run{impl, stop, steps, impl.batch(), impl.instant()};
  run.next();
  if (impl.options.threads > 1 && impl.team == nullptr) impl.team = Team::create(impl.options.threads);
  if (impl.team != nullptr) {
    impl.team->run(Run::work, &run);
  } else {
    const TinyIsZero mode;
    for (; run.batch > 0; run.next()) impl.compute(0, 1, run.batch, run.meets);
  }
  return run.done;
}

void Network::Impl::sync() {
  for (auto& projection : projections) projection->sync(now);
}

}  // namespace neuronbus::population
