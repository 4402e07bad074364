// SPDX-License-Identifier: MIT
//
// What another thread ends early.
#include <atomic>
#include <thread>

#include "population_fixture.h"

using namespace nbtest;

NB_TEST("population stop: a run ends early at a step boundary, and another one goes on from there") {
  const auto make = [](TestNetwork& network) {
    Lif model;
    model.drive = 16;
    const uint32_t posts = network.lif(200, model);
    network.connect(connection(network.poisson(50, 30), posts, Pattern::kAllToAll, 0.5));
    return posts;
  };
  TestNetwork network(1, 3, 2);
  const uint32_t posts = make(network);
  std::atomic<bool> stop{false};
  std::atomic<bool> under_way{false};
  Step done = 0;
  std::thread other([&] {
    under_way = true;
    done = network->advance(Step{1} << 50, &stop);
  });
  while (!under_way) std::this_thread::yield();
  stop.store(true, std::memory_order_relaxed);
  other.join();
  CHECK(done < Step{1} << 50);
  CHECK_EQ(network->now(), done);
  stop.store(false, std::memory_order_relaxed);
  CHECK_EQ(network->advance(40, &stop), Step{40});
  TestNetwork whole(1, 3, 1);
  (void)make(whole);
  whole.run(done + 40);
  CHECK(network.state(posts, Variable::kPotential) == whole.state(posts, Variable::kPotential));
}

namespace {

// 400 x 500, about half of the pairs joined, so that growth is by trial for few and by counting for many.
uint32_t half_joined(TestNetwork& network) {
  const uint32_t noise = network.poisson(400, 30);
  const uint32_t posts = network.lif(500, Lif{});
  return network.connect(chance(noise, posts, 0.5));
}

constexpr uint64_t kWishes[] = {0, 10, 150'000, Network::kAsRemoved};

}  // namespace

NB_TEST("population stop: rewiring that is to end has changed nothing") {
  TestNetwork network(1, 3);
  const uint32_t id = half_joined(network);
  const std::vector<float> before = network.weights(id);
  const Stop stop{true};
  for (const uint64_t grow : kWishes) {
    uint64_t removed = 0, grown = 0;
    CHECK_EQ(network->rewire(id, 0.5, false, grow, 0.5, &removed, &grown, &stop), NB_ERR_ABORTED);
    CHECK(network.weights(id) == before);
  }
}

NB_TEST("population stop: rewiring that ends somewhere is done, or has changed nothing") {
  Random random = random_for_test();
  for (uint64_t round = 0; round < scaled(40); round++) {
    TestNetwork network(1, 3);
    const uint32_t id = half_joined(network);
    const std::vector<float> before = network.weights(id);
    Stop stop{false};
    std::atomic<bool> begun{false};
    const uint64_t turns = random.below(1u << random.below(18));
    std::thread other([&] {
      while (!begun) std::this_thread::yield();
      for (std::atomic<uint64_t> turn{0}; turn < turns;) turn++;
      stop.store(true, std::memory_order_relaxed);
    });
    begun = true;
    uint64_t removed = 0, grown = 0;
    const nb_status status = network->rewire(id, 0.5, false, kWishes[round % 4], 0.5, &removed, &grown, &stop);
    other.join();
    CHECK(status == NB_OK || status == NB_ERR_ABORTED);
    CHECK_EQ(network.weights(id) == before, status != NB_OK);
    CHECK_EQ(network->rewire(id, 0.5, false, 0, 0.5, &removed, &grown), NB_OK);
    CHECK_EQ(removed > 0, status != NB_OK);
  }
}

NB_TEST("population stop: normalizing ends early") {
  TestNetwork network(1, 3);
  const uint32_t noise = network.poisson(400, 30);
  const uint32_t posts = network.lif(500, Lif{});
  const uint32_t id = network.connect(connection(noise, posts, Pattern::kAllToAll, 0.5));
  Stop stop{true};
  CHECK_EQ(network->normalize(id, 3, &stop), NB_ERR_ABORTED);
  CHECK_EQ(network->normalize(id, 3), NB_OK);
  for (const float weight : network.weights(id)) CHECK(std::fabs(weight - 3 / 400.0f) < 1e-6f);
}
