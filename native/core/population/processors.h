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

// Moves the calling thread, which should be one of ours, to a processor that it may use and that is none of these. Later it may run
// where it might before; only a container's set of processors that grows meanwhile is not followed, and what another program sets in
// the same moment is lost. False: there is none, or the system does not let threads choose, or filters their calls (seccomp), because
// a filter may end the process for this one.
bool leave_processors(const int* taken, size_t count);

}  // namespace neuronbus::population
