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

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr size_t kBytes = 64 * 1024;

nb_status fill(uint8_t* base, size_t) {
  std::memcpy(base, "ready", 6);
  return NB_OK;
}

nb_status create(const char* name, Mapping** out) { return Mapping::create_named(name, kBytes, kBytes, fill, out); }

// A parent directory of the test's own. Its bus directory is empty of buses at the end, or the test fails.
class Place {
 public:
  Place() {
    char path[] = "/tmp/nb-shared-file-XXXXXX";
    CHECK(mkdtemp(path) != nullptr);
    parent_ = path;
    setenv("NEURONBUS_DIR", path, 1);
  }
  ~Place() {
    CHECK_EQ(files().size(), 0u);
    for (const std::string& file : files()) unlink(path(file).c_str());
    unlink(path(".lock").c_str());
    rmdir(directory().c_str());
    CHECK_EQ(rmdir(parent_.c_str()), 0);
    unsetenv("NEURONBUS_DIR");
  }
  std::string directory() const { return parent_ + "/neuronbus-" + std::to_string(geteuid()); }
  std::string path(const std::string& file) const { return directory() + "/" + file; }
  // Without .lock.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    DIR* listing = opendir(directory().c_str());
    while (const dirent* entry = listing == nullptr ? nullptr : readdir(listing)) {
      const std::string name = entry->d_name;
      if (name != "." && name != ".." && name != ".lock") names.push_back(name);
    }
    if (listing != nullptr) closedir(listing);
    return names;
  }

 private:
  std::string parent_;
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
  ~Child() {
    end();
    close(in_);
    close(out_);
  }
  void say(int number) { CHECK_EQ(write(out_, &number, sizeof number), static_cast<ssize_t>(sizeof number)); }
  // -1 when the other side is dead.
  int hear() {
    int number = -1;
    return read(in_, &number, sizeof number) == static_cast<ssize_t>(sizeof number) ? number : -1;
  }
  // Killed, but not waited for: a zombie.
  void kill_only() {
    kill(pid, SIGKILL);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  }
  void end() {
    if (pid <= 0) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
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
  test.say(mapping->base()[101]);
  mapping->release();
  test.say(0);
}

bool started(Child& creator) { return CHECK_EQ(creator.hear(), NB_OK) && CHECK_EQ(creator.hear(), 1); }

}  // namespace

NB_TEST("shared file: two processes see each other's bytes, and the last to leave removes the file") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  struct stat facts;
  CHECK_EQ(stat(place.directory().c_str(), &facts), 0);
  CHECK_EQ(facts.st_mode & 07777, 0700u);
  CHECK_EQ(stat(place.path("bus.bus").c_str(), &facts), 0);
  CHECK_EQ(facts.st_mode & 07777, 0600u);
  CHECK_EQ(facts.st_nlink, 1u);

  Mapping* mapping = nullptr;
  if (!CHECK_EQ(Mapping::open_named("bus", &mapping), NB_OK)) return;
  CHECK(mapping->named());
  CHECK_EQ(mapping->bytes(), kBytes);
  CHECK(std::memcmp(mapping->base(), "ready", 6) == 0);
  CHECK_EQ(mapping->base()[100], 42);
  mapping->base()[101] = 24;
  creator.say(0);
  CHECK_EQ(creator.hear(), 24);
  CHECK_EQ(creator.hear(), 0);
  CHECK_EQ(place.files().size(), 1u);
  CHECK_EQ(mapping->intact(), NB_OK);
  mapping->release();
  CHECK_EQ(place.files().size(), 0u);
}

NB_TEST("shared file: a name that nobody made is no bus, and asking for it makes nothing") {
  Place place;
  Mapping* mapping = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
  CHECK(access(place.directory().c_str(), F_OK) != 0);
  CHECK_EQ(create("other", &mapping), NB_OK);
  Mapping* none = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &none), NB_ERR_NO_SUCH_BUS);
  CHECK(none == nullptr);
  mapping->release();
}

NB_TEST("shared file: a name is taken while its creator lives, and free with its slots when it was killed") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  Mapping* mapping = nullptr;
  CHECK_EQ(create("bus", &mapping), NB_ERR_NAME_TAKEN);
  creator.end();
  CHECK_EQ(place.files().size(), 1u);
  if (!CHECK_EQ(create("bus", &mapping), NB_OK)) return;
  CHECK_EQ(mapping->base()[100], 0);
  CHECK(mapping->hold_slot(3));
  mapping->release();
}

NB_TEST("shared file: opening what only the dead had removes it") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  creator.end();
  Mapping* mapping = nullptr;
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
  CHECK_EQ(place.files().size(), 0u);
}

NB_TEST("shared file: a stopped process keeps its name and its slot") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(Mapping::open_named("bus", &mapping), NB_OK)) return;
  for (const int signal : {SIGSTOP, SIGCONT}) {
    kill(creator.pid, signal);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(creator.pid), &info, signal == SIGSTOP ? WSTOPPED : WCONTINUED);
    CHECK(mapping->slot_held(3));
    CHECK(!mapping->slot_held_here(3));
    CHECK(!mapping->hold_slot(3));
  }
  mapping->release();
  CHECK_EQ(place.files().size(), 1u);
  Mapping* none = nullptr;
  CHECK_EQ(create("bus", &none), NB_ERR_NAME_TAKEN);
  creator.say(0);
  creator.hear();
  CHECK_EQ(creator.hear(), 0);
}

NB_TEST("shared file: a zombie is dead, and its slot goes to one of the living") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(Mapping::open_named("bus", &mapping), NB_OK)) return;
  creator.kill_only();
  CHECK(!mapping->slot_held(3));
  CHECK(mapping->hold_slot(3));
  CHECK(mapping->slot_held_here(3));
  mapping->release();
  CHECK_EQ(place.files().size(), 0u);
}

NB_TEST("shared file: a creator that dies half-way leaves no bus and is cleaned up after") {
  Place place;
  for (const bool create_next : {false, true}) {
    Child creator([](Child&) {
      Mapping* mapping = nullptr;
      Mapping::create_named("bus", kBytes, kBytes, [](uint8_t*, size_t) { return raise(SIGKILL), NB_OK; }, &mapping);
    });
    CHECK_EQ(creator.hear(), -1);
    creator.end();
    if (CHECK_EQ(place.files().size(), 1u)) CHECK_EQ(place.files()[0].rfind(".tmp-bus-", 0), 0u);
    Mapping* mapping = nullptr;
    if (!create_next) {
      CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
    } else if (CHECK_EQ(create("bus", &mapping), NB_OK)) {
      CHECK_EQ(place.files().size(), 1u);
      mapping->release();
    }
    CHECK_EQ(place.files().size(), 0u);
  }
}

NB_TEST("shared file: a format that fails leaves nothing behind") {
  Place place;
  Mapping* mapping = nullptr;
  const auto failing = [](uint8_t*, size_t) { return NB_ERR_CAPACITY; };
  CHECK_EQ(Mapping::create_named("bus", kBytes, 0, failing, &mapping), NB_ERR_CAPACITY);
  CHECK(mapping == nullptr);
  CHECK_EQ(place.files().size(), 0u);
}

NB_TEST("shared file: of many processes that race to create, one wins") {
  Place place;
  for (int round = 0; round < 3; round++) {
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 100; i++) {
      children.push_back(std::make_unique<Child>([](Child& test) {
        test.hear();
        Mapping* mapping = nullptr;
        test.say(create("bus", &mapping));
        test.hear();
        if (mapping != nullptr) mapping->release();
        test.say(0);
      }));
    }
    for (auto& child : children) child->say(0);
    int won = 0;
    int taken = 0;
    for (auto& child : children) {
      const int status = child->hear();
      won += status == NB_OK;
      taken += status == NB_ERR_NAME_TAKEN;
    }
    CHECK_EQ(won, 1);
    CHECK_EQ(taken, 99);
    for (auto& child : children) child->say(0);
    for (auto& child : children) CHECK_EQ(child->hear(), 0);
    CHECK_EQ(place.files().size(), 0u);
  }
}

NB_TEST("shared file: what is not a private file of ours is refused and left as it is") {
  Place place;
  Mapping* keeper = nullptr;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(create("keeper", &keeper), NB_OK)) return;
  const std::string path = place.path("bus.bus");
  const std::function<void()> makers[] = {
      [&] { CHECK_EQ(symlink("keeper.bus", path.c_str()), 0); },
      [&] { CHECK_EQ(symlink("nowhere", path.c_str()), 0); },
      [&] { CHECK_EQ(mkdir(path.c_str(), 0700), 0); },
      [&] { CHECK_EQ(mkfifo(path.c_str(), 0600), 0); },
      [&] { close(open(path.c_str(), O_CREAT | O_RDWR, 0644)), chmod(path.c_str(), 0644); },
  };
  for (const auto& make : makers) {
    make();
    CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NOT_OWNER);
    CHECK_EQ(create("bus", &mapping), NB_ERR_NOT_OWNER);
    CHECK_EQ(remove(path.c_str()), 0);
  }
  if (geteuid() == 0) {
    close(open(path.c_str(), O_CREAT | O_RDWR, 0600));
    CHECK_EQ(chown(path.c_str(), 12345, 12345), 0);
    CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NOT_OWNER);
    CHECK_EQ(create("bus", &mapping), NB_ERR_NOT_OWNER);
    CHECK_EQ(unlink(path.c_str()), 0);
  }
  keeper->release();
}

NB_TEST("shared file: a directory that is a link, or that others may enter, is refused") {
  Place place;
  Mapping* mapping = nullptr;
  const char* directory = getenv("NEURONBUS_DIR");
  CHECK_EQ(symlink(directory, place.directory().c_str()), 0);
  CHECK_EQ(create("bus", &mapping), NB_ERR_NOT_OWNER);
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NOT_OWNER);
  CHECK_EQ(unlink(place.directory().c_str()), 0);
  CHECK_EQ(mkdir(place.directory().c_str(), 0700), 0);
  for (const mode_t mode : {0770, 0720, 0701}) {
    CHECK_EQ(chmod(place.directory().c_str(), mode), 0);
    CHECK_EQ(create("bus", &mapping), NB_ERR_NOT_OWNER);
    CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NOT_OWNER);
  }
  CHECK_EQ(chmod(place.directory().c_str(), 0700), 0);
}

NB_TEST("shared file: a live file that was cut short is a bad segment, to those who open it and those who have it") {
  Place place;
  Child creator(be_creator);
  if (!started(creator)) return;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(Mapping::open_named("bus", &mapping), NB_OK)) return;
  CHECK_EQ(truncate(place.path("bus.bus").c_str(), 4095), 0);
  CHECK_EQ(mapping->intact(), NB_ERR_BAD_SEGMENT);
  mapping->release();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(place.files().size(), 1u);
  creator.end();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
}
#endif
