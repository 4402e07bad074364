// SPDX-License-Identifier: MIT
//
// The synapses onto some neighbouring shards of one thread, in rows by pre-neuron; all of a row is in one place. Within it they stand
// by post, so that those onto each shard are a piece of the row.
//
//   all-to-all   one shard; a row is `stride` weights, of which the first `count` are synapses
//   others       start[row * shards + s] is where the piece of a row onto the s-th shard begins, and the one before it ends
//
// Where that is too much for one block, all blocks of a projection are of one shard each: so what is refused depends on the shards,
// and not on how many of them a thread has.
//
// While steps are computed a block belongs to the thread of its shards.
#pragma once

#include <algorithm>
#include <atomic>

#include "memory.h"
#include "network.h"

namespace neuronbus::population {

// Rows are read in pieces of this many synapses, beyond their ends: columns of sparse rows have as much room behind them.
constexpr uint32_t kRowPadding = 16;
// The starts of the pieces of a row fill a cache line.
constexpr uint32_t kBlockShards = 16;
// How many synapses a block can have, as their places are numbers of 32 bits. Tests lower it.
inline std::atomic<uint64_t> most_block_synapses{(uint64_t{1} << 32) - 1};

// Where rows begin. Rows that are all equally long need no table.
class RowStarts {
 public:
  // For loops: what a compiler cannot know to stay as it is while weights are written.
  struct Look {
    const uint32_t* table;
    uint32_t each;
    uint32_t operator[](size_t row) const { return table != nullptr ? table[row] : static_cast<uint32_t>(row) * each; }
  };
  Look look() const { return {table_.empty() ? nullptr : table_.data(), each_}; }
  uint32_t operator[](size_t row) const { return look()[row]; }

  // First count(row) for each synapse of `rows` rows, then finish().
  bool begin(size_t rows) { return table_.resize(rows + 1); }
  void count(size_t row, uint32_t synapses = 1) { table_[row + 1] += synapses; }
  // Says how many there are in all. NB_ERR_TOO_LARGE: more than a block can have.
  nb_status finish(uint64_t* synapses);

  uint64_t bytes() const { return table_.bytes(); }

 private:
  Column<uint32_t> table_;  // of each row, and the end; empty: each_
  uint32_t each_ = 0;
};

inline nb_status RowStarts::finish(uint64_t* synapses) {
  const size_t rows = table_.size() - 1;
  uint64_t total = 0;
  bool even = true;
  for (size_t row = 0; row < rows; row++) {
    even = even && table_[row + 1] == table_[1];
    total += table_[row + 1];
  }
  *synapses = total;
  if (total > most_block_synapses.load(std::memory_order_relaxed)) return NB_ERR_TOO_LARGE;
  each_ = rows > 0 ? table_[1] : 0;
  if (even) {
    table_.clear();
    return NB_OK;
  }
  for (size_t row = 0; row < rows; row++) table_[row + 1] += table_[row];
  return NB_OK;
}

struct Block {
  uint32_t first = 0, count = 0;        // posts
  uint32_t shard = 0, shards = 1;       // the first one, and how many
  uint32_t shard_posts = 0;             // of each shard but the last
  uint32_t stride = 0;                  // of all-to-all rows; 0: rows are in start and index
  RowStarts start;
  Column<uint16_t> index;               // post, within its shard
  Column<float> weight;                 // empty: all synapses have the constant; all-to-all and constant: one row
  Column<float> eligibility;

  bool dense() const { return stride != 0; }
  bool one_row() const { return weight.size() == stride; }  // all-to-all: whether all rows are the same

  // Positions of weights.
  size_t begin(uint32_t row, uint32_t s) const {
    return dense() ? (one_row() ? 0 : size_t{row} * stride) : start[size_t{row} * shards + s];
  }
  size_t end(uint32_t row, uint32_t s) const { return dense() ? begin(row, s) + count : start[size_t{row} * shards + s + 1]; }
  uint32_t length(uint32_t row) const { return static_cast<uint32_t>(end(row, shards - 1) - begin(row, 0)); }
  // Of sparse rows: the piece with the synapses onto a post, and its index there.
  size_t piece(uint32_t row, uint32_t to) const { return size_t{row} * shards + (to - first) / shard_posts; }
  uint16_t index_of(uint32_t to) const { return static_cast<uint16_t>((to - first) % shard_posts); }
  // The post of a synapse in the piece that begins at `begin`.
  uint32_t post(uint32_t s, size_t begin, size_t position) const {
    return first + (dense() ? static_cast<uint32_t>(position - begin) : s * shard_posts + index[position]);
  }

  // visit(position, post) for each synapse of a row, by post.
  template <typename F>
  void each_of_row(uint32_t row, F visit) const {
    for (uint32_t s = 0; s < shards; s++) {
      const size_t from = begin(row, s), to = end(row, s);
      for (size_t k = from; k < to; k++) visit(k, post(s, from, k));
    }
  }

  // Room for the synapses of sparse rows.
  bool reserve_rows(size_t synapses, bool weights, bool eligibilities) {
    if (synapses == 0) return true;  // of many delays most blocks have none
    return index.reserve(synapses + kRowPadding) && (!weights || weight.reserve(synapses + kRowPadding)) &&
           (!eligibilities || eligibility.reserve(synapses));
  }

  uint64_t bytes() const { return start.bytes() + index.bytes() + weight.bytes() + eligibility.bytes(); }
};

}  // namespace neuronbus::population
