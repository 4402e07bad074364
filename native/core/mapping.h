// SPDX-License-Identifier: MIT
//
// Anonymous shared memory and the registry through which the threads of one process find it.
//
// Any thread. A mapping lives while it has references; the last release unmaps it. Nobody may touch the memory without
// holding a reference.
#pragma once

#include <cstddef>
#include <cstdint>

#include "neuronbus/errors.h"

namespace neuronbus {

struct MappingHandle {
  uint32_t id = 0;
  uint32_t key = 0;  // unguessed by accident: a handle of another process does not open a mapping of this one
};

class Mapping {
 public:
  // Maps `bytes` of zeroed memory, committed by the OS when touched, and registers it with one reference. On failure
  // nothing is registered: NB_ERR_NO_MEMORY.
  static nb_status create(size_t bytes, Mapping** out);

  // Adds a reference to the mapping of a handle. NB_ERR_NO_SUCH_SEGMENT when it is closed or was never made here.
  static nb_status attach(MappingHandle handle, Mapping** out);

  void release();

  uint8_t* base() const { return base_; }
  size_t bytes() const { return bytes_; }
  MappingHandle handle() const { return handle_; }

 private:
  Mapping() = default;
  ~Mapping() = default;

  uint8_t* base_ = nullptr;
  size_t bytes_ = 0;
  MappingHandle handle_;
  uint32_t references_ = 0;  // guarded by the registry's mutex
};

}  // namespace neuronbus
