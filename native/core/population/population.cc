// SPDX-License-Identifier: MIT
#include "population.h"

#include <algorithm>
#include <new>

#include "random.h"

namespace neuronbus::population {
namespace {

bool any_is_zero(const Parameter& parameter, uint32_t size) {
  for (uint32_t i = 0; i < (parameter.each ? size : 1); i++) {
    if (parameter.values[i] == 0) return true;
  }
  return false;
}

bool copy_values(Values from, uint32_t size, uint32_t padded, Parameter* out) {
  out->each = from.count != 1;
  if (!out->values.resize(out->each ? padded : 1)) return false;
  for (size_t i = 0; i < out->values.size(); i++) out->values[i] = from.values[std::min<size_t>(i, out->each ? size - 1 : 0)];
  return true;
}

bool all_finite(Values values) {
  for (size_t i = 0; i < values.count; i++) {
    if (!std::isfinite(values.values[i])) return false;
  }
  return true;
}

bool all_above(Values values, double bound, bool or_equal) {
  for (size_t i = 0; i < values.count; i++) {
    if (!(values.values[i] > bound || (or_equal && values.values[i] == bound))) return false;
  }
  return true;
}

bool all_switches(Values values) {
  for (size_t i = 0; i < values.count; i++) {
    if (values.values[i] != 0 && values.values[i] != 1) return false;
  }
  return true;
}

bool valid_lif(Model model, const Values* p) {
  const bool conductances = model == Model::kLifConductance;
  return all_above(p[kLifTau], 0, false) && all_above(p[kLifRefractory], 0, true) &&
         all_above(p[kLifTauExcitatory], 0, !conductances) && all_above(p[kLifTauInhibitory], 0, !conductances) &&
         all_above(p[kLifThresholdTau], 0, false) && all_switches(p[kLifResetExcitatory]);
}

bool valid_parameters(Model model, const Values* p) {
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance:
      return valid_lif(model, p);
    case Model::kIzhikevich:
      return all_above(p[kIzhikevichTauExcitatory], 0, true) && all_above(p[kIzhikevichTauInhibitory], 0, true);
    case Model::kPoisson:
      return all_above(p[kPoissonRate], 0, true);
    default:
      return true;
  }
}

// What a current of 1 at the beginning of a step adds to the potential at its end: the exact solution of dv/dt = (i - v) / tau,
// di/dt = -i / synapse_tau, in a form that stays exact where the two time constants meet.
double exact_gain(double dt, double tau, double synapse_tau) {
  if (synapse_tau == 0) return 0;
  const double difference = dt / tau - dt / synapse_tau;
  const double ratio = difference == 0 ? 1 : std::expm1(difference) / difference;
  return dt / tau * std::exp(-dt / tau) * ratio;
}

double decay_of(double dt, double tau) { return tau > 0 ? std::exp(-dt / tau) : 0; }

// Whole steps, with the tolerance that a sum of decimal fractions needs.
double refractory_steps(double refractory_ms, double dt) { return std::floor(refractory_ms / dt + 1e-3); }

}  // namespace

uint32_t Population::parameter_count(Model model) {
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance:
      return kLifParameters;
    case Model::kIzhikevich:
      return kIzhikevichParameters;
    case Model::kPoisson:
      return kPoissonParameters;
    default:
      return 0;
  }
}

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
  bool held = spikes.resize(size) && dead.resize(size);
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
    std::memcpy(fresh.data() + ((now - back) & (slots - 1)) * words_, fired(now - back), words_ * sizeof(uint64_t));
  }
  bits_ = std::move(fresh);
  slots_ = slots;
  return NB_OK;
}

uint32_t Population::list_fired(Step step, uint32_t* out) const {
  uint32_t count = 0;
  each_bit(fired(step), 0, words_, [&](uint32_t neuron) { out[count++] = neuron; });
  return count;
}

// ---- what follows from the parameters -------------------------------------------------------------------------------

// `mask` names the parameters that value(neuron) depends on.
template <typename F>
nb_status Population::derive_one(Parameter* out, uint32_t mask, F value) {
  bool each = false;
  for (uint32_t p = 0; p < parameters.size(); p++) each = each || ((mask >> p & 1) != 0 && parameters[p].each);
  out->each = each;
  if (each) shared_ = false;
  if (!out->values.resize(each ? padded_ : 1)) return NB_ERR_NO_MEMORY;
  for (uint32_t i = 0; i < out->values.size(); i++) out->values[i] = value(std::min(i, size - 1));
  return NB_OK;
}

nb_status Population::derive() {
  shared_ = true;
  if (is_lif()) return derive_lif();
  if (model == Model::kIzhikevich) return derive_izhikevich();
  return model == Model::kPoisson ? derive_poisson() : NB_OK;
}

nb_status Population::derive_lif() {
  const auto& p = parameters;
  const auto with = [](uint32_t a) { return uint32_t{1} << a; };
  const auto decays = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return decay_of(dt_ms, parameters[parameter].at(i)); };
  };
  const auto gain = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return exact_gain(dt_ms, parameters[kLifTau].at(i), parameters[parameter].at(i)); };
  };
  const auto is_jump = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return parameters[parameter].at(i) == 0 ? 1.0 : 0.0; };
  };
  nb_status status[] = {
      derive_one(&keep_, with(kLifTau), decays(kLifTau)),
      derive_one(&rate_, with(kLifTau), [&](uint32_t i) { return dt_ms / p[kLifTau].at(i); }),
      derive_one(&base_, with(kLifRest) | with(kLifDrive), [&](uint32_t i) { return p[kLifRest].at(i) + p[kLifDrive].at(i); }),
      derive_one(&gain_e_, with(kLifTau) | with(kLifTauExcitatory), gain(kLifTauExcitatory)),
      derive_one(&gain_i_, with(kLifTau) | with(kLifTauInhibitory), gain(kLifTauInhibitory)),
      derive_one(&decay_e_, with(kLifTauExcitatory), decays(kLifTauExcitatory)),
      derive_one(&decay_i_, with(kLifTauInhibitory), decays(kLifTauInhibitory)),
      derive_one(&decay_raised_, with(kLifThresholdTau), decays(kLifThresholdTau)),
      derive_one(&refractory_, with(kLifRefractory), [&](uint32_t i) { return refractory_steps(p[kLifRefractory].at(i), dt_ms); }),
      derive_one(&jump_e_, with(kLifTauExcitatory), is_jump(kLifTauExcitatory)),
      derive_one(&jump_i_, with(kLifTauInhibitory), is_jump(kLifTauInhibitory)),
  };
  jumps_ = any_is_zero(p[kLifTauExcitatory], size) || any_is_zero(p[kLifTauInhibitory], size);
  for (uint32_t parameter : {kLifThreshold, kLifReversalExcitatory, kLifReversalInhibitory}) {
    if (p[parameter].each) shared_ = false;
  }
  for (nb_status one : status) {
    if (one != NB_OK) return one;
  }
  return NB_OK;
}

nb_status Population::derive_izhikevich() {
  const auto decays = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return decay_of(dt_ms, parameters[parameter].at(i)); };
  };
  const auto is_jump = [&](uint32_t parameter) {
    return [this, parameter](uint32_t i) { return parameters[parameter].at(i) == 0 ? 1.0 : 0.0; };
  };
  const uint32_t e = 1u << kIzhikevichTauExcitatory;
  const uint32_t in = 1u << kIzhikevichTauInhibitory;
  nb_status status[] = {
      derive_one(&decay_e_, e, decays(kIzhikevichTauExcitatory)), derive_one(&decay_i_, in, decays(kIzhikevichTauInhibitory)),
      derive_one(&jump_e_, e, is_jump(kIzhikevichTauExcitatory)), derive_one(&jump_i_, in, is_jump(kIzhikevichTauInhibitory))};
  jumps_ = any_is_zero(parameters[kIzhikevichTauExcitatory], size) || any_is_zero(parameters[kIzhikevichTauInhibitory], size);
  for (const Parameter& parameter : parameters) {
    if (parameter.each) shared_ = false;
  }
  for (nb_status one : status) {
    if (one != NB_OK) return one;
  }
  return NB_OK;
}

// A neuron fires in a step with probability rate dt, so that its mean rate is the one that was asked for; faster than one spike
// a step it cannot.
nb_status Population::derive_poisson() {
  return derive_one(&per_step_, 1u << kPoissonRate, [&](uint32_t i) {
    const double mean = parameters[kPoissonRate].at(i) * dt_ms * 1e-3;
    return mean < 1 ? -std::log1p(-mean) : INFINITY;
  });
}

// ---- a step ---------------------------------------------------------------------------------------------------------

void Population::integrate(const Shard& shard, Step now) {
  const Kernels& run = kernels();
  const size_t end = round_up(shard.first + shard.count, kNeuronBlock);
  uint64_t* bits = fired(now);
  switch (model) {
    case Model::kLif:
    case Model::kLifConductance: {
      const LifKernel k{potential.data(), excitatory.data(), inhibited ? inhibitory.data() : nullptr, raised.empty() ? nullptr : raised.data(),
                        held_until.data(), bits, static_cast<double>(now), shared_, keep_.field(), base_.field(),
                        gain_e_.field(), gain_i_.field(), decay_e_.field(), decay_i_.field(),
                        parameters[kLifThreshold].field(), decay_raised_.field(), rate_.field(),
                        parameters[kLifReversalExcitatory].field(), parameters[kLifReversalInhibitory].field()};
      (model == Model::kLif ? run.lif : run.lif_conductance)(k, shard.first, end);
      break;
    }
    case Model::kIzhikevich: {
      const IzhikevichKernel k{potential.data(), recovery.data(), excitatory.data(), inhibited ? inhibitory.data() : nullptr,
                               held_until.data(), bits, static_cast<double>(now), dt_ms, shared_, parameters[kIzhikevichA].field(),
                               parameters[kIzhikevichB].field(), parameters[kIzhikevichPeak].field(),
                               parameters[kIzhikevichDrive].field(), decay_e_.field(), decay_i_.field()};
      run.izhikevich(k, shard.first, end);
      break;
    }
    case Model::kPoisson:
      run.poisson({hazard.data(), bits, per_step_.field()}, shard.first, end);
      break;
    case Model::kSpikeSource:
      emit_source(now);
      break;
  }
  for (PostTrace& trace : traces) run.decay_trace(trace.value.data(), trace.now.data(), trace.factor, shard.first, end);
  // Arrivals of this step find those who fire refractory already.
  if (is_lif()) {
    each_bit(bits, shard.first / 64, static_cast<uint32_t>(end / 64), [&](uint32_t i) {
      held_until[i] = static_cast<double>(now) + refractory_.at(i);
    });
  }
}

// A source has one shard, however large it is.
void Population::emit_source(Step now) {
  uint64_t* bits = fired(now);
  std::memset(bits, 0, words_ * sizeof(uint64_t));
  for (; source_next < source.size() && source[source_next].step <= now; source_next++) {
    const uint32_t neuron = source[source_next].neuron;
    if (dead[neuron] == 0) bits[neuron / 64] |= uint64_t{1} << neuron % 64;
  }
}

void Population::jump(const Shard& shard, Step now) {
  const double step = static_cast<double>(now);
  for (uint32_t i = shard.first; i < shard.first + shard.count; i++) {
    const double e = excitatory[i] * jump_e_.at(i);
    const double in = inhibitory[i] * jump_i_.at(i);
    excitatory[i] -= e;
    inhibitory[i] -= in;
    if (held_until[i] <= step) potential[i] += e + in;
  }
}

void Population::reset(const Shard& shard, Step now) {
  const uint32_t end = static_cast<uint32_t>(round_up(shard.first + shard.count, kNeuronBlock)) / 64;
  each_bit(fired(now), shard.first / 64, end, [&](uint32_t i) {
    const uint32_t before = spikes[i]++;
    if (is_lif()) {
      potential[i] = parameters[kLifReset].at(i);
      if (parameters[kLifResetExcitatory].at(i) != 0) excitatory[i] = 0;
      if (!raised.empty()) raised[i] += parameters[kLifThresholdIncrement].at(i);
    } else if (model == Model::kIzhikevich) {
      potential[i] = parameters[kIzhikevichC].at(i);
      recovery[i] += parameters[kIzhikevichD].at(i);
    } else if (model == Model::kPoisson) {
      hazard[i] = poisson_hazard(seed, id, i, before + 1);
    }
  });
}

bool Population::log_has_room(uint32_t shard, Step now) const {
  constexpr Step kLongestLog = Step{1} << 31;  // steps are kept in 32 bits
  const PostLog& log = logs[shard];
  if (now - log.base > kLongestLog) return false;
  if (log.count + shards[shard].count <= log.capacity()) return true;
  uint32_t fired_now = 0;
  const uint32_t first = shards[shard].first / 64;
  each_bit(fired(now), first, first + (shards[shard].count + 63) / 64, [&](uint32_t) { fired_now++; });
  return log.count + fired_now <= log.capacity();
}

void Population::log_spikes(const Shard& shard, Step now) {
  const uint32_t end = static_cast<uint32_t>(round_up(shard.first + shard.count, kNeuronBlock)) / 64;
  PostLog& log = logs[&shard - shards.data()];
  each_bit(fired(now), shard.first / 64, end, [&](uint32_t i) {
    const uint32_t local = i - shard.first;
    const uint32_t entry = log.count++;
    log.post[entry] = static_cast<uint16_t>(local);
    log.step[entry] = static_cast<uint32_t>(now - log.base);
    log.earlier[entry] = log.head[local];
    log.head[local] = entry;
    if (!last_spike.empty()) last_spike[i] = static_cast<double>(now);
    for (size_t t = 0; t < traces.size(); t++) {
      PostTrace& trace = traces[t];
      if (trace.logged) log.traces[t][entry] = static_cast<float>(trace.value[i]);
      trace.value[i] = trace.nearest ? 1 : trace.value[i] + 1;
    }
  });
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
  std::copy(state, state + size, out);
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
    PostTrace made{tau_ms, nearest, false, decay_of(dt_ms, tau_ms), {}, {}};
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

nb_status Population::need_logs() {
  if (!logs.empty()) return NB_OK;
  std::vector<PostLog> made(shards.size());
  for (size_t s = 0; s < shards.size(); s++) {
    // Eight spikes of each neuron before the synapses must take them.
    const size_t capacity = round_up(shards[s].count, 64) * 8;
    PostLog& log = made[s];
    if (!log.post.resize(capacity) || !log.step.resize(capacity) || !log.earlier.resize(capacity) ||
        !log.head.resize(shards[s].count)) {
      return NB_ERR_NO_MEMORY;
    }
    log.head.fill(PostLog::kNone);
    log.traces.resize(traces.size());
    for (size_t t = 0; t < traces.size(); t++) {
      if (traces[t].logged && !log.traces[t].resize(capacity)) return NB_ERR_NO_MEMORY;
    }
  }
  logs = std::move(made);
  return NB_OK;
}

nb_status Population::need_last_spikes() {
  if (!logs.empty() && !logs[0].before.empty()) return NB_OK;
  for (size_t s = 0; s < shards.size(); s++) {
    if (!logs[s].before.resize(shards[s].count)) return NB_ERR_NO_MEMORY;
  }
  if (last_spike.empty()) {
    if (!last_spike.resize(size)) return NB_ERR_NO_MEMORY;
    last_spike.fill(kNever);
  }
  for (size_t s = 0; s < shards.size(); s++) {
    std::copy_n(last_spike.data() + shards[s].first, shards[s].count, logs[s].before.data());
  }
  return NB_OK;
}

void Population::clear_log(uint32_t shard, Step base) {
  if (!last_spike.empty()) {
    std::copy_n(last_spike.data() + shards[shard].first, shards[shard].count, logs[shard].before.data());
  }
  logs[shard].count = 0;
  logs[shard].base = base;
  logs[shard].head.fill(PostLog::kNone);
}

uint64_t Population::bytes() const {
  uint64_t bytes = potential.bytes() + excitatory.bytes() + inhibitory.bytes() + raised.bytes() + recovery.bytes() + hazard.bytes() +
                   held_until.bytes() + last_spike.bytes() + spikes.bytes() + dead.bytes() + bits_.bytes() + source.bytes();
  for (const Parameter& parameter : parameters) bytes += parameter.values.bytes();
  for (const PostTrace& trace : traces) bytes += trace.value.bytes() + trace.now.bytes();
  for (const PostLog& log : logs) {
    bytes += log.post.bytes() + log.step.bytes() + log.earlier.bytes() + log.head.bytes() + log.before.bytes();
    for (const Column<float>& trace : log.traces) bytes += trace.bytes();
  }
  return bytes;
}

}  // namespace neuronbus::population
