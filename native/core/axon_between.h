// SPDX-License-Identifier: MIT
//
// What joining, opening and clearing away know of an axon between two ganglia. Any thread.
#pragma once

#include "atomics.h"
#include "axon_memory.h"
#include "mapping.h"
#include "segment.h"

namespace neuronbus {

// A free axon, NB_CLAIMED by `from`, its memory there and formatted. NB_ERR_TOO_MANY_GANGLIA, NB_ERR_NO_ROOM.
nb_status claim_axon(const Segment& segment, Mapping* mapping, uint32_t from, uint32_t to, uint32_t* number);

inline uint64_t position_of(nb_axon& axon) {
  uint64_t position = 0;
  load_cursor(axon.head, axon.head_high, &position);
  return position;
}

inline bool both_gone(nb_axon& axon) {
  return shared(axon.from_gone).load() != 0 && shared(axon.to_gone).load() != 0;  // SYNC axon-leave
}

// `mapping` is null where one process alone has the memory: then nothing is to be reserved.
inline nb_status reserve(Mapping* mapping, uint64_t offset, uint64_t bytes) {
  return mapping == nullptr ? NB_OK : mapping->reserve(offset, bytes);
}

}  // namespace neuronbus
