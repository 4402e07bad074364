// SPDX-License-Identifier: MIT
//
// nb_bus: one ganglion with its host in native code. Called on the one thread that owns it. api.cc is the C face of it.
#pragma once

#include <cstdint>
#include <memory>

#include "backlog.h"
#include "directory.h"
#include "ganglion.h"
#include "intake.h"
#include "mapping.h"
#include "neuronbus/neuronbus.h"
#include "outbox.h"
#include "process.h"
#include "questions.h"
#include "segment.h"

namespace neuronbus {

// The last error in words. Nothing is allocated, so that saying it cannot fail.
class Fault {
 public:
  // Says what `status` means, behind `detail`, and returns it.
  nb_status say(nb_status status, const char* format, ...);
  const char* text() const { return text_; }

 private:
  char text_[384] = "";
};

}  // namespace neuronbus

struct nb_bus {
 public:
  static nb_status create(const char* name, const nb_bus_options* options, neuronbus::Fault& fault, nb_bus** out);
  static nb_status open(const char* name, neuronbus::Fault& fault, nb_bus** out);
  static nb_status attach(neuronbus::MappingHandle handle, neuronbus::Fault& fault, nb_bus** out);
  ~nb_bus();
  nb_bus(const nb_bus&) = delete;
  nb_bus& operator=(const nb_bus&) = delete;

  nb_status register_neuron(const nb_card& card, uint16_t* id);
  nb_status unregister_neuron(uint16_t id);
  nb_status connect(uint16_t pre, uint16_t post, double weight, const nb_rule* rule);

  // `asked`: the spike that this one answers, or null.
  nb_status fire(uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const void* data, uint32_t length,
                 const nb_spike* asked);
  // The answer to `question`, a message; to one that asks nothing, a message. `encoding`: NB_VALUE_*, or kAsAsked.
  nb_status answer(uint16_t source, const nb_spike& question, uint8_t what, uint32_t encoding, const void* data, uint32_t length);
  // As nb_request().
  nb_status request(uint16_t source, uint16_t target, uint32_t encoding, const void* data, uint32_t length, uint32_t timeout_ms,
                    uint32_t* exchange);
  nb_status fire_block(uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const nb_arena_ref& block);

  uint32_t poll(const nb_delivery** batch, uint32_t max);
  nb_status wait(int32_t timeout_ms);
  nb_status stats(nb_stats_t* out);

  neuronbus::Arena& arena() { return ganglion_->arena(); }
  neuronbus::Directory& directory() { return directory_; }
  neuronbus::MappingHandle handle() const { return mapping_->handle(); }
  // Whether another process joined with it: then this one is a child by fork().
  bool inherited() const { return process_ != neuronbus::process_token(); }
  neuronbus::Fault& fault() { return fault_; }
  const neuronbus::Fault& fault() const { return fault_; }

  static constexpr uint32_t kAsAsked = UINT32_MAX;

 private:
  nb_bus(neuronbus::Mapping* mapping, const neuronbus::Segment& segment, std::unique_ptr<neuronbus::Ganglion> ganglion);
  static nb_status join(neuronbus::Mapping* mapping, neuronbus::Fault& fault, nb_bus** out);
  nb_status check(uint16_t source, uint16_t target, uint8_t type, bool reply);
  // The payload of `spike`, which has its type: inside of it, or in a block of one reference, which is the caller's.
  nb_status fill(nb_spike* spike, uint32_t head, uint32_t room, const void* data, uint32_t length, nb_arena_ref* block);
  // Sends a message with this value, whose length the header is yet to say. `spike` has all but type, payload, stamp, sequence.
  nb_status send(nb_spike* spike, neuronbus::MessageHeader header, const void* data, uint32_t length);
  // Whether questions ended without an answer. Those whose time is over are withdrawn.
  bool any_lost();
  void make_rounds();
  nb_status lose();

  neuronbus::Fault fault_;
  const uint64_t process_ = neuronbus::process_token();
  neuronbus::Mapping* mapping_;
  neuronbus::Segment segment_;
  std::unique_ptr<neuronbus::Ganglion> ganglion_;
  neuronbus::Outbox outbox_;
  neuronbus::Questions questions_;
  neuronbus::Backlog backlog_;
  neuronbus::Intake intake_;
  neuronbus::Directory directory_;
  uint64_t next_rounds_ns_ = 0;
  uint32_t conversations_ = 0;
  nb_status lost_ = NB_OK;  // NB_ERR_BAD_SEGMENT: the memory is gone
};
