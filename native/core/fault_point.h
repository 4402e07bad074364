// SPDX-License-Identifier: MIT
//
// Where a test may kill this process: before each store into shared memory (atomics.h), and at steps that are no such store,
// named by NB_FAULT_POINT. Only the native test program defines NB_FAULT_POINTS; elsewhere nothing of this is compiled.
#pragma once

#ifdef NB_FAULT_POINTS

namespace neuronbus {

// By the test program. `where` is the name of a function, or that of a step.
void fault_point(const char* where, int line);

}  // namespace neuronbus

#define NB_FAULT_POINT(name) ::neuronbus::fault_point(name, __LINE__)
// For what writes into shared memory: a last parameter that says who called, and how it is passed on.
#define NB_CALLER_PARAMETER , const char* where = __builtin_FUNCTION(), int line = __builtin_LINE()
#define NB_CALLER , where, line

#else

#define NB_FAULT_POINT(name) static_cast<void>(0)
#define NB_CALLER_PARAMETER
#define NB_CALLER

#endif
