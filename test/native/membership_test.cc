// SPDX-License-Identifier: MIT
//
// Ganglia of several threads: axons both ways, joining and leaving, requests, parking.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "membership_fixture.h"

using namespace neuronbus;
using nbtest::Colony;
using nbtest::Member;
using nbtest::members_options;
using nbtest::scaled;

namespace {

constexpr uint64_t kStarts[] = {0, nbtest::kBelowWrap31, nbtest::kBelowWrap32};
constexpr uint32_t kStatic = NB_RULE_STATIC;

nb_mail wish(uint32_t what, uint16_t pre, uint16_t post, double weight = 0.5) {
  nb_mail mail{};
  mail.what = what;
  mail.pre = pre;
  mail.post = post;
  mail.weight = weight;
  mail.rule = nb_rule{kStatic, 0, 0.01, 0.012, 20e6, 20e6, 0.001, 1, 1e8};
  return mail;
}

void pause(nbtest::Random& random) {
  if (random.chance(8)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(200)));
  else if (random.chance(3)) std::this_thread::yield();
}

// Everybody sends to everybody, `count` spikes each way; a full ring is tried again unless the mode has dropped the oldest.
void everybody_sends(uint32_t ganglia, uint32_t mode, uint64_t start, uint32_t count) {
  Colony colony(members_options(ganglia, mode), start);
  std::vector<std::unique_ptr<Member>> members;
  for (uint32_t i = 0; i < ganglia; i++) members.push_back(std::make_unique<Member>(colony));
  std::atomic<uint32_t> finished{0};
  std::vector<std::thread> threads;
  for (uint32_t me = 0; me < ganglia; me++) {
    threads.emplace_back([&, me] {
      Member& self = *members[me];
      self.gaps = mode == NB_MODE_DROP_OLDEST;
      for (uint32_t i = 0; i < count; i++) {
        for (uint32_t to = 0; to < ganglia; to++) {
          if (to == me) continue;
          while (!self.send(members[to]->ids[i % 2], i % 5 == 0 ? 100 : 0)) self.pump(), std::this_thread::yield();
        }
        if (i % 3 == me % 3) self.pump();
      }
      finished++;
      while (finished.load() < ganglia) self.pump(), std::this_thread::yield();
      self.pump();
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t dropped = 0;
  uint64_t received = 0;
  for (auto& member : members) {
    member->ganglion->settle();
    received += member->received;
    CHECK_EQ(member->sent, uint64_t{count} * (ganglia - 1));
  }
  for (uint32_t i = 0; i < ganglia * ganglia; i++) dropped += colony.segment().axon(i).dropped[NB_DROP_OLDEST];
  CHECK_EQ(received + dropped, uint64_t{count} * (ganglia - 1) * ganglia);
  if (mode != NB_MODE_DROP_OLDEST) CHECK_EQ(dropped, 0u);
  colony.reconciles();
  members.clear();
  colony.reconciles();
  colony.empty();
}

}  // namespace

NB_TEST("membership: between threads every spike arrives once and in order, across 2^31 and 2^32 too") {
  for (const uint64_t start : kStarts) {
    everybody_sends(2, NB_MODE_DROP_NEWEST, start, static_cast<uint32_t>(scaled(20000)));
    everybody_sends(4, NB_MODE_DROP_NEWEST, start, static_cast<uint32_t>(scaled(4000)));
  }
}

NB_TEST("membership: where the oldest is dropped, each spike is delivered or counted") {
  for (const uint64_t start : kStarts) everybody_sends(3, NB_MODE_DROP_OLDEST, start, static_cast<uint32_t>(scaled(5000)));
}

// As a worker that is terminated between the two: its ganglion leaves in order, but what it took back it never counted.
NB_TEST("membership: a spike that its sender took back and did not count is counted by its receiver, when the sender leaves") {
  for (const uint64_t start : kStarts) {
    Colony colony(members_options(2, NB_MODE_DROP_OLDEST), start);
    Member receiver(colony);
    auto sender = std::make_unique<Member>(colony);
    receiver.gaps = true;
    for (uint32_t i = 0; i < 10; i++) CHECK(sender->send(receiver.ids[0]));
    CHECK_EQ(receiver.pump(), 10u);
    for (uint32_t i = 0; i < 12; i++) CHECK(sender->send(receiver.ids[0]));
    const uint32_t number = colony.segment().axon_index(sender->ganglion->index(), receiver.ganglion->index()) - 1;
    shared(colony.segment().axon(number).tail).fetch_add(2);
    sender.reset();
    CHECK_EQ(receiver.pump(), 10u);
    CHECK_EQ(colony.segment().axon(number).dropped[NB_DROP_OLDEST], 2u);
    colony.reconciles();
    receiver.ganglion.reset();
    colony.reconciles();
    colony.empty();
  }
}

NB_TEST("membership: a broadcast goes once to each ganglion that listens and to every neuron there") {
  constexpr uint32_t kGanglia = 3;
  const auto rounds = static_cast<uint32_t>(scaled(5000));
  Colony colony(members_options(kGanglia, NB_MODE_DROP_NEWEST), nbtest::kBelowWrap32);
  std::vector<std::unique_ptr<Member>> members;
  for (uint32_t i = 0; i < kGanglia; i++) members.push_back(std::make_unique<Member>(colony));
  for (auto& pre : members) {
    for (auto& post : members) {
      for (const uint16_t id : post->ids) {
        if (pre != post) CHECK_EQ(post->ganglion->anywhere(wish(NB_MAIL_CONNECT, pre->ids[0], id), 0), NB_OK);
      }
    }
  }
  std::atomic<uint32_t> finished{0};
  std::vector<std::thread> threads;
  for (auto& member : members) {
    threads.emplace_back([&, self = member.get()] {
      self->gaps = true;
      for (uint32_t i = 0; i < rounds; i++) {
        (void)self->broadcast();
        if (i % 4 == 0) self->pump();
      }
      finished++;
      while (finished.load() < kGanglia) self->pump(), std::this_thread::yield();
      self->pump();
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t sent = 0;
  uint64_t received = 0;
  for (auto& member : members) {
    member->ganglion->settle();
    sent += member->sent;
    received += member->received;
  }
  CHECK_EQ(received, 2 * sent);
  colony.reconciles();
  members.clear();
  colony.reconciles();
  colony.empty();
}

NB_TEST("membership: ganglia leave and come back while others send to them, and nothing is lost from the accounts") {
  constexpr uint32_t kGanglia = 4;
  auto seeds = nbtest::random_for_test();
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    Colony colony(members_options(kGanglia, mode, 8), mode == NB_MODE_DROP_OLDEST ? nbtest::kBelowWrap31 : nbtest::kBelowWrap32);
    const Segment& segment = colony.segment();
    std::vector<std::thread> threads;
    for (uint32_t me = 0; me < kGanglia; me++) {
      threads.emplace_back([&, seed = seeds.next()] {
        nbtest::Random random(seed);
        const uint64_t lives = scaled(1500);
        for (uint64_t life = 0; life < lives; life++) {
          Member self(colony, 1 + static_cast<uint32_t>(random.below(3)));
          self.gaps = true;
          for (uint64_t turns = random.below(60); turns > 0; turns--) {
            const auto target = static_cast<uint16_t>(random.below(segment.header().max_neurons));
            switch (random.below(8)) {
              case 0:
                if (!self.ids.empty()) self.broadcast();
                break;
              case 1:
                if (!self.ids.empty()) {
                  const nb_status status = self.ganglion->anywhere(wish(NB_MAIL_CONNECT, self.ids[0], target), 200'000);
                  CHECK(status != NB_ERR_INVALID_ARGUMENT);
                }
                break;
              case 2:
                self.pump(1 + static_cast<uint32_t>(random.below(8)));
                break;
              case 3:
                if (!self.ids.empty() && random.chance(4)) {
                  CHECK_EQ(self.ganglion->unregister_neuron(self.ids.back()), NB_OK);
                  self.ids.pop_back();
                }
                break;
              case 4:
                if (self.ganglion->park()) self.ganglion->unpark();
                break;
              default:
                if (!self.ids.empty()) self.send(target, random.chance(3) ? 100 : 0);
            }
            pause(random);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    colony.reconciles();
    // Axons that one end still waits for are freed when that place is taken and given back again.
    std::vector<std::unique_ptr<Member>> all;
    for (uint32_t i = 0; i < kGanglia; i++) all.push_back(std::make_unique<Member>(colony, 0));
    for (auto& member : all) member->pump();
    all.clear();
    colony.reconciles();
    colony.empty();
  }
}

NB_TEST("membership: a synapse is made, changed and removed at its owner's by others, also when all wait for each other") {
  constexpr uint32_t kGanglia = 4;
  constexpr uint64_t kPatience = 20'000'000'000;
  Colony colony(members_options(kGanglia, NB_MODE_DROP_NEWEST), 0);
  std::vector<std::unique_ptr<Member>> members;
  for (uint32_t i = 0; i < kGanglia; i++) members.push_back(std::make_unique<Member>(colony));
  std::atomic<uint32_t> finished{0};
  std::vector<std::thread> threads;
  for (uint32_t me = 0; me < kGanglia; me++) {
    threads.emplace_back([&, me] {
      Ganglion& self = *members[me]->ganglion;
      for (uint64_t i = 0; i < scaled(1000); i++) {
        const uint32_t other = i % 3 == 0 ? 0 : (me + 1) % kGanglia;  // in a circle, and all to one
        if (other == me) continue;
        const uint16_t pre = members[me]->ids[0];
        const uint16_t post = members[other]->ids[i % 2];
        CHECK_EQ(self.anywhere(wish(NB_MAIL_CONNECT, pre, post), kPatience), NB_OK);
        CHECK(self.find_synapse(pre, post) != NB_NONE);
        CHECK_EQ(self.anywhere(wish(NB_MAIL_CONNECT, pre, post), kPatience), NB_ERR_SYNAPSE_EXISTS);
        CHECK_EQ(self.anywhere(wish(NB_MAIL_SET_WEIGHT, pre, post, 0.25), kPatience), NB_OK);
        CHECK_EQ(self.anywhere(wish(NB_MAIL_SET_WEIGHT, pre, post, 25), kPatience), NB_ERR_INVALID_ARGUMENT);
        CHECK_EQ(self.anywhere(wish(NB_MAIL_DISCONNECT, pre, post), kPatience), NB_OK);
        CHECK_EQ(self.find_synapse(pre, post), NB_NONE);
      }
      finished++;
      while (finished.load() < kGanglia) members[me]->pump(), std::this_thread::yield();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& member : members) CHECK_EQ(member->ganglion->synapses().count(), 0u);
  members.clear();
  colony.empty();
}

NB_TEST("membership: a request that nobody answered in time is withdrawn and not done later") {
  Colony colony(members_options(2, NB_MODE_DROP_NEWEST), 0);
  Member asker(colony);
  Member owner(colony);
  for (int i = 0; i < 3 * NB_MAIL_SLOTS; i++) {
    CHECK_EQ(asker.ganglion->anywhere(wish(NB_MAIL_CONNECT, asker.ids[0], owner.ids[0]), 1'000'000), NB_ERR_TIMEOUT);
  }
  owner.pump();
  CHECK_EQ(owner.ganglion->synapses().count(), 0u);
  for (uint32_t i = 0; i < NB_MAIL_SLOTS; i++) CHECK_EQ(colony.segment().mailbox(owner.ganglion->index())[i].state, uint32_t{NB_FREE});
}

NB_TEST("membership: an owner that stops while it answers keeps nobody for ever, and its slot comes back") {
  Colony colony(members_options(2, NB_MODE_DROP_NEWEST), 0);
  Member asker(colony);
  Member owner(colony);
  nb_mail& slot = colony.segment().mailbox(owner.ganglion->index())[0];
  const uint32_t sender = (asker.ganglion->index() + 1) << NB_CLAIMER_SHIFT;
  std::thread stopped([&] {  // as the owner would, but no further than TAKEN
    uint32_t ready = NB_MAIL_READY | sender;
    while (!shared(slot.state).compare_exchange_weak(ready, NB_MAIL_TAKEN | sender)) ready = NB_MAIL_READY | sender;
  });
  CHECK_EQ(asker.ganglion->anywhere(wish(NB_MAIL_CONNECT, asker.ids[0], owner.ids[0]), 20'000'000), NB_ERR_TIMEOUT);
  stopped.join();
  CHECK_EQ(slot.state, NB_MAIL_ABANDONED | sender);
}

NB_TEST("membership: ids and their queue positions do not outlive the owner of a ganglion") {
  Colony colony(members_options(2, NB_MODE_DROP_NEWEST), 0);
  for (int life = 0; life < 20; life++) {
    Member all(colony, colony.segment().header().max_neurons);
    CHECK_EQ(all.ids.size(), colony.segment().header().max_neurons);
    all.control().self_head += 5;  // five spikes of zeros: ids are free again only behind them, for this owner
    Member other(colony, 0);
  }
  colony.empty();
}

namespace {

// Wakes by the means of this process, or by the futex as between processes.
struct Sleeper {
  Sleeper(Colony& colony, Member& who, bool local) : word(&colony.segment().ganglion(who.ganglion->index()).wake), local_(local) {
    base_ = colony.segment().base();
    index_ = who.ganglion->index();
    if (local) set_waker(base_, index_, {[](void* data) { static_cast<Sleeper*>(data)->ring(); }, this});
  }
  ~Sleeper() {
    if (local_) clear_waker(base_, index_);
  }
  void ring() {
    std::lock_guard<std::mutex> lock(mutex_);
    rung_ = true;
    condition_.notify_one();
  }
  // False: nobody came for half a minute.
  bool sleep(uint32_t seen) {
    if (!local_) {
      for (int i = 0; i < 30 && load_acquire(*word) == seen; i++) futex_wait(word, seen, 1'000'000'000);
      return load_acquire(*word) != seen;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    const auto until = std::chrono::system_clock::now() + std::chrono::seconds(30);  // TSan of gcc 12 knows no other clock
    const bool came = condition_.wait_until(lock, until, [&] { return rung_; });
    rung_ = false;
    return came;
  }

  uint32_t* word;

 private:
  bool local_;
  const uint8_t* base_;
  uint32_t index_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

void ping_pong(bool local) {
  Colony colony(members_options(2, NB_MODE_DROP_NEWEST), nbtest::kBelowWrap32);
  std::vector<std::unique_ptr<Member>> members;
  for (int i = 0; i < 2; i++) members.push_back(std::make_unique<Member>(colony));
  const uint64_t rounds = scaled(20000);
  auto seeds = nbtest::random_for_test();
  std::vector<std::thread> threads;
  for (int me = 0; me < 2; me++) {
    threads.emplace_back([&, me, seed = seeds.next()] {
      nbtest::Random random(seed);
      Member& self = *members[me];
      Sleeper sleeper(colony, self, local);
      const uint16_t other = members[1 - me]->ids[0];
      for (uint64_t i = 0; i < rounds; i++) {
        pause(random);
        if (me == 0) CHECK(self.send(other));
        while (self.received <= i) {
          self.pump();
          if (self.received > i) break;
          const uint32_t seen = load_acquire(*sleeper.word);
          if (!self.ganglion->park()) continue;
          if (!CHECK(sleeper.sleep(seen))) return;
          self.ganglion->unpark();
        }
        if (me == 1) CHECK(self.send(other));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& member : members) CHECK_EQ(member->received, rounds);
  members.clear();
  colony.empty();
}

}  // namespace

NB_TEST("membership: whoever parks is woken by the next spike, over thousands of rounds") {
  ping_pong(true);
  ping_pong(false);
}
