// SPDX-License-Identifier: MIT
//
// Bus files that somebody cuts short while they are mapped: what is gone becomes zeros, whoever asks is told, and a SIGBUS that has
// nothing to do with them does what it always did.
#include "native/core/cut_guard.h"

#if defined(__linux__)

#include <fcntl.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "shared_file_fixture.h"

using namespace nbtest;

namespace {

std::string file_in(const Place& place) { return place.directory + "/bus.bus"; }

// A page of a file that is no bus, and that is gone.
volatile uint8_t* lost_page() {
  FILE* const file = std::tmpfile();
  CHECK_EQ(ftruncate(fileno(file), 4096), 0);
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  CHECK(page != MAP_FAILED);
  CHECK_EQ(ftruncate(fileno(file), 0), 0);
  return static_cast<uint8_t*>(page);
}

void touch_a_lost_page() { lost_page()[0] = 1; }
void send_the_signal() { kill(getpid(), SIGBUS); }

void leave_with_7(int) { _exit(7); }
void leave_with_8(int, siginfo_t* info, void*) { _exit(info->si_addr == nullptr ? 9 : 8); }
void by_default() { signal(SIGBUS, SIG_DFL); }  // sanitizers have theirs
void ignored() { signal(SIGBUS, SIG_IGN); }
void handled() { signal(SIGBUS, leave_with_7); }
void handled_with_facts() {
  struct sigaction action {};
  action.sa_sigaction = leave_with_8;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

// A process has one handler, and this one may have had buses: so these run in a fresh one, which is this program, told by its
// environment what to do before anything else.
constexpr const char* kOrder = "NB_TEST_CUT_GUARD";
constexpr void (*kBefore[])() = {by_default, ignored, handled, handled_with_facts};
constexpr void (*kDeeds[])() = {touch_a_lost_page, send_the_signal};

[[maybe_unused]] const bool ordered = [] {
  const char* const order = std::getenv(kOrder);
  if (order == nullptr) return false;
  kBefore[order[0] - '0']();
  Mapping* mapping = nullptr;
  if (create("bus", &mapping) != NB_OK) _exit(2);
  kDeeds[order[1] - '0']();
  mapping->release();
  _exit(1);
}();

// How a process ends that has a bus, and then does that: minus the signal, or its exit code.
int end_of(int before, int deed) {
  const pid_t pid = fork();
  if (pid == 0) {
    const char order[] = {static_cast<char>('0' + before), static_cast<char>('0' + deed), 0};
    setenv(kOrder, order, 1);
    execl("/proc/self/exe", "native_tests", static_cast<char*>(nullptr));
    _exit(3);
  }
  int status = 0;
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  Mapping* mapping = nullptr;
  if (CHECK_EQ(create("bus", &mapping), NB_OK)) mapping->release();  // clears away what it left
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

NB_TEST("cut guard: a live file that was cut short is a bad segment, to those who open it and those who have it") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  if (!started(creator) || !opened(&mapping)) return;
  CHECK_EQ(truncate((place.directory + "/bus.bus").c_str(), 4095), 0);
  CHECK_EQ(mapping->reserve(0, kBytes), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(mapping->check(), NB_ERR_BAD_SEGMENT);
  for (size_t i = 0; i < kBytes; i += 64) CHECK_EQ(mapping->base()[i]++, i == 0 ? 'r' : 0);  // safe from now on
  mapping->release();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(place.files().size(), 1u);
  creator.end();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
}

NB_TEST("cut guard: what was cut is lost also when the file has its size again") {
  Place place;
  Mapping* mapping = nullptr;
  if (!CHECK_EQ(create("bus", &mapping), NB_OK)) return;
  const std::string path = place.directory + "/bus.bus";
  for (const off_t bytes : {off_t{kBytes / 2}, off_t{0}, off_t{kBytes}}) {
    CHECK_EQ(truncate(path.c_str(), bytes), 0);
    CHECK_EQ(mapping->check(), NB_ERR_BAD_SEGMENT);
    for (size_t i = 0; i < kBytes; i += 4096) mapping->base()[i]++;
  }
  mapping->release();
}

NB_TEST("cut guard: who touches what is gone before anybody looked finds zeros") {
  Place place;
  Child creator(be_creator);
  Mapping* mapping = nullptr;
  if (!started(creator) || !CHECK_EQ(Mapping::open_named("bus", &mapping), NB_OK)) return;
  uint8_t* const base = mapping->base();
  base[5 * 4096] = base[9 * 4096] = base[12 * 4096] = 1;
  CHECK_EQ(truncate(file_in(place).c_str(), 4 * 4096 + 1), 0);
  CHECK_EQ(base[9 * 4096], 0);
  base[9 * 4096] = 2;
  CHECK_EQ(base[12 * 4096], 0);
  CHECK_EQ(base[5 * 4096], 0);
  CHECK_EQ(base[9 * 4096], 2);  // what was gone already is not lost again
  CHECK_EQ(base[0], 'r');
  CHECK_EQ(truncate(file_in(place).c_str(), kBytes), 0);  // too late
  CHECK_EQ(mapping->check(), NB_ERR_BAD_SEGMENT);
  CHECK_EQ(base[9 * 4096], 2);
  mapping->release();
  creator.end();
  CHECK_EQ(Mapping::open_named("bus", &mapping), NB_ERR_NO_SUCH_BUS);
}

NB_TEST("cut guard: threads that touch it all at once, again and again") {
  Place place;
  Mapping* mapping = nullptr;
  for (int round = 0; round < 50; round++) {
    if (!CHECK_EQ(create("bus", &mapping), NB_OK)) return;
    std::atomic<bool> stop{false};
    std::atomic<int> turning{0};
    const auto touch = [&](size_t from) {
      std::atomic<uint32_t>* const words = reinterpret_cast<std::atomic<uint32_t>*>(mapping->base());
      for (size_t i = from; !stop.load(); i = (i + 1031) % (kBytes / 4)) {
        words[i].fetch_add(1, std::memory_order_relaxed);
        if (i == from) turning++;
      }
    };
    std::thread one(touch, 1);
    std::thread other(touch, 2);
    while (turning.load() < 2) std::this_thread::yield();
    CHECK_EQ(truncate(file_in(place).c_str(), round % 16 * 4096), 0);
    while (mapping->check() != NB_ERR_BAD_SEGMENT) std::this_thread::yield();
    stop = true;
    one.join();
    other.join();
    mapping->release();
  }
}

NB_TEST("cut guard: zeros that the system refuses are asked for again, and a touch that gets none is nobody's") {
  constexpr size_t kPages = 4;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<uint8_t> memory((kPages + 1) * page);
  const auto first = (reinterpret_cast<uintptr_t>(memory.data()) + page - 1) / page * page;
  const uintptr_t base = first + 8;  // where no page begins nothing can be mapped
  CutGuard* const guard = CutGuard::guard(reinterpret_cast<uint8_t*>(base), (kPages - 1) * page);
  if (!CHECK(guard != nullptr)) return;
  for (int i = 0; i < 2; i++) {
    CHECK(!guard->give_up(page));
    CHECK_EQ(guard->kept(), (kPages - 1) * page);
    CHECK(!CutGuard::touched(base + 2 * page));
  }
  guard->unguard();
  CHECK(!CutGuard::touched(base + 2 * page));
}

NB_TEST("cut guard: what lies between two mappings is in neither, while one record is the one's and then the other's") {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<uint8_t> memory(4 * page);
  uint8_t* const low = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(memory.data()) + page - 1) / page * page);
  uint8_t* const between = low + page;
  uint8_t* const high = low + 2 * page;
  *between = 1;
  std::atomic<bool> stop{false};
  std::atomic<bool> turning{false};
  std::thread owner([&] {
    std::array<CutGuard*, 64> records{};  // many, for it takes the one moment in which one of them changes
    for (CutGuard*& record : records) record = CutGuard::guard(low, page);
    while (!stop.load(std::memory_order_relaxed)) {
      for (uint8_t* const base : {high, low}) {
        for (CutGuard*& record : records) {
          record->unguard();
          record = CutGuard::guard(base, page);
        }
      }
      turning = true;
    }
    for (CutGuard* const record : records) record->unguard();
  });
  while (!turning) std::this_thread::yield();
#ifdef NB_TEST_SANITIZED
  constexpr int kLooks = 50'000;
#else
  constexpr int kLooks = 500'000;
#endif
  int taken_for_another = 0;
  for (int i = 0; i < kLooks; i++) taken_for_another += CutGuard::touched(reinterpret_cast<uintptr_t>(between)) ? 1 : 0;
  stop = true;
  owner.join();
  CHECK_EQ(taken_for_another, 0);
  CHECK_EQ(*between, 1);
}

NB_TEST("cut guard: what is no bus goes where it always went") {
  Place place;
  CHECK_EQ(end_of(0, 0), -SIGBUS);
  CHECK_EQ(end_of(0, 1), -SIGBUS);
  CHECK_EQ(end_of(1, 0), -SIGBUS);
  CHECK_EQ(end_of(1, 1), 1);
  CHECK_EQ(end_of(2, 0), 7);
  CHECK_EQ(end_of(2, 1), 7);
  CHECK_EQ(end_of(3, 0), 8);
}

#endif
