// SPDX-License-Identifier: MIT
//
// Networks in files, whole, cut short and damaged; and what happens when memory is refused.
#include <cstring>

#include "native/core/population/archive.h"
#include "native/core/population/memory.h"
#include "population_fixture.h"

using namespace nbtest;

namespace {

// Small, but with everything that a file can hold.
void build(TestNetwork& network) {
  const uint32_t noise = network.poisson(5, 100);
  const uint32_t given = network.source(3, {{0, 5}, {2, 40}, {1, 60}, {1, 61}});
  Lif adaptive;
  adaptive.increment = 1;
  const uint32_t lif = network.lif(4, adaptive);
  const uint32_t other = network.izhikevich(3, 0.02, 0.2, -65, 8, 5, 3, 0);
  Connection c = connection(noise, lif, Pattern::kAllToAll, 5, 2);
  c.plasticity.rule = Rule::kPair;
  c.plasticity.weight_max = 10;
  c.plasticity.a_plus = c.plasticity.a_minus = 0.1;
  network.connect(c);
  c.post = other;
  c.pattern = Pattern::kFixedProbability;
  c.probability = 0.7;
  c.delay_high = 4;
  c.plasticity.rule = Rule::kReward;
  c.plasticity.tau_eligibility_ms = 100;
  c.plasticity.tau_dopamine_ms = 30;
  network.connect(c);
  network.connect(connection(given, lif, Pattern::kAllToAll, 20, 3));
  Connection lateral = connection(lif, lif, Pattern::kAllToAll, -1);
  lateral.self = false;
  network.connect(lateral);
}

std::vector<float> everything(Network& network) {
  std::vector<float> all;
  for (uint32_t p = 0; p < network.projections(); p++) {
    std::vector<float> weights(network.info(p).synapses);
    network.weights(p, weights.data());
    all.insert(all.end(), weights.begin(), weights.end());
  }
  for (uint32_t p = 0; p < network.populations(); p++) {
    std::vector<uint32_t> counts(network.size(p));
    network.spike_counts(p, counts.data());
    all.insert(all.end(), counts.begin(), counts.end());
  }
  return all;
}

}  // namespace

NB_TEST("population files: a loaded network goes on as the saved one, with any number of threads") {
  TestNetwork network(0.5, 5);
  build(network);
  network.run(50);
  const uint32_t dead = 2;
  CHECK_EQ(network->kill(2, &dead, 1), NB_OK);
  CHECK_EQ(network->reward(1, 2), NB_OK);
  CHECK_EQ(network->set_learning(0, false), NB_OK);
  network.run(3);
  TestFile file;
  const uint8_t note[] = {1, 2, 3};
  CHECK_EQ(network->save(file.path(), note, 3), NB_OK);
  for (uint32_t threads : {1u, 2u}) {
    std::unique_ptr<Network> loaded;
    std::unique_ptr<uint8_t[]> extra;
    size_t bytes = 0;
    if (!CHECK_EQ(Network::load(file.path(), threads, &loaded, &extra, &bytes), NB_OK)) return;
    CHECK_EQ(bytes, 3u);
    CHECK(std::memcmp(extra.get(), note, 3) == 0);
    CHECK_EQ(loaded->now(), 53u);
    CHECK(everything(*loaded) == everything(*network));
    TestFile again;
    CHECK_EQ(loaded->save(again.path(), note, 3), NB_OK);
    CHECK(again.read() == file.read());
    std::unique_ptr<Network> copy;
    CHECK_EQ(load(again.path(), 1, &copy), NB_OK);
    loaded->set_learning(0, true);
    copy->set_learning(0, true);
    CHECK_EQ(loaded->advance(200, nullptr), 200u);
    CHECK_EQ(copy->advance(200, nullptr), 200u);
    CHECK(everything(*loaded) == everything(*copy));
    if (threads == 2) {
      network->set_learning(0, true);
      network.run(200);
      CHECK(everything(*loaded) == everything(*network));
    }
  }
}

NB_TEST("population files: a file that is cut short anywhere is refused") {
  TestNetwork network(0.5, 5);
  build(network);
  network.run(20);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  const std::string whole = file.read();
  for (size_t length = 0; length < whole.size(); length++) {
    file.write(whole.substr(0, length));
    std::unique_ptr<Network> loaded;
    if (!CHECK_EQ(load(file.path(), 1, &loaded), NB_ERR_BAD_FILE)) return;
  }
  file.write(whole + "x");
  std::unique_ptr<Network> loaded;
  CHECK_EQ(load(file.path(), 1, &loaded), NB_ERR_BAD_FILE);
}

NB_TEST("population files: no bit may be another") {
  TestNetwork network(0.5, 5);
  build(network);
  network.run(20);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  const std::string whole = file.read();
  const size_t apart = 1 + whole.size() * 8 / scaled(40'000);
  for (size_t bit = 0; bit < whole.size() * 8; bit += apart) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    file.write(damaged);
    std::unique_ptr<Network> loaded;
    const nb_status status = load(file.path(), 1, &loaded);
    const bool version = bit / 8 >= 8 && bit / 8 < 12;
    if (!CHECK(status == (version ? NB_ERR_VERSION : NB_ERR_BAD_FILE) || status == NB_ERR_NO_MEMORY)) return;
  }
}

// The check sum is no secret: whoever makes a file can make it right. Then the content alone must not do harm.
NB_TEST("population files: hostile bytes under a right check sum do no harm") {
  Random random = random_for_test();
  TestNetwork network(0.5, 5);
  build(network);
  network.run(20);
  TestFile file;
  CHECK_EQ(network->save(file.path(), nullptr, 0), NB_OK);
  const std::string whole = file.read();
  uint32_t taken = 0;
  limit_column_bytes(column_bytes() + (uint64_t{1} << 28));
  for (uint64_t round = 0; round < scaled(6000); round++) {
    std::string hostile = whole;
    for (uint64_t changes = 1 + random.below(3); changes > 0; changes--) {
      const size_t at = 12 + random.below(whole.size() - 20);
      const size_t width = size_t{1} << random.below(4);
      uint64_t value = random.next();
      if (random.chance(3)) value = random.below(70000);
      if (random.chance(5)) value = ~uint64_t{0} - random.below(3);
      for (size_t i = 0; i < width && at + i < whole.size() - 8; i++) hostile[at + i] = static_cast<char>(value >> 8 * i);
    }
    CheckSum sum;
    sum.add(reinterpret_cast<const uint8_t*>(hostile.data()), hostile.size() - 8);
    const uint64_t right = sum.value();
    std::memcpy(&hostile[hostile.size() - 8], &right, 8);
    file.write(hostile);
    std::unique_ptr<Network> loaded;
    if (load(file.path(), 1 + static_cast<uint32_t>(random.below(2)), &loaded) != NB_OK) continue;
    taken++;
    loaded->advance(30, nullptr);
    everything(*loaded);
    for (uint32_t p = 0; p < loaded->projections(); p++) {
      uint64_t removed = 0, grown = 0;
      loaded->set_learning(p, true);
      loaded->reward(p, 1);
      loaded->rewire(p, 0.5, true, 3, 1, &removed, &grown);
    }
    loaded->advance(30, nullptr);
  }
  limit_column_bytes(~uint64_t{0});
  CHECK(taken > 0);
}

NB_TEST("population files: a failed save leaves the old file, and a missing one cannot be loaded") {
  TestNetwork network(0.5, 5);
  build(network);
  CHECK_EQ(network->save("/nowhere/at/all", nullptr, 0), NB_ERR_FILE_IO);
  std::unique_ptr<Network> loaded;
  CHECK_EQ(load("/nowhere/at/all", 1, &loaded), NB_ERR_FILE_IO);
  CHECK(loaded == nullptr);
}

NB_TEST("population memory: a refused allocation is a status, and changes nothing") {
  const Lif p;
  const double all[] = {p.tau, p.rest, p.threshold, p.reset, p.refractory, p.tau_e, p.tau_i, 0, 0, -80, 0, 100, 0};
  std::vector<Values> values;
  for (const double& value : all) values.push_back({&value, 1});
  for (uint64_t room = 0; room < 400'000; room += 4'096) {
    TestNetwork network(1);
    const uint32_t pre = network.poisson(100, 20);
    const uint32_t post = network.lif(200, p);
    limit_column_bytes(column_bytes() + room);
    uint32_t id = 77;
    const nb_status added = network->add_population(Model::kLif, 5000, values.data(), &id);
    CHECK(added == NB_OK || added == NB_ERR_NO_MEMORY);
    CHECK_EQ(network->populations(), added == NB_OK ? 3u : 2u);
    for (const Pattern pattern : {Pattern::kAllToAll, Pattern::kFixedInDegree, Pattern::kFixedProbability}) {
      Connection c = connection(pre, post, pattern, 0.5);
      c.degree = 10;
      c.probability = 0.3;
      c.plasticity.rule = Rule::kTriplet;
      c.plasticity.tau_x_ms = c.plasticity.tau_y_ms = 30;
      const uint32_t before = network->projections();
      const nb_status connected = network->connect(c, &id);
      CHECK(connected == NB_OK || connected == NB_ERR_NO_MEMORY);
      CHECK_EQ(network->projections(), before + (connected == NB_OK ? 1 : 0));
      if (connected != NB_OK) continue;
      const uint64_t synapses = network->info(id).synapses;
      uint64_t removed = 0, grown = 0;
      const nb_status rewired = network->rewire(id, 0.6, false, 5, 0.7, &removed, &grown);
      CHECK(rewired == NB_OK || rewired == NB_ERR_NO_MEMORY);
      CHECK_EQ(network->info(id).synapses, rewired == NB_OK ? grown : synapses);
    }
    network.run(5);
    limit_column_bytes(~uint64_t{0});
    network.run(50);
  }
}
