// SPDX-License-Identifier: MIT
//
// Files of plain values with a check sum at the end. A file is written beside its name and renamed over it when it is complete, so
// that its name always stands for a whole file.
//
// One thread. Numbers are little endian, as on every processor that this is compiled for.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "memory.h"
#include "neuronbus/errors.h"

namespace neuronbus::population {

// Of all words in order: a change of one word alone always changes it.
class CheckSum {
 public:
  // A part that is no whole number of words may only be the last.
  void add(const uint8_t* bytes, size_t count);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325u;
};

class ArchiveWriter {
 public:
  explicit ArchiveWriter(const char* path);
  ~ArchiveWriter();  // removes what was not finished
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  template <typename T>
  void put(const T& value) {
    static_assert(std::is_arithmetic<T>::value || std::is_enum<T>::value, "no padding goes into a file");
    put_bytes(&value, sizeof(T));
  }
  template <typename T>
  void put_array(const T* values, size_t count) {
    put_bytes(values, count * sizeof(T));
  }
  // NB_ERR_FILE_IO: nothing is left of it, and the file that was there is as it was.
  nb_status finish();

 private:
  void put_bytes(const void* bytes, size_t count);
  void flush();

  std::string path_, part_;
  std::FILE* file_ = nullptr;
  bool failed_ = false;
  Column<uint8_t> buffer_;
  size_t held_ = 0;
  CheckSum sum_;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(const char* path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  bool opened() const { return file_ != nullptr; }
  // Bytes before the check sum that were not read yet. What a file says of its sizes must fit in here before memory is taken for it.
  uint64_t left() const { return left_; }
  bool fits(uint64_t count, uint64_t bytes_each) const { return count <= left_ / bytes_each; }

  // False at the end of the file; then the value is not to be used.
  template <typename T>
  bool get(T* value) {
    static_assert(std::is_arithmetic<T>::value, "enumerations are read as numbers and checked");
    return get_bytes(value, sizeof(T));
  }
  template <typename T>
  bool get_array(T* values, uint64_t count) {
    return fits(count, sizeof(T)) && get_bytes(values, count * sizeof(T));
  }
  template <typename T>
  nb_status get_column(Column<T>* column, uint64_t count) {
    if (!fits(count, sizeof(T))) return NB_ERR_BAD_FILE;
    if (!column->resize(count)) return NB_ERR_NO_MEMORY;
    return get_array(column->data(), count) ? NB_OK : NB_ERR_BAD_FILE;
  }
  // Whether everything was read, and the check sum is right.
  bool complete();

 private:
  bool get_bytes(void* bytes, size_t count);

  std::FILE* file_ = nullptr;
  uint64_t left_ = 0;    // to be given out
  uint64_t unread_ = 0;  // of them not in the buffer
  Column<uint8_t> buffer_;
  size_t begin_ = 0, end_ = 0;
  CheckSum sum_;
};

}  // namespace neuronbus::population
