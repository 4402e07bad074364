// SPDX-License-Identifier: MIT
#include "message.h"

#include <algorithm>
#include <cstring>

namespace neuronbus {
namespace {

constexpr uint32_t kTraceBytes = 55;

uint32_t header_offset(uint8_t kind) { return kind >> 2 == NB_LENGTH_ARENA ? sizeof(nb_arena_ref) : 0; }

}  // namespace

bool read_message(const nb_spike& spike, uint8_t kind, MessageHeader* header) {
  const uint32_t inside = kind >> 2;
  if ((kind & NB_TYPE_MASK) != NB_TYPE_MESSAGE || inside < NB_MESSAGE_BYTES) return false;
  const bool far = inside == NB_LENGTH_ARENA;
  uint8_t bytes[NB_MESSAGE_BYTES];
  std::memcpy(bytes, spike.payload + header_offset(kind), sizeof bytes);
  header->what = bytes[0];
  header->flags = bytes[1];
  std::memcpy(&header->exchange, bytes + 2, 4);
  std::memcpy(&header->correlation, bytes + 6, 4);
  std::memcpy(&header->deadline, bytes + 10, 4);
  header->encoding = bytes[14] & 3;
  header->length = far ? 0 : std::min<uint32_t>(bytes[14] >> 2, inside - NB_MESSAGE_BYTES);
  header->scale = bytes[15];
  return header->what < NB_MESSAGE_WHATS;
}

void write_message(nb_spike* spike, const MessageHeader& header) {
  uint8_t bytes[NB_MESSAGE_BYTES] = {header.what, header.flags};
  std::memcpy(bytes + 2, &header.exchange, 4);
  std::memcpy(bytes + 6, &header.correlation, 4);
  std::memcpy(bytes + 10, &header.deadline, 4);
  bytes[14] = static_cast<uint8_t>(header.encoding | header.length << 2);
  bytes[15] = header.scale;
  std::memcpy(spike->payload + header_offset(spike->kind), bytes, sizeof bytes);
}

double on_scale(double delay_ns, uint8_t scale) {
  if (scale == 0) return 1;
  const uint32_t bits = NB_MESSAGE_SCALE_BASE + (uint32_t{scale} << NB_MESSAGE_SCALE_SHIFT);
  float usual_ns;
  std::memcpy(&usual_ns, &bits, sizeof usual_ns);
  return delay_ns / static_cast<double>(usual_ns);
}

bool skip_preamble(uint8_t flags, const uint8_t** data, uint32_t* length) {
  uint32_t skipped = 0;
  if ((flags & NB_MESSAGE_HAS_TRACE) != 0) {
    if (*length < kTraceBytes) return false;
    skipped = kTraceBytes;
  }
  if ((flags & NB_MESSAGE_HAS_CHANNEL) != 0) {
    const void* end = std::memchr(*data + skipped, 0, *length - skipped);
    if (end == nullptr) return false;
    skipped = static_cast<uint32_t>(static_cast<const uint8_t*>(end) - *data) + 1;
  }
  *data += skipped;
  *length -= skipped;
  return true;
}

}  // namespace neuronbus
