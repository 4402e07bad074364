// SPDX-License-Identifier: MIT
#include "fault_fixture.h"

#ifdef NB_TEST_FAULTS

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace {

std::atomic<bool> armed{false};
uint64_t left = 0;  // of the process that is armed, which has one thread
int failures_before = 0;

}  // namespace

void neuronbus::fault_point(const char* where, int line) {
  if (!armed.load(std::memory_order_relaxed)) return;
  nbtest::Board& board = nbtest::Board::get();
  board.where = where;
  board.line = line;
  board.failures = nbtest::failure_count() - failures_before;
  for (auto& place : board.places) {
    if (place.where.load() == nullptr) {
      place.line = line;
      place.where = where;
    }
    if (place.line != line || std::strcmp(place.where.load(), where) != 0) continue;
    place.passed++;
    break;
  }
  if (left > 0 && --left == 0) kill(getpid(), SIGKILL);
}

namespace nbtest {

Board& Board::get() {
  static Board* board = [] {
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return static_cast<Board*>(memory);
  }();
  return *board;
}

void Board::begin() {
  phase = neuron = 0;
  begun = sent = received = 0;
  where = "";
  line = failures = 0;
}

void Board::forget() {
  for (auto& place : places) place.where = nullptr, place.passed = 0;
}

uint32_t Board::count() const {
  uint32_t found = 0;
  while (found < kPlaces && places[found].where.load() != nullptr) found++;
  return found;
}

bool Board::passed(const std::string& name) const {
  for (uint32_t i = 0; i < count(); i++) {
    const std::string where = places[i].where.load();
    if (where.substr(0, where.find('<')) == name) return true;  // without template arguments
  }
  return false;
}

std::string Board::last() const { return std::string(where) + ":" + std::to_string(line); }

void arm(uint64_t n) {
  left = n;
  armed = true;
}

void disarm() { armed = false; }

Doomed::Doomed(const std::function<void()>& body) {
  Board::get();
  std::fflush(stdout);
  const int before = failure_count();
  pid_ = fork();
  if (!CHECK(pid_ >= 0) || pid_ > 0) return;
  failures_before = before;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(60);
  body();
  disarm();
  std::fflush(stdout);
  _exit(failure_count() == before ? 0 : 1);
}

bool Doomed::running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) ended(status);
  return pid_ > 0;
}

void Doomed::wait() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) ended(status);
}

void Doomed::ended(int status) {
  pid_ = 0;
  killed_ = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  CHECK(killed_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK_EQ(Board::get().failures, 0);
}

void Doomed::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

Doomed::~Doomed() {
  kill();
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

BusPlace::BusPlace() {
  std::string path = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path().string();
  path += "/nb-faults-XXXXXX";
  CHECK(mkdtemp(path.data()) != nullptr);
  setenv("NEURONBUS_DIR", path.c_str(), 1);
  directory_ = path + "/neuronbus-" + std::to_string(geteuid());
}

BusPlace::~BusPlace() {
  std::filesystem::remove_all(std::filesystem::path(directory_).parent_path());
  unsetenv("NEURONBUS_DIR");
}

}  // namespace nbtest

#elif defined(NB_FAULT_POINTS)

void neuronbus::fault_point(const char*, int) {}

#endif
