// SPDX-License-Identifier: MIT
//
// Pages asked for at once instead of one fault each. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace neuronbus {

// A hint: where the system does not know it, pages come when they are touched. `base` begins a page.
inline void prefault(uint8_t* base, size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
  (void)madvise(base, bytes, MADV_POPULATE_WRITE);
#else
  (void)base;
  (void)bytes;
#endif
}

}  // namespace neuronbus
