// SPDX-License-Identifier: MIT
//
// The questions that the neurons of an nb_bus were handed and did not answer: nb_neuron.load, by which others choose whom to ask.
// Called on the one thread that owns the ganglion. What answering.ts and load.ts do for JavaScript.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "message.h"
#include "neuron_table.h"
#include "segment.h"

namespace neuronbus {

class Backlog {
 public:
  Backlog(const Segment& segment, const NeuronTable& neurons) : segment_(segment), neurons_(neurons) {}

  // A question is handed to a neuron. Without memory for it, or when its asker is gone, it is not counted.
  void add(const nb_spike& spike, const MessageHeader& header, uint16_t neuron);
  // The neuron answered it, or need not any more. Nothing happens the second time.
  void remove(uint16_t neuron, uint16_t asker, uint32_t exchange);
  // A neuron of this nb_bus leaves: it answers nothing, and nobody waits for what it asked.
  void left(uint16_t id);
  // At `now` nobody waits for what had to be answered before, nor for what those asked who are gone.
  void forget_over(uint64_t now);

 private:
  struct Question {
    uint16_t neuron;
    uint32_t entry;     // what the roster said of the asker: another word, another neuron
    uint32_t deadline;  // as on the wire
  };

  static uint64_t key(uint16_t asker, uint32_t exchange) { return uint64_t{asker} << 32 | exchange; }
  static uint16_t asker_of(uint64_t key) { return static_cast<uint16_t>(key >> 32); }
  void count(uint16_t neuron, int change);
  template <typename Over>
  void remove_if(Over&& over);

  Segment segment_;
  const NeuronTable& neurons_;
  std::unordered_map<uint64_t, Question> open_;
};

}  // namespace neuronbus
