// SPDX-License-Identifier: MIT
#include "native/core/synapses.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "harness.h"
#include "native/core/neuron_table.h"
#include "raw_segment.h"

using namespace neuronbus;

namespace {

using Pair = std::pair<uint16_t, uint16_t>;

SegmentOptions table_options(uint32_t neurons, uint32_t synapses, uint32_t rules, uint32_t filters) {
  SegmentOptions options;
  options.max_ganglia = 1;
  options.max_neurons = neurons;
  options.max_synapses = synapses;
  options.max_rules = rules;
  options.max_filters = filters;
  return options;
}

struct Table : nbtest::RawSegment {
  Table(uint32_t neurons, uint32_t synapses, uint32_t rules = 4, uint32_t filters = 3)
      : RawSegment(table_options(neurons, synapses, rules, filters)) {
    NeuronTable table(segment, 0);
    for (uint32_t i = 0; i < neurons; i++) {
      uint16_t id = 0;
      CHECK_EQ(table.add(static_cast<uint16_t>(i), Dynamics{}, 0, 0, nullptr, &id), NB_OK);
    }
    owned = std::make_unique<Synapses>(segment, 0);
  }
  Synapses& operator*() { return *owned; }
  Synapses* operator->() { return owned.get(); }
  nb_neuron& neuron(uint32_t id) { return segment.neurons()[id]; }
  uint32_t first_out(uint32_t id) { return owned->outgoing(id).degree > 0 ? owned->outgoing(id).head : NB_NONE; }

  std::unique_ptr<Synapses> owned;
};

nb_rule rule_of(uint32_t kind, double tau_ns = 20e6) {
  nb_rule rule{};
  rule.kind = kind;
  rule.a_plus = 0.01;
  rule.a_minus = 0.012;
  rule.tau_plus_ns = rule.tau_minus_ns = tau_ns;
  rule.weight_min = 0.001;
  rule.weight_max = 1;
  rule.answer_window_ns = 1e8;
  return rule;
}

nb_filter filter_of(uint8_t min_priority) {
  nb_filter filter{};
  filter.type_mask = 7;
  filter.min_priority = min_priority;
  return filter;
}

nb_status add(Table& table, Pair pair, uint32_t* index, double weight = 0.5) {
  return table->add(pair.first, pair.second, weight, rule_of(NB_RULE_STATIC), nullptr, 0, index);
}

// What the table should hold, and everything that must follow from it.
struct Model {
  struct Entry {
    uint32_t index;
    double weight;
    uint32_t kind;
    int priority;  // of the filter; -1 = none
  };
  std::map<Pair, Entry> entries;

  void check(Table& table, uint32_t neurons) const {
    CHECK_EQ(table->count(), entries.size());
    uint32_t live = 0;
    for (uint32_t i = 0; i < table->high_water(); i++) live += table->live(i) ? 1 : 0;
    CHECK_EQ(live, entries.size());
    for (const auto& [pair, entry] : entries) check_entry(table, pair, entry);
    for (uint16_t id = 0; id < neurons; id++) check_neuron(table, id);
    check_users(table);
  }

  void check_entry(Table& table, Pair pair, const Entry& entry) const {
    if (!CHECK_EQ(table->find(pair.first, pair.second), entry.index)) return;
    CHECK(table->is(entry.index, pair.first, pair.second));
    CHECK_EQ(table->weight(entry.index), entry.weight);
    CHECK_EQ(table->rule(entry.index).kind, entry.kind);
    const nb_filter* filter = table->filter(entry.index);
    CHECK_EQ(filter == nullptr ? -1 : filter->min_priority, entry.priority);
  }

  void check_neuron(Table& table, uint16_t id) const {
    std::set<Pair> out, in, expected_out, expected_in;
    uint32_t pairs = 0;
    for (uint32_t i = table.first_out(id); i != NB_NONE; i = table->next_out(i)) {
      if (!CHECK(out.insert({table->pre(i), table->post(i)}).second)) return;
    }
    for (uint32_t i = table.neuron(id).in_head; i != NB_NONE; i = table->next_in(i)) {
      if (!CHECK(in.insert({table->pre(i), table->post(i)}).second)) return;
    }
    for (const auto& [pair, entry] : entries) {
      if (pair.first == id) expected_out.insert(pair);
      if (pair.second == id) expected_in.insert(pair);
      if (pair.second == id && entry.kind >= NB_RULE_PAIR_ALL) pairs++;
    }
    CHECK(out == expected_out);
    CHECK(in == expected_in);
    CHECK_EQ(table->outgoing(id).degree, out.size());
    CHECK_EQ(table.neuron(id).listeners != 0, !out.empty());
    CHECK_EQ(table.neuron(id).in_degree, in.size());
    CHECK_EQ(table.neuron(id).pair_in, pairs);
    CHECK_EQ((table.neuron(id).watch & NB_WATCH_PAIR) != 0, pairs > 0);
  }

  void check_users(Table& table) const {
    uint32_t rules = 0, filters = 0, filtered = 0;
    for (uint32_t i = 0; i < table.segment.header().max_rules; i++) rules += table.segment.rules(0)[i].users;
    for (uint32_t i = 0; i < table.segment.header().max_filters; i++) filters += table.segment.filters(0)[i].users;
    for (const auto& [pair, entry] : entries) filtered += entry.priority >= 0 ? 1 : 0;
    CHECK_EQ(rules, entries.size());
    CHECK_EQ(filters, filtered);
  }
};

void random_operations(uint32_t neurons, uint32_t capacity, uint64_t steps) {
  nbtest::Random random = nbtest::random_for_test();
  Table table(neurons, capacity);
  Model model;
  for (uint64_t step = 0; step < steps; step++) {
    const Pair pair{static_cast<uint16_t>(random.below(neurons)), static_cast<uint16_t>(random.below(neurons))};
    const auto known = model.entries.find(pair);
    if (random.below(5) < 3) {
      const Model::Entry entry{0, static_cast<double>(random.below(900) + 50) / 1000, static_cast<uint32_t>(random.below(4)),
                               static_cast<int>(random.below(4)) - 1};
      const nb_filter filter = filter_of(static_cast<uint8_t>(std::max(0, entry.priority)));
      uint32_t index = 0;
      const nb_status status = table->add(pair.first, pair.second, entry.weight, rule_of(entry.kind),
                                          entry.priority < 0 ? nullptr : &filter, step, &index);
      if (pair.first == pair.second) {
        CHECK_EQ(status, NB_ERR_SELF_SYNAPSE);
      } else if (known != model.entries.end()) {
        CHECK_EQ(status, NB_ERR_SYNAPSE_EXISTS);
      } else if (model.entries.size() == capacity) {
        CHECK_EQ(status, NB_ERR_TOO_MANY_SYNAPSES);
      } else if (CHECK_EQ(status, NB_OK)) {
        CHECK_EQ(table->last_pre(index), step);
        model.entries[pair] = entry;
        model.entries[pair].index = index;
      }
    } else if (known != model.entries.end()) {
      table->remove(known->second.index);
      model.entries.erase(known);
      CHECK_EQ(table->find(pair.first, pair.second), NB_NONE);
    } else {
      CHECK_EQ(table->find(pair.first, pair.second), NB_NONE);
    }
    if (step % (capacity < 50 ? 1 : 97) == 0) model.check(table, neurons);
  }
  model.check(table, neurons);
  CHECK(table->high_water() <= capacity);
}

}  // namespace

NB_TEST("synapses: random additions and removals agree with a map, in a table of 1 to 16") {
  for (uint32_t capacity : {1u, 2u, 3u, 4u, 7u, 16u}) random_operations(5, capacity, nbtest::scaled(20000));
}

NB_TEST("synapses: random additions and removals agree with a map, in a table of 300 that is mostly full") {
  random_operations(20, 300, nbtest::scaled(50000));
}

NB_TEST("synapses: random additions and removals agree with a map, among many neurons") {
  random_operations(2000, 1500, nbtest::scaled(50000));
}

NB_TEST("synapses: a full table finds every pair after removals in every order, whatever collides") {
  nbtest::Random random = nbtest::random_for_test();
  for (uint64_t round = 0; round < nbtest::scaled(60); round++) {
    const uint32_t capacity = static_cast<uint32_t>(random.below(5)) + 2;
    std::set<Pair> chosen;
    while (chosen.size() < capacity) {
      const Pair pair{static_cast<uint16_t>(random.below(60)), static_cast<uint16_t>(random.below(60))};
      if (pair.first != pair.second) chosen.insert(pair);
    }
    std::vector<Pair> order(chosen.begin(), chosen.end());
    Table table(60, capacity);
    do {
      uint32_t index = 0;
      for (const Pair& pair : order) CHECK_EQ(add(table, pair, &index), NB_OK);
      CHECK_EQ(add(table, {58, 59}, &index), chosen.count({58, 59}) != 0 ? NB_ERR_SYNAPSE_EXISTS : NB_ERR_TOO_MANY_SYNAPSES);
      for (size_t gone = 0; gone < order.size(); gone++) {
        table->remove(table->find(order[gone].first, order[gone].second));
        for (size_t i = 0; i < order.size(); i++) {
          CHECK_EQ(table->find(order[i].first, order[i].second) != NB_NONE, i > gone);
        }
      }
      for (uint32_t slot = 0; slot < table.segment.header().synapse_hash_slots; slot++) {
        CHECK_EQ(table.segment.column<uint32_t>(0, table.segment.header().synapse_hash_offset)[slot], 0u);
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

NB_TEST("synapses: a table without room for any finds nothing and takes nothing") {
  Table table(4, 0);
  uint32_t index = 0;
  CHECK_EQ(table->find(0, 1), NB_NONE);
  CHECK_EQ(add(table, {0, 1}, &index), NB_ERR_TOO_MANY_SYNAPSES);
}

NB_TEST("synapses: the largest ids are pairs like all others") {
  Table table(NB_MAX_NEURONS, 64);
  uint32_t index = 0;
  for (uint16_t i = 1; i <= 60; i++) CHECK_EQ(add(table, {NB_MAX_NEURONS - 1, static_cast<uint16_t>(NB_MAX_NEURONS - 1 - i)}, &index), NB_OK);
  for (uint16_t i = 1; i <= 60; i++) CHECK(table->find(NB_MAX_NEURONS - 1, static_cast<uint16_t>(NB_MAX_NEURONS - 1 - i)) != NB_NONE);
  CHECK_EQ(table->find(static_cast<uint16_t>(NB_MAX_NEURONS - 2), NB_MAX_NEURONS - 1), NB_NONE);
}

NB_TEST("synapses: bad rules, weights and prefixes are refused and change nothing") {
  Table table(4, 8);
  const Model empty;
  uint32_t index = 0;
  const double infinite = std::numeric_limits<double>::infinity();
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  for (const double weight : {0.0, 0.0009, 1.1, -1.0, infinite, -infinite, not_a_number}) {
    CHECK_EQ(add(table, {0, 1}, &index, weight), NB_ERR_INVALID_ARGUMENT);
  }
  double nb_rule::*const fields[] = {&nb_rule::a_plus, &nb_rule::a_minus, &nb_rule::tau_plus_ns, &nb_rule::tau_minus_ns,
                                    &nb_rule::weight_min, &nb_rule::weight_max, &nb_rule::answer_window_ns};
  for (double nb_rule::*field : fields) {
    for (const double value : {-1.0, infinite, -infinite, not_a_number}) {
      nb_rule rule = rule_of(NB_RULE_EXCHANGE);
      rule.*field = value;
      CHECK_EQ(table->add(0, 1, 0.5, rule, nullptr, 0, &index), NB_ERR_INVALID_ARGUMENT);
    }
  }
  CHECK_EQ(table->add(0, 1, 0.5, rule_of(4), nullptr, 0, &index), NB_ERR_INVALID_ARGUMENT);
  nb_filter filter = filter_of(1);
  filter.prefix_length = NB_INLINE_BYTES + 1;
  CHECK_EQ(table->add(0, 1, 0.5, rule_of(NB_RULE_STATIC), &filter, 0, &index), NB_ERR_INVALID_ARGUMENT);
  empty.check(table, 4);
}

NB_TEST("synapses: rules and filters are shared, freed with their last user, and refused beyond the table") {
  Table table(10, 20, 2, 2);
  uint32_t index = 0;
  const auto connect = [&](uint16_t post, double tau_ns, uint8_t priority) {
    const nb_filter filter = filter_of(priority);
    return table->add(0, post, 0.5, rule_of(NB_RULE_EXCHANGE, tau_ns), &filter, 0, &index);
  };
  CHECK_EQ(connect(1, 1, 1), NB_OK);
  CHECK_EQ(connect(2, 1, 2), NB_OK);
  CHECK_EQ(connect(3, 2, 1), NB_OK);
  CHECK_EQ(connect(4, 3, 1), NB_ERR_TOO_MANY_RULES);
  CHECK_EQ(connect(4, 1, 3), NB_ERR_TOO_MANY_FILTERS);
  CHECK_EQ(table.segment.rules(0)[0].users, 2u);
  CHECK_EQ(table.segment.rules(0)[1].users, 1u);
  table->remove(table->find(0, 3));
  CHECK_EQ(connect(4, 3, 1), NB_OK);
  CHECK_EQ(table->rule(index).tau_plus_ns, 3.0);
  CHECK_EQ(connect(5, 2, 1), NB_ERR_TOO_MANY_RULES);
  table->remove(table->find(0, 2));
  CHECK_EQ(connect(5, 1, 9), NB_OK);
  CHECK_EQ(table->filter(index)->min_priority, 9);
  CHECK_EQ(table->count(), 3u);
}
