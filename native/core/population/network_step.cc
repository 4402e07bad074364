// SPDX-License-Identifier: MIT
//
// Steps of a network, in the order that network.h promises.
#include <algorithm>

#include "network_impl.h"

namespace neuronbus::population {

bool Network::Impl::instant() const {
  for (const auto& projection : projections) {
    if (projection->shortest_delay() == 0) return true;
  }
  return false;
}

Step Network::Impl::batch() const {
  Step steps = kLongestBatch;
  for (const auto& projection : projections) steps = std::min<Step>(steps, projection->shortest_delay());
  return std::max<Step>(steps, 1);
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
  for (auto& projection : projections) projection->deliver(thread, step, lists[thread].data());
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

void Network::Impl::run_batch(Step steps) {
  for (auto& recorder : recorders) recorder->begin(now, now + steps);
  for (Step step = now; step < now + steps; step++) {
    for (uint32_t thread = 0; thread < options.threads; thread++) integrate(thread, step);
    for (uint32_t thread = 0; thread < options.threads; thread++) deliver(thread, step);
  }
  for (auto& recorder : recorders) recorder->end(now, now + steps);
  now += steps;
}

Step Network::advance(Step steps, const volatile bool* stop) {
  Impl& impl = *impl_;
  const Step longest = impl.batch();
  Step done = 0;
  while (done < steps && (stop == nullptr || !*stop)) {
    const Step batch = std::min(longest, steps - done);
    impl.run_batch(batch);
    done += batch;
  }
  return done;
}

void Network::Impl::sync() {
  for (auto& projection : projections) projection->sync(now);
}

}  // namespace neuronbus::population
