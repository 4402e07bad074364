// SPDX-License-Identifier: MIT
//
// Random numbers that are a function of (seed, what for, who, how many before): Philox 4x32-10 of Salmon, Moraes, Dror & Shaw 2011,
// "Parallel random numbers: as easy as 1, 2, 3". Any thread.
#pragma once

#include <cmath>
#include <cstdint>

namespace neuronbus::population {

struct PhiloxBlock {
  uint32_t word[4];
};

inline PhiloxBlock philox(PhiloxBlock counter, uint64_t key) {
  uint32_t key0 = static_cast<uint32_t>(key);
  uint32_t key1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter.word[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0, static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1, static_cast<uint32_t>(product0)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

enum class Purpose : uint32_t { kTargets = 1, kDelays, kWeights, kPoisson, kGrowth };

// In (0, 1], so that its logarithm is finite.
inline double unit_interval(uint32_t high, uint32_t low) {
  const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
  return (static_cast<double>(bits) + 1) * 0x1p-53;
}

// A sequence of random numbers of its own for each (seed, purpose, thing, index).
class Random {
 public:
  Random(uint64_t seed, Purpose purpose, uint32_t thing, uint32_t index)
      : seed_(seed), purpose_(static_cast<uint32_t>(purpose)), thing_(thing), index_(index) {}

  uint32_t next() {
    if (left_ == 0) {
      words_ = philox({{block_++, index_, thing_, purpose_}}, seed_);
      left_ = 4;
    }
    return words_.word[--left_];
  }
  double uniform() {
    const uint32_t high = next();
    return unit_interval(high, next());
  }
  // Each of 0 to bound - 1 equally often (Lemire 2019, "Fast random integer generation in an interval").
  uint32_t below(uint32_t bound) {
    uint64_t product = uint64_t{next()} * bound;
    if (static_cast<uint32_t>(product) < bound) {
      const uint32_t rest = (0 - bound) % bound;
      while (static_cast<uint32_t>(product) < rest) product = uint64_t{next()} * bound;
    }
    return static_cast<uint32_t>(product >> 32);
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586477 * uniform());
  }

 private:
  uint64_t seed_;
  uint32_t purpose_, thing_, index_;
  uint32_t block_ = 0;
  uint32_t left_ = 0;
  PhiloxBlock words_{};
};

// The n-th exponential random number of mean 1 of a Poisson neuron.
inline double poisson_hazard(uint64_t seed, uint32_t population, uint32_t neuron, uint32_t n) {
  const PhiloxBlock block = philox({{n, neuron, population, static_cast<uint32_t>(Purpose::kPoisson)}}, seed);
  return -std::log(unit_interval(block.word[0], block.word[1]));
}

}  // namespace neuronbus::population
