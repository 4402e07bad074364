// SPDX-License-Identifier: MIT
//
// The synapses from one population to another, in rows by pre-neuron. Bytes of a synapse: all-to-all 4 (a weight); otherwise 2 (the
// post within its shard), + 4 unless all weights are the same, + 4 (eligibility) with the reward rule; a row costs 4 in each shard of
// the posts, or nothing where all rows are equally long and the posts are one shard, and a plastic one 24 for each thread. All that is
// not of a synapse there is once for each delay, and so is a Block.
//
// Synapses of one delay make a group; within a group the synapses onto neighbouring shards of one thread make a block (block.h),
// which that thread works on. What all blocks of a thread share (the traces of pre-neurons) each thread has for itself. Everything
// but deliver() and sweep() is called while the team rests.
//
// A post-spike only goes into the log of its shard. What it does to a synapse happens when the next pre-spike arrives there, when
// weights are asked for, or when the log is full: then sync() or sweep() makes the synapse take all of the log. There is no index from
// posts to synapses.
#pragma once

#include <memory>
#include <vector>

#include "block.h"
#include "connectivity.h"
#include "memory.h"
#include "network.h"
#include "plasticity.h"
#include "population.h"

namespace neuronbus::population {

struct Group {
  uint32_t delay = 1;
  std::vector<Block> blocks;              // by post
  std::vector<Column<PreTrace>> traces;   // of each thread; equal while the team rests
  // Plastic: of each shard, post-spikes before this step have acted, and eligibilities are of this step, unless an arrival, or a
  // post-spike that has acted, came later.
  Column<Step> applied;

  uint64_t bytes() const;
  // Whether there are blocks of several shards.
  bool divisible() const {
    return std::any_of(blocks.begin(), blocks.end(), [](const Block& block) { return block.shards > 1; });
  }
};

// Which input of a post-neuron a synapse feeds.
enum class Feed : uint32_t { kExcitatory, kInhibitory, kBySign };

class Projection {
 public:
  // What connect() takes, checked. Nothing remains of a failure but room in `post`.
  static nb_status create(const NetworkOptions& options, uint32_t id, const Connection& connection, Population& pre, Population& post,
                          std::unique_ptr<Projection>* out);

  // Delivers what arrives at step `now` in the blocks of one thread.
  void deliver(uint32_t thread, Step now, FiredList* fired);
  // The synapses onto a shard take all post-spikes before `now`, of which the log then need know nothing. It depends on the shards when
  // this happens, so that nothing may depend on it: eligibilities are left at the last event of each synapse.
  void sweep(uint32_t shard, Step now);
  // All synapses take all post-spikes before `now`, and eligibilities are brought to `now`.
  void sync(Step now);

  // visit(block, position of the weight, pre, post, delay) for each synapse, by pre, then by post, then by delay. False: *stop became
  // true before it had visited all.
  template <typename F>
  bool each_synapse(F visit, const Stop* stop = nullptr) const;

  float weight_at(const Block& block, size_t position) const { return block.weight.empty() ? constant_ : block.weight[position]; }
  nb_status set_weights(const float* weights, uint64_t count, Step now);
  nb_status own_weights();  // gives each synapse a weight of its own
  bool has_own_weights() const;
  void choose_feed();
  nb_status reward(double amount, Step now);
  nb_status normalize(double total, Step now, const Stop* stop);
  void set_learning(bool on, Step now);
  nb_status rewire(double below, bool dead, uint64_t grow, double weight, Step now, uint64_t* removed, uint64_t* grown,
                   const Stop* stop);
  uint64_t bytes() const;
  bool plastic() const { return plasticity.rule != Rule::kStatic; }
  uint32_t longest_delay() const { return groups.empty() ? 0 : groups.back().delay; }
  uint32_t shortest_delay() const { return groups.empty() ? kMaxDelay : groups.front().delay; }

  uint32_t id = 0;
  uint64_t seed = 0;
  double dt_ms = 0;
  uint32_t threads = 1;
  Population* pre = nullptr;
  Population* post = nullptr;
  Plasticity plasticity;
  Receptor receptor = Receptor::kBySign;
  bool self = true;
  uint32_t delay_low = 1, delay_high = 1;  // of synapses that grow
  std::vector<Group> groups;               // by delay
  uint64_t synapses = 0;
  bool learning = true;
  uint32_t rewired = 0;  // times

  double dopamine = 0;  // at step dopamine_at
  Step dopamine_at = 0;

  float constant_ = 0;

  // For create(), rewire() and load(): the parts of making one.
  nb_status prepare(const NetworkOptions& options, uint32_t id, Population& pre, Population& post);
  nb_status join_posts();
  nb_status make_groups(const uint32_t* delays, size_t count, bool dense, std::vector<Group>* out);
  // Whether there is memory for so many groups and their blocks, which no column counts; their rows come on top.
  bool room_for_groups(size_t count, bool dense) const;
  static bool room_for_blocks(size_t groups, size_t each);
  // Makes blocks of one shard each; what is in them stays. NB_ERR_NO_MEMORY, NB_ERR_TOO_LARGE: nothing has changed.
  nb_status divide();
  nb_status finish_groups(std::vector<Group>* groups) const;
  // Where in a group the synapses onto a post are.
  uint32_t block_of(uint32_t post_neuron) const { return block_of_shard_[post_neuron / post->shards[0].count]; }

 private:
  friend class RowTask;
  nb_status ask_posts();
  nb_status fill_dense(const Connection& connection);
  nb_status fill_sparse(const Connection& connection, const Targets& targets);
  nb_status divided(const Block& block, std::vector<Block>* out) const;
  bool joins(uint32_t shard, uint32_t joined, bool dense) const;
  size_t blocks_each(bool dense) const;
  void deliver_static(const Block& block, const uint32_t* list, uint32_t count);
  void deliver_learning(Block& block, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count);
  template <bool Soft>
  void deliver_rows(Block& block, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count);
  template <bool Soft>
  void deliver_synapses(Block& block, uint32_t s, uint32_t thread, const Group& group, Step now, const uint32_t* list, uint32_t count);
  // Whether post-spikes act on synapses alike, whatever happened to each of them before.
  bool takes_whole_rows() const {
    return plasticity.rule != Rule::kReward && plasticity.pairing != Pairing::kReducedNearest;
  }
  enum class Until { kLastEvent, kNow };
  void take(uint32_t shard, Step now, Until until);
  template <bool Soft>
  void take_rows(Block& block, uint32_t s, Group& group, Step now, Until until);
  void remember(Group& group, uint32_t thread, Step now, const uint32_t* list, uint32_t count);

  // What a weight is multiplied with before it is added to a column of the posts.
  struct Scales {
    double excitatory, inhibitory;
  };
  Scales scales_onto(uint32_t shard) const {
    const Units& unit = post->units[shard];
    return {1 / unit.excitatory, inhibitory_scale_ / unit.inhibitory};
  }

  Feed feed_ = Feed::kExcitatory;
  double inhibitory_scale_ = 1;  // -1: negative weights are conductances

  Decay fast_, slow_;                       // traces of the pre-neuron
  Decay eligible_, dopamine_decay_, both_;  // reward
  uint32_t trace_ = 0, slow_trace_ = 0;     // numbers of the post traces
  std::vector<uint32_t> block_of_shard_;
  uint32_t most_shards_ = kBlockShards;     // of a block
  std::vector<Column<PostLog::Link>> scratch_;   // of each thread: entries of one neuron, in the order of time
};

template <typename F>
bool Projection::each_synapse(F visit, const Stop* stop) const {
  std::vector<size_t> at(groups.size());
  for (uint32_t row = 0; row < pre->size; row++) {
    if (stopped(stop)) return false;
    for (size_t b = 0; b < groups[0].blocks.size(); b++) {
      const auto of = [&](size_t g) -> const Block& { return groups[g].blocks[b]; };
      if (groups.size() == 1) {
        of(0).each_of_row(row, [&](size_t k, uint32_t to) { visit(of(0), k, row, to, groups[0].delay); });
        continue;
      }
      for (uint32_t s = 0; s < of(0).shards; s++) {
        for (size_t g = 0; g < groups.size(); g++) at[g] = of(g).begin(row, s);
        for (;;) {
          size_t best = groups.size();
          for (size_t g = 0; g < groups.size(); g++) {
            if (at[g] == of(g).end(row, s)) continue;
            if (best == groups.size() || of(g).index[at[g]] < of(best).index[at[best]]) best = g;
          }
          if (best == groups.size()) break;
          const size_t k = at[best]++;
          visit(of(best), k, row, of(best).post(s, k, k), groups[best].delay);
        }
      }
    }
  }
  return true;
}

}  // namespace neuronbus::population
