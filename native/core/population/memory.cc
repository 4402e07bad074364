// SPDX-License-Identifier: MIT
#include "memory.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <new>

#if defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace neuronbus::population {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// Systems give more memory than they have, and end the process that then uses it: what cannot be held is refused here.
#if defined(_WIN32)
uint64_t memory_of_machine() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) != 0 ? status.ullTotalPageFile : ~uint64_t{0};
}
#else
// A limit of the container, or none.
uint64_t limit_in(const char* path) {
  uint64_t bytes = ~uint64_t{0};
  std::FILE* const file = std::fopen(path, "re");
  if (file == nullptr) return bytes;
  if (std::fscanf(file, "%" SCNu64, &bytes) != 1 || bytes == 0) bytes = ~uint64_t{0};
  std::fclose(file);
  return bytes;
}

uint64_t memory_of_machine() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGESIZE);
  const uint64_t all = pages > 0 && size > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size) : ~uint64_t{0};
  return std::min({all, limit_in("/sys/fs/cgroup/memory.max"), limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}
#endif

std::atomic<uint64_t> used{0};
std::atomic<uint64_t> limit{~uint64_t{0}};

size_t alignment_of(size_t bytes) { return bytes >= kHugePage ? kHugePage : kColumnAlignment; }

uint64_t most_bytes() {
  static const uint64_t machine = memory_of_machine();
  return std::min(machine, limit.load(std::memory_order_relaxed));
}

bool take(size_t bytes) {
  const uint64_t before = used.fetch_add(bytes, std::memory_order_relaxed);
  const uint64_t most = most_bytes();
  if (before <= most && bytes <= most - before) return true;
  used.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

}  // namespace

void* allocate_column(size_t bytes) {
  if (!take(bytes)) return nullptr;
  void* memory = nullptr;
#if defined(__linux__)
  // Fresh pages of the system are zero already, and come when they are touched.
  if (bytes >= kHugePage) {
    const size_t room = bytes + kHugePage;
    void* mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped != MAP_FAILED) {
      const uintptr_t begin = reinterpret_cast<uintptr_t>(mapped);
      const uintptr_t aligned = (begin + kHugePage - 1) & ~(kHugePage - 1);
      const size_t page = 4096;
      const uintptr_t end = (aligned + bytes + page - 1) & ~(page - 1);
      if (aligned > begin) munmap(mapped, aligned - begin);
      if (begin + room > end) munmap(reinterpret_cast<void*>(end), begin + room - end);
      memory = reinterpret_cast<void*>(aligned);
      (void)madvise(memory, end - aligned, MADV_HUGEPAGE);
    }
  } else
#endif
  {
    memory = ::operator new(bytes, std::align_val_t{alignment_of(bytes)}, std::nothrow);
    if (memory != nullptr) std::memset(memory, 0, bytes);
  }
  if (memory == nullptr) used.fetch_sub(bytes, std::memory_order_relaxed);
  return memory;
}

void release_column(void* memory, size_t bytes) {
  if (memory == nullptr) return;
  used.fetch_sub(bytes, std::memory_order_relaxed);
#if defined(__linux__)
  if (bytes >= kHugePage) {
    munmap(memory, (bytes + 4095) & ~size_t{4095});
    return;
  }
#endif
  ::operator delete(memory, std::align_val_t{alignment_of(bytes)});
}

bool room_for(double bytes) {
  return static_cast<double>(used.load(std::memory_order_relaxed)) + bytes <= static_cast<double>(most_bytes());
}

uint64_t column_bytes() { return used.load(std::memory_order_relaxed); }
void limit_column_bytes(uint64_t bytes) { limit.store(bytes, std::memory_order_relaxed); }

}  // namespace neuronbus::population
