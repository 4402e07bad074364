// SPDX-License-Identifier: MIT
//
// What is in a network: state, weights, recordings.
#include <algorithm>
#include <cstring>

#include "network_wrap.h"

namespace neuronbus {

using population::Network;
using population::ProjectionInfo;
using population::RecordView;
using population::Step;

// (Float64Array of two: populations, projections)
void NetworkWrap::counts(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  auto out = info[0].As<Napi::Float64Array>();
  out[0] = network->populations();
  out[1] = network->projections();
}

Napi::Value NetworkWrap::model(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  return Napi::Number::New(info.Env(), network == nullptr ? 0 : static_cast<double>(network->model(u32(info, 0))));
}

Napi::Value NetworkWrap::size(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  return Napi::Number::New(info.Env(), network == nullptr ? 0 : network->size(u32(info, 0)));
}

// (population, variable, Float64Array that takes it)
void NetworkWrap::get_state(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  size_t count = 0;
  double* const out = data_of<Napi::Float64Array>(info, 2, &count);
  const nb_status status = network->get_state(u32(info, 0), static_cast<population::Variable>(u32(info, 1)), out);
  if (status != NB_OK) throw_status(info.Env(), status, "state()");
}

// (population, variable, one value or one for each)
void NetworkWrap::set_state(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  population::Values values;
  values.values = data_of<Napi::Float64Array>(info, 2, &values.count);
  const nb_status status = network->set_state(u32(info, 0), static_cast<population::Variable>(u32(info, 1)), values);
  if (status != NB_OK) throw_status(info.Env(), status, "setState()");
}

void NetworkWrap::alive(const Napi::CallbackInfo& info) {
  size_t count = 0;
  if (Network* const network = open(info.Env())) network->alive(u32(info, 0), data_of<Napi::Uint8Array>(info, 1, &count));
}

void NetworkWrap::spike_counts(const Napi::CallbackInfo& info) {
  size_t count = 0;
  if (Network* const network = open(info.Env())) {
    network->spike_counts(u32(info, 0), data_of<Napi::Uint32Array>(info, 1, &count));
  }
}

// (projection, Float64Array of five: pre, post, synapses, bytes, rule)
void NetworkWrap::info(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  const ProjectionInfo found = network->info(u32(info, 0));
  auto out = info[1].As<Napi::Float64Array>();
  out[0] = found.pre;
  out[1] = found.post;
  out[2] = static_cast<double>(found.synapses);
  out[3] = static_cast<double>(found.bytes);
  out[4] = static_cast<double>(found.rule);
}

// (projection, Float32Array, function as for normalize())
void NetworkWrap::weights(const Napi::CallbackInfo& info) {
  if (open(info.Env()) == nullptr) return;
  NetworkWork work;
  work.what = NetworkWork::What::kWeights;
  work.projection = u32(info, 0);
  size_t count = 0;
  work.weights = data_of<Napi::Float32Array>(info, 1, &count);
  if (!started(info, work, 2, info[1])) (void)work.run(*held_);
}

void NetworkWrap::set_weights(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  size_t count = 0;
  const float* const weights = data_of<Napi::Float32Array>(info, 1, &count);
  changed(info.Env(), network->set_weights(u32(info, 0), weights, count), "setWeights()");
}

void NetworkWrap::endpoints(const Napi::CallbackInfo& info) {
  size_t count = 0;
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  network->endpoints(u32(info, 0), data_of<Napi::Uint32Array>(info, 1, &count), data_of<Napi::Uint32Array>(info, 2, &count));
}

void NetworkWrap::delays(const Napi::CallbackInfo& info) {
  size_t count = 0;
  if (Network* const network = open(info.Env())) network->delays(u32(info, 0), data_of<Napi::Uint32Array>(info, 1, &count));
}

// (population, variable or -1 for spikes, every so many steps, capacity, neurons or none for all) -> record
Napi::Value NetworkWrap::record(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return info.Env().Undefined();
  population::RecordOptions options;
  options.spikes = number(info, 1) < 0;
  options.state = !options.spikes;
  if (options.state) options.variable = static_cast<population::Variable>(u32(info, 1));
  options.every_steps = u32(info, 2);
  options.capacity = static_cast<uint64_t>(number(info, 3));
  size_t count = 0;
  const uint32_t* const neurons = data_of<Napi::Uint32Array>(info, 4, &count);
  options.neurons = count == 0 ? nullptr : neurons;
  options.neuron_count = static_cast<uint32_t>(count);
  uint32_t id = 0;
  const nb_status status = network->record(u32(info, 0), options, &id);
  return made(info.Env(), status, "record()", id);
}

// (record, Float64Array of two: kept, lost)
void NetworkWrap::recorded_count(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  const RecordView view = network->recorded(u32(info, 0));
  auto out = info[1].As<Napi::Float64Array>();
  out[0] = static_cast<double>(view.count);
  out[1] = static_cast<double>(view.lost);
}

// (record, and arrays that take neurons, steps and values, as long as there is of each)
void NetworkWrap::recorded(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  const RecordView view = network->recorded(u32(info, 0));
  size_t neurons = 0;
  size_t steps = 0;
  size_t values = 0;
  uint32_t* const neuron = data_of<Napi::Uint32Array>(info, 1, &neurons);
  double* const step = data_of<Napi::Float64Array>(info, 2, &steps);
  float* const value = data_of<Napi::Float32Array>(info, 3, &values);
  if (neurons > 0) std::memcpy(neuron, view.neurons, neurons * sizeof *neuron);
  std::transform(view.steps, view.steps + steps, step, [](Step at) { return static_cast<double>(at); });
  if (values > 0) std::memcpy(value, view.values, values * sizeof *value);
}

void NetworkWrap::clear_record(const Napi::CallbackInfo& info) {
  if (Network* const network = open(info.Env())) changed(info.Env(), network->clear_record(u32(info, 0)), "clear()");
}

}  // namespace neuronbus
