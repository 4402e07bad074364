// SPDX-License-Identifier: MIT
//
// Memory of mapped files that somebody cuts short. The system answers a touch of what is gone with SIGBUS, which ends a process; where
// the memory is guarded, zeros of this process alone take its place instead, and the touch goes on with them.
//
// The first guard() of a process installs a handler of SIGBUS. What is not about guarded memory it passes on to the handler that was
// there before, or to the system. A program that installs its own later, and does not pass on, is without this protection.
//
// Any thread. guard() and unguard() of one mapping are its owner's; nobody touches the memory before the one or after the other. So the
// record of what a handler was called for stays as it is until the handler returns; those of other memory, which it goes through to
// find that one, may become free or another's at any moment.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neuronbus {

class CutGuard {
 public:
  // Guards `bytes` from `base` on, whole pages. Null: 1024 are guarded already, or the handler could not be installed.
  static CutGuard* guard(uint8_t* base, size_t bytes);
  // Before the memory is unmapped.
  void unguard();

  // Zeros behind the first `kept` bytes, whole pages, where that is not so already. False: the system refuses; it can be tried again.
  bool give_up(size_t kept);
  // Bytes that were never given up.
  size_t kept() const;

  // What the handler does with a touch of address `at`. False: it is not about guarded memory, or nothing can be done.
  static bool touched(uintptr_t at);

 private:
  bool give_up_from(uintptr_t from);

  std::atomic<uintptr_t> begin_{0};     // 0: free. Written by who takes the record, fills it in, and gives it back
  std::atomic<uintptr_t> end_{0};       // by the same, while the record is taken and not filled in
  std::atomic<uintptr_t> kept_end_{0};  // the same; then anybody: from here on the memory is zeros, or will be in a moment
};

}  // namespace neuronbus
