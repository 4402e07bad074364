// SPDX-License-Identifier: MIT
//
// Ganglia among themselves: joining and leaving, the axons between them, parking and waking, clearing away after the dead.
//
// An axon from A to B belongs to both. Who leaves sets its `gone` word; who finds both set, or comes back to an axon that a
// predecessor left, takes the axon by compare-and-swap from NB_LIVE to NB_CLAIMED (SYNC axon-leave) and is alone with it.
//
// A ganglion of another process is dead when the kernel says that nobody holds its lock (mapping.h). Whoever gets that lock
// clears away: each step can be done twice, so that the next one can finish what a dying one began.
#include <algorithm>
#include <cstring>
#include <new>
#include <thread>

#include "atomics.h"
#include "axon_memory.h"
#include "ganglion.h"
#include "process.h"

namespace neuronbus {
namespace {

uint64_t position_of(nb_axon& axon) {
  uint64_t position = 0;
  load_cursor(axon.head, axon.head_high, &position);
  return position;
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
    uint32_t expected = NB_FREE;
    if (!shared(axon.state).compare_exchange_strong(expected, NB_CLAIMED)) continue;  // SYNC ganglion-claim
    raise(segment.commons().axons_used, i + 1);
    segment.format_axon(i);
    axon.from_ganglion = from;
    axon.to_ganglion = to;
    axon.producer = axon.reader = 0;
    axon.base = position_of(axon);
    shared(axon.from_gone).store(0);  // SYNC axon-leave
    shared(axon.to_gone).store(0);    // SYNC axon-leave
    *number = i;
    return NB_OK;
  }
  return NB_ERR_TOO_MANY_GANGLIA;
}

bool claim_live(nb_axon& axon) {
  uint32_t expected = NB_LIVE;
  return shared(axon.state).compare_exchange_strong(expected, NB_CLAIMED);  // SYNC axon-leave
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
    store_release<uint32_t>(own.state, NB_LIVE);                   // SYNC ganglion-claim
    store_release<uint32_t>(segment.axon_index(i, i), number + 1);  // SYNC ganglion-claim
    ganglion.generation++;
    ganglion.owner_pid = process_id();
    ganglion.process = process_token();
    shared(ganglion.parked).store(0);  // SYNC ganglion-park
    auto* joined = new (std::nothrow) Ganglion(segment, mapping, i, number, plasticity);
    if (joined == nullptr) {
      store_release<uint32_t>(own.state, NB_FREE);                 // SYNC ganglion-claim
      store_release<uint32_t>(segment.axon_index(i, i), 0);        // SYNC ganglion-claim
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
  for (uint32_t i = inbox_next_; i < inbox_end_; i++) release_payload(segment_.inbox(index_)[i]);
  self_.dropped[NB_DROP_DEAD_TARGET] += inbox_end_ - inbox_next_;
  arena_.trim();
  free_axon(axon_index_);
  store_release<uint32_t>(self_.state, NB_FREE);  // SYNC ganglion-claim
  drop_hold(mapping_, index_);
}

// From here on nobody reads the axons to this ganglion, and nobody writes those from it.
void Ganglion::leave() {
  self_.dropped[NB_DROP_DEAD_TARGET] += empty_axon(axon_);
  for (uint32_t other = 0; other < segment_.header().max_ganglia; other++) {
    if (other == index_) continue;
    if (const uint32_t in = load_acquire(segment_.axon_index(other, index_))) {  // SYNC inbox-open
      nb_axon& axon = segment_.axon(in - 1);
      self_.dropped[NB_DROP_DEAD_TARGET] += empty_axon(axon);
      shared(axon.to_gone).store(1);  // SYNC axon-leave
      if (shared(axon.from_gone).load() != 0) free_axon(in - 1);
    }
    if (const uint32_t out = load_acquire(segment_.axon_index(index_, other))) {  // SYNC inbox-open
      nb_axon& axon = segment_.axon(out - 1);
      shared(axon.from_gone).store(1);  // SYNC axon-leave
      if (shared(axon.to_gone).load() != 0) free_axon(out - 1);
    }
  }
}

// Gives back what an axon still holds. Returns how many spikes. The caller is its reader, or alone with it.
uint32_t Ganglion::empty_axon(nb_axon& axon) {
  auto* slots = reinterpret_cast<nb_spike*>(&axon + 1);
  const uint32_t head = load_acquire(axon.head);  // SYNC axon-publish
  uint32_t tail = load_relaxed(axon.tail);
  uint32_t count = 0;
  while (static_cast<int32_t>(head - tail) > 0 && count <= mask_ + 1) {
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

nb_status Ganglion::open_axon(uint32_t to, uint32_t* index) {
  if (to >= segment_.header().max_ganglia || to == index_) return NB_ERR_INVALID_ARGUMENT;
  if (load_acquire(segment_.ganglion(to).state) != NB_LIVE) return NB_ERR_DEAD_TARGET;  // SYNC ganglion-claim
  uint32_t& entry = segment_.axon_index(index_, to);
  if (const uint32_t known = load_relaxed(entry)) {
    nb_axon& axon = segment_.axon(known - 1);
    *index = known - 1;
    if (shared(axon.from_gone).load() == 0) return NB_OK;
    if (claim_live(axon)) {  // a predecessor's: go on where it stopped
      axon.producer = 0;
      shared(axon.from_gone).store(0);             // SYNC axon-leave
      store_release<uint32_t>(axon.state, NB_LIVE);  // SYNC axon-leave
      return NB_OK;
    }
    while (load_acquire(entry) == known) std::this_thread::yield();  // somebody is freeing it
  }
  uint32_t number = 0;
  const nb_status status = claim_axon(segment_, mapping_, index_, to, &number);
  if (status != NB_OK) return status;
  store_release<uint32_t>(segment_.axon(number).state, NB_LIVE);  // SYNC ganglion-claim
  store_release<uint32_t>(entry, number + 1);                     // SYNC inbox-open
  shared(segment_.ganglion(to).inboxes).fetch_add(1);             // SYNC inbox-open
  wake(to);
  *index = number;
  return NB_OK;
}

void Ganglion::abandon_axon(uint32_t to) {
  const uint32_t known = load_relaxed(segment_.axon_index(index_, to));
  if (known == 0) return;
  nb_axon& axon = segment_.axon(known - 1);
  if (shared(axon.to_gone).load() == 0) return;
  shared(axon.from_gone).store(1);  // SYNC axon-leave
  free_axon(known - 1);
}

// Both ends are gone. False: somebody else was faster.
bool Ganglion::free_axon(uint32_t number) {
  nb_axon& axon = segment_.axon(number);
  if (!claim_live(axon)) return false;
  const uint32_t from = axon.from_ganglion;
  const uint32_t to = axon.to_ganglion;
  const uint32_t limit = segment_.header().max_ganglia;
  const uint32_t unread = empty_axon(axon);
  self_.dropped[NB_DROP_DEAD_TARGET] += unread;
  if (from < limit && to < limit) {
    shared(segment_.ganglion(to).retired).fetch_add(position_of(axon) - axon.base - unread);
    uint32_t expected = number + 1;
    shared(segment_.axon_index(from, to)).compare_exchange_strong(expected, 0);  // SYNC axon-leave
  }
  store_release<uint32_t>(axon.state, NB_FREE);  // SYNC ganglion-claim
  return true;
}

void Ganglion::find_inboxes() {
  inboxes_seen_ = load_acquire(self_.inboxes);  // SYNC inbox-open
  for (uint32_t from = 0; from < segment_.header().max_ganglia; from++) {
    const uint32_t entry = load_acquire(segment_.axon_index(from, index_));  // SYNC inbox-open
    if (from == index_ || entry == 0 || entry > segment_.header().max_axons) continue;
    const auto end = inboxes_.begin() + inbox_count_;
    if (std::any_of(inboxes_.begin(), end, [&](const Inbox& inbox) { return inbox.number == entry - 1; })) continue;
    nb_axon& axon = segment_.axon(entry - 1);
    if (shared(axon.to_gone).load() != 0) {  // a predecessor's: what it left unread is not for us
      if (!claim_live(axon)) continue;
      self_.dropped[NB_DROP_DEAD_TARGET] += empty_axon(axon);
      shared(axon.to_gone).store(0);                 // SYNC axon-leave
      store_release<uint32_t>(axon.state, NB_LIVE);  // SYNC axon-leave
    }
    add_inbox(from, entry - 1);
  }
}

void Ganglion::add_inbox(uint32_t from, uint32_t number) {
  Inbox& inbox = inboxes_[inbox_count_++];
  inbox = Inbox{};
  inbox.axon = &segment_.axon(number);
  inbox.slots = reinterpret_cast<nb_spike*>(inbox.axon + 1);
  inbox.number = number;
  inbox.from = from;
  inbox.cursor = inbox.limit = load_relaxed(inbox.axon->tail);
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
    const uint32_t next = axon_.mode == NB_MODE_DROP_OLDEST ? load_relaxed(inbox.axon->tail) : inbox.cursor;
    if (head != next) return true;
  }
  return false;
}

void Ganglion::wake(uint32_t index) {
  nb_ganglion& other = segment_.ganglion(index);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // SYNC ganglion-park
  if (shared(other.parked).load() == 0) return;
  uint32_t expected = 1;
  if (!shared(other.parked).compare_exchange_strong(expected, 0)) return;  // SYNC ganglion-park
  if (other.process == process_token() && call_waker(segment_.base(), index)) return;
  shared(other.wake).fetch_add(1);
  futex_wake(&other.wake);
}

// ---- death ----------------------------------------------------------------------------------------------------------

bool Ganglion::is_dead(uint32_t index) const {
  nb_ganglion& other = segment_.ganglion(index);
  return load_acquire(other.state) != NB_FREE && other.process != process_token() && !mapping_->slot_held(index);
}

uint32_t Ganglion::reap() {
  if (mapping_ == nullptr) return 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) {
    if (i == index_ || !is_dead(i) || !mapping_->hold_slot(i)) continue;
    if (load_acquire(segment_.ganglion(i).state) != NB_FREE) {
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
    if (neuron.ganglion != index || neuron.state == NB_FREE) continue;
    const nb_arena_ref card = segment_.card(id);
    segment_.card(id) = nb_arena_ref{};
    if (card.generation != 0) (void)arena.release(card);
    neurons.remove(static_cast<uint16_t>(id), 0);
  }
  uint64_t sent = load_relaxed(dead.retired);
  for (uint32_t other = 0; other < header.max_ganglia; other++) {
    const uint32_t in = load_acquire(segment_.axon_index(other, index));  // SYNC inbox-open
    if (in != 0 && in <= header.max_axons) {
      nb_axon& axon = segment_.axon(in - 1);
      (void)empty_axon(axon);  // close_books() counts it; what comes later is its sender's to count
      const uint32_t behind = load_acquire(axon.head) - load_relaxed(axon.tail);  // SYNC axon-publish
      sent += position_of(axon) - behind - axon.base;
      shared(axon.to_gone).store(1);  // SYNC axon-leave
      if (other == index) shared(axon.from_gone).store(1);
      if (shared(axon.from_gone).load() != 0) free_axon(in - 1);
    }
    const uint32_t out = load_acquire(segment_.axon_index(index, other));  // SYNC inbox-open
    if (other != index && out != 0 && out <= header.max_axons) {
      nb_axon& axon = segment_.axon(out - 1);
      shared(axon.from_gone).store(1);  // SYNC axon-leave
      if (shared(axon.to_gone).load() != 0) free_axon(out - 1);
    }
  }
  close_books(dead, sent);
  arena.take_back_all(segment_);
  const uint64_t tables = header.workspace_stride - header.rules_offset;
  std::memset(segment_.base() + segment_.workspace(index) + header.rules_offset, 0, tables);
  std::memset(segment_.mailbox(index), 0, NB_MAIL_SLOTS * sizeof(nb_mail));
  store_release<uint32_t>(dead.state, NB_FREE);  // SYNC ganglion-claim
}

// What was sent to a dead ganglion and neither delivered nor dropped is lost with it. All counters are cumulative over the
// owners of a ganglion, so this can be done twice.
void Ganglion::close_books(nb_ganglion& dead, uint64_t sent) {
  uint64_t accounted = dead.delivered;
  for (const uint64_t dropped : dead.dropped) accounted += dropped;
  const uint64_t owed = sent + dead.fanned;
  if (owed > accounted) dead.dropped[NB_DROP_DEAD_TARGET] += owed - accounted;
}

}  // namespace neuronbus
