// SPDX-License-Identifier: MIT
#include "axon.h"

#include <chrono>
#include <thread>

#include "clock.h"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace neuronbus {
namespace {

constexpr uint32_t kMaxStride = 64;
constexpr int kSpins = 2000;
constexpr int kRestSpins = 64;
constexpr std::chrono::microseconds kSlice{50};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#elif defined(_MSC_VER) && defined(_M_X64)
  _mm_pause();
#elif defined(_MSC_VER) && defined(_M_ARM64)
  __yield();
#endif
}

bool claim_side(uint32_t& side, uint32_t token) {
  uint32_t expected = 0;
  // SYNC axon-claim: the next one to open sees all that the last one left.
  return shared(side).compare_exchange_strong(expected, token, std::memory_order_acquire, std::memory_order_relaxed);
}

void leave_side(uint32_t& side, uint32_t token) {
  if (load_relaxed(side) == token) store_release<uint32_t>(side, 0);  // SYNC axon-claim
}

}  // namespace

nb_status AxonView::open(const Segment& segment, uint32_t index, AxonView* out) {
  const nb_segment_header& header = segment.header();
  if (index >= header.max_axons) return NB_ERR_INVALID_ARGUMENT;
  nb_axon& axon = segment.axon(index);
  AxonView view;
  view.axon = &axon;
  view.slots = reinterpret_cast<nb_spike*>(&axon + 1);
  view.capacity = header.axon_capacity;
  view.mask = header.axon_capacity - 1;
  view.mode = axon.mode;
  view.sample_every = axon.sample_every;
  view.block_ns = axon.block_ns;
  if (axon.capacity != view.capacity || view.mode > NB_MODE_SAMPLE || view.sample_every == 0) return NB_ERR_BAD_SEGMENT;
  *out = view;
  return NB_OK;
}

AxonStats axon_stats(const AxonView& view) {
  nb_axon& axon = *view.axon;
  AxonStats stats;
  // In the order oldest, tail, head: what happens in between makes the first two too small, never a difference negative.
  stats.dropped[NB_DROP_OLDEST] = load_acquire(axon.dropped[NB_DROP_OLDEST]);  // SYNC axon-release
  const uint32_t tail = load_acquire(axon.tail);                               // SYNC axon-release
  uint64_t head = 0;
  if (!load_cursor(axon.head, axon.head_high, &head)) return stats;
  const uint32_t distance = static_cast<uint32_t>(head) - tail;
  uint64_t refused = 0;
  for (uint32_t reason = NB_DROP_FULL; reason <= NB_DROP_DEADLINE; reason++) {
    if (reason == NB_DROP_OLDEST) continue;
    stats.dropped[reason] = load_relaxed(axon.dropped[reason]);
    refused += stats.dropped[reason];
  }
  stats.queued = distance < view.capacity ? distance : view.capacity;
  stats.published = head + refused;
  const uint64_t gone = stats.queued + stats.dropped[NB_DROP_OLDEST];
  stats.consumed = head > gone ? head - gone : 0;
  return stats;
}

nb_status AxonProducer::open(const Segment& segment, uint32_t index, uint32_t token) {
  close();
  if (token == 0) return NB_ERR_INVALID_ARGUMENT;
  AxonView view;
  const nb_status status = AxonView::open(segment, index, &view);
  if (status != NB_OK) return status;
  nb_axon& axon = *view.axon;
  if (!claim_side(axon.producer, token)) return NB_ERR_PRODUCER_TAKEN;
  if (!load_cursor(axon.head, axon.head_high, &head_) || !load_cursor(axon.intent, axon.intent_high, &intent_)) {
    leave_side(axon.producer, token);
    return NB_ERR_BAD_SEGMENT;
  }
  if (intent_ < head_) intent_ = head_;
  tail_ = load_acquire(axon.tail);  // SYNC axon-release
  stride_ = view.capacity / 4 < kMaxStride ? view.capacity / 4 : kMaxStride;
  if (stride_ == 0) stride_ = 1;
  pressed_ = 0;
  for (uint32_t reason = NB_DROP_FULL; reason <= NB_DROP_DEADLINE; reason++) dropped_[reason] = axon.dropped[reason];
  view_ = view;
  token_ = token;
  return NB_OK;
}

void AxonProducer::close() {
  if (token_ != 0) leave_side(view_.axon->producer, token_);
  token_ = 0;
}

bool AxonProducer::has_room() {
  tail_ = load_acquire(view_.axon->tail);  // SYNC axon-release: the reader is done with the slots below
  return static_cast<uint32_t>(head_) - tail_ < view_.capacity;
}

uint32_t AxonProducer::try_publish(const nb_spike* spikes, uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    uint32_t granted;
    nb_spike* slots = claim(count - done, &granted);
    if (slots == nullptr) break;
    for (uint32_t i = 0; i < granted; i++) write_slot(slots + i, spikes[done + i]);
    commit(granted);
    done += granted;
  }
  return done;
}

void AxonProducer::count_drop(uint32_t reason) {
  store_relaxed(view_.axon->dropped[reason], ++dropped_[reason]);
}

// NB_MODE_SAMPLE. Whether this spike may try: each one while the ring is at most half full, above that every n-th. A full
// ring is not thinned out but full.
bool AxonProducer::sampled() {
  const auto position = static_cast<uint32_t>(head_);
  if (position - tail_ <= view_.capacity / 2) return true;
  if (!has_room() || position - tail_ <= view_.capacity / 2) return true;
  if (++pressed_ % view_.sample_every == 0) return true;
  count_drop(NB_DROP_SAMPLED);
  return false;
}

// Takes the oldest spike out of a full ring. False when the reader was quicker, and then there is room as well.
bool AxonProducer::evict(nb_spike* evicted) {
  uint32_t tail = load_acquire(view_.axon->tail);  // SYNC axon-release
  if (static_cast<uint32_t>(head_) - tail < view_.capacity) return false;
  // SYNC axon-release: from here the slot is ours alone.
  if (!shared(view_.axon->tail).compare_exchange_strong(tail, tail + 1, std::memory_order_acq_rel)) return false;
  read_slot(&view_.slots[tail & view_.mask], evicted);
  count_drop(NB_DROP_OLDEST);
  return true;
}

bool AxonProducer::wait_for_room() {
  const uint64_t start = Clock::os_now();
  for (int spin = 0; spin < kSpins; spin++) {
    if (has_room()) return true;
    if (spin % 64 == 63 && Clock::os_now() - start >= view_.block_ns) return false;
    relax();
  }
  while (Clock::os_now() - start < view_.block_ns) {
    std::this_thread::sleep_for(kSlice);
    if (has_room()) return true;
  }
  return has_room();
}

// The ring was full at the first attempt.
Offer AxonProducer::offer_again(const nb_spike& spike) {
  if (view_.mode == NB_MODE_BLOCK && !wait_for_room()) {
    count_drop(NB_DROP_DEADLINE);
    return Offer::dropped;
  }
  if (view_.mode == NB_MODE_DROP_OLDEST || view_.mode == NB_MODE_BLOCK) {
    if (try_publish(spike)) return Offer::accepted;  // always, unless the tail is damaged
  }
  count_drop(NB_DROP_FULL);
  return view_.mode == NB_MODE_FAIL ? Offer::full : Offer::dropped;
}

nb_status AxonReader::open(const Segment& segment, uint32_t index, uint32_t token) {
  close();
  if (token == 0) return NB_ERR_INVALID_ARGUMENT;
  AxonView view;
  const nb_status status = AxonView::open(segment, index, &view);
  if (status != NB_OK) return status;
  if (!claim_side(view.axon->reader, token)) return NB_ERR_READER_TAKEN;
  view_ = view;
  token_ = token;
  damaged_ = false;
  head_ = tail_ = load_acquire(view.axon->tail);  // SYNC axon-release
  return NB_OK;
}

void AxonReader::close() {
  if (token_ != 0) leave_side(view_.axon->reader, token_);
  token_ = 0;
}

void AxonReader::refresh() {
  const uint32_t head = load_acquire(view_.axon->head);  // SYNC axon-publish
  damaged_ = head - tail_ > view_.capacity;
  head_ = damaged_ ? tail_ : head;
}

void AxonReader::rest() {
  for (int spin = 0; spin < kRestSpins; spin++) relax();
}

uint32_t AxonReader::take(nb_spike* out, uint32_t max) {
  if (!in_place()) return take_shared(out, max);
  const uint32_t queued = available(max);
  const uint32_t count = queued < max ? queued : max;
  for (uint32_t i = 0; i < count; i++) read_slot(&at(i), &out[i]);
  if (count > 0) advance(count);
  return count;
}

// Copies first, then moves the tail: if that succeeds, the producer took none of them, so none was overwritten.
uint32_t AxonReader::take_shared(nb_spike* out, uint32_t max) {
  for (;;) {
    uint32_t tail = load_acquire(view_.axon->tail);        // SYNC axon-release
    const uint32_t head = load_acquire(view_.axon->head);  // SYNC axon-publish
    const uint32_t queued = head - tail;
    if (queued > view_.capacity) {
      if (load_relaxed(view_.axon->tail) != tail) continue;  // the producer went on between the two loads
      damaged_ = true;
      return 0;
    }
    const uint32_t count = queued < max ? queued : max;
    if (count == 0) return 0;
    for (uint32_t i = 0; i < count; i++) read_slot(&view_.slots[(tail + i) & view_.mask], &out[i]);
    // SYNC axon-release: the copies are complete before the slots are free.
    if (shared(view_.axon->tail).compare_exchange_strong(tail, tail + count, std::memory_order_acq_rel)) return count;
    max = count > 1 ? count / 2 : 1;  // a long copy may lose against a fast producer for ever
  }
}

nb_status AxonObserver::open(const Segment& segment, uint32_t index) {
  AxonView view;
  const nb_status status = AxonView::open(segment, index, &view);
  if (status != NB_OK) return status;
  uint64_t head = 0;
  if (!load_cursor(view.axon->head, view.axon->head_high, &head)) return NB_ERR_BAD_SEGMENT;
  view_ = view;
  position_ = head_ = head;
  lost_ = 0;
  return NB_OK;
}

}  // namespace neuronbus
