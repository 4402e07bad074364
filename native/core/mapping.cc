// SPDX-License-Identifier: MIT
#include "mapping.h"

#include <mutex>
#include <new>
#include <random>
#include <unordered_map>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace neuronbus {
namespace {

struct Registry {
  std::mutex mutex;
  std::unordered_map<uint32_t, Mapping*> by_id;
  uint32_t next_id = 1;
  uint32_t salt = std::random_device{}();
};

// Never destroyed: worker threads may release mappings while the process runs its exit handlers.
Registry& registry() {
  static Registry* instance = new Registry;
  return *instance;
}

uint8_t* map_zeroed(size_t bytes) {
#ifdef _WIN32
  return static_cast<uint8_t*>(VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
#else
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  return base == MAP_FAILED ? nullptr : static_cast<uint8_t*>(base);
#endif
}

void unmap(uint8_t* base, size_t bytes) {
#ifdef _WIN32
  (void)bytes;
  VirtualFree(base, 0, MEM_RELEASE);
#else
  munmap(base, bytes);
#endif
}

}  // namespace

nb_status Mapping::create(size_t bytes, Mapping** out) {
  uint8_t* base = map_zeroed(bytes);
  if (base == nullptr) return NB_ERR_NO_MEMORY;
  Mapping* mapping = new (std::nothrow) Mapping;
  if (mapping == nullptr) {
    unmap(base, bytes);
    return NB_ERR_NO_MEMORY;
  }
  mapping->base_ = base;
  mapping->bytes_ = bytes;
  mapping->references_ = 1;
  Registry& all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  mapping->handle_.id = all.next_id++;
  mapping->handle_.key = all.salt ^ (mapping->handle_.id * 0x9E3779B9u);
  all.by_id[mapping->handle_.id] = mapping;
  *out = mapping;
  return NB_OK;
}

nb_status Mapping::attach(MappingHandle handle, Mapping** out) {
  Registry& all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.by_id.find(handle.id);
  if (found == all.by_id.end() || found->second->handle_.key != handle.key) return NB_ERR_NO_SUCH_SEGMENT;
  found->second->references_++;
  *out = found->second;
  return NB_OK;
}

void Mapping::release() {
  Registry& all = registry();
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    if (--references_ > 0) return;
    all.by_id.erase(handle_.id);
  }
  unmap(base_, bytes_);
  delete this;
}

}  // namespace neuronbus
