// SPDX-License-Identifier: MIT
//
// Shared memory, anonymous, named or lent by somebody, and the registry through which the threads of one process find it.
//
// Any thread. A mapping lives while it has references; the last release unmaps it. Nobody may touch the memory without
// holding a reference. An anonymous mapping is for the threads of one process; a named one is for all processes of a user
// (shared_file.h says how, and what a plain fork() must not do), and threads that open one name share one Mapping. A child by
// fork() has a copy of the registry, but finds nothing of its parent there: anonymous memory is a copy, too. A process
// that calls exit() with references takes the names with it that no other process has open.
//
// Slots are the numbers 0 to kSlots - 1, each held by one holder in all processes; the death of a process drops those of a
// named mapping. They are held by the process: threads agree among themselves who drops which.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "neuronbus/errors.h"
#include "shared_file.h"

namespace neuronbus {

struct MappingHandle {
  uint32_t id = 0;
  uint32_t key = 0;  // unguessed by accident: a handle of another process does not open a mapping of this one
};

class Mapping {
 public:
  static constexpr uint32_t kSlots = SharedFile::kSlots;

  // Maps `bytes` of zeroed memory, committed by the OS when touched, and registers it with one reference. On failure
  // nothing is registered: NB_ERR_NO_MEMORY.
  static nb_status create(size_t bytes, Mapping** out);

  // The same with a name that other processes can open once `format` has filled the memory. The first `reserved` bytes
  // are backed at once; reserve() what lies behind before it is touched, or a full filesystem is a SIGBUS.
  // NB_ERR_NAME_TAKEN while any process, this one too, has the name open; otherwise the errors of SharedFile::create()
  // and SharedFile::locate(); NB_ERR_UNSUPPORTED elsewhere than on Linux. Nothing is left behind by a failure.
  static nb_status create_named(const char* name, size_t bytes, size_t reserved, const FormatMapping& format,
                                Mapping** out);

  // Registers zeroed or formatted memory that somebody else owns, with one reference. The owner keeps it until the last
  // release, which leaves it alone. NB_ERR_NO_MEMORY.
  static nb_status borrow(uint8_t* base, size_t bytes, Mapping** out);

  // Opens what create_named() made, or adds a reference when this process has it open. NB_ERR_NO_SUCH_BUS when no living
  // process has it; otherwise the errors of SharedFile::open() and SharedFile::locate(); NB_ERR_UNSUPPORTED as above.
  static nb_status open_named(const char* name, Mapping** out);

  // Adds a reference to the mapping of a handle. NB_ERR_NO_SUCH_SEGMENT when it is closed or was not made by this process.
  static nb_status attach(MappingHandle handle, Mapping** out);

  // The last release of a named mapping drops its slots, and removes the file when no other process has it open.
  void release();

  // False when somebody else has it, in this process or another, and for numbers out of range.
  bool hold_slot(uint32_t slot);
  // Nothing happens to a slot that this process does not hold.
  void drop_slot(uint32_t slot);
  bool slot_held(uint32_t slot) const;
  bool slot_held_here(uint32_t slot) const;

  // Backs a range of a named mapping with memory; does nothing to an anonymous one. NB_ERR_NO_ROOM (a part of the range
  // may be backed), NB_ERR_INVALID_ARGUMENT (not inside the mapping), NB_ERR_UNSUPPORTED (the filesystem cannot),
  // NB_ERR_BAD_SEGMENT (the file was cut).
  nb_status reserve(uint64_t offset, uint64_t bytes);

  // NB_ERR_BAD_SEGMENT when somebody cut the file of a named mapping short: the lost pages are zeros then, which no other process
  // sees. To be called now and then by whoever uses a named mapping.
  nb_status check();

  bool named() const { return file_ != nullptr; }
  bool borrowed() const { return borrowed_; }
  uint8_t* base() const { return base_; }
  size_t bytes() const { return bytes_; }
  MappingHandle handle() const { return handle_; }

 private:
  Mapping() = default;
  ~Mapping() = default;
  static void remove_names();
  static Mapping* find_named(const std::string& path);
  static nb_status adopt(std::unique_ptr<SharedFile> file, Mapping** out);
  void enroll();

  uint8_t* base_ = nullptr;
  size_t bytes_ = 0;
  std::unique_ptr<SharedFile> file_;  // null: anonymous
  bool borrowed_ = false;
  MappingHandle handle_;
  uint64_t process_ = 0;
  uint32_t references_ = 0;  // guarded by the registry's mutex

  mutable std::mutex slots_mutex_;
  std::bitset<kSlots> slots_;  // held here
  std::mutex check_mutex_;
};

}  // namespace neuronbus
