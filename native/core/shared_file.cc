// SPDX-License-Identifier: MIT
#if defined(__linux__) && !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif
#include "shared_file.h"

#if defined(__linux__)
#include <fcntl.h>
#endif

#if defined(__linux__) && defined(F_OFD_SETLK)

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "byte_lock.h"
#include "cut_guard.h"
#include "fault_point.h"
#include "locked_directory.h"
#include "neuronbus/layout.h"
#include "process.h"

namespace neuronbus {
namespace {

static_assert(sizeof(off_t) == 8, "the lock bytes lie at 2^40");

constexpr off_t kLocks = off_t{1} << 40;
constexpr off_t kPresence = kLocks + 4096;
constexpr uint64_t kEndOfBytes = std::min<uint64_t>(kLocks, SIZE_MAX);
constexpr size_t kMaxName = 63;
constexpr const char* kSuffix = ".bus";

size_t whole_pages(size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string file_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

nb_status announce_presence(int fd) {
  if (set_lock(fd, F_RDLCK, kPresence)) return NB_OK;
  return errno == EINVAL ? NB_ERR_UNSUPPORTED : status_of(errno);  // EINVAL: a kernel without these locks
}

// Opens the file of a living bus. NB_ERR_NO_SUCH_BUS: there is none any more, the leftovers of a dead one are removed.
nb_status open_living(const LockedDirectory& directory, const std::string& file, Descriptor* out, struct stat* facts) {
  const nb_status status = directory.open_checked(file, out, facts);
  if (status != NB_OK || locked_elsewhere(out->get(), kPresence)) return status;
  NB_FAULT_POINT("leftovers found");
  directory.unlink(file);
  return NB_ERR_NO_SUCH_BUS;
}

// The leftovers of all dead buses are removed: nobody may ever ask for their names again. NB_OK when `file` is free.
nb_status make_room(const LockedDirectory& directory, const std::string& file) {
  struct stat facts;
  directory.list([&](const std::string& other) {
    Descriptor ignored;
    const size_t stem = other.size() - std::min(other.size(), std::strlen(kSuffix));
    if (other.compare(stem, std::string::npos, kSuffix) == 0) open_living(directory, other, &ignored, &facts);
  });
  Descriptor present;
  const nb_status status = open_living(directory, file, &present, &facts);
  if (status == NB_ERR_NO_SUCH_BUS) return NB_OK;
  return status == NB_OK ? NB_ERR_NAME_TAKEN : status;
}

// fallocate(2), not posix_fallocate(3): that one may write zeros where a filesystem cannot reserve, over what other
// processes write meanwhile. The kernel undoes an interrupted call, so the steps shrink until one gets through.
nb_status reserve_range(int fd, uint64_t offset, uint64_t bytes) {
  constexpr uint64_t kMaxStep = 64u << 20;
  constexpr uint64_t kMinStep = 64u << 10;
  uint64_t step = kMaxStep;
  while (bytes > 0) {
    const uint64_t now = std::min(bytes, step);
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(now)) == 0) {
      offset += now;
      bytes -= now;
    } else if (errno == EINTR) {
      step = std::max(step / 2, kMinStep);
    } else {
      return status_of(errno);
    }
  }
  return NB_OK;
}

// Growing a file beyond this limit is a deadly signal, not an error.
bool beyond_file_limit(size_t bytes) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur;
}

// Unlinks the temporary however creating it ends.
class Temporary {
 public:
  Temporary(const LockedDirectory& directory, std::string file) : directory_(directory), file_(std::move(file)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    NB_FAULT_POINT("two names");
    directory_.unlink(file_);
    NB_FAULT_POINT("file complete");
  }

  nb_status make(size_t bytes, size_t reserved, Descriptor* out) const {
    out->reset(open_at(directory_.fd(), file_.c_str(), O_RDWR | O_CREAT | O_EXCL));
    if (!out->valid()) return status_of(errno);
    NB_FAULT_POINT("file made");
    if (fchmod(out->get(), 0600) != 0) return status_of(errno);  // whatever the umask took away
    if (retried([&] { return ftruncate(out->get(), static_cast<off_t>(bytes)); }) != 0) return status_of(errno);
    NB_FAULT_POINT("file sized");
    return reserve_range(out->get(), 0, reserved);
  }

  nb_status publish(const std::string& file) const {
    if (linkat(directory_.fd(), file_.c_str(), directory_.fd(), file.c_str(), 0) == 0) return NB_OK;
    return errno == EEXIST ? NB_ERR_NAME_TAKEN : status_of(errno);
  }

 private:
  const LockedDirectory& directory_;
  const std::string file_;
};

}  // namespace

bool SharedFile::good_name(const char* name) {
  const size_t length = name == nullptr ? 0 : strnlen(name, kMaxName + 1);
  if (length == 0 || length > kMaxName || name[0] == '.') return false;
  return std::all_of(name, name + length, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::strchr("._-", c) != nullptr;
  });
}

nb_status SharedFile::locate(const char* name, std::string* path) {
  if (!good_name(name)) return NB_ERR_INVALID_ARGUMENT;
  const char* parent = std::getenv("NEURONBUS_DIR");
  if (parent != nullptr && *parent != '\0') {
    if (*parent != '/') return NB_ERR_INVALID_ARGUMENT;
  } else if (faccessat(AT_FDCWD, "/dev/shm/", W_OK | X_OK, AT_EACCESS) == 0) {
    parent = "/dev/shm";
  } else {
    parent = std::getenv("TMPDIR");
    if (parent == nullptr || *parent != '/') parent = "/tmp";
  }
  *path = std::string(parent) + "/neuronbus-" + std::to_string(geteuid()) + "/" + name + kSuffix;
  return NB_OK;
}

nb_status SharedFile::create(const std::string& path, size_t bytes, size_t reserved, const FormatMapping& format,
                             std::unique_ptr<SharedFile>* out) {
  if (bytes < NB_PAGE_BYTES || bytes >= kEndOfBytes || reserved > bytes) return NB_ERR_INVALID_ARGUMENT;
  if (beyond_file_limit(bytes)) return NB_ERR_NO_ROOM;
  std::unique_ptr<SharedFile> made(new (std::nothrow) SharedFile);
  if (made == nullptr) return NB_ERR_NO_MEMORY;

  LockedDirectory directory;
  nb_status status = directory.take(directory_of(path), LockedDirectory::If::kMade);
  if (status != NB_OK) return status;
  const std::string file = file_of(path);
  status = make_room(directory, file);
  if (status != NB_OK) return status;

  const std::string name = file.substr(0, file.size() - std::strlen(kSuffix));
  const Temporary temporary(directory, LockedDirectory::kTemporary + name + "-" + std::to_string(getpid()));
  Descriptor fd;
  status = temporary.make(bytes, reserved, &fd);
  NB_FAULT_POINT("file reserved");
  if (status == NB_OK) status = made->map(path, fd.keep(), bytes);
  NB_FAULT_POINT("file mapped");
  if (status == NB_OK) status = format(made->base_, bytes);
  NB_FAULT_POINT("file formatted");
  if (status == NB_OK) status = announce_presence(made->fd_);
  NB_FAULT_POINT("presence announced");
  if (status == NB_OK) status = temporary.publish(file);
  if (status == NB_OK) *out = std::move(made);
  return status;
}

nb_status SharedFile::open(const std::string& path, std::unique_ptr<SharedFile>* out) {
  std::unique_ptr<SharedFile> opened(new (std::nothrow) SharedFile);
  if (opened == nullptr) return NB_ERR_NO_MEMORY;
  LockedDirectory directory;
  nb_status status = directory.take(directory_of(path), LockedDirectory::If::kThere);
  if (status != NB_OK) return status;

  Descriptor fd;
  struct stat facts;
  status = open_living(directory, file_of(path), &fd, &facts);
  if (status != NB_OK) return status;
  const auto bytes = static_cast<uint64_t>(facts.st_size);
  if (bytes < NB_PAGE_BYTES || bytes >= kEndOfBytes) return NB_ERR_BAD_SEGMENT;
  status = announce_presence(fd.get());
  if (status == NB_OK) status = opened->map(path, fd.keep(), static_cast<size_t>(bytes));
  if (status == NB_OK) *out = std::move(opened);
  return status;
}

nb_status SharedFile::map(const std::string& path, int fd, size_t bytes) {
  path_ = path;
  fd_ = fd;
  bytes_ = whole_bytes_ = bytes;
  process_ = process_token();  // its number may come again, and is the same in two namespaces
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return status_of(errno);
  base_ = static_cast<uint8_t*>(base);
  guard_ = CutGuard::guard(base_, whole_pages(bytes));
  return guard_ == nullptr ? NB_ERR_NO_MEMORY : NB_OK;
}

void SharedFile::leave() {
  if (inherited()) return;
  remove_if_last(true);
  set_lock(fd_, F_UNLCK, kLocks, 0);  // closing is not enough, as for .lock
}

void SharedFile::remove_if_last(bool wait) {
  LockedDirectory directory;
  const auto how = wait ? LockedDirectory::If::kThere : LockedDirectory::If::kFree;
  const std::string file = file_of(path_);
  struct stat ours;
  struct stat named;
  // Without the lock nothing is removed; whoever comes next finds that everybody is dead. The name may be another's file
  // by now: somebody may have cleared the directory.
  if (directory.take(directory_of(path_), how) == NB_OK && !locked_elsewhere(fd_, kPresence) &&
      fstat(fd_, &ours) == 0 && fstatat(directory.fd(), file.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
      ours.st_dev == named.st_dev && ours.st_ino == named.st_ino) {
    NB_FAULT_POINT("last to leave");
    directory.unlink(file);
  }
  NB_FAULT_POINT("name removed");
}

SharedFile::~SharedFile() {
  if (guard_ != nullptr) guard_->unguard();
  if (base_ != nullptr) munmap(base_, bytes_);
  if (fd_ >= 0) ::close(fd_);
}

bool SharedFile::lock_slot(uint32_t slot) {
  return !inherited() && set_lock(fd_, F_WRLCK, kLocks + slot);
}

void SharedFile::unlock_slot(uint32_t slot) {
  if (!inherited()) set_lock(fd_, F_UNLCK, kLocks + slot);
}

bool SharedFile::slot_locked_elsewhere(uint32_t slot) const { return locked_elsewhere(fd_, kLocks + slot); }

nb_status SharedFile::reserve(uint64_t offset, uint64_t bytes) {
  if (offset > bytes_ || bytes > bytes_ - offset) return NB_ERR_INVALID_ARGUMENT;
  const nb_status status = reserve_range(fd_, offset, bytes);
  uint64_t size = 0;
  if (status != NB_OK || file_size(&size) != NB_OK) return status;
  return size < offset + bytes ? NB_ERR_BAD_SEGMENT : NB_OK;  // memory behind the end of a file is no use
}

nb_status SharedFile::file_size(uint64_t* bytes) const {
  struct stat facts;
  if (fstat(fd_, &facts) != 0) return status_of(errno);
  *bytes = static_cast<uint64_t>(facts.st_size);
  return NB_OK;
}

nb_status SharedFile::check() {
  uint64_t size = 0;
  const nb_status status = file_size(&size);
  if (status != NB_OK) return status;
  whole_bytes_ = std::min({whole_bytes_, static_cast<size_t>(size), guard_->kept()});
  // The last page is there to its end. Where the system refuses, whoever touches the rest tries again.
  if (whole_bytes_ < bytes_) (void)guard_->give_up(whole_pages(whole_bytes_));
  return whole_bytes_ < bytes_ ? NB_ERR_BAD_SEGMENT : NB_OK;
}

bool SharedFile::inherited() const { return process_ != process_token(); }

}  // namespace neuronbus

#else

namespace neuronbus {
bool SharedFile::good_name(const char*) { return true; }  // locate() refuses all of them
nb_status SharedFile::locate(const char*, std::string*) { return NB_ERR_UNSUPPORTED; }
nb_status SharedFile::create(const std::string&, size_t, size_t, const FormatMapping&, std::unique_ptr<SharedFile>*) {
  return NB_ERR_UNSUPPORTED;
}
nb_status SharedFile::open(const std::string&, std::unique_ptr<SharedFile>*) { return NB_ERR_UNSUPPORTED; }
void SharedFile::leave() {}
void SharedFile::remove_if_last(bool) {}
SharedFile::~SharedFile() = default;
bool SharedFile::lock_slot(uint32_t) { return false; }
void SharedFile::unlock_slot(uint32_t) {}
bool SharedFile::slot_locked_elsewhere(uint32_t) const { return false; }
nb_status SharedFile::reserve(uint64_t, uint64_t) { return NB_ERR_UNSUPPORTED; }
nb_status SharedFile::check() { return NB_ERR_UNSUPPORTED; }
nb_status SharedFile::file_size(uint64_t*) const { return NB_ERR_UNSUPPORTED; }
bool SharedFile::inherited() const { return false; }
}  // namespace neuronbus

#endif
