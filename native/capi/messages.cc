// SPDX-License-Identifier: MIT
//
// The part of nb_bus that has to do with messages: answers to those of others, questions of its own.
#include <algorithm>

#include "bus.h"
#include "message.h"

using namespace neuronbus;

namespace {

constexpr uint32_t kPatienceMs = 30'000;
constexpr uint64_t kLongestMs = (uint64_t{1} << 47) / 1'000'000;  // half of what a deadline on the wire can say
constexpr uint64_t kDeadlineNs = uint64_t{1} << NB_MESSAGE_DEADLINE_SHIFT;

}  // namespace

nb_status nb_bus::send(nb_spike* spike, MessageHeader header, const void* data, uint32_t length) {
  spike->kind = NB_TYPE_MESSAGE;
  nb_arena_ref block{};
  nb_status status = fill(spike, NB_MESSAGE_BYTES, NB_MESSAGE_VALUE_BYTES, data, length, &block);
  if (status != NB_OK) return status;
  const bool inside = spike->kind >> 2 != NB_LENGTH_ARENA;
  header.length = inside ? length : 0;
  write_message(spike, header);
  status = outbox_.post(*spike, inside ? nullptr : &block);
  if (!inside) (void)arena().release(block);
  return status == NB_OK ? NB_OK : fault_.say(status, "from neuron %u to %u", spike->source, spike->target);
}

nb_status nb_bus::answer(uint16_t source, const nb_spike& question, uint8_t what, uint32_t encoding, const void* data,
                         uint32_t length) {
  const nb_spike asked = question;
  MessageHeader header;
  if (!read_message(asked, asked.kind, &header) || header.what > NB_MESSAGE_STREAM)
    return fault_.say(NB_ERR_INVALID_ARGUMENT, "the spike is no message that can be answered");
  const bool asks = header.what != NB_MESSAGE_SEND;
  if (!asks && what != NB_MESSAGE_REPLY) return fault_.say(NB_ERR_INVALID_ARGUMENT, "the message asks nothing");
  if (encoding == kAsAsked) encoding = header.encoding != NB_VALUE_NONE ? header.encoding : length > 0 ? NB_VALUE_TEXT : NB_VALUE_NONE;
  if (encoding > NB_VALUE_JSON) return fault_.say(NB_ERR_INVALID_ARGUMENT, "encoding %u", encoding);
  if (length > 0 && data == nullptr) return fault_.say(NB_ERR_INVALID_ARGUMENT, "data is NULL");
  nb_status status = check(source, asked.source, 0, true);
  if (status != NB_OK) return status;
  nb_spike spike{};
  spike.source = source;
  spike.target = asked.source;
  spike.priority = asked.priority;
  const uint32_t deadline = header.deadline;
  const uint8_t flags = header.flags & 3 << NB_MESSAGE_TYPE_SHIFT;
  status = send(&spike, {asks ? what : uint8_t{NB_MESSAGE_SEND}, flags, asks ? header.exchange : 0, header.correlation, 0,
                         static_cast<uint8_t>(encoding), 0}, data, length);
  if (status != NB_OK || !asks) return status;
  backlog_.remove(source, asked.source, header.exchange);
  // After its deadline a question teaches silence, by the message that cancels it.
  const auto units = static_cast<uint32_t>(spike.timestamp_ns >> NB_MESSAGE_DEADLINE_SHIFT);
  if (deadline != 0 && static_cast<int32_t>(deadline - units) <= 0) return NB_OK;
  const auto since = static_cast<double>(spike.timestamp_ns - std::min(spike.timestamp_ns, asked.timestamp_ns));
  const uint32_t lesson = what == NB_MESSAGE_ERROR ? NB_LESSON_FAILED : NB_LESSON_ANSWERED;
  intake_.teach(asked.source, source, lesson, on_scale(since, header.scale));
  return NB_OK;
}

// ---- questions ------------------------------------------------------------------------------------------------------

nb_status nb_bus::request(uint16_t source, uint16_t target, uint32_t encoding, const void* data, uint32_t length,
                          uint32_t timeout_ms, uint32_t* exchange) {
  if (encoding > NB_VALUE_JSON) return fault_.say(NB_ERR_INVALID_ARGUMENT, "encoding %u", encoding);
  if (encoding == NB_VALUE_NONE && length > 0) return fault_.say(NB_ERR_INVALID_ARGUMENT, "data of encoding NB_VALUE_NONE");
  if (length > 0 && data == nullptr) return fault_.say(NB_ERR_INVALID_ARGUMENT, "data is NULL");
  if (timeout_ms > kLongestMs) return fault_.say(NB_ERR_INVALID_ARGUMENT, "timeout_ms %u", timeout_ms);
  if (target == NB_BROADCAST) return fault_.say(NB_ERR_INVALID_ARGUMENT, "target is NB_BROADCAST");
  nb_status status = check(source, target, 0, false);
  if (status != NB_OK) return status;
  ganglion_->stamp();
  const uint64_t patience = uint64_t{timeout_ms != 0 ? timeout_ms : kPatienceMs} * 1'000'000;
  const uint64_t units = (intake_.now() + patience + kDeadlineNs - 1) / kDeadlineNs;
  conversations_ = conversations_ % ((1u << 26) - 1) + 1;
  Question wanted;
  wanted.correlation = ganglion_->index() << 26 | conversations_;
  wanted.from = source;
  wanted.to = target;
  wanted.deadline_ns = units * kDeadlineNs;
  Question& question = questions_.add(wanted, directory_);
  const uint32_t deadline = std::max(1u, static_cast<uint32_t>(units));  // 0 would be none
  nb_spike spike{};
  spike.source = source;
  spike.target = target;
  status = send(&spike, {NB_MESSAGE_REQUEST, 0, question.exchange, question.correlation, deadline,
                         static_cast<uint8_t>(encoding), 0, question.scale->byte()}, data, length);
  if (status != NB_OK) {
    questions_.remove(question.exchange);
    return status;
  }
  question.sent_ns = spike.timestamp_ns;
  *exchange = question.exchange;
  return NB_OK;
}

bool nb_bus::any_lost() {
  if (questions_.empty()) return false;
  Question over;
  while (questions_.expire(intake_.now(), &over)) {
    if (ganglion_->neurons().ganglion_of(over.to) == NB_NONE) continue;
    nb_spike spike{};
    spike.source = over.from;
    spike.target = over.to;
    spike.kind = NB_TYPE_MESSAGE | NB_MESSAGE_BYTES << 2;
    write_message(&spike, {NB_MESSAGE_CANCEL, 0, over.exchange, over.correlation, 1, NB_VALUE_NONE, 0});
    (void)outbox_.post(spike, nullptr);  // if it cannot be sent, who was asked goes by the deadline
  }
  return questions_.any_lost();
}
