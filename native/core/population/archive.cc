// SPDX-License-Identifier: MIT
#include "archive.h"

#include <atomic>
#include <cstring>

#if defined(_WIN32)
#include <io.h>
#include <process.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace neuronbus::population {
namespace {

constexpr size_t kCheckSumBytes = 8;
constexpr size_t kBuffer = size_t{1} << 16;

#if defined(_WIN32)
std::wstring wide(const std::string& path) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
  std::wstring text(static_cast<size_t>(length > 0 ? length : 1), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, text.data(), length);
  return text;
}
std::FILE* open_file(const std::string& path, bool write) { return _wfopen(wide(path).c_str(), write ? L"wb" : L"rb"); }
uint64_t process_number() { return static_cast<uint64_t>(_getpid()); }
bool flush_to_disk(std::FILE* file) { return std::fflush(file) == 0 && _commit(_fileno(file)) == 0; }
bool replace_file(const std::string& from, const std::string& to) {
  return MoveFileExW(wide(from).c_str(), wide(to).c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0;
}
void remove_file(const std::string& path) { (void)DeleteFileW(wide(path).c_str()); }
int64_t size_of(std::FILE* file) {
  if (_fseeki64(file, 0, SEEK_END) != 0) return -1;
  const int64_t size = _ftelli64(file);
  return _fseeki64(file, 0, SEEK_SET) == 0 ? size : -1;
}
#else
std::FILE* open_file(const std::string& path, bool write) { return std::fopen(path.c_str(), write ? "wb" : "rb"); }
uint64_t process_number() { return static_cast<uint64_t>(getpid()); }
bool flush_to_disk(std::FILE* file) { return std::fflush(file) == 0 && fsync(fileno(file)) == 0; }
bool replace_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return false;
  // The folder, so that the new name outlives a loss of power; where that cannot be asked for, the rename has happened all the same.
  const size_t slash = to.rfind('/');
  const int folder = open(slash == std::string::npos ? "." : to.substr(0, slash + 1).c_str(), O_RDONLY);
  if (folder >= 0) {
    (void)fsync(folder);
    (void)close(folder);
  }
  return true;
}
void remove_file(const std::string& path) { (void)unlink(path.c_str()); }
int64_t size_of(std::FILE* file) {
  if (fseeko(file, 0, SEEK_END) != 0) return -1;
  const int64_t size = ftello(file);
  return fseeko(file, 0, SEEK_SET) == 0 ? size : -1;
}
#endif

std::atomic<uint32_t> parts{0};

}  // namespace

// Every word goes through a multiplication by an odd number and a rotation, both of which can be undone: two files that differ in
// one word only never have the same sum.
void CheckSum::add(const uint8_t* bytes, size_t count) {
  const auto mix = [&](uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ = hash_ << 29 | hash_ >> 35;
  };
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    mix(word);
  }
  for (; count > 0; bytes++, count--) mix(*bytes);
}

ArchiveWriter::ArchiveWriter(const char* path) : path_(path) {
  part_ = path_ + "." + std::to_string(process_number()) + "-" + std::to_string(parts.fetch_add(1, std::memory_order_relaxed)) + ".part";
  file_ = open_file(part_, true);
  failed_ = file_ == nullptr || !buffer_.resize(kBuffer);
}

ArchiveWriter::~ArchiveWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  remove_file(part_);
}

void ArchiveWriter::put_bytes(const void* bytes, size_t count) {
  const uint8_t* from = static_cast<const uint8_t*>(bytes);
  while (count > 0 && !failed_) {
    const size_t now = count < kBuffer - held_ ? count : kBuffer - held_;
    std::memcpy(buffer_.data() + held_, from, now);
    held_ += now;
    from += now;
    count -= now;
    if (held_ == kBuffer) flush();
  }
}

void ArchiveWriter::flush() {
  sum_.add(buffer_.data(), held_);
  failed_ = failed_ || std::fwrite(buffer_.data(), 1, held_, file_) != held_;
  held_ = 0;
}

nb_status ArchiveWriter::finish() {
  if (!failed_) flush();
  if (failed_) return NB_ERR_FILE_IO;
  const uint64_t sum = sum_.value();
  if (std::fwrite(&sum, 1, kCheckSumBytes, file_) != kCheckSumBytes || !flush_to_disk(file_)) return NB_ERR_FILE_IO;
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (closed && replace_file(part_, path_)) return NB_OK;
  remove_file(part_);
  return NB_ERR_FILE_IO;
}

ArchiveReader::ArchiveReader(const char* path) : file_(open_file(path, false)) {
  if (file_ == nullptr) return;
  const int64_t size = size_of(file_);
  left_ = size > static_cast<int64_t>(kCheckSumBytes) ? static_cast<uint64_t>(size) - kCheckSumBytes : 0;
  unread_ = left_;
  if (!buffer_.resize(kBuffer)) left_ = 0;
}

ArchiveReader::~ArchiveReader() {
  if (file_ != nullptr) std::fclose(file_);
}

bool ArchiveReader::get_bytes(void* bytes, size_t count) {
  uint8_t* to = static_cast<uint8_t*>(bytes);
  bool held = count <= left_;
  while (held && count > 0) {
    if (begin_ == end_) {
      const size_t wanted = unread_ < kBuffer ? static_cast<size_t>(unread_) : kBuffer;
      held = std::fread(buffer_.data(), 1, wanted, file_) == wanted;
      if (!held) break;
      sum_.add(buffer_.data(), wanted);
      unread_ -= wanted;
      begin_ = 0;
      end_ = wanted;
    }
    const size_t now = count < end_ - begin_ ? count : end_ - begin_;
    std::memcpy(to, buffer_.data() + begin_, now);
    begin_ += now;
    left_ -= now;
    to += now;
    count -= now;
  }
  if (!held) left_ = 0;
  return held;
}

bool ArchiveReader::complete() {
  uint64_t sum = 0;
  if (left_ != 0 || unread_ != 0 || std::fread(&sum, 1, kCheckSumBytes, file_) != kCheckSumBytes) return false;
  return sum == sum_.value() && std::fgetc(file_) == EOF;
}

}  // namespace neuronbus::population
