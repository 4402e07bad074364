// SPDX-License-Identifier: MIT
//
// Steps of a network, in the order that network.h promises.
#include <algorithm>

#include "clock.h"
#include "network_impl.h"
#include "tiny_numbers.h"

namespace neuronbus::population {

// Who is no source fires because of what arrived, so its spikes are known no earlier than all that arrives within their delay.
Step Network::Impl::lead() const {
  Step lead = kLongestBatch;
  for (const auto& projection : projections) {
    if (!projection->pre->is_source()) lead = std::min<Step>(lead, projection->shortest_delay());
  }
  return lead;
}

void Network::Impl::emit(uint32_t thread, Step steps) {
  for (auto& population : populations) {
    if (!population->is_source()) continue;
    for (const Shard& shard : population->shards) {
      if (shard.thread != thread) continue;
      for (Step step = now; step < now + steps; step++) {
        population->integrate(shard, step);
        population->reset(shard, step);
      }
    }
  }
}

void Network::Impl::integrate(uint32_t thread, Step step) {
  for (auto& recorder : recorders) {
    for (const Shard& shard : recorder->population().shards) {
      if (shard.thread == thread) recorder->sample(shard, step);
    }
  }
  for (auto& population : populations) {
    if (population->is_source()) continue;
    for (const Shard& shard : population->shards) {
      if (shard.thread == thread) population->integrate(shard, step);
    }
  }
}

void Network::Impl::deliver(uint32_t thread, Step step) {
  lists[thread].of = nullptr;
  for (auto& projection : projections) projection->deliver(thread, step, &lists[thread]);
  for (auto& population : populations) {
    if (population->is_source()) continue;
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

void Network::Impl::compute_alone(Step steps) {
  for (uint32_t thread = 0; thread < options.threads; thread++) emit(thread, steps);
  for (Step step = now; step < now + steps; step++) {
    for (uint32_t thread = 0; thread < options.threads; thread++) integrate(thread, step);
    for (uint32_t thread = 0; thread < options.threads; thread++) deliver(thread, step);
  }
}

// Marks of a batch: the sources have fired, then each step is integrated.
void Network::Impl::compute(uint32_t worker, Step steps, Step lead) {
  const uint32_t workers = team->workers();
  for (uint32_t thread = worker; thread < options.threads; thread += workers) emit(thread, steps);
  const uint64_t sources = team->pass(worker);
  for (Step done = 1; done <= steps; done++) {
    const Step step = now + done - 1;
    for (uint32_t thread = worker; thread < options.threads; thread += workers) integrate(thread, step);
    team->pass(worker);
    team->await(worker, sources + (done > lead ? done - lead : 0));
    for (uint32_t thread = worker; thread < options.threads; thread += workers) deliver(thread, step);
  }
}

namespace {

// One call of advance().
class Run {
 public:
  Run(Network::Impl& impl, Step wanted, const Stop* stop)
      : impl_(impl), stop_(stop), wanted_(wanted), lead_(impl.lead()) {}

  Step with(Team& team) {
    impl_.pace.begin_run(Clock::os_now());
    turn_ = {begin(), impl_.pace.alone()};
    team.run(work, this);
    impl_.pace.end_run(Clock::os_now());
    return done_;
  }

  Step without_team() {
    while (const Step batch = begin()) {
      impl_.compute_alone(batch);
      end(batch);
    }
    return done_;
  }

 private:
  // What the workers do until they meet again. Written by worker 0 while the others wait.
  struct Turn {
    Step batch;  // 0: the run is over
    bool alone;  // worker 0 does this one, and some more
  };

  // The steps of the next batch, or 0.
  Step begin() {
    const Step batch = stopped(stop_) ? 0 : std::min(Network::Impl::kLongestBatch, wanted_ - done_);
    if (batch > 0) impl_.begin_batch(batch);
    return batch;
  }

  void end(Step batch) {
    impl_.end_batch(batch);
    done_ += batch;
  }

  void count() { impl_.pace.batch_done(Clock::os_now, impl_.team->sleeps()); }

  // Batches by one worker, up to where the team is to try again. The others wait, and read nothing but the turn.
  void work_alone(Step batch) {
    while (batch > 0) {
      impl_.compute_alone(batch);
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
        run.impl_.compute(worker, turn.batch, run.lead_);
      } else if (worker == 0) {
        run.work_alone(turn.batch);
      }
      team.meet(worker, [&] { run.next(turn); });
    }
  }

  Network::Impl& impl_;
  const Stop* stop_;
  const Step wanted_;
  const Step lead_;
  Step done_ = 0;
  Step next_ = 0;
  Turn turn_{0, false};
};

}  // namespace

Step Network::advance(Step steps, const Stop* stop) {
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
