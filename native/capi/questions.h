// SPDX-License-Identifier: MIT
//
// What the neurons of an nb_bus asked and have no answer to, and what they are used to. Called on the one thread that owns the
// ganglion. What asking.ts does for JavaScript.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "directory.h"
#include "message.h"
#include "neuronbus/neuronbus.h"
#include "segment.h"
#include "time_scale.h"

namespace neuronbus {

struct Question {
  uint32_t exchange = 0;
  uint32_t correlation = 0;
  uint16_t from = 0;
  uint16_t to = 0;
  uint32_t entry = 0;  // what the roster said of the target: another word, another neuron
  uint64_t sent_ns = 0;
  uint64_t deadline_ns = 0;
  TimeScale* scale = nullptr;
};

class Questions {
 public:
  explicit Questions(const Segment& segment) : segment_(segment) {}

  // Gives it a number, notes what the roster says of its target, and finds its scale. Throws std::bad_alloc; then there is none.
  Question& add(Question question, Directory& directory);
  void remove(uint32_t exchange) { open_.erase(exchange); }
  // A neuron of this nb_bus left: what it asked is over.
  void left(uint16_t id);

  // Whether `spike`, which came for `neuron`, answers one of them, which is over then.
  bool answered(const nb_spike& spike, const MessageHeader& header, uint16_t neuron);

  bool empty() const { return open_.empty() && lost_.empty(); }
  // The next deadline may be earlier than that of any question, never later. UINT64_MAX: none.
  uint64_t next_deadline_ns() const { return open_.empty() ? UINT64_MAX : deadlines_.front().first; }
  // A question whose time is over at `now`: it is over, and lost.
  bool expire(uint64_t now, Question* question);
  // Questions to neurons that are gone are lost. Looks at those only when somebody came or went.
  void forget_gone();

  bool any_lost() const { return !lost_.empty(); }
  // Deliveries for lost questions, at most `max`; valid until the next call.
  uint32_t hand_out(const nb_delivery** batch, uint32_t max);

 private:
  static constexpr uint32_t kBatch = 64;

  struct Lost {
    Question question;
    bool dead;
  };
  struct Known {
    uint32_t entry = 0;
    TimeScale* scale = nullptr;
  };
  using Deadline = std::pair<uint64_t, uint32_t>;  // and the number of the question

  TimeScale* scale_of(uint16_t asker, uint16_t agent, uint32_t entry, Directory& directory);
  void schedule(uint64_t deadline_ns, uint32_t exchange);

  Segment segment_;
  std::unordered_map<uint32_t, Question> open_;
  std::vector<Deadline> deadlines_;  // a heap, the earliest first; also of questions that are over
  std::vector<Lost> lost_;           // room for all that are open
  uint32_t next_ = 1;
  uint32_t topology_ = 0;
  std::map<std::pair<uint16_t, std::string>, TimeScale> scales_;  // by asker and the first capability of whom it asks
  std::unordered_map<uint32_t, Known> known_;                     // by asker and agent
  std::array<nb_spike, kBatch> spikes_{};
  std::array<nb_delivery, kBatch> deliveries_{};
};

}  // namespace neuronbus
