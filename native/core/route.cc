// SPDX-License-Identifier: MIT
//
// From the inbox to the dispatch list: what happens to each spike before a handler sees it.
#include <algorithm>
#include <cstring>

#include "atomics.h"
#include "axon_memory.h"
#include "ganglion.h"

namespace neuronbus {

void Ganglion::route() {
  finish();
  control_.dispatch_count = control_.handled = control_.settled = 0;
  const uint64_t now = read_clock();
  batch_start_ = now;
  if (now >= next_sweep_ || sweeping_) sweep(now);
  look_around();
  listed_ = 0;
  list_limit_ = std::min(std::max(control_.budget, 1u), segment_.header().dispatch_capacity);
  inboxes_[0].limit = control_.limit;
  uint32_t more = 0;
  if (!copying_) {
    for (uint32_t n = 0, i = inbox_turn_; n < inbox_count_; n++, i = i + 1 < inbox_count_ ? i + 1 : 0) {
      route_in_place(inboxes_[i], now);
      more |= inboxes_[i].cursor ^ inboxes_[i].limit;
    }
  } else {
    uint32_t i = inbox_next_ < inbox_end_ ? copied_ : inbox_turn_;
    for (uint32_t n = 1; n < inbox_count_ && inbox_next_ == inbox_end_ && !unread(inboxes_[i]); n++) {
      i = i + 1 < inbox_count_ ? i + 1 : 0;
    }
    copied_ = i;
    route_copied(inboxes_[i], now);
    more = inbox_end_ - inbox_next_;
    for (uint32_t n = 0; n < inbox_count_ && more == 0; n++) more = unread(inboxes_[n]) ? 1 : 0;
  }
  inbox_turn_ = inbox_turn_ + 1 < inbox_count_ ? inbox_turn_ + 1 : 0;
  control_.more = more != 0 ? 1 : 0;
  control_.dispatch_count = listed_;
  if (listed_ == 1) expect_lone(dispatch_[0]);
  bool arena = arena_in_copies_;
  for (uint32_t n = 0; n < inbox_count_; n++) arena |= inboxes_[n].arena;
  control_.unfinished = listed_ > 1 || arena ? 1 : 0;
}

// What happened elsewhere: other ganglia opened axons, asked for something, neurons came and went.
void Ganglion::look_around() {
  if (load_acquire(self_.inboxes) != inboxes_seen_) find_inboxes();          // SYNC inbox-open
  if (load_acquire(self_.mail) != mail_seen_) serve_mail();                  // SYNC mail-slot
  const uint32_t topology = load_acquire(segment_.commons().topology);      // SYNC roster-topology
  if (topology != topology_seen_) {
    topology_seen_ = topology;
    path_ = Path{};
  }
  if (control_.renew == 0) return;
  control_.renew = 0;
  for (uint32_t i = 1; i < inbox_count_; i++) {
    Inbox& inbox = inboxes_[i];
    if (inbox.quarantined) inbox.quarantined = generation_of(inbox.from) == inbox.generation;
    if (!inbox.quarantined) inbox.limit = load_acquire(inbox.axon->head);  // SYNC axon-publish
  }
}

// More than fits cannot wait: a cursor is damaged. What is there is given up. The own ring goes on; that of another ganglion is in
// quarantine from then on, and not read any more before that one has a new owner.
bool Ganglion::overrun(Inbox& inbox, uint32_t from) {
  if (inbox.limit - from <= mask_ + 1) return false;
  drop(NB_DROP_CORRUPT);
  inbox.quarantined = &inbox != &inboxes_[0];
  inbox.generation = generation_of(inbox.from);
  inbox.arena = false;
  inbox.tail = inbox.cursor = inbox.limit;
  store_release<uint32_t>(inbox.axon->tail, inbox.limit);  // SYNC axon-release
  return true;
}

// A lone spike is booked at the next opportunity, but its neuron may answer before that.
void Ganglion::expect_lone(const nb_dispatch& entry) {
  if ((entry.flags & NB_DISPATCH_MESSAGE) != 0) return;
  if (path_.synapse == entry.synapse && path_.rule != NB_RULE_EXCHANGE) return;
  if (entry.synapse != NB_NONE && entry.neuron < neurons_.capacity()) neurons_[entry.neuron].watch |= NB_WATCH_OPEN;
}

// A ring whose producer waits for the tail: spikes stay where they are until finish().
void Ganglion::route_in_place(Inbox& inbox, uint64_t now) {
  reading_ = &inbox;
  if (overrun(inbox, inbox.cursor)) return;
  const uint32_t limit = inbox.limit;
  const nb_spike* slots = inbox.slots;
  uint32_t cursor = inbox.cursor;
  while (cursor != limit && receive(slots[cursor & mask_], now)) cursor = follow(inbox, cursor + 1, now);
  self_.routed += cursor - inbox.cursor;
  inbox.cursor = cursor;
}

bool Ganglion::unread(const Inbox& inbox) const {
  return static_cast<int32_t>(inbox.limit - load_relaxed(inbox.axon->tail)) > 0;
}

// A ring whose producer may take spikes back: copy first, then claim them by moving the tail.
void Ganglion::route_copied(Inbox& inbox, uint64_t now) {
  reading_ = &inbox;
  nb_spike* copies = segment_.inbox(index_);
  if (inbox_next_ == inbox_end_) {
    inbox_first_ = inbox_next_ = inbox_end_ = 0;
    store_relaxed(control_.copied, 0u);
    uint32_t tail = load_relaxed(inbox.axon->tail);
    for (;;) {
      const int32_t waiting = static_cast<int32_t>(inbox.limit - tail);
      if (waiting <= 0 || overrun(inbox, tail)) return;
      const uint32_t count = std::min<uint32_t>(static_cast<uint32_t>(waiting), NB_INBOX_SLOTS);
      for (uint32_t i = 0; i < count; i++) {  // whoever clears away after their sender may look at the copies
        nb_spike spike;
        read_slot(&inbox.slots[(tail + i) & mask_], &spike);
        write_slot(&copies[i], spike);
      }
      store_relaxed(control_.copied_axon, inbox.number);
      store_relaxed(control_.copied_origin, inbox.tail + inbox.taken - static_cast<uint32_t>(inbox.oldest));
      store_release(control_.copying, count);  // SYNC copies-claim
      const bool ours = shared(inbox.axon->tail).compare_exchange_strong(tail, tail + count);  // SYNC axon-release
      if (ours) store_relaxed(control_.copied, count);
      store_release<uint32_t>(control_.copying, 0);  // SYNC copies-claim
      if (ours) {
        inbox_end_ = count;
        inbox.taken += count;
        break;
      }
    }
  }
  const uint32_t first = inbox_next_;
  while (inbox_next_ < inbox_end_ && receive(copies[inbox_next_], now)) inbox_next_++;
  self_.routed += inbox_next_ - first;
  arena_in_copies_ |= inbox.arena;
  inbox.arena = false;
}

// Takes one spike; false, with nothing done, when the dispatch list has no room for its receivers.
bool Ganglion::receive(const nb_spike& spike, uint64_t now) {
  if (listed_ >= list_limit_) return false;
  // Read once: they are indices, and a hostile producer may write them again.
  const uint16_t source = load_relaxed(const_cast<uint16_t&>(spike.source));
  const uint16_t target = load_relaxed(const_cast<uint16_t&>(spike.target));
  if (source >= neurons_.capacity() || !well_formed(spike)) {
    drop(NB_DROP_CORRUPT);
    return true;
  }
  if (source != path_.source || target != path_.target) {
    if (target == NB_BROADCAST) return fan_out(spike, source, now);
    if (!neurons_.resident(target)) {
      drop(NB_DROP_DEAD_TARGET);
      return true;
    }
    if (synapses_.outdated(source)) purge(source);
    const bool connected = neurons_[target].in_degree > 0;
    path_ = path_to(target, connected ? synapses_.find(source, target) : NB_NONE);
    path_.source = source;
  }
  if (path_.born > 0 && spike.timestamp_ns < path_.born && reading_->from != index_) {
    drop(NB_DROP_DEAD_TARGET);
    return true;
  }
  deliver(spike, path_, now);
  return true;
}

// Excitatory spikes in a row over the path of the last one: nothing is left to look up, to leak or to touch at this instant,
// and the membrane stays in registers. Stops at the first spike that wants more than that.
uint32_t Ganglion::follow(const Inbox& inbox, uint32_t cursor, uint64_t now) {
  if (!path_.plain) return cursor;
  nb_neuron& neuron = *path_.neuron;
  if (now > neuron.updated_ns || now < neuron.refractory_until_ns) return cursor;
  const uint32_t synapse = path_.synapse;
  const uint16_t source = path_.source;
  const uint16_t target = path_.target;
  const double weight = synapse != NB_NONE ? *path_.weight : 1;
  const double threshold = neuron.threshold;
  const double rest = neuron.rest;
  const nb_spike* slots = inbox.slots;
  const uint32_t limit = inbox.limit;
  const uint32_t mask = mask_;
  const uint32_t offset = segment_.spike_offset(slots);
  double potential = neuron.potential;
  uint64_t crossings = 0;
  nb_dispatch* entry = dispatch_ + listed_;
  const nb_dispatch* end = dispatch_ + list_limit_;
  for (; cursor != limit && entry < end; cursor++, entry++) {
    const nb_spike& spike = slots[cursor & mask];
    if (spike.source != source || spike.target != target || (spike.kind & NB_TYPE_MASK) != NB_TYPE_EXCITATORY ||
        spike.kind >> 2 > NB_INLINE_BYTES) {
      break;
    }
    const bool fired = excite(potential, weight, threshold, rest);
    if (fired) crossings++;
    entry->spike = offset + (cursor & mask);
    entry->synapse = synapse;
    entry->neuron = target;
    entry->flags = fired ? NB_DISPATCH_FIRED : 0;
  }
  const uint32_t listed = static_cast<uint32_t>(entry - dispatch_);
  neuron.potential = potential;
  neuron.crossings += crossings;
  neuron.received += listed - listed_;
  if (crossings > 0) neuron.refractory_until_ns = now;
  listed_ = listed;
  return cursor;
}

bool Ganglion::well_formed(const nb_spike& spike) {
  const uint32_t length = spike.kind >> 2;
  if (length == NB_LENGTH_ARENA) reading_->arena = true;
  if ((spike.kind & NB_TYPE_MASK) == NB_TYPE_MESSAGE && length < NB_MESSAGE_BYTES) return false;
  return length <= NB_INLINE_BYTES || length == NB_LENGTH_ARENA;
}

// A broadcast is never cut: the list has room for one entry of each neuron at least, so it fits an empty one.
bool Ganglion::fan_out(const nb_spike& spike, uint16_t source, uint64_t now) {
  if (synapses_.outdated(source)) purge(source);
  const uint32_t degree = synapses_.outgoing(source).degree;
  if (!neurons_.live(source) || degree == 0) {
    drop(NB_DROP_NO_RECEIVER);
    return true;
  }
  if (degree > segment_.header().dispatch_capacity - listed_) {
    if (listed_ > 0) return false;
    drop(NB_DROP_CORRUPT);  // no neuron has so many
    return true;
  }
  self_.fanned += degree - 1;
  uint32_t left = degree;  // the list may be damaged: in a circle, or too short
  for (uint32_t synapse = synapses_.outgoing(source).head; left > 0 && synapse < synapses_.high_water();
       synapse = synapses_.next_out(synapse), left--) {
    const uint16_t post = synapses_.post(synapse);
    if (post >= neurons_.capacity()) break;
    Path path = path_to(post, synapse);
    deliver(spike, path, now);
  }
  self_.dropped[NB_DROP_CORRUPT] += left;
  return true;
}

Ganglion::Path Ganglion::path_to(uint16_t post, uint32_t synapse) {
  Path path;
  path.target = post;
  path.synapse = synapse;
  path.neuron = &neurons_[post];
  if (synapse != NB_NONE) {
    path.filter = synapses_.filter(synapse);
    path.weight = &synapses_.weight(synapse);
    path.last_pre = &synapses_.last_pre(synapse);
    path.rule = synapses_.rule(synapse).kind;
  }
  // The first registration of an id counts 1, every departure and every later registration one more.
  path.born = segment_.roster(post) >= 2 * NB_ROSTER_STEP ? path.neuron->since : 0;
  path.plain = path.born == 0 && path.filter == nullptr && path.rule < NB_RULE_PAIR_ALL && path.neuron->pair_in == 0 &&
               path.neuron->refractory_ns == 0;
  return path;
}

void Ganglion::deliver(const nb_spike& spike, Path& path, uint64_t now) {
  nb_neuron& neuron = *path.neuron;
  double weight = 1;
  if (path.synapse != NB_NONE) {
    if (path.filter != nullptr && !passes(*path.filter, spike)) {
      drop(NB_DROP_FILTERED);
      return;
    }
    weight = *path.weight;
    if (path.rule >= NB_RULE_PAIR_ALL) {
      if ((spike.kind & NB_TYPE_MASK) != NB_TYPE_MESSAGE) pair_pre(path.synapse, neuron, now);
    } else if (*path.last_pre != now) {
      touch(path, now);
    }
  }
  const uint32_t type = spike.kind & NB_TYPE_MASK;
  uint16_t flags = NB_DISPATCH_MESSAGE;
  if (type != NB_TYPE_MESSAGE) {
    const Input input = integrate(neuron, type, weight, now);
    if (input == Input::kRefractory) {
      drop(NB_DROP_REFRACTORY);
      return;
    }
    const bool fired = input == Input::kFired;
    if (fired && neuron.pair_in > 0) pair_post(path.target, now);
    flags = fired ? NB_DISPATCH_FIRED : 0;
  }
  neuron.received++;
  nb_dispatch& entry = dispatch_[listed_++];
  entry.spike = segment_.spike_offset(&spike);
  entry.synapse = path.synapse;
  entry.neuron = path.target;
  entry.flags = flags;
}

// Of a message only the priority counts: its payload does not begin with what its author wrote.
bool Ganglion::passes(const nb_filter& filter, const nb_spike& spike) const {
  if (spike.priority < filter.min_priority) return false;
  if ((spike.kind & NB_TYPE_MASK) == NB_TYPE_MESSAGE) return true;
  if ((filter.type_mask >> (spike.kind & NB_TYPE_MASK) & 1) == 0) return false;
  const uint8_t prefix_length = load_relaxed(const_cast<uint8_t&>(filter.prefix_length));
  if (prefix_length == 0) return true;
  const uint8_t* payload = spike.payload;
  uint32_t length = spike.kind >> 2;
  if (length == NB_LENGTH_ARENA) {
    nb_arena_ref reference;
    std::memcpy(&reference, spike.payload, sizeof reference);
    if (arena_.read(reference, &payload, &length) != NB_OK) return false;
  }
  return length >= prefix_length && std::memcmp(payload, filter.prefix, std::min<uint32_t>(prefix_length, NB_INLINE_BYTES)) == 0;
}

}  // namespace neuronbus
