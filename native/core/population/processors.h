// SPDX-License-Identifier: MIT
//
// On which processor a thread runs, and how it gets away from there. Systems place a thread that is woken near who woke it, and take
// milliseconds to see that another processor has nothing to do: longer than threads that work together have work.
//
// Any thread; about the calling one.
#pragma once

#include <cstddef>

namespace neuronbus::population {

constexpr int kSomeProcessor = -1;  // the system does not say which

int this_processor();

// Moves the calling thread to a processor that it may use and that is none of these; where it may run later stays as it was. False: there
// is none, or the system does not let threads choose.
bool leave_processors(const int* taken, size_t count);

}  // namespace neuronbus::population
