// SPDX-License-Identifier: MIT
#include "native/core/segment.h"

#include <cstdio>
#include <cstring>
#include <vector>

#include "harness.h"

using namespace neuronbus;

namespace {

SegmentOptions small_bus() {
  SegmentOptions options;
  options.max_ganglia = 2;
  options.max_axons = 3;
  options.axon_capacity = 16;
  options.max_neurons = 8;
  options.max_synapses = 32;
  options.max_rules = 4;
  options.max_filters = 4;
  options.arena_chunks = 2;
  options.sample_every = 4;
  options.name = "test";
  return options;
}

// A formatted segment in ordinary memory, so that sanitizers see every access beyond it.
struct Image {
  explicit Image(const SegmentOptions& options) {
    size_t bytes = 0;
    CHECK_EQ(Segment::size(options, &bytes), NB_OK);
    memory.assign(bytes + NB_PAGE_BYTES, 0);
    base = memory.data() + (NB_PAGE_BYTES - reinterpret_cast<uintptr_t>(memory.data()) % NB_PAGE_BYTES);
    size = bytes;
    CHECK_EQ(Segment::format(base, size, options, 42), NB_OK);
  }
  nb_segment_header& header() { return *reinterpret_cast<nb_segment_header*>(base); }
  // As a hostile writer would: FNV-1a with checksum and state 0.
  void sign() {
    nb_segment_header copy = header();
    copy.checksum = copy.state = 0;
    uint32_t sum = 0x811C9DC5u;
    for (size_t i = 0; i < sizeof copy; i++) sum = (sum ^ reinterpret_cast<const uint8_t*>(&copy)[i]) * 0x01000193u;
    header().checksum = sum;
  }
  nb_status attach(Segment* segment) { return Segment::attach(base, size, segment); }

  std::vector<uint8_t> memory;
  uint8_t* base = nullptr;
  size_t size = 0;
};

struct Field {
  const char* name;
  size_t offset;
  size_t bytes;
};

#define FIELD(name) \
  { #name, offsetof(nb_segment_header, name), sizeof(nb_segment_header::name) }

// Any other value than the creator's is refused.
const Field kExact[] = {
    FIELD(magic_lo), FIELD(magic_hi), FIELD(layout_version), FIELD(header_bytes), FIELD(segment_bytes), FIELD(state),
    FIELD(axon_capacity), FIELD(synapse_hash_slots), FIELD(dispatch_capacity), FIELD(ganglia_offset),
    FIELD(axon_index_offset), FIELD(commons_offset), FIELD(roster_offset), FIELD(cards_offset), FIELD(dispatch_offset),
    FIELD(emissions_offset), FIELD(prunes_offset), FIELD(inbox_offset), FIELD(mailbox_offset), FIELD(outgoing_offset),
    FIELD(neurons_offset), FIELD(rules_offset), FIELD(filters_offset),
    FIELD(synapse_pre_offset), FIELD(synapse_post_offset), FIELD(synapse_rule_offset), FIELD(synapse_filter_offset),
    FIELD(synapse_ties_offset), FIELD(synapse_weight_offset), FIELD(synapse_last_pre_offset),
    FIELD(synapse_trace_offset), FIELD(synapse_next_out_offset), FIELD(synapse_next_in_offset),
    FIELD(synapse_hash_offset), FIELD(workspace_offset), FIELD(workspace_stride), FIELD(axons_offset),
    FIELD(axon_stride), FIELD(arena_offset),
};

// Counts of records: another value is refused unless all tables still lie where they did, in the room of the alignment.
const Field kCounts[] = {
    FIELD(max_ganglia), FIELD(max_axons), FIELD(max_neurons), FIELD(max_synapses), FIELD(max_rules),
    FIELD(max_filters), FIELD(arena_chunk_count),
};

uint64_t read_field(const nb_segment_header& header, const Field& field) {
  uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const uint8_t*>(&header) + field.offset, field.bytes);
  return value;
}

void write_field(nb_segment_header* header, const Field& field, uint64_t value) {
  std::memcpy(reinterpret_cast<uint8_t*>(header) + field.offset, &value, field.bytes);
}

// Values that a damaged or hostile header may hold instead of `right`.
std::vector<uint64_t> wrong_values(uint64_t right, size_t bytes, nbtest::Random& random) {
  const uint64_t mask = bytes == 8 ? UINT64_MAX : (uint64_t{1} << (8 * bytes)) - 1;
  std::vector<uint64_t> values = {0, 1, right + 1, right - 1, right + 64, right * 2, right / 2, mask, mask / 2 + 1};
  for (size_t bit = 0; bit < 8 * bytes; bit++) values.push_back(right ^ (uint64_t{1} << bit));
  for (int i = 0; i < 50; i++) values.push_back(random.next());
  std::vector<uint64_t> wrong;
  for (const uint64_t value : values) {
    if ((value & mask) != right) wrong.push_back(value & mask);
  }
  return wrong;
}

}  // namespace

NB_TEST("segment: what was formatted can be attached, with every table inside") {
  Image image(small_bus());
  Segment segment;
  if (!CHECK_EQ(image.attach(&segment), NB_OK)) return;
  const nb_segment_header& header = segment.header();
  CHECK_EQ(header.max_neurons, 8u);
  CHECK_EQ(header.created_ns, 42u);
  CHECK(std::strcmp(header.name, "test") == 0);
  segment.format_axon(2);
  CHECK_EQ(segment.axon(2).capacity, 16u);
  CHECK_EQ(segment.arena() - image.base, static_cast<ptrdiff_t>(header.arena_offset));
  CHECK_EQ(header.arena_offset % NB_PAGE_BYTES, 0u);
  CHECK_EQ(header.segment_bytes, image.size);
  CHECK_EQ(header.arena_offset + 2u * NB_ARENA_CHUNK_BYTES, image.size);
}

NB_TEST("segment: a wrong value in any field of the header is refused and changes nothing") {
  nbtest::Random random = nbtest::random_for_test();
  Image image(small_bus());
  for (const Field& field : kExact) {
    const uint64_t right = read_field(image.header(), field);
    for (const uint64_t wrong : wrong_values(right, field.bytes, random)) {
      write_field(&image.header(), field, wrong);
      image.sign();
      Segment segment;
      const nb_status status = image.attach(&segment);
      const bool refused = status == NB_ERR_BAD_SEGMENT || status == NB_ERR_VERSION || status == NB_ERR_NO_SUCH_SEGMENT;
      if (!CHECK(refused)) {
        std::printf("     %s = %llu was accepted\n", field.name, static_cast<unsigned long long>(wrong));
      }
      CHECK(segment.base() == nullptr);
      CHECK_EQ(read_field(image.header(), field), wrong);
    }
    write_field(&image.header(), field, right);
    image.sign();
  }
  Segment segment;
  CHECK_EQ(image.attach(&segment), NB_OK);
}

NB_TEST("segment: a wrong count is refused unless the tables keep their places") {
  nbtest::Random random = nbtest::random_for_test();
  Image image(small_bus());
  const nb_segment_header original = image.header();
  for (const Field& field : kCounts) {
    for (const uint64_t wrong : wrong_values(read_field(original, field), field.bytes, random)) {
      write_field(&image.header(), field, wrong);
      image.sign();
      Segment segment;
      if (image.attach(&segment) == NB_OK) {
        nb_segment_header accepted = segment.header();
        write_field(&accepted, field, read_field(original, field));
        accepted.checksum = original.checksum;
        if (!CHECK(std::memcmp(&accepted, &original, sizeof original) == 0)) std::printf("     %s\n", field.name);
      }
    }
    image.header() = original;
  }
}

NB_TEST("segment: a backpressure mode that does not exist and a name without an end are refused") {
  Image image(small_bus());
  Segment segment;
  image.header().backpressure = NB_MODE_SAMPLE + 1;
  image.sign();
  CHECK_EQ(image.attach(&segment), NB_ERR_BAD_SEGMENT);
  image.header().backpressure = NB_MODE_SAMPLE;
  image.sign();
  CHECK_EQ(image.attach(&segment), NB_OK);
  std::memset(image.header().name, 'x', NB_NAME_BYTES);
  image.sign();
  CHECK_EQ(image.attach(&segment), NB_ERR_BAD_SEGMENT);
}

NB_TEST("segment: a single wrong bit anywhere in the header is refused") {
  Image image(small_bus());
  Segment segment;
  for (size_t bit = 0; bit < 8 * sizeof(nb_segment_header); bit++) {
    image.base[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    const nb_status status = image.attach(&segment);
    if (!CHECK(status == NB_ERR_BAD_SEGMENT || status == NB_ERR_VERSION)) std::printf("     bit %zu\n", bit);
    image.base[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
  CHECK_EQ(image.attach(&segment), NB_OK);
}

NB_TEST("segment: another layout version or size of the header is told apart from damage") {
  Image image(small_bus());
  Segment segment;
  image.header().header_bytes += 8;
  CHECK_EQ(image.attach(&segment), NB_ERR_VERSION);
  image.header().header_bytes -= 8;
  image.header().layout_version++;
  CHECK_EQ(image.attach(&segment), NB_ERR_VERSION);
  image.header().magic_lo++;
  CHECK_EQ(image.attach(&segment), NB_ERR_BAD_SEGMENT);
}

NB_TEST("segment: random bytes are refused") {
  nbtest::Random random = nbtest::random_for_test();
  Image image(small_bus());
  const nb_segment_header original = image.header();
  for (int round = 0; round < 2000; round++) {
    auto* bytes = reinterpret_cast<uint8_t*>(&image.header());
    const size_t begin = random.below(sizeof original);
    const size_t end = round % 2 == 0 ? sizeof original : begin + random.below(sizeof original - begin) + 1;
    for (size_t i = round % 2 == 0 ? 0 : begin; i < end; i++) bytes[i] = static_cast<uint8_t>(random.next());
    Segment segment;
    if (image.attach(&segment) == NB_OK) {
      CHECK_EQ(segment.header().segment_bytes, original.segment_bytes);
      CHECK_EQ(segment.header().arena_offset, original.arena_offset);
    }
    image.header() = original;
  }
}

NB_TEST("segment: a mapping that is too short for its header is refused") {
  Image image(small_bus());
  Segment segment;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{NB_PAGE_BYTES - 1}, size_t{NB_PAGE_BYTES}, image.size - 1}) {
    CHECK_EQ(Segment::attach(image.base, bytes, &segment), NB_ERR_BAD_SEGMENT);
  }
  CHECK_EQ(Segment::attach(image.base, image.size, &segment), NB_OK);
}

NB_TEST("segment: options out of range are refused, not rounded") {
  size_t bytes;
  SegmentOptions options = small_bus();
  for (const uint32_t capacity : {0u, 1u, 3u, 17u, (1u << 26) + 1, 1u << 27}) {
    options.axon_capacity = capacity;
    CHECK_EQ(Segment::size(options, &bytes), NB_ERR_CAPACITY);
  }
  options = small_bus();
  options.max_neurons = NB_MAX_NEURONS + 1;
  CHECK_EQ(Segment::size(options, &bytes), NB_ERR_INVALID_ARGUMENT);
  options = small_bus();
  options.sample_every = 0;
  CHECK_EQ(Segment::size(options, &bytes), NB_ERR_INVALID_ARGUMENT);
  options = small_bus();
  options.mode = NB_MODE_SAMPLE + 1;
  CHECK_EQ(Segment::size(options, &bytes), NB_ERR_INVALID_ARGUMENT);
}
