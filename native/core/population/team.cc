// SPDX-License-Identifier: MIT
#include "team.h"

#include <algorithm>
#include <new>
#include <thread>

#if !defined(_WIN32)
#include <csignal>
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace neuronbus::population {
namespace {

// Some ten microseconds: longer than workers are apart when each has a processor. When another program has it, waiting on would
// only keep that program from being done.
constexpr uint32_t kSpins = 1000;
// Then workers may be on one processor, because another program had theirs for a while. Who sleeps leaves them there, one of them
// always asleep; who only lets the others go first is moved to a processor that has nothing to do.
constexpr uint32_t kYields = 2000;

void pause_a_little() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace

std::unique_ptr<Team> Team::create(uint32_t wanted) {
  std::unique_ptr<Team> team(new (std::nothrow) Team());
  if (team == nullptr) return nullptr;
  const uint32_t workers = std::min(wanted, std::max(1u, std::thread::hardware_concurrency()));
  team->places_.reset(new (std::nothrow) Place[workers]);
  if (team->places_ == nullptr) return nullptr;
  for (uint32_t number = 1; number < workers; number++) {
    if (!team->start(number)) break;
  }
  return team;
}

bool Team::start(uint32_t number) {
  std::unique_ptr<Worker> worker(new (std::nothrow) Worker{this, number});
  if (worker == nullptr) return false;
#if defined(_WIN32)
  threads_.emplace_back(main, worker.get());
#else
  // The process's signals are not for these threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, nullptr, main, worker.get()) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return false;
  threads_.push_back(thread);
#endif
  owned_.push_back(std::move(worker));
  return true;
}

Team::~Team() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    leave_ = true;
  }
  wake_.notify_all();
#if defined(_WIN32)
  for (std::thread& thread : threads_) thread.join();
#else
  for (pthread_t thread : threads_) pthread_join(thread, nullptr);
#endif
}

void* Team::main(void* worker) {
  Worker& self = *static_cast<Worker*>(worker);
  self.team->work(self.number);
  return nullptr;
}

void Team::work(uint32_t number) {
  uint64_t done = 0;
  for (;;) {
    Job job;
    void* context;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return leave_ || runs_ != done; });
      if (leave_) return;
      done = runs_;
      job = job_;
      context = context_;
    }
    job(context, number);
    std::lock_guard<std::mutex> lock(mutex_);
    if (--busy_ == 0) rest_.notify_one();
  }
}

void Team::run(Job job, void* context) {
  if (threads_.empty()) return job(context, 0);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    job_ = job;
    context_ = context;
    busy_ = static_cast<uint32_t>(threads_.size());
    runs_++;
  }
  wake_.notify_all();
  job(context, 0);
  std::unique_lock<std::mutex> lock(mutex_);
  rest_.wait(lock, [&] { return busy_ == 0; });
}

// Worker 0 passes last where all meet.
bool Team::look(uint32_t worker, uint64_t mark, std::memory_order order) {
  uint64_t seen = kNobody;
  for (uint32_t other = 0; other < workers(); other++) {
    if (other == worker) continue;
    // SYNC team-mark
    const uint64_t passed = places_[other].mark.load(order);
    if (passed < mark) return false;
    seen = std::min(seen, passed);
  }
  places_[worker].seen = seen;
  return true;
}

void Team::wait(uint32_t worker, uint64_t mark) {
  call_sleepers(worker);
  for (uint32_t spins = 0; spins < kSpins; spins++) {
    if (look(worker, mark, std::memory_order_acquire)) return;
    pause_a_little();
  }
  sleeps_.fetch_add(1, std::memory_order_relaxed);
  for (uint32_t yields = 0; yields < kYields; yields++) {
    if (look(worker, mark, std::memory_order_acquire)) return;
    std::this_thread::yield();
  }
  std::unique_lock<std::mutex> lock(sleep_mutex_);
  for (;;) {
    // SYNC team-sleep: either who passes the mark sees this and wakes, or it has passed already.
    if (mark < sleeper_.load(std::memory_order_relaxed)) sleeper_.store(mark, std::memory_order_seq_cst);
    if (look(worker, mark, std::memory_order_seq_cst)) return;
    passed_.wait(lock);
  }
}

void Team::call_sleepers(uint32_t worker) {
  Place& own = places_[worker];
  // SYNC team-sleep: who is not seen here sees the mark before it sleeps.
  (void)own.mark.exchange(own.passed, std::memory_order_seq_cst);
  if (own.passed >= sleeper_.load(std::memory_order_seq_cst)) wake_sleepers();
}

void Team::wake_sleepers() {
  {
    // Who is known has looked at the marks and waits: it does not miss this.
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    sleeper_.store(kNobody, std::memory_order_relaxed);
  }
  passed_.notify_all();
}

}  // namespace neuronbus::population
