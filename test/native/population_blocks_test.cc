// SPDX-License-Identifier: MIT
//
// Rows of synapses onto so many neurons that a thread has several shards of them, and more than one block.
#include <cstring>
#include <utility>

#include "native/core/population/projection.h"
#include "population_fixture.h"

using namespace nbtest;

namespace {

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

std::vector<Spike> at_first_step(uint32_t size) {
  std::vector<Spike> spikes;
  for (uint32_t i = 0; i < size; i++) spikes.push_back({i, 0});
  return spikes;
}

// Everything that a synapse of a large projection went through.
struct Outcome {
  std::vector<float> weights;
  std::vector<double> potentials, currents;
  bool operator==(const Outcome& other) const {
    return same_bits(weights, other.weights) && same_bits(potentials, other.potentials) && same_bits(currents, other.currents);
  }
};

Connection learning_rows(uint32_t pre, uint32_t post, Rule rule) {
  Connection c = uniform(connection(pre, post, Pattern::kFixedOutDegree, 0, 1), 0.1, 0.9);
  c.degree = 900;
  c.delay_high = 2;
  c.plasticity.rule = rule;
  c.plasticity.a_plus = 0.02;
  c.plasticity.a_minus = 0.021;
  c.plasticity.a3_plus = 0.01;
  c.plasticity.tau_x_ms = 40;
  c.plasticity.tau_y_ms = 50;
  c.plasticity.tau_eligibility_ms = 100;
  c.plasticity.tau_dopamine_ms = 20;
  return c;
}

// Runs, is rewired, goes through a file into a network of other threads, and runs on.
Outcome live(Rule rule, uint32_t threads, uint32_t later_threads) {
  constexpr uint32_t kPosts = 140'000;
  TestNetwork network(1, 31, threads);
  const uint32_t noise = network.poisson(120, 150);
  Lif model;
  model.drive = 14.9;
  model.refractory = 1;
  const uint32_t posts = network.lif(kPosts, model);
  const uint32_t id = network.connect(learning_rows(noise, posts, rule));
  if (rule == Rule::kReward) CHECK_EQ(network->reward(id, 0.4), NB_OK);
  network.run(60);
  uint64_t removed = 0, grown = 0;
  CHECK_EQ(network->rewire(id, 0.2, false, 5000, 0.5, &removed, &grown), NB_OK);
  CHECK(removed > 0);
  CHECK_EQ(grown, 5000u);
  network.run(20);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  TestNetwork later(1, 1, later_threads);
  CHECK_EQ(load(file.path(), later_threads, &later.owner()), NB_OK);
  later.run(40);
  CHECK(!synapses(later, id).empty());  // which looks at their order
  return {later.weights(id), later.state(posts, Variable::kPotential), later.state(posts, Variable::kExcitatory)};
}

}  // namespace

// Weights are such that sums of them are exact; nothing decays.
NB_TEST("population blocks: what arrives is the sum of the weights of a list, over shards and blocks") {
  constexpr uint32_t kPres = 24;
  constexpr uint32_t kPosts = 1'150'000;
  constexpr uint32_t kSynapses = 40'000;
  Random random = random_for_test();
  std::vector<uint32_t> pre, post, delay;
  std::vector<float> weight;
  for (uint32_t i = 0; i < kSynapses; i++) {
    const uint32_t edge = random.below(18) * 65'536;
    const uint32_t shape = random.below(4);
    pre.push_back(random.below(kPres / 2) * 2);  // every other row is empty
    post.push_back(shape == 0 ? std::min(edge, kPosts - 1) : shape == 1 && edge > 0 ? edge - 1 : random.below(kPosts));
    delay.push_back(1 + random.below(3));
    weight.push_back((static_cast<float>(random.below(4096)) - 2000) / 1024);
  }
  for (const uint32_t threads : {1u, 2u, 5u}) {
    for (const bool own : {true, false}) {
      TestNetwork network(1, 5, threads);
      const uint32_t source = network.source(kPres, at_first_step(kPres));
      Lif silent;
      silent.threshold = 1e6;
      silent.tau_e = silent.tau_i = 1e30;
      const uint32_t posts = network.lif(kPosts, silent);
      Connection c = connection(source, posts, Pattern::kList, 0.5);
      c.list_pre = pre.data();
      c.list_post = post.data();
      c.list_count = kSynapses;
      c.delays = delay.data();
      if (own) {
        c.weight_kind = WeightKind::kGiven;
        c.weights = weight.data();
        c.weight_count = kSynapses;
      }
      const uint32_t id = network.connect(c);
      CHECK_EQ(synapses(network, id).size(), size_t{kSynapses});
      std::vector<double> excitatory(kPosts), inhibitory(kPosts);
      network.run(1);
      for (uint32_t step = 1; step <= 3; step++) {
        network.run(1);
        for (uint32_t i = 0; i < kSynapses; i++) {
          const float added = own ? weight[i] : 0.5f;
          if (delay[i] == step) (added < 0 ? inhibitory : excitatory)[post[i]] += added;
        }
        CHECK(same_bits(network.state(posts, Variable::kExcitatory), excitatory));
        CHECK(network.state(posts, Variable::kInhibitory) == inhibitory);
      }
    }
  }
}

NB_TEST("population blocks: rules, rewiring and files give the same bits for any shape of the blocks") {
  for (const Rule rule : {Rule::kPair, Rule::kTriplet, Rule::kReward}) {
    const Outcome one = live(rule, 1, 1);
    CHECK(live(rule, 1, 3) == one);
    CHECK(live(rule, 2, 7) == one);
  }
}

NB_TEST("population blocks: weights that are set come back, over shards and delays") {
  TestNetwork network(1, 5, 2);
  const uint32_t noise = network.poisson(30, 10);
  const uint32_t posts = network.lif(200'000, Lif{});
  Connection c = connection(noise, posts, Pattern::kFixedProbability, 1, 1);
  c.probability = 0.01;
  c.delay_high = 4;
  const uint32_t id = network.connect(c);
  std::vector<float> wanted(network->info(id).synapses);
  for (size_t i = 0; i < wanted.size(); i++) wanted[i] = static_cast<float>(i % 1009) / 8;
  CHECK_EQ(network->set_weights(id, wanted.data(), wanted.size()), NB_OK);
  CHECK(same_bits(network.weights(id), wanted));
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  TestNetwork later(1);
  CHECK_EQ(load(file.path(), 1, &later.owner()), NB_OK);
  CHECK(same_bits(later.weights(id), wanted));
}

NB_TEST("population blocks: rows that are equally long cost nothing but their synapses") {
  TestNetwork network(1);
  const uint32_t some = network.lif(3000, Lif{});
  Connection even = connection(some, some, Pattern::kFixedOutDegree, 1);
  even.degree = 50;
  const uint64_t synapses = 3000u * 50;
  const uint64_t margin = 512;  // reads go beyond the last row
  CHECK(network->info(network.connect(even)).bytes <= synapses * 2 + margin);
  const uint32_t own = network.connect(uniform(even));
  CHECK(network->info(own).bytes <= synapses * 6 + margin);
  CHECK(network->info(network.connect(connection(some, some, Pattern::kOneToOne, 1))).bytes <= 3000u * 2 + margin);
  // Once a row is shorter, they have starts.
  const std::vector<Synapse> before = nbtest::synapses(network, own);
  uint64_t removed = 0, grown = 0;
  CHECK_EQ(network->rewire(own, 0.5, false, 0, 0, &removed, &grown), NB_OK);
  std::vector<Synapse> kept;
  for (const Synapse& s : before) {
    if (s.weight >= 0.5f) kept.push_back(s);
  }
  const std::vector<Synapse> after = nbtest::synapses(network, own);
  CHECK_EQ(after.size(), kept.size());
  for (size_t i = 0; i < kept.size(); i++) {
    CHECK(after[i].pre == kept[i].pre && after[i].post == kept[i].post && after[i].weight == kept[i].weight);
  }
  CHECK(network->info(own).bytes >= after.size() * 6 + 3000u * 4);
}

NB_TEST("population blocks: rewiring while nothing is learnt does not stop eligibilities from decaying") {
  const auto weights = [](bool rewired) {
    TestNetwork network(1, 9);
    const uint32_t noise = network.poisson(40, 100);
    Lif model;
    model.drive = 20;
    const uint32_t id = network.connect(learning_rows(noise, network.lif(1000, model), Rule::kReward));
    network.run(80);
    CHECK_EQ(network->set_learning(id, false), NB_OK);
    network.run(50);
    uint64_t removed = 0, grown = 0;
    if (rewired) CHECK_EQ(network->rewire(id, -1, false, 0, 0, &removed, &grown), NB_OK);
    CHECK_EQ(removed, 0u);
    CHECK_EQ(network->set_learning(id, true), NB_OK);
    CHECK_EQ(network->reward(id, 1), NB_OK);
    network.run(50);
    return network.weights(id);
  };
  CHECK(same_bits(weights(true), weights(false)));
}

namespace {

// Everything that is done to the synapses of a projection, with blocks of at most so many.
struct Limited {
  std::vector<Synapse> connected, rewired, loaded;
  std::vector<double> potentials;
};

bool same(const std::vector<Synapse>& a, const std::vector<Synapse>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Synapse& x, const Synapse& y) {
    return x.pre == y.pre && x.post == y.post && x.delay == y.delay && x.weight == y.weight;
  });
}

// Synapses onto 8 shards of 65,536 posts, of three delays: at first 19,200, at last three times as many.
Limited live_in_blocks_of(uint64_t most, uint64_t most_later, Rule rule, nb_status* status) {
  constexpr uint32_t kPosts = 8 * 65'536;
  Limited outcome;
  TestNetwork network(1, 12);
  const uint32_t noise = network.poisson(60, 100);
  Lif model;
  model.drive = 14.9;
  const uint32_t posts = network.lif(kPosts, model);
  Connection c = learning_rows(noise, posts, rule);
  c.degree = 320;
  c.delay_high = 3;
  uint32_t id = 0;
  most_block_synapses = most;
  *status = network->connect(c, &id);
  if (*status == NB_OK) {
    outcome.connected = synapses(network, id);
    network.run(20);
    uint64_t removed = 0, grown = 0;
    *status = network->rewire(id, 0.2, false, 38'400, 0.5, &removed, &grown);
    outcome.rewired = synapses(network, id);
    network.run(20);
  }
  TestFile file;
  TestNetwork later(1);
  if (*status == NB_OK) {
    CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
    most_block_synapses = most_later;
    *status = load(file.path(), 1, &later.owner());
  }
  most_block_synapses = (uint64_t{1} << 32) - 1;
  if (*status == NB_OK) {
    later.run(20);
    outcome.loaded = synapses(later, id);
    outcome.potentials = later.state(posts, Variable::kPotential);
  }
  return outcome;
}

}  // namespace

NB_TEST("population blocks: what is too much for a block of several shards goes into blocks of one, and gives the same bits") {
  constexpr uint64_t kNoLimit = uint64_t{1} << 31;
  for (const Rule rule : {Rule::kStatic, Rule::kPair, Rule::kReward}) {
    nb_status status = NB_OK;
    const Limited one = live_in_blocks_of(kNoLimit, kNoLimit, rule, &status);
    CHECK_EQ(status, NB_OK);
    CHECK_EQ(one.connected.size(), 19'200u);
    // Of one delay there are about 6,400 synapses, later 18,000; onto one shard of it 800, later 2,300.
    for (const auto& [most, later] : {std::pair<uint64_t, uint64_t>{3000, 3000}, {12'000, kNoLimit}, {kNoLimit, 6000}}) {
      const Limited other = live_in_blocks_of(most, later, rule, &status);
      CHECK_EQ(status, NB_OK);
      CHECK(same(other.connected, one.connected));
      CHECK(same(other.rewired, one.rewired));
      CHECK(same(other.loaded, one.loaded));
      CHECK(same_bits(other.potentials, one.potentials));
    }
    // Too much even for one shard.
    (void)live_in_blocks_of(500, 500, rule, &status);
    CHECK_EQ(status, NB_ERR_TOO_LARGE);
    const Limited refused = live_in_blocks_of(1500, 1500, rule, &status);
    CHECK_EQ(status, NB_ERR_TOO_LARGE);
    CHECK(refused.rewired.size() == one.connected.size());
    (void)live_in_blocks_of(kNoLimit, 1500, rule, &status);
    CHECK_EQ(status, NB_ERR_TOO_LARGE);
  }
}

NB_TEST("population blocks: what is too much for a block does not depend on the number of threads") {
  for (const uint32_t threads : {1u, 2u, 8u}) {
    TestNetwork network(1, 12, threads);
    const uint32_t source = network.source(60, {});
    Connection c = connection(source, network.lif(16 * 65'536, Lif{}), Pattern::kFixedOutDegree, 1);
    c.degree = 1000;
    most_block_synapses = 4500;
    uint32_t id = 0;
    CHECK_EQ(network->connect(c, &id), NB_OK);  // about 3,750 onto each shard
    most_block_synapses = 3000;
    CHECK_EQ(network->connect(c, &id), NB_ERR_TOO_LARGE);
    most_block_synapses = (uint64_t{1} << 32) - 1;
  }
}

NB_TEST("population blocks: what many delays cost is counted, and refused where there is no room") {
  constexpr uint32_t kThreads = 64;
  constexpr uint32_t kDelays = 2000;
  TestNetwork network(0.1, 3, kThreads);
  const uint32_t source = network.source(100, {});
  Connection c = connection(source, network.lif(8192, Lif{}), Pattern::kFixedOutDegree, 1, 1);
  c.degree = 10;
  c.delay_high = kDelays;
  const uint64_t fixed = uint64_t{kThreads} * kDelays * sizeof(Block);
  const uint64_t before = column_bytes();
  const uint32_t id = network.connect(c);
  const uint64_t columns = column_bytes() - before;
  CHECK(network->info(id).bytes >= fixed);
  CHECK(network->info(id).bytes <= fixed + columns + kDelays * sizeof(Group));
  CHECK(columns < fixed);  // most blocks are empty, and have none
  limit_column_bytes(column_bytes() + fixed - 1);
  uint32_t refused = 77;
  CHECK_EQ(network->connect(c, &refused), NB_ERR_NO_MEMORY);
  CHECK_EQ(network->projections(), id + 1);
  uint64_t removed = 0, grown = 0;
  CHECK_EQ(network->rewire(id, -1, false, 0, 0, &removed, &grown), NB_ERR_NO_MEMORY);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  std::unique_ptr<Network> loaded;
  CHECK_EQ(load(file.path(), kThreads, &loaded), NB_ERR_NO_MEMORY);
  limit_column_bytes(~uint64_t{0});
  CHECK_EQ(load(file.path(), kThreads, &loaded), NB_OK);
}
