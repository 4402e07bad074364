// SPDX-License-Identifier: MIT
//
// The way in of a ganglion whose host is native code: batches in place, which of them were answered, waiting. Called on the
// one thread that owns the ganglion. What dispatcher.ts does for JavaScript.
//
//   dispatch list   | handed out and booked | handed out now | to come |
//                   0               control.handled        next_     count_
#pragma once

#include <cstdint>
#include <vector>

#include "backlog.h"
#include "ganglion.h"
#include "neuronbus/neuronbus.h"
#include "questions.h"
#include "segment.h"

namespace neuronbus {

class Intake {
 public:
  Intake(const Segment& segment, Ganglion& ganglion, Questions& questions, Backlog& backlog);  // throws std::bad_alloc

  // Ends the batch before and hands out the next one.
  uint32_t poll(const nb_delivery** batch, uint32_t max);

  // Ends the batch before. Then look(): whether poll() has something. Reads the clock.
  void end_batch();
  bool look();
  // Sleeps until others send something, for at most `timeout_ns`. After look() found nothing. Touches no memory of the bus when
  // it wakes up; rise() before anything else does.
  void sleep(uint64_t timeout_ns);
  void rise() { ganglion_.unpark(); }

  // A neuron of this ganglion sent `spike`: what does it answer? `asked` is what it says to answer, or null.
  void note(const nb_spike& spike, const nb_spike* asked);

  // What the exchange of `asker` with `answerer`, of this ganglion, came to: NB_LESSON_*.
  void teach(uint16_t asker, uint16_t answerer, uint32_t lesson, double value);

  // Counts what is handed out as handled, though it stays where it is: neurons or synapses are about to change.
  void settle_now();
  // Routed spikes that are not booked.
  uint32_t waiting() const { return count_ - control_.settled; }
  // What was not handed out is lost with the ganglion.
  void abandon();

  uint64_t now() const { return control_.now_lo | uint64_t{control_.now_hi} << 32; }

 private:
  // The last batch that had spikes for a neuron, and its first delivery there that may be unanswered.
  struct Place {
    uint64_t batch = 0;
    uint32_t first = 0;
  };

  void route(uint32_t budget);
  uint32_t hand_out(uint32_t max);
  bool read(const nb_dispatch& entry, nb_delivery* out) const;
  // Whether it is a message that is not for the agent, but about a question; then what it teaches is learnt. An answer to one of
  // the agent's own is marked and is for the agent; a question is, too, and waits for an answer from now on.
  bool heed(nb_delivery* delivery);
  uint32_t find(uint16_t source, const nb_spike& asked);
  uint32_t oldest_unanswered(uint16_t source, uint16_t target);
  nb_dispatch& entry_of(uint32_t delivery) { return dispatch_[entries_[delivery]]; }
  bool answered(uint32_t delivery) { return (entry_of(delivery).flags & NB_DISPATCH_ANSWERED) != 0; }
  void log(const nb_spike& spike, const nb_spike* asked, uint32_t what);

  Segment segment_;
  Ganglion& ganglion_;
  Questions& questions_;
  Backlog& backlog_;
  nb_ganglion& self_;
  nb_control& control_;
  nb_dispatch* dispatch_;
  std::vector<nb_delivery> batch_;
  std::vector<uint32_t> entries_;  // dispatch entries of the deliveries in batch_
  std::vector<Place> places_;      // by neuron
  uint64_t batches_ = 0;
  uint32_t handed_ = 0;  // deliveries in batch_
  uint32_t next_ = 0;
  uint32_t count_ = 0;
  uint32_t hint_ = 0;  // the delivery after the one answered last
};

}  // namespace neuronbus
