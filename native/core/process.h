// SPDX-License-Identifier: MIT
//
// What a process is to the others: a random number, and how threads of it, or of another one, are woken. Any thread.
#pragma once

#include <cstdint>

namespace neuronbus {

// Stands for this process in shared memory. Never 0.
uint64_t process_token();
uint32_t process_id();

// Who is called, on any thread, when ganglion `index` of the segment at `base` is to wake up. It must return at once.
struct Waker {
  void (*call)(void* data) = nullptr;
  void* data = nullptr;
};

void set_waker(const void* base, uint32_t index, Waker waker);
// Returns when no call is under way any more.
void clear_waker(const void* base, uint32_t index);
// False: this process has no waker for it.
bool call_waker(const void* base, uint32_t index);

// Sleeps while *word == value, at most timeout_ns; may return early. Where the system has no futex: sleeps a millisecond.
// False: nothing says that *word changed.
bool futex_wait(uint32_t* word, uint32_t value, uint64_t timeout_ns);
void futex_wake(uint32_t* word);

}  // namespace neuronbus
