// SPDX-License-Identifier: MIT
//
// SIGKILL at every store into shared memory: of a participant that sends and receives, and of one that clears away.
#include <algorithm>

#include "fault_lives.h"

#ifdef NB_TEST_FAULTS

using namespace neuronbus;
using namespace nbtest;

namespace {

#ifdef NB_TEST_SANITIZED
constexpr uint64_t kStep = 7;  // processes under a sanitizer begin slowly
#else
constexpr uint64_t kStep = 1;
#endif

constexpr uint64_t kRecoveryStores = 400;  // more than any has

// One participant lives beside the survivor, which holds blocks that it has sent too. True: it was killed.
bool beside(Survivor& survivor, uint64_t deadly, uint32_t mode, const std::function<void()>& then) {
  Board& board = Board::get();
  const uint64_t before = survivor.self.received;
  const uint16_t target = survivor.self.ids[0];
  Doomed child([&] { live(deadly, target, mode); });
  std::vector<nb_arena_ref> held;  // blocks that the survivor has a reference to as well
  uint32_t sent = 0;
  while (child.running()) {
    if (board.phase != 3 || mode != NB_MODE_DROP_OLDEST) survivor.turn();
    if (board.phase != 1) continue;
    while (sent < 5 && child.running()) {
      const uint32_t bytes = sent == 1 ? 100 : sent == 3 ? 3000 : 0;
      if (!survivor.send_held(static_cast<uint16_t>(board.neuron), bytes, &held)) survivor.turn();
      else sent++;
    }
    board.phase = 2;
  }
  then();
  survivor.clear_away();
  survivor.let_go(held);
  const uint64_t received = survivor.self.received - before;
  CHECK(received <= board.begun);
  if (mode != NB_MODE_DROP_OLDEST) CHECK(received >= board.sent);
  return child.killed();
}


// Clears away after who died before, and may die itself.
void recover(uint64_t deadly) {
  Colony colony(open_bus(), 0);
  Member self(colony, 0);
  arm(deadly);
  self.ganglion->reap();
  disarm();
}

void passed(const std::vector<const char*>& names) {
  for (const char* name : names) {
    if (!Board::get().passed(name)) fail(__FILE__, __LINE__, std::string("nobody died in ") + name);
  }
}

}  // namespace

NB_TEST("faults: whoever dies at any store of its life leaves an exact prefix and nothing else behind") {
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    Survivor survivor(mode, kBelowWrap32);
    const uint64_t points = die_at_every_point(
        kStep, [&](uint64_t n) { return beside(survivor, n, mode, [] {}); }, [&] { return survivor.alone(); });
    if (failure_count() > 0) return;
    CHECK(points > 300);
    if (kStep > 1) continue;
    passed({"join", "claim_axon", "open_new_axon", "open_axon", "announce_axon", "claim", "add", "announce", "write_words",
            "announce_intent", "publish", "park", "unpark", "take", "carve", "claim_as", "allocate_run", "release",
            "free_chunk", "request", "claim_mail", "remove", "book", "carry_out", "leave", "close_axon",
            "forget_positions", "~Ganglion"});
    if (mode == NB_MODE_DROP_OLDEST) passed({"count_drop", "free_run", "route_copied", "release_copy"});
    else passed({"finish", "release_once"});
  }
}

NB_TEST("faults: whoever clears away and dies at any store is finished by the next, and nothing comes back twice") {
  auto random = random_for_test();
  for (const uint32_t mode : {NB_MODE_DROP_NEWEST, NB_MODE_DROP_OLDEST}) {
    Survivor survivor(mode, kBelowWrap31);
    Board& board = Board::get();
    board.forget();
    uint32_t killed = 0;  // a recovery has as many stores as there is to clear away
    std::vector<const char*> places = {"recover", "give_up_claim", "finish_claims", "book", "carry_out", "close_axon",
                                       "clear_workspace", "release_once", "free_run", "free_chunk", "rouse"};
    if (mode == NB_MODE_DROP_OLDEST) places.insert(places.end(), {"find_copies"});
    else places.insert(places.end(), {"empty_axon", "close_books"});
    const auto all_passed = [&] {
      return std::all_of(places.begin(), places.end(), [&](const char* place) { return board.passed(place); });
    };
    // Each store once, and then at random until some were at places that few lives lead to.
    const auto go_on = [&](uint64_t n) { return n < kRecoveryStores || (kStep == 1 && n < 10 * kRecoveryStores && !all_passed()); };
    for (uint64_t n = 1; go_on(n); n += kStep) {
      const uint64_t deadly = n < kRecoveryStores ? n : 1 + random.below(kRecoveryStores);
      board.begin();
      const uint64_t first = 1 + random.below(400);
      beside(survivor, first, mode, [&] {
        Doomed one([&] { recover(deadly); });
        one.wait();
        killed += one.killed() ? 1 : 0;
        if (random.chance(3)) Doomed([&] { recover(1 + random.below(2 * deadly)); }).wait();
      });
      if (survivor.alone() && failure_count() == 0) continue;
      fail(__FILE__, __LINE__, "a life of " + std::to_string(first) + ", a recovery of " + std::to_string(deadly) + ", to " + board.last());
      return;
    }
    if (kStep > 1) continue;
    CHECK(killed > 50);
    passed(places);
  }
}

#endif
