// SPDX-License-Identifier: MIT
//
// Requests between ganglia: only the owner of the post-synaptic neuron changes a synapse, so others ask it to.
//
// A slot goes FREE -> CLAIMED -> READY -> TAKEN -> DONE -> FREE. The sender moves it to READY and from DONE to FREE, the owner
// from READY to DONE. From READY the sender may also withdraw it; from TAKEN, when the owner does not get on, it moves to
// ABANDONED, and the owner frees it. All of that by compare-and-swap. Each state but FREE names the sender, so that whoever
// clears away after a dead one finds its slots.
#include <chrono>
#include <cstddef>
#include <cstring>
#include <thread>

#include "atomics.h"
#include "ganglion.h"
#include "process.h"

namespace neuronbus {
namespace {

constexpr uint32_t kSpins = 1000;
constexpr uint32_t kKernelRounds = 256;
constexpr std::chrono::microseconds kPause{20};

}  // namespace

nb_status Ganglion::anywhere(const nb_mail& mail, uint64_t patience_ns) {
  const uint32_t owner = neurons_.ganglion_of(mail.post);
  return owner == NB_NONE ? obey(mail) : request(owner, mail, patience_ns);
}

uint32_t Ganglion::find_synapse(uint16_t pre, uint16_t post) const {
  const uint32_t owner = neurons_.ganglion_of(post);
  if (owner == NB_NONE || owner >= segment_.header().max_ganglia) return NB_NONE;
  return owner == index_ ? synapses_.find(pre, post) : Synapses(segment_, owner).find(pre, post);
}

nb_status Ganglion::request(uint32_t index, const nb_mail& mail, uint64_t patience_ns) {
  if (index >= segment_.header().max_ganglia) return NB_ERR_INVALID_ARGUMENT;
  if (index == index_) return obey(mail);
  const uint32_t sender = (index_ + 1) << NB_CLAIMER_SHIFT;
  const uint64_t deadline = Clock::os_now() + patience_ns;
  nb_status status = NB_OK;
  nb_mail* slot = claim_mail(index, deadline, &status);
  if (slot == nullptr) return status;
  slot->from = index_;
  slot->what = mail.what;
  slot->pre = mail.pre;
  slot->post = mail.post;
  slot->weight = mail.weight;
  slot->has_filter = mail.has_filter;
  slot->rule = mail.rule;
  slot->filter = mail.filter;
  store_release<uint32_t>(slot->state, NB_MAIL_READY | sender);  // SYNC mail-slot
  shared(segment_.ganglion(index).mail).fetch_add(1);            // SYNC mail-slot
  wake(index);
  for (uint32_t round = 0; load_acquire(slot->state) != (NB_MAIL_DONE | sender); round++) {  // SYNC mail-slot
    if (round < kSpins) continue;
    serve_mail();  // the other one may be waiting for us
    const bool gone = unavailable(index, round);
    const uint64_t now = Clock::os_now();
    const nb_status late = gone ? NB_ERR_DEAD_TARGET : NB_ERR_TIMEOUT;
    uint32_t seen = NB_MAIL_READY | sender;
    if ((gone || now > deadline) && shared(slot->state).compare_exchange_strong(seen, NB_FREE)) return late;  // SYNC mail-slot
    if (gone || now > deadline + patience_ns) {  // it has begun, and died or was stopped in the middle
      seen = NB_MAIL_TAKEN | sender;
      if (shared(slot->state).compare_exchange_strong(seen, NB_MAIL_ABANDONED | sender)) return late;  // SYNC mail-slot
      if (seen != (NB_MAIL_DONE | sender)) return late;  // not ours any more: damaged
    }
    std::this_thread::sleep_for(kPause);
  }
  status = static_cast<nb_status>(load_relaxed(slot->status));
  store_release<uint32_t>(slot->state, NB_FREE);  // SYNC mail-slot
  return status;
}

// A free slot in the mailbox of another ganglion, or null, and then why.
nb_mail* Ganglion::claim_mail(uint32_t index, uint64_t deadline, nb_status* status) {
  for (uint32_t round = 0;; round++) {
    for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) {
      nb_mail& slot = segment_.mailbox(index)[i];
      uint32_t expected = NB_FREE;
      const uint32_t claimed = NB_MAIL_CLAIMED | (index_ + 1) << NB_CLAIMER_SHIFT;
      if (shared(slot.state).compare_exchange_strong(expected, claimed)) return &slot;  // SYNC mail-slot
    }
    serve_mail();
    const bool gone = unavailable(index, round);
    *status = gone ? NB_ERR_DEAD_TARGET : NB_ERR_TIMEOUT;
    if (gone || Clock::os_now() > deadline) return nullptr;
    std::this_thread::sleep_for(kPause);
  }
}

// Nobody will answer there. Asks the kernel now and then.
bool Ganglion::unavailable(uint32_t index, uint32_t round) const {
  return load_acquire(segment_.ganglion(index).state) != NB_LIVE || (round % kKernelRounds == 0 && is_dead(index));  // SYNC ganglion-claim
}

void Ganglion::serve_mail() {
  mail_seen_ = load_acquire(self_.mail);  // SYNC mail-slot
  for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) {
    nb_mail& slot = segment_.mailbox(index_)[i];
    uint32_t seen = load_acquire(slot.state);  // SYNC mail-slot
    const uint32_t sender = seen & ~uint32_t{NB_MAIL_PHASE_MASK};
    if (seen != (NB_MAIL_READY | sender)) continue;
    if (!shared(slot.state).compare_exchange_strong(seen, NB_MAIL_TAKEN | sender)) continue;  // SYNC mail-slot
    nb_mail mail{};  // copied once, then checked
    std::memcpy(&mail.what, &slot.what, sizeof mail - offsetof(nb_mail, what));
    store_relaxed(slot.status, static_cast<uint32_t>(obey(mail)));
    seen = NB_MAIL_TAKEN | sender;
    if (shared(slot.state).compare_exchange_strong(seen, NB_MAIL_DONE | sender)) continue;  // SYNC mail-slot
    if (seen == (NB_MAIL_ABANDONED | sender)) store_release<uint32_t>(slot.state, NB_FREE);  // SYNC mail-slot
  }
}

// Slots that a dead ganglion had claimed anywhere, and requests that it had begun to answer.
void Ganglion::clear_mail(uint32_t dead) {
  for (uint32_t index = 0; index < segment_.header().max_ganglia; index++) {
    if (segment_.ganglion(index).generation == 0) continue;  // never used: its memory may not be there
    for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) {
      nb_mail& slot = segment_.mailbox(index)[i];
      uint32_t seen = load_acquire(slot.state);  // SYNC mail-slot
      const uint32_t sender = seen & ~uint32_t{NB_MAIL_PHASE_MASK};
      const uint32_t phase = seen & NB_MAIL_PHASE_MASK;
      if (sender == (dead + 1) << NB_CLAIMER_SHIFT || (index == dead && phase == NB_MAIL_ABANDONED)) {
        shared(slot.state).compare_exchange_strong(seen, NB_FREE);  // SYNC mail-slot
      } else if (index == dead && phase == NB_MAIL_TAKEN) {
        store_relaxed<uint32_t>(slot.status, NB_ERR_DEAD_TARGET);
        if (shared(slot.state).compare_exchange_strong(seen, NB_MAIL_DONE | sender)) continue;  // SYNC mail-slot
        shared(slot.state).compare_exchange_strong(seen, NB_FREE);  // SYNC mail-slot: abandoned meanwhile
      }
    }
  }
}

nb_status Ganglion::obey(const nb_mail& mail) {
  uint32_t synapse = 0;
  switch (mail.what) {
    case NB_MAIL_CONNECT:
      return connect(mail.pre, mail.post, mail.weight, mail.rule, mail.has_filter != 0 ? &mail.filter : nullptr, &synapse);
    case NB_MAIL_DISCONNECT:
      return disconnect(mail.pre, mail.post);
    case NB_MAIL_SET_WEIGHT:
      return set_weight(mail.pre, mail.post, mail.weight);
    default:
      return NB_ERR_INVALID_ARGUMENT;
  }
}

}  // namespace neuronbus
