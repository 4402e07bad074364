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
