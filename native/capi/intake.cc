// SPDX-License-Identifier: MIT
#include "intake.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "atomics.h"
#include "message.h"
#include "process.h"

namespace neuronbus {
namespace {

constexpr uint32_t kLookBudget = 256;    // spikes that look() takes in at most
constexpr uint32_t kSearchLength = 64;   // deliveries that are searched for a spike of the same sender

// Identity of a spike that may be a copy.
bool same(const nb_spike& a, const nb_spike& b) {
  return a.timestamp_ns == b.timestamp_ns && a.sequence == b.sequence && a.source == b.source && a.target == b.target;
}

}  // namespace

Intake::Intake(const Segment& segment, Ganglion& ganglion, Questions& questions, Backlog& backlog)
    : segment_(segment),
      ganglion_(ganglion),
      questions_(questions),
      backlog_(backlog),
      self_(segment.ganglion(ganglion.index())),
      control_(segment.control(ganglion.index())),
      dispatch_(segment.dispatch(ganglion.index())),
      batch_(segment.header().dispatch_capacity),
      entries_(segment.header().dispatch_capacity),
      places_(segment.header().max_neurons) {}

uint32_t Intake::poll(const nb_delivery** batch, uint32_t max) {
  *batch = batch_.data();
  end_batch();
  const uint32_t limit = std::min(max, static_cast<uint32_t>(batch_.size()));
  if (limit == 0) return 0;
  for (;;) {
    if (next_ == count_) {
      route(limit);
    } else {
      ganglion_.settle();
    }
    if (hand_out(limit) > 0) return handed_;
    end_batch();
    if (next_ == count_ && control_.more == 0) {
      if (control_.unfinished != 0) ganglion_.finish();
      return 0;
    }
  }
}

void Intake::end_batch() {
  control_.handled = next_;
  handed_ = 0;
}

bool Intake::look() {
  if (next_ == count_) route(kLookBudget);
  return count_ > 0 || control_.more != 0;
}

void Intake::route(uint32_t budget) {
  control_.limit = control_.self_head;
  control_.renew = 1;
  control_.budget = budget;
  ganglion_.route();
  control_.prunes = 0;  // nobody asks; a full log would stop the sweep
  count_ = std::min(control_.dispatch_count, static_cast<uint32_t>(batch_.size()));
  next_ = 0;
}

void Intake::sleep(uint64_t timeout_ns) {
  const uint32_t wakes = load_acquire(self_.wake);  // SYNC park
  if (ganglion_.park()) (void)futex_wait(&self_.wake, wakes, timeout_ns);
}

uint32_t Intake::hand_out(uint32_t max) {
  batches_++;
  hint_ = 0;
  for (handed_ = 0; handed_ < max && next_ < count_; next_++) {
    nb_dispatch& entry = dispatch_[next_];
    if (!read(entry, &batch_[handed_])) {
      entry.flags |= NB_DISPATCH_DEAD;
      continue;
    }
    if (heed(&batch_[handed_])) continue;
    if ((batch_[handed_].flags & NB_DELIVERY_ANSWER) != 0) entry.flags |= NB_DISPATCH_ANSWERED;  // there is nothing to answer
    Place& place = places_[batch_[handed_].neuron];
    if (place.batch != batches_) place = Place{batches_, handed_};
    entries_[handed_++] = next_;
  }
  return handed_;
}

// False when the neuron is gone. The entry lies in shared memory: read once, then checked.
bool Intake::read(const nb_dispatch& entry, nb_delivery* out) const {
  const nb_dispatch copy = entry;
  const uint64_t offset = uint64_t{copy.spike} * NB_SPIKE_BYTES;
  const uint64_t end = segment_.header().segment_bytes;
  if (offset + NB_SPIKE_BYTES > end || copy.neuron >= places_.size() || !ganglion_.neurons().resident(copy.neuron)) return false;
  const auto* spike = reinterpret_cast<const nb_spike*>(segment_.base() + offset);
  const uint8_t kind = spike->kind;
  MessageHeader header;
  const bool message = read_message(*spike, kind, &header);
  out->spike = spike;
  out->payload = spike->payload;
  out->length = kind >> 2;
  out->neuron = copy.neuron;
  out->flags = (copy.flags & NB_DISPATCH_FIRED) != 0 ? NB_DELIVERY_FIRED : 0;
  const uint8_t* data = spike->payload;
  bool good = true;
  if (out->length > NB_INLINE_BYTES) {
    nb_arena_ref block;
    std::memcpy(&block, spike->payload, sizeof block);
    good = out->length == NB_LENGTH_ARENA && ganglion_.arena().read(block, &data, &out->length) == NB_OK;
  } else if (message) {
    data += NB_MESSAGE_BYTES;
    out->length = header.length;
  }
  if (good && message) good = skip_preamble(header.flags, &data, &out->length);
  if (good) {
    out->payload = data;
  } else {
    out->length = 0;
    out->flags |= NB_DELIVERY_STALE;
  }
  return true;
}

bool Intake::heed(nb_delivery* delivery) {
  const nb_spike& spike = *delivery->spike;
  MessageHeader header;
  if (!read_message(spike, spike.kind, &header)) return false;
  if (header.what <= NB_MESSAGE_STREAM) {
    if (header.what != NB_MESSAGE_SEND) backlog_.add(spike, header, delivery->neuron);
    return false;
  }
  if (questions_.answered(spike, header, delivery->neuron)) {
    delivery->flags |= NB_DELIVERY_ANSWER;
    return false;
  }
  if (header.what == NB_MESSAGE_CANCEL) backlog_.remove(delivery->neuron, spike.source, header.exchange);
  if (header.what == NB_MESSAGE_CANCEL && header.deadline != 0) {
    teach(spike.source, delivery->neuron, NB_LESSON_FAILED, 0);
  } else if (header.what == NB_MESSAGE_REWARD && delivery->length <= NB_MESSAGE_VALUE_BYTES) {
    char text[NB_MESSAGE_VALUE_BYTES + 1] = "";
    std::memcpy(text, delivery->payload, delivery->length);
    teach(spike.source, delivery->neuron, NB_LESSON_REWARD, std::strtod(text, nullptr));
  }
  return true;
}

void Intake::teach(uint16_t asker, uint16_t answerer, uint32_t lesson, double value) {
  control_.taught_pre = asker;
  control_.taught_post = answerer;
  control_.lesson = lesson;
  control_.lesson_value = value;
  ganglion_.teach();
}

void Intake::settle_now() {
  control_.handled = next_;
  ganglion_.settle();
  handed_ = 0;
}

void Intake::abandon() {
  for (; next_ < count_; next_++) dispatch_[next_].flags |= NB_DISPATCH_DEAD;
}

// ---- answers --------------------------------------------------------------------------------------------------------

void Intake::note(const nb_spike& spike, const nb_spike* asked) {
  const uint32_t watch = ganglion_.neurons()[spike.source].watch;
  const bool received = handed_ > 0 && places_[spike.source].batch == batches_;
  const uint32_t found = !received          ? NB_NONE
                         : asked != nullptr ? find(spike.source, *asked)
                                            : oldest_unanswered(spike.source, spike.target);
  if (found == NB_NONE) {
    if (watch != 0) log(spike, asked, NB_EMISSION_MAY_ANSWER | NB_EMISSION_POST_SPIKE);
    return;
  }
  nb_dispatch& entry = entry_of(found);
  const uint32_t before = entry.flags;
  entry.flags |= NB_DISPATCH_ANSWERED;
  if (watch == 0) return;
  const bool direct = (before & NB_DISPATCH_ANSWERED) == 0 && spike.target == batch_[found].spike->source;
  const bool own_firing = (watch & NB_WATCH_PAIR) != 0 && (before & NB_DISPATCH_FIRED) == 0;
  const uint32_t what = (direct ? 0 : NB_EMISSION_MAY_ANSWER) | (own_firing ? NB_EMISSION_POST_SPIKE : 0);
  if (what != 0) log(spike, asked, what);
}

// The delivery of this batch that `asked` is, or is a copy of. Answers mostly come in the order of their questions.
uint32_t Intake::find(uint16_t source, const nb_spike& asked) {
  const nb_spike copy = asked;
  for (uint32_t n = 0, i = hint_ < handed_ ? hint_ : 0; n < handed_; n++, i = i + 1 < handed_ ? i + 1 : 0) {
    if (batch_[i].neuron != source || (batch_[i].spike != &asked && !same(*batch_[i].spike, copy))) continue;
    hint_ = i + 1;
    return i;
  }
  return NB_NONE;
}

// The first delivery to `source` without an answer, one from `target` before others; if all have one, the last of them.
uint32_t Intake::oldest_unanswered(uint16_t source, uint16_t target) {
  Place& place = places_[source];
  uint32_t last = place.first;
  uint32_t i = place.first;
  for (; i < handed_; i++) {
    if (batch_[i].neuron != source) continue;
    last = i;
    if (!answered(i)) break;
  }
  place.first = last;
  const uint32_t end = std::min(handed_, last + kSearchLength);
  for (i = last; i < end; i++) {
    if (batch_[i].neuron == source && !answered(i) && batch_[i].spike->source == target) return i;
  }
  return last;
}

void Intake::log(const nb_spike& spike, const nb_spike* asked, uint32_t what) {
  if (control_.emissions >= NB_EMISSION_LOG_ENTRIES) ganglion_.settle();
  nb_emission& entry = segment_.emissions(ganglion_.index())[control_.emissions];
  entry.time_lo = static_cast<uint32_t>(spike.timestamp_ns);
  entry.time_hi = static_cast<uint32_t>(spike.timestamp_ns >> 32);
  const uint64_t of = asked != nullptr ? asked->timestamp_ns : 0;
  entry.asked_lo = static_cast<uint32_t>(of);
  entry.asked_hi = static_cast<uint32_t>(of >> 32);
  entry.source = spike.source;
  entry.target = spike.target;
  entry.what = what | (asked != nullptr ? NB_EMISSION_ASKED : 0);
  control_.emissions++;
}

}  // namespace neuronbus
