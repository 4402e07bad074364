// SPDX-License-Identifier: MIT
//
// A bus file: memory that the processes of one user share under a name, and the kernel's locks that tell who is alive.
// Only Mapping may call this; it serialises locate(), create(), open() and leave(). The other functions: any thread.
//
//   /dev/shm/neuronbus-<euid>/        0700, ours; else ${TMPDIR:-/tmp}/neuronbus-<euid>. NEURONBUS_DIR names the parent.
//     .lock                           flock(): held for every decision to create, open or clean up, and never removed
//     .tmp-<name>-<pid>               not complete yet; whoever holds .lock may unlink it, for its maker is dead
//     <name>.bus                      0600; linked here when it is complete
//
// Byte locks of an open file description (OFD), far behind the contents of <name>.bus:
//
//   2^40 + slot, 1024 of them         exclusive: somebody holds this slot
//   2^40 + 4096                       shared: taken by every process that has the file open
//
// The kernel drops them when the description closes, however its process ends: a killed process and a zombie have none, a
// stopped process keeps them, and a recycled process id means nothing.
//
// A plain fork() shares the description with the child, so the child's life would count as the parent's. Such a child
// must exec, or leave the inherited mapping alone and open the name again: it is refused slots of the inherited one, and
// releasing that does not disturb the parent.
//
// A file that is unlinked while it is mapped goes on for those who have it; nobody else finds it, and its name is free. One
// that is cut short is memory that is gone. Nothing but a seal prevents that, and only files without a name can be sealed. Whoever
// touches what is gone finds zeros (cut_guard.h); check() tells that it happened, and is to be called again and again.
//
// Elsewhere than on Linux everything here is NB_ERR_UNSUPPORTED.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "neuronbus/errors.h"

namespace neuronbus {

class CutGuard;

// Fills memory that nobody else sees yet. It may not create, open or release named mappings.
using FormatMapping = std::function<nb_status(uint8_t* base, size_t bytes)>;

class SharedFile {
 public:
  static constexpr uint32_t kSlots = 1024;

  // 1 to 63 bytes of [A-Za-z0-9._-], not starting with '.'.
  static bool good_name(const char* name);

  // The path of a name. NB_ERR_INVALID_ARGUMENT: no good name, or a NEURONBUS_DIR that is not absolute. Touches no file.
  static nb_status locate(const char* name, std::string* path);

  // Makes the file of zeros, `reserved` bytes of it backed by memory, and lets `format` fill it; then it gets its name.
  // The leftovers of dead buses, of whatever name, are removed. A failure leaves nothing: NB_ERR_NAME_TAKEN, NB_ERR_NOT_OWNER,
  // NB_ERR_NO_ROOM, NB_ERR_NO_MEMORY, NB_ERR_FILE_IO, NB_ERR_INVALID_ARGUMENT, or what `format` returned.
  static nb_status create(const std::string& path, size_t bytes, size_t reserved, const FormatMapping& format,
                          std::unique_ptr<SharedFile>* out);

  // Maps all of a file that has a living participant. NB_ERR_NO_SUCH_BUS (leftovers are removed), NB_ERR_NOT_OWNER and
  // NB_ERR_BAD_SEGMENT (less than a page; both leave it as it is), NB_ERR_NO_MEMORY, NB_ERR_FILE_IO.
  static nb_status open(const std::string& path, std::unique_ptr<SharedFile>* out);

  // Gives up the slots and the presence, and removes the name when no participant is left. Destroy the object then.
  void leave();

  // Removes the name when no other process has the file open, and goes on. Without `wait`: unless another is at the names just
  // now. Not for who has it inherited.
  void remove_if_last(bool wait);

  ~SharedFile();  // unmaps; the name stays
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  uint8_t* base() const { return base_; }
  size_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

  // For the process, not for a thread: the second thread that locks a slot gets it too. Mapping keeps count.
  bool lock_slot(uint32_t slot);
  void unlock_slot(uint32_t slot);
  bool slot_locked_elsewhere(uint32_t slot) const;

  // Backs a range with memory, zeros where nothing was written. NB_ERR_NO_ROOM: a part of the range may be backed.
  // NB_ERR_BAD_SEGMENT: the file was cut.
  nb_status reserve(uint64_t offset, uint64_t bytes);

  // NB_ERR_BAD_SEGMENT when the file was ever found cut below what is mapped. The lost pages are zeros of this process alone
  // from then on. Threads call it one at a time.
  nb_status check();

  // Whether this object came from the parent through a plain fork().
  bool inherited() const;

 private:
  SharedFile() = default;
  nb_status map(const std::string& path, int fd, size_t bytes);
  nb_status file_size(uint64_t* bytes) const;

  std::string path_;
  uint8_t* base_ = nullptr;
  size_t bytes_ = 0;
  size_t whole_bytes_ = 0;  // of the file, as far as it was never found cut
  CutGuard* guard_ = nullptr;  // of the memory, as long as it is mapped
  int fd_ = -1;
  uint64_t process_ = 0;
};

}  // namespace neuronbus
