// SPDX-License-Identifier: MIT
//
// SIGKILL at every step of making, joining and leaving a bus by its name.
#include "fault_lives.h"

#ifdef NB_TEST_FAULTS

#include <filesystem>

using namespace neuronbus;
using namespace nbtest;

namespace {

// The one who dies. The leftovers of the one before are found first.
void make_and_leave(uint64_t deadly) {
  arm(deadly);
  Mapping* mapping = create_bus(small_options(NB_MODE_DROP_NEWEST), 0);
  arm(deadly);  // joining is counted on its own
  Colony colony(mapping, 0);
  Member self(colony, 1);
}

// The next one to come has it for itself.
bool reclaim(const BusPlace& place, bool open_first) {
  Mapping* mapping = nullptr;
  if (open_first) CHECK_EQ(Mapping::open_named("faults", &mapping), NB_ERR_NO_SUCH_BUS);
  {
    Colony colony(create_bus(small_options(NB_MODE_DROP_NEWEST), 0), 0);
    Member one(colony, 1);
    Member two(colony, 1);
    CHECK(one.send(two.ids[0], 100));
    CHECK_EQ(two.pump(), 1u);
    CHECK_EQ(one.ganglion->reap(), 0u);
  }
  bool clean = true;
  for (const auto& entry : std::filesystem::directory_iterator(place.directory())) {
    clean &= CHECK_EQ(entry.path().filename().string() == ".lock", true);
  }
  return clean;
}

}  // namespace

NB_TEST("faults: a creator that dies at any step leaves a name that the next one has for itself") {
  for (const bool open_first : {true, false}) {
    BusPlace place;
    bool first = true;
    const auto dies = [&](uint64_t n) {
      Doomed child([&] { make_and_leave(n); });
      child.wait();
      return child.killed();
    };
    const uint64_t steps = die_at_every_point(1, dies, [&] {
      // Every other time one more dies on the leftovers before they are cleared away.
      if (first = !first; first) (void)dies(4);
      return reclaim(place, open_first);
    });
    CHECK(steps > 15);
    for (const char* name : {"directory made", "lock made", "directory locked", "leftovers found", "file made", "file sized",
                             "file reserved", "file mapped", "header written", "file formatted", "presence announced", "two names",
                             "file complete", "join", "claim_axon", "last to leave", "name removed"}) {
      if (failure_count() == 0 && !Board::get().passed(name)) fail(__FILE__, __LINE__, std::string("nobody died after: ") + name);
    }
  }
}

#endif
