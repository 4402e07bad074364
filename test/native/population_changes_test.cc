// SPDX-License-Identifier: MIT
//
// What may be done to a network between steps: pruning and growth, killing, normalizing; and what recordings keep.
#include <map>

#include "native/core/population/memory.h"
#include "population_fixture.h"

using namespace nbtest;

NB_TEST("population changes: rewiring prunes what is weak or dead and grows what is free") {
  for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedProbability}) {
    TestNetwork network(1, 8, 2);
    const uint32_t group = network.lif(200, Lif{});
    Connection c = uniform(connection(group, group, pattern, 0));
    c.self = pattern == Pattern::kAllToAll;
    c.probability = 0.3;
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

NB_TEST("population changes: as many grow as are removed, in one go, as if one had asked for them afterwards") {
  for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedProbability}) {
    const auto build = [&](TestNetwork& network, uint32_t* id) {
      const uint32_t noise = network.poisson(80, 100);
      const uint32_t posts = network.lif(120, Lif{});
      Connection c = uniform(connection(noise, posts, pattern, 0));
      c.probability = 0.3;
      c.delay_high = pattern == Pattern::kAllToAll ? 1 : 3;
      c.plasticity.rule = Rule::kReward;
      c.plasticity.a_plus = c.plasticity.a_minus = 0.02;
      c.plasticity.tau_eligibility_ms = 100;
      *id = network.connect(c);
      const uint32_t killed[] = {5, 60};
      CHECK_EQ(network->kill(posts, killed, 2), NB_OK);
    };
    TestNetwork one(1, 8, 2), other(1, 8);
    uint32_t id = 0;
    build(one, &id);
    build(other, &id);
    // The second time nothing is left to be removed.
    for (const double below : {0.25, 0.0, 0.5}) {
      uint64_t removed = 0, grown = 0, other_removed = 0, other_grown = 0, none = 0;
      CHECK_EQ(one->rewire(id, below, true, Network::kAsRemoved, 0.4, &removed, &grown), NB_OK);
      CHECK_EQ(other->rewire(id, below, true, 0, 0, &other_removed, &other_grown), NB_OK);
      if (other_removed > 0) CHECK_EQ(other->rewire(id, -1, false, other_removed, 0.4, &none, &other_grown), NB_OK);
      CHECK_EQ(removed, other_removed);
      CHECK_EQ(grown, other_grown);
      CHECK_EQ(removed > 0, below > 0);
      const std::vector<Synapse> ours = synapses(one, id), theirs = synapses(other, id);
      CHECK_EQ(ours.size(), theirs.size());
      for (size_t i = 0; i < std::min(ours.size(), theirs.size()); i++) {
        const Synapse &a = ours[i], &b = theirs[i];
        CHECK(a.pre == b.pre && a.post == b.post && a.delay == b.delay && a.weight == b.weight);
      }
      one.run(40);
      other.run(40);
    }
  }
}

NB_TEST("population changes: where memory is refused, nothing is removed that would not grow again") {
  TestNetwork network(1, 4);
  const uint32_t noise = network.poisson(100, 20);
  const uint32_t posts = network.lif(300, Lif{});
  const uint32_t id = network.connect(chance(noise, posts, 0.4));
  const uint64_t synapses = network->info(id).synapses;
  uint32_t refused = 0;
  for (uint64_t room = 0;; room += 5000) {
    const std::vector<float> before = network.weights(id);
    limit_column_bytes(column_bytes() + room);
    uint64_t removed = 0, grown = 0;
    const nb_status status = network->rewire(id, 0.5, false, Network::kAsRemoved, 0.75, &removed, &grown);
    limit_column_bytes(~uint64_t{0});
    if (status == NB_OK) {
      CHECK(removed > 0);
      CHECK_EQ(grown, removed);
      break;
    }
    CHECK_EQ(status, NB_ERR_NO_MEMORY);
    CHECK(network.weights(id) == before);
    refused++;
  }
  CHECK(refused > 10);
  CHECK_EQ(network->info(id).synapses, synapses);
}

NB_TEST("population changes: the dead are silent, and everybody else goes on") {
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

NB_TEST("population changes: normalizing gives each post the sum asked for") {
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

NB_TEST("population changes: recordings are bounded and count what they lose") {
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
