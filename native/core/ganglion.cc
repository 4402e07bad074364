// SPDX-License-Identifier: MIT
//
// Lifetime of a ganglion, its tables, and the closing of a batch. The opening is in route.cc, learning in learning.cc.
#include "ganglion.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "atomics.h"
#include "axon_memory.h"
#include "histogram.h"
#include "stdp.h"

namespace neuronbus {

Ganglion::Ganglion(const Segment& segment, Mapping* mapping, uint32_t index, uint32_t axon_index,
                   const Plasticity& plasticity)
    : segment_(segment),
      mapping_(mapping),
      index_(index),
      axon_index_(axon_index),
      self_(segment.ganglion(index)),
      control_(segment.control(index)),
      dispatch_(segment.dispatch(index)),
      axon_(segment.axon(axon_index)),
      slots_(reinterpret_cast<nb_spike*>(&axon_ + 1)),
      mask_(segment.header().axon_capacity - 1),
      neurons_(segment, index),
      synapses_(segment, index),
      arena_(segment, index),
      plasticity_(plasticity),
      virtual_clock_((segment.header().flags & NB_FLAG_VIRTUAL_CLOCK) != 0),
      copying_(segment.header().backpressure == NB_MODE_DROP_OLDEST),
      spikes_end_(static_cast<uint32_t>(std::min<uint64_t>(segment.header().segment_bytes / NB_SPIKE_BYTES, UINT32_MAX))) {
  // The ring goes on where whoever had it before stopped; what that one left is its own.
  load_cursor(axon_.head, axon_.head_high, &head_);
  store_release<uint32_t>(axon_.tail, static_cast<uint32_t>(head_));  // SYNC axon-release
  const uint64_t virtual_ns = control_.virtual_ns;
  control_ = nb_control{};
  control_.virtual_ns = virtual_ns;
  control_.self_head = static_cast<uint32_t>(head_);
  add_inbox(index, axon_index);
  inboxes_seen_ = load_relaxed(self_.inboxes) - 1;  // axons of a predecessor may be there
  mail_seen_ = load_relaxed(self_.mail) - 1;  // and requests to it that are not withdrawn yet
  sweep_started_ = sweep_before_ = self_.started_ns = read_clock();
  next_sweep_ = now_ + static_cast<uint64_t>(plasticity_.sweep_ns);
}

uint64_t Ganglion::read_clock() {
  now_ = virtual_clock_ ? control_.virtual_ns : clock_.now();
  control_.now_lo = static_cast<uint32_t>(now_);
  control_.now_hi = static_cast<uint32_t>(now_ >> 32);
  return now_;
}

// The 63-bit position that `position`, at most 2^31 from the published head, stands for.
uint64_t Ganglion::extend(uint32_t position) const {
  return head_ + static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(position - static_cast<uint32_t>(head_))));
}

void Ganglion::publish_self() {
  if (control_.self_head != static_cast<uint32_t>(head_)) {
    head_ = extend(control_.self_head);
    store_relaxed<uint32_t>(axon_.head_high, static_cast<uint32_t>(head_ >> 31));
    store_release<uint32_t>(axon_.head, control_.self_head);  // SYNC axon-publish
  }
}

uint64_t Ganglion::queued() const {
  uint64_t total = inbox_end_ - inbox_next_;
  for (uint32_t i = 0; i < inbox_count_; i++) {
    const Inbox& inbox = inboxes_[i];
    const uint32_t head = i == 0 ? control_.self_head : load_relaxed(inbox.axon->head);
    const uint32_t next = copying_ ? load_relaxed(inbox.axon->tail) : inbox.cursor;
    total += std::min(head - next, mask_ + 1);
  }
  return total;
}

// ---- tables ---------------------------------------------------------------------------------------------------------

nb_status Ganglion::register_neuron(uint16_t wanted, const Dynamics& dynamics, const nb_arena_ref* card,
                                    uint16_t* id) {
  // The tail stays behind a batch whose handlers still run; copied spikes have left the ring before.
  const uint64_t consumed = inbox_first_ < inbox_end_ ? 0 : extend(load_relaxed(axon_.tail));
  const nb_status status = neurons_.add(wanted, dynamics, read_clock(), consumed, card, id);
  control_.neurons = neurons_.count();
  return status;
}

nb_status Ganglion::unregister_neuron(uint16_t id) {
  if (!neurons_.resident(id)) return NB_ERR_UNKNOWN_NEURON;
  settle();
  path_ = Path{};
  purge(id);
  for (uint32_t left = synapses_.count(); left > 0 && synapses_.ends_at(neurons_[id].in_head, id); left--) {
    forget(neurons_[id].in_head);
  }
  const nb_arena_ref card = segment_.card(id);  // from remove() on it may be a successor's
  neurons_.remove(id, extend(control_.self_head));
  control_.neurons = neurons_.count();
  if (card.generation != 0) (void)arena_.release(card);
  return NB_OK;
}

// Removes the synapses from `pre` that end here.
void Ganglion::purge(uint32_t pre) {
  for (uint32_t left = synapses_.count(); left > 0 && synapses_.begins_at(synapses_.outgoing(pre).head, pre); left--) {
    if (synapses_.outgoing(pre).degree == 0) break;
    forget(synapses_.outgoing(pre).head);
  }
  synapses_.clear_outgoing(pre);
  path_ = Path{};
}

nb_status Ganglion::connect(uint16_t pre, uint16_t post, double weight, const nb_rule& rule, const nb_filter* filter,
                            uint32_t* synapse) {
  if (!neurons_.live(pre) || !neurons_.resident(post)) return NB_ERR_UNKNOWN_NEURON;
  path_ = Path{};
  if (synapses_.outdated(pre)) purge(pre);
  const nb_status status = synapses_.add(pre, post, weight, rule, filter, read_clock(), synapse);
  control_.synapse_slots = synapses_.high_water();
  control_.synapses = synapses_.count();
  return status;
}

nb_status Ganglion::disconnect(uint16_t pre, uint16_t post) {
  const uint32_t synapse = synapses_.find(pre, post);
  if (synapse == NB_NONE) return NB_ERR_UNKNOWN_SYNAPSE;
  settle();
  path_ = Path{};
  forget(synapse);
  return NB_OK;
}

// Hand-overs of this batch that are still to come must not teach a later synapse in the same place.
void Ganglion::forget(uint32_t synapse) {
  for (uint32_t i = control_.settled; i < listed(); i++) {
    if (dispatch_[i].synapse == synapse) dispatch_[i].synapse = NB_NONE;
  }
  synapses_.remove(synapse);
  control_.synapses = synapses_.count();
}

nb_status Ganglion::set_weight(uint16_t pre, uint16_t post, double weight) {
  const uint32_t synapse = synapses_.find(pre, post);
  if (synapse == NB_NONE) return NB_ERR_UNKNOWN_SYNAPSE;
  const nb_rule& rule = synapses_.rule(synapse);
  if (!std::isfinite(weight) || weight < rule.weight_min || weight > rule.weight_max) return NB_ERR_INVALID_ARGUMENT;
  synapses_.weight(synapse) = weight;
  return NB_OK;
}

nb_status Ganglion::set_idle(uint16_t pre, uint16_t post, double idle_ns) {
  const uint32_t synapse = synapses_.find(pre, post);
  if (synapse == NB_NONE) return NB_ERR_UNKNOWN_SYNAPSE;
  if (!(idle_ns >= 0)) return NB_ERR_INVALID_ARGUMENT;
  const uint64_t now = read_clock();
  synapses_.last_pre(synapse) = idle_ns < static_cast<double>(now) ? now - static_cast<uint64_t>(idle_ns) : 0;
  return NB_OK;
}

// ---- closing a batch ------------------------------------------------------------------------------------------------

void Ganglion::settle() {
  publish_self();
  const uint32_t from = control_.settled;
  const uint32_t to = std::min(control_.handled, listed());
  if (from < to) {
    if (control_.dispatch_count == 1 && (dispatch_[0].flags & ~(NB_DISPATCH_MESSAGE | NB_DISPATCH_KEPT)) == 0) {
      book_lone(dispatch_[0]);
    } else {
      const uint64_t start = batch_start_;
      batch_start_ = read_clock();
      book_entries(from, to, start, batch_start_);
    }
    control_.settled = to;
  }
  if (control_.emissions > 0) book_emissions();
}

// Entries of the dispatch list, whatever the shared memory says.
uint32_t Ganglion::listed() const { return std::min(control_.dispatch_count, listed_); }

// Null when the entry cannot be one of ours.
const nb_spike* Ganglion::spike_of(const nb_dispatch& entry) const {
  if (entry.spike >= spikes_end_ || entry.neuron >= neurons_.capacity()) return nullptr;
  return reinterpret_cast<const nb_spike*>(segment_.base() + uint64_t{entry.spike} * NB_SPIKE_BYTES);
}

nb_neuron& Ganglion::post_of(uint32_t synapse) {
  const uint16_t post = synapses_.post(synapse);
  return post < neurons_.capacity() ? neurons_[post] : nobody_;
}

static uint64_t read_u64(const void* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Of a spike that JavaScript wrote just now, in two halves: a load of both would wait until the stores have left the core.
static uint64_t fresh_timestamp(const nb_spike& spike) {
  auto* halves = reinterpret_cast<uint32_t*>(const_cast<nb_spike*>(&spike));
  return uint64_t{load_relaxed(halves[1])} << 32 | load_relaxed(halves[0]);
}

// One spike, not answered: handed over right after route() read the clock, so there is nothing to read or interpolate.
void Ganglion::book_lone(const nb_dispatch& listed) {
  const nb_dispatch entry = listed;
  if ((entry.flags & NB_DISPATCH_KEPT) == 0) self_.delivered++;
  const nb_spike* found = spike_of(entry);
  if (found == nullptr) return;
  const nb_spike& spike = *found;
  LatencyTally(self_).add(static_cast<int64_t>(batch_start_ - fresh_timestamp(spike)));
  const uint32_t synapse = exchange_of(entry, spike);
  if (synapse != NB_NONE) book_silence(synapse, 1);
}

// Handlers from `start` to `end` are taken to have run for equal times. Spikes in a row that the same synapse brought and
// nobody answered are booked together.
void Ganglion::book_entries(uint32_t from, uint32_t to, uint64_t start, uint64_t end) {
  const Moments moments{start, ((end - start) << Moments::kShift) / (to - from), from};
  Run run;
  uint32_t dead = 0;
  uint32_t kept = 0;
  for (uint32_t i = book_alike(run, from, to, moments); i < to; i = book_alike(run, i + 1, to, moments)) {
    const nb_dispatch entry = dispatch_[i];
    if ((entry.flags & NB_DISPATCH_KEPT) != 0) kept++;
    const nb_spike* found = spike_of(entry);
    if (found == nullptr) continue;
    const nb_spike& spike = *found;
    if ((entry.flags & (NB_DISPATCH_DEAD | NB_DISPATCH_ANSWERED)) != 0 || !run.continues(entry, spike)) {
      if (run.learning != NB_NONE && run.spikes > 0) book_silence(run.learning, run.spikes);
      run = Run{entry.synapse, spike.source, entry.neuron, spike.kind, exchange_of(entry, spike), 0};
      if ((entry.flags & NB_DISPATCH_DEAD) != 0) {
        run.learning = NB_NONE;
        dead++;
        continue;
      }
    }
    const uint64_t fired_at = spike.timestamp_ns;
    LatencyTally(self_).add(static_cast<int64_t>(moments.at(i) - fired_at));
    if ((entry.flags & NB_DISPATCH_ANSWERED) == 0) {
      run.spikes++;
    } else if (run.learning != NB_NONE) {
      double& weight = synapses_.weight(run.learning);
      weight = stdp::answered(synapses_.rule(run.learning), weight, static_cast<double>(static_cast<int64_t>(end - fired_at)));
      self_.potentiations++;
      nb_neuron& neuron = neurons_[run.neuron];
      if (neuron.open_answers == 0) neuron.watch &= ~uint32_t{NB_WATCH_OPEN};
    }
  }
  if (run.learning != NB_NONE && run.spikes > 0) book_silence(run.learning, run.spikes);
  self_.dropped[NB_DROP_DEAD_TARGET] += dead;
  self_.delivered += to - from - dead - kept;
}

// Entries from `from` on that go on with `run`, unanswered: nothing is new but their moments. Returns the first other one.
uint32_t Ganglion::book_alike(Run& run, uint32_t from, uint32_t to, const Moments& moments) {
  if (run.neuron >= neurons_.capacity()) return from;
  // synapse, neuron and flags of an entry, source and kind of a spike: each compared as one number
  const uint64_t path = run.synapse | uint64_t{run.neuron} << 32;
  const uint64_t sent = run.source | uint64_t{run.kind} << 32;
  constexpr uint64_t kPath = ~(uint64_t{NB_DISPATCH_FIRED} << 48);
  constexpr uint64_t kSent = 0xff0000ffff;
  const nb_dispatch* entries = dispatch_;
  const nb_spike* spikes = reinterpret_cast<const nb_spike*>(segment_.base());
  const uint32_t spikes_end = spikes_end_;
  const Moments when = moments;
  LatencyTally latencies(self_);
  uint32_t i = from;
  for (; i < to; i++) {
    const nb_dispatch& entry = entries[i];
    const uint32_t at = entry.spike;
    if (((read_u64(&entry.synapse) ^ path) & kPath) != 0 || at >= spikes_end) break;
    const nb_spike& spike = spikes[at];
    if (((read_u64(&spike.source) ^ sent) & kSent) != 0) break;
    latencies.add(static_cast<int64_t>(when.at(i) - spike.timestamp_ns));
  }
  run.spikes += i - from;
  return i;
}

// The synapse that learns from this hand-over by the exchange rule, or NB_NONE.
uint32_t Ganglion::exchange_of(const nb_dispatch& entry, const nb_spike& spike) const {
  const uint32_t synapse = entry.synapse;
  if (synapse == NB_NONE || (spike.kind & NB_TYPE_MASK) != NB_TYPE_EXCITATORY) return NB_NONE;
  if (!synapses_.is(synapse, spike.source, entry.neuron)) return NB_NONE;
  return synapses_.rule(synapse).kind == NB_RULE_EXCHANGE ? synapse : NB_NONE;
}

void Ganglion::finish() {
  settle();
  if (control_.settled < listed()) return;  // handlers are still to come and want their spikes
  control_.unfinished = 0;
  if (copying_) {
    if (arena_in_copies_) {
      for (uint32_t i = inbox_first_; i < inbox_next_; i++) release_copy(i);
    }
    inbox_first_ = inbox_next_;
    arena_in_copies_ = false;
    return;
  }
  for (uint32_t i = 0; i < inbox_count_; i++) {
    Inbox& inbox = inboxes_[i];
    if (inbox.tail == inbox.cursor) continue;
    // One by one, so that whoever clears away after a sudden death knows what is released.
    for (; inbox.arena && inbox.tail != inbox.cursor; inbox.tail++) {
      release_payload(arena_, inbox.slots[inbox.tail & mask_], Arena::place(inbox.number, inbox.tail));
      store_release<uint32_t>(inbox.axon->tail, inbox.tail + 1);  // SYNC axon-release
    }
    inbox.arena = false;
    inbox.tail = inbox.cursor;
    store_release<uint32_t>(inbox.axon->tail, inbox.cursor);  // SYNC axon-release
  }
}

// In the name of the arena's ganglion. The slot is left as it is, for observers. A stale reference was the sender's error and has
// nothing to release.
void Ganglion::release_payload(ArenaView& arena, const nb_spike& spike, uint64_t place) {
  if (spike.kind >> 2 != NB_LENGTH_ARENA) return;
  nb_arena_ref reference;
  std::memcpy(&reference, spike.payload, sizeof reference);
  arena.release_once(reference, place);
}

// A copy is ours alone. Without a payload it says to whoever clears away after us that there is nothing left to release.
void Ganglion::release_copy(uint32_t index) {
  nb_spike& copy = segment_.inbox(index_)[index];
  release_payload(arena_, copy, Arena::copied_place(index));
  if (copy.kind >> 2 == NB_LENGTH_ARENA) store_relaxed<uint8_t>(copy.kind, copy.kind & NB_TYPE_MASK);
}

bool Ganglion::drop_oldest() {
  uint32_t tail = load_relaxed(axon_.tail);
  while (tail != control_.self_head) {
    const nb_spike oldest = slots_[tail & mask_];
    if (!shared(axon_.tail).compare_exchange_strong(tail, tail + 1)) continue;  // SYNC axon-release
    axon_.dropped[NB_DROP_OLDEST]++;
    release_payload(arena_, oldest, Arena::place(axon_index_, tail));
    return true;
  }
  return false;
}

}  // namespace neuronbus
