// SPDX-License-Identifier: MIT
//
// Threads that work on one network together: they sleep between runs, and within a run each passes the same marks, one after another,
// and waits where it needs what others wrote before a mark of theirs. They spin for a while before they sleep, also between runs,
// because a run is a slice of a longer one; and who waits for a worker on its own processor moves to another one.
//
// run() is called by the network's owner and takes part as worker 0; it returns when all have finished. pass(), await() and meet() are
// called inside a run, by the worker whose number they get. All pass and meet equally often.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "processors.h"

#if defined(_WIN32)
#include <thread>
#else
#include <pthread.h>
#endif

namespace neuronbus::population {

class Team {
 public:
  using Job = void (*)(void* context, uint32_t worker);

  // As many workers as the system gives and has processors for, `wanted` at most and the caller at least: more than there are
  // processors would only wait for each other. Null: no memory.
  static std::unique_ptr<Team> create(uint32_t wanted);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // How often workers have stopped spinning in meetings, since creation. About: it may be read while they do.
  uint64_t sleeps() const { return sleeps_.load(std::memory_order_relaxed); }
  uint32_t workers() const { return static_cast<uint32_t>(threads_.size()) + 1; }
  void run(Job job, void* context);

  // Who awaits this mark, whose number is returned, sees what the worker wrote before. It costs no wait for another processor.
  uint64_t pass(uint32_t worker) {
    Place& own = places_[worker];
    // SYNC team-mark: gives away what this worker wrote.
    own.mark.store(++own.passed, std::memory_order_release);
    // A sleeper that is not seen here is seen by the next pass, or by call_sleepers() at the latest.
    if (own.passed >= sleeper_.load(std::memory_order_relaxed)) wake_sleepers();
    return own.passed;
  }

  // Until all others have passed `mark`.
  void await(uint32_t worker, uint64_t mark) {
    if (places_[worker].seen < mark && !look(worker, mark, std::memory_order_acquire)) wait(worker, mark);
  }

  // Until all have come, and worker 0 has done what has to be done alone.
  template <typename Alone>
  void meet(uint32_t worker, Alone alone) {
    if (worker == 0) {
      await(worker, places_[worker].passed + 1);
      alone();
      pass(worker);
      // It may not wait again in this run.
      call_sleepers(worker);
    } else {
      await(worker, pass(worker));
    }
  }

 private:
  Team() = default;
  struct Worker {
    Team* team;
    uint32_t number;
  };
  // Two cache lines, of which others read the first one only.
  struct alignas(128) Place {
    std::atomic<uint64_t> mark{0};
    std::atomic<int> processor{kSomeProcessor};  // where it was when it was last looked up: a hint, of which nothing depends
    alignas(128) uint64_t passed = 0;  // the same
    uint64_t seen = 0;                // by all others, when they were last looked at
  };
  bool start(uint32_t number);
  void work(uint32_t number);
  bool look(uint32_t worker, uint64_t mark, std::memory_order order);
  bool spin(uint32_t worker, uint64_t mark, uint32_t times);
  void wait(uint32_t worker, uint64_t mark);
  bool step_aside(uint32_t worker);
  void work_on(Job job, void* context, uint32_t worker);
  void call_sleepers(uint32_t worker);
  void wake_sleepers();
  static void* main(void* worker);

#if defined(_WIN32)
  std::vector<std::thread> threads_;
#else
  std::vector<pthread_t> threads_;
#endif
  std::vector<std::unique_ptr<Worker>> owned_;

  std::mutex mutex_;  // guards what is between here and the places; the atomic ones are looked at without it before somebody sleeps
  std::condition_variable wake_, rest_;
  std::atomic<uint64_t> runs_{0};
  std::atomic<uint32_t> busy_{0};
  std::atomic<bool> leave_{false};
  Job job_ = nullptr;
  void* context_ = nullptr;

  std::unique_ptr<Place[]> places_;  // of each worker
  static constexpr uint64_t kNobody = ~uint64_t{0};
  alignas(64) std::atomic<uint64_t> sleeper_{kNobody};  // the first mark that a sleeper awaits; written under sleep_mutex_
  std::atomic<uint64_t> sleeps_{0};                     // ever; a count, of which nothing depends
  std::mutex sleep_mutex_;
  std::condition_variable passed_;
};

}  // namespace neuronbus::population
