// SPDX-License-Identifier: MIT
//
// The parts of a network in a file. Nothing that a file says is believed before it is checked: sizes against the bytes that are left,
// indices against sizes. One thread, while the team rests.
#pragma once

#include "archive.h"
#include "network_impl.h"

#define NB_CHECK(condition) \
  if (!(condition)) return NB_ERR_BAD_FILE
#define NB_TRY(expression) \
  if (const nb_status tried = (expression); tried != NB_OK) return tried

namespace neuronbus::population {

// `kept`: how many of the last steps' spikes are still to arrive somewhere.
void put_population(ArchiveWriter& out, const Population& population, Step now, Step kept);
void put_projection(ArchiveWriter& out, const Projection& projection);

// The next population or projection, added to the network. NB_ERR_BAD_FILE, NB_ERR_NO_MEMORY.
nb_status get_population(ArchiveReader& in, Network::Impl& impl);
nb_status get_projection(ArchiveReader& in, Network::Impl& impl);

}  // namespace neuronbus::population
