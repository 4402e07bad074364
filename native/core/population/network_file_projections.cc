// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <new>

#include "network_file.h"

namespace neuronbus::population {
namespace {

template <typename P, typename F>
void each_number(P& p, F visit) {
  visit(p.weight_min), visit(p.weight_max), visit(p.a_plus), visit(p.a_minus), visit(p.tau_plus_ms), visit(p.tau_minus_ms);
  visit(p.a3_plus), visit(p.a3_minus), visit(p.tau_x_ms), visit(p.tau_y_ms), visit(p.tau_eligibility_ms), visit(p.tau_dopamine_ms);
}

void put_plasticity(ArchiveWriter& out, const Plasticity& p) {
  out.put(static_cast<uint32_t>(p.rule));
  out.put(static_cast<uint32_t>(p.pairing));
  out.put(static_cast<uint32_t>(p.bounds));
  each_number(p, [&](const double& number) { out.put(number); });
}

nb_status get_plasticity(ArchiveReader& in, Plasticity* p) {
  uint32_t rule = 0, pairing = 0, bounds = 0;
  NB_CHECK(in.get(&rule) && in.get(&pairing) && in.get(&bounds));
  NB_CHECK(rule <= static_cast<uint32_t>(Rule::kReward) && pairing <= static_cast<uint32_t>(Pairing::kReducedNearest) && bounds <= 1);
  p->rule = static_cast<Rule>(rule);
  p->pairing = static_cast<Pairing>(pairing);
  p->bounds = static_cast<Bounds>(bounds);
  bool held = true;
  each_number(*p, [&](double& number) { held = held && in.get(&number); });
  NB_CHECK(held && valid(*p));
  return NB_OK;
}

// The synapses of a group by pre: visit(block, position of the weight, post).
template <typename F>
void each_of_group(const Projection& p, const Group& group, F visit) {
  for (uint32_t row = 0; row < p.pre->size; row++) {
    for (const Block& block : group.blocks) block.each_of_row(row, [&](size_t k, uint32_t to) { visit(block, k, to); });
  }
}

void put_group(ArchiveWriter& out, const Projection& p, const Group& group, bool own) {
  out.put(group.delay);
  if (!group.blocks[0].dense()) {
    for (uint32_t row = 0; row < p.pre->size; row++) {
      uint32_t count = 0;
      for (const Block& block : group.blocks) count += block.length(row);
      out.put(count);
    }
    each_of_group(p, group, [&](const Block&, size_t, uint32_t to) { out.put(to); });
  }
  if (own) each_of_group(p, group, [&](const Block& block, size_t at, uint32_t) { out.put(block.weight[at]); });
  if (p.plasticity.rule == Rule::kReward) {
    each_of_group(p, group, [&](const Block& block, size_t at, uint32_t) { out.put(block.eligibility[at]); });
  }
  if (!p.plastic()) return;
  for (uint32_t i = 0; i < p.pre->size; i++) {
    const PreTrace& trace = group.traces[0][i];
    out.put(trace.fast);
    out.put(trace.slow);
    out.put(trace.last);
  }
}

}  // namespace

void put_projection(ArchiveWriter& out, const Projection& p) {
  const Block& block = p.groups[0].blocks[0];
  const bool own = p.has_own_weights();
  out.put(p.pre->id);
  out.put(p.post->id);
  put_plasticity(out, p.plasticity);
  out.put(static_cast<uint32_t>(p.receptor));
  out.put(static_cast<uint8_t>(p.self));
  out.put(static_cast<uint8_t>(p.learning));
  out.put(static_cast<uint8_t>(block.dense()));
  out.put(static_cast<uint8_t>(own));
  out.put(p.constant_);
  out.put(p.rewired);
  out.put(p.dopamine);
  out.put(p.dopamine_at);
  out.put(p.learning || !p.plastic() ? Step{0} : p.groups[0].applied[0]);
  out.put(static_cast<uint32_t>(p.groups.size()));
  for (const Group& group : p.groups) put_group(out, p, group, own);
}

namespace {

struct Shape {
  bool dense, own;
};

// Room for the rows of a group.
nb_status begin_rows(const Projection& p, Group& group, const Column<uint32_t>& counts, const Column<uint32_t>& posts) {
  for (Block& block : group.blocks) {
    if (!block.start.begin(size_t{p.pre->size} * block.shards)) return NB_ERR_NO_MEMORY;
  }
  uint64_t at = 0;
  for (uint32_t row = 0; row < p.pre->size; row++) {
    for (const uint64_t end = at + counts[row]; at < end; at++) {
      Block& block = group.blocks[p.block_of(posts[at])];
      block.start.count(block.piece(row, posts[at]));
    }
  }
  for (Block& block : group.blocks) {
    uint64_t synapses = 0;
    NB_TRY(block.start.finish(&synapses));
    if (!block.reserve_rows(synapses, false, false)) return NB_ERR_NO_MEMORY;
  }
  return NB_OK;
}

nb_status get_rows(ArchiveReader& in, Projection& p, Group& group) {
  Column<uint32_t> counts, posts;
  NB_TRY(in.get_column(&counts, p.pre->size));
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); i++) total += counts[i];
  NB_TRY(in.get_column(&posts, total));
  uint64_t at = 0;
  for (uint32_t row = 0; row < p.pre->size; row++) {
    for (uint32_t k = 0; k < counts[row]; k++, at++) NB_CHECK(posts[at] < p.post->size && (k == 0 || posts[at - 1] <= posts[at]));
  }
  nb_status status = begin_rows(p, group, counts, posts);
  if (status == NB_ERR_TOO_LARGE && group.divisible()) {
    NB_TRY(p.divide());
    std::vector<Group> one;
    NB_TRY(p.make_groups(&group.delay, 1, false, &one));
    group.blocks = std::move(one[0].blocks);
    status = begin_rows(p, group, counts, posts);
  }
  NB_TRY(status);
  // Row after row, so that each block is filled from its front.
  for (at = 0; at < total; at++) {
    Block& block = group.blocks[p.block_of(posts[at])];
    (void)block.index.append(block.index_of(posts[at]));
  }
  p.synapses += total;
  return NB_OK;
}

// One float for each synapse of a group, in the order of the file, within bounds.
template <typename Get>
nb_status get_floats(ArchiveReader& in, Projection& p, Group& group, float low, float high, Get column) {
  bool held = true;
  each_of_group(p, group, [&](const Block& block, size_t at, uint32_t) {
    float value = 0;
    held = held && in.get(&value) && value >= low && value <= high;
    if (held) column(const_cast<Block&>(block))[at] = value;
  });
  return held ? NB_OK : NB_ERR_BAD_FILE;
}

nb_status get_group(ArchiveReader& in, Projection& p, Group& group, Shape shape, Step now) {
  const uint64_t all = uint64_t{p.pre->size} * p.post->size;
  if (shape.dense) {
    p.synapses += all;
    NB_CHECK(!shape.own || in.fits(all, sizeof(float)));
  } else {
    NB_TRY(get_rows(in, p, group));
  }
  for (Block& block : group.blocks) {
    if (shape.dense) block.stride = static_cast<uint32_t>(round_up(block.count, kRowBlock));
    const size_t rows = shape.own ? p.pre->size : 1;
    const size_t count = shape.dense ? rows * block.stride : shape.own ? block.index.size() : 0;
    if (count > 0 && !(block.weight.reserve(count + kRowPadding) && block.weight.resize(count))) return NB_ERR_NO_MEMORY;
    if (shape.dense && !shape.own) {
      for (uint32_t i = 0; i < block.count; i++) block.weight[i] = p.constant_;
    }
    if (p.plasticity.rule == Rule::kReward && !block.eligibility.resize(count)) return NB_ERR_NO_MEMORY;
  }
  const float low = p.plastic() ? static_cast<float>(p.plasticity.weight_min) : -3e38f;
  const float high = p.plastic() ? static_cast<float>(p.plasticity.weight_max) : 3e38f;
  if (shape.own) NB_TRY(get_floats(in, p, group, low, high, [](Block& block) { return block.weight.data(); }));
  if (p.plasticity.rule == Rule::kReward) {
    NB_TRY(get_floats(in, p, group, -3.4e38f, 3.4e38f, [](Block& block) { return block.eligibility.data(); }));
  }
  if (!p.plastic()) return NB_OK;
  for (uint32_t i = 0; i < p.pre->size; i++) {
    PreTrace trace{};
    NB_CHECK(in.get(&trace.fast) && in.get(&trace.slow) && in.get(&trace.last));
    NB_CHECK(std::isfinite(trace.fast) && std::isfinite(trace.slow) && (trace.last < now || trace.last == kNoStep));
    for (Column<PreTrace>& traces : group.traces) traces[i] = trace;
  }
  return NB_OK;
}

}  // namespace

nb_status get_projection(ArchiveReader& in, Network::Impl& impl) {
  uint32_t pre = 0, post = 0, receptor = 0, groups = 0;
  uint8_t self = 0, learning = 0, dense = 0, own = 0;
  Step applied = 0;
  std::unique_ptr<Projection> p(new (std::nothrow) Projection());
  if (p == nullptr) return NB_ERR_NO_MEMORY;
  NB_CHECK(in.get(&pre) && in.get(&post) && impl.has_population(pre) && impl.has_population(post));
  NB_CHECK(impl.populations[post]->model <= Model::kIzhikevich);
  NB_TRY(get_plasticity(in, &p->plasticity));
  NB_CHECK(in.get(&receptor) && receptor <= static_cast<uint32_t>(Receptor::kInhibitory));
  NB_CHECK(in.get(&self) && in.get(&learning) && in.get(&dense) && in.get(&own));
  NB_CHECK(self <= 1 && learning <= 1 && dense <= 1 && own <= 1 && (own == 1 || !p->plastic()));
  NB_CHECK(in.get(&p->constant_) && std::isfinite(p->constant_) && in.get(&p->rewired));
  NB_CHECK(in.get(&p->dopamine) && std::isfinite(p->dopamine) && in.get(&p->dopamine_at) && p->dopamine_at <= impl.now);
  NB_CHECK(in.get(&applied) && applied <= impl.now && in.get(&groups) && groups > 0 && groups <= kMaxDelay + 1);
  NB_CHECK(dense == 0 || groups == 1);
  p->receptor = static_cast<Receptor>(receptor);
  p->self = self != 0;
  p->learning = learning != 0;
  NB_TRY(p->prepare(impl.options, static_cast<uint32_t>(impl.projections.size()), *impl.populations[pre], *impl.populations[post]));
  NB_TRY(p->join_posts());
  if (!p->room_for_groups(groups, dense != 0)) return NB_ERR_NO_MEMORY;
  for (uint32_t g = 0; g < groups; g++) {
    uint32_t delay = 0;
    NB_CHECK(in.get(&delay) && delay <= kMaxDelay && (g == 0 || delay > p->longest_delay()));
    std::vector<Group> one;
    NB_TRY(p->make_groups(&delay, 1, dense != 0, &one));
    NB_TRY(p->finish_groups(&one));
    NB_TRY(get_group(in, *p, one[0], {dense != 0, own != 0}, impl.now));
    p->groups.push_back(std::move(one[0]));
  }
  p->choose_feed();
  const Step since = p->learning ? impl.now : applied;
  const Step rewarded = p->dopamine_at;
  uint32_t id = 0;
  Projection& kept = *p;
  NB_TRY(impl.keep_projection(std::move(p), &id));
  kept.dopamine_at = rewarded;
  for (Group& group : kept.groups) group.applied.fill(since);
  return NB_OK;
}

}  // namespace neuronbus::population
