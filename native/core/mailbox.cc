// SPDX-License-Identifier: MIT
//
// Requests between ganglia: only the owner of the post-synaptic neuron changes a synapse, so others ask it to.
//
// A slot goes FREE -> CLAIMED -> READY -> TAKEN -> DONE -> FREE. The sender moves it to READY and from DONE to FREE, the owner
// from READY to DONE, each alone; from READY the sender may also withdraw it, by compare-and-swap against the owner's.
#include <chrono>
#include <thread>

#include "atomics.h"
#include "ganglion.h"
#include "process.h"

namespace neuronbus {

nb_status Ganglion::anywhere(const nb_mail& mail, uint64_t patience_ns) {
  const uint32_t owner = neurons_.ganglion_of(mail.post);
  return owner == NB_NONE || owner == index_ ? obey(mail) : request(owner, mail, patience_ns);
}

uint32_t Ganglion::find_synapse(uint16_t pre, uint16_t post) const {
  const uint32_t owner = neurons_.ganglion_of(post);
  if (owner == NB_NONE || owner >= segment_.header().max_ganglia) return NB_NONE;
  return owner == index_ ? synapses_.find(pre, post) : Synapses(segment_, owner).find(pre, post);
}

nb_status Ganglion::request(uint32_t index, const nb_mail& mail, uint64_t patience_ns) {
  if (index >= segment_.header().max_ganglia) return NB_ERR_INVALID_ARGUMENT;
  nb_ganglion& other = segment_.ganglion(index);
  nb_mail* slot = nullptr;
  const uint64_t deadline = Clock::os_now() + patience_ns;
  for (uint32_t i = 0; slot == nullptr; i = (i + 1) % NB_MAIL_SLOTS) {
    uint32_t expected = NB_FREE;
    nb_mail& candidate = segment_.mailbox(index)[i];
    if (shared(candidate.state).compare_exchange_strong(expected, NB_MAIL_CLAIMED)) slot = &candidate;  // SYNC mail-slot
    if (slot == nullptr && i == NB_MAIL_SLOTS - 1 && Clock::os_now() > deadline) return NB_ERR_TIMEOUT;
  }
  slot->from = index_;
  slot->what = mail.what;
  slot->pre = mail.pre;
  slot->post = mail.post;
  slot->weight = mail.weight;
  slot->has_filter = mail.has_filter;
  slot->rule = mail.rule;
  slot->filter = mail.filter;
  store_release<uint32_t>(slot->state, NB_MAIL_READY);  // SYNC mail-slot
  shared(other.mail).fetch_add(1);                      // SYNC mail-slot
  wake(index);
  for (uint32_t round = 0; load_acquire(slot->state) != NB_MAIL_DONE; round++) {  // SYNC mail-slot
    if (round < 1000) continue;
    serve_mail();  // the other one may be waiting for us
    const bool late = Clock::os_now() > deadline || load_acquire(other.state) != NB_LIVE;
    uint32_t expected = NB_MAIL_READY;
    if (late && shared(slot->state).compare_exchange_strong(expected, NB_FREE)) {  // SYNC mail-slot
      return load_acquire(other.state) == NB_LIVE ? NB_ERR_TIMEOUT : NB_ERR_DEAD_TARGET;
    }
    if (late && load_acquire(other.state) != NB_LIVE) return NB_ERR_DEAD_TARGET;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
  const auto status = static_cast<nb_status>(slot->status);
  store_release<uint32_t>(slot->state, NB_FREE);  // SYNC mail-slot
  return status;
}

void Ganglion::serve_mail() {
  mail_seen_ = load_acquire(self_.mail);  // SYNC mail-slot
  for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) {
    nb_mail& slot = segment_.mailbox(index_)[i];
    uint32_t expected = NB_MAIL_READY;
    if (!shared(slot.state).compare_exchange_strong(expected, NB_MAIL_TAKEN)) continue;  // SYNC mail-slot
    const nb_mail mail = slot;  // copied once, then checked
    slot.status = static_cast<uint32_t>(obey(mail));
    store_release<uint32_t>(slot.state, NB_MAIL_DONE);  // SYNC mail-slot
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
