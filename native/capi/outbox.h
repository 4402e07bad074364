// SPDX-License-Identifier: MIT
//
// The way out of a ganglion whose host is native code: its own ring for its own neurons, an axon for each other ganglion that
// it ever sent to. Called on the one thread that owns the ganglion.
//
// What emitter.ts and outboxes.ts do for JavaScript. Here every spike reads the clock and is published at once, because both
// are cheap without a language boundary.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "axon.h"
#include "ganglion.h"
#include "segment.h"

namespace neuronbus {

class Outbox {
 public:
  Outbox(const Segment& segment, Ganglion& ganglion);

  // Sends `spike`, of which everything is set but stamp and sequence, to its target or the listeners of its source. `block`:
  // the arena block that its payload names, or null; each ring that takes the spike gets a reference of its own, and the
  // caller keeps its one. NB_ERR_FULL (dropped and counted; of a broadcast by somebody), and as Ganglion::open_axon().
  nb_status post(nb_spike& spike, const nb_arena_ref* block);

  // Gives up the axons to ganglia that are gone.
  void forget_gone();
  // Ends sending; before the ganglion goes.
  void close();

 private:
  struct Box {
    uint32_t generation = 0;  // of the receiver when the axon was opened: with another one it is somebody else
    AxonProducer producer;
  };

  nb_status broadcast(const nb_spike& spike, const nb_arena_ref* block);
  nb_status send(uint32_t to, const nb_spike& spike, const nb_arena_ref* block);
  nb_status keep(const nb_spike& spike, const nb_arena_ref* block);
  bool admit();
  uint32_t used() const;
  bool refuse(uint32_t reason);
  void release(const nb_spike& spike);
  nb_status open(uint32_t to, Box** out);
  void forget(uint32_t to);
  bool generation_of(uint32_t to, uint32_t* generation) const;

  Segment segment_;
  Ganglion& ganglion_;
  nb_control& control_;
  // own ring
  nb_axon& axon_;
  nb_spike* slots_;
  uint32_t capacity_;
  uint32_t soft_limit_;  // from so many waiting spikes on admit() decides
  uint32_t stride_;
  uint64_t head_ = 0;  // 63-bit position of the next spike
  uint64_t intent_ = 0;
  uint64_t pressed_ = 0;  // NB_MODE_SAMPLE: spikes offered under pressure
  uint32_t accepted_ = 0;  // rings that took the spike in hand
  std::array<std::unique_ptr<Box>, NB_MAX_GANGLIA> boxes_;
};

}  // namespace neuronbus
