// SPDX-License-Identifier: MIT
#include "mapping.h"

#include <cstdlib>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <sys/mman.h>
#endif

#include "process.h"

namespace neuronbus {
namespace {

struct Registry {
  std::mutex naming;  // before `mutex`: serialises what may wait for other processes, so that `mutex` never does
  std::mutex mutex;
  std::unordered_map<uint32_t, Mapping*> by_id;
  std::unordered_map<std::string, Mapping*> by_path;
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
  mapping->enroll();
  *out = mapping;
  return NB_OK;
}

nb_status Mapping::borrow(uint8_t* base, size_t bytes, Mapping** out) {
  Mapping* mapping = new (std::nothrow) Mapping;
  if (mapping == nullptr) return NB_ERR_NO_MEMORY;
  mapping->base_ = base;
  mapping->bytes_ = bytes;
  mapping->borrowed_ = true;
  mapping->enroll();
  *out = mapping;
  return NB_OK;
}

nb_status Mapping::create_named(const char* name, size_t bytes, size_t reserved, const FormatMapping& format,
                                Mapping** out) {
  std::lock_guard<std::mutex> naming(registry().naming);
  std::string path;
  std::unique_ptr<SharedFile> file;
  nb_status status = SharedFile::locate(name, &path);
  if (status == NB_OK && find_named(path) != nullptr) status = NB_ERR_NAME_TAKEN;
  if (status == NB_OK) status = SharedFile::create(path, bytes, reserved, format, &file);
  return status == NB_OK ? adopt(std::move(file), out) : status;
}

nb_status Mapping::open_named(const char* name, Mapping** out) {
  std::lock_guard<std::mutex> naming(registry().naming);
  std::string path;
  nb_status status = SharedFile::locate(name, &path);
  if (status != NB_OK) return status;
  if (Mapping* open = find_named(path)) {
    std::lock_guard<std::mutex> lock(registry().mutex);
    open->references_++;
    *out = open;
    return NB_OK;
  }
  std::unique_ptr<SharedFile> file;
  status = SharedFile::open(path, &file);
  return status == NB_OK ? adopt(std::move(file), out) : status;
}

// While the caller has `naming` the last reference cannot go.
Mapping* Mapping::find_named(const std::string& path) {
  Registry& all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.by_path.find(path);
  return found == all.by_path.end() || found->second->file_->inherited() ? nullptr : found->second;
}

nb_status Mapping::adopt(std::unique_ptr<SharedFile> file, Mapping** out) {
  Mapping* mapping = new (std::nothrow) Mapping;
  if (mapping == nullptr) {
    file->leave();
    return NB_ERR_NO_MEMORY;
  }
  mapping->base_ = file->base();
  mapping->bytes_ = file->bytes();
  mapping->file_ = std::move(file);
  mapping->enroll();
  *out = mapping;
  static const int unregistered = std::atexit(remove_names);
  (void)unregistered;
  return NB_OK;
}

// At the end of a process that did not release. Other threads may still be at work: it waits for nobody.
void Mapping::remove_names() {
  Registry& all = registry();
  const std::unique_lock<std::mutex> naming(all.naming, std::try_to_lock);
  const std::unique_lock<std::mutex> lock(all.mutex, std::try_to_lock);
  if (!naming || !lock) return;
  for (const auto& entry : all.by_path) {
    if (!entry.second->file_->inherited()) entry.second->file_->remove_if_last(false);
  }
}

void Mapping::enroll() {
  Registry& all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  references_ = 1;
  process_ = process_token();
  handle_.id = all.next_id++;
  handle_.key = all.salt ^ (handle_.id * 0x9E3779B9u);
  all.by_id[handle_.id] = this;
  if (named()) all.by_path[file_->path()] = this;
}

nb_status Mapping::attach(MappingHandle handle, Mapping** out) {
  Registry& all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.by_id.find(handle.id);
  if (found == all.by_id.end() || found->second->handle_.key != handle.key) return NB_ERR_NO_SUCH_SEGMENT;
  if (found->second->process_ != process_token()) return NB_ERR_NO_SUCH_SEGMENT;  // a forked child has a copy of its own
  found->second->references_++;
  *out = found->second;
  return NB_OK;
}

void Mapping::release() {
  Registry& all = registry();
  std::unique_lock<std::mutex> naming(all.naming, std::defer_lock);
  if (named()) {
    {
      std::lock_guard<std::mutex> lock(all.mutex);
      if (references_ > 1) {
        references_--;
        return;
      }
    }
    naming.lock();  // meanwhile another thread may take a reference
  }
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    if (--references_ > 0) return;
    all.by_id.erase(handle_.id);
    if (named()) {
      const auto found = all.by_path.find(file_->path());
      if (found != all.by_path.end() && found->second == this) all.by_path.erase(found);
    }
  }
  if (named()) {
    file_->leave();
  } else if (!borrowed_) {
    unmap(base_, bytes_);
  }
  delete this;
}

bool Mapping::hold_slot(uint32_t slot) {
  if (slot >= kSlots) return false;
  std::lock_guard<std::mutex> lock(slots_mutex_);
  if (slots_[slot] || (named() && !file_->lock_slot(slot))) return false;
  slots_[slot] = true;
  return true;
}

void Mapping::drop_slot(uint32_t slot) {
  if (slot >= kSlots) return;
  std::lock_guard<std::mutex> lock(slots_mutex_);
  if (!slots_[slot]) return;
  if (named()) file_->unlock_slot(slot);
  slots_[slot] = false;
}

bool Mapping::slot_held(uint32_t slot) const {
  return slot_held_here(slot) || (slot < kSlots && named() && file_->slot_locked_elsewhere(slot));
}

bool Mapping::slot_held_here(uint32_t slot) const {
  if (slot >= kSlots) return false;
  std::lock_guard<std::mutex> lock(slots_mutex_);
  return slots_[slot];
}

nb_status Mapping::reserve(uint64_t offset, uint64_t bytes) {
  return named() ? file_->reserve(offset, bytes) : NB_OK;
}

nb_status Mapping::check() {
  if (!named()) return NB_OK;
  std::lock_guard<std::mutex> lock(check_mutex_);
  return file_->check();
}

}  // namespace neuronbus
