// SPDX-License-Identifier: MIT
//
// Axons between ganglia: opening, leaving, freeing, finding those that lead here.
//
// An axon from A to B belongs to both. Who leaves sets its `gone` word; who finds both set, or comes back to an axon that a
// predecessor left, takes the axon by compare-and-swap from NB_LIVE to NB_CLAIMED (SYNC axon-leave) and is alone with it. It
// looks at the words again then: meanwhile the axon may have come to life, or be another pair's.
#include <algorithm>
#include <chrono>
#include <thread>

#include "atomics.h"
#include "axon_between.h"
#include "ganglion.h"

namespace neuronbus {
namespace {

constexpr uint32_t kAttempts = 2000;  // at an axon that somebody else is busy with
constexpr uint32_t kYields = 200;     // after these, wait 50 microseconds each, and look for the dead now and then
constexpr std::chrono::microseconds kPause{50};

bool both_gone(nb_axon& axon) {
  return shared(axon.from_gone).load() != 0 && shared(axon.to_gone).load() != 0;  // SYNC axon-leave
}

void raise(uint32_t& word, uint32_t to) {
  uint32_t seen = load_relaxed(word);
  while (seen < to && !shared(word).compare_exchange_weak(seen, to)) {
  }
}

}  // namespace

nb_status claim_axon(const Segment& segment, Mapping* mapping, uint32_t from, uint32_t to, uint32_t* number) {
  const nb_segment_header& header = segment.header();
  for (uint32_t i = 0; i < header.max_axons; i++) {
    nb_status status = i < load_relaxed(segment.commons().axons_used)
                           ? NB_OK
                           : reserve(mapping, segment.axon_offset(i), header.axon_stride);
    if (status != NB_OK) return status;
    nb_axon& axon = segment.axon(i);
    raise(segment.commons().axons_used, i + 1);
    uint32_t expected = NB_FREE;
    if (!shared(axon.state).compare_exchange_strong(expected, claimed_by(from))) continue;  // SYNC ganglion-claim
    segment.format_axon(i);
    store_relaxed(axon.from_ganglion, from);
    store_relaxed(axon.to_ganglion, to);
    axon.producer = axon.reader = 0;
    axon.base = position_of(axon);
    axon.base_oldest = load_relaxed(axon.dropped[NB_DROP_OLDEST]);
    shared(axon.from_gone).store(0);  // SYNC axon-leave
    shared(axon.to_gone).store(0);    // SYNC axon-leave
    *number = i;
    return NB_OK;
  }
  return NB_ERR_TOO_MANY_GANGLIA;
}

// Gives back what an axon still holds. Returns how many spikes. The caller is its reader, or alone with it.
uint32_t Ganglion::empty_axon(nb_axon& axon) {
  auto* slots = reinterpret_cast<nb_spike*>(&axon + 1);
  const uint32_t head = load_acquire(axon.head);  // SYNC axon-publish
  uint32_t tail = load_relaxed(axon.tail);
  uint32_t count = 0;
  for (uint64_t tries = 0; static_cast<int32_t>(head - tail) > 0 && tries < 4 * uint64_t{mask_ + 1}; tries++) {
    nb_spike spike;
    read_slot(&slots[tail & mask_], &spike);
    if (!shared(axon.tail).compare_exchange_strong(tail, tail + 1)) continue;  // SYNC axon-release
    release_payload(spike);
    tail++;
    count++;
  }
  return count;
}

// The number of the axon of this pair, or NB_NONE.
uint32_t Ganglion::axon_between(uint32_t from, uint32_t to) const {
  const uint32_t entry = load_acquire(segment_.axon_index(from, to));  // SYNC inbox-open
  return entry <= segment_.header().max_axons ? entry - 1 : NB_NONE;
}

nb_status Ganglion::open_axon(uint32_t to, uint32_t* index) {
  if (to >= segment_.header().max_ganglia || to == index_) return NB_ERR_INVALID_ARGUMENT;
  for (uint32_t attempt = 0; attempt < kAttempts; attempt++) {
    if (load_acquire(segment_.ganglion(to).state) != NB_LIVE) return NB_ERR_DEAD_TARGET;  // SYNC ganglion-claim
    const uint32_t known = axon_between(index_, to);
    if (known == NB_NONE) return open_new_axon(to, index);
    nb_axon& axon = segment_.axon(known);
    *index = known;
    if (shared(axon.from_gone).load() == 0) {
      if (axon_between(index_, to) == known) return NB_OK;
    } else if (claim_live(axon)) {  // a predecessor's, or given up before: go on where it stopped
      if (axon_between(index_, to) == known && axon.from_ganglion == index_ && axon.to_ganglion == to) {
        axon.producer = 0;
        shared(axon.from_gone).store(0);               // SYNC axon-leave
        store_release<uint32_t>(axon.state, NB_LIVE);  // SYNC axon-leave
        return NB_OK;
      }
      unclaim(known);
    }
    wait_turn(attempt);  // somebody is freeing it, or adopting it
  }
  return NB_ERR_TIMEOUT;
}

nb_status Ganglion::open_new_axon(uint32_t to, uint32_t* index) {
  uint32_t number = 0;
  const nb_status status = claim_axon(segment_, mapping_, index_, to, &number);
  if (status != NB_OK) return status;
  // In the index while it is still claimed, so that a live axon always is: whoever clears away after us looks there.
  store_release<uint32_t>(segment_.axon_index(index_, to), number + 1);  // SYNC inbox-open
  store_release<uint32_t>(segment_.axon(number).state, NB_LIVE);         // SYNC ganglion-claim
  shared(segment_.ganglion(to).inboxes).fetch_add(1);                    // SYNC inbox-open
  wake(to);
  *index = number;
  return NB_OK;
}

void Ganglion::wait_turn(uint32_t attempt) {
  if (attempt < kYields) {
    std::this_thread::yield();
    return;
  }
  if (attempt % kYields == 0) reap();  // perhaps it died while it was busy
  std::this_thread::sleep_for(kPause);
}

void Ganglion::abandon_axon(uint32_t to) {
  if (to >= segment_.header().max_ganglia || to == index_) return;
  const uint32_t known = axon_between(index_, to);
  if (known == NB_NONE) return;
  shared(segment_.axon(known).from_gone).store(1);  // SYNC axon-leave
  free_axon(known);
}

bool Ganglion::claim_live(nb_axon& axon) const {
  uint32_t expected = NB_LIVE;
  return shared(axon.state).compare_exchange_strong(expected, claimed_by(index_));  // SYNC axon-leave
}

// Claimed in vain. Who left meanwhile could not free it.
void Ganglion::unclaim(uint32_t number) {
  store_release<uint32_t>(segment_.axon(number).state, NB_LIVE);  // SYNC axon-leave
  free_axon(number);
}

// Frees an axon if both its ends are gone. False: they are not, or somebody else does it.
bool Ganglion::free_axon(uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  for (uint32_t attempt = 0; attempt < kAttempts && both_gone(axon) && claim_live(axon); attempt++) {
    if (both_gone(axon)) {
      close_axon(number);
      return true;
    }
    store_release<uint32_t>(axon.state, NB_LIVE);  // SYNC axon-leave
  }
  return false;
}

// The caller has claimed it.
void Ganglion::close_axon(uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  const uint32_t from = load_relaxed(axon.from_ganglion);
  const uint32_t to = load_relaxed(axon.to_ganglion);
  const uint32_t limit = segment_.header().max_ganglia;
  const uint32_t unread = empty_axon(axon);
  self_.dropped[NB_DROP_DEAD_TARGET] += unread;
  self_.returned += unread;
  if (from < limit && to < limit) {
    const uint64_t end = position_of(axon);
    const uint64_t read = arrived(axon, end) - unread;
    shared(segment_.ganglion(to).retired).fetch_add(read);
    axon.base = end;  // were this done again, nothing would be added
    axon.base_oldest = load_relaxed(axon.dropped[NB_DROP_OLDEST]);
    uint32_t expected = number + 1;
    shared(segment_.axon_index(from, to)).compare_exchange_strong(expected, 0);  // SYNC axon-leave
  }
  store_release<uint32_t>(axon.state, NB_FREE);  // SYNC ganglion-claim
}

void Ganglion::find_inboxes() {
  const uint32_t seen = load_acquire(self_.inboxes);  // SYNC inbox-open
  bool all = true;
  for (uint32_t from = 0; from < segment_.header().max_ganglia; from++) {
    const uint32_t number = axon_between(from, index_);
    if (from == index_ || number == NB_NONE) continue;
    const auto end = inboxes_.begin() + inbox_count_;
    if (std::any_of(inboxes_.begin(), end, [&](const Inbox& inbox) { return inbox.number == number; })) continue;
    nb_axon& axon = segment_.axon(number);
    bool ours = true;
    if (shared(axon.to_gone).load() != 0) {  // a predecessor's: what it left unread is not for us
      if (claim_live(axon)) {
        ours = axon_between(from, index_) == number && axon.from_ganglion == from && axon.to_ganglion == index_;
        if (ours) {
          self_.dropped[NB_DROP_DEAD_TARGET] += empty_axon(axon);
          shared(axon.to_gone).store(0);                 // SYNC axon-leave
          store_release<uint32_t>(axon.state, NB_LIVE);  // SYNC axon-leave
        } else {
          unclaim(number);
        }
      } else {
        ours = false;  // somebody is busy with it
      }
    } else {
      ours = axon_between(from, index_) == number;
    }
    if (ours) add_inbox(from, number);
    all = all && ours;
  }
  inboxes_seen_ = all ? seen : seen - 1;  // look again
}

void Ganglion::add_inbox(uint32_t from, uint32_t number) {
  if (inbox_count_ == inboxes_.size()) return;
  Inbox& inbox = inboxes_[inbox_count_++];
  inbox = Inbox{};
  inbox.axon = &segment_.axon(number);
  inbox.slots = reinterpret_cast<nb_spike*>(inbox.axon + 1);
  inbox.number = number;
  inbox.from = from;
  inbox.cursor = inbox.limit = inbox.tail = load_relaxed(inbox.axon->tail);
  control_.renew = 1;
}

}  // namespace neuronbus
