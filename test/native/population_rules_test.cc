// SPDX-License-Identifier: MIT
//
// Every rule against an oracle in double precision that goes synapse by synapse and step by step, with the formulas as they stand in
// the papers: no logs, no laziness, no tables.

#include "population_fixture.h"

using namespace nbtest;

namespace {

constexpr double kDt = 0.5;

struct Case {
  Plasticity rule;
  uint32_t delay;
  double reward;  // every 40 steps
};

// Traces and events of one synapse. `arrivals` and `posts` say what happens at each step.
double oracle(const Plasticity& p, const std::vector<bool>& arrivals, const std::vector<bool>& posts, double weight, double reward) {
  const bool nearest = p.pairing != Pairing::kAll;
  const bool reduced = p.pairing == Pairing::kReducedNearest;
  const bool soft = p.bounds == Bounds::kMultiplicative;
  double x = 0, x2 = 0, y = 0, y2 = 0, e = 0, d = 0;
  const auto clamp = [&](double w) { return std::min(p.weight_max, std::max(p.weight_min, w)); };
  const auto decay = [&](double tau) { return tau > 0 ? std::exp(-kDt / tau) : 0; };
  for (size_t step = 0; step < arrivals.size(); step++) {
    if (p.rule == Rule::kReward) {
      if (step % 40 == 0 && step > 0) {
        p.tau_dopamine_ms > 0 ? d += reward : weight = clamp(weight + reward * e);
      }
    }
    const bool reward_rule = p.rule == Rule::kReward;
    if (arrivals[step]) {
      const double change = y * (p.a_minus + p.a3_minus * x2) * (soft ? weight - p.weight_min : 1);
      reward_rule ? e -= change : weight = clamp(weight - change);
      x = nearest ? 1 : x + 1;
      x2 = nearest ? 1 : x2 + 1;
      if (reduced) y = 0;
    }
    if (posts[step]) {
      const double change = x * (p.a_plus + p.a3_plus * y2) * (soft ? p.weight_max - weight : 1);
      reward_rule ? e += change : weight = clamp(weight + change);
      y = nearest ? 1 : y + 1;
      y2 = nearest ? 1 : y2 + 1;
      if (reduced) x = 0;
    }
    if (reward_rule && p.tau_dopamine_ms > 0) {
      const double rate = 1 / p.tau_eligibility_ms + 1 / p.tau_dopamine_ms;
      weight = clamp(weight + e * d / p.tau_dopamine_ms * (1 - std::exp(-kDt * rate)) / rate);
      d *= decay(p.tau_dopamine_ms);
    }
    e *= decay(p.tau_eligibility_ms);
    x *= decay(p.tau_plus_ms);
    y *= decay(p.tau_minus_ms);
    x2 *= decay(p.tau_x_ms);
    y2 *= decay(p.tau_y_ms);
  }
  return weight;
}

Plasticity rule_of(Rule rule, Pairing pairing, Bounds bounds) {
  Plasticity p;
  p.rule = rule;
  p.pairing = pairing;
  p.bounds = bounds;
  p.weight_min = 0.1;
  p.weight_max = 0.9;
  p.a_plus = 0.04;
  p.a_minus = 0.05;
  p.tau_plus_ms = 7;
  p.tau_minus_ms = 11;
  if (rule == Rule::kTriplet) {
    p.a3_plus = 0.03;
    p.a3_minus = 0.02;
    p.tau_x_ms = 30;
    p.tau_y_ms = 40;
  }
  if (rule == Rule::kReward) {
    p.tau_eligibility_ms = 50;
    p.tau_dopamine_ms = 15;
  }
  return p;
}

// A dense or sparse projection between spikes that are all given: the posts are driven by a source, one to one.
void compare(const Case& c, bool dense, bool peek, Step steps, uint32_t threads = 1) {
  Random random = random_for_test();
  constexpr uint32_t kPres = 20;
  constexpr uint32_t kPosts = 150;
  std::vector<Spike> pre_spikes, teacher;
  std::vector<std::vector<bool>> pre_fires(kPres, std::vector<bool>(steps)), post_fires(kPosts, std::vector<bool>(steps));
  for (Step step = 0; step < steps; step++) {
    const uint32_t together = random.chance(8) ? 3 : 25;  // often at the same time
    for (uint32_t i = 0; i < kPres; i++) {
      if (!random.chance(together)) continue;
      pre_spikes.push_back({i, step});
      pre_fires[i][step] = true;
    }
    for (uint32_t i = 0; i < kPosts; i++) {
      if (random.chance(together)) teacher.push_back({i, step});
    }
  }
  TestNetwork network(kDt, 1, threads);
  Lif forced;
  forced.tau = 0.2;
  forced.refractory = 0;
  forced.tau_e = forced.tau_i = 0;
  forced.threshold = -40;
  const uint32_t pre = network.source(kPres, pre_spikes);
  const uint32_t driver = network.source(kPosts, teacher);
  const uint32_t post = network.lif(kPosts, forced);
  network.connect(connection(driver, post, Pattern::kOneToOne, 1e5));
  const Pattern pattern = dense ? Pattern::kAllToAll : Pattern::kFixedProbability;
  Connection learned = uniform(connection(pre, post, pattern, 0, c.delay), 0.2, 0.8);
  learned.probability = 0.5;
  learned.plasticity = c.rule;
  const uint32_t projection = network.connect(learned);
  const std::vector<float> before = network.weights(projection);
  const uint32_t record = network.record_spikes(post);

  for (Step step = 0; step < steps; step++) {
    if (step % 40 == 0 && step > 0 && c.reward != 0) CHECK_EQ(network->reward(projection, c.reward), NB_OK);
    network.run(1);
    if (peek && random.chance(20)) network.weights(projection);
  }
  for (const Spike& spike : network.spikes(record)) post_fires[spike.neuron][spike.step] = true;
  CHECK(network.spikes(record).size() > steps);

  const std::vector<float> after = network.weights(projection);
  std::vector<uint32_t> pres(after.size()), posts(after.size());
  network->endpoints(projection, pres.data(), posts.data());
  double worst = 0;
  double moved = 0;
  for (size_t i = 0; i < after.size(); i++) {
    std::vector<bool> arrivals(steps);
    for (Step step = c.delay; step < steps; step++) arrivals[step] = pre_fires[pres[i]][step - c.delay];
    const double expected = oracle(c.rule, arrivals, post_fires[posts[i]], before[i], c.reward);
    worst = std::max(worst, std::fabs(after[i] - expected) / std::fabs(expected));
    moved = std::max(moved, std::fabs(expected - before[i]));
  }
  CHECK(moved > 0.05);
  if (!CHECK(worst < 1e-5)) std::printf("     worst relative error %g\n", worst);
}

void compare_all(const Case& c) {
  compare(c, true, false, 600);
  compare(c, false, false, 600);
  compare(c, true, true, 300);
  compare(c, false, true, 300);
  compare(c, true, true, 300, 2);
  compare(c, false, false, 300, 3);
}

}  // namespace

NB_TEST("population rules: pair, all to all, additive") {
  compare_all({rule_of(Rule::kPair, Pairing::kAll, Bounds::kAdditive), 1, 0});
}
NB_TEST("population rules: pair, nearest, additive") {
  compare_all({rule_of(Rule::kPair, Pairing::kNearest, Bounds::kAdditive), 3, 0});
}
NB_TEST("population rules: pair, all to all, multiplicative") {
  compare_all({rule_of(Rule::kPair, Pairing::kAll, Bounds::kMultiplicative), 2, 0});
}
NB_TEST("population rules: pair, nearest, multiplicative") {
  compare_all({rule_of(Rule::kPair, Pairing::kNearest, Bounds::kMultiplicative), 0, 0});
}
NB_TEST("population rules: pair, reduced nearest, additive") {
  compare_all({rule_of(Rule::kPair, Pairing::kReducedNearest, Bounds::kAdditive), 1, 0});
}
NB_TEST("population rules: pair, reduced nearest, multiplicative") {
  compare_all({rule_of(Rule::kPair, Pairing::kReducedNearest, Bounds::kMultiplicative), 4, 0});
}
NB_TEST("population rules: reward, reduced nearest") {
  compare_all({rule_of(Rule::kReward, Pairing::kReducedNearest, Bounds::kAdditive), 2, 0.2});
}
NB_TEST("population rules: reduced nearest pairing is refused for triplets") {
  TestNetwork network(kDt);
  const uint32_t pre = network.source(1, {});
  Connection wrong = connection(pre, network.lif(1, Lif{}), Pattern::kAllToAll, 0.5);
  wrong.plasticity = rule_of(Rule::kTriplet, Pairing::kReducedNearest, Bounds::kAdditive);
  uint32_t id = 0;
  CHECK_EQ(network->connect(wrong, &id), NB_ERR_INVALID_ARGUMENT);
}
NB_TEST("population rules: reduced nearest pairing goes on where a file left it") {
  TestNetwork network(kDt, 7);
  Lif post;
  post.refractory = 0;
  const uint32_t noise = network.poisson(40, 60);
  Connection learned = connection(noise, network.lif(30, post), Pattern::kAllToAll, 0.5);
  learned.plasticity = rule_of(Rule::kPair, Pairing::kReducedNearest, Bounds::kAdditive);
  learned.plasticity.weight_max = 9;
  learned.weight_a = 4;
  const uint32_t projection = network.connect(learned);
  network.run(500);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  TestNetwork other(kDt);
  std::unique_ptr<uint8_t[]> extra;
  size_t extra_bytes = 0;
  CHECK_EQ(Network::load(file.path(), 1, &other.owner(), &extra, &extra_bytes), NB_OK);
  network.run(500);
  other.run(500);
  CHECK(network.weights(projection) == other.weights(projection));
}
NB_TEST("population rules: a spike clears the excitatory current if asked to") {
  for (const double clears : {0.0, 1.0}) {
    TestNetwork network(kDt);
    Lif neuron;
    neuron.reset_excitatory = clears;
    const uint32_t pre = network.source(1, {{0, 0}});
    const uint32_t post = network.lif(1, neuron);
    network.connect(connection(pre, post, Pattern::kOneToOne, 1000));
    network.run(3);
    double current = -1;
    CHECK_EQ(network->get_state(post, Variable::kExcitatory, &current), NB_OK);
    CHECK((current == 0) == (clears == 1));
  }
}
NB_TEST("population rules: triplet, all to all") {
  compare_all({rule_of(Rule::kTriplet, Pairing::kAll, Bounds::kAdditive), 1, 0});
}
NB_TEST("population rules: triplet, nearest, multiplicative") {
  compare_all({rule_of(Rule::kTriplet, Pairing::kNearest, Bounds::kMultiplicative), 5, 0});
}
NB_TEST("population rules: reward with lasting dopamine") {
  compare_all({rule_of(Rule::kReward, Pairing::kAll, Bounds::kAdditive), 1, 0.2});
}
NB_TEST("population rules: reward that acts at once, and punishment") {
  Case c{rule_of(Rule::kReward, Pairing::kNearest, Bounds::kMultiplicative), 2, -0.3};
  c.rule.tau_dopamine_ms = 0;
  compare_all(c);
}
