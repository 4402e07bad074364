// SPDX-License-Identifier: MIT
//
// A directory for bus files, and processes that use it. Linux only.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness.h"
#include "native/core/mapping.h"

namespace nbtest {

using namespace neuronbus;

constexpr size_t kBytes = 64 * 1024;

inline nb_status fill(uint8_t* base, size_t) { return std::memcpy(base, "ready", 6), NB_OK; }

inline nb_status create(const char* name, Mapping** out) { return Mapping::create_named(name, kBytes, kBytes, fill, out); }

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
inline void be_creator(Child& test) {
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

inline bool opened(Mapping** out) { return CHECK_EQ(Mapping::open_named("bus", out), NB_OK); }

inline bool started(Child& creator) { return CHECK_EQ(creator.hear(), NB_OK) && CHECK_EQ(creator.hear(), 1); }

}  // namespace nbtest
