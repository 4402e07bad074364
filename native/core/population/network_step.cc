// SPDX-License-Identifier: MIT
//
// Steps of a network, in the order that network.h promises.
#include <algorithm>
#include <chrono>

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

uint64_t nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// One call of advance().
class Run {
 public:
  Run(Network::Impl& impl, Step wanted, const volatile bool* stop)
      : impl_(impl), stop_(stop), wanted_(wanted), longest_(impl.batch()), meets_(impl.instant()) {}

  Step with(Team& team) {
    impl_.pace.begin_run(nanoseconds());
    turn_ = {begin(), impl_.pace.alone()};
    team.run(work, this);
    impl_.pace.end_run(nanoseconds());
    return done_;
  }

  Step without_team() {
    while (const Step batch = begin()) {
      impl_.compute(0, 1, batch, meets_);
      end(batch);
    }
    return done_;
  }

 private:
  // What the workers do until they meet again. Written by one of them while the others wait.
  struct Turn {
    Step batch;  // 0: the run is over
    bool alone;  // worker 0 does this one, and some more
  };

  // The steps of the next batch, or 0.
  Step begin() {
    const Step batch = stop_ != nullptr && *stop_ ? 0 : std::min(longest_, wanted_ - done_);
    if (batch > 0) impl_.begin_batch(batch);
    return batch;
  }

  void end(Step batch) {
    impl_.end_batch(batch);
    done_ += batch;
  }

  void count() { impl_.pace.batch_done(nanoseconds, impl_.team->sleeps()); }

  // Batches by one worker, up to where the team is to try again. The others wait, and read nothing but the turn.
  void work_alone(Step batch) {
    while (batch > 0) {
      impl_.compute(0, 1, batch, meets_);
      end(batch);
      count();
      batch = begin();
      if (!impl_.pace.alone()) break;
    }
    next_ = batch;
  }

  void next(Turn last) {
    if (!last.alone) {
      end(last.batch);
      count();
      next_ = begin();
    }
    turn_ = {next_, impl_.pace.alone()};
  }

  static void work(void* context, uint32_t worker) {
    const TinyIsZero mode;
    Run& run = *static_cast<Run*>(context);
    Team& team = *run.impl_.team;
    for (Turn turn = run.turn_; turn.batch > 0; turn = run.turn_) {
      if (!turn.alone) {
        run.impl_.compute(worker, team.workers(), turn.batch, run.meets_);
      } else if (worker == 0) {
        run.work_alone(turn.batch);
      }
      team.meet([&] { run.next(turn); });
    }
  }

  Network::Impl& impl_;
  const volatile bool* stop_;
  const Step wanted_;
  const Step longest_;
  const bool meets_;
  Step done_ = 0;
  Step next_ = 0;
  Turn turn_{0, false};
};

}  // namespace

Step Network::advance(Step steps, const volatile bool* stop) {
  Impl& impl = *impl_;
  if (impl.options.threads > 1 && impl.team == nullptr) impl.team = Team::create(impl.options.threads);
  Run run(impl, steps, stop);
  if (impl.team != nullptr && impl.team->workers() > 1) return run.with(*impl.team);
  const TinyIsZero mode;
  return run.without_team();
}

void Network::Impl::sync() {
  for (auto& projection : projections) projection->sync(now);
}

}  // namespace neuronbus::population
