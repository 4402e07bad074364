// SPDX-License-Identifier: MIT
//
// The segment: one stretch of memory that holds a whole bus (or a single axon), and typed access to its tables.
//
// format() is called by the creator before anybody else knows the memory; attach() by everybody, any thread. The view
// itself is immutable. attach() copies the header once and checks every field against the size of the mapping, so that
// no later access can leave the mapping whatever the header says afterwards.
#pragma once

#include <cstddef>
#include <cstdint>

#include "neuronbus/errors.h"
#include "neuronbus/layout.h"

namespace neuronbus {

struct SegmentOptions {
  uint32_t max_ganglia = 0;
  uint32_t max_axons = 0;
  uint32_t axon_capacity = 2;
  uint32_t mode = NB_MODE_DROP_NEWEST;
  uint32_t sample_every = 1;
  uint64_t block_ns = 0;
  uint32_t max_neurons = 0;
  uint32_t max_synapses = 0;
  uint32_t max_rules = 0;
  uint32_t max_filters = 0;
  uint32_t arena_chunks = 0;
  bool virtual_clock = false;
  const char* name = "";
};

class Segment {
 public:
  // Bytes that a segment of these options takes. NB_ERR_CAPACITY or NB_ERR_INVALID_ARGUMENT for options out of range.
  static nb_status size(const SegmentOptions& options, size_t* bytes);

  // Everything up to the workspaces: what a named segment reserves at creation. For options that size() accepts.
  static size_t common_bytes(const SegmentOptions& options);

  // Writes the header into zeroed memory of at least size() bytes and marks it ready.
  static nb_status format(uint8_t* base, size_t bytes, const SegmentOptions& options, uint64_t now_ns);

  // Makes axon `index`, which the caller has claimed, an empty one of the segment's size and mode. Cursors go on.
  void format_axon(uint32_t index) const;

  // NB_ERR_BAD_SEGMENT (no magic, not ready, another checksum, sizes or offsets that do not fit), NB_ERR_VERSION (of the
  // layout, or another size of the header), NB_ERR_NO_SUCH_SEGMENT (closed by its creator). The memory is not changed.
  static nb_status attach(uint8_t* base, size_t bytes, Segment* out);

  const nb_segment_header& header() const { return header_; }
  uint8_t* base() const { return base_; }
  uint64_t workspace(uint32_t ganglion) const {
    return header_.workspace_offset + ganglion * header_.workspace_stride;
  }
  uint64_t axon_offset(uint32_t index) const { return header_.axons_offset + index * header_.axon_stride; }

  nb_ganglion& ganglion(uint32_t index) const { return at<nb_ganglion>(header_.ganglia_offset)[index]; }
  uint32_t& axon_index(uint32_t from, uint32_t to) const {
    return at<uint32_t>(header_.axon_index_offset)[from * header_.max_ganglia + to];
  }
  nb_axon& axon(uint32_t index) const { return *at<nb_axon>(axon_offset(index)); }
  nb_commons& commons() const { return *at<nb_commons>(header_.commons_offset); }
  uint32_t& roster(uint32_t neuron) const { return at<uint32_t>(header_.roster_offset)[neuron]; }
  nb_arena_ref& card(uint32_t neuron) const { return at<nb_arena_ref>(header_.cards_offset)[neuron]; }
  nb_neuron* neurons() const { return at<nb_neuron>(header_.neurons_offset); }

  // A ganglion's own tables.
  nb_control& control(uint32_t g) const { return *at<nb_control>(workspace(g)); }
  nb_dispatch* dispatch(uint32_t g) const { return at<nb_dispatch>(workspace(g) + header_.dispatch_offset); }
  nb_emission* emissions(uint32_t g) const { return at<nb_emission>(workspace(g) + header_.emissions_offset); }
  nb_prune* prunes(uint32_t g) const { return at<nb_prune>(workspace(g) + header_.prunes_offset); }
  nb_spike* inbox(uint32_t g) const { return at<nb_spike>(workspace(g) + header_.inbox_offset); }
  nb_mail* mailbox(uint32_t g) const { return at<nb_mail>(workspace(g) + header_.mailbox_offset); }
  nb_rule* rules(uint32_t g) const { return at<nb_rule>(workspace(g) + header_.rules_offset); }
  nb_filter* filters(uint32_t g) const { return at<nb_filter>(workspace(g) + header_.filters_offset); }
  nb_outgoing* outgoing(uint32_t g) const { return at<nb_outgoing>(workspace(g) + header_.outgoing_offset); }
  // A synapse column of type T: `offset` is a synapse_*_offset of the header.
  template <typename T>
  T* column(uint32_t g, uint64_t offset) const {
    return at<T>(workspace(g) + offset);
  }
  uint8_t* arena() const { return base_ + header_.arena_offset; }
  uint32_t spike_offset(const nb_spike* spike) const {
    return static_cast<uint32_t>((reinterpret_cast<const uint8_t*>(spike) - base_) / NB_SPIKE_BYTES);
  }

 private:
  template <typename T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }

  uint8_t* base_ = nullptr;
  nb_segment_header header_{};  // a checked copy: the shared one is never believed twice
};

}  // namespace neuronbus
