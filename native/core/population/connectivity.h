// SPDX-License-Identifier: MIT
//
// Which neurons a connection joins: for each pre-neuron the posts, ascending, as a function of the seed and the number of the
// projection. Nothing is stored where it can be computed again.
//
// Any thread may ask for rows once prepare() has returned.
#pragma once

#include <cstdint>

#include "memory.h"
#include "network.h"

namespace neuronbus::population {

class Targets {
 public:
  // Everything about a connection that has to do with who joins whom: sizes, indices, degrees, planes. Sets nothing on failure:
  // NB_ERR_INVALID_ARGUMENT, NB_ERR_NO_MEMORY.
  nb_status prepare(const Connection& connection, uint32_t pre_size, uint32_t post_size, uint64_t seed, uint32_t projection);

  // The posts of `pre`, ascending, into room for longest_row(). `entries` gets the position of each in the list or in the kernel;
  // other patterns leave it alone. Returns how many.
  uint32_t row(uint32_t pre, uint32_t* posts, uint32_t* entries) const;
  uint32_t longest_row() const { return longest_; }
  bool dense() const { return dense_; }
  uint32_t pre_size() const { return pre_size_; }

 private:
  nb_status prepare_in_degree();
  nb_status prepare_list();
  bool fits_convolution();
  uint32_t with_probability(uint32_t pre, uint32_t* posts) const;
  uint32_t convolved(uint32_t pre, uint32_t* posts, uint32_t* entries) const;
  nb_status begin_rows(const Column<uint32_t>& counts);

  Connection connection_;
  uint32_t pre_size_ = 0, post_size_ = 0, projection_ = 0, longest_ = 0;
  uint64_t seed_ = 0;
  bool without_self_ = false;
  bool dense_ = false;
  uint32_t out_height_ = 0, out_width_ = 0;
  Column<uint64_t> start_;  // in-degree and list: of each pre
  Column<uint32_t> posts_, entries_;
};

}  // namespace neuronbus::population
