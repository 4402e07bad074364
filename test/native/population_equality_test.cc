// SPDX-License-Identifier: MIT
//
// The same seed gives the same bits for any number of threads and on any set of kernels.
#include <atomic>
#include <cstring>

#include "native/core/population/kernels.h"
#include "native/core/population/rule.h"
#include "population_fixture.h"

using namespace nbtest;

namespace {

struct Outcome {
  std::vector<Spike> spikes;
  std::vector<float> weights;
  std::vector<double> potentials;
};

// Everything at once: every model, every pattern of delays, plastic and static rows, dense and sparse.
Outcome simulate(uint32_t threads, uint32_t delay, Step steps, uint32_t slice) {
  TestNetwork network(0.5, 77, threads);
  const uint32_t noise = network.poisson(300, 60);
  Lif adaptive;
  adaptive.increment = 0.5;
  const uint32_t lif = network.lif(1000, adaptive);
  Lif conductances;
  conductances.tau_e = 4;
  const uint32_t conductance = network.lif(500, conductances, Model::kLifConductance);
  const uint32_t izhikevich = network.izhikevich(300, 0.02, 0.2, -65, 8, 4);
  std::vector<uint32_t> all;

  Connection dense = uniform(connection(noise, lif, Pattern::kAllToAll, 0, delay), 0.1, 0.6);
  dense.plasticity.rule = Rule::kPair;
  dense.plasticity.a_plus = 0.01;
  dense.plasticity.a_minus = 0.011;
  all.push_back(network.connect(dense));
  Connection sparse = connection(lif, conductance, Pattern::kFixedProbability, 0.3, delay);
  sparse.probability = 0.1;
  sparse.delay_high = delay + 6;
  sparse.plasticity = dense.plasticity;
  sparse.plasticity.rule = Rule::kTriplet;
  sparse.plasticity.a3_plus = 0.01;
  sparse.plasticity.tau_x_ms = 40;
  sparse.plasticity.tau_y_ms = 50;
  all.push_back(network.connect(sparse));
  Connection inhibition = connection(conductance, lif, Pattern::kFixedInDegree, -0.5, delay);
  inhibition.degree = 20;
  all.push_back(network.connect(inhibition));
  Connection outwards = connection(lif, izhikevich, Pattern::kFixedOutDegree, 0, delay);
  outwards.degree = 10;
  outwards.weight_kind = WeightKind::kNormal;
  outwards.weight_a = 2;
  outwards.weight_b = 1;
  outwards.plasticity = dense.plasticity;
  outwards.plasticity.rule = Rule::kReward;
  outwards.plasticity.weight_max = 10;
  outwards.plasticity.tau_eligibility_ms = 100;
  outwards.plasticity.tau_dopamine_ms = 20;
  all.push_back(network.connect(outwards));
  const uint32_t records[] = {network.record_spikes(noise), network.record_spikes(lif), network.record_spikes(conductance),
                              network.record_spikes(izhikevich)};
  for (Step done = 0; done < steps; done += slice) {
    CHECK_EQ(network->reward(all[3], 0.1), NB_OK);
    network.run(std::min<Step>(slice, steps - done));
  }
  Outcome outcome;
  for (uint32_t record : records) {
    const std::vector<Spike> some = network.spikes(record);
    CHECK(some.size() > 100);
    outcome.spikes.insert(outcome.spikes.end(), some.begin(), some.end());
  }
  for (uint32_t projection : all) {
    const std::vector<float> some = network.weights(projection);
    outcome.weights.insert(outcome.weights.end(), some.begin(), some.end());
  }
  for (uint32_t population : {lif, conductance, izhikevich}) {
    const std::vector<double> some = network.state(population, Variable::kPotential);
    outcome.potentials.insert(outcome.potentials.end(), some.begin(), some.end());
  }
  return outcome;
}

bool same(const Outcome& a, const Outcome& b) {
  return a.spikes == b.spikes && a.weights.size() == b.weights.size() &&
         std::memcmp(a.weights.data(), b.weights.data(), a.weights.size() * sizeof(float)) == 0 &&
         std::memcmp(a.potentials.data(), b.potentials.data(), a.potentials.size() * sizeof(double)) == 0;
}

std::vector<double> random_doubles(Random& random, size_t count, double low, double high) {
  std::vector<double> values(count);
  for (double& value : values) value = low + (high - low) * static_cast<double>(random.below(1u << 30)) / (1u << 30);
  return values;
}

}  // namespace

NB_TEST("population: any number of threads gives the same bits") {
  for (uint32_t delay : {0u, 1u, 5u}) {
    const Step steps = 400;
    const Outcome one = simulate(1, delay, steps, 100);
    for (uint32_t threads : {2u, 3u, 7u}) CHECK(same(one, simulate(threads, delay, steps, 100)));
  }
}

namespace {

// Neurons of which some fire so often that the post-spikes of their shard have to be taken out of turn, at other times for each number
// of shards. In mid-run comes a connection for which it matters which post-spike was the last one, and a file, from which the network
// goes on if `reload`.
std::vector<float> with_full_logs(Plasticity rule, Pattern pattern, uint32_t threads, bool reload) {
  constexpr uint32_t kPosts = 256;
  constexpr Step kSteps = 500;
  TestNetwork network(1, 5, threads);
  Random random(8);
  std::vector<Spike> forcing;
  for (Step step = 0; step < kSteps; step++) {
    for (uint32_t i = 0; i < kPosts; i++) {
      if (random.chance(i < 64 ? 3 : 40)) forcing.push_back({i, step});
    }
  }
  Lif forced;
  forced.refractory = 0;
  forced.tau_e = forced.tau_i = 0;
  const uint32_t driver = network.source(kPosts, forcing);
  const uint32_t noise = network.poisson(30, 10);
  const uint32_t post = network.lif(kPosts, forced);
  network.connect(connection(driver, post, Pattern::kOneToOne, 1e5));
  Connection learned = uniform(connection(noise, post, pattern, 0, 1), 0.2, 0.8);
  learned.probability = 0.5;
  learned.plasticity = rule;
  const uint32_t projection = network.connect(learned);
  network.run(kSteps / 2);
  if (rule.rule == Rule::kReward) CHECK_EQ(network->reward(projection, 0.5), NB_OK);
  learned.plasticity.rule = Rule::kPair;
  learned.plasticity.pairing = Pairing::kReducedNearest;
  const uint32_t later = network.connect(learned);
  network.run(kSteps / 4);
  const TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  if (reload) CHECK_EQ(load(file.path(), threads, &network.owner()), NB_OK);
  network.run(kSteps / 4);
  std::vector<float> weights = network.weights(projection);
  const std::vector<float> others = network.weights(later);
  weights.insert(weights.end(), others.begin(), others.end());
  return weights;
}

}  // namespace

NB_TEST("population: when the logs of shards are full has no effect on any rule") {
  for (const Rule kind : {Rule::kPair, Rule::kTriplet, Rule::kReward}) {
    for (const Pairing pairing : {Pairing::kAll, Pairing::kNearest, Pairing::kReducedNearest}) {
      if (kind == Rule::kTriplet && pairing == Pairing::kReducedNearest) continue;
      Plasticity rule;
      rule.rule = kind;
      rule.pairing = pairing;
      rule.a_plus = 0.005;
      rule.a_minus = 0.006;
      if (kind == Rule::kTriplet) rule.a3_plus = 0.002, rule.tau_x_ms = 40, rule.tau_y_ms = 50;
      if (kind == Rule::kReward) rule.tau_eligibility_ms = 100, rule.tau_dopamine_ms = 20;
      for (const Bounds bounds : {Bounds::kAdditive, Bounds::kMultiplicative}) {
        rule.bounds = bounds;
        for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedProbability}) {
          const std::vector<float> one = with_full_logs(rule, pattern, 1, false);
          CHECK(with_full_logs(rule, pattern, 1, true) == one);
          for (const uint32_t threads : {2u, 4u}) CHECK(with_full_logs(rule, pattern, threads, threads == 4) == one);
        }
      }
    }
  }
}

// Every kernel on random numbers, so that no test depends on which set this process has chosen.
NB_TEST("population: every set of kernels gives the bits of the scalar one") {
  const Kernels& scalar = *kernels_named("scalar");
  for (const char* name : {"avx2", "avx512", "neon"}) {
    const Kernels* const set = kernels_named(name);
    if (set == nullptr) continue;
    Random random = random_for_test();
    const size_t n = 256;
    for (const uint32_t way : {0u, 1u, 2u, 3u}) {
      const bool shared = (way & 1) != 0;
      const bool fades = (way & 2) != 0;
      const uint32_t each = shared ? 0 : 1;
      std::vector<std::vector<double>> fields;
      for (int i = 0; i < 12; i++) fields.push_back(random_doubles(random, n, 0.2, 0.9));
      const std::vector<double> v = random_doubles(random, n, -70, 2);
      const std::vector<double> e = random_doubles(random, n, 0, 4);
      const std::vector<double> raised = random_doubles(random, n, -3, 2);
      const std::vector<double> held = random_doubles(random, n, 0, 20);
      const auto run = [&](const Kernels& kernels, int which) {
        std::vector<std::vector<double>> state{v, e, e, raised};
        std::vector<uint64_t> fired(n / 64);
        const auto field = [&](int i) { return Field{fields[static_cast<size_t>(i)].data(), each}; };
        if (which < 2) {
          const LifKernel k{state[0].data(), state[1].data(), state[2].data(), state[3].data(), held.data(), fired.data(), 10,
                            0.75, 0.5, shared, fades, field(0), field(1), field(2), field(3), field(4), field(5), field(6),
                            field(7), field(8), field(9), field(10)};
          (which == 0 ? kernels.lif : kernels.lif_conductance)(k, 0, n);
        } else if (which == 2) {
          const IzhikevichKernel k{state[0].data(), state[3].data(), state[1].data(), state[2].data(), held.data(), fired.data(), 10,
                                   0.5, shared, field(0), field(1), field(2), field(3), field(4), field(5)};
          kernels.izhikevich(k, 0, n);
        } else {
          kernels.poisson({state[3].data(), fired.data(), field(0)}, 0, n);
        }
        std::vector<uint64_t> bits = fired;
        for (const std::vector<double>& column : state) {
          for (double value : column) {
            uint64_t word;
            std::memcpy(&word, &value, 8);
            bits.push_back(word);
          }
        }
        return bits;
      };
      for (int which = 0; which < 4; which++) CHECK(run(scalar, which) == run(*set, which));
    }

    for (const bool soft : {false, true}) {
      const std::vector<double> trace = random_doubles(random, n, 0, 3);
      const std::vector<double> weights = random_doubles(random, kRowsAtOnce * n, 0.1, 0.9);
      // `rows` rows, so many at once.
      const auto run = [&](const Kernels& kernels, uint32_t rows, uint32_t at_once) {
        std::vector<float> w(weights.begin(), weights.end()), y(trace.begin(), trace.end());
        std::vector<double> target = trace, decayed = trace;
        std::vector<float> narrowed(n);
        for (uint32_t begin = 0; begin < rows; begin += at_once) {
          PlasticRows plastic{{}, {}, at_once, y.data(), target.data(), -1, 0.1f, 0.9f, n};
          DenseRows dense{{}, at_once, target.data(), 1, n};
          for (uint32_t i = 0; i < at_once; i++) {
            plastic.weights[i] = w.data() + size_t{begin + i} * n;
            plastic.change[i] = 0.1f + 0.01f * static_cast<float>(begin + i);
            dense.weights[i] = plastic.weights[i];
          }
          (soft ? kernels.dense_multiplicative : kernels.dense_additive)(plastic);
          if (at_once == rows) kernels.dense(dense);
        }
        for (uint32_t row = 0; at_once != rows && row < rows; row++) kernels.dense({{w.data() + size_t{row} * n}, 1, target.data(), 1, n});
        kernels.decay_trace(decayed.data(), narrowed.data(), 0.93, 0, n);
        w.insert(w.end(), narrowed.begin(), narrowed.end());
        target.insert(target.end(), decayed.begin(), decayed.end());
        return std::make_pair(w, target);
      };
      for (uint32_t rows = 1; rows <= kRowsAtOnce; rows++) {
        const auto expected = run(scalar, rows, 1);
        CHECK(run(*set, rows, rows) == expected);
        CHECK(run(*set, rows, 1) == expected);
      }
    }
  }
}

namespace {

// Sources whose spikes arrive at once, shortly and after more steps than a batch has, onto populations with delays of their own; some
// steps have more spikes than a cache line holds. Slices are of odd lengths, one is stopped, and a file lies between two of them.
Outcome with_sources(uint32_t threads, uint32_t delay, uint32_t threads_later) {
  Random random(3);
  std::vector<Spike> given;
  for (Step step = 0; step < 400; step++) {
    for (uint32_t i = 0; i < (step % 50 == 7 ? 200 : 3); i++) given.push_back({static_cast<uint32_t>(random.below(700)), step});
  }
  TestNetwork network(0.5, 9, threads);
  const uint32_t source = network.source(700, given);
  const uint32_t noise = network.poisson(500, 80);
  const uint32_t lif = network.lif(900, Lif());
  const uint32_t izhikevich = network.izhikevich(400, 0.02, 0.2, -65, 8, 4);
  Connection learning = connection(noise, lif, Pattern::kAllToAll, 0.3, 0);
  learning.plasticity.rule = Rule::kPair;
  learning.plasticity.a_plus = 0.01;
  learning.plasticity.a_minus = 0.011;
  const uint32_t weights = network.connect(learning);
  Connection late = connection(source, lif, Pattern::kFixedProbability, 1.5, 1);
  late.probability = 0.1;
  late.delay_high = 70;
  network.connect(late);
  Connection onwards = connection(lif, izhikevich, Pattern::kFixedOutDegree, 2, delay);
  onwards.degree = 20;
  onwards.delay_high = delay + 40;
  network.connect(onwards);
  Connection back = connection(izhikevich, lif, Pattern::kFixedOutDegree, -1, delay + 2);
  back.degree = 20;
  network.connect(back);

  const std::atomic<bool> stop{true};
  CHECK_EQ(network->advance(5, &stop), Step{0});
  Outcome outcome;
  const auto run = [&](std::initializer_list<Step> slices) {
    std::vector<uint32_t> records;
    for (uint32_t population : {source, noise, lif, izhikevich}) records.push_back(network.record_spikes(population));
    for (Step slice : slices) {
      CHECK_EQ(network->advance(slice, nullptr), slice);
      const uint32_t gone = static_cast<uint32_t>(slice);
      CHECK_EQ(network->kill(noise, &gone, 1), NB_OK);
    }
    for (uint32_t record : records) {
      const std::vector<Spike> some = network.spikes(record);
      CHECK(some.size() > 50);
      outcome.spikes.insert(outcome.spikes.end(), some.begin(), some.end());
    }
  };
  run({1, 33, 7, 64, 50});
  const TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  CHECK_EQ(load(file.path(), threads_later, &network.owner()), NB_OK);
  run({31, 3, 100, 111});
  outcome.weights = network.weights(weights);
  outcome.potentials = network.state(lif, Variable::kPotential);
  return outcome;
}

}  // namespace

NB_TEST("population: sources that are computed ahead give the same bits, for any number of threads, slices and files") {
  for (const uint32_t delay : {0u, 1u, 3u, 40u}) {
    const Outcome one = with_sources(1, delay, 1);
    CHECK(same(one, with_sources(1, delay, 4)));
    for (const uint32_t threads : {2u, 3u, 7u}) CHECK(same(one, with_sources(threads, delay, threads)));
  }
}
