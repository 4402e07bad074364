// SPDX-License-Identifier: MIT
#include "recorder.h"

#include <new>

namespace neuronbus::population {
namespace {

bool has(Population& population, Variable variable) {
  if (variable > Variable::kRate) return false;
  if (variable == Variable::kRate) return population.model == Model::kPoisson;
  return population.state_of(variable) != nullptr;
}

}  // namespace

nb_status Recorder::create(Population& population, const RecordOptions& options, std::unique_ptr<Recorder>* out) {
  if (options.spikes == options.state || options.every_steps == 0) return NB_ERR_INVALID_ARGUMENT;
  if (options.state && !has(population, options.variable)) return NB_ERR_INVALID_ARGUMENT;
  if (options.neurons == nullptr ? options.neuron_count > 0 : options.neuron_count == 0) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Recorder> made(new (std::nothrow) Recorder());
  if (made == nullptr) return NB_ERR_NO_MEMORY;
  made->population_ = &population;
  made->spikes_ = options.spikes;
  made->variable_ = options.variable;
  made->every_ = options.every_steps;
  made->capacity_ = options.capacity;
  if (options.neurons != nullptr) {
    if (!made->wanted_.resize(population.words())) return NB_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < options.neuron_count; i++) {
      const uint32_t neuron = options.neurons[i];
      if (neuron >= population.size) return NB_ERR_INVALID_ARGUMENT;
      uint64_t& word = made->wanted_[neuron / 64];
      if ((word >> neuron % 64 & 1) != 0) return NB_ERR_INVALID_ARGUMENT;
      word |= uint64_t{1} << neuron % 64;
    }
    if (!options.spikes && !made->neurons_.assign(options.neurons, options.neuron_count)) return NB_ERR_NO_MEMORY;
  }
  *out = std::move(made);
  return NB_OK;
}

void Recorder::begin(Step from, Step to) {
  if (spikes_) return;
  batch_step_ = (from + every_ - 1) / every_ * every_;
  batch_slot_ = steps_.size();
  for (Step step = batch_step_; step < to; step += every_) {
    const bool room = steps_.size() < capacity_ && values_.reserve((steps_.size() + 1) * width() <= values_.bytes() / sizeof(float)
                                                                       ? 0
                                                                       : (steps_.size() + steps_.size() / 2 + 16) * width());
    if (!room || !steps_.append(step)) {
      lost_++;
    } else {
      (void)values_.resize(steps_.size() * width());
    }
  }
}

void Recorder::sample(const Shard& shard, Step now) {
  if (spikes_ || now < batch_step_ || (now - batch_step_) % every_ != 0) return;
  const uint64_t slot = batch_slot_ + (now - batch_step_) / every_;
  if (slot >= steps_.size()) return;
  float* const out = values_.data() + slot * width();
  const double unit = population_->unit_of(variable_, static_cast<uint32_t>(&shard - population_->shards.data()));
  const auto value = [&](uint32_t neuron) {
    return static_cast<float>(variable_ == Variable::kRate ? population_->parameters[kPoissonRate].at(neuron)
                                                           : population_->state_of(variable_)[neuron] * unit);
  };
  if (neurons_.empty()) {
    for (uint32_t i = shard.first; i < shard.first + shard.count; i++) out[i] = value(i);
    return;
  }
  for (size_t i = 0; i < neurons_.size(); i++) {
    if (neurons_[i] - shard.first < shard.count) out[i] = value(neurons_[i]);
  }
}

void Recorder::end(Step from, Step to) {
  if (!spikes_) return;
  for (Step step = from; step < to; step++) {
    for (const Shard& shard : population_->shards) {
      population_->each_fired(shard, step, [&](uint32_t neuron) {
        if (!wanted_.empty() && (wanted_[neuron / 64] >> neuron % 64 & 1) == 0) return;
        if (steps_.size() >= capacity_ || !who_.append(neuron)) {
          lost_++;
        } else if (!steps_.append(step)) {
          who_.truncate(steps_.size());
          lost_++;
        }
      });
    }
  }
}

RecordView Recorder::view() const {
  return {steps_.size(), lost_, who_.empty() ? nullptr : who_.data(), steps_.empty() ? nullptr : steps_.data(),
          values_.empty() ? nullptr : values_.data()};
}

void Recorder::clear() {
  who_.clear();
  steps_.clear();
  values_.clear();
  lost_ = 0;
}

}  // namespace neuronbus::population
