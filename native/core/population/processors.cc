// SPDX-License-Identifier: MIT
#include "processors.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace neuronbus::population {

#if defined(__linux__)

int this_processor() { return sched_getcpu(); }

bool leave_processors(const int* taken, size_t count) {
  cpu_set_t before;
  if (sched_getaffinity(0, sizeof before, &before) != 0) return false;  // also: more processors than a set can name
  cpu_set_t others = before;
  for (size_t i = 0; i < count; i++) {
    if (taken[i] >= 0 && taken[i] < CPU_SETSIZE) CPU_CLR(taken[i], &others);
  }
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return false;
  (void)sched_setaffinity(0, sizeof before, &before);
  return true;
}

#else

int this_processor() { return kSomeProcessor; }
bool leave_processors(const int*, size_t) { return false; }

#endif

}  // namespace neuronbus::population
