// SPDX-License-Identifier: MIT
//
// From the inbox to the dispatch list: what happens to each spike before a handler sees it.
#include <algorithm>
#include <cstring>

#include "atomics.h"
#include "ganglion.h"

namespace neuronbus {

void Ganglion::route() {
  finish();
  control_.dispatch_count = control_.handled = control_.settled = 0;
  control_.more = 0;
  const uint64_t now = read_clock();
  batch_start_ = now;
  sweep(now);
  if (axon_.mode == NB_MODE_DROP_OLDEST) {
    route_copied(now);
  } else {
    route_in_place(now);
  }
  control_.unfinished = arena_in_batch_ || control_.dispatch_count > 1 ? 1 : 0;
}

// A ring whose producer waits for the tail: spikes stay where they are until finish().
void Ganglion::route_in_place(uint64_t now) {
  const uint32_t limit = control_.limit;
  while (cursor_ != limit) {
    const nb_spike& spike = slots_[cursor_ & mask_];
    if (!has_room(spike)) {
      control_.more = 1;
      return;
    }
    receive(spike, now);
    cursor_++;
  }
}

// A ring whose producer may take spikes back: copy first, then claim them by moving the tail.
void Ganglion::route_copied(uint64_t now) {
  nb_spike* inbox = segment_.inbox(index_);
  if (inbox_next_ == inbox_end_) {
    inbox_first_ = inbox_next_ = inbox_end_ = 0;
    uint32_t tail = load_relaxed(axon_.tail);
    for (;;) {
      const int32_t waiting = static_cast<int32_t>(control_.limit - tail);
      if (waiting <= 0) return;
      const uint32_t count = std::min<uint32_t>(static_cast<uint32_t>(waiting), NB_INBOX_SLOTS);
      for (uint32_t i = 0; i < count; i++) inbox[i] = slots_[(tail + i) & mask_];
      if (shared(axon_.tail).compare_exchange_strong(tail, tail + count)) {  // SYNC axon-release
        inbox_end_ = count;
        break;
      }
    }
  }
  while (inbox_next_ < inbox_end_) {
    if (!has_room(inbox[inbox_next_])) break;
    receive(inbox[inbox_next_], now);
    inbox_next_++;
  }
  const bool ring_waits = static_cast<int32_t>(control_.limit - load_relaxed(axon_.tail)) > 0;
  control_.more = inbox_next_ < inbox_end_ || ring_waits ? 1 : 0;
}

// The list has room for one entry of each neuron at least, so a broadcast always fits an empty one.
bool Ganglion::has_room(const nb_spike& spike) const {
  const uint32_t used = control_.dispatch_count;
  if (used >= control_.budget && used > 0) return false;
  if (spike.target != NB_BROADCAST || spike.source >= neurons_.capacity()) return used < segment_.header().dispatch_capacity;
  return used + neurons_[spike.source].out_degree <= segment_.header().dispatch_capacity;
}

void Ganglion::receive(const nb_spike& spike, uint64_t now) {
  self_.routed++;
  const uint32_t length = spike.kind >> 2;
  if ((spike.kind & NB_TYPE_MASK) > NB_TYPE_MODULATORY || spike.source >= neurons_.capacity() ||
      (length > NB_INLINE_BYTES && length != NB_LENGTH_ARENA)) {
    drop(NB_DROP_CORRUPT);
    return;
  }
  if (length == NB_LENGTH_ARENA) arena_in_batch_ = true;
  if (spike.target != NB_BROADCAST) {
    if (!neurons_.live(spike.target)) {
      drop(NB_DROP_DEAD_TARGET);
      return;
    }
    const bool connected = neurons_[spike.target].in_degree > 0;
    deliver(spike, spike.target, connected ? synapses_.find(spike.source, spike.target) : NB_NONE, now);
    return;
  }
  const nb_neuron& source = neurons_[spike.source];
  if (!neurons_.live(spike.source) || source.out_degree == 0) {
    drop(NB_DROP_NO_RECEIVER);
    return;
  }
  self_.fanned += source.out_degree - 1;
  for (uint32_t synapse = source.out_head; synapse != NB_NONE; synapse = synapses_.next_out(synapse)) {
    deliver(spike, synapses_.post(synapse), synapse, now);
  }
}

void Ganglion::deliver(const nb_spike& spike, uint16_t post, uint32_t synapse, uint64_t now) {
  nb_neuron& neuron = neurons_[post];
  double weight = 1;
  if (synapse != NB_NONE) {
    const nb_filter* filter = synapses_.filter(synapse);
    if (filter != nullptr && !passes(*filter, spike)) {
      drop(NB_DROP_FILTERED);
      return;
    }
    weight = synapses_.weight(synapse);
    pre_spike(synapse, neuron, now);
  }
  const Input input = integrate(neuron, spike.kind & NB_TYPE_MASK, weight, now);
  if (input == Input::kRefractory) {
    drop(NB_DROP_REFRACTORY);
    return;
  }
  const bool fired = input == Input::kFired;
  if (fired && neuron.pair_in > 0) pair_post(post, now);
  neuron.received++;
  nb_dispatch& entry = dispatch_[control_.dispatch_count++];
  entry.spike = segment_.spike_offset(&spike);
  entry.synapse = synapse;
  entry.neuron = post;
  entry.flags = fired ? NB_DISPATCH_FIRED : 0;
}

bool Ganglion::passes(const nb_filter& filter, const nb_spike& spike) const {
  if ((filter.type_mask >> (spike.kind & NB_TYPE_MASK) & 1) == 0 || spike.priority < filter.min_priority) return false;
  if (filter.prefix_length == 0) return true;
  const uint8_t* payload = spike.payload;
  uint32_t length = spike.kind >> 2;
  if (length == NB_LENGTH_ARENA) {
    nb_arena_ref reference;
    std::memcpy(&reference, spike.payload, sizeof reference);
    if (arena_.read(reference, &payload, &length) != NB_OK) return false;
  }
  return length >= filter.prefix_length && std::memcmp(payload, filter.prefix, filter.prefix_length) == 0;
}

}  // namespace neuronbus
