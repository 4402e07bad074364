// SPDX-License-Identifier: MIT
//
// Small networks for the tests of spiking populations.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "harness.h"
#include "native/core/population/network.h"

namespace nbtest {

using namespace neuronbus::population;

struct Lif {
  double tau = 10, rest = -70, threshold = -55, reset = -70, refractory = 2, tau_e = 5, tau_i = 5, drive = 0, reversal_e = 0,
         reversal_i = -80, increment = 0, threshold_tau = 100, reset_excitatory = 0;
};

struct Spike {
  uint32_t neuron;
  Step step;
  bool operator==(const Spike& other) const { return neuron == other.neuron && step == other.step; }
};

class TestNetwork {
 public:
  explicit TestNetwork(double dt_ms, uint64_t seed = 1, uint32_t threads = 1) {
    NetworkOptions options;
    options.dt_ms = dt_ms;
    options.seed = seed;
    options.threads = threads;
    CHECK_EQ(Network::create(options, &network_), NB_OK);
  }
  Network* operator->() { return network_.get(); }
  Network& operator*() { return *network_; }
  std::unique_ptr<Network>& owner() { return network_; }

  uint32_t lif(uint32_t size, const Lif& p, Model model = Model::kLif) {
    const double all[] = {p.tau,   p.rest,       p.threshold,  p.reset,     p.refractory,    p.tau_e,
                          p.tau_i, p.drive,      p.reversal_e, p.reversal_i, p.increment, p.threshold_tau, p.reset_excitatory};
    return add(model, size, all, kLifParameters);
  }
  uint32_t izhikevich(uint32_t size, double a, double b, double c, double d, double drive, double tau_e = 0, double tau_i = 0) {
    const double all[] = {a, b, c, d, 30, drive, tau_e, tau_i};
    return add(Model::kIzhikevich, size, all, kIzhikevichParameters);
  }
  uint32_t poisson(uint32_t size, double rate_hz) { return add(Model::kPoisson, size, &rate_hz, 1); }
  uint32_t source(uint32_t size, const std::vector<Spike>& spikes) {
    std::vector<uint32_t> neurons;
    std::vector<Step> steps;
    for (const Spike& spike : spikes) {
      neurons.push_back(spike.neuron);
      steps.push_back(spike.step);
    }
    uint32_t id = 0;
    CHECK_EQ(network_->add_spike_source(size, neurons.data(), steps.data(), spikes.size(), &id), NB_OK);
    return id;
  }
  uint32_t connect(const Connection& connection) {
    uint32_t id = 0;
    CHECK_EQ(network_->connect(connection, &id), NB_OK);
    return id;
  }
  uint32_t record_spikes(uint32_t population) {
    RecordOptions options;
    options.spikes = true;
    options.capacity = 1u << 24;
    uint32_t id = 0;
    CHECK_EQ(network_->record(population, options, &id), NB_OK);
    return id;
  }
  void run(Step steps) { CHECK_EQ(network_->advance(steps, nullptr), steps); }
  std::vector<Spike> spikes(uint32_t record) const {
    const RecordView view = network_->recorded(record);
    std::vector<Spike> all;
    for (uint64_t i = 0; i < view.count; i++) all.push_back({view.neurons[i], view.steps[i]});
    return all;
  }
  std::vector<float> weights(uint32_t projection) {
    std::vector<float> all(network_->info(projection).synapses);
    network_->weights(projection, all.data());
    return all;
  }
  std::vector<double> state(uint32_t population, Variable variable) const {
    std::vector<double> all(network_->size(population));
    CHECK_EQ(network_->get_state(population, variable, all.data()), NB_OK);
    return all;
  }
  void set(uint32_t population, Variable variable, double value) {
    CHECK_EQ(network_->set_state(population, variable, {&value, 1}), NB_OK);
  }

 private:
  uint32_t add(Model model, uint32_t size, const double* parameters, uint32_t count) {
    std::vector<Values> values;
    for (uint32_t i = 0; i < count; i++) values.push_back({parameters + i, 1});
    uint32_t id = 0;
    CHECK_EQ(network_->add_population(model, size, values.data(), &id), NB_OK);
    return id;
  }
  std::unique_ptr<Network> network_;
};

inline nb_status load(const char* path, uint32_t threads, std::unique_ptr<Network>* out) {
  std::unique_ptr<uint8_t[]> extra;
  size_t bytes = 0;
  return Network::load(path, threads, out, &extra, &bytes);
}

// A file of its own, gone when the test is over.
class TestFile {
 public:
  TestFile() {
    static int number = 0;
    path_ = (std::filesystem::temp_directory_path() /
             ("neuronbus-population-" + std::to_string(random_for_test().next()) + "-" + std::to_string(number++))).string();
  }
  ~TestFile() { std::remove(path_.c_str()); }
  const char* path() const { return path_.c_str(); }
  std::string read() const {
    std::ifstream in(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }

 private:
  std::string path_;
};

inline Connection connection(uint32_t pre, uint32_t post, Pattern pattern, double weight, uint32_t delay = 1) {
  Connection c;
  c.pre = pre;
  c.post = post;
  c.pattern = pattern;
  c.weight_a = weight;
  c.delay_low = c.delay_high = delay;
  return c;
}

// Weights from `low` to `high` instead of one.
inline Connection uniform(Connection c, double low = 0, double high = 1) {
  c.weight_kind = WeightKind::kUniform;
  c.weight_a = low;
  c.weight_b = high;
  return c;
}

// Each pair with this probability, weights from 0 to 1.
inline Connection chance(uint32_t pre, uint32_t post, double probability) {
  Connection c = uniform(connection(pre, post, Pattern::kFixedProbability, 0));
  c.probability = probability;
  return c;
}

// Of each synapse who, how late and how strong; checks their order.
struct Synapse {
  uint32_t pre, post, delay;
  float weight;
};

inline std::vector<Synapse> synapses(TestNetwork& network, uint32_t projection) {
  const size_t count = network->info(projection).synapses;
  std::vector<uint32_t> pre(count), post(count), delay(count);
  network->endpoints(projection, pre.data(), post.data());
  network->delays(projection, delay.data());
  const std::vector<float> weights = network.weights(projection);
  std::vector<Synapse> all;
  for (size_t i = 0; i < count; i++) {
    all.push_back({pre[i], post[i], delay[i], weights[i]});
    if (i > 0) CHECK(pre[i - 1] < pre[i] || (pre[i - 1] == pre[i] && post[i - 1] <= post[i]));
  }
  return all;
}

}  // namespace nbtest
