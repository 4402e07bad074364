// SPDX-License-Identifier: MIT
//
// Pruning and growth: the rows of a projection are made anew, and take the place of the old ones when nothing can fail any more.
#include <algorithm>

#include "projection.h"
#include "random.h"

namespace neuronbus::population {
namespace {

struct NewSynapse {
  uint32_t pre, post, group;
};

uint64_t pair_of(uint32_t pre, uint32_t post) { return uint64_t{pre} << 32 | post; }

// A set of pairs with room for a number of them that is known beforehand.
class PairSet {
 public:
  bool create(uint64_t count) {
    uint64_t size = 16;
    while (size < 2 * count) size *= 2;
    if (!slots_.resize(size)) return false;
    slots_.fill(kEmpty);
    return true;
  }
  // False when it was there.
  bool add(uint64_t pair) {
    uint64_t at = pair * 0x9E3779B97F4A7C15u;
    for (at ^= at >> 29;; at++) {
      uint64_t& slot = slots_[at & (slots_.size() - 1)];
      if (slot == pair) return false;
      if (slot != kEmpty) continue;
      slot = pair;
      return true;
    }
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  Column<uint64_t> slots_;
};

bool living(const Population& population, Column<uint32_t>* out) {
  if (!out->reserve(population.size)) return false;
  for (uint32_t i = 0; i < population.size; i++) {
    if (population.dead[i] == 0) (void)out->append(i);
  }
  return true;
}

// Which synapses stay, and new ones between random pairs that are not joined by one that stays.
class Rewiring {
 public:
  Rewiring(const Projection& projection, double below, bool dead, const Stop* stop)
      : p_(projection), below_(below), dead_(dead), stop_(stop) {}

  bool stays(const Block& block, size_t position, uint32_t from, uint32_t to) const {
    if (p_.weight_at(block, position) < below_) return false;
    return !dead_ || (p_.pre->dead[from] == 0 && p_.post->dead[to] == 0);
  }

  // Whether *stop has been true: everything here that takes long then ends with NB_ERR_ABORTED.
  bool ends() { return ended_ = ended_ || stopped(stop_); }
  // How many do not stay.
  nb_status count_leaving(uint64_t* count);
  // `turn`: growth of each turn is drawn anew.
  nb_status grow(uint64_t wanted, uint32_t turn);
  nb_status make_rows(bool constant, float weight, std::vector<std::vector<Block>>* out, uint64_t* total);

  Column<NewSynapse> fresh;  // by pre, then by post

 private:
  bool joined(uint32_t from, uint32_t to) const;
  nb_status make_block(const Block& old, uint32_t group, bool constant, float weight, Block* out);
  nb_status grow_by_trial(uint64_t wanted, Random& random);
  nb_status grow_by_counting(uint64_t wanted, Random& random);
  bool add(uint32_t from, uint32_t to, Random& random) {
    return fresh.append({from, to, random.below(static_cast<uint32_t>(p_.groups.size()))});
  }

  const Projection& p_;
  double below_;
  bool dead_;
  const Stop* stop_;
  bool ended_ = false;
  bool without_self_ = false;
  Column<uint32_t> pres_, posts_;
};

bool Rewiring::joined(uint32_t from, uint32_t to) const {
  for (const Group& group : p_.groups) {
    const Block& block = group.blocks[p_.block_of(to)];
    if (block.dense()) {
      if (stays(block, block.begin(from, 0) + (to - block.first), from, to)) return true;
      continue;
    }
    const size_t piece = block.piece(from, to);
    const uint16_t index = block.index_of(to);
    const uint16_t* const begin = block.index.data() + block.start[piece];
    const uint16_t* const end = block.index.data() + block.start[piece + 1];
    for (const uint16_t* at = std::lower_bound(begin, end, index); at != end && *at == index; at++) {
      if (stays(block, static_cast<size_t>(at - block.index.data()), from, to)) return true;
    }
  }
  return false;
}

nb_status Rewiring::count_leaving(uint64_t* count) {
  *count = 0;
  for (const Group& group : p_.groups) {
    for (const Block& block : group.blocks) {
      for (uint32_t row = 0; row < p_.pre->size; row++) {
        if (ends()) return NB_ERR_ABORTED;
        block.each_of_row(row, [&](size_t k, uint32_t to) { *count += stays(block, k, row, to) ? 0 : 1; });
      }
    }
  }
  return NB_OK;
}

nb_status Rewiring::grow(uint64_t wanted, uint32_t turn) {
  if (wanted == 0) return NB_OK;
  if (!living(*p_.pre, &pres_) || !living(*p_.post, &posts_)) return NB_ERR_NO_MEMORY;
  without_self_ = !p_.self && p_.pre == p_.post;
  const uint64_t pairs = uint64_t{pres_.size()} * posts_.size();
  if (pairs == 0) return NB_OK;
  wanted = std::min(wanted, pairs);
  Random random(p_.seed, Purpose::kGrowth, p_.id, turn);
  nb_status status = grow_by_trial(wanted, random);
  if (status != NB_OK || fresh.size() == wanted || pairs > uint64_t{1} << 28) return status;
  fresh.truncate(0);
  return grow_by_counting(wanted, random);
}

// Where few of the pairs are joined. Gives up when it finds too little.
nb_status Rewiring::grow_by_trial(uint64_t wanted, Random& random) {
  PairSet seen;
  if (!seen.create(wanted)) return NB_ERR_NO_MEMORY;
  for (uint64_t left = 8 * wanted + 64; left > 0 && fresh.size() < wanted; left--) {
    if (ends()) return NB_ERR_ABORTED;
    const uint32_t from = pres_[random.below(static_cast<uint32_t>(pres_.size()))];
    const uint32_t to = posts_[random.below(static_cast<uint32_t>(posts_.size()))];
    if ((without_self_ && from == to) || joined(from, to) || !seen.add(pair_of(from, to))) continue;
    if (!add(from, to, random)) return NB_ERR_NO_MEMORY;
  }
  std::sort(fresh.data(), fresh.data() + fresh.size(), [](const NewSynapse& a, const NewSynapse& b) {
    return pair_of(a.pre, a.post) < pair_of(b.pre, b.post);
  });
  return NB_OK;
}

// Every free pair equally likely, by selection sampling.
nb_status Rewiring::grow_by_counting(uint64_t wanted, Random& random) {
  const auto each_free = [&](auto visit) {
    for (size_t i = 0; i < pres_.size() && !ends(); i++) {
      for (size_t j = 0; j < posts_.size(); j++) {
        if ((without_self_ && pres_[i] == posts_[j]) || joined(pres_[i], posts_[j])) continue;
        if (!visit(pres_[i], posts_[j])) return false;
      }
    }
    return true;
  };
  uint64_t left = 0;
  each_free([&](uint32_t, uint32_t) { return ++left > 0; });
  if (ends()) return NB_ERR_ABORTED;
  wanted = std::min(wanted, left);
  const bool held = each_free([&](uint32_t from, uint32_t to) {
    const bool chosen = random.below(static_cast<uint32_t>(left--)) < wanted;
    if (!chosen) return true;
    wanted--;
    return add(from, to, random);
  });
  if (ends()) return NB_ERR_ABORTED;
  return held ? NB_OK : NB_ERR_NO_MEMORY;
}

// The rows as they are going to be: of each group its blocks, of the same shards as the old ones.
nb_status Rewiring::make_rows(bool constant, float weight, std::vector<std::vector<Block>>* out, uint64_t* total) {
  out->clear();
  *total = 0;
  if (!p_.groups.empty() && !Projection::room_for_blocks(p_.groups.size(), p_.groups[0].blocks.size())) return NB_ERR_NO_MEMORY;
  out->resize(p_.groups.size());
  for (uint32_t g = 0; g < p_.groups.size(); g++) {
    (*out)[g].resize(p_.groups[g].blocks.size());
    for (size_t b = 0; b < p_.groups[g].blocks.size(); b++) {
      const nb_status status = make_block(p_.groups[g].blocks[b], g, constant, weight, &(*out)[g][b]);
      if (status != NB_OK) return status;
      *total += (*out)[g][b].index.size();
    }
  }
  return NB_OK;
}

nb_status Rewiring::make_block(const Block& old, uint32_t group, bool constant, float weight, Block* out) {
  Block& block = *out;
  block.first = old.first;
  block.count = old.count;
  block.shard = old.shard;
  block.shards = old.shards;
  block.shard_posts = old.shard_posts;
  Column<NewSynapse> mine;
  for (size_t i = 0; i < fresh.size(); i++) {
    const NewSynapse& one = fresh[i];
    if (one.group == group && one.post - old.first < old.count && !mine.append(one)) return NB_ERR_NO_MEMORY;
  }
  // visit(row, post, weight, eligibility), by row, then by post; of equal posts the old ones first.
  const auto each = [&](auto visit) {
    size_t next = 0;
    for (uint32_t row = 0; row < p_.pre->size && !ends(); row++) {
      const auto grow_before = [&](uint32_t post_neuron) {
        for (; next < mine.size() && mine[next].pre == row && mine[next].post < post_neuron; next++) {
          visit(row, mine[next].post, weight, 0.0f);
        }
      };
      old.each_of_row(row, [&](size_t k, uint32_t to) {
        grow_before(to);
        if (stays(old, k, row, to)) visit(row, to, p_.weight_at(old, k), old.eligibility.empty() ? 0 : old.eligibility[k]);
      });
      grow_before(~uint32_t{0});
    }
  };
  if (!block.start.begin(size_t{p_.pre->size} * block.shards)) return NB_ERR_NO_MEMORY;
  each([&](uint32_t row, uint32_t to, float, float) { block.start.count(block.piece(row, to)); });
  if (ends()) return NB_ERR_ABORTED;
  const bool reward = p_.plasticity.rule == Rule::kReward;
  uint64_t count = 0;
  if (nb_status status = block.start.finish(&count); status != NB_OK) return status;
  if (!block.reserve_rows(count, !constant, reward)) return NB_ERR_NO_MEMORY;
  each([&](uint32_t, uint32_t to, float w, float e) {
    (void)block.index.append(block.index_of(to));
    if (!constant) (void)block.weight.append(w);
    if (reward) (void)block.eligibility.append(e);
  });
  return ends() ? NB_ERR_ABORTED : NB_OK;
}

}  // namespace

nb_status Projection::rewire(double below, bool dead, uint64_t grow, double weight, Step now, uint64_t* removed, uint64_t* grown,
                             const Stop* stop) {
  if (std::isnan(below) || !std::isfinite(weight) || std::fabs(weight) > 3e38) return NB_ERR_INVALID_ARGUMENT;
  const float fresh_weight = static_cast<float>(weight);
  if (grow > 0 && plastic() &&
      !(fresh_weight >= static_cast<float>(plasticity.weight_min) && fresh_weight <= static_cast<float>(plasticity.weight_max))) {
    return NB_ERR_INVALID_ARGUMENT;
  }
  sync(now);
  Rewiring change(*this, below, dead, stop);
  uint32_t turn = rewired;
  if (grow == Network::kAsRemoved) {
    if (nb_status status = change.count_leaving(&grow); status != NB_OK) return status;
    if (grow > 0) turn++;  // the removal has a turn of its own
  }
  if (nb_status status = change.grow(grow, turn); status != NB_OK) return status;

  // Rows keep their one constant where what grows has it too.
  bool constant = true;
  for (const Group& group : groups) {
    for (const Block& block : group.blocks) {
      constant = constant && (block.weight.empty() || (block.dense() && block.one_row() && pre->size > 1));
    }
  }
  constant = constant && (grow == 0 || fresh_weight == constant_) && !plastic();

  std::vector<std::vector<Block>> made;
  uint64_t total = 0;
  nb_status status = change.make_rows(constant, fresh_weight, &made, &total);
  if (status == NB_ERR_TOO_LARGE && groups[0].divisible()) {
    status = divide();
    if (status == NB_OK) status = change.make_rows(constant, fresh_weight, &made, &total);
  }
  if (status != NB_OK) return status;
  for (size_t g = 0; g < groups.size(); g++) groups[g].blocks = std::move(made[g]);
  *grown = change.fresh.size();
  *removed = synapses + *grown - total;
  synapses = total;
  rewired = turn + 1;
  choose_feed();
  return NB_OK;
}

}  // namespace neuronbus::population
