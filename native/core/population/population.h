// SPDX-License-Identifier: MIT
//
// One population: its parameters, the state of its neurons, who fired in the last steps, and what plastic projections need to know of
// its spikes.
//
// Neurons are divided into shards. While steps are computed a shard belongs to one thread; a population is read by all threads only
// where it was written before the last barrier (the bits of earlier steps).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

#include "kernels.h"
#include "memory.h"
#include "network.h"
#include "plasticity.h"

namespace neuronbus::population {

constexpr uint32_t kShardNeurons = 65'536;  // the index of a synapse within a shard is 16 bits wide
constexpr uint32_t kMaxDelay = 65'535;
constexpr double kNever = -1;

struct Shard {
  uint32_t first, count;
  uint32_t thread;
  uint32_t words() const { return (count + 63) / 64; }  // of fired bits
};

// A parameter, or what follows from some: one value for all neurons, or one for each (padded to kNeuronBlock).
struct Parameter {
  Column<double> values;
  bool each = false;
  double at(uint32_t neuron) const { return values[each ? neuron : 0]; }
  Field field() const { return {values.data(), each ? 1u : 0u}; }
};

// Decaying count of the post-spikes of each neuron, for the rules that have this time constant and pairing.
struct PostTrace {
  double tau_ms;
  bool nearest;
  bool logged;           // the log keeps its value before each post-spike
  double factor;         // of one step
  Column<double> value;  // up to and including the spikes of the last step
  Column<float> now;     // at the step that is being computed, before its spikes
};

// Post-spikes of a shard that some synapses have not taken yet, oldest first, and chained by neuron.
struct PostLog {
  static constexpr uint32_t kNone = ~uint32_t{0};
  // An entry, with its step, so that who has gone back far enough need not look at it.
  struct Link {
    uint32_t entry;  // kNone: there is none
    uint32_t step;
  };
  Step base = 0;          // steps are counted from here
  uint32_t count = 0;
  Column<uint16_t> post;  // within the shard
  Column<uint32_t> step;
  Column<Link> earlier;  // the entry before this one of the same neuron
  Column<Link> head;     // of each neuron of the shard, the newest entry
  Column<double> before;  // of each neuron of the shard, the last spike that was in the log and is not any more; steps, kNever; empty: no rule asks
  std::vector<Column<float>> traces;  // by number of the post trace; empty unless it is logged
  uint32_t capacity() const { return static_cast<uint32_t>(post.size()); }
  // Of a neuron of the shard, as far as is known here: steps, or kNever.
  double last_spike(uint32_t local) const {
    const Link newest = head[local];
    return newest.entry != kNone ? static_cast<double>(base + newest.step) : before.empty() ? kNever : before[local];
  }
};

// What 1 stands for in the columns of currents or conductances. Where all neurons forget alike the unit decays in place of the
// columns, which a step then need not write.
struct alignas(128) Units {
  double excitatory = 1, inhibitory = 1;
};

// Who fired in a shard at a step, when these are few: one cache line to look at, where the bits of a step are many.
struct alignas(64) FiredFew {
  static constexpr uint32_t kRoom = 15;
  static constexpr uint32_t kSteps = 64;     // of which each shard keeps them
  static constexpr uint32_t kLongest = 32;   // delay of those who look at them
  uint32_t count;  // above kRoom: look at the bits
  uint32_t neuron[kRoom];  // ascending
};

struct SourceSpike {
  Step step;
  uint32_t neuron;
};

class Population {
 public:
  // Takes what add_population() takes. NB_ERR_INVALID_ARGUMENT, NB_ERR_NO_MEMORY.
  static nb_status create(const NetworkOptions& options, uint32_t id, Model model, uint32_t size, const Values* parameters,
                          std::unique_ptr<Population>* out);
  static constexpr double kSmallestUnit = 1e-30;
  static uint32_t parameter_count(Model model);
  static bool valid_parameters(Model model, const Values* parameters);  // that are finite and as many as needed

  // Steps begin at `now`; keeps the bits of `slots` (a power of two) steps. Older bits are kept as far as they fit.
  nb_status keep_steps(uint32_t slots, Step now);
  // The bits of a shard, whose steps lie one behind another: what two threads write shares no cache line.
  uint64_t* fired(const Shard& shard, Step step) { return bits_.data() + fired_at(shard, step, slots_); }
  const uint64_t* fired(const Shard& shard, Step step) const { return bits_.data() + fired_at(shard, step, slots_); }
  // Calls visit(neuron), ascending; of one of the last FiredFew::kSteps steps.
  template <typename F>
  void each_fired(const Shard& shard, Step step, F visit) const;
  uint32_t words() const { return words_; }

  // The neurons whose spikes arrive at `now` after `delay`, ascending. Returns how many.
  uint32_t list_fired(Step now, uint32_t delay, uint32_t* out) const;
  // Makes what list_fired() looks at from the bits of the steps before `now`.
  void index_fired(Step now);

  // The parts of a step that concern the neurons of one shard; network.h has the order.
  void integrate(const Shard& shard, Step now);
  void jump(const Shard& shard, Step now);
  void log_spikes(const Shard& shard, Step now);
  bool log_has_room(uint32_t shard, Step now) const;  // for the spikes of step `now`
  void reset(const Shard& shard, Step now);
  bool is_source() const { return model == Model::kSpikeSource || model == Model::kPoisson; }  // nothing that arrives matters to it
  bool jumps() const { return jumps_; }
  bool fades() const { return fades_; }

  nb_status add_source_spikes(const uint32_t* neurons, const Step* steps, size_t count, Step now);

  double* state_of(Variable variable);
  double unit_of(Variable variable, uint32_t shard) const;  // of what state_of() points to
  nb_status get_state(Variable variable, double* out);
  nb_status set_state(Variable variable, Values values);
  void kill(uint32_t neuron);

  // Number of the trace with this time constant; made when there is none. Sets *trace.
  nb_status need_trace(double tau_ms, bool nearest, bool logged, uint32_t* trace);
  void forget_traces(size_t known);  // all but the first ones, for which nobody asked in the end
  nb_status need_logs();
  nb_status need_earlier_spikes();  // PostLog::before; after need_logs()
  nb_status need_last_spikes();     // and these
  void clear_log(uint32_t shard, Step base);

  uint64_t bytes() const;

  Model model;
  uint32_t id, size;
  uint64_t seed;
  double dt_ms;
  std::vector<Shard> shards;
  std::vector<Parameter> parameters;

  Column<double> potential, excitatory, inhibitory, raised, recovery, rate, hazard;
  std::vector<Units> units;  // by shard, whose thread writes it; all are equal while the team rests
  bool inhibited = false;    // something feeds `inhibitory`; until then it is zero and not looked at
  Column<double> held_until;  // steps; infinite: dead
  Column<uint32_t> spikes;    // since creation
  Column<uint8_t> dead;
  Column<SourceSpike> source;  // by step, then by neuron; the next one is source_next
  size_t source_next = 0;

  Column<double> last_spike;  // steps, kNever; empty: no rule asks
  std::vector<PostTrace> traces;
  std::vector<PostLog> logs;  // by shard; empty: no plastic projection ends here

 private:
  nb_status create_columns();
  nb_status derive();
  nb_status derive_lif();
  nb_status derive_izhikevich();
  nb_status derive_poisson();
  template <typename F>
  nb_status derive_one(Parameter* out, uint32_t mask, F value);
  void make_shards(uint32_t threads);
  void emit_source(Step now);
  void note_fired(const Shard& shard, Step now);
  size_t few_at(const Shard& shard, Step step) const {
    return static_cast<size_t>(&shard - shards.data()) * FiredFew::kSteps + (step & (FiredFew::kSteps - 1));
  }
  static size_t fired_at(const Shard& shard, Step step, uint32_t slots) {
    return size_t{slots} * (shard.first / 64) + (step & (slots - 1)) * size_t{shard.words()};
  }
  void fade(const Shard& shard);
  void settle(const Shard& shard);  // the units become 1
  bool is_lif() const { return model == Model::kLif || model == Model::kLifConductance; }

  uint32_t padded_ = 0, words_ = 0, slots_ = 0;
  Column<uint64_t> bits_;
  Column<FiredFew> few_;  // of each shard, of each step
  Parameter keep_, base_, gain_e_, gain_i_, decay_e_, decay_i_, decay_raised_, refractory_, rate_, jump_e_, jump_i_, per_step_;
  bool jumps_ = false;
  bool fades_ = false;  // the units decay
  bool shared_ = true;
};

// Who fired at a step, kept for the projections that ask for the same one after another. Belongs to one thread.
struct alignas(128) FiredList {
  Column<uint32_t> neurons;  // room for the largest population
  uint32_t count = 0;
  const Population* of = nullptr;
  uint32_t delay = 0;
  // Within one step: `of` is null when it begins.
  void look(const Population& population, Step now, uint32_t back) {
    if (of == &population && delay == back) return;
    of = &population;
    delay = back;
    count = population.list_fired(now, back, neurons.data());
  }
};

// Calls visit(its number) for each bit that is set.
template <typename F>
inline void each_bit(const uint64_t* words, uint32_t count, F visit) {
  for (uint32_t w = 0; w < count; w++) {
    for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
#if defined(_MSC_VER) && !defined(__clang__)
      unsigned long lowest;
      _BitScanForward64(&lowest, bits);
      visit(w * 64 + static_cast<uint32_t>(lowest));
#else
      visit(w * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
#endif
    }
  }
}

template <typename F>
void Population::each_fired(const Shard& shard, Step step, F visit) const {
  const FiredFew& found = few_[few_at(shard, step)];
  if (found.count > FiredFew::kRoom) {
    return each_bit(fired(shard, step), shard.words(), [&](uint32_t bit) { visit(shard.first + bit); });
  }
  for (uint32_t i = 0; i < found.count; i++) visit(found.neuron[i]);
}

}  // namespace neuronbus::population
