// SPDX-License-Identifier: MIT
#include "segment.h"

#include <cstring>

#include "atomics.h"

namespace neuronbus {
namespace {

constexpr uint32_t kMaxAxonCapacity = 1u << 26;
constexpr uint32_t kMaxSynapses = 1u << 28;
constexpr uint32_t kMaxArenaChunks = 1u << 20;

uint64_t align_up(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

bool is_power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

nb_status check(const SegmentOptions& o) {
  if (o.axon_capacity < 2 || o.axon_capacity > kMaxAxonCapacity || !is_power_of_two(o.axon_capacity)) {
    return NB_ERR_CAPACITY;
  }
  if (o.mode > NB_MODE_SAMPLE || o.sample_every == 0) return NB_ERR_INVALID_ARGUMENT;
  if (o.max_ganglia > NB_MAX_GANGLIA || o.max_axons > NB_MAX_GANGLIA * NB_MAX_GANGLIA) return NB_ERR_INVALID_ARGUMENT;
  if (o.max_neurons > NB_MAX_NEURONS || o.max_synapses > kMaxSynapses) return NB_ERR_INVALID_ARGUMENT;
  if (o.max_rules > 0xFFFF || o.max_filters > 0xFFFE) return NB_ERR_INVALID_ARGUMENT;
  if (o.arena_chunks > kMaxArenaChunks) return NB_ERR_INVALID_ARGUMENT;
  if (std::strlen(o.name) >= NB_NAME_BYTES) return NB_ERR_INVALID_ARGUMENT;
  return NB_OK;
}

// Hands out the offsets of the tables in the order of the drawing in layout.h.
class Planner {
 public:
  explicit Planner(uint64_t first) : next_(first) {}

  uint64_t take(uint64_t count, uint64_t bytes_each, uint64_t alignment = NB_LINE_BYTES) {
    const uint64_t start = align_up(next_, alignment);
    next_ = start + count * bytes_each;
    return start;
  }
  uint64_t end() const { return align_up(next_, NB_PAGE_BYTES); }

 private:
  uint64_t next_;
};

// Everything in the header that follows from the sizes; what attach() recomputes and compares.
void plan(nb_segment_header* h) {
  h->header_bytes = sizeof(nb_segment_header);
  h->dispatch_capacity = h->max_ganglia > 0 ? h->max_neurons + NB_DISPATCH_SLACK : 0;
  h->synapse_hash_slots = h->max_synapses + h->max_synapses / 3 + (h->max_synapses > 0 ? 1 : 0);

  Planner workspace(0);
  workspace.take(1, sizeof(nb_control));
  h->dispatch_offset = workspace.take(h->dispatch_capacity, sizeof(nb_dispatch));
  h->emissions_offset = workspace.take(NB_EMISSION_LOG_ENTRIES, sizeof(nb_emission));
  h->prunes_offset = workspace.take(NB_PRUNE_LOG_ENTRIES, sizeof(nb_prune));
  h->inbox_offset = workspace.take(NB_INBOX_SLOTS, sizeof(nb_spike));
  h->mailbox_offset = workspace.take(NB_MAIL_SLOTS, sizeof(nb_mail));
  h->rules_offset = workspace.take(h->max_rules, sizeof(nb_rule));
  h->filters_offset = workspace.take(h->max_filters, sizeof(nb_filter));
  h->outgoing_offset = workspace.take(h->max_neurons, sizeof(nb_outgoing));
  h->synapse_pre_offset = workspace.take(h->max_synapses, 2);
  h->synapse_post_offset = workspace.take(h->max_synapses, 2);
  h->synapse_rule_offset = workspace.take(h->max_synapses, 2);
  h->synapse_filter_offset = workspace.take(h->max_synapses, 2);
  h->synapse_ties_offset = workspace.take(h->max_synapses, 2);
  h->synapse_weight_offset = workspace.take(h->max_synapses, 8);
  h->synapse_last_pre_offset = workspace.take(h->max_synapses, 8);
  h->synapse_trace_offset = workspace.take(h->max_synapses, 8);
  h->synapse_next_out_offset = workspace.take(h->max_synapses, 4);
  h->synapse_next_in_offset = workspace.take(h->max_synapses, 4);
  h->synapse_hash_offset = workspace.take(h->synapse_hash_slots, 4);
  h->workspace_stride = workspace.end();

  Planner segment(NB_PAGE_BYTES);
  h->ganglia_offset = segment.take(h->max_ganglia, sizeof(nb_ganglion));
  h->axon_index_offset = segment.take(uint64_t{h->max_ganglia} * h->max_ganglia, sizeof(uint32_t));
  h->commons_offset = segment.take(1, sizeof(nb_commons));
  h->roster_offset = segment.take(h->max_neurons, sizeof(uint32_t));
  h->cards_offset = segment.take(h->max_neurons, sizeof(nb_arena_ref));
  h->neurons_offset = segment.take(h->max_neurons, sizeof(nb_neuron));
  h->workspace_offset = segment.take(h->max_ganglia, h->workspace_stride, NB_PAGE_BYTES);
  h->axon_stride = align_up(sizeof(nb_axon) + uint64_t{h->axon_capacity} * sizeof(nb_spike), NB_LINE_BYTES);
  h->axons_offset = segment.take(h->max_axons, h->axon_stride, NB_PAGE_BYTES);
  h->arena_offset = segment.take(h->arena_chunk_count, NB_ARENA_CHUNK_BYTES, NB_PAGE_BYTES);
  h->segment_bytes = segment.end();
}

uint32_t checksum_of(nb_segment_header header) {
  header.checksum = header.state = 0;
  uint8_t bytes[sizeof header];
  std::memcpy(bytes, &header, sizeof header);
  uint32_t sum = 2166136261u;
  for (const uint8_t byte : bytes) sum = (sum ^ byte) * 16777619u;
  return sum;
}

nb_segment_header header_for(const SegmentOptions& o) {
  nb_segment_header h{};
  h.magic_lo = NB_SEGMENT_MAGIC_LO;
  h.magic_hi = NB_SEGMENT_MAGIC_HI;
  h.layout_version = NB_LAYOUT_VERSION;
  h.flags = o.virtual_clock ? NB_FLAG_VIRTUAL_CLOCK : 0;
  h.max_ganglia = o.max_ganglia;
  h.max_axons = o.max_axons;
  h.axon_capacity = o.axon_capacity;
  h.max_neurons = o.max_neurons;
  h.max_synapses = o.max_synapses;
  h.max_rules = o.max_rules;
  h.max_filters = o.max_filters;
  h.arena_chunk_count = o.arena_chunks;
  h.backpressure = o.mode;
  h.drop_sample_every = o.sample_every;
  h.block_ns = o.block_ns;
  std::strncpy(h.name, o.name, NB_NAME_BYTES - 1);
  plan(&h);
  return h;
}

}  // namespace

nb_status Segment::size(const SegmentOptions& options, size_t* bytes) {
  const nb_status status = check(options);
  if (status != NB_OK) return status;
  *bytes = header_for(options).segment_bytes;
  return NB_OK;
}

size_t Segment::common_bytes(const SegmentOptions& options) { return header_for(options).workspace_offset; }

nb_status Segment::format(uint8_t* base, size_t bytes, const SegmentOptions& options, uint64_t now_ns) {
  const nb_status status = check(options);
  if (status != NB_OK) return status;
  nb_segment_header header = header_for(options);
  if (header.segment_bytes > bytes) return NB_ERR_INVALID_ARGUMENT;
  header.created_ns = now_ns;
  header.state = NB_SEGMENT_NEW;
  header.checksum = checksum_of(header);
  auto* shared_header = reinterpret_cast<nb_segment_header*>(base);
  std::memcpy(shared_header, &header, sizeof header);
  NB_FAULT_POINT("header written");
  // A bus formats its axons when they are opened; those of a segment without ganglia are there from the start.
  if (options.max_ganglia == 0) {
    Segment whole;
    whole.base_ = base;
    whole.header_ = header;
    for (uint32_t i = 0; i < options.max_axons; i++) whole.format_axon(i);
  }
  store_release<uint32_t>(shared_header->state, NB_SEGMENT_READY);  // SYNC segment-ready
  return NB_OK;
}

void Segment::format_axon(uint32_t index) const {
  nb_axon& to = axon(index);
  to.capacity = header_.axon_capacity;
  to.mode = header_.backpressure;
  to.sample_every = static_cast<uint32_t>(header_.drop_sample_every);
  to.block_ns = header_.block_ns;
}

nb_status Segment::attach(uint8_t* base, size_t bytes, Segment* out) {
  if (bytes < NB_PAGE_BYTES) return NB_ERR_BAD_SEGMENT;
  auto* shared_header = reinterpret_cast<nb_segment_header*>(base);
  const uint32_t state = load_acquire(shared_header->state);  // SYNC segment-ready
  nb_segment_header header;
  std::memcpy(&header, shared_header, sizeof header);
  header.state = state;
  if (header.magic_lo != NB_SEGMENT_MAGIC_LO || header.magic_hi != NB_SEGMENT_MAGIC_HI) return NB_ERR_BAD_SEGMENT;
  if (header.layout_version != NB_LAYOUT_VERSION || header.header_bytes != sizeof header) return NB_ERR_VERSION;
  if (header.checksum != checksum_of(header)) return NB_ERR_BAD_SEGMENT;
  if (state == NB_SEGMENT_CLOSED) return NB_ERR_NO_SUCH_SEGMENT;
  if (state != NB_SEGMENT_READY) return NB_ERR_BAD_SEGMENT;

  SegmentOptions sizes;
  sizes.max_ganglia = header.max_ganglia;
  sizes.max_axons = header.max_axons;
  sizes.axon_capacity = header.axon_capacity;
  sizes.mode = header.backpressure;
  sizes.max_neurons = header.max_neurons;
  sizes.max_synapses = header.max_synapses;
  sizes.max_rules = header.max_rules;
  sizes.max_filters = header.max_filters;
  sizes.arena_chunks = header.arena_chunk_count;
  if (header.drop_sample_every == 0 || header.drop_sample_every > UINT32_MAX) return NB_ERR_BAD_SEGMENT;
  if ((header.flags & ~uint32_t{NB_FLAG_VIRTUAL_CLOCK}) != 0) return NB_ERR_BAD_SEGMENT;
  sizes.sample_every = static_cast<uint32_t>(header.drop_sample_every);
  if (check(sizes) != NB_OK) return NB_ERR_BAD_SEGMENT;
  if (header.name[NB_NAME_BYTES - 1] != '\0') return NB_ERR_BAD_SEGMENT;
  nb_segment_header expected = header;
  plan(&expected);
  if (std::memcmp(&expected, &header, sizeof header) != 0) return NB_ERR_BAD_SEGMENT;
  if (header.segment_bytes > bytes) return NB_ERR_BAD_SEGMENT;
  out->base_ = base;
  out->header_ = header;
  return NB_OK;
}

}  // namespace neuronbus
