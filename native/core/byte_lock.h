// SPDX-License-Identifier: MIT
//
// Locks on single bytes of a file that belong to an open description, so that the kernel gives them up with the process (Linux,
// fcntl F_OFD_*). Any thread.
#pragma once

#include <fcntl.h>

#include <cerrno>

namespace neuronbus {

// Calls again when a signal came in between.
template <typename Call>
int retried(Call call) {
  int result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

inline struct flock range(short type, off_t start, off_t length) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

inline bool set_lock(int fd, short type, off_t start, off_t length = 1) {
  struct flock lock = range(type, start, length);
  return retried([&] { return fcntl(fd, F_OFD_SETLK, &lock); }) == 0;
}

// By another description than fd's. An error counts as locked: what may be alive is not cleaned up.
inline bool locked_elsewhere(int fd, off_t byte) {
  struct flock lock = range(F_WRLCK, byte, 1);
  return retried([&] { return fcntl(fd, F_OFD_GETLK, &lock); }) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace neuronbus
