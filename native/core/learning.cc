// SPDX-License-Identifier: MIT
//
// When a synapse learns. What it learns is in stdp.h.
#include <algorithm>
#include <cmath>

#include "ganglion.h"
#include "stdp.h"

namespace neuronbus {
namespace {

constexpr uint32_t kSweepSlice = 1024;
constexpr double kVanished = 1e-6;  // a weight at or below this counts as zero where a rule has no positive minimum

uint32_t open(const nb_exchange_trace& exchange) { return exchange.recent + exchange.older; }

// Answer windows begin at multiples of their length; this is how many began in (from, to].
double windows_between(const nb_rule& rule, uint64_t from, uint64_t to) {
  return std::floor(static_cast<double>(to) / rule.answer_window_ns) -
         std::floor(static_cast<double>(from) / rule.answer_window_ns);
}

bool is_pair(const nb_rule& rule) { return rule.kind >= NB_RULE_PAIR_ALL; }

}  // namespace

// ---- pair rules: every spike that arrives, every spike that post fires ----------------------------------------------

void Ganglion::pair_pre(uint32_t synapse, const nb_neuron& post, uint64_t now) {
  const nb_rule& rule = synapses_.rule(synapse);
  const bool nearest = rule.kind == NB_RULE_PAIR_NEAREST;
  nb_pair_trace& pair = synapses_.pair(synapse);
  uint8_t* ties = synapses_.ties(synapse);
  const double post_trace = stdp::trace_at({pair.post, ties[1]}, nearest, post.last_fire_ns, now, rule.tau_minus_ns);
  if (post_trace > 0) {
    synapses_.weight(synapse) = stdp::depress(rule, synapses_.weight(synapse), post_trace);
    self_.depressions++;
  }
  uint64_t& last_pre = synapses_.last_pre(synapse);
  const stdp::Trace pre = stdp::trace_add({pair.pre, ties[0]}, nearest, last_pre, now, rule.tau_plus_ns);
  pair.pre = pre.before;
  ties[0] = pre.ties;
  last_pre = now;
}

void Ganglion::pair_post(uint16_t neuron, uint64_t now) {
  nb_neuron& post = neurons_[neuron];
  const uint64_t last = post.last_fire_ns;
  if (last != stdp::kNever && now < last) now = last;
  uint32_t left = synapses_.count();
  for (uint32_t synapse = post.in_head; left > 0 && synapse < synapses_.high_water(); synapse = synapses_.next_in(synapse), left--) {
    const nb_rule& rule = synapses_.rule(synapse);
    if (!is_pair(rule)) continue;
    const bool nearest = rule.kind == NB_RULE_PAIR_NEAREST;
    nb_pair_trace& pair = synapses_.pair(synapse);
    uint8_t* ties = synapses_.ties(synapse);
    const double pre_trace =
        stdp::trace_at({pair.pre, ties[0]}, nearest, synapses_.last_pre(synapse), now, rule.tau_plus_ns);
    if (pre_trace > 0) {
      synapses_.weight(synapse) = stdp::facilitate(rule, synapses_.weight(synapse), pre_trace);
      self_.potentiations++;
    }
    const stdp::Trace next = stdp::trace_add({pair.post, ties[1]}, nearest, last, now, rule.tau_minus_ns);
    pair.post = next.before;
    ties[1] = next.ties;
  }
  post.last_fire_ns = now;
}

// The other rules only remember when a spike came last; open spikes of the exchange rule move on with the window.
void Ganglion::touch(Path& path, uint64_t now) {
  if (path.rule == NB_RULE_EXCHANGE && now >= path.window_end) {
    if (open(synapses_.exchange(path.synapse)) > 0) age_answers(path.synapse, now);
    const double window = synapses_.rule(path.synapse).answer_window_ns;
    const double end = (std::floor(static_cast<double>(now) / window) + 1) * window;
    path.window_end = end > 0 ? static_cast<uint64_t>(std::min(end * (1 - 0x1p-50), 0x1p63)) : 0;  // rather early than late
  }
  *path.last_pre = now;
}

// ---- exchange rule: silence, and answers that come after the handler returned ----------------------------------------

// Spikes of one batch, so of about the last pre instant, that got no answer from their handler.
void Ganglion::book_silence(uint32_t synapse, uint32_t spikes) {
  const nb_rule& rule = synapses_.rule(synapse);
  nb_neuron& post = post_of(synapse);
  synapses_.weight(synapse) = stdp::unanswered(rule, synapses_.weight(synapse), spikes);
  self_.depressions += spikes;
  synapses_.exchange(synapse).recent += spikes;
  post.open_answers += spikes;
  post.watch |= NB_WATCH_OPEN;
}

// An answer that does not say which spike it belongs to is taken to belong to the last one that came.
void Ganglion::book_late_answer(const nb_emission& answer, uint64_t now) {
  const uint32_t synapse = synapses_.find(answer.target, answer.source);
  if (synapse == NB_NONE || synapses_.rule(synapse).kind != NB_RULE_EXCHANGE) return;
  const nb_rule& rule = synapses_.rule(synapse);
  const uint64_t last_pre = synapses_.last_pre(synapse);
  const bool known = (answer.what & NB_EMISSION_ASKED) != 0;
  const uint64_t since = known ? answer.asked_lo | uint64_t{answer.asked_hi} << 32 : last_pre;
  const double delay = now > since ? static_cast<double>(now - since) : 0;
  const double windows = windows_between(rule, last_pre, now);
  nb_exchange_trace& exchange = synapses_.exchange(synapse);
  uint32_t& open = windows < 1 && exchange.older > 0 ? exchange.older : exchange.recent;
  if (open == 0 || windows >= 2 || delay > rule.answer_window_ns) return;
  double& weight = synapses_.weight(synapse);
  weight = stdp::answered(rule, stdp::forgiven(rule, weight), delay);
  self_.potentiations++;
  close_answers(neurons_[answer.source], open, 1);
}

// A spike comes at `now`: open ones that lie a whole window back are forgotten.
void Ganglion::age_answers(uint32_t synapse, uint64_t now) {
  const double windows = windows_between(synapses_.rule(synapse), synapses_.last_pre(synapse), now);
  if (windows < 1) return;
  nb_exchange_trace& exchange = synapses_.exchange(synapse);
  nb_neuron& post = post_of(synapse);
  close_answers(post, exchange.older, exchange.older);
  exchange.older = exchange.recent;
  exchange.recent = 0;
  if (windows >= 2) close_answers(post, exchange.older, exchange.older);
}

void Ganglion::close_answers(nb_neuron& post, uint32_t& from, uint32_t count) {
  from -= count;
  post.open_answers -= count;
  if (post.open_answers == 0) post.watch &= ~uint32_t{NB_WATCH_OPEN};
}

void Ganglion::book_emissions() {
  const nb_emission* log = segment_.emissions(index_);
  const uint32_t count = std::min<uint32_t>(control_.emissions, NB_EMISSION_LOG_ENTRIES);
  for (uint32_t i = 0; i < count; i++) {
    const nb_emission emission = log[i];
    if (!neurons_.resident(emission.source)) continue;
    const uint64_t time = emission.time_lo | uint64_t{emission.time_hi} << 32;
    if ((emission.what & NB_EMISSION_POST_SPIKE) != 0 && neurons_[emission.source].pair_in > 0) {
      pair_post(emission.source, time);
    }
    if ((emission.what & NB_EMISSION_MAY_ANSWER) != 0 && emission.target != NB_BROADCAST) {
      book_late_answer(emission, time);
    }
  }
  control_.emissions = 0;
}

// ---- exchanges of messages: who answers says how it went -------------------------------------------------------------

void Ganglion::teach() {
  const uint32_t synapse = synapses_.find(control_.taught_pre, control_.taught_post);
  if (synapse == NB_NONE || synapses_.rule(synapse).kind != NB_RULE_EXCHANGE) return;
  const nb_rule& rule = synapses_.rule(synapse);
  const double value = control_.lesson_value;
  double& weight = synapses_.weight(synapse);
  switch (control_.lesson) {
    case NB_LESSON_ANSWERED:
      weight = stdp::replied(rule, weight, value);
      self_.potentiations++;
      break;
    case NB_LESSON_FAILED:
      weight = stdp::unanswered(rule, weight);
      self_.depressions++;
      break;
    case NB_LESSON_REWARD:
      if (!(value >= -1 && value <= 1)) return;
      weight = stdp::rewarded(rule, weight, value);
      (value < 0 ? self_.depressions : self_.potentiations)++;
      break;
  }
}

// ---- disuse ---------------------------------------------------------------------------------------------------------

// One pass over the synapses and over the arena every sweep_ns, a slice at a time, so that no batch waits for a large table.
void Ganglion::sweep(uint64_t now) {
  if (!sweeping_) {
    sweeping_ = trimming_ = true;
    sweep_cursor_ = 0;
    sweep_before_ = sweep_started_;
    sweep_started_ = now;
    forget_predecessors();
    next_sweep_ = now + static_cast<uint64_t>(plasticity_.sweep_ns);
  }
  if (trimming_) trimming_ = arena_.trim_some();
  const uint32_t end = std::min(synapses_.high_water(), sweep_cursor_ + kSweepSlice);
  for (; sweep_cursor_ < end; sweep_cursor_++) {
    if (control_.prunes >= NB_PRUNE_LOG_ENTRIES) return;
    if (synapses_.live(sweep_cursor_)) sweep_one(sweep_cursor_, now);
  }
  sweeping_ = trimming_ || sweep_cursor_ < synapses_.high_water();
}

// Synapses from neurons of other ganglia that left.
void Ganglion::forget_predecessors() {
  if (swept_topology_ == topology_seen_) return;
  swept_topology_ = topology_seen_;
  for (uint32_t id = 0; id < neurons_.capacity(); id++) {
    if (synapses_.outdated(id)) purge(id);
  }
}

// A synapse is unused once it lay idle for grace_ns: from then on it fades, and at its minimum it is removed. Pair rules
// follow their formula to the letter and static synapses never change: only exchange synapses fade.
void Ganglion::sweep_one(uint32_t synapse, uint64_t now) {
  const nb_rule& rule = synapses_.rule(synapse);
  if (rule.kind != NB_RULE_EXCHANGE) return;
  const uint64_t last_pre = synapses_.last_pre(synapse);
  const double idle = now > last_pre ? static_cast<double>(now - last_pre) : 0;
  nb_exchange_trace& exchange = synapses_.exchange(synapse);
  if (open(exchange) > 0 && idle > 2 * rule.answer_window_ns) {
    close_answers(post_of(synapse), exchange.older, exchange.older);
    close_answers(post_of(synapse), exchange.recent, exchange.recent);
  }
  if (idle < plasticity_.grace_ns) return;
  const uint64_t unused_since = std::max(last_pre + static_cast<uint64_t>(plasticity_.grace_ns), sweep_before_);
  double& weight = synapses_.weight(synapse);
  if (sweep_started_ > unused_since) {
    weight = stdp::decayed(rule, weight, static_cast<double>(sweep_started_ - unused_since), plasticity_.half_life_ns);
  }
  if (weight > std::max(rule.weight_min, kVanished)) return;
  const uint32_t place = control_.prunes;
  if (place >= NB_PRUNE_LOG_ENTRIES) return;
  control_.prunes = place + 1;
  nb_prune& entry = segment_.prunes(index_)[place];
  entry.pre = synapses_.pre(synapse);
  entry.post = synapses_.post(synapse);
  entry.weight = weight;
  synapses_.remove(synapse);
  path_ = Path{};
  self_.pruned++;
}

}  // namespace neuronbus
