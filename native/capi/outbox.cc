// SPDX-License-Identifier: MIT
#include "outbox.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "atomics.h"
#include "axon_memory.h"

namespace neuronbus {
namespace {

constexpr uint32_t kIntentStride = 64;

}  // namespace

Outbox::Outbox(const Segment& segment, Ganglion& ganglion)
    : segment_(segment),
      ganglion_(ganglion),
      control_(segment.control(ganglion.index())),
      axon_(segment.axon(ganglion.axon())),
      slots_(reinterpret_cast<nb_spike*>(&axon_ + 1)),
      capacity_(segment.header().axon_capacity),
      soft_limit_(segment.header().backpressure == NB_MODE_SAMPLE ? capacity_ / 2 + 1 : capacity_),
      stride_(std::max(1u, std::min(kIntentStride, capacity_ / 4))) {
  load_cursor(axon_.head, axon_.head_high, &head_);
  load_cursor(axon_.intent, axon_.intent_high, &intent_);
}

nb_status Outbox::post(nb_spike& spike, const nb_arena_ref* block) {
  ganglion_.stamp();
  nb_neuron& source = ganglion_.neurons()[spike.source];
  spike.timestamp_ns = control_.now_lo | uint64_t{control_.now_hi} << 32;
  spike.sequence = source.sequence;
  accepted_ = 0;
  nb_status status;
  if (spike.target == NB_BROADCAST) {
    status = broadcast(spike, block);
  } else {
    // To nobody it goes the way of all spikes, and is counted where they end.
    const uint32_t to = ganglion_.neurons().ganglion_of(spike.target);
    const bool here = to == NB_NONE || to == ganglion_.index() || to >= segment_.header().max_ganglia;
    status = here ? keep(spike, block) : send(to, spike, block);
  }
  if (accepted_ > 0) source.sequence++;
  return status;
}

// Once per ganglion with a synapse from the source; to nobody it goes through the own ring, where it is counted.
nb_status Outbox::broadcast(const nb_spike& spike, const nb_arena_ref* block) {
  const uint64_t listeners = shared(ganglion_.neurons()[spike.source].listeners).load();  // SYNC listeners
  nb_status result = NB_OK;
  uint32_t owed = 0;
  for (uint32_t to = 0; to < segment_.header().max_ganglia; to++) {
    if ((listeners >> to & 1) == 0 || to == ganglion_.index()) continue;
    const nb_status status = send(to, spike, block);
    if (status == NB_ERR_DEAD_TARGET) continue;  // its neurons went with it
    owed++;
    if (status != NB_OK && (result == NB_OK || result == NB_ERR_FULL)) result = status;
  }
  if ((listeners >> ganglion_.index() & 1) == 0 && owed > 0) return result;
  const nb_status status = keep(spike, block);
  return result == NB_OK ? status : result;
}

nb_status Outbox::send(uint32_t to, const nb_spike& spike, const nb_arena_ref* block) {
  Box* box = nullptr;
  nb_status status = open(to, &box);
  if (status == NB_OK && block != nullptr) status = ganglion_.arena().retain(*block);
  if (status != NB_OK) return status;
  const Offer offer = box->producer.offer(spike, [&](const nb_spike& evicted) { release(evicted); });
  if (offer != Offer::accepted) {
    if (block != nullptr) (void)ganglion_.arena().release(*block);
    return NB_ERR_FULL;
  }
  accepted_++;
  ganglion_.wake(to);
  return NB_OK;
}

// ---- own ring -------------------------------------------------------------------------------------------------------

// Into the own ring. The native half learns of it from control.self_head, observers when that publishes the cursor.
nb_status Outbox::keep(const nb_spike& spike, const nb_arena_ref* block) {
  if (used() >= soft_limit_ && !admit()) return NB_ERR_FULL;
  if (block != nullptr) {
    const nb_status status = ganglion_.arena().retain(*block);
    if (status != NB_OK) return status;
  }
  if (intent_ <= head_) {
    intent_ = head_ + stride_;
    announce_intent(axon_, intent_);
  }
  write_slot(&slots_[head_ & (capacity_ - 1)], spike);
  head_++;
  control_.self_head = static_cast<uint32_t>(head_);
  accepted_++;
  return NB_OK;
}

uint32_t Outbox::used() const { return static_cast<uint32_t>(head_) - load_acquire(axon_.tail); }  // SYNC axon-release

// Too many spikes wait: make room, or decide by the backpressure mode. Waiting for room would be waiting for oneself.
bool Outbox::admit() {
  const bool full = used() >= capacity_;
  switch (segment_.header().backpressure) {
    case NB_MODE_DROP_OLDEST:
      (void)ganglion_.drop_oldest();
      return used() < capacity_ || refuse(NB_DROP_FULL);
    case NB_MODE_BLOCK:
      return refuse(NB_DROP_DEADLINE);
    case NB_MODE_SAMPLE:
      if (full) return refuse(NB_DROP_FULL);
      return ++pressed_ % segment_.header().drop_sample_every == 0 || refuse(NB_DROP_SAMPLED);
    default:
      return refuse(NB_DROP_FULL);
  }
}

bool Outbox::refuse(uint32_t reason) {
  store_relaxed<uint64_t>(axon_.dropped[reason], axon_.dropped[reason] + 1);
  return false;
}

void Outbox::release(const nb_spike& spike) {
  if (spike.kind >> 2 != NB_LENGTH_ARENA) return;
  nb_arena_ref reference;
  std::memcpy(&reference, spike.payload, sizeof reference);
  (void)ganglion_.arena().release(reference);
}

// ---- axons to others ------------------------------------------------------------------------------------------------

bool Outbox::generation_of(uint32_t to, uint32_t* generation) const {
  nb_ganglion& other = segment_.ganglion(to);
  if (load_acquire(other.state) != NB_LIVE) return false;  // SYNC ganglion-claim
  *generation = load_relaxed(other.generation);
  return true;
}

nb_status Outbox::open(uint32_t to, Box** out) {
  uint32_t generation = 0;
  const bool live = generation_of(to, &generation);
  if (boxes_[to] != nullptr) {
    *out = boxes_[to].get();
    if (live && boxes_[to]->generation == generation) return NB_OK;
    forget(to);
  }
  if (!live) return NB_ERR_DEAD_TARGET;
  uint32_t number = 0;
  nb_status status = ganglion_.open_axon(to, &number);
  if (status != NB_OK) return status;
  auto box = std::unique_ptr<Box>(new (std::nothrow) Box);
  if (box == nullptr) return NB_ERR_NO_MEMORY;
  box->generation = generation;
  status = box->producer.open(segment_, number, ganglion_.index() + 1);
  if (status != NB_OK) return status;
  boxes_[to] = std::move(box);
  *out = boxes_[to].get();
  return NB_OK;
}

void Outbox::forget(uint32_t to) {
  boxes_[to].reset();
  ganglion_.abandon_axon(to);
}

void Outbox::forget_gone() {
  for (uint32_t to = 0; to < boxes_.size(); to++) {
    uint32_t generation = 0;
    if (boxes_[to] != nullptr && (!generation_of(to, &generation) || generation != boxes_[to]->generation)) forget(to);
  }
}

void Outbox::close() {
  for (auto& box : boxes_) box.reset();
}

}  // namespace neuronbus
