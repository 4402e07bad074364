// SPDX-License-Identifier: MIT
#include "native/core/shared_file.h"

#include <cstring>

#include "harness.h"
#include "native/core/mapping.h"

using namespace neuronbus;

#if !defined(__linux__)

NB_TEST("shared file: named mappings are refused where the kernel cannot tell who is alive") {
  Mapping* mapping = nullptr;
  const auto format = [](uint8_t*, size_t) { return NB_OK; };
  CHECK_EQ(Mapping::create_named("bus", 4096, 0, format, &mapping), NB_ERR_UNSUPPORTED);
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_UNSUPPORTED);
}

#else

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "shared_file_fixture.h"

using namespace nbtest;

namespace {

// Neither can be had, for this reason.
void refused(nb_status why) {
  Mapping* mapping = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &mapping), why);
  CHECK_EQ(create("bus", &mapping), why);
  CHECK(mapping == nullptr);
}

// The leftovers of the dead are no bus to who opens it (round 0), and do not keep the name from who creates it (round 1).
void cleaned_up(const Place& place, int round) {
  Mapping* mapping = nullptr;
  CHECK_EQ(place.files().size(), 1u);
  if (round == 0) CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
  if (round == 1 && CHECK_EQ(create("bus", &mapping), NB_OK)) {
    CHECK_EQ(mapping->base()[100], 0);
    CHECK(mapping->hold_slot(3));
    mapping->release();
  }
  CHECK_EQ(place.files().size(), 0u);
}

}  // namespace

NB_TEST("shared file: two processes see each other's bytes, and the last to leave removes the file") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  if (!started(creator) || !opened(&mapping)) return;
  struct stat facts;
  CHECK_EQ(stat(place.directory.c_str(), &facts), 0);
  CHECK_EQ(facts.st_mode & 07777, 0700u);
  CHECK_EQ(stat((place.directory + "/bus.bus").c_str(), &facts), 0);
  CHECK_EQ(facts.st_mode & 07777, 0600u);
  CHECK_EQ(facts.st_nlink, 1u);
  CHECK(mapping->named());
  CHECK_EQ(mapping->bytes(), kBytes);
  CHECK(std::memcmp(mapping->base(), "ready", 6) == 0);
  CHECK_EQ(mapping->base()[100], 42);
  mapping->base()[101] = 24;
  creator.say(0);
  CHECK_EQ(creator.hear(), 24);
  CHECK_EQ(place.files().size(), 1u);
  CHECK_EQ(mapping->check(), NB_OK);
  mapping->release();
  CHECK_EQ(place.files().size(), 0u);
}

NB_TEST("shared file: a name is taken while its creator lives, and free with its slots when it was killed") {
  Place place;
  Mapping* none = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &none), NB_ERR_NO_SUCH_BUS);
  CHECK(access(place.directory.c_str(), F_OK) != 0);
  for (const int round : {0, 1}) {
    Child creator(be_creator);
    if (!started(creator)) return;
    CHECK_EQ(create("bus", &none), NB_ERR_NAME_TAKEN);
    creator.end();
    cleaned_up(place, round);
  }
}

NB_TEST("shared file: who creates a bus removes the leftovers of all dead ones, and of none that lives or is not ours") {
  Place place;
  Child living(be_creator);
  if (!started(living)) return;
  {
    const auto dies = [](const char* name) {
      return [name](Child& test) {
        Mapping* mapping = nullptr;
        test.say(create(name, &mapping));
        test.hear();
      };
    };
    Child one(dies("one"));
    Child two(dies("two"));
    CHECK(one.hear() == NB_OK && two.hear() == NB_OK);
  }
  const std::string strange = place.directory + "/strange.bus";
  CHECK(symlink("/dev/null", strange.c_str()) == 0);
  CHECK_EQ(place.files().size(), 4u);
  Mapping* mapping = nullptr;
  if (CHECK_EQ(create("three", &mapping), NB_OK)) {
    std::vector<std::string> files = place.files();
    std::sort(files.begin(), files.end());
    CHECK((files == std::vector<std::string>{"bus.bus", "strange.bus", "three.bus"}));
    mapping->release();
  }
  unlink(strange.c_str());
  living.say(0);
  living.hear();
}

NB_TEST("shared file: a process that exits without a release takes its name with it, unless others have it open") {
  Place place;
  for (const bool shared : {false, true}) {
    Child leaving([](Child& test) {
      Mapping* mapping = nullptr;
      test.say(create("bus", &mapping));
      test.hear();
      exit(0);
    });
    Mapping* mapping = nullptr;
    if (!CHECK_EQ(leaving.hear(), NB_OK) || (shared && !opened(&mapping))) return;
    leaving.say(0);
    CHECK_EQ(leaving.hear(), -1);
    CHECK_EQ(place.files().size(), shared ? 1u : 0u);
    if (mapping != nullptr) mapping->release();
  }
}

NB_TEST("shared file: a stopped process keeps its name and its slot, a zombie does not") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  if (!started(creator) || !opened(&mapping)) return;
  for (const bool stop : {true, false}) {
    creator.signal(stop ? SIGSTOP : SIGCONT, stop ? WSTOPPED : WCONTINUED);
    CHECK(mapping->slot_held(3) && !mapping->slot_held_here(3) && !mapping->hold_slot(3));
  }
  mapping->release();
  CHECK_EQ(place.files().size(), 1u);
  CHECK_EQ(create("bus", &mapping), NB_ERR_NAME_TAKEN);
  if (!opened(&mapping)) return;
  creator.signal(SIGKILL, WEXITED);
  CHECK(!mapping->slot_held(3) && mapping->hold_slot(3) && mapping->slot_held_here(3));
  mapping->release();
}

NB_TEST("shared file: a creator that dies half-way leaves no bus and is cleaned up after") {
  Place place;
  for (const int round : {0, 1}) {
    Child creator([](Child&) {
      Mapping* mapping = nullptr;
      Mapping::create_named("bus", kBytes, kBytes, [](uint8_t*, size_t) { return raise(SIGKILL), NB_OK; }, &mapping);
    });
    CHECK_EQ(creator.hear(), -1);
    creator.end();
    if (CHECK_EQ(place.files().size(), 1u)) CHECK_EQ(place.files()[0].rfind(".tmp-bus-", 0), 0u);
    cleaned_up(place, round);
  }
}

NB_TEST("shared file: of two hundred processes that race, one creates, and who opens joins that one") {
  constexpr int kRacers = 200;
  enum { kCreated, kTaken, kJoined, kOther };
  Place place;
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < kRacers; i++) {
    children.push_back(std::make_unique<Child>([i](Child& test) {
      Mapping* mapping = nullptr;
      test.hear();
      nb_status status = i % 2 == 0 ? create("bus", &mapping) : Mapping::open_named("bus", &mapping);
      bool created = i % 2 == 0 && status == NB_OK;
      // Who opens and finds nothing makes it, unless somebody else was faster: then there is something to open.
      for (int tries = 0; i % 2 == 1 && status == NB_ERR_NO_SUCH_BUS && tries < 2; tries++) {
        status = create("bus", &mapping);
        created = status == NB_OK;
        if (status == NB_ERR_NAME_TAKEN) status = Mapping::open_named("bus", &mapping);
      }
      if (mapping != nullptr) reinterpret_cast<std::atomic<int>*>(mapping->base() + 128)->fetch_add(1);
      test.say(created ? kCreated : status == NB_ERR_NAME_TAKEN ? kTaken : status == NB_OK ? kJoined : kOther);
      test.hear();
      test.say(mapping != nullptr ? reinterpret_cast<std::atomic<int>*>(mapping->base() + 128)->load() : 0);
      test.hear();
      if (mapping != nullptr) mapping->release();
      test.say(0);
    }));
  }
  for (auto& child : children) child->say(0);
  std::vector<int> how(kOther + 1);
  std::vector<Child*> inside;
  for (auto& child : children) {
    const int answer = child->hear();
    how.at(static_cast<size_t>(answer))++;
    if (answer == kCreated || answer == kJoined) inside.push_back(child.get());
  }
  CHECK_EQ(how[kCreated], 1);
  CHECK_EQ(how[kOther], 0);
  CHECK(how[kTaken] >= kRacers / 2 - 1);
  CHECK_EQ(how[kCreated] + how[kJoined] + how[kTaken], kRacers);
  for (auto& child : children) child->say(0);
  int members = 0;
  for (auto& child : children) {
    const int seen = child->hear();
    members += seen != 0 ? 1 : 0;
    CHECK(seen == 0 || seen == static_cast<int>(inside.size()));  // all are in the same memory
  }
  CHECK_EQ(members, static_cast<int>(inside.size()));
  for (auto& child : children) child->say(0);
  for (auto& child : children) CHECK_EQ(child->hear(), 0);
}

NB_TEST("shared file: what is not a private file of ours is refused and left as it is") {
  Place place;
  Mapping* keeper = nullptr;
  if (!CHECK_EQ(create("keeper", &keeper), NB_OK)) return;
  const std::string path = place.directory + "/bus.bus";
  const std::function<void()> makers[] = {
      [&] { CHECK_EQ(symlink("keeper.bus", path.c_str()), 0); },
      [&] { CHECK_EQ(symlink("nowhere", path.c_str()), 0); },
      [&] { CHECK_EQ(mkdir(path.c_str(), 0700), 0); },
      [&] { CHECK_EQ(mkfifo(path.c_str(), 0600), 0); },
      [&] { close(open(path.c_str(), O_CREAT | O_RDWR, 0644)), chmod(path.c_str(), 0644); },
      // Somebody else's; only root can give a file away.
      [&] {
        close(open(path.c_str(), O_CREAT | O_RDWR, 0600));
        CHECK_EQ(geteuid() == 0 ? chown(path.c_str(), 12345, 12345) : chmod(path.c_str(), 0640), 0);
      },
  };
  for (const auto& make : makers) {
    make();
    refused(NB_ERR_NOT_OWNER);
    CHECK_EQ(remove(path.c_str()), 0);
  }
  keeper->release();
}

NB_TEST("shared file: a directory that is a link, or that others may enter, is refused") {
  Place place;
  CHECK_EQ(symlink(getenv("NEURONBUS_DIR"), place.directory.c_str()), 0);
  refused(NB_ERR_NOT_OWNER);
  CHECK_EQ(unlink(place.directory.c_str()), 0);
  CHECK_EQ(mkdir(place.directory.c_str(), 0700), 0);
  for (const mode_t mode : {0770, 0720, 0701}) {
    CHECK_EQ(chmod(place.directory.c_str(), mode), 0);
    refused(NB_ERR_NOT_OWNER);
  }
}

NB_TEST("shared file: a file that was unlinked goes on for those who have it, and its name is free for others") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  Mapping* other = nullptr;
  if (!started(creator) || !opened(&mapping)) return;
  CHECK_EQ(unlink((place.directory + "/bus.bus").c_str()), 0);
  Child latecomer([](Child& test) {
    Mapping* second = nullptr;
    test.hear();
    test.say(Mapping::open_named("bus", &second));
    test.say(create("bus", &second));
    test.hear();
    if (second != nullptr) test.say(second->base()[101]), second->release();
  });
  latecomer.say(0);
  CHECK_EQ(latecomer.hear(), NB_ERR_NO_SUCH_BUS);
  CHECK_EQ(latecomer.hear(), NB_OK);
  CHECK_EQ(create("bus", &other), NB_ERR_NAME_TAKEN);
  CHECK_EQ(mapping->check(), NB_OK);
  CHECK(mapping->slot_held(3));
  mapping->base()[101] = 24;
  creator.say(0);
  CHECK_EQ(creator.hear(), 24);
  mapping->release();
  CHECK_EQ(place.files().size(), 1u);  // of the new bus
  latecomer.say(0);
  CHECK_EQ(latecomer.hear(), 0);
  latecomer.hear();
}

NB_TEST("shared file: a bad name or size is refused, and a format that fails leaves nothing behind") {
  Place place;
  Mapping* mapping = nullptr;
  const std::string longest(63, 'x');
  const std::string too_long = longest + "x";
  for (const char* name : {too_long.c_str(), "", ".a", "..", "../a", "a/b", "a b", "a\n", "\xC3\xA4"}) {
    CHECK_EQ(create(name, &mapping), NB_ERR_INVALID_ARGUMENT);
    CHECK_EQ(Mapping::open_named(name, &mapping), NB_ERR_INVALID_ARGUMENT);
  }
  CHECK_EQ(Mapping::open_named(nullptr, &mapping), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(Mapping::create_named("bus", 4095, 0, fill, &mapping), NB_ERR_INVALID_ARGUMENT);
  CHECK_EQ(Mapping::create_named("bus", 4096, 4097, fill, &mapping), NB_ERR_INVALID_ARGUMENT);
  const auto fail = [](uint8_t*, size_t) { return NB_ERR_CAPACITY; };
  CHECK_EQ(Mapping::create_named("bus", kBytes, 0, fail, &mapping), NB_ERR_CAPACITY);
  CHECK_EQ(place.files().size(), 0u);
  for (const char* name : {longest.c_str(), "A-z_0.9", "-"}) {
    if (CHECK_EQ(create(name, &mapping), NB_OK)) mapping->release();
  }
}

NB_TEST("shared file: threads share one mapping of a name, and no slot twice") {
  Place place;
  Mapping* made = nullptr;
  Mapping* anonymous = nullptr;
  Mapping* none = nullptr;
  if (!CHECK_EQ(create("bus", &made), NB_OK) || !CHECK_EQ(Mapping::create(kBytes, &anonymous), NB_OK)) return;
  CHECK_EQ(create("bus", &none), NB_ERR_NAME_TAKEN);
  std::atomic<uint32_t> slots[2] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (uint32_t slot = 0; slot < Mapping::kSlots; slot++) {
        Mapping* mapping = nullptr;
        if (!opened(&mapping) || !CHECK(mapping == made)) return;
        slots[0] += mapping->hold_slot(slot);
        slots[1] += anonymous->hold_slot(slot);
        mapping->release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Mapping* mapping : {made, anonymous}) {
    CHECK_EQ(slots[mapping == made ? 0 : 1].load(), Mapping::kSlots);
    CHECK(mapping->slot_held(7) && mapping->slot_held_here(7) && !mapping->hold_slot(7));
    mapping->drop_slot(7);
    CHECK(!mapping->slot_held(7) && !mapping->slot_held_here(7) && mapping->hold_slot(7));
    CHECK(!mapping->hold_slot(Mapping::kSlots) && !mapping->slot_held(Mapping::kSlots));
    mapping->release();
  }
}

NB_TEST("shared file: a forked child that releases what it inherited disturbs nobody") {
  Place place;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(create("bus", &mapping), NB_OK) || !CHECK(mapping->hold_slot(1))) return;
  Child child([&](Child& test) {
    Mapping* own = nullptr;
    test.say(Mapping::open_named("bus", &own) == NB_OK && own != mapping && !mapping->hold_slot(4));
    mapping->drop_slot(1);
    mapping->release();
    test.say(own->slot_held(1) && !own->hold_slot(1) && own->hold_slot(2));
    own->release();
    test.say(1);
  });
  for (int i = 0; i < 3; i++) CHECK_EQ(child.hear(), 1);
  CHECK(!mapping->slot_held(2));
  CHECK_EQ(place.files().size(), 1u);
  mapping->release();
}

NB_TEST("shared file: the last release leaves another bus alone that got the name after the directory was cleared") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  std::filesystem::remove_all(place.directory);
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(create("bus", &mapping), NB_OK)) return;
  creator.say(0);
  CHECK_EQ(creator.hear(), 0);
  CHECK_EQ(place.files().size(), 1u);
  mapping->release();
}

NB_TEST("shared file: a full filesystem is told, before anything is touched, and keeps nothing") {
  Place place;
  Child child([&](Child& test) {
    const bool mounted = unshare(CLONE_NEWNS) == 0 && mount("", "/", "", MS_REC | MS_PRIVATE, "") == 0 &&
                         mount("small", getenv("NEURONBUS_DIR"), "tmpfs", 0, "size=1m") == 0;
    test.say(mounted);
    if (!mounted) return;
    constexpr size_t kTooLarge = 4 << 20;
    Mapping* mapping = nullptr;
    test.say(Mapping::create_named("bus", kTooLarge, kTooLarge, fill, &mapping));
    test.say(static_cast<int>(place.files().size()));
    test.say(Mapping::create_named("bus", kTooLarge, kBytes, fill, &mapping));
    test.say(mapping->reserve(kBytes, kTooLarge - kBytes));
    mapping->release();
    test.say(create("bus", &mapping));
    mapping->release();
  });
  if (child.hear() != 1) return void(std::printf("     skipped: needs the right to mount a small tmpfs\n"));
  for (const int expected : {int{NB_ERR_NO_ROOM}, 0, 0, int{NB_ERR_NO_ROOM}, 0}) CHECK_EQ(child.hear(), expected);
}

#endif
