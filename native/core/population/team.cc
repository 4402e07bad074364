// SPDX-License-Identifier: MIT
#include "team.h"

#include <algorithm>
#include <new>
#include <thread>

#if !defined(_WIN32)
#include <csignal>
#endif

#include "clock.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace neuronbus::population {
namespace {

// About a microsecond: who is called only then loses nothing, and calling waits for another processor.
constexpr uint32_t kSpinsBeforeCall = 64;
// Some ten microseconds: longer than workers are apart when each has a processor. When another program has it, waiting on would
// only keep that program from being done.
constexpr uint32_t kSpins = 1000;
// Then workers may be on one processor. Where threads cannot choose another, who sleeps leaves them there, one of them always asleep;
// who only lets the others go first is moved, some time, to a processor that has nothing to do.
constexpr uint32_t kYields = 2000;
// From so many others at most a worker steps aside.
constexpr uint32_t kMostOthers = 64;
// Longer than there is between two slices of a run.
constexpr uint64_t kLingerNs = 300'000;

void pause_a_little() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ __volatile__("yield");
#endif
}

template <typename Done>
void linger(Done done) {
  const uint64_t begin = Clock::os_now();
  do {
    for (uint32_t spins = 0; spins < 20; spins++) {
      if (done()) return;
      pause_a_little();
    }
    std::this_thread::yield();
  } while (Clock::os_now() - begin < kLingerNs);
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
    const auto called = [&] { return leave_ || runs_ != done; };
    linger(called);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, called);
      if (leave_) return;
      done = runs_;
      job = job_;
      context = context_;
    }
    work_on(job, context, number);
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
  work_on(job, context, 0);
  const auto rested = [&] { return busy_ == 0; };
  linger(rested);
  std::unique_lock<std::mutex> lock(mutex_);
  rest_.wait(lock, rested);
}

void Team::work_on(Job job, void* context, uint32_t worker) {
  places_[worker].processor.store(this_processor(), std::memory_order_relaxed);
  job(context, worker);
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

bool Team::spin(uint32_t worker, uint64_t mark, uint32_t times) {
  for (uint32_t spins = 0; spins < times; spins++) {
    if (look(worker, mark, std::memory_order_acquire)) return true;
    pause_a_little();
  }
  return false;
}

void Team::wait(uint32_t worker, uint64_t mark) {
  if (spin(worker, mark, kSpinsBeforeCall)) return;
  call_sleepers(worker);
  if (spin(worker, mark, kSpins)) return;
  if (step_aside(worker) && spin(worker, mark, kSpins)) return;
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

// Whether it was where another worker is, and is not any more. Worker 0 is not a thread of the team, and stays: if the two are on one
// processor, the other one soon waits, too.
bool Team::step_aside(uint32_t worker) {
  const int here = this_processor();
  places_[worker].processor.store(here, std::memory_order_relaxed);
  if (worker == 0 || here == kSomeProcessor) return false;
  int others[kMostOthers];
  uint32_t count = 0;
  bool together = false;
  for (uint32_t other = 0; other < workers() && count < kMostOthers; other++) {
    if (other == worker) continue;
    others[count] = places_[other].processor.load(std::memory_order_relaxed);
    together = together || others[count] == here;
    count++;
  }
  if (!together || !leave_processors(others, count)) return false;
  places_[worker].processor.store(this_processor(), std::memory_order_relaxed);
  return true;
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
