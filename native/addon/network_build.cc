// SPDX-License-Identifier: MIT
//
// What a network is made of: populations, projections, and what is done to them.
#include <algorithm>
#include <new>

#include "network_wrap.h"

namespace neuronbus {

using population::Connection;
using population::Network;
using population::Step;

namespace {

constexpr size_t kMostParameters = 16;

// The elements of a Float64Array as steps; null without memory for them.
std::unique_ptr<Step[]> steps_of(const Napi::CallbackInfo& info, size_t index, size_t* count) {
  const auto array = info[index].As<Napi::Float64Array>();
  *count = array.ElementLength();
  const double* const from = array.Data();
  std::unique_ptr<Step[]> steps(new (std::nothrow) Step[*count + 1]);
  if (steps != nullptr) std::transform(from, from + *count, steps.get(), [](double step) { return static_cast<Step>(step); });
  return steps;
}

}  // namespace

// (model, size, how many values of each parameter, the values) -> population
Napi::Value NetworkWrap::add_population(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return info.Env().Undefined();
  size_t parameters = 0;
  size_t total = 0;
  const uint32_t* const counts = data_of<Napi::Uint32Array>(info, 2, &parameters);
  const double* next = data_of<Napi::Float64Array>(info, 3, &total);
  population::Values values[kMostParameters];
  for (size_t i = 0; i < std::min(parameters, kMostParameters); i++) {
    values[i] = {next, counts[i]};
    next += counts[i];
  }
  uint32_t id = 0;
  const nb_status status = network->add_population(static_cast<population::Model>(u32(info, 0)), u32(info, 1), values, &id);
  return made(info.Env(), status, "population()", id);
}

// (size, neurons, steps) -> population
Napi::Value NetworkWrap::add_spike_source(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return info.Env().Undefined();
  size_t count = 0;
  const std::unique_ptr<Step[]> steps = steps_of(info, 2, &count);
  const uint32_t* const neurons = data_of<Napi::Uint32Array>(info, 1, &count);
  uint32_t id = 0;
  const nb_status status =
      steps == nullptr ? NB_ERR_NO_MEMORY : network->add_spike_source(u32(info, 0), neurons, steps.get(), count, &id);
  return made(info.Env(), status, "spikeSource()", id);
}

// (source, neurons, steps)
void NetworkWrap::add_spikes(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  size_t count = 0;
  const std::unique_ptr<Step[]> steps = steps_of(info, 2, &count);
  const uint32_t* const neurons = data_of<Napi::Uint32Array>(info, 1, &count);
  changed(info.Env(), steps == nullptr ? NB_ERR_NO_MEMORY : network->add_spikes(u32(info, 0), neurons, steps.get(), count),
          "add()");
}

// (the numbers of connections.ts, pre, post, weights, delays) -> projection
Napi::Value NetworkWrap::connect(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return info.Env().Undefined();
  size_t ignored = 0;
  const double* next = data_of<Napi::Float64Array>(info, 0, &ignored);
  const auto u32 = [&next] { return static_cast<uint32_t>(*next++); };
  Connection connection;
  connection.pre = u32();
  connection.post = u32();
  connection.pattern = static_cast<population::Pattern>(u32());
  connection.probability = *next++;
  connection.degree = u32();
  connection.self = u32() != 0;
  population::Convolution& convolution = connection.convolution;
  for (uint32_t* field : {&convolution.in_height, &convolution.in_width, &convolution.in_channels, &convolution.out_channels,
                          &convolution.kernel_height, &convolution.kernel_width, &convolution.stride, &convolution.padding}) {
    *field = u32();
  }
  connection.weight_kind = static_cast<population::WeightKind>(u32());
  connection.weight_a = *next++;
  connection.weight_b = *next++;
  connection.delay_low = u32();
  connection.delay_high = u32();
  connection.receptor = static_cast<population::Receptor>(u32());
  population::Plasticity& rule = connection.plasticity;
  rule.rule = static_cast<population::Rule>(u32());
  rule.pairing = static_cast<population::Pairing>(u32());
  rule.bounds = static_cast<population::Bounds>(u32());
  for (double* field : {&rule.weight_min, &rule.weight_max, &rule.a_plus, &rule.a_minus, &rule.tau_plus_ms, &rule.tau_minus_ms,
                        &rule.a3_plus, &rule.a3_minus, &rule.tau_x_ms, &rule.tau_y_ms, &rule.tau_eligibility_ms,
                        &rule.tau_dopamine_ms}) {
    *field = *next++;
  }
  size_t entries = 0;
  size_t weights = 0;
  size_t delays = 0;
  connection.list_pre = data_of<Napi::Uint32Array>(info, 1, &entries);
  connection.list_post = data_of<Napi::Uint32Array>(info, 2, &entries);
  connection.list_count = entries;
  connection.weights = data_of<Napi::Float32Array>(info, 3, &weights);
  connection.weight_count = weights;
  const uint32_t* const delay = data_of<Napi::Uint32Array>(info, 4, &delays);
  connection.delays = delays == 0 ? nullptr : delay;
  uint32_t id = 0;
  const nb_status status = network->connect(connection, &id);
  return made(info.Env(), status, "connect()", id);
}

void NetworkWrap::kill(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  size_t count = 0;
  const uint32_t* const neurons = data_of<Napi::Uint32Array>(info, 1, &count);
  changed(info.Env(), network->kill(u32(info, 0), neurons, count), "kill()");
}

void NetworkWrap::reward(const Napi::CallbackInfo& info) {
  if (Network* const network = open(info.Env())) {
    changed(info.Env(), network->reward(u32(info, 0), number(info, 1)), "reward()");
  }
}

// (projection, total, function to call when it is done; without it: done now)
void NetworkWrap::normalize(const Napi::CallbackInfo& info) {
  if (open(info.Env()) == nullptr) return;
  NetworkWork work;
  work.what = NetworkWork::What::kNormalize;
  work.projection = u32(info, 0);
  work.total = number(info, 1);
  if (!started(info, work, 2)) changed(info.Env(), work.run(*held_), work.name());
}

// (projection, below, whether of the dead, grow or -1 for as many as are removed, weight, Float64Array of two: removed, grown;
// function as for normalize())
void NetworkWrap::rewire(const Napi::CallbackInfo& info) {
  if (open(info.Env()) == nullptr) return;
  NetworkWork work;
  work.what = NetworkWork::What::kRewire;
  work.projection = u32(info, 0);
  work.below = number(info, 1);
  work.dead = info[2].As<Napi::Boolean>().Value();
  const double grow = number(info, 3);
  work.grow = grow < 0 ? Network::kAsRemoved : static_cast<uint64_t>(grow);
  work.weight = number(info, 4);
  size_t count = 0;
  work.counts = data_of<Napi::Float64Array>(info, 5, &count);
  if (!started(info, work, 6, info[5])) changed(info.Env(), work.run(*held_), work.name());
}

void NetworkWrap::set_learning(const Napi::CallbackInfo& info) {
  if (Network* const network = open(info.Env())) {
    changed(info.Env(), network->set_learning(u32(info, 0), info[1].As<Napi::Boolean>().Value()), "learning");
  }
}

}  // namespace neuronbus
