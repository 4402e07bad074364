// SPDX-License-Identifier: MIT
//
// Clearing away after participants of other processes that died.
//
// A ganglion is dead when the kernel says that nobody holds its lock (mapping.h). Whoever gets that lock clears away: each step
// can be done twice, so that the next one can finish what a dying one began.
#include <algorithm>
#include <cstring>
#include <thread>

#include "atomics.h"
#include "axon_between.h"
#include "ganglion.h"

namespace neuronbus {
namespace {

constexpr uint32_t kLooks = 1000;  // at a ring whose producer is at work

}  // namespace

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
  trim_for_absent();
  return count;
}

// Payloads that were under way when their sender left or died are released by their receivers later. Then their chunks are empty,
// but nobody's: who finds one takes the place of the owner for a moment, as if it joined.
void Ganglion::trim_for_absent() {
  const uint64_t owners = ArenaView(segment_, index_).owners_of_empty_chunks();
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) {
    nb_ganglion& absent = segment_.ganglion(i);
    if ((owners >> i & 1) == 0 || load_relaxed(absent.state) != NB_FREE || !mapping_->hold_slot(i)) continue;
    uint32_t expected = NB_FREE;
    if (shared(absent.state).compare_exchange_strong(expected, NB_CLAIMED)) {  // SYNC ganglion-claim
      Arena(segment_, i).trim();
      store_release<uint32_t>(absent.state, NB_FREE);  // SYNC ganglion-claim
    }
    mapping_->drop_slot(i);
  }
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
  carry_out(dead);
  find_copies(index);
  finish_claims(arena, index);
  for (uint32_t other = 0; other < header.max_ganglia; other++) {
    const uint32_t in = axon_between(other, index);
    if (in != NB_NONE) {
      if (shared(segment_.axon(in).to_gone).load() == 0) part_from(dead, arena, in);  // SYNC axon-leave
      if (other == index) shared(segment_.axon(in).from_gone).store(1);
      free_axon(in);
    }
    const uint32_t out = axon_between(index, other);
    if (out != NB_NONE) {
      shared(segment_.axon(out).from_gone).store(1);  // SYNC axon-leave
      shared(segment_.ganglion(other).inboxes).fetch_add(1);  // SYNC inbox-open: look whether it counted all it took back
      free_axon(out);
    }
  }
  close_books(dead);
  arena.take_back_all(segment_);
  clear_mail(index);
  clear_workspace(index);
  rouse_all();
  store_release<uint32_t>(dead.state, NB_FREE);  // SYNC ganglion-claim
}

// The dead one may have taken the flag of somebody who sleeps, and not woken it.
void Ganglion::rouse_all() {
  for (uint32_t i = 0; i < segment_.header().max_ganglia; i++) {
    if (load_acquire(segment_.ganglion(i).state) == NB_LIVE) rouse(i);  // SYNC ganglion-claim
  }
}

// Whether the dead one got the spikes that it was about to claim with its copies, or they are the ring's still. The tail moves with
// a claim and with each spike that the producer takes back, which counts it right after. SYNC copies-claim
void Ganglion::find_copies(uint32_t index) {
  const uint64_t at = segment_.workspace(index);
  if (!copying_ || reserve(mapping_, at, sizeof(nb_control)) != NB_OK) return;
  nb_control& control = segment_.control(index);
  const uint32_t count = load_acquire(control.copying);  // SYNC copies-claim
  const uint32_t number = load_relaxed(control.copied_axon);
  if (count == 0 || count > NB_INBOX_SLOTS || number >= segment_.header().max_axons) return;
  nb_axon& axon = segment_.axon(number);
  uint32_t beyond = 0;
  for (uint32_t attempt = 0; attempt < kLooks; attempt++) {
    const uint64_t oldest = load_acquire(axon.dropped[NB_DROP_OLDEST]);  // SYNC axon-release
    beyond = load_acquire(axon.tail) - load_relaxed(control.copied_origin) - static_cast<uint32_t>(oldest);  // SYNC axon-release
    const bool still = load_relaxed(axon.dropped[NB_DROP_OLDEST]) == oldest;
    if (still && (beyond == 0 || beyond == count + 1 || (beyond == count && count > 1))) break;
    std::this_thread::yield();  // a living producer may be about to count
  }
  if (beyond == count || beyond == count + 1) store_relaxed(control.copied, count);
  store_release<uint32_t>(control.copying, 0);  // SYNC copies-claim
}

// Axons that the dead ganglion was about to open, to adopt or to free.
void Ganglion::finish_claims(ArenaView& arena, uint32_t index) {
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
    if (to == index) part_from(segment_.ganglion(index), arena, number);
    if (both_gone(axon)) (void)empty_axon(arena, number);  // it may have begun to
    unclaim(number);
  }
}

// What was sent to a ganglion that is gone and neither delivered nor dropped is lost with it. All counters are cumulative over
// the owners of a ganglion, so this can be done twice.
void Ganglion::close_books(nb_ganglion& gone) {
  uint64_t accounted = gone.delivered;
  for (const uint64_t dropped : gone.dropped) accounted += dropped;
  const uint64_t owed = gone.retired + gone.fanned + gone.returned;
  const uint64_t lost = load_relaxed(gone.dropped[NB_DROP_DEAD_TARGET]) + owed - accounted;
  if (owed > accounted) store_relaxed(gone.dropped[NB_DROP_DEAD_TARGET], lost);
}

// Tables of the dead ganglion, and the blocks of spikes that it had copied out of their rings.
void Ganglion::clear_workspace(uint32_t index) {
  const nb_segment_header& header = segment_.header();
  // It may have died before its memory was there; then nothing was ever written to it, and writing might be a SIGBUS.
  if (reserve(mapping_, segment_.workspace(index), header.workspace_stride) != NB_OK) return;
  nb_control& control = segment_.control(index);
  Arena arena(segment_, index);
  for (uint32_t i = 0; i < NB_INBOX_SLOTS; i++) {  // others may look at them
    nb_spike copy;
    read_slot(&segment_.inbox(index)[i], &copy);
    if (i < load_relaxed(control.copied)) release_payload(arena, copy, Arena::copied_place(i));
    store_relaxed<uint8_t>(segment_.inbox(index)[i].kind, 0);
  }
  control.neurons = control.synapses = control.synapse_slots = 0;
  std::memset(segment_.base() + segment_.workspace(index) + header.rules_offset, 0,
              header.workspace_stride - header.rules_offset);
}

}  // namespace neuronbus
