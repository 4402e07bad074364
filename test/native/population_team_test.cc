// SPDX-License-Identifier: MIT
//
// The team of threads by itself, and the mode in which its threads compute.
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#endif

#include "native/core/population/memory.h"
#include "native/core/population/pace.h"
#include "native/core/population/processors.h"
#include "native/core/population/team.h"
#include "native/core/population/tiny_numbers.h"
#include "population_fixture.h"

using namespace nbtest;

namespace {

// Written by one worker at a time, and only guarded by the meetings.
struct Meetings {
  Team* team;
  uint32_t rounds, late;
  std::vector<uint64_t> seen, wrong;
  uint64_t alone = 0;

  static void work(void* context, uint32_t worker) {
    Meetings& m = *static_cast<Meetings*>(context);
    for (uint32_t round = 0; round < m.rounds; round++) {
      // Long enough for the others to stop spinning; each worker is the late one in turn.
      if (m.late > 0 && round % m.late == 0 && round / m.late % m.team->workers() == worker) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      m.seen[worker * 16]++;
      m.team->meet(worker, [&] {
        m.alone++;
        for (uint32_t other = 0; other < m.team->workers(); other++) m.wrong[0] += m.seen[other * 16] != m.alone ? 1 : 0;
      });
      m.wrong[16 + worker * 16] += m.alone != m.seen[worker * 16] ? 1 : 0;
      m.team->meet(worker, [] {});
    }
  }
};

void meet(uint32_t rounds, uint32_t late, uint32_t runs) {
  std::unique_ptr<Team> team = Team::create(4);
  CHECK(team != nullptr);
  Meetings m{team.get(), rounds, late, std::vector<uint64_t>(64), std::vector<uint64_t>(128)};
  for (uint32_t run = 0; run < runs; run++) team->run(Meetings::work, &m);
  CHECK_EQ(m.alone, uint64_t{rounds} * runs);
  for (uint64_t wrong : m.wrong) CHECK_EQ(wrong, uint64_t{0});
}

}  // namespace

NB_TEST("population team: a thread leaves a processor for another one, and may come back") {
  const int here = this_processor();
  const auto allowed = [] {
    std::vector<int> all;
#if defined(__linux__)
    cpu_set_t set;
    CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < CPU_SETSIZE; i++) {
      if (CPU_ISSET(i, &set)) all.push_back(i);
    }
#endif
    return all;
  };
  const std::vector<int> before = allowed();
  CHECK_EQ(leave_processors(before.data(), before.size()), false);  // none is left
#if defined(__linux__)
  if (prctl(PR_GET_SECCOMP) != 0) {
    CHECK_EQ(leave_processors(&here, 1), false);
    return;
  }
#endif
  if (before.size() > 1) {
    CHECK(leave_processors(&here, 1));
    // It may be moved at any time, but not always at once back.
    bool elsewhere = this_processor() != here;
    for (int i = 0; i < 100 && !elsewhere; i++) {
      const int now = this_processor();
      CHECK(leave_processors(&now, 1));
      elsewhere = this_processor() != now;
    }
    CHECK(elsewhere);
  } else if (before.empty()) {
    CHECK_EQ(here, kSomeProcessor);
    CHECK_EQ(leave_processors(&here, 1), false);
  }
  CHECK(allowed() == before);
}

NB_TEST("population team: a team has no more workers than there are processors") {
  std::unique_ptr<Team> team = Team::create(200);
  CHECK(team != nullptr);
  CHECK(team->workers() <= std::max(1u, std::thread::hardware_concurrency()));
}

NB_TEST("population team: workers meet in every round, and in run after run") {
  meet(2000, 0, 1);
  meet(3, 0, 300);
}

NB_TEST("population team: workers that sleep in a meeting are woken by the last one") { meet(60, 2, 2); }

namespace {

// Each worker writes one value a step where the others read it `lead` steps later; only the marks guard them.
struct Steps {
  static constexpr uint32_t kSteps = 32, kSlots = 64;  // of a batch; of the ring, as of the spikes of a network
  Team* team;
  uint32_t batches, lead;
  bool late;  // now and then a worker lets the others stop spinning
  std::vector<uint64_t> ring, wrong;

  static void work(void* context, uint32_t worker) {
    Steps& s = *static_cast<Steps*>(context);
    const uint32_t workers = s.team->workers();
    for (uint64_t step = 0; step < uint64_t{s.batches} * kSteps;) {
      const uint64_t first = s.team->pass(worker);
      for (uint64_t done = 1; done <= kSteps; done++, step++) {
        if (s.late && step % 37 == 0 && step / 37 % workers == worker) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        s.ring[worker * kSlots + step % kSlots] = step;
        s.team->pass(worker);
        s.team->await(worker, first + (done > s.lead ? done - s.lead : 0));
        for (uint32_t other = 0; other < workers && step >= s.lead; other++) {
          s.wrong[worker * 16] += s.ring[other * kSlots + (step - s.lead) % kSlots] != step - s.lead ? 1 : 0;
        }
      }
      s.team->meet(worker, [] {});
    }
  }
};

void step(uint32_t batches, uint32_t lead, bool late, uint32_t runs) {
  std::unique_ptr<Team> team = Team::create(4);
  CHECK(team != nullptr);
  Steps steps{team.get(), batches, lead, late, std::vector<uint64_t>(4 * Steps::kSlots), std::vector<uint64_t>(64)};
  for (uint32_t run = 0; run < runs; run++) team->run(Steps::work, &steps);
  for (uint64_t wrong : steps.wrong) CHECK_EQ(wrong, uint64_t{0});
}

}  // namespace

NB_TEST("population team: what a worker wrote before a mark is there for who awaits it") {
  for (const uint32_t lead : {0u, 1u, 3u, 32u}) {
    step(300, lead, false, 1);
    step(1, lead, false, 100);
  }
}

NB_TEST("population team: who sleeps until a mark is woken when it is passed") {
  for (const uint32_t lead : {0u, 1u, 5u}) step(8, lead, true, 2);
}

namespace {

// A team whose batches take `together`, with `slept` sleeps each, and one worker's `alone`.
struct Paced {
  uint64_t together, slept, alone;
  uint64_t now = 0, sleeps = 0, batches_together = 0, batches_alone = 0;
  Pace pace{};

  void run(uint64_t batches) {
    for (uint64_t i = 0; i < batches; i++) {
      if (i % 3 == 0) {
        now += 1'000'000'000'000;
        pace.begin_run(now);
      }
      pace.alone() ? batches_alone++ : batches_together++;
      now += pace.alone() ? alone : together;
      sleeps += pace.alone() ? 0 : slept;
      pace.batch_done([&] { return now; }, sleeps);
      if (i % 3 == 2) pace.end_run(now);
    }
  }
};

}  // namespace

NB_TEST("population team: whose workers do not sleep always works together where batches are long") {
  Paced team{1'000'000'000, 0, 1};
  team.run(9'999);
  CHECK_EQ(team.batches_alone, uint64_t{0});
}

NB_TEST("population team: of small batches it finds out who is faster, and finds out again") {
  Paced team{70'000, 0, 37'000};
  team.run(199'998);
  CHECK(team.batches_together < 4'000);
  team.together = 25'000;
  team.batches_alone = 0;
  team.run(399'999);
  CHECK(team.batches_alone < 20'000);
  CHECK(!team.pace.alone());
}

NB_TEST("population team: where workers wait longer than they work, one does nearly all alone, and the team comes back") {
  Paced team{3'000'000, 1, 2'000};
  team.run(199'998);
  CHECK(team.batches_together > 4);
  CHECK(team.batches_alone > 190'000);
  team.together = 1'000;
  team.slept = 0;
  team.batches_alone = 0;
  team.run(399'999);
  CHECK(team.batches_alone < 200'000);
  CHECK(!team.pace.alone());
}

NB_TEST("population team: whose workers sleep because their parts differ, but who is faster than one, works together") {
  Paced team{2'000'000, 1, 3'000'000};
  team.run(9'999);
  CHECK(team.batches_alone < 1'000);
  team.together = 9'000'000;  // until that is not true any more
  team.batches_together = 0;
  team.run(9'999);
  CHECK(team.batches_together < 2'000);
}

NB_TEST("population team: of processors that others have the network gets the same result") {
  std::vector<double> first;
  for (const bool disturbed : {false, true}) {
    std::atomic<bool> over{false};
    std::vector<std::thread> others;
    for (uint32_t i = 0; disturbed && i < 2 * std::thread::hardware_concurrency(); i++) {
      others.emplace_back([&] {
        while (!over.load(std::memory_order_relaxed)) {
        }
      });
    }
    TestNetwork network(0.1, 5, disturbed ? 2 : 1);
    Lif p;
    p.drive = 16;
    const uint32_t neurons = network.lif(500, p);
    Connection c = connection(neurons, neurons, Pattern::kFixedOutDegree, 0.2);
    c.degree = 20;
    network.connect(c);
    for (int i = 0; i < 20; i++) network.run(100);
    over = true;
    for (std::thread& other : others) other.join();
    const std::vector<double> potentials = network.state(neurons, Variable::kPotential);
    if (first.empty()) first = potentials;
    CHECK(first == potentials);
  }
}

NB_TEST("population team: more threads than processors give the same result") {
  std::vector<double> first;
  for (uint32_t threads : {1u, 64u}) {
    TestNetwork network(0.1, 5, threads);
    Lif p;
    p.drive = 16;
    const uint32_t neurons = network.lif(5000, p);
    Connection c = connection(neurons, neurons, Pattern::kFixedOutDegree, 0.2);
    c.degree = 20;
    network.connect(c);
    network.run(300);
    const std::vector<double> potentials = network.state(neurons, Variable::kPotential);
    if (first.empty()) first = potentials;
    CHECK(first == potentials);
  }
}

NB_TEST("population team: a current that has decayed beyond the normal numbers is zero, on every thread") {
  for (uint32_t threads : {1u, 3u}) {
    TestNetwork network(0.1, 1, threads);
    const uint32_t neurons = network.lif(500, Lif());
    network.set(neurons, Variable::kExcitatory, 1e-300);
    network.set(neurons, Variable::kInhibitory, -1e-310);
    network.run(1);
    for (double value : network.state(neurons, Variable::kInhibitory)) CHECK_EQ(value, 0.0);
    network.run(2000);
    for (double value : network.state(neurons, Variable::kExcitatory)) CHECK_EQ(value, 0.0);
  }
}

NB_TEST("population team: who runs a network computes with the smallest numbers as before") {
  TestNetwork network(0.1);
  const uint32_t neurons = network.lif(1, Lif());
  (void)neurons;
  volatile double tiny = std::numeric_limits<double>::denorm_min() * 8;
  network.run(10);
  const volatile double half = tiny * 0.5;
  CHECK(half > 0);
}

NB_TEST("population team: memory that no machine has is refused") {
  Column<uint8_t> column;
  CHECK(!column.reserve(size_t{1} << 46));
  CHECK(column.empty());
  CHECK(column.reserve(size_t{1} << 22));
}

NB_TEST("population team: a list without entries has delays that fit, too") {
  TestNetwork network(1);
  const uint32_t neurons = network.lif(3, Lif());
  Connection c = connection(neurons, neurons, Pattern::kList, 1);
  const uint32_t nothing = 0;
  c.delays = &nothing;
  c.delay_high = 1'000'000;
  uint32_t id = 0;
  CHECK_EQ(network->connect(c, &id), NB_ERR_INVALID_ARGUMENT);
}

NB_TEST("population team: a kernel with more places than can be counted is refused") {
  TestNetwork network(1);
  const uint32_t pre = network.lif(1, Lif());
  const uint32_t post = network.lif(16, Lif());
  Connection c = connection(pre, post, Pattern::kConvolution, 0);
  // Four times 2^31 times 2^31 weights are none in 64 bits.
  c.convolution = {1, 1, 1, 4, 1u << 31, 1u << 31, 1, 1u << 30};
  c.weight_kind = WeightKind::kGiven;
  uint32_t id = 0;
  CHECK_EQ(network->connect(c, &id), NB_ERR_INVALID_ARGUMENT);
}
