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
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

namespace {

constexpr size_t kBytes = 64 * 1024;

nb_status fill(uint8_t* base, size_t) { return std::memcpy(base, "ready", 6), NB_OK; }

nb_status create(const char* name, Mapping** out) { return Mapping::create_named(name, kBytes, kBytes, fill, out); }

// A parent directory of the test's own. Its bus directory is empty of buses at the end, or the test fails.
struct Place {
  Place() {
    std::string path = std::filesystem::temp_directory_path() / "nb-shared-file-XXXXXX";
    CHECK(mkdtemp(path.data()) != nullptr);
    setenv("NEURONBUS_DIR", path.c_str(), 1);
    directory = path + "/neuronbus-" + std::to_string(geteuid());
  }
  ~Place() {
    CHECK_EQ(files().size(), 0u);
    std::filesystem::remove_all(std::filesystem::path(directory).parent_path());
    unsetenv("NEURONBUS_DIR");
  }
  // Without .lock.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(directory, absent)) {
      if (entry.path().filename() != ".lock") names.push_back(entry.path().filename());
    }
    return names;
  }

  std::string directory;
};

// A forked process that reports numbers to the test and waits for it. Forked before the test opens anything itself.
class Child {
 public:
  explicit Child(const std::function<void(Child&)>& body) {
    int up[2], down[2];
    CHECK(pipe(up) == 0 && pipe(down) == 0);
    pid = fork();
    in_ = pid == 0 ? down[0] : up[0];
    out_ = pid == 0 ? up[1] : down[1];
    close(pid == 0 ? up[0] : up[1]);
    close(pid == 0 ? down[1] : down[0]);
    if (pid != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(60);
    body(*this);
    _exit(0);
  }
  ~Child() { end(), close(in_), close(out_); }
  void say(int number) { CHECK_EQ(write(out_, &number, sizeof number), static_cast<ssize_t>(sizeof number)); }
  // -1 when the other side is dead.
  int hear() {
    int number = -1;
    return read(in_, &number, sizeof number) == static_cast<ssize_t>(sizeof number) ? number : -1;
  }
  // Returns when it has had its effect. The child is not reaped.
  void signal(int number, int effect) {
    siginfo_t info;
    kill(pid, number);
    waitid(P_PID, static_cast<id_t>(pid), &info, effect | WNOWAIT);
  }
  void end() {
    if (pid > 0) kill(pid, SIGKILL), waitpid(pid, nullptr, 0);
    pid = 0;
  }
  pid_t pid = 0;

 private:
  int in_ = -1;
  int out_ = -1;
};

// Creates "bus", takes slot 3, and stays until it is told to leave.
void be_creator(Child& test) {
  Mapping* mapping = nullptr;
  test.say(create("bus", &mapping));
  if (mapping == nullptr) return;
  mapping->base()[100] = 42;
  test.say(mapping->hold_slot(3) ? 1 : 0);
  test.hear();
  const int seen = mapping->base()[101];
  mapping->release();
  test.say(seen);
}

// Neither can be had, for this reason.
void refused(nb_status why) {
  Mapping* mapping = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &mapping), why);
  CHECK_EQ(create("bus", &mapping), why);
  CHECK(mapping == nullptr);
}

bool opened(Mapping** out) { return CHECK_EQ(Mapping::open_named("bus", out), NB_OK); }

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

bool started(Child& creator) { return CHECK_EQ(creator.hear(), NB_OK) && CHECK_EQ(creator.hear(), 1); }

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
  CHECK_EQ(mapping->intact(), NB_OK);
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

NB_TEST("shared file: of many processes that race to create, one wins") {
  Place place;
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 100; i++) {
    children.push_back(std::make_unique<Child>([](Child& test) {
      Mapping* mapping = nullptr;
      test.hear();
      test.say(create("bus", &mapping));
      test.hear();
      if (mapping != nullptr) mapping->release();
      test.say(0);
    }));
  }
  for (auto& child : children) child->say(0);
  std::vector<int> statuses(100);
  for (auto& child : children) statuses.at(static_cast<size_t>(child->hear()))++;
  CHECK_EQ(statuses[NB_OK], 1);
  CHECK_EQ(statuses[NB_ERR_NAME_TAKEN], 99);
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

NB_TEST("shared file: a live file that was cut short is a bad segment, to those who open it and those who have it") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  if (!started(creator) || !opened(&mapping)) return;
  CHECK_EQ(truncate((place.directory + "/bus.bus").c_str(), 4095), 0);
  CHECK_EQ(mapping->intact(), NB_ERR_BAD_SEGMENT);
  mapping->release();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(place.files().size(), 1u);
  creator.end();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
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
