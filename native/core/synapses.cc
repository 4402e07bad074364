// SPDX-License-Identifier: MIT
#include "synapses.h"

#include <cmath>
#include <cstring>

#include "stdp.h"

namespace neuronbus {

Synapses::Synapses(const Segment& segment, uint32_t ganglion)
    : neurons_(segment.neurons()),
      roster_(&segment.roster(0)),
      outgoing_(segment.outgoing(ganglion)),
      own_bit_(uint64_t{1} << ganglion),
      rules_(segment.rules(ganglion)),
      filters_(segment.filters(ganglion)),
      pre_(segment.column<uint16_t>(ganglion, segment.header().synapse_pre_offset)),
      post_(segment.column<uint16_t>(ganglion, segment.header().synapse_post_offset)),
      rule_(segment.column<uint16_t>(ganglion, segment.header().synapse_rule_offset)),
      filter_(segment.column<uint16_t>(ganglion, segment.header().synapse_filter_offset)),
      ties_(segment.column<uint8_t>(ganglion, segment.header().synapse_ties_offset)),
      weight_(segment.column<double>(ganglion, segment.header().synapse_weight_offset)),
      last_pre_(segment.column<uint64_t>(ganglion, segment.header().synapse_last_pre_offset)),
      trace_(segment.column<uint8_t>(ganglion, segment.header().synapse_trace_offset)),
      next_out_(segment.column<uint32_t>(ganglion, segment.header().synapse_next_out_offset)),
      next_in_(segment.column<uint32_t>(ganglion, segment.header().synapse_next_in_offset)),
      hash_(segment.column<uint32_t>(ganglion, segment.header().synapse_hash_offset)),
      capacity_(segment.header().max_synapses),
      slots_(segment.header().synapse_hash_slots),
      max_neurons_(segment.header().max_neurons),
      max_rules_(segment.header().max_rules),
      max_filters_(segment.header().max_filters) {}

nb_status Synapses::add(uint16_t pre, uint16_t post, double weight, const nb_rule& rule, const nb_filter* filter,
                        uint64_t now, uint32_t* index) {
  if (!stdp::valid(rule)) return NB_ERR_INVALID_ARGUMENT;
  if (!std::isfinite(weight) || weight < rule.weight_min || weight > rule.weight_max) return NB_ERR_INVALID_ARGUMENT;
  if (filter != nullptr && filter->prefix_length > NB_INLINE_BYTES) return NB_ERR_INVALID_ARGUMENT;
  if (pre == post) return NB_ERR_SELF_SYNAPSE;
  if (find(pre, post) != NB_NONE) return NB_ERR_SYNAPSE_EXISTS;
  if (pre >= max_neurons_ || post >= max_neurons_) return NB_ERR_UNKNOWN_NEURON;
  if (free_ != NB_NONE && (free_ >= high_water_ || pre_[free_] != NB_BROADCAST)) free_ = NB_NONE;  // damaged: given up
  if (count_ == capacity_ || (free_ == NB_NONE && high_water_ == capacity_)) return NB_ERR_TOO_MANY_SYNAPSES;
  uint16_t rule_index = 0;
  uint16_t filter_index = 0;
  nb_status status = intern(rule, &rule_index);
  if (status != NB_OK) return status;
  if (filter != nullptr) {
    status = intern(*filter, &filter_index);
    if (status != NB_OK) {
      rules_[rule_index].users--;
      return status;
    }
    filter_index++;
  }

  uint32_t i = free_;
  if (i != NB_NONE) {
    free_ = next_out_[i];
  } else {
    i = high_water_++;
  }
  count_++;
  store_relaxed(pre_[i], pre);
  store_relaxed(post_[i], post);
  rule_[i] = rule_index;
  filter_[i] = filter_index;
  ties_[2 * i] = ties_[2 * i + 1] = 0;
  weight_[i] = weight;
  last_pre_[i] = now;
  std::memset(trace_ + 8 * i, 0, 8);
  nb_outgoing& out = outgoing_[pre];
  next_out_[i] = out.degree > 0 ? out.head : NB_NONE;
  out.head = i;
  if (out.degree++ == 0) {
    out.roster = load_relaxed(roster_[pre]);
    shared(neurons_[pre].listeners).fetch_or(own_bit_);  // SYNC broadcast-listeners
  }
  next_in_[i] = neurons_[post].in_head;
  neurons_[post].in_head = i;
  neurons_[post].in_degree++;
  if (rule.kind >= NB_RULE_PAIR_ALL && neurons_[post].pair_in++ == 0) neurons_[post].watch |= NB_WATCH_PAIR;
  uint32_t slot = home(pre, post);
  for (uint32_t tried = 1; hash_[slot] != 0 && tried < slots_; tried++) slot = next_slot(slot);
  store_relaxed(hash_[slot], i + 1);
  *index = i;
  return NB_OK;
}

// The lists may be damaged: then what can be reached is taken out, and what cannot stays where it is.
void Synapses::remove(uint32_t index) {
  const uint16_t pre = pre_[index];
  const uint16_t post = post_[index];
  if (!live(index) || pre >= max_neurons_ || post >= max_neurons_) return;
  nb_neuron& receiver = neurons_[post];
  nb_outgoing& out = outgoing_[pre];
  unhash(index, pre, post);
  unlink(&out.head, next_out_, index);
  if (out.degree > 0 && --out.degree == 0) shared(neurons_[pre].listeners).fetch_and(~own_bit_);  // SYNC broadcast-listeners
  unlink(&receiver.in_head, next_in_, index);
  receiver.in_degree--;
  nb_rule& rule = rules_[rule_index(index)];
  if (rule.kind >= NB_RULE_PAIR_ALL && --receiver.pair_in == 0) receiver.watch &= ~uint32_t{NB_WATCH_PAIR};
  if (rule.kind == NB_RULE_EXCHANGE) {
    receiver.open_answers -= exchange(index).recent + exchange(index).older;
    if (receiver.open_answers == 0) receiver.watch &= ~uint32_t{NB_WATCH_OPEN};
  }
  rule.users--;
  const uint32_t filter_index = filter_[index] - 1u;
  if (filter_index < max_filters_) filters_[filter_index].users--;
  store_relaxed<uint16_t>(pre_[index], NB_BROADCAST);
  store_relaxed<uint16_t>(post_[index], NB_BROADCAST);
  next_out_[index] = free_;
  free_ = index;
  count_--;
}

void Synapses::clear_outgoing(uint32_t neuron) {
  if (outgoing_[neuron].degree == 0) return;
  outgoing_[neuron].degree = 0;
  shared(neurons_[neuron].listeners).fetch_and(~own_bit_);  // SYNC broadcast-listeners
}

// Linear probing without tombstones: entries behind the hole move up unless that would pass their home.
void Synapses::unhash(uint32_t index, uint16_t pre, uint16_t post) {
  uint32_t hole = home(pre, post);
  for (uint32_t tried = 1; hash_[hole] != index + 1; tried++) {
    if (tried == slots_) return;
    hole = next_slot(hole);
  }
  uint32_t slot = next_slot(hole);
  for (uint32_t tried = 1; tried < slots_; tried++, slot = next_slot(slot)) {
    const uint32_t entry = hash_[slot];
    if (entry == 0) break;
    const uint32_t moved = entry - 1;
    if (moved >= capacity_) continue;
    const uint32_t at = home(pre_[moved], post_[moved]);
    const uint32_t from_home = slot >= at ? slot - at : slot + slots_ - at;
    const uint32_t from_hole = slot >= hole ? slot - hole : slot + slots_ - hole;
    if (from_home >= from_hole) {
      store_relaxed(hash_[hole], entry);
      hole = slot;
    }
  }
  store_relaxed(hash_[hole], 0u);
}

// No neuron has more synapses on one side than there are neurons.
void Synapses::unlink(uint32_t* head, uint32_t* next, uint32_t index) const {
  uint32_t* link = head;
  for (uint32_t left = max_neurons_; left > 0; left--) {
    const uint32_t at = *link;
    if (at == index) {
      *link = next[index];
      return;
    }
    if (at >= high_water_) return;
    link = &next[at];
  }
}

nb_status Synapses::intern(const nb_rule& rule, uint16_t* index) {
  uint32_t free_slot = NB_NONE;
  for (uint32_t i = 0; i < max_rules_; i++) {
    nb_rule& known = rules_[i];
    if (known.users == 0) {
      if (free_slot == NB_NONE) free_slot = i;
      if (known.tau_plus_ns == 0) break;  // never used: nothing lies behind it
      continue;
    }
    if (known.kind == rule.kind && std::memcmp(&known.a_plus, &rule.a_plus, sizeof rule - offsetof(nb_rule, a_plus)) == 0) {
      known.users++;
      *index = static_cast<uint16_t>(i);
      return NB_OK;
    }
  }
  if (free_slot == NB_NONE) return NB_ERR_TOO_MANY_RULES;
  rules_[free_slot] = rule;
  rules_[free_slot].users = 1;
  *index = static_cast<uint16_t>(free_slot);
  return NB_OK;
}

nb_status Synapses::intern(const nb_filter& filter, uint16_t* index) {
  uint32_t free_slot = NB_NONE;
  for (uint32_t i = 0; i < max_filters_; i++) {
    nb_filter& known = filters_[i];
    if (known.users == 0) {
      if (free_slot == NB_NONE) free_slot = i;
      if (known.type_mask == 0) break;  // never used: nothing lies behind it
      continue;
    }
    if (known.type_mask == filter.type_mask && known.min_priority == filter.min_priority &&
        known.prefix_length == filter.prefix_length &&
        std::memcmp(known.prefix, filter.prefix, filter.prefix_length) == 0) {
      known.users++;
      *index = static_cast<uint16_t>(i);
      return NB_OK;
    }
  }
  if (free_slot == NB_NONE) return NB_ERR_TOO_MANY_FILTERS;
  filters_[free_slot] = filter;
  filters_[free_slot].users = 1;
  *index = static_cast<uint16_t>(free_slot);
  return NB_OK;
}

}  // namespace neuronbus
