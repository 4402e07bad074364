// SPDX-License-Identifier: MIT
//
// Threads that work on one network together: they sleep between runs, and within a run they meet at barriers that spin for a while.
//
// run() is called by the network's owner and takes part as worker 0; it returns when all have finished. meet() is called inside a run,
// by every worker equally often.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

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

  // The last worker to come does what has to be done alone, while the others wait for it.
  template <typename Alone>
  void meet(Alone alone) {
    const uint32_t turn = turn_.load(std::memory_order_relaxed);  // it cannot move before this worker has come
    // SYNC team-meet: each worker gives away what it wrote,
    if (come_.fetch_add(1, std::memory_order_release) + 1 == workers()) {
      // SYNC team-meet: and the one that comes last takes it from all of them.
      (void)come_.load(std::memory_order_acquire);
      come_.store(0, std::memory_order_relaxed);
      alone();
      // SYNC team-go: what the last one wrote, and through it what all wrote, is seen by those that go on.
      turn_.store(turn + 1, std::memory_order_seq_cst);
      // SYNC team-sleep: who is not counted here sees the new turn before it sleeps.
      if (sleepers_.load(std::memory_order_seq_cst) > 0) wake_sleepers();
      return;
    }
    wait_for_turn(turn);
  }

 private:
  Team() = default;
  struct Worker {
    Team* team;
    uint32_t number;
  };
  bool start(uint32_t number);
  void work(uint32_t number);
  void wait_for_turn(uint32_t turn);
  void wake_sleepers();
  static void* main(void* worker);

#if defined(_WIN32)
  std::vector<std::thread> threads_;
#else
  std::vector<pthread_t> threads_;
#endif
  std::vector<std::unique_ptr<Worker>> owned_;

  std::mutex mutex_;  // guards what is between here and the barrier's words
  std::condition_variable wake_, rest_;
  uint64_t runs_ = 0;
  uint32_t busy_ = 0;
  bool leave_ = false;
  Job job_ = nullptr;
  void* context_ = nullptr;

  alignas(64) std::atomic<uint32_t> come_{0};
  alignas(64) std::atomic<uint32_t> turn_{0};
  std::atomic<uint32_t> sleepers_{0};  // in the barrier
  std::atomic<uint64_t> sleeps_{0};    // ever; a count, of which nothing depends
  std::mutex turn_mutex_;              // for turned_ alone
  std::condition_variable turned_;
};

}  // namespace neuronbus::population
