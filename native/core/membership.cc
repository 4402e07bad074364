// SPDX-License-Identifier: MIT
//
// A ganglion among others: joining and leaving, parking and waking.
#include <new>

#include "atomics.h"
#include "axon_between.h"
#include "ganglion.h"
#include "process.h"

namespace neuronbus {
namespace {

bool hold(Mapping* mapping, uint32_t slot) { return mapping == nullptr || mapping->hold_slot(slot); }
void drop_hold(Mapping* mapping, uint32_t slot) {
  if (mapping != nullptr) mapping->drop_slot(slot);
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
    store_relaxed(ganglion.generation, ganglion.generation + 1 == 0 ? 1 : ganglion.generation + 1);  // 0 = never used
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
  close_books(self_);
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
      part_from(self_, arena_, in);
      if (other == index_) shared(segment_.axon(in).from_gone).store(1);  // SYNC axon-leave
      free_axon(in);
    }
    const uint32_t out = axon_between(index_, other);
    if (out != NB_NONE && shared(segment_.axon(out).from_gone).load() == 0) {
      shared(segment_.axon(out).from_gone).store(1);          // SYNC axon-leave
      shared(segment_.ganglion(other).inboxes).fetch_add(1);  // SYNC inbox-open: look whether we counted all that we took back
      free_axon(out);
    }
  }
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
  rouse(index);
}

void Ganglion::rouse(uint32_t index) {
  nb_ganglion& other = segment_.ganglion(index);
  if (load_relaxed(other.process) == process_token() && call_waker(segment_.base(), index)) return;
  shared(other.wake).fetch_add(1);
  futex_wake(&other.wake);
}

}  // namespace neuronbus
