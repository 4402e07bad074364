// SPDX-License-Identifier: MIT
#if defined(__linux__)
#include "cut_guard.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace neuronbus {
namespace {

constexpr uintptr_t kTaken = 1;  // as begin_: being filled in
std::array<CutGuard, 1024> guards;
struct sigaction before {};  // the handler was installed; not written again

void pass_on(int signal, siginfo_t* info, void* context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  const bool sent = info->si_code <= 0;  // by a process, not by the memory
  if (before.sa_handler == SIG_IGN && sent) return;
  if (before.sa_handler != SIG_IGN && before.sa_handler != SIG_DFL) return before.sa_handler(signal);
  struct sigaction none {};
  none.sa_handler = SIG_DFL;
  (void)sigaction(signal, &none, nullptr);
  (void)raise(signal);  // comes when this handler returns
}

void handle(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const bool ours = info->si_code == BUS_ADRERR && CutGuard::touched(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = error;
  if (!ours) pass_on(signal, info, context);
}

// Others may touch the memory meanwhile: they meet what is gone, or the zeros. By the system call itself, because ThreadSanitizer takes
// mmap() for a write to all of it.
bool put_zeros(uintptr_t from, size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
#ifdef SYS_mmap
  return syscall(SYS_mmap, from, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) != -1;
#else
  return mmap(reinterpret_cast<void*>(from), bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) != MAP_FAILED;
#endif
}

bool install() {
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  // Read first: a signal may come between the two lines of one call.
  return sigaction(SIGBUS, nullptr, &before) == 0 && sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

CutGuard* CutGuard::guard(uint8_t* base, size_t bytes) {
  static const bool installed = install();
  if (!installed) return nullptr;
  for (CutGuard& guard : guards) {
    uintptr_t free = 0;
    constexpr auto kNoOrder = std::memory_order_relaxed;
    if (!guard.begin_.compare_exchange_strong(free, kTaken, std::memory_order_acquire, kNoOrder)) continue;  // SYNC cut-guard-free
    const auto begin = reinterpret_cast<uintptr_t>(base);
    guard.end_.store(begin + bytes, std::memory_order_release);  // SYNC cut-guard-end
    guard.kept_end_.store(begin + bytes, std::memory_order_relaxed);
    guard.begin_.store(begin, std::memory_order_release);  // SYNC cut-guard
    return &guard;
  }
  return nullptr;
}

void CutGuard::unguard() { begin_.store(0, std::memory_order_release); }  // SYNC cut-guard-free

bool CutGuard::give_up(size_t kept) { return give_up_from(begin_.load(std::memory_order_relaxed) + kept); }

bool CutGuard::give_up_from(uintptr_t from) {
  uintptr_t to = kept_end_.load(std::memory_order_relaxed);
  do {
    if (from >= to) return true;  // somebody did, or is about to: whoever is too early touches it again
  } while (!kept_end_.compare_exchange_weak(to, from, std::memory_order_relaxed));
  if (put_zeros(from, to - from)) return true;
  // Whoever touches it next tries again: for as long as it were said to be zeros, that touch would come back for ever. What another
  // has put in place below meanwhile may be put there once more.
  uintptr_t now = kept_end_.load(std::memory_order_relaxed);
  while (now < to && !kept_end_.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
  }
  return false;
}

size_t CutGuard::kept() const {
  return kept_end_.load(std::memory_order_relaxed) - begin_.load(std::memory_order_relaxed);
}

bool CutGuard::touched(uintptr_t at) {
  for (CutGuard& guard : guards) {
    const uintptr_t begin = guard.begin_.load(std::memory_order_acquire);  // SYNC cut-guard
    if (begin <= kTaken || at < begin || at >= guard.end_.load(std::memory_order_acquire)) continue;  // SYNC cut-guard-end
    if (guard.begin_.load(std::memory_order_relaxed) != begin) continue;  // another's by now: that was the end of other memory
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    return guard.give_up_from(begin + (at - begin) / page * page);
  }
  return false;
}

}  // namespace neuronbus

#endif
