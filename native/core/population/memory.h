// SPDX-License-Identifier: MIT
//
// Columns: aligned arrays of plain values whose allocation may fail, because there are no exceptions to say so.
//
// A column belongs to one thread at a time; the count of bytes is for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace neuronbus::population {

constexpr size_t kColumnAlignment = 64;  // a cache line, and the widest vector

// Zeroed memory, aligned; of huge pages where it is large and the system has them. Null when it is refused, also when all columns
// together would be more than the machine, or its container, has.
void* allocate_column(size_t bytes);
void release_column(void* memory, size_t bytes);

// Whether so many bytes more would not be refused for being more than there is.
bool room_for(double bytes);

// Bytes in columns of this process, and how many there may be (tests refuse memory with it).
uint64_t column_bytes();
void limit_column_bytes(uint64_t bytes);

template <typename T>
class Column {
  static_assert(std::is_trivially_copyable<T>::value, "columns are copied as bytes");

 public:
  Column() = default;
  Column(const Column&) = delete;
  Column& operator=(const Column&) = delete;
  Column(Column&& other) noexcept { *this = std::move(other); }
  Column& operator=(Column&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
    return *this;
  }
  ~Column() { release_column(data_, capacity_ * sizeof(T)); }

  // Exactly `size` values, the new ones zero. False when memory is refused; nothing changed then.
  bool resize(size_t size) {
    if (size > capacity_ && !reserve(size)) return false;
    const size_t dirty = size < used_ ? size : used_;  // what lies behind is zero since it was allocated
    if (dirty > size_) std::memset(static_cast<void*>(data_ + size_), 0, (dirty - size_) * sizeof(T));
    grown_to(size);
    return true;
  }

  // Room for `capacity` values in all.
  bool reserve(size_t capacity) {
    if (capacity <= capacity_) return true;
    if (capacity > SIZE_MAX / 2 / sizeof(T)) return false;
    T* data = static_cast<T*>(allocate_column(capacity * sizeof(T)));
    if (data == nullptr) return false;
    if (size_ > 0) std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
    release_column(data_, capacity_ * sizeof(T));
    data_ = data;
    capacity_ = capacity;
    used_ = size_;
    return true;
  }

  // As many values as given, copied; grows by halves.
  bool append(const T& value) {
    if (size_ == capacity_ && !reserve(size_ + size_ / 2 + 16)) return false;
    data_[size_] = value;
    grown_to(size_ + 1);
    return true;
  }

  bool assign(const T* values, size_t count) {
    Column fresh;
    if (!fresh.resize(count)) return false;
    if (count > 0) std::memcpy(static_cast<void*>(fresh.data_), values, count * sizeof(T));
    *this = std::move(fresh);
    return true;
  }

  void fill(T value) {
    for (size_t i = 0; i < size_; i++) data_[i] = value;
  }
  void clear() { *this = Column(); }
  void truncate(size_t size) { size_ = size < size_ ? size : size_; }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint64_t bytes() const { return capacity_ * sizeof(T); }

 private:
  void grown_to(size_t size) {
    size_ = size;
    if (used_ < size) used_ = size;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t used_ = 0;  // values that may be other than zero
};

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace neuronbus::population
