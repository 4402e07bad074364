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

// Gives back what an axon still holds, in the name of the arena's ganglion. Returns how many spikes. The caller is its reader,
// clears away after that, or is alone with it.
uint32_t Ganglion::empty_axon(ArenaView& arena, uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  auto* slots = reinterpret_cast<nb_spike*>(&axon + 1);
  const bool contested = copying_ && !both_gone(axon);
  const uint32_t head = load_acquire(axon.head);  // SYNC axon-publish
  uint32_t tail = load_relaxed(axon.tail);
  uint32_t count = 0;
  for (uint64_t tries = 0; static_cast<int32_t>(head - tail) > 0 && tries < 4 * uint64_t{mask_ + 1}; tries++) {
    nb_spike spike;
    read_slot(&slots[tail & mask_], &spike);
    // The payload first: after a death the place still says what is released. Not where the producer takes spikes back, which are
    // ours only with the tail.
    if (!contested) release_payload(arena, spike, Arena::place(number, tail));
    if (!shared(axon.tail).compare_exchange_strong(tail, tail + 1)) continue;  // SYNC axon-release
    if (contested) release_payload(arena, spike, Arena::place(number, tail));
    tail++;
    count++;
  }
  return count;
}

// The reader leaves an axon, or has died. What came until now is its own account, and not to be read any more; what comes later,
// and what a producer may take back until then, is for whoever frees the axon.
void Ganglion::part_from(nb_ganglion& reader, ArenaView& arena, uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  if (!copying_) (void)empty_axon(arena, number);  // close_books() counts it
  retire_axon(reader, number);
  shared(axon.to_gone).store(1);  // SYNC axon-leave
}

void Ganglion::retire_axon(nb_ganglion& reader, uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  const uint32_t tail = load_relaxed(axon.tail);
  const uint64_t head = position_of(axon);
  nb_note note{};
  note.base = head - (static_cast<uint32_t>(head) - tail);
  note.base_oldest = load_relaxed(axon.dropped[NB_DROP_OLDEST]);
  note.retired = load_relaxed(reader.retired) + (note.base - axon.base) - (note.base_oldest - axon.base_oldest);
  note.returned = load_relaxed(reader.returned);
  note.dropped = load_relaxed(reader.dropped[NB_DROP_DEAD_TARGET]);
  note.axon = number + 1;
  book(reader, note);
}

// Several words that belong together: noted, done, and the note struck out. Who dies in the middle is completed by whoever clears
// away after it. The caller is `who`, or has its lock, and nobody else changes these words.
void Ganglion::book(nb_ganglion& who, const nb_note& note) {
  store_relaxed(who.note.base, note.base);
  store_relaxed(who.note.base_oldest, note.base_oldest);
  store_relaxed(who.note.retired, note.retired);
  store_relaxed(who.note.returned, note.returned);
  store_relaxed(who.note.dropped, note.dropped);
  store_release(who.note.axon, note.axon);  // SYNC booking-note
  carry_out(who);
}

void Ganglion::carry_out(nb_ganglion& who) {
  const uint32_t number = load_acquire(who.note.axon) - 1;  // SYNC booking-note
  if (number < segment_.header().max_axons) {
    nb_axon& axon = segment_.axon(number);
    store_relaxed(axon.base, load_relaxed(who.note.base));
    store_relaxed(axon.base_oldest, load_relaxed(who.note.base_oldest));
    store_relaxed(who.retired, load_relaxed(who.note.retired));
    store_relaxed(who.returned, load_relaxed(who.note.returned));
    store_relaxed(who.dropped[NB_DROP_DEAD_TARGET], load_relaxed(who.note.dropped));
  }
  store_release<uint32_t>(who.note.axon, 0);  // SYNC booking-note
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
        announce_axon(to);  // the predecessor may have died before it did
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
  announce_axon(to);
  *index = number;
  return NB_OK;
}

void Ganglion::announce_axon(uint32_t to) {
  shared(segment_.ganglion(to).inboxes).fetch_add(1);  // SYNC inbox-open
  wake(to);
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
  (void)empty_axon(arena_, number);
  if (from < limit && to < limit) {
    nb_note note{};
    note.base = position_of(axon);
    note.base_oldest = load_relaxed(axon.dropped[NB_DROP_OLDEST]);
    const uint64_t lost = (note.base - axon.base) - (note.base_oldest - axon.base_oldest);
    note.retired = load_relaxed(self_.retired);
    note.returned = load_relaxed(self_.returned) + lost;
    note.dropped = load_relaxed(self_.dropped[NB_DROP_DEAD_TARGET]) + lost;
    note.axon = number + 1;
    book(self_, note);
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
    const auto known = std::find_if(inboxes_.begin(), end, [&](const Inbox& inbox) { return inbox.number == number; });
    if (known != end) {
      all = count_evicted(*known) && all;
      continue;
    }
    nb_axon& axon = segment_.axon(number);
    bool ours = true;
    uint32_t passed_over = 0;
    if (shared(axon.to_gone).load() != 0) {  // a predecessor's: what it left unread is not for us
      if (claim_live(axon)) {
        ours = axon_between(from, index_) == number && axon.from_ganglion == from && axon.to_ganglion == index_;
        if (ours) {
          passed_over = empty_axon(arena_, number);
          self_.dropped[NB_DROP_DEAD_TARGET] += passed_over;
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
    if (ours) {
      add_inbox(from, number, passed_over);
      ours = count_evicted(inboxes_[inbox_count_ - 1]);
    }
    all = all && ours;
  }
  inboxes_seen_ = all ? seen : seen - 1;  // look again
}

// A producer that died may have taken a spike back and not counted it. Its reader knows: what passed the tail and was not for it.
// False: somebody is busy with the axon, look again.
bool Ganglion::count_evicted(Inbox& inbox) {
  nb_axon& axon = *inbox.axon;
  if (!copying_ || shared(axon.from_gone).load() == 0) return true;  // SYNC axon-leave
  if (!claim_live(axon)) return false;
  if (shared(axon.from_gone).load() != 0 && axon.from_ganglion == inbox.from && axon.to_ganglion == index_) {
    const uint64_t counted = load_relaxed(axon.dropped[NB_DROP_OLDEST]);
    const uint32_t taken_back = load_relaxed(axon.tail) - inbox.tail - inbox.taken;
    const uint32_t missing = taken_back - static_cast<uint32_t>(counted - inbox.oldest);
    if (missing <= mask_) store_relaxed(axon.dropped[NB_DROP_OLDEST], counted + missing);
  }
  unclaim(inbox.number);
  return true;
}

void Ganglion::add_inbox(uint32_t from, uint32_t number, uint32_t passed_over) {
  if (inbox_count_ == inboxes_.size()) return;
  Inbox& inbox = inboxes_[inbox_count_++];
  inbox = Inbox{};
  inbox.axon = &segment_.axon(number);
  inbox.slots = reinterpret_cast<nb_spike*>(inbox.axon + 1);
  inbox.number = number;
  inbox.from = from;
  inbox.cursor = inbox.limit = inbox.tail = load_relaxed(inbox.axon->tail);
  if (copying_) inbox.tail = static_cast<uint32_t>(inbox.axon->base);  // the producer may have been there before us
  inbox.oldest = inbox.axon->base_oldest;
  inbox.taken = passed_over;
  control_.renew = 1;
}

}  // namespace neuronbus
