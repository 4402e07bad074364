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

  // Writes header and tables into zeroed memory of at least size() bytes and marks it ready.
  static nb_status format(uint8_t* base, size_t bytes, const SegmentOptions& options, uint64_t now_ns);

  // NB_ERR_BAD_SEGMENT (no magic, not ready, sizes or offsets that do not fit), NB_ERR_VERSION,
  // NB_ERR_NO_SUCH_SEGMENT (closed by its creator). The memory is not changed.
  static nb_status attach(uint8_t* base, size_t bytes, Segment* out);

  const nb_segment_header& header() const { return header_; }
  uint8_t* base() const { return base_; }

  nb_ganglion& ganglion(uint32_t index) const { return at<nb_ganglion>(header_.ganglia_offset)[index]; }
  uint32_t& axon_index(uint32_t from, uint32_t to) const {
    return at<uint32_t>(header_.axon_index_offset)[from * header_.max_ganglia + to];
  }
  nb_axon& axon(uint32_t index) const { return *at<nb_axon>(header_.axons_offset + index * header_.axon_stride); }
  nb_neuron* neurons() const { return at<nb_neuron>(header_.neurons_offset); }
  nb_rule* rules() const { return at<nb_rule>(header_.rules_offset); }
  nb_filter* filters() const { return at<nb_filter>(header_.filters_offset); }
  uint16_t* synapse_pre() const { return at<uint16_t>(header_.synapse_pre_offset); }
  uint16_t* synapse_post() const { return at<uint16_t>(header_.synapse_post_offset); }
  uint16_t* synapse_rule() const { return at<uint16_t>(header_.synapse_rule_offset); }
  uint16_t* synapse_filter() const { return at<uint16_t>(header_.synapse_filter_offset); }
  uint8_t* synapse_ties() const { return at<uint8_t>(header_.synapse_ties_offset); }
  double* synapse_weight() const { return at<double>(header_.synapse_weight_offset); }
  uint64_t* synapse_last_pre() const { return at<uint64_t>(header_.synapse_last_pre_offset); }
  uint8_t* synapse_trace() const { return at<uint8_t>(header_.synapse_trace_offset); }
  uint32_t* synapse_next_out() const { return at<uint32_t>(header_.synapse_next_out_offset); }
  uint32_t* synapse_next_in() const { return at<uint32_t>(header_.synapse_next_in_offset); }
  uint32_t* synapse_hash() const { return at<uint32_t>(header_.synapse_hash_offset); }
  nb_control& control(uint32_t ganglion) const { return *at<nb_control>(workspace(ganglion)); }
  nb_dispatch* dispatch(uint32_t ganglion) const { return at<nb_dispatch>(workspace(ganglion) + sizeof(nb_control)); }
  nb_emission* emissions(uint32_t ganglion) const {
    return at<nb_emission>(workspace(ganglion) + sizeof(nb_control) + header_.dispatch_capacity * sizeof(nb_dispatch));
  }
  nb_prune* prunes(uint32_t ganglion) const {
    return reinterpret_cast<nb_prune*>(emissions(ganglion) + NB_EMISSION_LOG_ENTRIES);
  }
  nb_spike* inbox(uint32_t ganglion) const {
    return at<nb_spike>(workspace(ganglion) + header_.workspace_stride - NB_INBOX_SLOTS * sizeof(nb_spike));
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
  uint64_t workspace(uint32_t ganglion) const {
    return header_.workspace_offset + ganglion * header_.workspace_stride;
  }

  uint8_t* base_ = nullptr;
  nb_segment_header header_{};  // a checked copy: the shared one is never believed twice
};

}  // namespace neuronbus
