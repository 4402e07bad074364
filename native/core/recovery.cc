// SPDX-License-Identifier: MIT
//
// Clearing away after participants of other processes that died.
//
// A ganglion is dead when the kernel says that nobody holds its lock (mapping.h). Whoever gets that lock clears away: each step
// can be done twice, so that the next one can finish what a dying one began.
#include <algorithm>
#include <cstring>

#include "atomics.h"
#include "axon_between.h"
#include "ganglion.h"

namespace neuronbus {

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
