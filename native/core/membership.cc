// SPDX-License-Identifier: MIT
//
// Ganglia among themselves: joining and leaving, the axons between them, parking and waking, clearing away after the dead.
//
// An axon from A to B belongs to both. Who leaves sets its `gone` word; who finds both set, or comes back to an axon that a
// predecessor left, takes the axon by compare-and-swap from NB_LIVE to NB_CLAIMED (SYNC axon-leave) and is alone with it. It
// looks at the words again then: meanwhile the axon may have come to life, or be another pair's.
//
// A ganglion of another process is dead when the kernel says that nobody holds its lock (mapping.h). Whoever gets that lock
// clears away: each step can be done twice, so that the next one can finish what a dying one began.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>

#include "atomics.h"
#include "axon_memory.h"
#include "ganglion.h"
#include "process.h"

namespace neuronbus {
namespace {

constexpr uint32_t kAttempts = 2000;  // at an axon that somebody else is busy with
constexpr uint32_t kYields = 200;     // after these, wait 50 microseconds each, and look for the dead now and then
constexpr std::chrono::microseconds kPause{50};

uint64_t position_of(nb_axon& axon) {
  uint64_t position = 0;
  load_cursor(axon.head, axon.head_high, &position);
  return position;
}

// Spikes that came to the reader's side of an axon of this pair, up to `end`, without those that the producer took back.
uint64_t arrived(nb_axon& axon, uint64_t end) {
  return end - axon.base - (load_relaxed(axon.dropped[NB_DROP_OLDEST]) - axon.base_oldest);
}

bool both_gone(nb_axon& axon) {
  return shared(axon.from_gone).load() != 0 && shared(axon.to_gone).load() != 0;  // SYNC axon-leave
}

bool hold(Mapping* mapping, uint32_t slot) { return mapping == nullptr || mapping->hold_slot(slot); }
void drop_hold(Mapping* mapping, uint32_t slot) {
  if (mapping != nullptr) mapping->drop_slot(slot);
}

void raise(uint32_t& word, uint32_t to) {
  uint32_t seen = load_relaxed(word);
  while (seen < to && !shared(word).compare_exchange_weak(seen, to)) {
  }
}

nb_status reserve(Mapping* mapping, uint64_t offset, uint64_t bytes) {
  return mapping == nullptr ? NB_OK : mapping->reserve(offset, bytes);
}

// A free axon, NB_CLAIMED, its memory there and formatted.
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

}  // namespace

// ---- joining and leaving --------------------------------------------------------------------------------------------

nb_status Ganglion::join(const Segment& segment, Mapping* mapping, const Plasticity& plasticity, Ganglion** out) {
  if (!(plasticity.half_life_ns > 0) || !(plasticity.grace_ns >= 0) || !(plasticity.sweep_ns > 0)) {
    return NB_ERR_INVALID_ARGUMENT;
  }
  const nb_segment_header& header = segment.header();
  for (uint32_t i = 0; i < header.max_ganglia; i++) {
    nb_ganglion& ganglion = segment.ganglion(i);
    if (load_relaxed(ganglion.state) != NB_FREE || !hold(mapping, i)) continue;
    uint32_t expected = NB_FREE;
    if (!shared(ganglion.state).compare_exchange_strong(expected, NB_CLAIMED)) {  // SYNC ganglion-claim
      drop_hold(mapping, i);
      continue;
    }
    store_relaxed<uint64_t>(ganglion.process, process_token());
    if (i > 0 && (header.flags & NB_FLAG_VIRTUAL_CLOCK) != 0) {
      store_release<uint32_t>(ganglion.state, NB_FREE);  // SYNC ganglion-claim
      drop_hold(mapping, i);
      return NB_ERR_INVALID_ARGUMENT;
    }
    uint32_t number = 0;
    nb_status status = reserve(mapping, segment.workspace(i), header.workspace_stride);
    if (status == NB_OK) status = claim_axon(segment, mapping, i, i, &number);
    if (status != NB_OK) {
      store_release<uint32_t>(ganglion.state, NB_FREE);  // SYNC ganglion-claim
      drop_hold(mapping, i);
      return status;
    }
    nb_axon& own = segment.axon(number);
    own.producer = own.reader = i + 1;
    store_release<uint32_t>(segment.axon_index(i, i), number + 1);  // SYNC ganglion-claim
    store_release<uint32_t>(own.state, NB_LIVE);                    // SYNC ganglion-claim
    store_relaxed(ganglion.generation, ganglion.generation + 1);
    ganglion.owner_pid = process_id();
    shared(ganglion.parked).store(0);  // SYNC ganglion-park
    auto* joined = new (std::nothrow) Ganglion(segment, mapping, i, number, plasticity);
    if (joined == nullptr) {
      store_release<uint32_t>(segment.axon_index(i, i), 0);        // SYNC ganglion-claim
      store_release<uint32_t>(own.state, NB_FREE);                 // SYNC ganglion-claim
      store_release<uint32_t>(ganglion.state, NB_FREE);            // SYNC ganglion-claim
      drop_hold(mapping, i);
      return NB_ERR_NO_MEMORY;
    }
    store_release<uint32_t>(ganglion.state, NB_LIVE);  // SYNC ganglion-claim
    *out = joined;
    return NB_OK;
  }
  return NB_ERR_TOO_MANY_GANGLIA;
}

Ganglion::~Ganglion() {
  for (uint32_t i = control_.handled; i < listed(); i++) dispatch_[i].flags |= NB_DISPATCH_DEAD;  // nobody will see them
  control_.handled = control_.dispatch_count;
  finish();
  for (uint32_t id = 0; id < neurons_.capacity(); id++) {
    if (neurons_.resident(id)) unregister_neuron(static_cast<uint16_t>(id));
  }
  for (uint32_t id = 0; id < neurons_.capacity(); id++) {
    if (synapses_.outgoing(id).degree > 0) purge(id);
  }
  find_inboxes();
  leave();
  for (uint32_t i = inbox_next_; i < inbox_end_; i++) release_copy(i);
  self_.dropped[NB_DROP_DEAD_TARGET] += inbox_end_ - inbox_next_;
  neurons_.forget_positions();
  arena_.take_back_all(segment_);
  store_release<uint32_t>(self_.state, NB_FREE);  // SYNC ganglion-claim
  drop_hold(mapping_, index_);
}

// From here on nobody reads the axons to this ganglion, and nobody writes those from it. Axons that a predecessor left are not
// touched: who finds both ends gone frees them, and somebody else may have them by now.
void Ganglion::leave() {
  for (uint32_t other = 0; other < segment_.header().max_ganglia; other++) {
    const uint32_t in = axon_between(other, index_);
    if (in != NB_NONE && shared(segment_.axon(in).to_gone).load() == 0) {
      nb_axon& axon = segment_.axon(in);
      self_.dropped[NB_DROP_DEAD_TARGET] += empty_axon(axon);
      shared(axon.to_gone).store(1);  // SYNC axon-leave
      if (other == index_) shared(axon.from_gone).store(1);
      free_axon(in);
    }
    const uint32_t out = axon_between(index_, other);
    if (out != NB_NONE && shared(segment_.axon(out).from_gone).load() == 0) {
      shared(segment_.axon(out).from_gone).store(1);  // SYNC axon-leave
      free_axon(out);
    }
  }
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

// ---- axons between ganglia ------------------------------------------------------------------------------------------

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

// ---- parking and waking ---------------------------------------------------------------------------------------------

bool Ganglion::park() {
  finish();
  shared(self_.parked).store(1);  // SYNC ganglion-park
  if (!waiting()) return true;
  shared(self_.parked).store(0);  // SYNC ganglion-park
  return false;
}

// The loads are sequentially consistent: they come after the store of `parked` in the one order of all such accesses, so
// either they see what a producer published, or the producer sees the flag.
bool Ganglion::waiting() const {
  if (control_.dispatch_count != control_.handled || inbox_next_ != inbox_end_) return true;
  if (shared(self_.mail).load() != mail_seen_ || shared(self_.inboxes).load() != inboxes_seen_) return true;
  for (uint32_t i = 0; i < inbox_count_; i++) {
    const Inbox& inbox = inboxes_[i];
    const uint32_t head = i == 0 ? control_.self_head : shared(inbox.axon->head).load();  // SYNC ganglion-park
    const uint32_t next = copying_ ? load_relaxed(inbox.axon->tail) : inbox.cursor;
    if (head != next) return true;
  }
  return false;
}

void Ganglion::wake(uint32_t index) {
  if (index >= segment_.header().max_ganglia) return;
  nb_ganglion& other = segment_.ganglion(index);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // SYNC ganglion-park
  if (shared(other.parked).load() == 0) return;
  uint32_t expected = 1;
  if (!shared(other.parked).compare_exchange_strong(expected, 0)) return;  // SYNC ganglion-park
  if (load_relaxed(other.process) == process_token() && call_waker(segment_.base(), index)) return;
  shared(other.wake).fetch_add(1);
  futex_wake(&other.wake);
}

// ---- death ----------------------------------------------------------------------------------------------------------

bool Ganglion::is_dead(uint32_t index) const {
  if (mapping_ == nullptr) return false;
  return load_acquire(segment_.ganglion(index).state) != NB_FREE && !mapping_->slot_held(index);  // SYNC ganglion-claim
}

uint32_t Ganglion::reap() {
  if (mapping_ == nullptr) return 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) {
    if (i == index_ || !is_dead(i) || !mapping_->hold_slot(i)) continue;
    if (load_acquire(segment_.ganglion(i).state) != NB_FREE) {  // SYNC ganglion-claim
      recover(i);
      count++;
    }
    mapping_->drop_slot(i);
  }
  return count;
}

void Ganglion::recover(uint32_t index) {
  const nb_segment_header& header = segment_.header();
  nb_ganglion& dead = segment_.ganglion(index);
  store_release<uint32_t>(dead.state, NB_DEAD);  // SYNC ganglion-claim
  Arena arena(segment_, index);  // as the dead one, which is alone with its chunks
  NeuronTable neurons(segment_, index);
  for (uint32_t id = 0; id < header.max_neurons; id++) {
    nb_neuron& neuron = segment_.neurons()[id];
    shared(neuron.listeners).fetch_and(~(uint64_t{1} << index));  // SYNC broadcast-listeners
    if (neurons.give_up_claim(id) || load_acquire(neuron.state) != NB_LIVE ||  // SYNC neuron-live
        load_relaxed(neuron.ganglion) != index) {
      continue;
    }
    const nb_arena_ref card = segment_.card(id);
    segment_.card(id) = nb_arena_ref{};
    if (card.generation != 0) (void)arena.release(card);
    neurons.remove(static_cast<uint16_t>(id), 0);
  }
  neurons.forget_positions();
  finish_claims(index);
  uint64_t sent = load_relaxed(dead.retired);
  for (uint32_t other = 0; other < header.max_ganglia; other++) {
    const uint32_t in = axon_between(other, index);
    if (in != NB_NONE) {
      nb_axon& axon = segment_.axon(in);
      (void)empty_axon(axon);  // close_books() counts it; what comes later is its sender's to count
      const uint32_t tail = load_relaxed(axon.tail);
      const uint64_t head = position_of(axon);
      sent += arrived(axon, head - (static_cast<uint32_t>(head) - tail));
      shared(axon.to_gone).store(1);  // SYNC axon-leave
      if (other == index) shared(axon.from_gone).store(1);
      free_axon(in);
    }
    const uint32_t out = axon_between(index, other);
    if (out != NB_NONE) {
      shared(segment_.axon(out).from_gone).store(1);  // SYNC axon-leave
      free_axon(out);
    }
  }
  close_books(dead, sent);
  arena.take_back_all(segment_);
  clear_mail(index);
  clear_workspace(index);
  store_release<uint32_t>(dead.state, NB_FREE);  // SYNC ganglion-claim
}

// Axons that the dead ganglion was about to open, to adopt or to free.
void Ganglion::finish_claims(uint32_t index) {
  const nb_segment_header& header = segment_.header();
  const uint32_t used = std::min(header.max_axons, load_relaxed(segment_.commons().axons_used));
  for (uint32_t number = 0; number < used; number++) {
    nb_axon& axon = segment_.axon(number);
    if (load_acquire(axon.state) != claimed_by(index)) continue;  // SYNC axon-leave
    const uint32_t from = load_relaxed(axon.from_ganglion);
    const uint32_t to = load_relaxed(axon.to_ganglion);
    const bool listed = from < header.max_ganglia && to < header.max_ganglia && axon_between(from, to) == number;
    if (!listed) {
      store_release<uint32_t>(axon.state, NB_FREE);  // SYNC ganglion-claim
      continue;
    }
    if (from == index) shared(axon.from_gone).store(1);  // SYNC axon-leave
    if (to == index) shared(axon.to_gone).store(1);      // SYNC axon-leave
    unclaim(number);
  }
}

// What was sent to a dead ganglion and neither delivered nor dropped is lost with it. All counters are cumulative over the
// owners of a ganglion, so this can be done twice.
void Ganglion::close_books(nb_ganglion& dead, uint64_t sent) {
  uint64_t accounted = dead.delivered;
  for (const uint64_t dropped : dead.dropped) accounted += dropped;
  const uint64_t owed = sent + dead.fanned + dead.returned;
  if (owed > accounted) dead.dropped[NB_DROP_DEAD_TARGET] += owed - accounted;
}

// Tables of the dead ganglion, and the blocks of spikes that it had copied out of their rings.
void Ganglion::clear_workspace(uint32_t index) {
  const nb_segment_header& header = segment_.header();
  // It may have died before its memory was there; then nothing was ever written to it, and writing might be a SIGBUS.
  if (reserve(mapping_, segment_.workspace(index), header.workspace_stride) != NB_OK) return;
  for (uint32_t i = 0; i < NB_INBOX_SLOTS; i++) {
    nb_spike& copy = segment_.inbox(index)[i];
    release_payload(copy);
    copy.kind = 0;
  }
  nb_control& control = segment_.control(index);
  control.neurons = control.synapses = control.synapse_slots = 0;
  std::memset(segment_.base() + segment_.workspace(index) + header.rules_offset, 0,
              header.workspace_stride - header.rules_offset);
}

}  // namespace neuronbus
