// SPDX-License-Identifier: MIT
#include "questions.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>

#include "atomics.h"

namespace neuronbus {
namespace {

#define NB_TEXT(number, name, message) "{\"name\":\"NeuronBusError\",\"message\":\"" message "\",\"code\":\"ERR_NB_" #name "\"}",
#define NB_NUMBER(number, name, message) number,
constexpr const char* kTexts[] = {NB_ERROR_TABLE(NB_TEXT)};
constexpr int kNumbers[] = {NB_ERROR_TABLE(NB_NUMBER)};
#undef NB_TEXT
#undef NB_NUMBER

// The error in JSON, as an answerer would send it.
const char* text_of(int code) {
  const auto* found = std::find(std::begin(kNumbers), std::end(kNumbers), code);
  return kTexts[found - std::begin(kNumbers)];
}

}  // namespace

Question& Questions::add(Question question, Directory& directory) {
  do {
    question.exchange = next_++;
  } while (question.exchange == 0 || open_.count(question.exchange) != 0);
  question.entry = load_acquire(segment_.roster(question.to));  // SYNC topology
  question.scale = scale_of(question.from, question.to, question.entry, directory);
  const size_t room = lost_.size() + open_.size() + 1;
  if (room > lost_.capacity()) lost_.reserve(2 * room);
  schedule(question.deadline_ns, question.exchange);
  return open_[question.exchange] = question;
}

void Questions::schedule(uint64_t deadline_ns, uint32_t exchange) {
  if (deadlines_.size() > 2 * open_.size() + 64) {
    const auto over = [&](const Deadline& one) { return open_.count(one.second) == 0; };
    deadlines_.erase(std::remove_if(deadlines_.begin(), deadlines_.end(), over), deadlines_.end());
    std::make_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
  }
  deadlines_.emplace_back(deadline_ns, exchange);
  std::push_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
}

TimeScale* Questions::scale_of(uint16_t asker, uint16_t agent, uint32_t entry, Directory& directory) {
  Known& known = known_[uint32_t{asker} << 16 | agent];
  if (known.scale != nullptr && known.entry == entry) return known.scale;
  const auto& cards = directory.everybody();
  const auto card = cards.find(agent);
  const bool able = card != cards.end() && !card->second.capabilities.empty();
  known.scale = &scales_[{asker, able ? card->second.capabilities.front() : std::string()}];
  known.entry = entry;
  return known.scale;
}

void Questions::left(uint16_t id) {
  for (auto at = open_.begin(); at != open_.end();) at = at->second.from == id ? open_.erase(at) : std::next(at);
  const auto asked = [&](const Lost& one) { return one.question.from == id; };
  lost_.erase(std::remove_if(lost_.begin(), lost_.end(), asked), lost_.end());
  for (auto at = known_.begin(); at != known_.end();) at = at->first >> 16 == id ? known_.erase(at) : std::next(at);
  for (auto at = scales_.begin(); at != scales_.end();) at = at->first.first == id ? scales_.erase(at) : std::next(at);
}

bool Questions::answered(const nb_spike& spike, const MessageHeader& header, uint16_t neuron) {
  if (header.what != NB_MESSAGE_REPLY && header.what != NB_MESSAGE_ERROR) return false;
  const auto found = open_.find(header.exchange);
  if (found == open_.end()) return false;
  const Question& question = found->second;
  if (question.from != neuron || question.to != spike.source) return false;
  const uint64_t stamp = spike.timestamp_ns;
  if (header.what == NB_MESSAGE_REPLY) {
    question.scale->answered(stamp > question.sent_ns ? static_cast<double>(stamp - question.sent_ns) : 0);
  }
  open_.erase(found);
  return true;
}

bool Questions::expire(uint64_t now, Question* question) {
  while (!deadlines_.empty() && deadlines_.front().first <= now) {
    const uint32_t exchange = deadlines_.front().second;
    std::pop_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
    deadlines_.pop_back();
    const auto found = open_.find(exchange);
    if (found == open_.end()) continue;
    *question = found->second;
    lost_.push_back({*question, false});
    open_.erase(found);
    return true;
  }
  return false;
}

void Questions::forget_gone() {
  const uint32_t topology = load_acquire(segment_.commons().topology);  // SYNC topology
  if (topology == topology_) return;
  topology_ = topology;
  for (auto at = open_.begin(); at != open_.end();) {
    const Question& question = at->second;
    if (load_acquire(segment_.roster(question.to)) == question.entry) {  // SYNC topology
      ++at;
      continue;
    }
    lost_.push_back({question, true});
    at = open_.erase(at);
  }
}

uint32_t Questions::hand_out(const nb_delivery** batch, uint32_t max) {
  const auto count = static_cast<uint32_t>(std::min<size_t>({max, kBatch, lost_.size()}));
  for (uint32_t i = 0; i < count; i++) {
    const Question& question = lost_[i].question;
    const char* text = text_of(lost_[i].dead ? NB_ERR_DEAD_TARGET : NB_ERR_TIMEOUT);
    nb_spike& spike = spikes_[i] = nb_spike{};
    spike.timestamp_ns = question.sent_ns;
    spike.source = question.to;
    spike.target = question.from;
    spike.kind = NB_TYPE_MESSAGE | NB_MESSAGE_BYTES << 2;
    write_message(&spike, {NB_MESSAGE_ERROR, 0, question.exchange, question.correlation, 0, NB_VALUE_JSON, 0});
    const auto flags = static_cast<uint16_t>(NB_DELIVERY_ANSWER | (lost_[i].dead ? NB_DELIVERY_DEAD : NB_DELIVERY_TIMEOUT));
    deliveries_[i] = {&spike, text, static_cast<uint32_t>(std::strlen(text)), question.from, flags};
  }
  lost_.erase(lost_.begin(), lost_.begin() + count);
  *batch = deliveries_.data();
  return count;
}

}  // namespace neuronbus
