// SPDX-License-Identifier: MIT
//
// The synapse table: columns found by (pre, post), by pre and by post.
//
// Called only by the owner of the post-synaptic ganglion; weights may be read by anybody. A failing call changes nothing.
// Indices stay valid until remove(); a free slot has pre = post = NB_BROADCAST.
#pragma once

#include <cstdint>

#include "atomics.h"
#include "segment.h"

namespace neuronbus {

class Synapses {
 public:
  // The table of one ganglion.
  Synapses(const Segment& segment, uint32_t ganglion);

  // The synapse of this pair, or NB_NONE. Anybody may ask; who is not the owner gets what was true a moment ago.
  uint32_t find(uint16_t pre, uint16_t post) const {
    if (slots_ == 0) return NB_NONE;
    uint32_t slot = home(pre, post);
    for (uint32_t tried = 0; tried < slots_; tried++, slot = next_slot(slot)) {
      const uint32_t entry = load_relaxed(hash_[slot]);
      if (entry == 0) return NB_NONE;
      const uint32_t index = entry - 1;
      if (index < capacity_ && load_relaxed(pre_[index]) == pre && load_relaxed(post_[index]) == post) return index;
    }
    return NB_NONE;
  }

  // Connects two live neurons; `post` is of this ganglion. NB_ERR_INVALID_ARGUMENT (rule, weight), _SELF_SYNAPSE, _SYNAPSE_EXISTS,
  // _TOO_MANY_SYNAPSES, _TOO_MANY_RULES, _TOO_MANY_FILTERS. `filter` may be null.
  nb_status add(uint16_t pre, uint16_t post, double weight, const nb_rule& rule, const nb_filter* filter, uint64_t now,
                uint32_t* index);

  void remove(uint32_t index);

  bool is(uint32_t index, uint16_t pre, uint16_t post) const {
    return index < high_water_ && pre_[index] == pre && post_[index] == post;
  }
  bool live(uint32_t index) const { return index < high_water_ && pre_[index] != NB_BROADCAST; }
  // Whether this is a synapse, and of that neuron.
  bool begins_at(uint32_t index, uint32_t pre) const { return index < high_water_ && pre_[index] == pre; }
  bool ends_at(uint32_t index, uint32_t post) const { return index < high_water_ && post_[index] == post; }
  uint32_t count() const { return count_; }
  uint32_t high_water() const { return high_water_; }

  // Synapses from `neuron`, whoever owns it; the list goes on with next_out().
  const nb_outgoing& outgoing(uint32_t neuron) const { return outgoing_[neuron]; }
  // There are none: says so even if the list was damaged.
  void clear_outgoing(uint32_t neuron);
  // Whether they are a predecessor's, who had the id before.
  bool outdated(uint32_t neuron) const {
    return outgoing_[neuron].degree > 0 && outgoing_[neuron].roster != load_relaxed(roster_[neuron]);
  }

  uint16_t pre(uint32_t i) const { return pre_[i]; }
  uint16_t post(uint32_t i) const { return post_[i]; }
  double& weight(uint32_t i) { return weight_[i]; }
  uint64_t& last_pre(uint32_t i) { return last_pre_[i]; }
  uint8_t* ties(uint32_t i) { return ties_ + 2 * i; }
  nb_pair_trace& pair(uint32_t i) { return reinterpret_cast<nb_pair_trace*>(trace_)[i]; }
  nb_exchange_trace& exchange(uint32_t i) { return reinterpret_cast<nb_exchange_trace*>(trace_)[i]; }
  const nb_rule& rule(uint32_t i) const { return rules_[rule_index(i)]; }
  const nb_filter* filter(uint32_t i) const {
    const uint32_t index = filter_[i] - 1u;  // 0: none
    return index < max_filters_ ? &filters_[index] : nullptr;
  }
  uint32_t next_out(uint32_t i) const { return next_out_[i]; }
  uint32_t next_in(uint32_t i) const { return next_in_[i]; }

 private:
  uint32_t home(uint16_t pre, uint16_t post) const {
    const uint32_t key = (uint32_t{pre} << 16 | post) * 0x9E3779B1u;
    const uint32_t mixed = (key ^ (key >> 15)) * 0x85EBCA77u;
    return static_cast<uint32_t>((uint64_t{mixed} * slots_) >> 32);
  }
  uint32_t next_slot(uint32_t slot) const { return slot + 1 == slots_ ? 0 : slot + 1; }
  uint32_t rule_index(uint32_t i) const {
    const uint32_t index = rule_[i];
    return index < max_rules_ ? index : 0;
  }
  void unhash(uint32_t index, uint16_t pre, uint16_t post);
  void unlink(uint32_t* head, uint32_t* next, uint32_t index) const;
  nb_status intern(const nb_rule& rule, uint16_t* index);
  nb_status intern(const nb_filter& filter, uint16_t* index);

  nb_neuron* neurons_;
  uint32_t* roster_;
  nb_outgoing* outgoing_;
  uint64_t own_bit_;  // in nb_neuron.listeners
  nb_rule* rules_;
  nb_filter* filters_;
  uint16_t* pre_;
  uint16_t* post_;
  uint16_t* rule_;
  uint16_t* filter_;
  uint8_t* ties_;
  double* weight_;
  uint64_t* last_pre_;
  uint8_t* trace_;
  uint32_t* next_out_;
  uint32_t* next_in_;
  uint32_t* hash_;
  uint32_t capacity_;
  uint32_t slots_;
  uint32_t max_neurons_;
  uint32_t max_rules_;
  uint32_t max_filters_;
  uint32_t count_ = 0;
  uint32_t high_water_ = 0;
  uint32_t free_ = NB_NONE;
};

}  // namespace neuronbus
