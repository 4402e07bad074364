// SPDX-License-Identifier: MIT
//
// The sets of kernels in this build. Each is one file, compiled for its instruction set by a pragma, because sources.gypi has no
// flags for single files. A set may be called only where the processor has it; kernels.cc sees to that.
#pragma once

#include "kernels.h"

#if defined(__x86_64__) || defined(_M_X64)
#define NB_KERNELS_X64 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define NB_KERNELS_NEON 1
#endif

namespace neuronbus::population {

const Kernels& scalar_kernels();
#ifdef NB_KERNELS_X64
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();
#endif
#ifdef NB_KERNELS_NEON
const Kernels& neon_kernels();
#endif

}  // namespace neuronbus::population
