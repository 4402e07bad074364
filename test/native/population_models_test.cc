// SPDX-License-Identifier: MIT
//
// Each model against its closed form, or against the plainest code for its equations in double precision.
#include "population_fixture.h"

using namespace nbtest;

namespace {

void near(double actual, double expected, double tolerance, const char* what) {
  if (!CHECK(std::fabs(actual - expected) <= tolerance)) std::printf("     %s: %.17g is not %.17g\n", what, actual, expected);
}

}  // namespace

NB_TEST("population models: a LIF neuron under constant drive fires when the closed form says") {
  const double dt = 0.1;
  TestNetwork network(dt);
  Lif p;
  p.drive = 20;
  p.refractory = 2;
  const uint32_t neuron = network.lif(70, p);
  const uint32_t record = network.record_spikes(neuron);
  network.run(2000);
  const double rise = p.tau * std::log(p.drive / (p.drive - (p.threshold - p.rest)));  // from reset = rest to threshold
  const std::vector<Spike> spikes = network.spikes(record);
  CHECK(spikes.size() > 500);
  uint32_t count = 0;
  // After step k the potential is that of time (k + 1) dt. A cycle is the hold of r steps and the rise in whole steps.
  const Step whole = static_cast<Step>(std::ceil(rise / dt - 1e-9));
  for (const Spike& spike : spikes) {
    if (spike.neuron != 69) continue;
    CHECK_EQ(spike.step, whole - 1 + count * (whole - 1 + 20));
    count++;
  }
}

NB_TEST("population models: the course of a LIF neuron after one arrival is exact") {
  for (const double tau_e : {5.0, 10.0, 10.0 + 1e-9, 30.0}) {
    const double dt = 0.3;
    TestNetwork network(dt);
    Lif p;
    p.tau_e = tau_e;
    const uint32_t source = network.source(1, {{0, 3}});
    const uint32_t neuron = network.lif(1, p);
    network.connect(connection(source, neuron, Pattern::kAllToAll, 7, 2));
    for (Step step = 1; step < 60; step++) {
      network.run(1);
      const double t = (static_cast<double>(step) - 6) * dt;  // arrives in step 5, acts from 6 dt on
      const double v = network.state(neuron, Variable::kPotential)[0];
      double expected = p.rest;
      if (t > 0) {
        // Near the other time constant the quotient loses its digits, the limit is right to 1e-9.
        expected += std::fabs(tau_e - p.tau) < 1e-6 ? 7 * t / p.tau * std::exp(-t / p.tau)
                                   : 7 * tau_e / (tau_e - p.tau) * (std::exp(-t / tau_e) - std::exp(-t / p.tau));
      }
      near(v, expected, tau_e == p.tau + 1e-9 ? 1e-8 : 1e-12, "potential");
    }
  }
}

NB_TEST("population models: conductances follow exponential Euler") {
  const double dt = 0.1;
  TestNetwork network(dt);
  Lif p;
  p.reversal_e = 0;
  p.reversal_i = -80;
  p.drive = 1;
  const uint32_t neuron = network.lif(1, p, Model::kLifConductance);
  network.set(neuron, Variable::kExcitatory, 0.3);
  network.set(neuron, Variable::kInhibitory, 0.8);
  double v = p.rest, e = 0.3, in = 0.8;
  for (int step = 0; step < 500; step++) {
    network.run(1);
    const double total = 1 + e + in;
    const double goal = (p.rest + p.drive + e * p.reversal_e + in * p.reversal_i) / total;
    v = goal + (v - goal) * std::exp(-dt * total / p.tau);
    e *= std::exp(-dt / p.tau_e);
    in *= std::exp(-dt / p.tau_i);
    near(network.state(neuron, Variable::kPotential)[0], v, 1e-12, "potential");
  }
}

NB_TEST("population models: Izhikevich as published") {
  TestNetwork network(1);
  const uint32_t neuron = network.izhikevich(3, 0.02, 0.2, -65, 8, 10);
  const uint32_t record = network.record_spikes(neuron);
  double v = -65, u = 0.2 * -65;
  std::vector<Step> expected;
  for (Step step = 0; step < 1000; step++) {
    v += 0.5 * (0.04 * v * v + 5 * v + 140 - u + 10);
    v += 0.5 * (0.04 * v * v + 5 * v + 140 - u + 10);
    u += 0.02 * (0.2 * v - u);
    if (v >= 30) {
      expected.push_back(step);
      v = -65;
      u += 8;
    }
  }
  network.run(1000);
  std::vector<Step> actual;
  for (const Spike& spike : network.spikes(record)) {
    if (spike.neuron == 2) actual.push_back(spike.step);
  }
  CHECK(expected.size() > 10);
  CHECK(actual == expected);
}

NB_TEST("population models: an adaptive threshold rises at spikes and decays") {
  TestNetwork network(1);
  Lif p;
  p.drive = 30;
  p.refractory = 0;
  p.increment = 2;
  p.threshold_tau = 50;
  const uint32_t neuron = network.lif(1, p);
  double v = p.rest, raised = 0;
  uint32_t spikes = 0;
  for (int step = 0; step < 300; step++) {
    network.run(1);
    v = p.rest + p.drive + (v - p.rest - p.drive) * std::exp(-1 / p.tau);
    raised *= std::exp(-1 / p.threshold_tau);
    if (v >= p.threshold + raised) {
      v = p.reset;
      raised += p.increment;
      spikes++;
    }
    near(network.state(neuron, Variable::kThreshold)[0], raised, 1e-10, "threshold");
  }
  uint32_t counted = 0;
  network->spike_counts(neuron, &counted);
  CHECK(spikes > 10);
  CHECK_EQ(counted, spikes);
}

NB_TEST("population models: a weight without time constant is a jump, and a refractory neuron takes none") {
  TestNetwork network(1);
  Lif p;
  p.tau = 1e9;
  p.tau_e = p.tau_i = 0;
  p.refractory = 5;
  const uint32_t source = network.source(1, {{0, 0}, {0, 2}, {0, 4}, {0, 9}});
  const uint32_t neuron = network.lif(1, p);
  network.connect(connection(source, neuron, Pattern::kOneToOne, 8));
  const uint32_t record = network.record_spikes(neuron);
  network.run(2);
  near(network.state(neuron, Variable::kPotential)[0], -62, 1e-6, "after one");
  network.run(3);  // -54 from step 3 on: fires in step 4
  CHECK(network.spikes(record) == std::vector<Spike>({{0, 4}}));
  network.run(5);  // the arrival of step 5 finds it refractory
  near(network.state(neuron, Variable::kPotential)[0], -70, 1e-6, "held");
  network.run(1);
  near(network.state(neuron, Variable::kPotential)[0], -62, 1e-6, "free again");
}

NB_TEST("population models: the rate of Poisson neurons is the one asked for") {
  TestNetwork network(1, 9);
  const uint32_t neurons = network.poisson(2000, 40);
  network.run(2000);
  std::vector<uint32_t> counts(2000);
  network->spike_counts(neurons, counts.data());
  double mean = 0, square = 0;
  for (uint32_t count : counts) mean += count / 2000.0;
  for (uint32_t count : counts) square += (count - mean) * (count - mean) / 1999.0;
  near(mean, 80, 5 * std::sqrt(80 * 0.96 / 2000), "mean");  // binomial, 0.04 a step
  near(square / (80 * 0.96), 1, 0.2, "variance");
  network.set(neurons, Variable::kRate, 0);
  network.run(100);
  std::vector<uint32_t> after(2000);
  network->spike_counts(neurons, after.data());
  CHECK(after == counts);
  network.set(neurons, Variable::kRate, 1e6);  // faster than the clock: once a step
  network.run(10);
  network->spike_counts(neurons, after.data());
  CHECK_EQ(after[7], counts[7] + 10);
}

NB_TEST("population models: by sign, a negative weight is an inhibitory conductance or a negative current") {
  for (const Model model : {Model::kLif, Model::kLifConductance}) {
    TestNetwork network(1);
    const uint32_t source = network.source(2, {{0, 0}, {1, 0}});
    const uint32_t neuron = network.lif(3, Lif{}, model);
    Connection c = connection(source, neuron, Pattern::kList, 0, 0);
    const uint32_t pre[] = {0, 1, 1}, post[] = {0, 1, 0};
    const float weights[] = {2, -3, -4};
    c.list_pre = pre;
    c.list_post = post;
    c.list_count = 3;
    c.weight_kind = WeightKind::kGiven;
    c.weights = weights;
    c.weight_count = 3;
    network.connect(c);
    network.run(1);
    const double sign = model == Model::kLif ? -1 : 1;
    CHECK(network.state(neuron, Variable::kExcitatory) == std::vector<double>({2, 0, 0}));
    CHECK(network.state(neuron, Variable::kInhibitory) == std::vector<double>({sign * 4, sign * 3, 0}));
  }
}

NB_TEST("population models: currents decay alike for thousands of steps, whatever comes, is set, or goes through a file") {
  for (const Model model : {Model::kLif, Model::kLifConductance}) {
    for (const double tau_i : {0.15, 20.0, 0.01}) {  // short, long, and gone within a step
      const double dt = 0.1;
      TestNetwork network(dt);
      Random random = random_for_test();
      Lif p;
      p.threshold = 1000;
      p.tau_i = tau_i;
      std::vector<Spike> arrivals;
      for (Step step = 0; step < 9000; step++) {
        if (random.below(30) == 0) arrivals.push_back({static_cast<uint32_t>(random.below(2)), step});
      }
      const uint32_t source = network.source(2, arrivals);
      const uint32_t neuron = network.lif(1, p, model);
      const double sign = model == Model::kLif ? 1 : -1;
      Connection c = connection(source, neuron, Pattern::kAllToAll, 0, 0);
      const float weights[] = {2, -3};
      c.weight_kind = WeightKind::kGiven;
      c.weights = weights;
      c.weight_count = 2;
      network.connect(c);
      double e = 0, in = 0;
      size_t next = 0;
      TestFile file;
      for (Step step = 0; step < 9000; step++) {
        if (random.below(2000) == 0) {
          CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
          CHECK_EQ(load(file.path(), 1, &network.owner()), NB_OK);
        }
        if (random.below(1000) == 0) network.set(neuron, Variable::kExcitatory, e = static_cast<double>(random.below(10)));
        network.run(1);
        e *= std::exp(-dt / p.tau_e);
        in *= std::exp(-dt / p.tau_i);
        for (; next < arrivals.size() && arrivals[next].step == step; next++) {
          arrivals[next].neuron == 0 ? e += 2 : in -= sign * 3;
        }
        near(network.state(neuron, Variable::kExcitatory)[0], e, 1e-11 * (1 + e), "excitatory");
        near(network.state(neuron, Variable::kInhibitory)[0], in, 1e-11 * (1 + std::fabs(in)), "inhibitory");
      }
    }
  }
}

NB_TEST("population models: parameters of each neuron are its own") {
  TestNetwork network(1);
  std::vector<double> drives(130), one{0};
  for (size_t i = 0; i < drives.size(); i++) drives[i] = 16 + 0.1 * static_cast<double>(i);
  const Lif p;
  const double shared[] = {p.tau, p.rest, 0, p.reset, p.refractory, p.tau_e, p.tau_i, 0, 0, -80, 0, 100, 0};
  std::vector<Values> values;
  for (uint32_t i = 0; i < kLifParameters; i++) values.push_back({shared + i, 1});
  values[kLifDrive] = {drives.data(), drives.size()};
  uint32_t id = 0;
  CHECK_EQ(network->add_population(Model::kLif, 130, values.data(), &id), NB_OK);
  network.run(10);
  for (uint32_t i = 0; i < 130; i++) {
    near(network.state(id, Variable::kPotential)[i], p.rest + drives[i] * (1 - std::exp(-1.0)), 1e-9, "potential");
  }
  values[kLifTau] = {one.data(), 1};
  CHECK_EQ(network->add_population(Model::kLif, 130, values.data(), &id), NB_ERR_INVALID_ARGUMENT);
}
