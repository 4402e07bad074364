// SPDX-License-Identifier: MIT
#include "projection.h"

#include <algorithm>
#include <new>

#include "random.h"

namespace neuronbus::population {
namespace {

// The weight of each synapse of a connection, asked for by pre, then by post.
class Weights {
 public:
  Weights(const Connection& connection, uint64_t seed, uint32_t projection)
      : connection_(connection), seed_(seed), projection_(projection), random_(seed, Purpose::kWeights, projection, 0) {}

  void begin_row(uint32_t pre) { random_ = Random(seed_, Purpose::kWeights, projection_, pre); }

  float next(uint32_t entry) {
    const Connection& c = connection_;
    switch (c.weight_kind) {
      case WeightKind::kUniform:
        return static_cast<float>(c.weight_b - (c.weight_b - c.weight_a) * random_.uniform());
      case WeightKind::kNormal:
        return static_cast<float>(cut(c.weight_a + c.weight_b * random_.normal()));
      case WeightKind::kGiven:
        return c.weights[c.pattern == Pattern::kList || c.pattern == Pattern::kConvolution ? entry : ordinal_++];
      default:
        return static_cast<float>(c.weight_a);
    }
  }

 private:
  double cut(double weight) const {
    const Connection& c = connection_;
    weight = c.weight_a >= 0 ? std::max(weight, 0.0) : std::min(weight, 0.0);
    if (c.plasticity.rule == Rule::kStatic) return weight;
    return std::min(std::max(weight, c.plasticity.weight_min), c.plasticity.weight_max);
  }

  const Connection& connection_;
  uint64_t seed_;
  uint32_t projection_;
  Random random_;
  uint64_t ordinal_ = 0;
};

bool valid_weights(const Connection& c) {
  const Plasticity& p = c.plasticity;
  const auto fits = [&](double weight) {
    if (!std::isfinite(weight) || std::fabs(weight) > 3e38) return false;
    const float w = static_cast<float>(weight);
    return p.rule == Rule::kStatic || (w >= static_cast<float>(p.weight_min) && w <= static_cast<float>(p.weight_max));
  };
  switch (c.weight_kind) {
    case WeightKind::kConstant:
      return fits(c.weight_a);
    case WeightKind::kUniform:
      return fits(c.weight_a) && fits(c.weight_b) && c.weight_a <= c.weight_b;
    case WeightKind::kNormal:
      return std::isfinite(c.weight_a) && std::isfinite(c.weight_b) && c.weight_b >= 0 && std::fabs(c.weight_a) + 40 * c.weight_b < 3e38;
    case WeightKind::kGiven:
      if (c.weight_count > 0 && c.weights == nullptr) return false;
      for (uint64_t i = 0; i < c.weight_count; i++) {
        if (!fits(c.weights[i])) return false;
      }
      return true;
  }
  return false;
}

bool valid_delays(const Connection& c) {
  if (c.delays == nullptr || c.list_count == 0) return c.delay_low <= c.delay_high && c.delay_high <= kMaxDelay;
  if (c.pattern != Pattern::kList) return false;
  for (uint64_t i = 0; i < c.list_count; i++) {
    if (c.delays[i] > kMaxDelay) return false;
  }
  return true;
}

uint64_t weights_expected(const Connection& c, uint64_t synapses) {
  if (c.pattern != Pattern::kConvolution) return synapses;
  const Convolution& k = c.convolution;
  return uint64_t{k.out_channels} * k.kernel_height * k.kernel_width * k.in_channels;
}

// Each distinct delay of a connection, ascending.
nb_status distinct_delays(const Connection& c, Column<uint32_t>* out) {
  Column<uint8_t> used;
  if (!used.resize(kMaxDelay + 1)) return NB_ERR_NO_MEMORY;
  if (c.delays != nullptr) {
    for (uint64_t i = 0; i < c.list_count; i++) used[c.delays[i]] = 1;
  }
  if (c.delays == nullptr || c.list_count == 0) {
    for (uint32_t d = c.delay_low; d <= c.delay_high; d++) used[d] = 1;
  }
  for (uint32_t d = 0; d <= kMaxDelay; d++) {
    if (used[d] != 0 && !out->append(d)) return NB_ERR_NO_MEMORY;
  }
  return NB_OK;
}

bool integrates(Model model) { return model <= Model::kIzhikevich; }

}  // namespace

nb_status Projection::create(const NetworkOptions& options, uint32_t id, const Connection& c, Population& pre, Population& post,
                             std::unique_ptr<Projection>* out) {
  if (!integrates(post.model) || !valid(c.plasticity) || !valid_weights(c) || !valid_delays(c)) return NB_ERR_INVALID_ARGUMENT;
  if (c.pattern > Pattern::kConvolution || c.receptor > Receptor::kInhibitory) return NB_ERR_INVALID_ARGUMENT;
  Targets targets;
  if (nb_status status = targets.prepare(c, pre.size, post.size, options.seed, id); status != NB_OK) return status;

  std::unique_ptr<Projection> made(new (std::nothrow) Projection());
  if (made == nullptr) return NB_ERR_NO_MEMORY;
  made->plasticity = c.plasticity;
  made->receptor = c.receptor;
  made->self = c.self;
  made->delay_low = c.delay_low;
  made->delay_high = c.delay_high;
  if (nb_status status = made->prepare(options, id, pre, post); status != NB_OK) return status;

  Column<uint32_t> delays;
  nb_status status = distinct_delays(c, &delays);
  if (status == NB_OK) status = made->make_groups(delays.data(), delays.size(), targets.dense(), &made->groups);
  if (status == NB_OK) status = targets.dense() ? made->fill_dense(c) : made->fill_sparse(c, targets);
  if (status == NB_ERR_TOO_LARGE && made->groups[0].divisible()) {
    made->most_shards_ = 1;
    status = made->make_groups(delays.data(), delays.size(), false, &made->groups);
    if (status == NB_OK) status = made->fill_sparse(c, targets);
  }
  if (status == NB_OK) status = made->finish_groups(&made->groups);
  if (status == NB_OK) status = made->join_posts();  // at last: the traces that it asks for have a history from then on
  if (status != NB_OK) return status;
  made->choose_feed();
  *out = std::move(made);
  return NB_OK;
}

// Everything but the synapses and what the posts keep for them.
nb_status Projection::prepare(const NetworkOptions& options, uint32_t number, Population& from, Population& to) {
  id = number;
  seed = options.seed;
  dt_ms = options.dt_ms;
  threads = options.threads;
  pre = &from;
  post = &to;
  if (!plastic()) return NB_OK;
  const Plasticity& p = plasticity;
  const bool triplet = p.rule == Rule::kTriplet;
  bool held = fast_.create(dt_ms, p.tau_plus_ms) && slow_.create(dt_ms, triplet ? p.tau_x_ms : p.tau_plus_ms);
  if (p.rule == Rule::kReward) {
    held = held && eligible_.create(dt_ms, p.tau_eligibility_ms) && dopamine_decay_.create(dt_ms, p.tau_dopamine_ms);
    const double both = p.tau_dopamine_ms > 0 ? 1 / (1 / p.tau_eligibility_ms + 1 / p.tau_dopamine_ms) : p.tau_eligibility_ms;
    held = held && both_.create(dt_ms, both);
  }
  return held ? NB_OK : NB_ERR_NO_MEMORY;
}

nb_status Projection::join_posts() {
  if (!plastic()) return NB_OK;
  const size_t known = post->traces.size();
  const nb_status status = ask_posts();
  if (status != NB_OK) post->forget_traces(known);
  return status;
}

nb_status Projection::ask_posts() {
  const Plasticity& p = plasticity;
  const bool nearest = p.pairing != Pairing::kAll;
  nb_status status = post->need_trace(p.tau_minus_ms, nearest, false, &trace_);
  if (status == NB_OK && p.rule == Rule::kTriplet) status = post->need_trace(p.tau_y_ms, nearest, true, &slow_trace_);
  if (status == NB_OK) status = post->need_logs();
  if (status == NB_OK && p.rule == Rule::kReward) status = post->need_earlier_spikes();
  if (status == NB_OK && p.pairing == Pairing::kReducedNearest) status = post->need_last_spikes();
  if (status != NB_OK) return status;
  scratch_.resize(threads);
  uint32_t longest = 0;
  for (const PostLog& log : post->logs) longest = std::max(longest, log.capacity());
  for (Column<PostLog::Link>& scratch : scratch_) {
    if (!scratch.resize(longest)) return NB_ERR_NO_MEMORY;
  }
  return NB_OK;
}

// Whether shard `s` goes into the block of the one before it, which has `joined` already.
bool Projection::joins(uint32_t s, uint32_t joined, bool dense) const {
  const std::vector<Shard>& shards = post->shards;
  return s > 0 && !dense && joined < most_shards_ && shards[s].thread == shards[s - 1].thread;
}

bool Projection::room_for_groups(size_t count, bool dense) const {
  return room_for_blocks(count, blocks_each(dense));
}

bool Projection::room_for_blocks(size_t groups, size_t each) {
  return room_for(static_cast<double>(groups) * (sizeof(Group) + static_cast<double>(each) * sizeof(Block)));
}

size_t Projection::blocks_each(bool dense) const {
  size_t each = 0;
  for (uint32_t s = 0, joined = 0; s < post->shards.size(); s++) {
    joined = joins(s, joined, dense) ? joined + 1 : 1;
    each += joined == 1 ? 1 : 0;
  }
  return each;
}

nb_status Projection::make_groups(const uint32_t* delays, size_t count, bool dense, std::vector<Group>* out) {
  const std::vector<Shard>& shards = post->shards;
  if (!room_for_groups(count, dense)) return NB_ERR_NO_MEMORY;
  const size_t each = blocks_each(dense);
  std::vector<Group> made(count);
  for (size_t g = 0; g < count; g++) {
    made[g].delay = delays[g];
    std::vector<Block>& blocks = made[g].blocks;
    blocks.reserve(each);
    block_of_shard_.clear();
    for (uint32_t s = 0; s < shards.size(); s++) {
      if (!joins(s, s > 0 ? blocks.back().shards : 0, dense)) {
        blocks.emplace_back();
        blocks.back().first = shards[s].first;
        blocks.back().shard = s;
        blocks.back().shards = 0;
        blocks.back().shard_posts = shards[0].count;
      }
      blocks.back().count += shards[s].count;
      blocks.back().shards++;
      block_of_shard_.push_back(static_cast<uint32_t>(blocks.size() - 1));
    }
  }
  *out = std::move(made);
  return NB_OK;
}

nb_status Projection::divided(const Block& block, std::vector<Block>* out) const {
  for (uint32_t s = 0; s < block.shards; s++) {
    out->emplace_back();
    Block& part = out->back();
    part.shard_posts = block.shard_posts;
    part.shard = block.shard + s;
    part.first = block.first + s * block.shard_posts;
    part.count = std::min(block.shard_posts, block.count - s * block.shard_posts);
    if (!part.start.begin(pre->size)) return NB_ERR_NO_MEMORY;
    for (uint32_t row = 0; row < pre->size; row++) {
      part.start.count(row, static_cast<uint32_t>(block.end(row, s) - block.begin(row, s)));
    }
    uint64_t count = 0;
    if (nb_status status = part.start.finish(&count); status != NB_OK) return status;
    if (!part.reserve_rows(count, !block.weight.empty(), !block.eligibility.empty())) return NB_ERR_NO_MEMORY;
    for (uint32_t row = 0; row < pre->size; row++) {
      for (size_t k = block.begin(row, s); k < block.end(row, s); k++) {
        (void)part.index.append(block.index[k]);
        if (!block.weight.empty()) (void)part.weight.append(block.weight[k]);
        if (!block.eligibility.empty()) (void)part.eligibility.append(block.eligibility[k]);
      }
    }
  }
  return NB_OK;
}

nb_status Projection::divide() {
  if (!room_for_blocks(groups.size(), post->shards.size())) return NB_ERR_NO_MEMORY;
  std::vector<std::vector<Block>> made(groups.size());
  for (size_t g = 0; g < groups.size(); g++) {
    for (const Block& block : groups[g].blocks) {
      if (nb_status status = divided(block, &made[g]); status != NB_OK) return status;
    }
  }
  for (size_t g = 0; g < groups.size(); g++) groups[g].blocks = std::move(made[g]);
  most_shards_ = 1;
  for (uint32_t s = 0; s < block_of_shard_.size(); s++) block_of_shard_[s] = s;
  return NB_OK;
}

// What plastic groups have beside their rows.
nb_status Projection::finish_groups(std::vector<Group>* made) const {
  if (!plastic()) return NB_OK;
  for (Group& group : *made) {
    if (!group.applied.resize(post->shards.size())) return NB_ERR_NO_MEMORY;
    group.traces.resize(threads);
    for (Column<PreTrace>& traces : group.traces) {
      if (!traces.resize(pre->size)) return NB_ERR_NO_MEMORY;
      traces.fill({0, 0, kNoStep});
    }
    if (plasticity.rule != Rule::kReward) continue;
    for (Block& block : group.blocks) {
      if (!block.eligibility.resize(block.weight.size())) return NB_ERR_NO_MEMORY;
    }
  }
  return NB_OK;
}

nb_status Projection::fill_dense(const Connection& c) {
  synapses = uint64_t{pre->size} * post->size;
  if (c.weight_kind == WeightKind::kGiven && c.weight_count != synapses) return NB_ERR_INVALID_ARGUMENT;
  const bool constant = c.weight_kind == WeightKind::kConstant && !plastic();
  constant_ = static_cast<float>(c.weight_a);
  std::vector<Block>& blocks = groups[0].blocks;
  for (Block& block : blocks) {
    block.stride = static_cast<uint32_t>(round_up(block.count, kRowBlock));
    if (!block.weight.resize((constant ? 1 : size_t{pre->size}) * block.stride)) return NB_ERR_NO_MEMORY;
    if (constant) std::fill_n(block.weight.data(), block.count, constant_);
  }
  if (constant) return NB_OK;
  Weights weights(c, seed, id);
  for (uint32_t row = 0; row < pre->size; row++) {
    weights.begin_row(row);
    for (Block& block : blocks) {
      float* const out = block.weight.data() + size_t{row} * block.stride;
      for (uint32_t i = 0; i < block.count; i++) out[i] = weights.next(0);
    }
  }
  return NB_OK;
}

// Twice over the rows: to count, so that nothing is moved later, and to fill.
nb_status Projection::fill_sparse(const Connection& c, const Targets& targets) {
  Column<uint32_t> posts, entries;
  if (!posts.resize(targets.longest_row()) || !entries.resize(targets.longest_row())) return NB_ERR_NO_MEMORY;
  for (Group& group : groups) {
    for (Block& block : group.blocks) {
      if (!block.start.begin(size_t{pre->size} * block.shards)) return NB_ERR_NO_MEMORY;
    }
  }
  Column<uint16_t> group_at;  // by delay
  if (!group_at.resize(kMaxDelay + 1)) return NB_ERR_NO_MEMORY;
  for (size_t g = 0; g < groups.size(); g++) group_at[groups[g].delay] = static_cast<uint16_t>(g);
  const bool random_delays = c.delays == nullptr && c.delay_low != c.delay_high;

  const auto each = [&](auto visit) {
    for (uint32_t row = 0; row < pre->size; row++) {
      const uint32_t count = targets.row(row, posts.data(), entries.data());
      Random random(seed, Purpose::kDelays, id, row);
      for (uint32_t k = 0; k < count; k++) {
        uint32_t delay = c.delay_low;
        if (random_delays) delay += random.below(c.delay_high - c.delay_low + 1);
        if (c.delays != nullptr) delay = c.delays[entries[k]];
        visit(row, groups[group_at[delay]].blocks[block_of(posts[k])], posts[k], entries[k]);
      }
    }
  };

  synapses = 0;
  each([&](uint32_t row, Block& block, uint32_t to, uint32_t) {
    block.start.count(block.piece(row, to));
    synapses++;
  });
  if (c.weight_kind == WeightKind::kGiven && c.weight_count != weights_expected(c, synapses)) return NB_ERR_INVALID_ARGUMENT;
  const bool constant = c.weight_kind == WeightKind::kConstant && !plastic();
  constant_ = static_cast<float>(c.weight_a);
  for (Group& group : groups) {
    for (Block& block : group.blocks) {
      uint64_t total = 0;
      if (nb_status status = block.start.finish(&total); status != NB_OK) return status;
      if (!block.reserve_rows(total, !constant, false)) return NB_ERR_NO_MEMORY;
    }
  }
  // Row after row, so that each block is filled from its front.
  Weights weights(c, seed, id);
  uint32_t begun = ~uint32_t{0};
  each([&](uint32_t row, Block& block, uint32_t to, uint32_t entry) {
    if (row != begun) weights.begin_row(begun = row);
    (void)block.index.append(block.index_of(to));
    if (!constant) (void)block.weight.append(weights.next(entry));
  });
  return NB_OK;
}

uint64_t Group::bytes() const {
  uint64_t sum = sizeof(Group) + applied.bytes() + blocks.capacity() * sizeof(Block) + traces.capacity() * sizeof(Column<PreTrace>);
  for (const Column<PreTrace>& one : traces) sum += one.bytes();
  for (const Block& block : blocks) sum += block.bytes();
  return sum;
}

uint64_t Projection::bytes() const {
  uint64_t sum = fast_.bytes() + slow_.bytes() + eligible_.bytes() + dopamine_decay_.bytes() + both_.bytes();
  for (const Group& group : groups) sum += group.bytes();
  for (const Column<PostLog::Link>& scratch : scratch_) sum += scratch.bytes();
  return sum;
}

}  // namespace neuronbus::population
