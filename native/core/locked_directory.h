// SPDX-License-Identifier: MIT
//
// The directory of bus files, locked: who has one may decide what becomes of the names in it. shared_file.h draws it.
//
// Any thread; the lock is between processes, and between objects of this class.
#pragma once

#if defined(__linux__)

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include "neuronbus/errors.h"

namespace neuronbus {

class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(-1); }
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int keep() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// What errno says, as a status.
nb_status status_of(int error);

// openat() that follows no symbolic link and is closed by exec.
int open_at(int directory, const char* path, int flags);

class LockedDirectory {
 public:
  // Files of this prefix are not complete; take() removes them.
  static constexpr const char* kTemporary = ".tmp-";

  LockedDirectory() = default;
  ~LockedDirectory();
  LockedDirectory(const LockedDirectory&) = delete;
  LockedDirectory& operator=(const LockedDirectory&) = delete;

  enum class If { kThere, kMade, kFree };

  // Takes the lock, then removes temporaries. kThere: NB_ERR_NO_SUCH_BUS when there is no directory; kMade: makes it; both
  // wait for the lock. kFree is kThere, but NB_ERR_FILE_IO when another has the lock.
  nb_status take(const std::string& path, If how);

  // NB_ERR_NO_SUCH_BUS, or NB_ERR_NOT_OWNER unless it is a regular file of ours that nobody else may touch.
  nb_status open_checked(const std::string& file, Descriptor* out, struct stat* facts) const;

  int fd() const { return directory_.get(); }
  // Calls `look` with the name of each file, which it may unlink.
  void list(const std::function<void(const std::string&)>& look) const;
  void unlink(const std::string& file) const { unlinkat(directory_.get(), file.c_str(), 0); }

 private:
  Descriptor directory_;
  Descriptor lock_;
  bool locked_ = false;
};

}  // namespace neuronbus

#endif  // __linux__
