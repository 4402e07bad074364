// SPDX-License-Identifier: MIT
#include "kernels.h"

#include <cstdlib>
#include <cstring>

#include "kernels_sets.h"

namespace neuronbus::population {

const Kernels* kernels_named(const char* name) {
  return std::strcmp(name, "scalar") == 0 ? &scalar_kernels() : nullptr;
}

const Kernels& kernels() { return scalar_kernels(); }

}  // namespace neuronbus::population
