// SPDX-License-Identifier: MIT
#if defined(__linux__) && !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif
#include "locked_directory.h"

#if defined(__linux__)

#include <dirent.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "byte_lock.h"
#include "fault_point.h"

namespace neuronbus {

nb_status status_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return NB_ERR_NO_ROOM;
    case ENOMEM:
      return NB_ERR_NO_MEMORY;
    case EOPNOTSUPP:
    case ENOSYS:
      return NB_ERR_UNSUPPORTED;
    default:
      return NB_ERR_FILE_IO;
  }
}

int open_at(int directory, const char* path, int flags) {
  return retried([&] { return openat(directory, path, flags | O_NOFOLLOW | O_CLOEXEC, 0600); });
}

namespace {

// Of an open_at() that failed: what is in the place is not ours or not what it should be, a symbolic link for example.
nb_status refused(int error) {
  for (const int other : {EACCES, EPERM, ELOOP, ENOTDIR, EISDIR, ENXIO}) {
    if (error == other) return NB_ERR_NOT_OWNER;
  }
  return status_of(error);
}

}  // namespace

LockedDirectory::~LockedDirectory() {
  if (locked_) flock(lock_.get(), LOCK_UN);  // closing is not enough: a child between fork and exec has it open too
}

nb_status LockedDirectory::take(const std::string& path, If how) {
  const bool make = how == If::kMade;
  if (make && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return status_of(errno);
  NB_FAULT_POINT("directory made");
  directory_.reset(open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY));
  if (!directory_.valid()) return errno == ENOENT && !make ? NB_ERR_NO_SUCH_BUS : refused(errno);
  struct stat facts;
  if (fstat(directory_.get(), &facts) != 0) return status_of(errno);
  if (facts.st_uid != geteuid() || (facts.st_mode & 077) != 0) return NB_ERR_NOT_OWNER;

  lock_.reset(open_at(directory_.get(), ".lock", O_RDWR | O_CREAT | O_NONBLOCK));
  if (!lock_.valid()) return refused(errno);
  NB_FAULT_POINT("lock made");
  if (fstat(lock_.get(), &facts) != 0) return status_of(errno);
  if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid()) return NB_ERR_NOT_OWNER;
  if (retried([&] { return flock(lock_.get(), how == If::kFree ? LOCK_EX | LOCK_NB : LOCK_EX); }) != 0) return status_of(errno);
  locked_ = true;
  NB_FAULT_POINT("directory locked");
  list([&](const std::string& file) {
    if (file.compare(0, std::strlen(kTemporary), kTemporary) == 0) unlink(file);
  });
  return NB_OK;
}

nb_status LockedDirectory::open_checked(const std::string& file, Descriptor* out, struct stat* facts) const {
  out->reset(open_at(directory_.get(), file.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY));
  if (!out->valid()) return errno == ENOENT ? NB_ERR_NO_SUCH_BUS : refused(errno);
  if (fstat(out->get(), facts) != 0) return status_of(errno);
  const bool ours = S_ISREG(facts->st_mode) && facts->st_uid == geteuid() && (facts->st_mode & 07777) == 0600;
  return ours ? NB_OK : NB_ERR_NOT_OWNER;
}

void LockedDirectory::list(const std::function<void(const std::string&)>& look) const {
  const int copy = open_at(directory_.get(), ".", O_RDONLY | O_DIRECTORY);
  DIR* listing = copy < 0 ? nullptr : fdopendir(copy);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return;
  }
  while (const dirent* entry = readdir(listing)) look(entry->d_name);
  closedir(listing);
}

}  // namespace neuronbus

#endif  // __linux__
