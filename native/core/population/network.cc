// SPDX-License-Identifier: MIT
#include "network.h"

#include <algorithm>
#include <new>

#include "kernels.h"
#include "network_impl.h"

namespace neuronbus::population {
namespace {

constexpr uint32_t kMostThreads = 256;

bool valid_options(const NetworkOptions& options) {
  return std::isfinite(options.dt_ms) && options.dt_ms > 0 && options.threads > 0 && options.threads <= kMostThreads;
}

uint32_t power_of_two(uint64_t at_least) {
  uint32_t size = 1;
  while (size < at_least) size *= 2;
  return size;
}

}  // namespace

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Network::~Network() = default;

nb_status Network::create(const NetworkOptions& options, std::unique_ptr<Network>* out) {
  if (!valid_options(options) || kernels_fault() != nullptr) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Impl> impl(new (std::nothrow) Impl());
  if (impl == nullptr) return NB_ERR_NO_MEMORY;
  impl->options = options;
  impl->lists.resize(options.threads);
  out->reset(new (std::nothrow) Network(std::move(impl)));
  return *out == nullptr ? NB_ERR_NO_MEMORY : NB_OK;
}

nb_status Network::Impl::keep_population(std::unique_ptr<Population> population, uint32_t* id) {
  if (nb_status status = population->keep_steps(power_of_two(2 * kLongestBatch), now); status != NB_OK) return status;
  for (FiredList& list : lists) {
    if (list.neurons.size() < population->size && !list.neurons.resize(population->size)) return NB_ERR_NO_MEMORY;
  }
  *id = static_cast<uint32_t>(populations.size());
  populations.push_back(std::move(population));
  return NB_OK;
}

nb_status Network::Impl::keep_projection(std::unique_ptr<Projection> projection, uint32_t* id) {
  const uint32_t slots = power_of_two(projection->longest_delay() + kLongestBatch + 1);
  if (nb_status status = projection->pre->keep_steps(slots, now); status != NB_OK) return status;
  for (Group& group : projection->groups) group.applied.fill(now);
  projection->dopamine_at = now;
  *id = static_cast<uint32_t>(projections.size());
  projections.push_back(std::move(projection));
  return NB_OK;
}

nb_status Network::add_population(Model model, uint32_t size, const Values* parameters, uint32_t* id) {
  if (model == Model::kSpikeSource) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Population> made;
  const uint32_t number = static_cast<uint32_t>(impl_->populations.size());
  nb_status status = Population::create(impl_->options, number, model, size, parameters, &made);
  return status == NB_OK ? impl_->keep_population(std::move(made), id) : status;
}

nb_status Network::add_spike_source(uint32_t size, const uint32_t* neurons, const Step* steps, size_t count, uint32_t* id) {
  if (count > 0 && (neurons == nullptr || steps == nullptr)) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Population> made;
  const uint32_t number = static_cast<uint32_t>(impl_->populations.size());
  nb_status status = Population::create(impl_->options, number, Model::kSpikeSource, size, nullptr, &made);
  if (status == NB_OK) status = made->add_source_spikes(neurons, steps, count, impl_->now);
  return status == NB_OK ? impl_->keep_population(std::move(made), id) : status;
}

nb_status Network::add_spikes(uint32_t source, const uint32_t* neurons, const Step* steps, size_t count) {
  if (!impl_->has_population(source) || impl_->populations[source]->model != Model::kSpikeSource) return NB_ERR_INVALID_ARGUMENT;
  if (count > 0 && (neurons == nullptr || steps == nullptr)) return NB_ERR_INVALID_ARGUMENT;
  return impl_->populations[source]->add_source_spikes(neurons, steps, count, impl_->now);
}

nb_status Network::connect(const Connection& connection, uint32_t* id) {
  if (!impl_->has_population(connection.pre) || !impl_->has_population(connection.post)) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Projection> made;
  const uint32_t number = static_cast<uint32_t>(impl_->projections.size());
  nb_status status = Projection::create(impl_->options, number, connection, *impl_->populations[connection.pre],
                                        *impl_->populations[connection.post], &made);
  return status == NB_OK ? impl_->keep_projection(std::move(made), id) : status;
}

// ---- neurons --------------------------------------------------------------------------------------------------------

Step Network::now() const { return impl_->now; }
uint32_t Network::populations() const { return static_cast<uint32_t>(impl_->populations.size()); }
uint32_t Network::projections() const { return static_cast<uint32_t>(impl_->projections.size()); }
Model Network::model(uint32_t population) const { return impl_->populations[population]->model; }

uint32_t Network::size(uint32_t population) const {
  return impl_->has_population(population) ? impl_->populations[population]->size : 0;
}

uint64_t Network::bytes() const {
  uint64_t sum = 0;
  for (const auto& population : impl_->populations) sum += population->bytes();
  for (const auto& projection : impl_->projections) sum += projection->bytes();
  for (const auto& recorder : impl_->recorders) sum += recorder->bytes();
  for (const auto& list : impl_->lists) sum += list.neurons.bytes();
  return sum;
}

nb_status Network::get_state(uint32_t population, Variable variable, double* out) const {
  return impl_->has_population(population) ? impl_->populations[population]->get_state(variable, out) : NB_ERR_INVALID_ARGUMENT;
}

nb_status Network::set_state(uint32_t population, Variable variable, Values values) {
  return impl_->has_population(population) ? impl_->populations[population]->set_state(variable, values) : NB_ERR_INVALID_ARGUMENT;
}

nb_status Network::kill(uint32_t population, const uint32_t* neurons, size_t count) {
  if (!impl_->has_population(population) || (count > 0 && neurons == nullptr)) return NB_ERR_INVALID_ARGUMENT;
  Population& from = *impl_->populations[population];
  for (size_t i = 0; i < count; i++) {
    if (neurons[i] >= from.size) return NB_ERR_INVALID_ARGUMENT;
  }
  for (size_t i = 0; i < count; i++) from.kill(neurons[i]);
  return NB_OK;
}

void Network::alive(uint32_t population, uint8_t* out) const {
  const Population& from = *impl_->populations[population];
  for (uint32_t i = 0; i < from.size; i++) out[i] = from.dead[i] == 0 ? 1 : 0;
}

void Network::spike_counts(uint32_t population, uint32_t* out) const {
  const Population& from = *impl_->populations[population];
  std::copy(from.spikes.data(), from.spikes.data() + from.size, out);
}

// ---- synapses -------------------------------------------------------------------------------------------------------

ProjectionInfo Network::info(uint32_t projection) const {
  if (!impl_->has_projection(projection)) return {};
  const Projection& p = *impl_->projections[projection];
  return {p.pre->id, p.post->id, p.synapses, p.bytes(), p.plasticity.rule};
}

void Network::weights(uint32_t projection, float* out) {
  Projection& p = *impl_->projections[projection];
  p.sync(impl_->now);
  p.each_synapse([&](const Block& block, size_t at, uint32_t, uint32_t, uint32_t) { *out++ = p.weight_at(block, at); });
}

nb_status Network::set_weights(uint32_t projection, const float* weights, uint64_t count) {
  return impl_->has_projection(projection) ? impl_->projections[projection]->set_weights(weights, count, impl_->now)
                                           : NB_ERR_INVALID_ARGUMENT;
}

void Network::endpoints(uint32_t projection, uint32_t* pre, uint32_t* post) const {
  impl_->projections[projection]->each_synapse([&](const Block&, size_t, uint32_t from, uint32_t to, uint32_t) {
    *pre++ = from;
    *post++ = to;
  });
}

void Network::delays(uint32_t projection, uint32_t* steps) const {
  impl_->projections[projection]->each_synapse([&](const Block&, size_t, uint32_t, uint32_t, uint32_t delay) { *steps++ = delay; });
}

nb_status Network::reward(uint32_t projection, double amount) {
  if (!std::isfinite(amount)) return NB_ERR_INVALID_ARGUMENT;
  if (projection != kEverywhere) {
    return impl_->has_projection(projection) ? impl_->projections[projection]->reward(amount, impl_->now) : NB_ERR_INVALID_ARGUMENT;
  }
  for (auto& one : impl_->projections) {
    if (one->plasticity.rule == Rule::kReward) (void)one->reward(amount, impl_->now);
  }
  return NB_OK;
}

nb_status Network::normalize(uint32_t projection, double total, const Stop* stop) {
  if (!impl_->has_projection(projection)) return NB_ERR_INVALID_ARGUMENT;
  return impl_->projections[projection]->normalize(total, impl_->now, stop);
}

nb_status Network::rewire(uint32_t projection, double below, bool dead, uint64_t grow, double weight, uint64_t* removed,
                          uint64_t* grown, const Stop* stop) {
  if (!impl_->has_projection(projection)) return NB_ERR_INVALID_ARGUMENT;
  return impl_->projections[projection]->rewire(below, dead, grow, weight, impl_->now, removed, grown, stop);
}

nb_status Network::set_learning(uint32_t projection, bool on) {
  if (!impl_->has_projection(projection)) return NB_ERR_INVALID_ARGUMENT;
  impl_->projections[projection]->set_learning(on, impl_->now);
  return NB_OK;
}

// ---- recordings -----------------------------------------------------------------------------------------------------

nb_status Network::record(uint32_t population, const RecordOptions& options, uint32_t* id) {
  if (!impl_->has_population(population)) return NB_ERR_INVALID_ARGUMENT;
  std::unique_ptr<Recorder> made;
  nb_status status = Recorder::create(*impl_->populations[population], options, &made);
  if (status != NB_OK) return status;
  *id = static_cast<uint32_t>(impl_->recorders.size());
  impl_->recorders.push_back(std::move(made));
  return NB_OK;
}

RecordView Network::recorded(uint32_t record) const { return impl_->recorders[record]->view(); }

nb_status Network::clear_record(uint32_t record) {
  if (record >= impl_->recorders.size()) return NB_ERR_INVALID_ARGUMENT;
  impl_->recorders[record]->clear();
  return NB_OK;
}

const char* Network::kernels() { return population::kernels().name; }
const char* Network::kernels_fault() { return population::kernels_fault(); }

}  // namespace neuronbus::population
