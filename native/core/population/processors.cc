// SPDX-License-Identifier: MIT
#include "processors.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#endif

namespace neuronbus::population {

#if defined(__linux__)

int this_processor() { return sched_getcpu(); }

bool leave_processors(const int* taken, size_t count) {
  static const bool free_to_choose = prctl(PR_GET_SECCOMP) == 0;
  cpu_set_t before;
  if (!free_to_choose || sched_getaffinity(0, sizeof before, &before) != 0) return false;  // also: more than a set can name
  cpu_set_t others = before;
  for (size_t i = 0; i < count; i++) {
    if (taken[i] >= 0 && taken[i] < CPU_SETSIZE) CPU_CLR(taken[i], &others);
  }
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return false;
  // Who was not bound to any processors is not bound to those that there are now.
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof all);
  const bool bound = CPU_COUNT(&before) != sysconf(_SC_NPROCESSORS_ONLN);
  if (!bound || sched_setaffinity(0, sizeof before, &before) != 0) (void)sched_setaffinity(0, sizeof all, &all);
  return true;
}

#else

int this_processor() { return kSomeProcessor; }
bool leave_processors(const int*, size_t) { return false; }

#endif

}  // namespace neuronbus::population
