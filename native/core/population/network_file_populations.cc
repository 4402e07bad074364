// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <new>

#include "network_file.h"

namespace neuronbus::population {
namespace {

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

bool is_spike_before(Step now, double step) {
  return step == kNever || (step >= 0 && step < static_cast<double>(now) && step == std::floor(step));
}

}  // namespace

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
  out.put(p.units[0].excitatory);
  out.put(p.units[0].inhibitory);
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
  for (Step back = kept; back > 0; back--) {
    for (const Shard& shard : p.shards) out.put_array(p.fired(shard, now - back), shard.words());
  }
}

namespace {

nb_status get_parameters(ArchiveReader& in, Model model, uint32_t size, std::vector<Column<double>>* out) {
  for (uint32_t i = 0; i < Population::parameter_count(model); i++) {
    uint8_t each = 0;
    NB_CHECK(in.get(&each) && each <= 1);
    out->emplace_back();
    NB_TRY(in.get_column(&out->back(), each != 0 ? size : 1));
  }
  return NB_OK;
}

bool get_units(ArchiveReader& in, Population& p) {
  Units units;
  if (!in.get(&units.excitatory) || !in.get(&units.inhibitory)) return false;
  for (double unit : {units.excitatory, units.inhibitory}) {
    if (!(unit >= Population::kSmallestUnit && unit <= 1)) return false;
  }
  std::fill(p.units.begin(), p.units.end(), units);
  return p.fades() || (units.excitatory == 1 && units.inhibitory == 1);
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
    for (const Shard& shard : p.shards) NB_CHECK(in.get_array(p.fired(shard, now - back), shard.words()));
    const Shard& last = p.shards.back();
    NB_CHECK(rest == 0 || p.fired(last, now - back)[last.words() - 1] >> rest == 0);
  }
  p.index_fired(now);
  return NB_OK;
}

}  // namespace

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
  NB_CHECK(held && get_units(in, *made));
  uint8_t remembers = 0;
  NB_CHECK(in.get(&remembers) && remembers <= 1);
  if (remembers != 0) NB_TRY(in.get_column(&made->last_spike, size));
  for (size_t i = 0; i < made->last_spike.size(); i++) NB_CHECK(is_spike_before(impl.now, made->last_spike[i]));
  NB_CHECK(in.get_array(made->spikes.data(), size) && in.get_array(made->dead.data(), size));
  NB_TRY(get_source(in, *made, impl.now));
  NB_TRY(get_traces(in, *made));
  NB_TRY(get_fired(in, *made, impl.now));
  uint32_t kept = 0;
  return impl.keep_population(std::move(made), &kept);
}

}  // namespace neuronbus::population
