// SPDX-License-Identifier: MIT
#include "population.h"

#include <algorithm>
#include <new>

#include "random.h"
#include "tiny_numbers.h"
#include "values.h"

namespace neuronbus::population {
namespace {

bool copy_values(Values from, uint32_t size, uint32_t padded, Parameter* out) {
  out->each = from.count != 1;
  if (!out->values.resize(out->each ? padded : 1)) return false;
  for (size_t i = 0; i < out->values.size(); i++) out->values[i] = from.values[std::min<size_t>(i, out->each ? size - 1 : 0)];
  return true;
}

}  // namespace

nb_status Population::create(const NetworkOptions& options, uint32_t id, Model model, uint32_t size, const Values* parameters,
                             std::unique_ptr<Population>* out) {
  const uint32_t count = parameter_count(model);
  if (model > Model::kPoisson || size == 0 || size > ~uint32_t{0} - kNeuronBlock) return NB_ERR_INVALID_ARGUMENT;
  if (count > 0 && parameters == nullptr) return NB_ERR_INVALID_ARGUMENT;
  for (uint32_t p = 0; p < count; p++) {
    const Values& values = parameters[p];
    if (values.values == nullptr || (values.count != 1 && values.count != size)) return NB_ERR_INVALID_ARGUMENT;
    if (!all_finite(values)) return NB_ERR_INVALID_ARGUMENT;
  }
  if (!valid_parameters(model, parameters)) return NB_ERR_INVALID_ARGUMENT;

  std::unique_ptr<Population> made(new (std::nothrow) Population());
  if (made == nullptr) return NB_ERR_NO_MEMORY;
  made->model = model;
  made->id = id;
  made->size = size;
  made->seed = options.seed;
  made->dt_ms = options.dt_ms;
  made->padded_ = static_cast<uint32_t>(round_up(size, kNeuronBlock));
  made->words_ = made->padded_ / 64;
  made->make_shards(options.threads);
  made->units.resize(made->shards.size());
  made->parameters.resize(count);
  for (uint32_t p = 0; p < count; p++) {
    if (!copy_values(parameters[p], size, made->padded_, &made->parameters[p])) return NB_ERR_NO_MEMORY;
  }
  nb_status status = made->create_columns();
  if (status == NB_OK) status = made->derive();
  if (status == NB_OK) *out = std::move(made);
  return status;
}

// Shards of about the same size, so that every thread has as many; their borders are words of fired bits.
void Population::make_shards(uint32_t threads) {
  if (model == Model::kSpikeSource) {
    shards.push_back({0, size, 0});
    return;
  }
  uint64_t wanted = (uint64_t{size} + kShardNeurons - 1) / kShardNeurons;
  wanted = round_up(wanted, threads);
  const uint32_t each = static_cast<uint32_t>(round_up((size + wanted - 1) / wanted, kNeuronBlock));
  for (uint64_t first = 0; first < size; first += each) {
    const uint32_t index = static_cast<uint32_t>(first / each);
    shards.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(std::min<uint64_t>(each, size - first)),
                      static_cast<uint32_t>(index * threads / wanted)});
  }
}

nb_status Population::create_columns() {
  const bool integrates = model <= Model::kIzhikevich;
  bool held = spikes.resize(size) && dead.resize(size) && few_.resize(shards.size() * FiredFew::kSteps);
  if (integrates) {
    held = held && potential.resize(padded_) && excitatory.resize(padded_) && inhibitory.resize(padded_) &&
           held_until.resize(padded_);
  }
  if (model == Model::kIzhikevich) held = held && recovery.resize(padded_);
  if (model == Model::kPoisson) held = held && hazard.resize(padded_);
  if (is_lif()) {
    const Parameter& increment = parameters[kLifThresholdIncrement];
    bool adapts = false;
    for (size_t i = 0; i < increment.values.size(); i++) adapts = adapts || increment.values[i] != 0;
    if (adapts) held = held && raised.resize(padded_);
  }
  if (!held) return NB_ERR_NO_MEMORY;
  for (uint32_t i = 0; i < padded_; i++) {
    const uint32_t known = std::min(i, size - 1);
    if (is_lif()) potential[i] = parameters[kLifRest].at(known);
    if (model == Model::kIzhikevich) {
      potential[i] = parameters[kIzhikevichC].at(known);
      recovery[i] = parameters[kIzhikevichB].at(known) * potential[i];
    }
    if (integrates) held_until[i] = i < size ? 0 : INFINITY;
    if (model == Model::kPoisson) hazard[i] = i < size ? poisson_hazard(seed, id, i, 0) : INFINITY;
  }
  return NB_OK;
}

nb_status Population::keep_steps(uint32_t slots, Step now) {
  if (slots <= slots_) return NB_OK;
  Column<uint64_t> fresh;
  if (!fresh.resize(uint64_t{slots} * words_)) return NB_ERR_NO_MEMORY;
  for (uint32_t back = 1; back <= slots_ && back <= now; back++) {
    for (const Shard& shard : shards) {
      std::memcpy(fresh.data() + fired_at(shard, now - back, slots), fired(shard, now - back), shard.words() * sizeof(uint64_t));
    }
  }
  bits_ = std::move(fresh);
  slots_ = slots;
  return NB_OK;
}

uint32_t Population::list_fired(Step now, uint32_t delay, uint32_t* out) const {
  const Step step = now - delay;
  uint32_t count = 0;
  const auto list = [&](uint32_t neuron) { out[count++] = neuron; };
  for (const Shard& shard : shards) {
    if (delay <= FiredFew::kLongest) {
      each_fired(shard, step, list);
    } else {
      each_bit(fired(shard, step), shard.words(), [&](uint32_t bit) { list(shard.first + bit); });
    }
  }
  return count;
}

void Population::index_fired(Step now) {
  for (Step back = std::min<Step>({now, slots_, FiredFew::kSteps}); back > 0; back--) {
    for (const Shard& shard : shards) note_fired(shard, now - back);
  }
}

// ---- changes between steps ------------------------------------------------------------------------------------------

nb_status Population::add_source_spikes(const uint32_t* neurons, const Step* steps, size_t count, Step now) {
  for (size_t i = 0; i < count; i++) {
    if (neurons[i] >= size || steps[i] < now || steps[i] == kNoStep) return NB_ERR_INVALID_ARGUMENT;
  }
  const size_t left = source.size() - source_next;
  Column<SourceSpike> fresh;
  if (!fresh.resize(left + count)) return NB_ERR_NO_MEMORY;
  const auto before = [](const SourceSpike& a, const SourceSpike& b) {
    return a.step != b.step ? a.step < b.step : a.neuron < b.neuron;
  };
  for (size_t i = 0; i < count; i++) fresh[left + i] = {steps[i], neurons[i]};
  std::copy(source.data() + source_next, source.data() + source.size(), fresh.data());
  std::sort(fresh.data(), fresh.data() + left + count, before);
  source = std::move(fresh);
  source_next = 0;
  return NB_OK;
}

double* Population::state_of(Variable variable) {
  Column<double>* columns[] = {&potential, &excitatory, &inhibitory, &raised, &recovery};
  if (variable >= Variable::kRate) return nullptr;
  Column<double>& column = *columns[static_cast<uint32_t>(variable)];
  return column.empty() ? nullptr : column.data();
}

double Population::unit_of(Variable variable, uint32_t shard) const {
  if (variable == Variable::kExcitatory) return units[shard].excitatory;
  return variable == Variable::kInhibitory ? units[shard].inhibitory : 1;
}

nb_status Population::get_state(Variable variable, double* out) {
  if (variable == Variable::kRate && model == Model::kPoisson) {
    for (uint32_t i = 0; i < size; i++) out[i] = parameters[kPoissonRate].at(i);
    return NB_OK;
  }
  if (variable == Variable::kThreshold && is_lif() && raised.empty()) {
    std::fill(out, out + size, 0.0);
    return NB_OK;
  }
  const double* state = state_of(variable);
  if (state == nullptr) return NB_ERR_INVALID_ARGUMENT;
  const TinyIsZero mode;  // as in a step
  const double unit = unit_of(variable, 0);
  for (uint32_t i = 0; i < size; i++) out[i] = state[i] * unit;
  return NB_OK;
}

nb_status Population::set_state(Variable variable, Values values) {
  if (values.values == nullptr || (values.count != 1 && values.count != size) || !all_finite(values)) return NB_ERR_INVALID_ARGUMENT;
  if (variable == Variable::kRate && model == Model::kPoisson) {
    if (!all_above(values, 0, true)) return NB_ERR_INVALID_ARGUMENT;
    // Room first: a second call with as many values finds it.
    Parameter& rate = parameters[kPoissonRate];
    const size_t count = values.count == 1 ? 1 : padded_;
    if (!rate.values.reserve(count) || !per_step_.values.reserve(count)) return NB_ERR_NO_MEMORY;
    rate.each = values.count != 1;
    (void)rate.values.resize(count);
    for (size_t i = 0; i < count; i++) rate.values[i] = values.values[rate.each ? std::min<size_t>(i, size - 1) : 0];
    return derive();
  }
  if (variable == Variable::kThreshold && is_lif() && raised.empty() && !raised.resize(padded_)) return NB_ERR_NO_MEMORY;
  double* state = state_of(variable);
  if (state == nullptr) return NB_ERR_INVALID_ARGUMENT;
  if (variable == Variable::kInhibitory) inhibited = true;
  if (fades_) {
    for (const Shard& shard : shards) settle(shard);
  }
  for (uint32_t i = 0; i < size; i++) state[i] = values.values[values.count == 1 ? 0 : i];
  return NB_OK;
}

void Population::kill(uint32_t neuron) {
  dead[neuron] = 1;
  if (!held_until.empty()) held_until[neuron] = INFINITY;
  if (!hazard.empty()) hazard[neuron] = INFINITY;
}

nb_status Population::need_trace(double tau_ms, bool nearest, bool logged, uint32_t* trace) {
  uint32_t at = 0;
  while (at < traces.size() && (traces[at].tau_ms != tau_ms || traces[at].nearest != nearest)) at++;
  if (at == traces.size()) {
    PostTrace made{tau_ms, nearest, false, std::exp(-dt_ms / tau_ms), {}, {}};
    if (!made.value.resize(padded_) || !made.now.resize(padded_)) return NB_ERR_NO_MEMORY;
    traces.push_back(std::move(made));
    for (PostLog& log : logs) log.traces.emplace_back();
  }
  if (logged && !traces[at].logged) {
    for (PostLog& log : logs) {
      if (!log.traces[at].resize(log.capacity())) return NB_ERR_NO_MEMORY;
    }
    traces[at].logged = true;
  }
  *trace = at;
  return NB_OK;
}

void Population::forget_traces(size_t known) {
  traces.resize(known);
  for (PostLog& log : logs) log.traces.resize(known);
}

nb_status Population::need_logs() {
  if (!logs.empty()) return NB_OK;
  std::vector<PostLog> made(shards.size());
  for (size_t s = 0; s < shards.size(); s++) {
    // Seven spikes of each neuron before the synapses must take them.
    const size_t capacity = round_up(shards[s].count, 64) * 7;
    PostLog& log = made[s];
    if (!log.post.resize(capacity) || !log.step.resize(capacity) || !log.earlier.resize(capacity) ||
        !log.head.resize(shards[s].count)) {
      return NB_ERR_NO_MEMORY;
    }
    log.head.fill({PostLog::kNone, 0});
    log.traces.resize(traces.size());
    for (size_t t = 0; t < traces.size(); t++) {
      if (traces[t].logged && !log.traces[t].resize(capacity)) return NB_ERR_NO_MEMORY;
    }
  }
  logs = std::move(made);
  return NB_OK;
}

nb_status Population::need_earlier_spikes() {
  for (PostLog& log : logs) {
    if (!log.before.empty()) continue;
    if (!log.before.resize(log.head.size())) return NB_ERR_NO_MEMORY;
    log.before.fill(kNever);
  }
  return NB_OK;
}

// Of spikes before now no projection knows yet but that the traces of the neurons are not 0; those of a file are known.
nb_status Population::need_last_spikes() {
  if (nb_status status = need_earlier_spikes(); status != NB_OK) return status;
  if (last_spike.empty()) {
    if (!last_spike.resize(size)) return NB_ERR_NO_MEMORY;
    last_spike.fill(kNever);
    return NB_OK;
  }
  for (size_t s = 0; s < shards.size(); s++) {
    PostLog& log = logs[s];
    for (uint32_t local = 0; local < shards[s].count; local++) {
      if (log.head[local].entry != PostLog::kNone) continue;
      log.before[local] = std::max(log.before[local], last_spike[shards[s].first + local]);
    }
  }
  return NB_OK;
}

void Population::clear_log(uint32_t shard, Step base) {
  PostLog& log = logs[shard];
  for (uint32_t local = 0; local < log.before.size(); local++) log.before[local] = log.last_spike(local);
  log.count = 0;
  log.base = base;
  log.head.fill({PostLog::kNone, 0});
}

uint64_t Population::bytes() const {
  uint64_t bytes = potential.bytes() + excitatory.bytes() + inhibitory.bytes() + raised.bytes() + recovery.bytes() + hazard.bytes() +
                   held_until.bytes() + last_spike.bytes() + spikes.bytes() + dead.bytes() + bits_.bytes() + few_.bytes() +
                   source.bytes();
  for (const Parameter& parameter : parameters) bytes += parameter.values.bytes();
  for (const PostTrace& trace : traces) bytes += trace.value.bytes() + trace.now.bytes();
  for (const PostLog& log : logs) {
    bytes += log.post.bytes() + log.step.bytes() + log.earlier.bytes() + log.head.bytes() + log.before.bytes();
    for (const Column<float>& trace : log.traces) bytes += trace.bytes();
  }
  return bytes;
}

}  // namespace neuronbus::population
