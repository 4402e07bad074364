// SPDX-License-Identifier: MIT
//
// The axon: a ring of spikes with one producer, one gating reader and any number of observers.
//
// Each object here belongs to one thread and must be closed before the segment's memory goes. One AxonProducer and one
// AxonReader at a time can be open on an axon; observers are not limited. Positions count spikes for ever (63 bits); the
// slot of a position is position & (capacity - 1).
//
//   tail            head            intent
//    | queued spikes | may be under   |            tail <= head <= intent,  head - tail <= capacity
//    |               | writing        |
//
// Who writes which word, and what pairs with it:
//   head     producer: release store after the slots were written; readers acquire               SYNC axon-publish
//   intent   producer: before it writes the slots below; observers read it after their copy      SYNC axon-intent
//            (in strides, so that a single publish does not pay for it)
//   tail     gating reader: release store after its last look at the slots; producer acquires    SYNC axon-release
//            NB_MODE_DROP_OLDEST: gating reader and producer, by compare-and-swap. Who moves the tail past a spike owns it,
//            and the arena reference in it: the reader consumed it or the producer dropped it, never both, never neither
//   producer, reader   whoever opens, by compare-and-swap from 0                                 SYNC axon-claim
//   dropped  producer, relaxed; it never orders anything
//
// The account needs no counter on the hot path: published = head + those that never came in, consumed = tail - those evicted.
// At every moment published = consumed + dropped + queued.
#pragma once

#include "axon_memory.h"
#include "segment.h"

namespace neuronbus {

// An axon of a segment with everything that must not change under a participant, checked once.
struct AxonView {
  nb_axon* axon = nullptr;
  nb_spike* slots = nullptr;
  uint32_t capacity = 0;
  uint32_t mask = 0;
  uint32_t mode = NB_MODE_DROP_NEWEST;
  uint32_t sample_every = 1;
  uint64_t block_ns = 0;

  // NB_ERR_INVALID_ARGUMENT: no such axon. NB_ERR_BAD_SEGMENT: its header contradicts the segment's.
  static nb_status open(const Segment& segment, uint32_t index, AxonView* out);
};

struct AxonStats {
  uint64_t published = 0;  // offered, accepted or not
  uint64_t consumed = 0;   // taken by the gating reader
  uint64_t queued = 0;
  uint64_t dropped[4] = {};  // NB_DROP_FULL .. NB_DROP_DEADLINE
};

// Any thread. published = consumed + dropped + queued holds in what it returns; it is exact when the producer does not
// publish meanwhile.
AxonStats axon_stats(const AxonView& view);

enum class Offer : uint8_t {
  accepted,
  dropped,  // counted, by the backpressure mode
  full,     // counted; NB_MODE_FAIL: the caller reports NB_ERR_FULL
};

// Aligned, like AxonReader: the two often lie side by side in memory while different threads write them.
class alignas(NB_LINE_BYTES) AxonProducer {
 public:
  AxonProducer() = default;
  AxonProducer(const AxonProducer&) = delete;
  AxonProducer& operator=(const AxonProducer&) = delete;
  ~AxonProducer() { close(); }

  // Claims the producer's side for `token` (not 0). NB_ERR_PRODUCER_TAKEN, or the errors of AxonView::open.
  nb_status open(const Segment& segment, uint32_t index, uint32_t token);
  void close();

  // Publishes if there is room, whatever the mode. False, and nothing counted, when there is none.
  bool try_publish(const nb_spike& spike) {
    const auto position = static_cast<uint32_t>(head_);
    if (position - tail_ >= view_.capacity && !has_room()) return false;
    if (head_ == intent_) announce(1);
    write_slot(&view_.slots[position & view_.mask], spike);
    publish(1);
    return true;
  }

  // As many as there is room for, in order, under one store of the cursor. Returns how many; the rest is not counted.
  uint32_t try_publish(const nb_spike* spikes, uint32_t count);

  // Up to `wanted` slots in one piece, to be written in place; nullptr when there is no room. With observers on the axon
  // write them with write_slot(). Nothing is visible before commit().
  nb_spike* claim(uint32_t wanted, uint32_t* granted) {
    const auto position = static_cast<uint32_t>(head_);
    if (view_.capacity - (position - tail_) < wanted) has_room();
    const uint32_t used = position - tail_;
    const uint32_t room = used < view_.capacity ? view_.capacity - used : 0;
    const uint32_t to_end = view_.capacity - (position & view_.mask);
    uint32_t count = wanted < room ? wanted : room;
    if (count > to_end) count = to_end;
    *granted = count;
    if (count == 0) return nullptr;
    if (head_ + count > intent_) announce(count);
    return &view_.slots[position & view_.mask];
  }

  // Publishes the first `count` of the slots granted last.
  void commit(uint32_t count) { publish(count); }

  // Publishes as the axon's backpressure mode says and counts what is dropped. In NB_MODE_DROP_OLDEST `on_evict` gets each
  // spike that made room, as const nb_spike&: it owns the arena reference in it. NB_MODE_BLOCK may block this thread.
  template <typename OnEvict>
  Offer offer(const nb_spike& spike, OnEvict&& on_evict) {
    if (view_.mode == NB_MODE_SAMPLE && !sampled()) return Offer::dropped;
    if (try_publish(spike)) return Offer::accepted;
    nb_spike evicted;
    if (view_.mode == NB_MODE_DROP_OLDEST && evict(&evicted)) on_evict(static_cast<const nb_spike&>(evicted));
    return offer_again(spike);
  }
  Offer offer(const nb_spike& spike) {
    return offer(spike, [](const nb_spike&) {});
  }

  const AxonView& view() const { return view_; }

 private:
  void announce(uint32_t count) {
    intent_ = head_ + (count > stride_ ? count : stride_);
    announce_intent(*view_.axon, intent_);
  }

  void publish(uint32_t count) {
    nb_axon& axon = *view_.axon;
    const uint64_t next = head_ + count;
    if ((next ^ head_) >> 31 != 0) store_relaxed(axon.head_high, static_cast<uint32_t>(next >> 31));
    store_release(axon.head, static_cast<uint32_t>(next));  // SYNC axon-publish
    head_ = next;
  }

  bool has_room();
  bool sampled();
  bool evict(nb_spike* evicted);
  bool wait_for_room();
  Offer offer_again(const nb_spike& spike);
  void count_drop(uint32_t reason);

  AxonView view_;
  uint64_t head_ = 0;
  uint64_t intent_ = 0;
  uint32_t tail_ = 0;  // as seen last
  uint32_t stride_ = 1;
  uint64_t dropped_[4] = {};
  uint64_t pressed_ = 0;  // spikes offered while the ring was over half full, but not full
  uint32_t token_ = 0;
};

class alignas(NB_LINE_BYTES) AxonReader {
 public:
  AxonReader() = default;
  AxonReader(const AxonReader&) = delete;
  AxonReader& operator=(const AxonReader&) = delete;
  ~AxonReader() { close(); }

  // Claims the gating side for `token` (not 0); reads from the oldest queued spike. NB_ERR_READER_TAKEN, or the errors of
  // AxonView::open.
  nb_status open(const Segment& segment, uint32_t index, uint32_t token);
  void close();

  // Whether spikes are read in place. Not in NB_MODE_DROP_OLDEST, where the producer may overwrite them: use take().
  bool in_place() const { return view_.mode != NB_MODE_DROP_OLDEST; }

  // In place only: how many spikes at(0), at(1) .. can be read until advance(). Looks at the producer's cursor, which costs
  // both sides a cache line's way, only if it does not know of `enough` already.
  uint32_t available(uint32_t enough = UINT32_MAX) {
    if (head_ - tail_ < enough) refresh();
    return head_ - tail_;
  }
  const nb_spike& at(uint32_t index) const { return view_.slots[(tail_ + index) & view_.mask]; }

  // In place only: the next spike, or nullptr. Valid until advance().
  const nb_spike* peek() {
    if (head_ == tail_) {
      refresh();
      if (head_ == tail_) return nullptr;
    }
    return &view_.slots[tail_ & view_.mask];
  }

  // In place only: gives the slots of the next `count` spikes back to the producer.
  void advance(uint32_t count = 1) {
    tail_ += count;
    store_release(view_.axon->tail, tail_);  // SYNC axon-release
  }

  // Waits some hundred ns. A reader that finds a few spikes at every look takes the cursor's line away from the producer each
  // time, and both crawl at the speed of that line; resting after such a look lets more come at once, five times as many a
  // second. For readers that want throughput more than the last half microsecond.
  static void rest();

  // Any mode: copies up to `max` spikes out and consumes them. Returns how many; 0 = empty.
  uint32_t take(nb_spike* out, uint32_t max);

  // The cursors contradicted each other: the memory was written by somebody who must not. Such an axon reads as empty.
  bool damaged() const { return damaged_; }

 private:
  void refresh();
  uint32_t take_shared(nb_spike* out, uint32_t max);

  AxonView view_;
  uint32_t tail_ = 0;
  uint32_t head_ = 0;  // as seen last
  uint32_t token_ = 0;
  bool damaged_ = false;
};

class alignas(NB_LINE_BYTES) AxonObserver {
 public:
  // Starts at the next spike to be published. Errors of AxonView::open; NB_ERR_BAD_SEGMENT when the cursor is torn for good.
  nb_status open(const Segment& segment, uint32_t index);

  // Copies the next spike. False when there is none now; true never comes with a spike that was overwritten meanwhile.
  bool next(nb_spike* spike) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      if (position_ >= head_ && !refresh()) return false;
      read_slot(&view_.slots[position_ & view_.mask], spike);
      uint64_t intent;
      if (!load_intent(*view_.axon, &intent)) return false;
      if (intent - position_ <= view_.capacity) {
        position_++;
        return true;
      }
      skip_to(intent - view_.capacity);
    }
    return false;
  }

  // Spikes that were overwritten before this observer came to them: received + lost = published since it was opened.
  uint64_t lost() const { return lost_; }
  uint64_t position() const { return position_; }

 private:
  static constexpr int kAttempts = 64;  // overtaken this often in one call: say so, do not spin

  bool refresh() { return load_cursor(view_.axon->head, view_.axon->head_high, &head_) && position_ < head_; }
  void skip_to(uint64_t oldest) {
    lost_ += oldest - position_;
    position_ = oldest;
  }

  AxonView view_;
  uint64_t position_ = 0;
  uint64_t head_ = 0;  // as seen last
  uint64_t lost_ = 0;
};

}  // namespace neuronbus
