// SPDX-License-Identifier: MIT
//
// Whether a team works together or one of it alone, which gives the same results. Where another program has a processor, or a
// container fewer of them than it shows, workers wait for each other longer than they work; and where processors are far apart, what
// is handed over takes longer than small steps. Then one alone is faster, and now and then the team tries again.
//
// One thread at a time: who works while the others wait.
#pragma once

#include <algorithm>
#include <cstdint>

namespace neuronbus::population {

class Pace {
 public:
  // Time between runs is not counted.
  void begin_run(uint64_t now_ns) { since_ = now_ns - spent_; }
  void end_run(uint64_t now_ns) { spent_ = now_ns - since_; }

  // One worker does all until batch_done() says that it has changed its mind.
  bool alone() const { return alone_; }

  // A batch is done. clock() gives nanoseconds; `sleeps`: how often workers have slept in meetings, ever.
  template <typename Clock>
  void batch_done(Clock clock, uint64_t sleeps) {
    done_++;
    if (alone_ ? done_ < stretch_ : done_ < kWindow && sleeps - sleeps_ < kMany) return;
    const uint64_t now = clock();
    const uint64_t each = std::max<uint64_t>(1, (now - since_) / done_);
    alone_ ? end_stretch(each) : end_window(each, sleeps - sleeps_);
    since_ = now;
    sleeps_ = sleeps;
    done_ = 0;
  }

 private:
  static constexpr uint32_t kWindow = 16;              // batches, or until there were
  static constexpr uint32_t kMany = 4;                 // sleeps
  static constexpr uint32_t kCalm = 256;               // windows
  static constexpr uint64_t kLongBatchNs = 200'000;    // beside which handing over takes no time
  static constexpr uint64_t kLongestNs = 200'000'000;  // before the team tries again

  void end_window(uint64_t each, uint64_t sleeps) {
    if (calm_ > 0) {
      calm_--;
    } else if (sleeps < kMany && each > kLongBatchNs) {
      stretch_ = kWindow;
      alone_each_ = 0;
    } else if (alone_each_ != 0 && each <= alone_each_) {
      // Together it is faster, whatever it waits for.
      calm_ = kCalm;
      alone_each_ = 0;
      stretch_ = kWindow;
    } else {
      alone_ = true;
    }
  }

  void end_stretch(uint64_t each) {
    alone_ = false;
    alone_each_ = each;
    stretch_ = std::max<uint64_t>(1, std::min(kLongestNs / each, stretch_ * 2));
  }

  bool alone_ = false;
  uint64_t stretch_ = kWindow;
  uint32_t calm_ = 0;
  uint64_t done_ = 0;
  uint64_t alone_each_ = 0;  // ns of a batch; 0: not known
  uint64_t since_ = 0;
  uint64_t spent_ = 0;  // since then, between runs
  uint64_t sleeps_ = 0;
};

}  // namespace neuronbus::population
