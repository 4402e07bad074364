/* SPDX-License-Identifier: MIT
 *
 * layout.h: every byte that participants of a bus share.
 *
 * This header and its three parts are the single definition of the shared memory: spike.h (a message of 64 bytes), segment.h
 * (what all participants share), workspace.h (what one works with). C++ includes it, foreign languages bind to it, and
 * lib/memory/layout.ts is generated from it by tools/gen-layout.mjs (the gate fails when the two differ).
 * It contains no code. Integers are little endian. Offsets named *_offset are in bytes from the start of the segment.
 *
 *   segment
 *   +----------------+ 0
 *   | header         |  nb_segment_header, one page
 *   +----------------+ ganglia_offset
 *   | ganglia        |  max_ganglia  x nb_ganglion        who reads, writes, parks and dies
 *   +----------------+ axon_index_offset
 *   | axon index     |  max_ganglia^2 x uint32            [from * max_ganglia + to] -> axon number + 1, 0 = none
 *   +----------------+ commons_offset
 *   | commons        |  nb_commons: the few words that everybody writes
 *   +----------------+ roster_offset, cards_offset
 *   | roster, cards  |  max_neurons  x uint32, max_neurons x nb_arena_ref      who is where, and its agent card
 *   +----------------+ neurons_offset
 *   | neurons        |  max_neurons  x nb_neuron
 *   +----------------+ workspace_offset
 *   | workspaces     |  max_ganglia  x one ganglion's own tables, see below
 *   +----------------+ axons_offset
 *   | axons          |  max_axons x (nb_axon, axon_capacity x nb_spike)
 *   +----------------+ arena_offset
 *   | arena          |  arena_chunk_count x 4 KiB
 *   +----------------+ segment_bytes
 *
 * A workspace is written by its owner alone, but for the mailbox. Offsets marked "in a workspace" count from its start:
 *
 *   | nb_control | dispatch list | emission log | prune log | inbox copies | mailbox | rules | filters | outgoing | synapses |
 *
 * Synapses lie with the ganglion of their post-synaptic neuron ("a synapse sits on the dendrite"), so exactly one thread
 * writes a weight; anybody may read it.
 *
 * Who may write a word is stated at the word. "owner" is the thread of the ganglion that the record belongs to.
 */
#ifndef NEURONBUS_LAYOUT_H
#define NEURONBUS_LAYOUT_H

#include "segment.h"
#include "spike.h"
#include "workspace.h"

#endif /* NEURONBUS_LAYOUT_H */
