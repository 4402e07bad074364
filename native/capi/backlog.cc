// SPDX-License-Identifier: MIT
#include "backlog.h"

#include <algorithm>
#include <iterator>
#include <new>

#include "atomics.h"

namespace neuronbus {

void Backlog::add(const nb_spike& spike, const MessageHeader& header, uint16_t neuron) {
  const uint16_t asker = spike.source;
  if (neurons_.ganglion_of(asker) == NB_NONE) return;
  try {
    const uint32_t entry = load_acquire(segment_.roster(asker));  // SYNC topology
    const auto added = open_.insert({key(asker, header.exchange), {neuron, entry, header.deadline}});
    if (added.second) {
      count(neuron, 1);
      return;
    }
    // The number came round again, or the id of its asker.
    Question& known = added.first->second;
    count(known.neuron, -1);
    count(neuron, 1);
    known = {neuron, entry, header.deadline};
  } catch (const std::bad_alloc&) {
  }
}

void Backlog::remove(uint16_t neuron, uint16_t asker, uint32_t exchange) {
  const auto found = open_.find(key(asker, exchange));
  if (found == open_.end() || found->second.neuron != neuron) return;
  open_.erase(found);
  count(neuron, -1);
}

void Backlog::left(uint16_t id) {
  remove_if([&](uint16_t asker, const Question& question) { return asker == id || question.neuron == id; });
}

void Backlog::forget_over(uint64_t now) {
  const auto units = static_cast<uint32_t>(now >> NB_MESSAGE_DEADLINE_SHIFT);
  remove_if([&](uint16_t asker, const Question& question) {
    const bool late = question.deadline != 0 && static_cast<int32_t>(question.deadline - units) <= 0;
    return late || load_acquire(segment_.roster(asker)) != question.entry;  // SYNC topology
  });
}

// The word stays within what it can say, as JavaScript keeps it.
void Backlog::count(uint16_t neuron, int change) {
  uint16_t& load = neurons_[neuron].load;
  store_relaxed<uint16_t>(load, static_cast<uint16_t>(std::min(UINT16_MAX, std::max(0, load_relaxed(load) + change))));
}

template <typename Over>
void Backlog::remove_if(Over&& over) {
  for (auto at = open_.begin(); at != open_.end();) {
    const uint16_t neuron = at->second.neuron;
    const bool gone = over(asker_of(at->first), at->second);
    at = gone ? open_.erase(at) : std::next(at);
    if (gone) count(neuron, -1);
  }
}

}  // namespace neuronbus
