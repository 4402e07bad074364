// SPDX-License-Identifier: MIT
//
// A network in a file. What is in it does not depend on the number of threads; recordings are not part of it.
//
// Nothing that a file says is believed before it is checked: sizes against the bytes that are left, indices against sizes.
#include <algorithm>
#include <cmath>
#include <new>

#include "archive.h"
#include "network_impl.h"

namespace neuronbus::population {
namespace {

constexpr uint64_t kMagic = 0x454B4950532D424Eu;  // "NB-SPIKE"
constexpr uint32_t kVersion = 1;
constexpr Step kLatest = Step{1} << 53;  // steps are whole numbers in a double, too

#define NB_CHECK(condition) \
  if (!(condition)) return NB_ERR_BAD_FILE
#define NB_TRY(expression) \
  if (const nb_status tried = (expression); tried != NB_OK) return tried

// ---- populations ----------------------------------------------------------------------------------------------------

// The columns that have a value for each neuron, in the order of the file.
template <typename P, typename F>
void each_column(P& population, F visit) {
  visit(population.potential);
  visit(population.excitatory);
  visit(population.inhibitory);
  visit(population.raised);
  visit(population.recovery);
  visit(population.hazard);
  visit(population.held_until);
}

void put_population(ArchiveWriter& out, const Population& p, Step now, Step kept) {
  out.put(static_cast<uint32_t>(p.model));
  out.put(p.size);
  for (const Parameter& parameter : p.parameters) {
    out.put(static_cast<uint8_t>(parameter.each));
    out.put_array(parameter.values.data(), parameter.each ? p.size : 1);
  }
  out.put(static_cast<uint8_t>(!p.raised.empty()));
  each_column(p, [&](const Column<double>& column) {
    if (!column.empty()) out.put_array(column.data(), p.size);
  });
  out.put(static_cast<uint8_t>(!p.last_spike.empty()));
  if (!p.last_spike.empty()) out.put_array(p.last_spike.data(), p.size);
  out.put_array(p.spikes.data(), p.size);
  out.put_array(p.dead.data(), p.size);
  const uint64_t source = p.source.size() - p.source_next;
  out.put(source);
  for (size_t i = p.source_next; i < p.source.size(); i++) out.put(p.source[i].step);
  for (size_t i = p.source_next; i < p.source.size(); i++) out.put(p.source[i].neuron);
  out.put(static_cast<uint32_t>(p.traces.size()));
  for (const PostTrace& trace : p.traces) {
    out.put(trace.tau_ms);
    out.put(static_cast<uint8_t>(trace.nearest));
    out.put_array(trace.value.data(), p.size);
  }
  out.put(kept);
  for (Step back = kept; back > 0; back--) out.put_array(p.fired(now - back), p.words());
}

nb_status get_parameters(ArchiveReader& in, Model model, uint32_t size, std::vector<Column<double>>* out) {
  for (uint32_t i = 0; i < Population::parameter_count(model); i++) {
    uint8_t each = 0;
    NB_CHECK(in.get(&each) && each <= 1);
    out->emplace_back();
    NB_TRY(in.get_column(&out->back(), each != 0 ? size : 1));
  }
  return NB_OK;
}

nb_status get_source(ArchiveReader& in, Population& p, Step now) {
  uint64_t count = 0;
  Column<Step> steps;
  Column<uint32_t> neurons;
  NB_CHECK(in.get(&count) && in.fits(count, sizeof(Step) + sizeof(uint32_t)));
  NB_TRY(in.get_column(&steps, count));
  NB_TRY(in.get_column(&neurons, count));
  if (count == 0) return NB_OK;
  NB_CHECK(p.model == Model::kSpikeSource);
  const nb_status status = p.add_source_spikes(neurons.data(), steps.data(), count, now);
  return status == NB_ERR_INVALID_ARGUMENT ? NB_ERR_BAD_FILE : status;
}

nb_status get_traces(ArchiveReader& in, Population& p) {
  uint32_t count = 0;
  NB_CHECK(in.get(&count));
  for (uint32_t i = 0; i < count; i++) {
    double tau = 0;
    uint8_t nearest = 0;
    uint32_t at = 0;
    NB_CHECK(in.get(&tau) && in.get(&nearest) && std::isfinite(tau) && tau > 0 && nearest <= 1 && in.fits(p.size, sizeof(double)));
    NB_TRY(p.need_trace(tau, nearest != 0, false, &at));
    NB_CHECK(at == i && in.get_array(p.traces[at].value.data(), p.size));
  }
  return NB_OK;
}

nb_status get_fired(ArchiveReader& in, Population& p, Step now) {
  Step kept = 0;
  NB_CHECK(in.get(&kept) && kept <= now && kept <= kMaxDelay && in.fits(kept * p.words(), sizeof(uint64_t)));
  uint32_t slots = 1;
  while (slots < kept + 1) slots *= 2;
  NB_TRY(p.keep_steps(slots, now));
  const uint32_t rest = p.size % 64;
  for (Step back = kept; back > 0; back--) {
    uint64_t* const bits = p.fired(now - back);
    NB_CHECK(in.get_array(bits, p.words()));
    NB_CHECK(rest == 0 || bits[p.words() - 1] >> rest == 0);
  }
  return NB_OK;
}

nb_status get_population(ArchiveReader& in, Network::Impl& impl) {
  uint32_t model_number = 0;
  uint32_t size = 0;
  NB_CHECK(in.get(&model_number) && in.get(&size) && model_number <= static_cast<uint32_t>(Model::kPoisson));
  const Model model = static_cast<Model>(model_number);
  NB_CHECK(size > 0 && in.fits(size, sizeof(uint32_t) + sizeof(uint8_t)));
  std::vector<Column<double>> columns;
  NB_TRY(get_parameters(in, model, size, &columns));
  std::vector<Values> values;
  for (const Column<double>& column : columns) values.push_back({column.data(), column.size()});

  std::unique_ptr<Population> made;
  const uint32_t id = static_cast<uint32_t>(impl.populations.size());
  const nb_status status = Population::create(impl.options, id, model, size, values.data(), &made);
  if (status != NB_OK) return status == NB_ERR_INVALID_ARGUMENT ? NB_ERR_BAD_FILE : status;
  uint8_t raised = 0;
  NB_CHECK(in.get(&raised) && raised <= 1);
  if (raised != 0 && made->raised.empty()) {
    const double zero = 0;
    NB_CHECK(model == Model::kLif || model == Model::kLifConductance);
    NB_TRY(made->set_state(Variable::kThreshold, {&zero, 1}));
  }
  NB_CHECK((raised != 0) == !made->raised.empty());
  bool held = true;
  each_column(*made, [&](Column<double>& column) { held = held && (column.empty() || in.get_array(column.data(), size)); });
  for (uint32_t i = 0; i < size && !made->inhibitory.empty(); i++) made->inhibited = made->inhibited || made->inhibitory[i] != 0;
  uint8_t remembers = 0;
  NB_CHECK(held && in.get(&remembers) && remembers <= 1);
  if (remembers != 0) NB_TRY(in.get_column(&made->last_spike, size));
  NB_CHECK(in.get_array(made->spikes.data(), size) && in.get_array(made->dead.data(), size));
  NB_TRY(get_source(in, *made, impl.now));
  NB_TRY(get_traces(in, *made));
  NB_TRY(get_fired(in, *made, impl.now));
  uint32_t kept = 0;
  return impl.keep_population(std::move(made), &kept);
}

// ---- projections ----------------------------------------------------------------------------------------------------

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

// The synapses of a group by pre: how many, their posts, weights and eligibilities.
template <typename F>
void each_of_group(const Projection& p, const Group& group, F visit) {
  for (uint32_t row = 0; row < p.pre->size; row++) {
    for (const Block& block : group.blocks) {
      const size_t base = block.dense() ? (block.weight.size() == block.stride ? 0 : size_t{row} * block.stride) : 0;
      const uint32_t begin = block.dense() ? 0 : block.start[row];
      const uint32_t end = block.dense() ? block.count : block.start[row + 1];
      for (uint32_t k = begin; k < end; k++) visit(block, base + k, row, block.first + (block.dense() ? k : block.index[k]));
    }
  }
}

void put_group(ArchiveWriter& out, const Projection& p, const Group& group, bool own) {
  out.put(group.delay);
  if (!group.blocks[0].dense()) {
    for (uint32_t row = 0; row < p.pre->size; row++) {
      uint32_t count = 0;
      for (const Block& block : group.blocks) count += block.start[row + 1] - block.start[row];
      out.put(count);
    }
    each_of_group(p, group, [&](const Block&, size_t, uint32_t, uint32_t to) { out.put(to); });
  }
  if (own) each_of_group(p, group, [&](const Block& block, size_t at, uint32_t, uint32_t) { out.put(block.weight[at]); });
  if (p.plasticity.rule == Rule::kReward) {
    each_of_group(p, group, [&](const Block& block, size_t at, uint32_t, uint32_t) { out.put(block.eligibility[at]); });
  }
  if (!p.plastic()) return;
  for (uint32_t i = 0; i < p.pre->size; i++) {
    const PreTrace& trace = group.traces[0][i];
    out.put(trace.fast);
    out.put(trace.slow);
    out.put(trace.last);
  }
}

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
  out.put(p.learning ? Step{0} : block.applied);
  out.put(static_cast<uint32_t>(p.groups.size()));
  for (const Group& group : p.groups) put_group(out, p, group, own);
}

struct Shape {
  bool dense, own;
};

nb_status get_rows(ArchiveReader& in, Projection& p, Group& group) {
  Column<uint32_t> counts, posts;
  NB_TRY(in.get_column(&counts, p.pre->size));
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); i++) total += counts[i];
  NB_TRY(in.get_column(&posts, total));
  const uint32_t shard_size = p.post->shards[0].count;
  for (Block& block : group.blocks) {
    if (!block.start.resize(size_t{p.pre->size} + 1)) return NB_ERR_NO_MEMORY;
  }
  uint64_t at = 0;
  for (uint32_t row = 0; row < p.pre->size; row++) {
    for (uint32_t k = 0; k < counts[row]; k++, at++) {
      NB_CHECK(posts[at] < p.post->size && (k == 0 || posts[at - 1] <= posts[at]));
      group.blocks[posts[at] / shard_size].start[row + 1]++;
    }
  }
  for (Block& block : group.blocks) {
    uint64_t sum = 0;
    for (uint32_t row = 0; row < p.pre->size; row++) {
      sum += block.start[row + 1];
      block.start[row + 1] = static_cast<uint32_t>(sum);
    }
    NB_CHECK(sum < uint64_t{1} << 32);
    if (!block.index.resize(sum)) return NB_ERR_NO_MEMORY;
  }
  // Row after row, so that each block is filled from its front.
  Column<uint32_t> filled;
  if (!filled.resize(group.blocks.size())) return NB_ERR_NO_MEMORY;
  for (at = 0; at < total; at++) {
    const uint32_t shard = posts[at] / shard_size;
    Block& block = group.blocks[shard];
    block.index[filled[shard]++] = static_cast<uint16_t>(posts[at] - block.first);
  }
  p.synapses += total;
  return NB_OK;
}

// One float for each synapse of a group, in the order of the file, within bounds.
template <typename Get>
nb_status get_floats(ArchiveReader& in, Projection& p, Group& group, float low, float high, Get column) {
  bool held = true;
  each_of_group(p, group, [&](const Block& block, size_t at, uint32_t, uint32_t) {
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
    if (!block.weight.resize(count)) return NB_ERR_NO_MEMORY;
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
  for (uint32_t g = 0; g < groups; g++) {
    uint32_t delay = 0;
    NB_CHECK(in.get(&delay) && delay <= kMaxDelay && (g == 0 || delay > p->longest_delay()));
    std::vector<Group> one;
    NB_TRY(p->make_groups(&delay, 1, &one));
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
  for (Group& group : kept.groups) {
    for (Block& block : group.blocks) block.applied = since;
  }
  return NB_OK;
}

nb_status get_network(ArchiveReader& in, Network::Impl& impl) {
  uint32_t populations = 0, projections = 0;
  NB_CHECK(in.get(&impl.now) && impl.now <= kLatest && in.get(&populations) && in.get(&projections));
  for (uint32_t i = 0; i < populations; i++) NB_TRY(get_population(in, impl));
  for (uint32_t i = 0; i < projections; i++) NB_TRY(get_projection(in, impl));
  NB_CHECK(in.complete());
  return NB_OK;
}

}  // namespace

nb_status Network::save(const char* path, const uint8_t* extra, size_t extra_bytes) const {
  Impl& impl = *impl_;
  if (path == nullptr || (extra == nullptr && extra_bytes > 0)) return NB_ERR_INVALID_ARGUMENT;
  // A file needs no log of post-spikes that synapses have not taken.
  impl.sync();
  ArchiveWriter out(path);
  out.put(kMagic);
  out.put(kVersion);
  out.put(static_cast<uint64_t>(extra_bytes));
  out.put_array(extra, extra_bytes);
  out.put(impl.options.dt_ms);
  out.put(impl.options.seed);
  out.put(impl.now);
  out.put(static_cast<uint32_t>(impl.populations.size()));
  out.put(static_cast<uint32_t>(impl.projections.size()));
  for (const auto& population : impl.populations) {
    Step kept = 0;
    for (const auto& projection : impl.projections) {
      if (projection->pre == population.get()) kept = std::max<Step>(kept, projection->longest_delay());
    }
    put_population(out, *population, impl.now, std::min(kept, impl.now));
  }
  for (const auto& projection : impl.projections) put_projection(out, *projection);
  return out.finish();
}

nb_status Network::load(const char* path, uint32_t threads, std::unique_ptr<Network>* out, std::unique_ptr<uint8_t[]>* extra,
                        size_t* extra_bytes) {
  if (path == nullptr) return NB_ERR_INVALID_ARGUMENT;
  ArchiveReader in(path);
  if (!in.opened()) return NB_ERR_FILE_IO;
  uint64_t magic = 0;
  uint32_t version = 0;
  uint64_t bytes = 0;
  NB_CHECK(in.get(&magic) && magic == kMagic && in.get(&version));
  if (version != kVersion) return NB_ERR_VERSION;
  NB_CHECK(in.get(&bytes) && in.fits(bytes, 1));
  std::unique_ptr<uint8_t[]> kept(new (std::nothrow) uint8_t[bytes + 1]);
  if (kept == nullptr) return NB_ERR_NO_MEMORY;
  NB_CHECK(in.get_array(kept.get(), bytes));
  NetworkOptions options;
  NB_CHECK(in.get(&options.dt_ms) && in.get(&options.seed));
  options.threads = 1;
  std::unique_ptr<Network> made;
  NB_CHECK(create(options, &made) == NB_OK);
  options.threads = threads;
  NB_TRY(create(options, &made));
  NB_TRY(get_network(in, *made->impl_));
  *out = std::move(made);
  *extra = std::move(kept);
  *extra_bytes = bytes;
  return NB_OK;
}

}  // namespace neuronbus::population
