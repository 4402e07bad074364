// SPDX-License-Identifier: MIT
//
// Who is connected to whom, with which weight and delay.
#include <map>
#include <set>

#include "native/core/population/memory.h"
#include "population_fixture.h"

using namespace nbtest;

NB_TEST("population connections: degrees and probabilities are what was asked for") {
  for (const bool self : {true, false}) {
    TestNetwork network(1, 3, 2);
    const uint32_t group = network.lif(300, Lif{});
    Connection c = connection(group, group, Pattern::kFixedInDegree, 1);
    c.self = self;
    for (const uint32_t degree : {0u, 7u, 250u, 299u}) {
      c.degree = degree;
      for (const Pattern pattern : {Pattern::kFixedInDegree, Pattern::kFixedOutDegree}) {
        c.pattern = pattern;
        std::vector<uint32_t> counts(300);
        std::set<std::pair<uint32_t, uint32_t>> seen;
        for (const Synapse& s : synapses(network, network.connect(c))) {
          counts[pattern == Pattern::kFixedInDegree ? s.post : s.pre]++;
          CHECK(seen.insert({s.pre, s.post}).second);
          CHECK(self || s.pre != s.post);
        }
        CHECK(counts == std::vector<uint32_t>(300, degree));
      }
    }
    c.pattern = Pattern::kFixedProbability;
    for (const double probability : {0.0, 0.1, 0.9, 1.0}) {
      c.probability = probability;
      const double count = static_cast<double>(synapses(network, network.connect(c)).size());
      const double expected = probability * (self ? 90000 : 89700);
      CHECK(std::fabs(count - expected) <= 5 * std::sqrt(expected * (1 - probability)));
    }
  }
}

NB_TEST("population connections: random weights and delays have the distribution asked for") {
  TestNetwork network(1, 4);
  const uint32_t pre = network.poisson(200, 1);
  const uint32_t post = network.lif(200, Lif{});
  Connection c = connection(pre, post, Pattern::kAllToAll, 2, 3);
  c.delay_high = 7;
  c.weight_kind = WeightKind::kNormal;
  c.weight_b = 0.5;
  double mean = 0, square = 0;
  std::map<uint32_t, uint32_t> delays;
  const std::vector<Synapse> all = synapses(network, network.connect(c));
  CHECK_EQ(all.size(), 40000u);
  for (const Synapse& s : all) {
    mean += s.weight / 40000.0;
    square += (s.weight - 2.0) * (s.weight - 2.0) / 40000.0;
    delays[s.delay]++;
  }
  CHECK(std::fabs(mean - 2) < 0.0125);
  CHECK(std::fabs(square - 0.25) < 0.01);
  CHECK_EQ(delays.size(), 5u);
  for (const auto& [delay, count] : delays) CHECK(delay >= 3 && delay <= 7 && count > 7500 && count < 8500);
  c.weight_kind = WeightKind::kUniform;
  c.weight_a = -1;
  c.weight_b = 1;
  mean = 0;
  for (const Synapse& s : synapses(network, network.connect(c))) {
    CHECK(s.weight >= -1 && s.weight <= 1);
    mean += s.weight / 40000.0;
  }
  CHECK(std::fabs(mean) < 0.015);
}

NB_TEST("population connections: a convolution is the one of the definition") {
  struct Shape {
    uint32_t height, width, channels, out, kernel_height, kernel_width, stride, padding;
  };
  for (const Shape& s : {Shape{7, 6, 2, 3, 3, 2, 1, 0}, Shape{7, 6, 2, 3, 3, 3, 2, 1}, Shape{5, 5, 1, 2, 5, 5, 3, 4}}) {
    const uint32_t out_height = (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1;
    const uint32_t out_width = (s.width + 2 * s.padding - s.kernel_width) / s.stride + 1;
    TestNetwork network(1);
    const uint32_t pre = network.poisson(s.height * s.width * s.channels, 1);
    const uint32_t post = network.lif(out_height * out_width * s.out, Lif{});
    Connection c = connection(pre, post, Pattern::kConvolution, 0);
    c.convolution = {s.height, s.width, s.channels, s.out, s.kernel_height, s.kernel_width, s.stride, s.padding};
    std::vector<float> kernel(s.out * s.kernel_height * s.kernel_width * s.channels);
    for (size_t i = 0; i < kernel.size(); i++) kernel[i] = static_cast<float>(i) - 10;
    c.weight_kind = WeightKind::kGiven;
    c.weights = kernel.data();
    c.weight_count = kernel.size();
    std::map<std::pair<uint32_t, uint32_t>, float> expected;
    for (uint32_t oy = 0; oy < out_height; oy++)
      for (uint32_t ox = 0; ox < out_width; ox++)
        for (uint32_t f = 0; f < s.out; f++)
          for (uint32_t dy = 0; dy < s.kernel_height; dy++)
            for (uint32_t dx = 0; dx < s.kernel_width; dx++)
              for (uint32_t ch = 0; ch < s.channels; ch++) {
                const int64_t y = int64_t{oy} * s.stride + dy - s.padding;
                const int64_t x = int64_t{ox} * s.stride + dx - s.padding;
                if (y < 0 || x < 0 || y >= s.height || x >= s.width) continue;
                const uint32_t from = (static_cast<uint32_t>(y) * s.width + static_cast<uint32_t>(x)) * s.channels + ch;
                expected[{from, (oy * out_width + ox) * s.out + f}] =
                    kernel[((f * s.kernel_height + dy) * s.kernel_width + dx) * s.channels + ch];
              }
    std::map<std::pair<uint32_t, uint32_t>, float> actual;
    for (const Synapse& synapse : synapses(network, network.connect(c))) actual[{synapse.pre, synapse.post}] = synapse.weight;
    CHECK(actual == expected);
    c.weight_count--;
    uint32_t id = 0;
    CHECK_EQ(network->connect(c, &id), NB_ERR_INVALID_ARGUMENT);
  }
}

NB_TEST("population connections: a list keeps its weights, delays and double entries") {
  Random random = random_for_test();
  TestNetwork network(1, 1, 2);
  const uint32_t pre = network.poisson(10, 1);
  const uint32_t post = network.lif(150, Lif{});
  std::vector<uint32_t> pres, posts, delays;
  std::vector<float> weights;
  std::multiset<std::tuple<uint32_t, uint32_t, uint32_t, float>> expected, actual;
  for (int i = 0; i < 500; i++) {
    pres.push_back(static_cast<uint32_t>(random.below(10)));
    posts.push_back(static_cast<uint32_t>(random.below(150)));
    delays.push_back(static_cast<uint32_t>(random.below(4)));
    weights.push_back(static_cast<float>(i));
    expected.insert({pres.back(), posts.back(), delays.back(), weights.back()});
  }
  Connection c = connection(pre, post, Pattern::kList, 0);
  c.list_pre = pres.data();
  c.list_post = posts.data();
  c.delays = delays.data();
  c.list_count = 500;
  c.weight_kind = WeightKind::kGiven;
  c.weights = weights.data();
  c.weight_count = 500;
  const uint32_t id = network.connect(c);
  for (const Synapse& s : synapses(network, id)) actual.insert({s.pre, s.post, s.delay, s.weight});
  CHECK(actual == expected);
  posts[3] = 150;
  uint32_t other = 0;
  CHECK_EQ(network->connect(c, &other), NB_ERR_INVALID_ARGUMENT);

  std::vector<float> fresh(500);
  for (size_t i = 0; i < fresh.size(); i++) fresh[i] = static_cast<float>(i) / 3;
  CHECK_EQ(network->set_weights(id, fresh.data(), 500), NB_OK);
  CHECK(network.weights(id) == fresh);
  CHECK_EQ(network->set_weights(id, fresh.data(), 499), NB_ERR_INVALID_ARGUMENT);
}

NB_TEST("population connections: more synapses than any machine holds are refused before they are counted") {
  TestNetwork network(1);
  const uint32_t pre = network.source(4'000'000, {});
  const uint32_t post = network.lif(1'000'000, Lif());
  for (const Pattern pattern : {Pattern::kFixedProbability, Pattern::kFixedInDegree, Pattern::kFixedOutDegree}) {
    Connection c = connection(pre, post, pattern, 1);
    c.probability = 1;
    c.degree = 1'000'000;
    uint32_t id = 0;
    CHECK_EQ(network->connect(c, &id), NB_ERR_NO_MEMORY);
  }
  CHECK_EQ(network->projections(), 0u);
}

NB_TEST("population connections: an arrival comes after its delay, from each pre to each of its posts") {
  for (const uint32_t threads : {1u, 3u}) {
    TestNetwork network(1, 6, threads);
    std::vector<Spike> given;
    for (uint32_t i = 0; i < 40; i++) given.push_back({i, 3 + i});
    const uint32_t pre = network.source(40, given);
    Lif p;
    p.tau_e = 1e12;  // adds up
    p.threshold = 1e9;
    const uint32_t post = network.lif(200, p);
    Connection c = uniform(connection(pre, post, Pattern::kFixedProbability, 0, 0), 1, 2);
    c.probability = 0.2;
    c.delay_high = 9;
    const std::vector<Synapse> all = synapses(network, network.connect(c));
    std::vector<double> expected(200);
    for (Step step = 0; step < 60; step++) {
      network.run(1);
      for (const Synapse& s : all) {
        if (step == 3 + s.pre + s.delay) expected[s.post] += s.weight;
      }
      const std::vector<double> actual = network.state(post, Variable::kExcitatory);
      for (size_t i = 0; i < 200; i++) CHECK(std::fabs(actual[i] - expected[i]) < 1e-6);
    }
  }
}

namespace {

// The weights of a projection after some time, before which `refuse` has tried to connect something else with the same time constants.
template <typename Refuse>
std::vector<float> after_refusal(Refuse refuse) {
  TestNetwork network(1, 6);
  const uint32_t noise = network.poisson(20, 50);
  Lif p;
  p.drive = 30;
  const uint32_t post = network.lif(3000, p);  // so many that what is asked for last is most
  Connection c = uniform(connection(noise, post, Pattern::kAllToAll, 0, 1), 0.2, 0.8);
  c.plasticity.rule = Rule::kPair;
  c.plasticity.a_plus = c.plasticity.a_minus = 0.01;
  network.connect(c);  // so that there is a log of what happens
  c.plasticity.tau_minus_ms = 33;
  refuse(*network, c);
  network.run(50);
  const uint32_t learned = network.connect(c);
  network.run(100);
  return network.weights(learned);
}

}  // namespace

NB_TEST("population connections: one that is refused has no effect on those that come later") {
  const std::vector<float> expected = after_refusal([](Network&, const Connection&) {});
  for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedProbability}) {
    CHECK(after_refusal([&](Network& network, Connection wrong) {
            const float weight = 0.5f;
            wrong.pattern = pattern;
            wrong.probability = 0.5;
            wrong.weight_kind = WeightKind::kGiven;
            wrong.weights = &weight;
            wrong.weight_count = 1;
            uint32_t id = 0;
            CHECK_EQ(network.connect(wrong, &id), NB_ERR_INVALID_ARGUMENT);
          }) == expected);
  }
  bool refused = true;
  uint32_t times = 0;
  for (uint64_t room = 0; refused; room += 16'384) {
    const std::vector<float> weights = after_refusal([&](Network& network, const Connection& c) {
      uint32_t id = 0;
      limit_column_bytes(column_bytes() + room);
      refused = network.connect(c, &id) == NB_ERR_NO_MEMORY;
      limit_column_bytes(~uint64_t{0});
    });
    if (refused) CHECK(weights == expected);
    times++;
  }
  CHECK(times > 10);
}
