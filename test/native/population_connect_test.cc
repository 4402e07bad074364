// SPDX-License-Identifier: MIT
//
// Who is connected to whom, weights by synapse, pruning and growth, killed neurons.
#include <map>
#include <set>

#include "population_fixture.h"

using namespace nbtest;

namespace {

struct Synapse {
  uint32_t pre, post, delay;
  float weight;
};

std::vector<Synapse> synapses(TestNetwork& network, uint32_t projection) {
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

}  // namespace

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
    Connection c = connection(pre, post, Pattern::kFixedProbability, 0, 0);
    c.probability = 0.2;
    c.delay_high = 9;
    c.weight_kind = WeightKind::kUniform;
    c.weight_a = 1;
    c.weight_b = 2;
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

NB_TEST("population connections: rewiring prunes what is weak or dead and grows what is free") {
  for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedProbability}) {
    TestNetwork network(1, 8, 2);
    const uint32_t group = network.lif(200, Lif{});
    Connection c = connection(group, group, pattern, 0);
    c.self = pattern == Pattern::kAllToAll;
    c.probability = 0.3;
    c.weight_kind = WeightKind::kUniform;
    c.weight_a = 0;
    c.weight_b = 1;
    c.plasticity.rule = Rule::kPair;
    const uint32_t id = network.connect(c);
    const uint32_t killed[] = {3, 150};
    CHECK_EQ(network->kill(group, killed, 2), NB_OK);
    const std::vector<Synapse> before = synapses(network, id);
    const auto goes = [&](const Synapse& s) {
      return s.weight < 0.25f || s.pre == 3 || s.pre == 150 || s.post == 3 || s.post == 150;
    };
    std::map<std::pair<uint32_t, uint32_t>, float> expected;
    for (const Synapse& s : before) {
      if (!goes(s)) expected[{s.pre, s.post}] = s.weight;
    }
    uint64_t removed = 0, grown = 0;
    CHECK_EQ(network->rewire(id, 0.25, true, 400, 0.125, &removed, &grown), NB_OK);
    CHECK_EQ(removed, before.size() - expected.size());
    CHECK_EQ(grown, 400u);
    uint32_t fresh = 0;
    for (const Synapse& s : synapses(network, id)) {
      const auto known = expected.find({s.pre, s.post});
      if (known != expected.end()) {
        CHECK_EQ(s.weight, known->second);
        expected.erase(known);
        continue;
      }
      fresh++;
      CHECK_EQ(s.weight, 0.125f);
      CHECK(!goes({s.pre, s.post, 1, 1}) && (c.self || s.pre != s.post));
    }
    CHECK_EQ(fresh, 400u);
    CHECK(expected.empty());
    network.run(20);
    // Nothing is free any more: every living pair is joined.
    CHECK_EQ(network->rewire(id, 0, false, 1'000'000, 0.5, &removed, &grown), NB_OK);
    CHECK_EQ(network->info(id).synapses, c.self ? 198u * 198 : 198u * 197);
    network.run(20);
  }
}

NB_TEST("population connections: the dead are silent, and everybody else goes on") {
  TestNetwork network(1, 2, 2);
  const uint32_t noise = network.poisson(100, 100);
  Lif p;
  p.drive = 20;
  const uint32_t lif = network.lif(100, p);
  const uint32_t izhikevich = network.izhikevich(100, 0.02, 0.2, -65, 8, 10);
  const uint32_t given = network.source(1, {{0, 150}, {0, 151}});
  network.run(100);
  const uint32_t killed = 42;
  const uint32_t only = 0;
  for (const uint32_t group : {noise, lif, izhikevich}) CHECK_EQ(network->kill(group, &killed, 1), NB_OK);
  CHECK_EQ(network->kill(given, &only, 1), NB_OK);
  const uint32_t outside = 100;
  CHECK_EQ(network->kill(lif, &outside, 1), NB_ERR_INVALID_ARGUMENT);
  for (const uint32_t group : {noise, lif, izhikevich}) {
    std::vector<uint32_t> before(100), after(100);
    std::vector<uint8_t> alive(100);
    network->spike_counts(group, before.data());
    network.run(200);
    network->spike_counts(group, after.data());
    network->alive(group, alive.data());
    CHECK_EQ(before[42], after[42]);
    CHECK_EQ(alive[42], 0);
    CHECK_EQ(alive[41], 1);
    for (uint32_t i = 0; i < 100; i++) CHECK(i == 42 || after[i] > before[i]);
  }
  uint32_t count = 0;
  network->spike_counts(given, &count);
  CHECK_EQ(count, 0u);
}

NB_TEST("population connections: normalizing gives each post the sum asked for") {
  TestNetwork network(1, 2);
  const uint32_t pre = network.poisson(50, 1);
  const uint32_t post = network.lif(70, Lif{});
  Connection c = connection(pre, post, Pattern::kFixedInDegree, 0.5);
  c.degree = 12;
  const uint32_t id = network.connect(c);
  CHECK_EQ(network->normalize(id, 3), NB_OK);
  std::vector<double> sums(70);
  for (const Synapse& s : synapses(network, id)) sums[s.post] += s.weight;
  for (double sum : sums) CHECK(std::fabs(sum - 3) < 1e-5);
  CHECK_EQ(network->normalize(id, NAN), NB_ERR_INVALID_ARGUMENT);
}

NB_TEST("population connections: recordings are bounded and count what they lose") {
  TestNetwork network(1, 2, 2);
  const uint32_t group = network.poisson(100, 1e6);
  RecordOptions options;
  options.spikes = true;
  options.capacity = 1050;
  uint32_t id = 0;
  CHECK_EQ(network->record(group, options, &id), NB_OK);
  const uint32_t some[] = {99, 3};
  options.neurons = some;
  options.neuron_count = 2;
  uint32_t two = 0;
  CHECK_EQ(network->record(group, options, &two), NB_OK);
  Lif p;
  p.drive = 10;
  const uint32_t lif = network.lif(100, p);
  RecordOptions state;
  state.state = true;
  state.every_steps = 4;
  state.capacity = 3;
  state.neurons = some;
  state.neuron_count = 2;
  uint32_t potentials = 0;
  CHECK_EQ(network->record(lif, state, &potentials), NB_OK);
  network.run(18);
  CHECK_EQ(network->recorded(id).count, 1050u);
  CHECK_EQ(network->recorded(id).lost, 750u);
  CHECK_EQ(network->recorded(two).count, 36u);
  CHECK_EQ(network->recorded(two).neurons[0], 3u);
  const RecordView view = network->recorded(potentials);
  CHECK_EQ(view.count, 3u);
  CHECK_EQ(view.lost, 2u);
  for (uint32_t i = 0; i < 3; i++) {
    CHECK_EQ(view.steps[i], i * 4u);
    CHECK(std::fabs(view.values[i * 2 + 1] - (-70 + 10 * (1 - std::exp(-0.4 * i)))) < 1e-5);
  }
  CHECK_EQ(network->clear_record(id), NB_OK);
  CHECK_EQ(network->recorded(id).count, 0u);
}
